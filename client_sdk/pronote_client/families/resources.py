"""The resources of the base and their timetables (fiche 9)."""

from __future__ import annotations

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import resources as calls
from pronote_protocol.catalogue.resources import ResourceRow, TimetableShown
from pronote_protocol.words import ResourceKind

__all__ = ["Resources", "Timetable"]


class Resources(Family):
    """Teachers, subjects, classes, groups, pupils, rooms, staff."""

    async def list(
        self,
        kind: ResourceKind,
        *,
        search: str | None = None,
        offset: int = 0,
        limit: int = 30,
    ) -> Page[ResourceRow]:
        """Return part of a list; *search* ignores case and accents."""
        return await self._call(
            calls.LIST_RESOURCES,
            calls.ListResources(kind=kind, search=search, offset=offset, limit=limit),
        )

    async def list_all(
        self, kind: ResourceKind, *, search: str | None = None
    ) -> tuple[ResourceRow, ...]:
        """Return a whole list."""
        return await every_row(
            lambda offset: self.list(kind, search=search, offset=offset, limit=500)
        )


class Timetable(Family):
    """Weeks; *week* counts from the first of the school year, None = a typical one."""

    async def mine(self, *, week: int | None = None) -> TimetableShown:
        """Return one's own week, in mode Enseignant."""
        return await self._call(calls.READ_OWN_TIMETABLE, calls.ReadOwnTimetable(week=week))

    async def read(
        self, kind: ResourceKind, resource: int | str, *, week: int | None = None
    ) -> TimetableShown:
        """Return the week of *resource*, an id or a code."""
        by_id = isinstance(resource, int)
        return await self._call(
            calls.READ_TIMETABLE,
            calls.ReadTimetable(
                kind=kind,
                id=resource if isinstance(resource, int) else None,
                code=None if by_id else str(resource),
                week=week,
            ),
        )
