"""The conversation itself is broken, by us or by the peer; see `errors`, which has them all."""

from __future__ import annotations

__all__ = [
    "FrameTooLarge",
    "LocalProtocolError",
    "MessageTooLarge",
    "PronoteError",
    "ProtocolError",
    "RemoteProtocolError",
]


class PronoteError(Exception):
    """Base class; catch it to catch everything this project raises on purpose."""


class ProtocolError(PronoteError):
    """The byte stream or the order of messages is wrong; hang up."""


class LocalProtocolError(ProtocolError):
    """This side tried to send something the current stage does not allow."""


class MessageTooLarge(LocalProtocolError):
    """A message of this side is longer than the other would take; nothing was sent."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return f"message of {self.size} bytes, limit is {self.limit}"


class RemoteProtocolError(ProtocolError):
    """The peer sent something no correct peer would send."""


class FrameTooLarge(RemoteProtocolError):
    """A frame announced more bytes than we are willing to buffer."""

    def __init__(self, announced: int, limit: int) -> None:
        super().__init__(announced, limit)
        self.announced = announced
        self.limit = limit

    def __str__(self) -> str:
        return f"frame of {self.announced} bytes, limit is {self.limit}"
