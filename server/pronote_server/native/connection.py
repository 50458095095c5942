"""
One client on one socket: its task, what is called when it says something, and the link
others use to reach it.

What the client says is heard, and mostly answered, by `Connection._hear`, which the door's
`Readiness` calls: no task is woken for it. The task begins and ends the conversation, and is
woken for what takes time: a call that writes or reads much, a client that does not take its
answers. While it works nothing is heard. Writing goes through the outbox, synchronously,
whoever writes. To hang up is therefore: hear nothing more from now on, put a deadline on what
is still to be written, say goodbye. Sending is never cancelled, so that half a frame never
ends a conversation.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
import trio

from pronote_protocol.conversation import encode_event
from pronote_protocol.messages import Ping
from pronote_protocol.stages import Stage
from pronote_protocol.words import Farewell
from pronote_server.config import Limits
from pronote_server.hosting import connections, farewells
from pronote_server.hosting.farewells import goodbye
from pronote_server.native.doorstep import Doorstep, Reception
from pronote_server.native.outbox import Outbox
from pronote_server.native.peer import Peer
from pronote_server.native.readiness import Readiness
from pronote_server.native.transport import Broken, Transport

__all__ = ["Connection"]

_SLOWEST_BYTES_PER_SECOND = 16 * 1024


class Connection:
    """
    Args:
        transport: `run` closes it.
        address: Of the client, or what a trusted balancer says of it.
        readiness: Says when there is something to read.
        start_flushing: See `Outbox`.
    """

    __slots__ = (
        "_at_work",
        "_failure",
        "_goodbye",
        "_inside",
        "_limits",
        "_listening",
        "_log",
        "_outbox",
        "_parked",
        "_pinged_at",
        "_readiness",
        "_reading",
        "_reception",
        "_transport",
        "address",
        "on_entered",
        "peer",
    )

    def __init__(
        self,
        reception: Reception,
        transport: Transport,
        address: str,
        readiness: Readiness,
        start_flushing: Callable[[Callable[[], object]], None],
    ) -> None:
        self.address = address
        self.peer: Peer | None = None
        self.on_entered: Callable[[], None] | None = None
        self._reception = reception
        self._limits: Limits = reception.limits
        self._transport = transport
        self._outbox = Outbox(
            transport,
            self._limits.outbox_bytes,
            self._limits.stall_seconds,
            start_flushing,
        )
        self._readiness = readiness
        self._listening = False
        # Whether the task has something to do, or is doing it: meanwhile nothing is heard.
        self._at_work = False
        self._parked: trio.lowlevel.Task | None = None
        self._failure: Exception | None = None
        self._reading = trio.CancelScope()
        self._goodbye: bytes | None = None
        self._inside = False  # once there is a session
        self._pinged_at = 0.0
        self._log = structlog.get_logger(peer=address)  # bound when it is used: rarely

    # ----------------------------------------------------------------- the link

    def tell(self, frame: bytes) -> None:
        """Send an encoded event; a client too slow to take it is hung up."""
        if self._goodbye is None and not self._outbox.push(frame):
            self._drop(Farewell.TOO_SLOW)

    def hold(self, frame: bytes) -> None:
        """Send an encoded event together with the answer that is about to be said."""
        self._outbox.held += frame

    def hang_up(self, goodbye: bytes, code: str) -> None:
        """Send *goodbye* after what is queued, then close. Idempotent; the first one wins."""
        if self._goodbye is None:
            self._goodbye = goodbye
            self._log.debug("peer.hung_up", code=code)
        self._stop_listening()
        self._reading.cancel(reason=f"hung up: {code}")

    # ------------------------------------------------------------------ the task

    async def run(self) -> None:
        """Serve this client until either side leaves; closes the transport."""
        # TLS and the hello have their deadlines before there is anything to sweep.
        self._reading.deadline = trio.current_time() + self._limits.tls_seconds
        try:
            with self._reading:
                try:
                    await self._transport.start()
                    await self._converse()
                except Broken as exc:
                    self._log.debug("peer.broken", error=str(exc))
            await self._leave()
        finally:
            # Whatever happened, a bug of ours included, the seat is decided here.
            self._settle(Farewell.LOST)
            if self.peer is not None:
                self.peer.close()
            self._transport.close()

    async def _converse(self) -> None:
        doorstep = Doorstep(
            self._reception,
            self,
            self.address,
            self._transport.certificate_hash,
            self._transport.server_name,
        )
        peer = self.peer = Peer(doorstep, self._log)
        try:
            # TLS may have read the hello along with the end of the handshake.
            self._listen()
            self._hear(trio.current_time())
            while not peer.over:
                await self._work_for_the_task()
                while peer.waiting and not peer.over:
                    await self._outbox.drained()
                    if not self._outbox.push(await peer.go_on()):
                        self._drop(Farewell.TOO_SLOW)
                self._note_progress()
                # A client that does not read its answers is not read either.
                if self._outbox.waiting_bytes:
                    await self._outbox.drained()
                self._at_work = False
                if not self._listening and self._goodbye is None:
                    self._listen()
        finally:
            self._stop_listening()

    def _hear(self, now: float) -> None:
        """
        Take what the client said and answer it, if that can be done at once.

        Args:
            now: Transport time, of the turn.

        Never raises, nor waits: a failure is the task's, and so is what takes time.
        """
        peer = self.peer
        if self._at_work or peer is None:
            self._stop_listening()  # what comes meanwhile waits in the socket
            return
        try:
            outbox, transport = self._outbox, self._transport
            while (data := transport.receive_now()) is not None:
                answers = peer.feed(data, now)
                if answers and not outbox.push(answers):
                    self._drop(Farewell.TOO_SLOW)
                if not peer.resting or outbox.waiting_bytes:
                    self._wake()
                    return
                if self._goodbye is not None or not transport.holds_more:
                    break
            if not self._inside:
                self._note_progress()
        except Exception as exc:  # of ours: not for those who are called after us
            self._failure = exc
            self._wake()

    def _note_progress(self) -> None:
        """Give the client the time its stage allows; say so, once, when it has entered."""
        assert self.peer is not None
        doorstep = self.peer.doorstep
        if self._reading.deadline != doorstep.deadline:
            self._reading.deadline = doorstep.deadline
        if doorstep.session is not None and not self._inside:
            self._inside = True
            if self.on_entered is not None:
                self.on_entered()

    def _listen(self) -> None:
        self._listening = True
        self._readiness.watch(self._transport.descriptor, self._hear)

    def _stop_listening(self) -> None:
        if self._listening:
            self._listening = False
            self._readiness.forget(self._transport.descriptor)

    def _wake(self) -> None:
        self._at_work = True
        task, self._parked = self._parked, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    async def _work_for_the_task(self) -> None:
        """Wait until `_hear` has something for the task. Raises what `_hear` met."""
        if self._at_work:
            await trio.lowlevel.checkpoint()
        else:
            self._parked = trio.lowlevel.current_task()

            def leave(_: object) -> trio.lowlevel.Abort:
                self._parked = None
                return trio.lowlevel.Abort.SUCCEEDED

            await trio.lowlevel.wait_task_rescheduled(leave)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    async def _leave(self) -> None:
        """Settle the session and say goodbye, within the farewell's time."""
        peer = self.peer
        if peer is None:
            return  # no TLS, no words
        late = self._reading.cancelled_caught and self._goodbye is None
        reason = Farewell.TOO_SLOW if late else Farewell.LOST
        if peer.farewell is not None:
            reason = peer.farewell.code
        elif peer.gone is not None:
            reason = peer.gone
        self._settle(reason)
        last_words = self._goodbye
        if last_words is None and peer.farewell is not None:
            last_words = encode_event(peer.farewell)
        if last_words is None and reason is not Farewell.LOST:
            last_words = farewells.last_words(reason)
        if last_words is None or self._outbox.broken:
            return
        self._outbox.push(last_words)
        # Whoever said goodbye says nothing more: there is nothing to wait for.
        if (
            peer.gone is Farewell.LOGOUT
            and not self._outbox.waiting_bytes
            and self._transport.quiet
        ):
            return
        with trio.move_on_after(self._limits.farewell_seconds, shield=True):
            await self._outbox.drained()
            await self._transport.finish()

    def _settle(self, reason: Farewell) -> None:
        """Tell the school that this link is over; the seat is decided here."""
        doorstep = self.peer.doorstep if self.peer is not None else None
        if doorstep is not None and doorstep.school is not None and doorstep.session:
            connections.link_gone(doorstep.school, doorstep.session, self, reason=reason)

    def _drop(self, reason: Farewell) -> None:
        """Give up on this client; its session ends now, and not when the task notices."""
        self._settle(reason)
        self.hang_up(farewells.last_words(reason), reason.value)

    # ---------------------------------------------------------------- the sweeper

    def sweep(self, now: float) -> None:
        """
        Do what time asks for: ping the silent, drop the dead, the stalled and the stuck.

        Synchronous; called by the door's one sweeper for every connection.
        """
        peer = self.peer
        if peer is None or self._goodbye is not None:
            return
        if self._outbox.held:
            self.tell(b"")  # the answer it was held for did not come
        if self._outbox.stalled(now) or (
            peer.frame_since is not None
            and now - peer.frame_since
            > (
                self._limits.frame_seconds
                + self._reception.wire_limits.from_client_bytes / _SLOWEST_BYTES_PER_SECOND
            )
        ):
            self._drop(Farewell.TOO_SLOW)
        elif peer.wire.stage is Stage.ACTIVE:
            silent = now - peer.heard_at
            if silent >= self._limits.silence_seconds:
                self._bury()
            elif (
                silent >= self._limits.heartbeat_seconds
                and now - self._pinged_at >= self._limits.heartbeat_seconds
            ):
                self._pinged_at = now
                self.tell(encode_event(Ping()))

    def _bury(self) -> None:
        """End the session of a client that is silent: its seat has been kept long enough."""
        doorstep = self.peer.doorstep if self.peer is not None else None
        lost = goodbye(Farewell.LOST)
        if doorstep is not None and doorstep.school is not None and doorstep.session:
            connections.bury(doorstep.school, doorstep.session, self)
        self.hang_up(encode_event(lost), lost.code.value)
