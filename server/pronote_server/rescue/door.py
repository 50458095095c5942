"""
The rescue door: a local socket that only the server's owner can open.

It has its own budget and its own spare descriptor, and asks nobody for a seat or an address:
it answers when every seat, socket and address of the other doors is exhausted. Frames and
values are those of the native protocol; a request is ``[0, id, command, params]``. A command
that begins long work is answered when it is over, and meanwhile by events
``[2, "progress", {step, done, total}]``; who goes away does not end it.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
import trio

from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Event, Request, Response, from_wire, to_wire
from pronote_protocol.errors import (
    InternalError,
    ProtocolError,
    Refused,
    RemoteProtocolError,
    UnknownMethod,
)
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import WireLimits
from pronote_server.hosting.long_work import Work, in_refusals, plain_report
from pronote_server.storage.errors import BaseFileRefused, StorageFailed

__all__ = ["Command", "RescueDoor"]

log = structlog.get_logger()

Command = Callable[[dict[str, Any]], Awaitable[Any]]

# An operator has a few terminals; a loop gone wild on the machine waits for its turn.
_AT_ONCE = 8
# For an operator's program to ask, and to take its answer.
_SECONDS = 120.0
_SECONDS_BEFORE_RETRY = 0.1


class RescueDoor:
    """
    Args:
        path: Of the local socket; what a dead server left there is replaced.
        commands: By name.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._room = trio.CapacityLimiter(_AT_ONCE)
        # Given up for a moment when the process has no descriptor left.
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)

    async def serve(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            before = os.umask(0o177)
            try:
                listener.bind(str(self._path))
            finally:
                os.umask(before)
            listener.listen(16)
            async with trio.open_nursery() as nursery:
                task_status.started()
                while True:
                    await trio.lowlevel.wait_readable(listener)
                    await self._room.acquire_on_behalf_of(token := object())
                    sock = self._accept(listener)
                    if sock is None:
                        self._room.release_on_behalf_of(token)
                        # Whoever waits keeps the listener readable: do not spin on it.
                        await trio.sleep(_SECONDS_BEFORE_RETRY)
                        continue
                    nursery.start_soon(self._serve_one, sock, token)
        finally:
            listener.close()
            self._path.unlink(missing_ok=True)
            if self._spare is not None:
                os.close(self._spare)

    def _accept(self, listener: socket.socket) -> socket.socket | None:
        """Return who comes, if need be in place of the spare descriptor; None if nobody."""
        for _ in range(2):
            try:
                return listener.accept()[0]
            except BlockingIOError:
                return None
            except OSError as exc:
                if exc.errno not in (errno.EMFILE, errno.ENFILE) or self._spare is None:
                    log.warning("rescue.cannot_accept", error=str(exc))
                    return None
            os.close(self._spare)
            self._spare = None
        return None

    def _keep_spare(self) -> None:
        if self._spare is None:
            with suppress(OSError):  # taken by somebody else already: at the next chance
                self._spare = os.open(os.devnull, os.O_RDONLY)

    async def _serve_one(self, sock: socket.socket, token: object) -> None:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        try:
            with trio.move_on_after(_SECONDS) as patience:
                await self._converse(stream, patience)
        except* (trio.BrokenResourceError, ProtocolError) as group:
            log.info("rescue.broken_off", error=str(group.exceptions[0]))
        except* Exception as group:
            log.error("rescue.crashed", exc_info=group)
        finally:
            sock.close()
            self._room.release_on_behalf_of(token)
            self._keep_spare()

    async def _converse(self, stream: trio.SocketStream, patience: trio.CancelScope) -> None:
        limits = WireLimits()
        frames = FrameDecoder(limits.from_client_bytes)
        while data := await stream.receive_some():
            frames.feed(data)
            while (payload := frames.next_payload()) is not None:
                request = from_wire(unpack(payload, limits))
                if not isinstance(request, Request):
                    raise RemoteProtocolError("only requests are expected here")
                # What was announced to clients is done, however long the delay.
                patience.deadline = float("inf")
                response = await self._answer(request, stream)
                patience.deadline = trio.current_time() + _SECONDS
                await stream.send_all(encode_frame(pack(to_wire(response))))

    async def _answer(self, request: Request, stream: trio.SocketStream) -> Response:
        command = self._commands.get(request.method)
        try:
            if command is None:
                raise UnknownMethod(method=request.method)
            answer = await command(request.params)
            if isinstance(answer, Work):
                answer = await _followed(answer, stream)
            return Response(request.id, None, answer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise
        except Refused as refusal:
            return Response(request.id, refusal, None)
        except (BaseFileRefused, StorageFailed) as error:
            log.warning("rescue.command_failed", command=request.method, error=str(error))
            return Response(request.id, in_refusals(error), None)
        except Exception:
            log.exception("rescue.command_crashed", command=request.method)
            return Response(request.id, InternalError(), None)


async def _followed(work: Work, stream: trio.SocketStream) -> dict[str, Any]:
    """Tell how far *work* is until it is over; return what came of it, or raise that."""
    while not work.over:
        known = work.changes
        if work.step:
            told = Event(
                "progress", {"step": work.step, "done": work.done, "total": work.total}
            )
            with trio.fail_after(_SECONDS):
                await stream.send_all(encode_frame(pack(to_wire(told))))
        await work.wait_change(known)
    return plain_report(await work.outcome())
