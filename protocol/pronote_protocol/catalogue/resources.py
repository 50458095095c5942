"""Calls that read the resources and the timetable of the base (fiche 9)."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.records import row
from pronote_protocol.words import Mode, ResourceKind, Right

_OFFICE: Final = frozenset({Mode.ADMINISTRATIVE, Mode.SCHOOL_LIFE})
_WEEK: Final = attrs.validators.optional([attrs.validators.ge(0), attrs.validators.le(61)])


@row
@attrs.frozen
class ResourceRow:
    """``detail`` says what tells it from another: the class of a pupil, the groups' class."""

    id: int
    code: str
    name: str
    detail: str


@attrs.frozen(kw_only=True)
class ListResources:
    """``search``: words in any order, case and accents ignored."""

    kind: ResourceKind
    search: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    offset: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    limit: int = attrs.field(
        default=30, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@row
@attrs.frozen
class LessonRow:
    """
    A lesson of a week.

    ``day`` 0 is Monday; ``start_minute`` counts from midnight; ``weeks`` has bit *n* set for
    the *n*-th week of the school year, 0 meaning every week.
    """

    day: int
    start_minute: int
    duration_minutes: int
    subject: str
    teachers: str
    audience: str
    rooms: str
    weeks: int


@attrs.frozen(kw_only=True)
class ReadTimetable:
    """Whose week: a resource by its id or its code; ``week`` nil = a typical week."""

    kind: ResourceKind
    id: int | None = None
    code: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    week: int | None = attrs.field(default=None, validator=_WEEK)


@attrs.frozen(kw_only=True)
class ReadOwnTimetable:
    week: int | None = attrs.field(default=None, validator=_WEEK)


@attrs.frozen(kw_only=True)
class TimetableShown:
    owner: str
    rows: tuple[LessonRow, ...]


LIST_RESOURCES: Final = Call(
    name="resources.list",
    params=ListResources,
    result=Page[ResourceRow],
    right=Right.READ_RESOURCES,
    modes=_OFFICE,
    summary="List and search teachers, subjects, classes, groups, pupils, rooms, staff.",
)
READ_TIMETABLE: Final = Call(
    name="timetable.read",
    params=ReadTimetable,
    result=TimetableShown,
    right=Right.READ_TIMETABLES,
    modes=_OFFICE,
    summary="Read the week of a teacher, a class, a group, a room or a pupil.",
)
READ_OWN_TIMETABLE: Final = Call(
    name="timetable.mine",
    params=ReadOwnTimetable,
    result=TimetableShown,
    right=Right.OWN,
    modes=frozenset({Mode.TEACHER}),
    summary="Read one's own week.",
)
