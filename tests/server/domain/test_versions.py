"""When a school goes over to the next version, and with which base."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from pronote_protocol.errors import Conflict
from pronote_protocol.words import VersionBase, VersionEdition
from pronote_server.domain.versions import (
    Change,
    Failure,
    Plan,
    VersionState,
    base_after,
    check_plan,
    next_change,
    school_year_on,
    state_from_plain,
    state_to_plain,
)

PRE, OFFICIAL = VersionEdition.PRE, VersionEdition.OFFICIAL
NEW, KEPT = VersionBase.NEW, VersionBase.IN_SERVICE
TODAY = date(2020, 7, 2)
STATE = VersionState(year=2019)


def planned(state: VersionState = STATE, **days: date) -> VersionState:
    editions = {"pre": PRE, "official": OFFICIAL}
    plans = {editions[name]: Plan(on=on, base=KEPT, by="SPR") for name, on in days.items()}
    return attrs.evolve(state, plans=plans)


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2020, 8, 20), 2019), (date(2020, 8, 21), 2020), (date(2021, 1, 1), 2020)],
)
def test_a_school_year_begins_on_21_august(day: date, year: int) -> None:
    assert school_year_on(day) == year


def test_everybody_goes_over_on_21_august() -> None:
    expected = Change(year=2020, edition=OFFICIAL, on=date(2020, 8, 21))
    for today in (date(2019, 9, 1), date(2020, 8, 20), date(2020, 8, 21), date(2021, 8, 20)):
        assert next_change(STATE, today) == expected


def test_a_school_that_missed_summers_goes_over_to_the_newest_version() -> None:
    for state in (STATE, planned(official=date(2020, 8, 3))):
        change = next_change(state, date(2023, 1, 1))
        assert (change.year, change.on) == (2022, date(2022, 8, 21))


def test_plans_come_first_in_their_order() -> None:
    state = planned(pre=date(2020, 7, 5), official=date(2020, 8, 3))
    first = next_change(state, TODAY)
    assert (first.year, first.edition, first.base) == (2020, PRE, KEPT)

    after = VersionState(year=2020, edition=PRE, plans={OFFICIAL: state.plans[OFFICIAL]})
    second = next_change(after, date(2020, 7, 5))
    assert (second.year, second.edition) == (2020, OFFICIAL)

    last = VersionState(year=2020)
    assert next_change(last, date(2020, 8, 3)).on == date(2021, 8, 21)


def test_a_pre_version_becomes_official_on_21_august() -> None:
    change = next_change(VersionState(year=2020, edition=PRE), TODAY)

    assert change == Change(year=2020, edition=OFFICIAL, on=date(2020, 8, 21))


def test_what_failed_is_tried_again_on_the_next_morning() -> None:
    failure = Failure(
        at=datetime(2020, 8, 21, tzinfo=UTC),
        year=2020,
        edition=OFFICIAL,
        reason="x",
        again_on=date(2020, 8, 22),
    )
    state = attrs.evolve(STATE, failure=failure)

    assert next_change(state, date(2020, 8, 21)).on == date(2020, 8, 22)


@pytest.mark.parametrize(
    ("base", "loaded", "after"),
    [
        (None, 2019, NEW),  # "une base 2019-2020 : une nouvelle base vide"
        (None, 2020, KEPT),  # "une base 2020-2021 : la base est conservée"
        (None, None, NEW),
        (NEW, 2020, NEW),
        (KEPT, 2019, KEPT),
        (KEPT, None, NEW),
    ],
)
def test_which_base_there_is_afterwards(
    base: VersionBase | None, loaded: int | None, after: VersionBase
) -> None:
    change = Change(year=2020, edition=OFFICIAL, on=date(2020, 8, 21), base=base)

    assert base_after(change, loaded) is after


@pytest.mark.parametrize(
    ("edition", "on"),
    [
        (PRE, TODAY),
        (PRE, date(2020, 8, 20)),
        (OFFICIAL, date(2020, 8, 1)),
        (OFFICIAL, date(2020, 8, 20)),
    ],
)
def test_an_edition_is_planned_while_it_can_be_had(edition: VersionEdition, on: date) -> None:
    check_plan(STATE, edition, on, TODAY)


@pytest.mark.parametrize(
    ("state", "edition", "on", "why"),
    [
        (STATE, PRE, TODAY - timedelta(days=1), "passé"),
        (STATE, OFFICIAL, date(2019, 9, 1), "passé"),
        (STATE, OFFICIAL, date(2020, 7, 31), "disponible"),
        (STATE, PRE, date(2020, 8, 21), "automatiquement"),
        (STATE, OFFICIAL, date(2021, 8, 3), "automatiquement"),
        (VersionState(year=2020, edition=PRE), PRE, date(2020, 7, 9), "déjà installée"),
        (VersionState(year=2020), OFFICIAL, date(2020, 8, 3), "disponible"),
        (planned(official=date(2020, 8, 3)), PRE, date(2020, 8, 3), "avant"),
        (planned(pre=date(2020, 8, 5)), OFFICIAL, date(2020, 8, 4), "avant"),
    ],
)
def test_any_other_day_is_refused(
    state: VersionState, edition: VersionEdition, on: date, why: str
) -> None:
    with pytest.raises(Conflict) as refused:
        check_plan(state, edition, on, TODAY)
    assert why in refused.value.fr


def test_a_state_is_kept_as_json() -> None:
    failure = Failure(
        at=datetime(2020, 8, 21, 1, tzinfo=UTC),
        year=2020,
        edition=OFFICIAL,
        reason="disque plein",
        again_on=date(2020, 8, 22),
    )
    full = VersionState(
        year=2020,
        edition=PRE,
        installed_at=datetime(2020, 7, 5, tzinfo=UTC),
        plans={OFFICIAL: Plan(on=date(2020, 8, 3), base=NEW, by="SPR")},
        failure=failure,
    )
    for state in (full, STATE):
        assert state_from_plain(json.loads(json.dumps(state_to_plain(state)))) == state
