"""
Calls on punishments.

A teacher gives them to the pupils of his services, and sees, changes, marks as done and deletes
those he gave himself; once school life has programmed one, he cannot change or delete it any
more. School life and the administration do all of it, and program detentions.
"""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import (
    LONG_TEXT,
    OFFICE,
    EventsWish,
    Moment,
    ThingRef,
)
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import PunishmentKind, PunishmentState, Right

_MINUTES: Final = attrs.validators.optional([attrs.validators.ge(1), attrs.validators.le(1439)])


@row
@attrs.frozen
class PunishmentRow:
    """
    A punishment.

    Attributes:
        given_by: Name of who gave it.
        scheduled_at: Of a detention that was programmed, on the school's clock.
        supervisor: ``teacher:CODE`` or ``staff:CODE``; empty when not programmed.
        work: Its beginning in a list, at most 200 characters; all of it when it is read.
        done_on: The day it was carried out.
        published_on: From this day on pupils and guardians see it; nil: not decided.
        companion_id, companion: Of an exclusion from a lesson: the pupil who went along.
    """

    id: int
    pupil_id: int
    pupil: str
    class_name: str
    kind: PunishmentKind
    state: PunishmentState
    given_on: datetime.date
    given_by: str
    motive_id: int | None
    motive: str
    duration_minutes: int | None
    due_on: datetime.date | None
    scheduled_at: Moment | None
    room_id: int | None
    room: str
    supervisor: str
    work: str
    done_on: datetime.date | None
    published_on: datetime.date | None
    revision: int
    companion_id: int | None
    companion: str


@attrs.frozen(kw_only=True)
class ListPunishments(EventsWish):
    """By the day they were given. ``state``: as it is today."""

    kind: PunishmentKind | None = None
    state: PunishmentState | None = None


@attrs.frozen(kw_only=True)
class GivePunishment:
    """
    What a kind must have: extra homework ``due_on`` and ``work``; an exclusion from a lesson
    and a detention ``duration_minutes``. What it has no use for is refused.

    ``given_on`` nil is today.

    Attributes:
        companion_id: The pupil who goes along with one excluded from a lesson
            (*accompagnateur*); a teacher names one of his own.
    """

    pupil_id: int
    kind: PunishmentKind
    given_on: datetime.date | None = None
    motive_id: int | None = None
    duration_minutes: int | None = attrs.field(default=None, validator=_MINUTES)
    due_on: datetime.date | None = None
    work: str = attrs.field(default="", validator=LONG_TEXT)
    published_on: datetime.date | None = None
    companion_id: int | None = None


@attrs.frozen(kw_only=True)
class ChangePunishment(ThingRef):
    """Everything it shall be from now on; pupil, kind, programme and what was done stay."""

    given_on: datetime.date
    motive_id: int | None = None
    duration_minutes: int | None = attrs.field(default=None, validator=_MINUTES)
    due_on: datetime.date | None = None
    work: str = attrs.field(default="", validator=LONG_TEXT)
    published_on: datetime.date | None = None
    companion_id: int | None = None


@attrs.frozen(kw_only=True)
class ProgrammeDetention(ThingRef):
    """
    When, where, with whom; in place of what was programmed before.

    Attributes:
        supervisor: ``teacher:CODE`` or ``staff:CODE``.
    """

    scheduled_at: Moment
    room_id: int
    supervisor: str = attrs.field(
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(120)]
    )


@attrs.frozen(kw_only=True)
class MarkPunishment(ThingRef):
    """``done_on``: the day it was carried out; nil: it was not, after all."""

    done_on: datetime.date | None


LIST_PUNISHMENTS: Final = Call(
    name="punishments.list",
    params=ListPunishments,
    result=Page[PunishmentRow],
    right=Right.GIVE_PUNISHMENTS,
    summary="List punishments; for a teacher, those he gave.",
)
READ_PUNISHMENT: Final = Call(
    name="punishments.read",
    params=ThingRef,
    result=PunishmentRow,
    right=Right.GIVE_PUNISHMENTS,
    summary="Read a punishment.",
)
GIVE_PUNISHMENT: Final = Call(
    name="punishments.give",
    params=GivePunishment,
    result=PunishmentRow,
    right=Right.GIVE_PUNISHMENTS,
    writes=True,
    keyed=True,
    summary="Give a punishment.",
)
CHANGE_PUNISHMENT: Final = Call(
    name="punishments.change",
    params=ChangePunishment,
    result=PunishmentRow,
    right=Right.GIVE_PUNISHMENTS,
    writes=True,
    keyed=True,
    summary="Change a punishment.",
)
PROGRAMME_DETENTION: Final = Call(
    name="punishments.programme",
    params=ProgrammeDetention,
    result=PunishmentRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Say when, where and with whom a detention takes place.",
)
MARK_PUNISHMENT: Final = Call(
    name="punishments.mark_done",
    params=MarkPunishment,
    result=PunishmentRow,
    right=Right.GIVE_PUNISHMENTS,
    writes=True,
    keyed=True,
    summary="Say that a punishment was carried out, or was not after all.",
)
DELETE_PUNISHMENT: Final = Call(
    name="punishments.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.GIVE_PUNISHMENTS,
    writes=True,
    keyed=True,
    summary="Delete a punishment, with its documents.",
)
