"""
*Usage exclusif*: one session writes the base, all others read only, until it ends.

A timetable transfer enters it by itself. It outlives the command: whoever has it leaves it
himself, or by ending his session. Sessions put into forced consultation keep their seat, since
they write again afterwards.
"""

from __future__ import annotations

from pronote_protocol import errors

__all__ = ["ExclusiveUse"]


class ExclusiveUse:
    """Who has one base for himself alone, if anybody."""

    def __init__(self) -> None:
        self._holder: str | None = None
        self._holder_name: str | None = None

    @property
    def holder(self) -> str | None:
        """The id of the session that has it."""
        return self._holder

    @property
    def holder_name(self) -> str | None:
        return self._holder_name

    def begin(self, session_id: str, who: str) -> None:
        """
        Give the base to this session; *who* is what the others are told.

        Raises:
            ExclusiveUse: Another session has it.
            Conflict: This session has it already.
        """
        self.check_write(session_id)
        if self._holder is not None:
            raise errors.Conflict(
                "Vous êtes déjà en usage exclusif.", "You already are in exclusive use."
            )
        self._holder, self._holder_name = session_id, who

    def end(self, session_id: str) -> None:
        """
        Let the others write again.

        Raises:
            Conflict: This session does not have it.
        """
        if not self.leave(session_id):
            raise errors.Conflict(
                "Vous n'êtes pas en usage exclusif.", "You are not in exclusive use."
            )

    def leave(self, session_id: str) -> bool:
        """End it if this session has it, for the end of any session; tell whether it had."""
        if self._holder != session_id:
            return False
        self._holder = self._holder_name = None
        return True

    def check_write(self, session_id: str) -> None:
        """
        Refuse a write of anybody but the holder.

        Raises:
            ExclusiveUse: Another session has it.
        """
        if self._holder not in (None, session_id):
            raise errors.ExclusiveUse(holder=self._holder_name)
