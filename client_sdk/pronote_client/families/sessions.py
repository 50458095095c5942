"""One's own session, the seats, who is connected, the base in service."""

from __future__ import annotations

from collections.abc import Iterable

from pronote_client.errors import InsecureConnection
from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.catalogue.sessions import (
    AccessGranted,
    BaseShown,
    ConnectionRow,
    ExclusiveShown,
    SeatsShown,
    SessionShown,
)
from pronote_protocol.messages import PasswordRulesShown
from pronote_protocol.words import Access

__all__ = ["Base", "Connections", "Exclusive", "Password", "Seats", "SessionCalls"]


class SessionCalls(Family):
    """This session."""

    async def show(self) -> SessionShown:
        """Return who the server thinks we are."""
        return await self._call(calls.WHO_AM_I)

    async def change_access(self, access: Access) -> AccessGranted:
        """
        Move between consultation and modification without leaving.

        Raises:
            SeatsExhausted: No seat in modification is free; the access stays as it was.
        """
        granted = await self._call(calls.CHANGE_ACCESS, calls.ChangeAccess(access=access))
        self._client.changed_access(granted)
        return granted


class Exclusive(Family):
    """The base in exclusive use: everybody else in consultation until it ends."""

    async def show(self) -> ExclusiveShown:
        """Return who holds it, if anybody."""
        return await self._call(calls.SHOW_EXCLUSIVE)

    async def begin(self) -> ExclusiveShown:
        """
        Take it. It ends with `end`, and with the session.

        Raises:
            ExclusiveUse: Somebody else holds it.
        """
        return await self._call(calls.BEGIN_EXCLUSIVE)

    async def end(self, *, save: bool = True) -> ExclusiveShown:
        """Give it back; without *save* the base is as it was at the beginning."""
        return await self._call(calls.END_EXCLUSIVE, calls.EndExclusiveUse(save=save))


class Password(Family):
    """One's own password."""

    async def change(self, current_password: str, new_password: str) -> None:
        """
        Change it.

        Raises:
            BadCredentials: *current_password* is wrong; that is a strike.
            PasswordRefused: *new_password* breaks a rule.
            InsecureConnection: They would travel in clear; nothing was sent.
        """
        door = self._client.door
        if not door.password_may_travel:
            raise InsecureConnection(door.settings.where)
        await self._call(
            calls.CHANGE_PASSWORD,
            calls.ChangePassword(current_password=current_password, new_password=new_password),
        )

    async def rules(self) -> PasswordRulesShown:
        """Return what a new password must satisfy."""
        return await self._call(calls.PASSWORD_RULES)


class Seats(Family):
    """The counters of licences (fiche 11)."""

    async def show(self) -> SeatsShown:
        """Return how many seats are in use."""
        return await self._call(calls.SHOW_SEATS)


class Connections(Family):
    """Who is connected (fiche 11)."""

    async def list(self, *, offset: int = 0, limit: int = 500) -> Page[ConnectionRow]:
        """Return part of the table."""
        return await self._call(
            calls.LIST_CONNECTIONS, calls.ListConnections(offset=offset, limit=limit)
        )

    async def list_all(self) -> tuple[ConnectionRow, ...]:
        """Return the whole table."""
        return await every_row(lambda offset: self.list(offset=offset))

    async def disconnect(
        self,
        sessions: Iterable[str] = (),
        *,
        everyone: bool = False,
        message: str | None = None,
        delay_seconds: float = 0.0,
    ) -> tuple[str, ...]:
        """Disconnect some or all the others; return the sessions that end."""
        answer = await self._call(
            calls.DISCONNECT,
            calls.Disconnect(
                sessions=tuple(sessions),
                everyone=everyone,
                message=message,
                delay_seconds=delay_seconds,
            ),
        )
        return answer.sessions


class Base(Family):
    """The base in service (fiche 9)."""

    async def show(self) -> BaseShown:
        """Return its state and its counters."""
        return await self._call(calls.SHOW_BASE)
