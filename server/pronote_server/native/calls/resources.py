"""Answers on resources and timetables."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import resources as calls
from pronote_server.hosting import resources
from pronote_server.native.calls.visit import Visit, answers
from pronote_server.storage.base_file import LessonLine


async def list_resources(visit: Visit, wish: calls.ListResources) -> Page[calls.ResourceRow]:
    total, lines = await resources.list_resources(
        visit.school, wish.kind, wish.search, wish.offset, wish.limit
    )
    rows = tuple(
        calls.ResourceRow(line.id, line.code, line.name, line.detail) for line in lines
    )
    return Page(total=total, offset=wish.offset, rows=rows)


async def read_timetable(visit: Visit, wish: calls.ReadTimetable) -> calls.TimetableShown:
    owner, lines = await resources.timetable(
        visit.school, wish.kind, wish.id, wish.code, wish.week
    )
    return calls.TimetableShown(owner=owner, rows=_rows(lines))


async def read_own_timetable(
    visit: Visit, wish: calls.ReadOwnTimetable
) -> calls.TimetableShown:
    owner, lines = await resources.own_timetable(visit.school, visit.session, wish.week)
    return calls.TimetableShown(owner=owner, rows=_rows(lines))


def _rows(lines: list[LessonLine]) -> tuple[calls.LessonRow, ...]:
    return tuple(
        calls.LessonRow(
            line.day,
            line.start_minute,
            line.duration_minutes,
            line.subject,
            line.teachers,
            line.audience,
            line.rooms,
            line.weeks,
        )
        for line in lines
    )


ANSWERS: Final = (
    answers(calls.LIST_RESOURCES, list_resources),
    answers(calls.READ_TIMETABLE, read_timetable),
    answers(calls.READ_OWN_TIMETABLE, read_own_timetable),
)
