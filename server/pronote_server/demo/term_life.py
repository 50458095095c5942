"""School life in the demo school's term: absences, roll calls, punishments and the rest."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from typing import Any, Final

from pronote_protocol.words import FollowUpKind, MotiveKind, PunishmentKind, SanctionKind
from pronote_server.demo.placement import GRID
from pronote_server.demo.term import FULL_TERM, Term
from pronote_server.domain.school_data import Pupil
from pronote_server.storage import base_schema as schema

__all__ = ["fill_school_life"]

_WEDNESDAY: Final = 2
_NOON: Final = GRID.slot_starts[3] + GRID.slot_minutes
_AFTERNOON: Final = GRID.slot_starts[4]
_EVENING: Final = GRID.slot_starts[7] + GRID.slot_minutes
_ROLLS_KEPT: Final = 15  # days
_ROLL_TAKEN: Final = 0.97

# Of a pupil on a day.
_ABSENT: Final = 0.018
_LATE: Final = 0.011
# Of a full term, of a school of this size.
_PUNISHMENTS: Final = 380
_SANCTIONS: Final = 26
_FOLLOW_UPS: Final = 170

# Kind, name, and which flags it has.
_MOTIVES: Final = (
    (MotiveKind.ABSENCE, "Maladie avec certificat médical", "admissible settled health"),
    (MotiveKind.ABSENCE, "Maladie sans certificat", "admissible health usable_by_guardians"),
    (MotiveKind.ABSENCE, "Rendez-vous médical", "admissible health usable_by_guardians"),
    (MotiveKind.ABSENCE, "Raison familiale", "admissible usable_by_guardians"),
    (MotiveKind.ABSENCE, "Problème de transport", "admissible usable_by_guardians"),
    (MotiveKind.ABSENCE, "Sortie scolaire", "admissible settled out_of_school"),
    (MotiveKind.ABSENCE, "Motif non valable", ""),
    (MotiveKind.LATENESS, "Retard de transport", "admissible usable_by_guardians"),
    (MotiveKind.LATENESS, "Panne de réveil", "usable_by_guardians"),
    (MotiveKind.LATENESS, "Retard entre deux cours", ""),
    (MotiveKind.PUNISHMENT, "Bavardages répétés", ""),
    (MotiveKind.PUNISHMENT, "Travail non fait", ""),
    (MotiveKind.PUNISHMENT, "Usage du téléphone portable", ""),
    (MotiveKind.PUNISHMENT, "Insolence", ""),
    (MotiveKind.SANCTION, "Violence verbale", ""),
    (MotiveKind.SANCTION, "Dégradation de matériel", ""),
    (MotiveKind.SANCTION, "Manquements répétés au règlement", ""),
    (MotiveKind.FOLLOW_UP, "Absentéisme", ""),
    (MotiveKind.FOLLOW_UP, "Difficultés scolaires", ""),
    (MotiveKind.FOLLOW_UP, "Orientation", ""),
)
_FLAGS: Final = (
    "admissible",
    "settled",
    "out_of_school",
    "health",
    "usable_by_guardians",
)
_WORKS: Final = (
    "Recopier et apprendre le règlement intérieur.",
    "Refaire le devoir non rendu.",
    "Exercices supplémentaires donnés par le professeur.",
)
_FOLLOW_UP_TEXTS: Final = (
    "La famille a été jointe ; elle prend contact avec le professeur principal.",
    "Entretien avec l'élève : engagements pris pour les deux semaines à venir.",
    "Point fait avec l'infirmière et la psychologue.",
    "Rendez-vous fixé avec les responsables.",
)


def fill_school_life(term: Term) -> None:
    """Write a term of school life, and the motives it needs."""
    motives = _fill_motives(term)
    _fill_absences(term, motives)
    _fill_latenesses(term, motives)
    _fill_roll_calls(term)
    _fill_punishments(term, motives)
    _fill_sanctions(term, motives)
    _fill_follow_ups(term, motives)


def _fill_motives(term: Term) -> dict[MotiveKind, list[int]]:
    rows = [
        {
            "id": number,
            "kind": kind.value,
            "name": name,
            **{flag: flag in flags.split() for flag in _FLAGS},
            "report_card": True,
            "published": True,
        }
        for number, (kind, name, flags) in enumerate(_MOTIVES, start=1)
    ]
    term.insert(schema.motive, rows)
    return {
        kind: [number for number, each in enumerate(_MOTIVES, start=1) if each[0] is kind]
        for kind in MotiveKind
    }


def _fill_absences(term: Term, motives: dict[MotiveKind, list[int]]) -> None:
    """No two of a pupil overlap; those of the last day that go on are open."""
    dice = term.dice("absences")
    back_on: dict[str, datetime.date] = {}
    rows: list[dict[str, Any]] = []
    for rank, day in enumerate(term.days):
        for pupil in _drawn(term, dice, _ABSENT * _rate(term)):
            if back_on.get(pupil.code, day) > day:
                continue
            start, end = _missing(term, rank, dice)
            if start > term.until:
                continue
            back_on[pupil.code] = end.date() + datetime.timedelta(days=1)
            is_open = end > term.until or (day == term.days[-1] and dice.random() < 0.4)
            age = (term.until.date() - day).days
            known = not is_open and dice.random() < min(0.95, 0.3 + age / 20)
            rows.append(
                {
                    "pupil_id": term.id_of(schema.pupil, pupil.code),
                    "starts_at": start,
                    "ends_at": None if is_open else end,
                    "motive_id": dice.choice(motives[MotiveKind.ABSENCE]) if known else None,
                    "justified": known and dice.random() < 0.85,
                    "settled": known and dice.random() < 0.9,
                    "revision": term.revision,
                }
            )
    term.insert(schema.absence, rows)


def _missing(
    term: Term, rank: int, dice: random.Random
) -> tuple[datetime.datetime, datetime.datetime]:
    """Draw a lesson, a half-day, a day, or some days."""
    day = term.days[rank]
    evening = _NOON if day.weekday() == _WEDNESDAY else _EVENING
    morning = GRID.slot_starts[0]
    match dice.choices(("lesson", "half", "day", "days"), (30, 35, 25, 10))[0]:
        case "lesson":
            start = dice.choice([each for each in GRID.slot_starts if each < evening])
            return term.moment(day, start), term.moment(day, start + GRID.slot_minutes)
        case "half" if evening == _EVENING and dice.random() < 0.5:
            return term.moment(day, _AFTERNOON), term.moment(day, evening)
        case "half":
            return term.moment(day, morning), term.moment(day, _NOON)
        case "days":
            # Whoever is ill still on the last day is not back yet.
            last = day + datetime.timedelta(days=dice.choice((1, 1, 2, 3)))
            return term.moment(day, morning), term.moment(last, evening)
    return term.moment(day, morning), term.moment(day, evening)


def _fill_latenesses(term: Term, motives: dict[MotiveKind, list[int]]) -> None:
    dice = term.dice("latenesses")
    rows: list[dict[str, Any]] = []
    for day in term.days:
        for pupil in _drawn(term, dice, _LATE * _rate(term)):
            slot = dice.choice((0, 0, 0, 0, 2) if day.weekday() == _WEDNESDAY else (0, 0, 0, 4))
            at = term.moment(day, GRID.slot_starts[slot])
            if at > term.until:
                continue
            known = dice.random() < 0.6
            rows.append(
                {
                    "pupil_id": term.id_of(schema.pupil, pupil.code),
                    "at": at,
                    "minutes": dice.choice((5, 5, 8, 10, 10, 15, 20, 25)),
                    "motive_id": dice.choice(motives[MotiveKind.LATENESS]) if known else None,
                    "justified": known and dice.random() < 0.5,
                    "revision": term.revision,
                }
            )
    term.insert(schema.lateness, rows)


def _fill_roll_calls(term: Term) -> None:
    dice = term.dice("roll calls")
    rows: list[dict[str, Any]] = []
    for day in term.days[-_ROLLS_KEPT:]:
        for lesson in term.lessons_on(day):
            if not lesson.teacher_codes or dice.random() >= _ROLL_TAKEN:
                continue
            minute = (lesson.start_minute or 0) + dice.choice((3, 5, 5, 8))
            taken_at = term.moment(day, minute)
            if taken_at <= term.until:
                rows.append(
                    {
                        "lesson_id": term.id_of(schema.lesson, lesson.code),
                        "date": day,
                        "taken_by": f"teacher:{lesson.teacher_codes[0]}",
                        "taken_at": term.instant(taken_at),
                    }
                )
    term.insert(schema.roll_call, rows)


def _fill_punishments(term: Term, motives: dict[MotiveKind, list[int]]) -> None:
    dice = term.dice("punishments")
    teachers = [f"teacher:{each.code}" for each in term.data.teachers]
    rows: list[dict[str, Any]] = []
    for day in _days(term, dice, _PUNISHMENTS):
        kind = dice.choice(
            (
                PunishmentKind.DETENTION,
                PunishmentKind.EXTRA_HOMEWORK,
                PunishmentKind.EXTRA_HOMEWORK,
                PunishmentKind.EXCLUSION_FROM_LESSON,
            )
        )
        due = day + datetime.timedelta(days=dice.choice((3, 5, 7, 8)))
        done = due < term.until.date() and dice.random() < 0.85
        if kind is PunishmentKind.EXCLUSION_FROM_LESSON:
            done_on: datetime.date | None = day
        else:
            done_on = due if done else None
        rows.append(
            {
                "pupil_id": term.id_of(schema.pupil, dice.choice(term.pupils).code),
                "kind": kind.value,
                "given_on": day,
                "given_by": dice.choice(teachers),
                "motive_id": dice.choice(motives[MotiveKind.PUNISHMENT]),
                "duration_minutes": dice.choice((60, 60, 120))
                if kind is PunishmentKind.DETENTION
                else None,
                "due_on": due if kind is PunishmentKind.EXTRA_HOMEWORK else None,
                "work": ""
                if kind is PunishmentKind.EXCLUSION_FROM_LESSON
                else dice.choice(_WORKS),
                "done_on": done_on,
                "published_on": day,
                "revision": term.revision,
            }
        )
    term.insert(schema.punishment, rows)


def _fill_sanctions(term: Term, motives: dict[MotiveKind, list[int]]) -> None:
    dice = term.dice("sanctions")
    head = next(f"staff:{each.code}" for each in term.data.staff if each.code.startswith("D"))
    rows: list[dict[str, Any]] = []
    for day in _days(term, dice, _SANCTIONS):
        kind = dice.choice(
            (
                SanctionKind.WARNING,
                SanctionKind.WARNING,
                SanctionKind.REPRIMAND,
                SanctionKind.RESPONSIBILITY_MEASURE,
                SanctionKind.EXCLUSION,
            )
        )
        lasts = kind in (SanctionKind.EXCLUSION, SanctionKind.RESPONSIBILITY_MEASURE)
        first = day + datetime.timedelta(days=2)
        rows.append(
            {
                "pupil_id": term.id_of(schema.pupil, dice.choice(term.pupils).code),
                "kind": kind.value,
                "decided_on": day,
                "starts_on": first if lasts else None,
                "ends_on": first + datetime.timedelta(days=2) if lasts else None,
                "decided_by": head,
                "motive_id": dice.choice(motives[MotiveKind.SANCTION]),
                "revision": term.revision,
            }
        )
    term.insert(schema.sanction, rows)


def _fill_follow_ups(term: Term, motives: dict[MotiveKind, list[int]]) -> None:
    dice = term.dice("follow-ups")
    by = [f"staff:{each.code}" for each in term.data.staff if each.code[0] in "CV"]
    rows = [
        {
            "pupil_id": term.id_of(schema.pupil, dice.choice(term.pupils).code),
            "date": day,
            "kind": dice.choice(tuple(FollowUpKind)).value,
            "text": dice.choice(_FOLLOW_UP_TEXTS),
            "by": dice.choice(by),
            "motive_id": dice.choice(motives[MotiveKind.FOLLOW_UP]),
            "revision": term.revision,
        }
        for day in _days(term, dice, _FOLLOW_UPS)
    ]
    term.insert(schema.follow_up, rows)


def _rate(term: Term) -> float:
    """Return by how much a long year is thinned out, so that it is as big as a term."""
    return min(1.0, FULL_TERM / len(term.days))


def _drawn(term: Term, dice: random.Random, rate: float) -> Iterator[Pupil]:
    """Yield some pupils, each with that chance, in order; few draws for a small rate."""
    rank = int(dice.expovariate(rate))
    while rank < len(term.pupils):
        yield term.pupils[rank]
        rank += 1 + int(dice.expovariate(rate))


def _days(term: Term, dice: random.Random, count: int) -> list[datetime.date]:
    """Draw as many days as happen in this part of a term, in order, at least one."""
    return sorted(dice.choice(term.days) for _ in range(max(1, round(count * term.share))))
