"""The bases of a school: the console of fiches 4, 8 and 9."""

from __future__ import annotations

from collections.abc import Callable

import trio

from pronote_client.errors import InsecureConnection
from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import bases as calls
from pronote_protocol.catalogue import works as work_calls
from pronote_protocol.catalogue.bases import BaseHeaderShown, BaseRow, GridWish
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.errors import refusal_from_wire
from pronote_protocol.words import BaseState, WorkState

__all__ = ["Bases", "Works"]

# Between two questions about work that goes on: soon at first, for most of it is short.
_FIRST_SECONDS, _LAST_SECONDS = 0.02, 0.5


class Works(Family):
    """What takes longer than one waits for an answer."""

    async def show(self, work: int) -> WorkShown:
        """Return how far it has come."""
        return await self._call(work_calls.SHOW_WORK, work_calls.WorkRef(work=work))

    async def finish(
        self, work: int, told: Callable[[WorkShown], object] | None = None
    ) -> WorkShown:
        """
        Wait for its end; *told* hears how far it has come.

        Raises:
            Refused: What it failed with.
        """
        pause = _FIRST_SECONDS
        while True:
            shown = await self.show(work)
            if told is not None:
                told(shown)
            if shown.state is WorkState.FAILED:
                raise refusal_from_wire(shown.code or "refused", shown.fr or "", shown.en or "")
            if shown.state is WorkState.DONE:
                return shown
            await trio.sleep(pause)
            pause = min(2 * pause, _LAST_SECONDS)


class Bases(Family):
    """
    The base that is loaded, and the others.

    To look is for administrators; to change is for the console, `HostingClient`.
    """

    async def show(self) -> BaseHeaderShown:
        """Return the state of the base that is loaded, and its counters."""
        return await self._call(calls.SHOW_BASES)

    async def put_in_service(self, supervisor_password: str | None = None) -> BaseState:
        """
        Let clients in; the first time with the password the supervisor is to have.

        Raises:
            Conflict: No base is loaded, or it is in service already.
            PasswordRefused: The password breaks a rule.
            InsecureConnection: It would travel in clear; nothing was sent.
        """
        door = self._client.door
        if supervisor_password is not None and not door.password_may_travel:
            raise InsecureConnection(door.settings.where)
        wish = calls.PutInService(supervisor_password=supervisor_password)
        return (await self._call(calls.PUT_IN_SERVICE, wish)).state

    async def stop(
        self, *, message: str | None = None, delay_seconds: float = 0.0
    ) -> BaseState:
        """Warn everybody and stop after the delay, which is not waited for."""
        wish = calls.Stop(message=message, delay_seconds=delay_seconds)
        return (await self._call(calls.STOP, wish)).state

    async def create(
        self, name: str, *, school_year: int | None = None, grid: GridWish | None = None
    ) -> BaseState:
        """Create an empty base and load it; the server must be stopped."""
        wish = calls.CreateBase(
            name=name, school_year=school_year, grid=GridWish() if grid is None else grid
        )
        return (await self._call(calls.CREATE_BASE, wish)).state

    async def list(self, *, offset: int = 0, limit: int = 100) -> Page[BaseRow]:
        """Return part of the list: the base that is loaded first, then by name."""
        return await self._call(calls.LIST_BASES, calls.ListBases(offset=offset, limit=limit))

    async def list_all(self) -> tuple[BaseRow, ...]:
        """Return the whole list."""
        return await every_row(lambda offset: self.list(offset=offset))

    async def open(self, name: str) -> BaseState:
        """Load one of the others; the server must be stopped."""
        return (await self._call(calls.OPEN_BASE, calls.BaseRef(name=name))).state

    async def rename(self, name: str, new_name: str) -> None:
        """Give a base another name."""
        await self._call(calls.RENAME_BASE, calls.RenameBase(name=name, new_name=new_name))

    async def delete(self, name: str) -> None:
        """Delete one of the others, with its documents."""
        await self._call(calls.DELETE_BASE, calls.BaseRef(name=name))
