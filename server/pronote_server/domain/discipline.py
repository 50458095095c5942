"""
Punishments and sanctions: what each kind needs, when it takes place, how far it has come.

The product's help page lists what is entered for each kind of punishment (see `NEEDS`). Ours:

1.  Extra homework cannot be without a day to be handed in and a work; it is programmed by that
    day. An exclusion from a lesson cannot be without a duration; it happens at once, so it is
    carried out when it is given. Its companion, a pupil, may be unknown when the entry is made.
2.  A detention cannot be without a duration. It is programmed apart, often by somebody else:
    day and hour, room and supervisor, all of them, on a day of school not before the one it
    was given on, and over before midnight. Programming again replaces; nothing that was
    carried out can be programmed.
3.  What a kind has no use for is refused, not kept aside.
4.  One pupil is in one detention at a time; one supervisor is in one room at a time, with as
    many pupils as the room holds.
5.  A punishment is overdue the day after the one it was due or programmed on, until somebody
    says that it was carried out, on which day, or programmes it again.
6.  Punishments are the school's own; sanctions are those of the Code de l'éducation
    (R. 511-13): an exclusion, from the class or the school, and a measure of responsibility
    have their days; an exclusion has at most eight of them, counted on the calendar, both
    included; a permanent one has no end; a warning and a reprimand have no days at all.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from pronote_protocol import errors
from pronote_protocol.words import PunishmentKind, PunishmentState, SanctionKind

from .school_calendar import SchoolCalendar

__all__ = [
    "LONGEST_EXCLUSION_DAYS",
    "LONGEST_PUNISHMENT_MINUTES",
    "NEEDS",
    "Needs",
    "Programme",
    "Punishment",
    "PunishmentKind",
    "PunishmentState",
    "Sanction",
    "SanctionKind",
    "TakenTime",
    "carried_out",
    "check_punishment",
    "check_sanction",
    "check_time_is_free",
    "programmed",
    "reopened",
    "state_of",
]

LONGEST_PUNISHMENT_MINUTES: Final = 8 * 60
LONGEST_EXCLUSION_DAYS: Final = 8

_NAMES_FR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "due_on": "la date de rendu",
        "work": "le travail à faire",
        "duration_minutes": "la durée",
        "companion": "l'accompagnateur",
        "programme": "la programmation",
        "done_on": "la date de réalisation",
        "starts_on": "le premier jour",
        "ends_on": "le dernier jour",
    }
)


@attrs.frozen
class Needs:
    """Fields that one kind of punishment or sanction must have, and may have."""

    required: frozenset[str]
    allowed: frozenset[str]


def _needs(required: Iterable[str], also: Iterable[str] = ()) -> Needs:
    return Needs(frozenset(required), frozenset(required) | frozenset(also))


NEEDS: Final[Mapping[PunishmentKind, Needs]] = MappingProxyType(
    {
        PunishmentKind.EXTRA_HOMEWORK: _needs(["due_on", "work"], ["done_on"]),
        PunishmentKind.EXCLUSION_FROM_LESSON: _needs(
            ["duration_minutes"], ["companion", "work"]
        ),
        PunishmentKind.DETENTION: _needs(
            ["duration_minutes"], ["programme", "work", "done_on"]
        ),
    }
)

_SANCTION_NEEDS: Final[Mapping[SanctionKind, Needs]] = MappingProxyType(
    {
        SanctionKind.WARNING: _needs([]),
        SanctionKind.REPRIMAND: _needs([]),
        SanctionKind.RESPONSIBILITY_MEASURE: _needs(["starts_on", "ends_on"]),
        SanctionKind.EXCLUSION_FROM_CLASS: _needs(["starts_on", "ends_on"]),
        SanctionKind.EXCLUSION: _needs(["starts_on", "ends_on"]),
        SanctionKind.PERMANENT_EXCLUSION: _needs(["starts_on"]),
    }
)


@attrs.frozen
class Programme:
    """
    When and where a detention takes place.

    Attributes:
        scheduled_at: Local time of the school, to the minute.
        supervisor: A teacher or a member of the staff, by code.
    """

    scheduled_at: datetime.datetime
    room: str
    supervisor: str


@attrs.frozen(kw_only=True)
class Punishment:
    """
    What a pupil was given; :func:`check_punishment` tells whether it can be.

    Attributes:
        companion: The pupil who goes along, by code.
        done_on: The day it was carried out.
    """

    kind: PunishmentKind
    given_on: datetime.date
    due_on: datetime.date | None = None
    duration_minutes: int | None = None
    companion: str | None = None
    work: str = ""
    programme: Programme | None = None
    done_on: datetime.date | None = None


@attrs.frozen(kw_only=True)
class Sanction:
    """What was decided about a pupil; both days are included."""

    kind: SanctionKind
    decided_on: datetime.date
    starts_on: datetime.date | None = None
    ends_on: datetime.date | None = None


@attrs.frozen
class TakenTime:
    """A detention that is programmed already, of whomever."""

    pupil: str
    programme: Programme
    duration_minutes: int


def check_punishment(punishment: Punishment, calendar: SchoolCalendar) -> None:
    """
    Refuse a punishment that cannot be.

    Raises:
        BadRequest: A field is missing, of no use for the kind, or out of bounds.
        Conflict: A detention is carried out without having been programmed.
    """
    _check_fields(punishment, NEEDS[punishment.kind])
    minutes = punishment.duration_minutes
    if minutes is not None and not 1 <= minutes <= LONGEST_PUNISHMENT_MINUTES:
        raise errors.BadRequest(
            "Une punition dure de 1 à {longest} minutes.",
            "A punishment lasts from 1 to {longest} minutes.",
            longest=LONGEST_PUNISHMENT_MINUTES,
            duration_minutes=minutes,
        )
    _check_in_year(punishment.given_on, calendar)
    if punishment.due_on is not None:
        _check_in_year(punishment.due_on, calendar)
        _check_not_before(punishment.due_on, punishment.given_on)
    if punishment.programme is not None:
        _check_programme(punishment, punishment.programme, calendar)
    if punishment.done_on is not None:
        _check_done(punishment, punishment.done_on)


def state_of(punishment: Punishment, today: datetime.date) -> PunishmentState:
    """Return how far a punishment has come (rules 1 and 5)."""
    if punishment.kind is PunishmentKind.EXCLUSION_FROM_LESSON or punishment.done_on:
        return PunishmentState.CARRIED_OUT
    day = _day_of(punishment)
    if day is None:
        return PunishmentState.TO_PROGRAMME
    return PunishmentState.OVERDUE if day < today else PunishmentState.PROGRAMMED


def programmed(
    punishment: Punishment, programme: Programme, calendar: SchoolCalendar
) -> Punishment:
    """
    Return the detention with its programme, in place of any other.

    Raises:
        BadRequest: It is no detention, or it cannot take place then.
        Conflict: It was carried out.
    """
    if punishment.done_on is not None:
        raise errors.Conflict(
            "Cette punition a déjà été effectuée.", "This punishment was carried out already."
        )
    changed = attrs.evolve(punishment, programme=programme)
    check_punishment(changed, calendar)
    return changed


def carried_out(punishment: Punishment, on: datetime.date) -> Punishment:
    """
    Return the punishment as carried out.

    Raises:
        BadRequest: On a day before the one it was given on, or programmed on.
        Conflict: It was carried out already, or there is nothing yet to carry out.
    """
    if state_of(punishment, on) is PunishmentState.CARRIED_OUT:
        raise errors.Conflict(
            "Cette punition a déjà été effectuée.", "This punishment was carried out already."
        )
    _check_done(punishment, on)
    return attrs.evolve(punishment, done_on=on)


def reopened(punishment: Punishment) -> Punishment:
    """
    Return the punishment as not carried out, for who said so too early.

    Raises:
        Conflict: Nobody said so.
    """
    if punishment.done_on is None:
        raise errors.Conflict(
            "Cette punition n'a pas été effectuée.", "This punishment was not carried out."
        )
    return attrs.evolve(punishment, done_on=None)


def check_time_is_free(wanted: TakenTime, taken: Iterable[TakenTime]) -> None:
    """
    Refuse a programme that needs somebody twice at one time (rule 4).

    Args:
        taken: Other detentions, without the one that is being programmed.

    Raises:
        Conflict: The pupil or the supervisor is elsewhere.
    """
    for other in taken:
        if not _overlap(wanted, other):
            continue
        if other.pupil == wanted.pupil:
            raise errors.Conflict(
                "L'élève a déjà une retenue à cette heure.",
                "The pupil has a detention at that time already.",
            )
        if (
            other.programme.supervisor == wanted.programme.supervisor
            and other.programme.room != wanted.programme.room
        ):
            raise errors.Conflict(
                "Le surveillant est déjà en salle {room} à cette heure.",
                "The supervisor is in room {room} at that time already.",
                room=other.programme.room,
            )


def check_sanction(sanction: Sanction, calendar: SchoolCalendar) -> None:
    """
    Refuse a sanction that cannot be (rule 6).

    Raises:
        BadRequest: A day is missing, of no use for the kind, or out of bounds.
    """
    _check_fields(sanction, _SANCTION_NEEDS[sanction.kind])
    _check_in_year(sanction.decided_on, calendar)
    starts_on, ends_on = sanction.starts_on, sanction.ends_on
    if starts_on is None:
        return
    _check_in_year(starts_on, calendar)
    _check_not_before(starts_on, sanction.decided_on)
    if ends_on is None:
        return
    _check_in_year(ends_on, calendar)
    _check_not_before(ends_on, starts_on)
    days = (ends_on - starts_on).days + 1
    limited = sanction.kind is not SanctionKind.RESPONSIBILITY_MEASURE
    if limited and days > LONGEST_EXCLUSION_DAYS:
        raise errors.BadRequest(
            "Une exclusion temporaire ne dépasse pas {longest} jours.",
            "A temporary exclusion has at most {longest} days.",
            longest=LONGEST_EXCLUSION_DAYS,
            days=days,
        )


def _check_fields(thing: Punishment | Sanction, needs: Needs) -> None:
    values: dict[str, Any] = attrs.asdict(thing, recurse=False)
    for field, name_fr in _NAMES_FR.items():
        value = values.get(field)
        given = bool(value.strip()) if isinstance(value, str) else value is not None
        if not given and field in needs.required:
            raise errors.BadRequest(
                f"Il manque {name_fr}.", f"{field} is missing.", field=field
            )
        if given and field not in needs.allowed:
            raise errors.BadRequest(
                f"Sans objet ici : {name_fr}.", f"{field} has no use here.", field=field
            )


def _check_programme(
    punishment: Punishment, programme: Programme, calendar: SchoolCalendar
) -> None:
    at = programme.scheduled_at
    if at.tzinfo is not None or at.second or at.microsecond:
        raise errors.BadRequest(
            "Une retenue se programme à la minute, à l'heure de l'établissement.",
            "A detention is programmed to the minute, in the time of the school.",
        )
    if not programme.room.strip() or not programme.supervisor.strip():
        raise errors.BadRequest(
            "Une retenue a une salle et un surveillant.",
            "A detention has a room and a supervisor.",
        )
    _check_not_before(at.date(), punishment.given_on)
    if not calendar.is_working(at.date()):
        raise errors.BadRequest(
            "Il n'y a pas classe le {day}.",
            "There is no school on {day}.",
            day=f"{at:%d/%m/%Y}",
        )
    minutes = at.hour * 60 + at.minute + (punishment.duration_minutes or 0)
    if minutes > 24 * 60:
        raise errors.BadRequest(
            "La retenue finirait après minuit.", "The detention would end after midnight."
        )


def _check_done(punishment: Punishment, on: datetime.date) -> None:
    _check_not_before(on, punishment.given_on)
    if punishment.kind is PunishmentKind.DETENTION:
        if punishment.programme is None:
            raise errors.Conflict(
                "Cette retenue n'est pas encore programmée.",
                "This detention is not programmed yet.",
            )
        _check_not_before(on, punishment.programme.scheduled_at.date())


def _check_in_year(day: datetime.date, calendar: SchoolCalendar) -> None:
    if not calendar.starts_on <= day <= calendar.ends_on:
        raise errors.BadRequest(
            "Le {day} n'est pas de l'année scolaire.",
            "{day} is not of the school year.",
            day=day.strftime("%d/%m/%Y"),
        )


def _check_not_before(day: datetime.date, earliest: datetime.date) -> None:
    if day < earliest:
        raise errors.BadRequest(
            "Le {day} est avant le {earliest}.",
            "{day} is before {earliest}.",
            day=day.strftime("%d/%m/%Y"),
            earliest=earliest.strftime("%d/%m/%Y"),
        )


def _day_of(punishment: Punishment) -> datetime.date | None:
    if punishment.programme is not None:
        return punishment.programme.scheduled_at.date()
    return punishment.due_on


def _overlap(one: TakenTime, other: TakenTime) -> bool:
    def end(taken: TakenTime) -> datetime.datetime:
        minutes = datetime.timedelta(minutes=taken.duration_minutes)
        return taken.programme.scheduled_at + minutes

    return one.programme.scheduled_at < end(other) and other.programme.scheduled_at < end(one)
