"""
Calls on what a school is made of: classes, groups and their members, subjects, rooms.

A change says everything the thing shall be from now on; its code stays. Nothing is deleted
that something else relies on, as in `people`.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.resource_calls import (
    REQUIRED,
    SETTINGS_MODES,
    ListThings,
    NewThing,
    resource_calls,
)
from pronote_protocol.catalogue.school_life import OFFICE, ThingRef
from pronote_protocol.records import row
from pronote_protocol.words import PeriodKind, Right

# As many as a large school has.
_CLASSES: Final[Any] = attrs.validators.max_len(200)
_MEMBERS: Final[Any] = attrs.validators.max_len(500)


# ------------------------------------------------------------------------------ classes


@row
@attrs.frozen
class ClassRow:
    """``period_kind``: how it divides its year; ``pupils``: how many are in it."""

    id: int
    code: str
    name: str
    level: str
    period_kind: PeriodKind
    pupils: int
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class SchoolClass:
    """
    What a class is.

    Attributes:
        level: What it is a class of: ``3e``, ``Terminale``.
        period_kind: Into what its year is divided; its general average of the year is made
            of these periods, and school life is sealed at their ends.
    """

    name: str = attrs.field(validator=[*REQUIRED])
    level: str = attrs.field(default="", validator=attrs.validators.max_len(60))
    period_kind: PeriodKind = PeriodKind.TRIMESTER


@attrs.frozen(kw_only=True)
class CreateClass(SchoolClass, NewThing):
    """A class, with nobody in it yet."""


@attrs.frozen(kw_only=True)
class ChangeClass(SchoolClass, ThingRef):
    """Everything it shall be from now on."""


CLASSES: Final = resource_calls(
    "classes",
    one="a class",
    several="classes",
    row=ClassRow,
    wish=ListThings,
    new=CreateClass,
    changed=ChangeClass,
    unless=", unless it has pupils, groups, lessons or services; its sealings go with it",
)


# ------------------------------------------------------------------------------- groups


@row
@attrs.frozen
class SchoolGroupRow:
    """``class_ids``: whose pupils may be in it, empty for all; ``members``: how many are."""

    id: int
    code: str
    name: str
    class_ids: tuple[int, ...]
    members: int
    revision: int


@attrs.frozen(kw_only=True)
class ListSchoolGroups(ListThings):
    """``class_id``: only those of this class."""

    class_id: int | None = None


@attrs.frozen(kw_only=True, slots=False)
class SchoolGroup:
    """
    What a group is.

    Attributes:
        class_ids: The classes it is of. Without any, every pupil may be in it.
    """

    name: str = attrs.field(validator=[*REQUIRED])
    class_ids: tuple[int, ...] = attrs.field(default=(), validator=_CLASSES)


@attrs.frozen(kw_only=True)
class CreateSchoolGroup(SchoolGroup, NewThing):
    """A group, with nobody in it yet."""


@attrs.frozen(kw_only=True)
class ChangeSchoolGroup(SchoolGroup, ThingRef):
    """Everything it shall be from now on; a class with members in it stays one of its."""


SCHOOL_GROUPS: Final = resource_calls(
    "school_groups",
    one="a group",
    several="the groups of pupils",
    row=SchoolGroupRow,
    wish=ListSchoolGroups,
    new=CreateSchoolGroup,
    changed=ChangeSchoolGroup,
    unless=", unless it has members, lessons or services",
)


@row
@attrs.frozen
class GroupMemberRow:
    pupil_id: int
    code: str
    pupil: str
    class_name: str


@attrs.frozen(kw_only=True)
class ListGroupMembers:
    """By name."""

    group_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class SetGroupMembers:
    """
    All who are in the group from now on, and nobody else.

    Attributes:
        if_revision: The revision the group was read at; nil does not ask.
    """

    group_id: int
    pupil_ids: tuple[int, ...] = attrs.field(validator=_MEMBERS)
    if_revision: int | None = None


LIST_GROUP_MEMBERS: Final = Call(
    name="group_members.list",
    params=ListGroupMembers,
    result=Page[GroupMemberRow],
    right=Right.READ_RESOURCES,
    modes=OFFICE,
    summary="List the pupils who are in a group.",
)
SET_GROUP_MEMBERS: Final = Call(
    name="group_members.set",
    params=SetGroupMembers,
    result=SchoolGroupRow,
    right=Right.MANAGE_RESOURCES,
    modes=SETTINGS_MODES,
    writes=True,
    keyed=True,
    summary="Say who is in a group, all of them at once.",
)


# --------------------------------------------------------------------- subjects and rooms


@row
@attrs.frozen
class SubjectRow:
    id: int
    code: str
    name: str
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class Subject:
    """What is taught."""

    name: str = attrs.field(validator=[*REQUIRED])


@attrs.frozen(kw_only=True)
class CreateSubject(Subject, NewThing):
    """A subject nobody teaches yet."""


@attrs.frozen(kw_only=True)
class ChangeSubject(Subject, ThingRef):
    """What it shall be called."""


SUBJECTS: Final = resource_calls(
    "subjects",
    one="a subject",
    several="subjects",
    row=SubjectRow,
    wish=ListThings,
    new=CreateSubject,
    changed=ChangeSubject,
    unless=", unless it has lessons or services",
)


@row
@attrs.frozen
class RoomRow:
    id: int
    code: str
    name: str
    capacity: int | None
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class Room:
    """``capacity``: how many pupils it holds; nil: as many as one likes."""

    name: str = attrs.field(validator=[*REQUIRED])
    capacity: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            [attrs.validators.ge(0), attrs.validators.le(10_000)]
        ),
    )


@attrs.frozen(kw_only=True)
class CreateRoom(Room, NewThing):
    """A room nobody is in yet."""


@attrs.frozen(kw_only=True)
class ChangeRoom(Room, ThingRef):
    """Everything it shall be from now on."""


ROOMS: Final = resource_calls(
    "rooms",
    one="a room",
    several="rooms",
    row=RoomRow,
    wish=ListThings,
    new=CreateRoom,
    changed=ChangeRoom,
    unless=", unless it has lessons or detentions to come",
)
