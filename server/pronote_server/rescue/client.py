"""The operator's end of the rescue door; blocking, one request a connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Event, Request, Response, from_wire, to_wire
from pronote_protocol.errors import ProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import WireLimits

__all__ = ["NoServer", "Told", "ask"]

# Rows of ten thousand sessions.
_LONGEST_ANSWER = 16 * 1024 * 1024


class NoServer(Exception):
    """Nobody answers at the rescue door."""


Told = Callable[[str, int, int], None]


def ask(
    path: Path,
    command: str,
    params: dict[str, Any],
    *,
    seconds: float = 30.0,
    told: Told | None = None,
) -> Any:
    """
    Return the answer of the server whose rescue door is at *path*.

    Args:
        seconds: For the answer, or the next word of how far it is.
        told: Hears, of what takes long, what is being done, how much of it, and of how much.

    Raises:
        NoServer: No server is running there, or it does not answer in time.
        Refused: The command was refused.
    """
    limits = WireLimits(from_server_bytes=_LONGEST_ANSWER, containers=1_000_000)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(seconds)
            sock.connect(str(path))
            sock.sendall(encode_frame(pack(to_wire(Request(0, command, params)))))
            frames = FrameDecoder(_LONGEST_ANSWER)
            while True:
                while (payload := frames.next_payload()) is None:
                    frames.feed(sock.recv(65536))
                    if frames.finished:
                        raise NoServer(f"the server at {path} closed without an answer")
                response = from_wire(unpack(payload, limits))
                if not isinstance(response, Event):
                    break
                if told is not None:
                    told(*(response.params[name] for name in ("step", "done", "total")))
    except OSError as exc:
        raise NoServer(f"no server answers at {path}: {exc}") from None
    except ProtocolError as exc:
        raise NoServer(f"what answers at {path} is no server of ours: {exc}") from None
    assert isinstance(response, Response)
    if response.error is not None:
        raise response.error
    return response.result
