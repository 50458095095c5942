"""Punishments and sanctions: what they need, how far they have come, who is taken."""

from __future__ import annotations

import datetime
from datetime import date
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_server.domain.discipline import (
    NEEDS,
    Programme,
    Punishment,
    PunishmentKind,
    PunishmentState,
    Sanction,
    SanctionKind,
    TakenTime,
    carried_out,
    check_punishment,
    check_sanction,
    check_time_is_free,
    programmed,
    reopened,
    state_of,
)
from pronote_server.domain.school_calendar import SchoolCalendar

CALENDAR = SchoolCalendar(
    school_year=2020, starts_on=date(2020, 9, 1), ends_on=date(2021, 7, 6)
)
TUESDAY = date(2020, 11, 3)


def at(text: str) -> datetime.datetime:
    """A local time, the month being November 2020: 04T17:00."""
    return datetime.datetime.fromisoformat(f"2020-11-{text}")


HOMEWORK = Punishment(
    kind=PunishmentKind.EXTRA_HOMEWORK,
    given_on=TUESDAY,
    due_on=date(2020, 11, 5),
    work="Exercices 1 à 5",
)
EXCLUSION = Punishment(
    kind=PunishmentKind.EXCLUSION_FROM_LESSON,
    given_on=TUESDAY,
    duration_minutes=20,
    companion="E2",
)
DETENTION = Punishment(kind=PunishmentKind.DETENTION, given_on=TUESDAY, duration_minutes=60)
EVENING = Programme(at("04T17:00"), "S12", "staff:VS1")


@pytest.mark.parametrize(
    "punishment", [HOMEWORK, EXCLUSION, DETENTION], ids=lambda p: p.kind.value
)
def test_each_kind_can_be_given(punishment: Punishment) -> None:
    check_punishment(punishment, CALENDAR)


@pytest.mark.parametrize(
    ("punishment", "change", "told"),
    [
        (HOMEWORK, {"due_on": None}, "Il manque la date de rendu."),
        (HOMEWORK, {"work": " "}, "Il manque le travail à faire."),
        (HOMEWORK, {"duration_minutes": 60}, "Sans objet ici : la durée."),
        (HOMEWORK, {"companion": "E2"}, "Sans objet ici : l'accompagnateur."),
        (HOMEWORK, {"programme": EVENING}, "Sans objet ici : la programmation."),
        (HOMEWORK, {"due_on": date(2020, 11, 2)}, "Le 02/11/2020 est avant le 03/11/2020."),
        (
            HOMEWORK,
            {"due_on": date(2021, 7, 7)},
            "Le 07/07/2021 n'est pas de l'année scolaire.",
        ),
        (
            HOMEWORK,
            {"given_on": date(2020, 8, 31)},
            "Le 31/08/2020 n'est pas de l'année scolaire.",
        ),
        (HOMEWORK, {"done_on": date(2020, 11, 2)}, "Le 02/11/2020 est avant le 03/11/2020."),
        (EXCLUSION, {"duration_minutes": None}, "Il manque la durée."),
        (EXCLUSION, {"due_on": TUESDAY}, "Sans objet ici : la date de rendu."),
        (EXCLUSION, {"done_on": TUESDAY}, "Sans objet ici : la date de réalisation."),
        (EXCLUSION, {"duration_minutes": 0}, "Une punition dure de 1 à 480 minutes."),
        (DETENTION, {"duration_minutes": None}, "Il manque la durée."),
        (DETENTION, {"duration_minutes": 481}, "Une punition dure de 1 à 480 minutes."),
        (DETENTION, {"companion": "E2"}, "Sans objet ici : l'accompagnateur."),
    ],
)
def test_what_is_missing_or_out_of_place_is_refused(
    punishment: Punishment, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(errors.BadRequest) as refused:
        check_punishment(attrs.evolve(punishment, **change), CALENDAR)

    assert refused.value.fr == told


def test_a_companion_may_be_unknown() -> None:
    check_punishment(attrs.evolve(EXCLUSION, companion=None), CALENDAR)


def test_a_detention_is_programmed_and_programmed_again() -> None:
    first = programmed(DETENTION, EVENING, CALENDAR)
    later = programmed(first, attrs.evolve(EVENING, scheduled_at=at("05T23:00")), CALENDAR)

    assert state_of(DETENTION, TUESDAY) is PunishmentState.TO_PROGRAMME
    assert state_of(first, date(2020, 11, 4)) is PunishmentState.PROGRAMMED
    assert state_of(first, date(2020, 11, 5)) is PunishmentState.OVERDUE
    assert state_of(later, date(2020, 11, 5)) is PunishmentState.PROGRAMMED


@pytest.mark.parametrize(
    "change",
    [
        {"scheduled_at": at("02T17:00")},
        {"scheduled_at": at("07T10:00")},
        {"scheduled_at": at("05T23:01")},
        {"scheduled_at": at("04T17:00:01")},
        {"scheduled_at": at("04T17:00+01:00")},
        {"room": " "},
        {"supervisor": ""},
    ],
)
def test_a_detention_cannot_be_programmed_just_anyhow(change: dict[str, Any]) -> None:
    with pytest.raises(errors.BadRequest):
        programmed(DETENTION, attrs.evolve(EVENING, **change), CALENDAR)


@pytest.mark.parametrize("punishment", [HOMEWORK, EXCLUSION], ids=lambda p: p.kind.value)
def test_only_a_detention_is_programmed(punishment: Punishment) -> None:
    with pytest.raises(errors.BadRequest):
        programmed(punishment, EVENING, CALENDAR)


def test_what_was_carried_out_stays_so_until_it_is_reopened() -> None:
    waiting = programmed(DETENTION, EVENING, CALENDAR)
    done = carried_out(waiting, date(2020, 11, 4))

    assert state_of(done, date(2021, 1, 1)) is PunishmentState.CARRIED_OUT
    with pytest.raises(errors.Conflict):
        carried_out(done, date(2020, 11, 5))
    with pytest.raises(errors.Conflict):
        programmed(done, EVENING, CALENDAR)
    assert reopened(done) == waiting
    with pytest.raises(errors.Conflict):
        reopened(waiting)


def test_a_detention_is_not_carried_out_before_its_day_or_without_one() -> None:
    with pytest.raises(errors.BadRequest):
        carried_out(programmed(DETENTION, EVENING, CALENDAR), TUESDAY)
    with pytest.raises(errors.Conflict):
        carried_out(DETENTION, TUESDAY)
    with pytest.raises(errors.Conflict):
        check_punishment(attrs.evolve(DETENTION, done_on=TUESDAY), CALENDAR)


def test_homework_can_come_early_and_late() -> None:
    assert state_of(HOMEWORK, date(2020, 11, 5)) is PunishmentState.PROGRAMMED
    assert state_of(HOMEWORK, date(2020, 11, 6)) is PunishmentState.OVERDUE
    for day in (TUESDAY, date(2020, 11, 12)):
        assert carried_out(HOMEWORK, day).done_on == day
    with pytest.raises(errors.BadRequest):
        carried_out(HOMEWORK, date(2020, 11, 2))


def test_an_exclusion_from_a_lesson_is_carried_out_at_once() -> None:
    assert state_of(EXCLUSION, TUESDAY) is PunishmentState.CARRIED_OUT
    with pytest.raises(errors.Conflict):
        carried_out(EXCLUSION, TUESDAY)


@pytest.mark.parametrize(
    ("pupil", "start", "room", "supervisor", "told"),
    [
        ("E1", "04T17:30", "S13", "staff:VS2", "L'élève a déjà une retenue à cette heure."),
        ("E1", "04T16:01", "S12", "staff:VS1", "L'élève a déjà une retenue à cette heure."),
        (
            "E2",
            "04T17:59",
            "S13",
            "staff:VS1",
            "Le surveillant est déjà en salle S12 à cette heure.",
        ),
        ("E2", "04T17:00", "S12", "staff:VS1", None),
        ("E2", "04T17:00", "S12", "staff:VS2", None),
        ("E1", "04T18:00", "S13", "staff:VS1", None),
        ("E1", "04T16:00", "S13", "staff:VS1", None),
        ("E1", "05T17:00", "S13", "staff:VS1", None),
    ],
)
def test_nobody_is_in_two_places(
    pupil: str, start: str, room: str, supervisor: str, told: str | None
) -> None:
    taken = [TakenTime("E1", EVENING, 60)]
    wanted = TakenTime(pupil, Programme(at(start), room, supervisor), 60)

    if told is None:
        check_time_is_free(wanted, taken)
    else:
        with pytest.raises(errors.Conflict) as refused:
            check_time_is_free(wanted, taken)
        assert refused.value.fr == told


def sanction(kind: str, starts_on: str | None = None, ends_on: str | None = None) -> Sanction:
    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(text)

    return Sanction(
        kind=SanctionKind(kind),
        decided_on=TUESDAY,
        starts_on=day(starts_on),
        ends_on=day(ends_on),
    )


@pytest.mark.parametrize(
    "given_sanction",
    [
        sanction("warning"),
        sanction("reprimand"),
        sanction("exclusion", "2020-11-03", "2020-11-03"),
        sanction("exclusion", "2020-11-03", "2020-11-10"),
        sanction("exclusion-from-class", "2020-11-04", "2020-11-11"),
        sanction("responsibility-measure", "2020-11-04", "2020-12-04"),
        sanction("permanent-exclusion", "2020-11-04"),
    ],
)
def test_sanctions_of_the_code_can_be_pronounced(given_sanction: Sanction) -> None:
    check_sanction(given_sanction, CALENDAR)


@pytest.mark.parametrize(
    "given_sanction",
    [
        sanction("warning", "2020-11-04"),
        sanction("reprimand", None, "2020-11-04"),
        sanction("exclusion"),
        sanction("exclusion", "2020-11-04"),
        sanction("exclusion", None, "2020-11-04"),
        sanction("exclusion", "2020-11-03", "2020-11-11"),
        sanction("exclusion-from-class", "2020-11-03", "2020-11-11"),
        sanction("exclusion", "2020-11-05", "2020-11-04"),
        sanction("exclusion", "2020-11-02", "2020-11-04"),
        sanction("exclusion", "2021-07-06", "2021-07-07"),
        sanction("responsibility-measure", "2021-07-07", "2021-07-08"),
        sanction("permanent-exclusion", "2020-11-04", "2020-11-05"),
        sanction("permanent-exclusion"),
        attrs.evolve(sanction("warning"), decided_on=date(2020, 8, 31)),
    ],
)
def test_impossible_sanctions_are_refused(given_sanction: Sanction) -> None:
    with pytest.raises(errors.BadRequest):
        check_sanction(given_sanction, CALENDAR)


def test_every_kind_has_its_needs() -> None:
    assert set(NEEDS) == set(PunishmentKind)
    for kind in set(SanctionKind) - {SanctionKind.WARNING, SanctionKind.REPRIMAND}:
        with pytest.raises(errors.BadRequest) as refused:
            check_sanction(Sanction(kind=kind, decided_on=TUESDAY), CALENDAR)
        assert refused.value.details["field"] == "starts_on"


days = st.dates(date(2020, 8, 25), date(2020, 11, 30)) | st.just(date.max) | st.none()
punishments = st.builds(
    Punishment,
    kind=st.sampled_from(PunishmentKind),
    given_on=days.filter(lambda day: day is not None),
    due_on=days,
    duration_minutes=st.none() | st.integers(-1, 500),
    companion=st.none() | st.text(max_size=3),
    work=st.text(max_size=3),
    programme=st.none()
    | st.builds(Programme, st.datetimes(), st.text(max_size=3), st.text(max_size=3)),
    done_on=days,
)


@given(punishments, st.dates())
def test_no_punishment_is_an_internal_error(punishment: Punishment, today: date) -> None:
    """And every one that is taken is in a state that its fields explain."""
    try:
        check_punishment(punishment, CALENDAR)
    except (errors.BadRequest, errors.Conflict):
        return
    state = state_of(punishment, today)
    assert (state is PunishmentState.TO_PROGRAMME) == (
        punishment.kind is PunishmentKind.DETENTION and punishment.programme is None
    )
