"""Answers on resources and timetables."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import resources as calls
from pronote_server.hosting import resources
from pronote_server.hosting.hot_answers import Plain
from pronote_server.native.calls.visit import Visit, reads
from pronote_server.storage.short_reads import Query


def list_resources(_: Visit, wish: calls.ListResources) -> Query[Plain]:
    return resources.list_resources(wish)


def is_short_list(_: Visit, wish: calls.ListResources) -> bool:
    return resources.is_short_list(wish)


def read_timetable(_: Visit, wish: calls.ReadTimetable) -> Query[Plain]:
    return resources.timetable(wish.kind, wish.id, wish.code, wish.week)


def read_own_timetable(visit: Visit, wish: calls.ReadOwnTimetable) -> Query[Plain]:
    return resources.own_timetable(visit.session, wish.week)


ANSWERS: Final = (
    reads(calls.LIST_RESOURCES, list_resources, is_short_list),
    reads(calls.READ_TIMETABLE, read_timetable),
    reads(calls.READ_OWN_TIMETABLE, read_own_timetable),
)
