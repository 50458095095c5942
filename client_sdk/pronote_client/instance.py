"""
This program, as one start of it: what has to be closed and started again (fiche 11).

Once an address is unblocked, the guide wants the user to close the client and start it
again before the unblocking counts. The SDK keeps its half of that: a program that was
told ``address_suspended`` asks nothing more of that server, whatever its code does.
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from pronote_protocol.errors import AddressSuspended

__all__ = ["Instance"]


class Instance:
    """
    One start of one program; the server knows it by ``id``.

    A process has one, `of_process`, used unless another is given. A program that plays
    many workstations (a load test) makes one for each.
    """

    _of_process: ClassVar[Instance | None] = None

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)
        self._suspended: dict[str, AddressSuspended] = {}

    @classmethod
    def of_process(cls) -> Instance:
        """Return the one of this process, made at first use."""
        if cls._of_process is None:
            cls._of_process = cls()
        return cls._of_process

    @classmethod
    def fresh(cls) -> Instance:
        """Return a new one and make it the process's: "close and start again"."""
        cls._of_process = cls()
        return cls._of_process

    def latch(self, where: str, refusal: AddressSuspended) -> None:
        """Remember that the server at *where* suspended us; nothing undoes it."""
        self._suspended.setdefault(where, refusal)

    def check(self, where: str) -> None:
        """
        Raises:
            AddressSuspended: The server at *where* once said so to this instance; the
                original refusal's sentences, without asking it again.
        """
        if told := self._suspended.get(where):
            # No retry_after: waiting does not help, starting again does.
            raise AddressSuspended(
                told.fr,
                told.en,
                reference=told.reference,
                **{**told.details, "latched": True},
            )
