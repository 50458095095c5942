"""Teachers, pupils, classes, rooms and the other resources; groups' members; guardians."""

from __future__ import annotations

from typing import Generic, ParamSpec, TypeVar

from pronote_client.families.family import Asks, Family, every_row
from pronote_protocol.catalogue import Page, calendar, people, structure
from pronote_protocol.catalogue.people import GuardianLinkRow
from pronote_protocol.catalogue.resource_calls import ResourceCalls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.catalogue.structure import GroupMemberRow, SchoolGroupRow
from pronote_protocol.words import Kinship

__all__ = ["Calendar", "GroupMembers", "GuardianLinks", "Kind", "TimeGrid"]

R = TypeVar("R")
L = ParamSpec("L")
N = ParamSpec("N")
C = ParamSpec("C")


class Kind(Family, Generic[R, L, N, C]):
    """
    The resources of one kind.

    What its methods take are the fields of the parameters in `pronote_protocol.catalogue`:
    of pupils, those of `ListPupils`, `CreatePupil` and `ChangePupil`. A change says everything
    the thing shall be from now on; ``if_revision`` refuses it if somebody was faster.
    """

    def __init__(self, client: Asks, calls: ResourceCalls[R, L, N, C]) -> None:
        super().__init__(client)
        self._calls = calls

    async def list(self, *args: L.args, **kwargs: L.kwargs) -> Page[R]:
        """Return part of a list."""
        return await self._call(self._calls.list, self._calls.wish(*args, **kwargs))

    async def list_all(self, *args: L.args, **kwargs: L.kwargs) -> tuple[R, ...]:
        """Return a whole list; ``offset`` and ``limit`` do not count."""

        async def page_from(offset: int) -> Page[R]:
            paged = {**kwargs, "offset": offset, "limit": 500}
            return await self._call(self._calls.list, self._calls.list.params(*args, **paged))

        return await every_row(page_from)

    async def read(self, id: int) -> R:
        """
        Raises:
            NotFound: There is none.
        """
        return await self._call(self._calls.read, ThingRef(id=id))

    async def create(self, *args: N.args, **kwargs: N.kwargs) -> R:
        """
        Create one.

        Raises:
            Conflict: Its code is taken, or it cannot be beside what is there.
            NotFound: It refers to something that is not there.
        """
        return await self._call(self._calls.create, self._calls.new(*args, **kwargs))

    async def change(self, *args: C.args, **kwargs: C.kwargs) -> R:
        """
        Say everything it shall be from now on.

        Raises:
            NotFound, StaleRevision: There is none, or it was changed since.
            Conflict: It cannot be beside what is there.
        """
        return await self._call(self._calls.change, self._calls.changed(*args, **kwargs))

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """
        Delete one.

        Raises:
            Conflict: Something relies on it; ``details["relies"]`` counts what, by table.
        """
        await self._call(self._calls.delete, ThingRef(id=id, if_revision=if_revision))


class GroupMembers(Family):
    """Who is in which group."""

    async def list(
        self, group: int, *, offset: int = 0, limit: int = 100
    ) -> Page[GroupMemberRow]:
        """Return part of the members, by name."""
        return await self._call(
            structure.LIST_GROUP_MEMBERS,
            structure.ListGroupMembers(group_id=group, offset=offset, limit=limit),
        )

    async def set(
        self, group: int, pupils: tuple[int, ...], *, if_revision: int | None = None
    ) -> SchoolGroupRow:
        """
        Make *pupils* all who are in the group.

        Raises:
            Conflict: One is of none of the group's classes.
        """
        return await self._call(
            structure.SET_GROUP_MEMBERS,
            structure.SetGroupMembers(
                group_id=group, pupil_ids=tuple(pupils), if_revision=if_revision
            ),
        )


class GuardianLinks(Family):
    """Who is whose guardian (*responsable*), and what he is to the pupil."""

    async def list(
        self,
        *,
        pupil: int | None = None,
        guardian: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[GuardianLinkRow]:
        """Return part of the links: of a pupil, of a guardian, or all."""
        return await self._call(
            people.LIST_GUARDIAN_LINKS,
            people.ListGuardianLinks(
                pupil_id=pupil, guardian_id=guardian, offset=offset, limit=limit
            ),
        )

    async def put(
        self,
        pupil: int,
        guardian: int,
        *,
        kinship: Kinship = Kinship.OTHER,
        legal: bool = False,
        contact: bool = False,
        if_revision: int | None = None,
    ) -> GuardianLinkRow:
        """
        Make *guardian* the pupil's, or say what he is to the pupil from now on.

        Raises:
            Conflict: The pupil has enough guardians, or two legal ones.
        """
        return await self._call(
            people.PUT_GUARDIAN_LINK,
            people.PutGuardianLink(
                pupil_id=pupil,
                guardian_id=guardian,
                kinship=kinship,
                legal=legal,
                contact=contact,
                if_revision=if_revision,
            ),
        )

    async def delete(
        self, pupil: int, guardian: int, *, if_revision: int | None = None
    ) -> None:
        """Say that *guardian* is the pupil's no more."""
        await self._call(
            people.DELETE_GUARDIAN_LINK,
            people.GuardianLinkRef(
                pupil_id=pupil, guardian_id=guardian, if_revision=if_revision
            ),
        )


class Calendar(Family):
    """The school year."""

    async def read(self) -> calendar.CalendarShown:
        """Return from when to when it goes; `Client.holidays` has the days without school."""
        return await self._call(calendar.READ_CALENDAR)


class TimeGrid(Family):
    """The frame of the week (*grille horaire*)."""

    async def read(self) -> calendar.TimeGridShown:
        return await self._call(calendar.READ_TIME_GRID)
