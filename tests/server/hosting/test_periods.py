"""The periods of the school year, their sealing, and services, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import periods as calls
from pronote_protocol.catalogue import services as service_calls
from pronote_protocol.catalogue.assessments import CREATE_ASSESSMENT, CreateAssessment
from pronote_protocol.catalogue.periods import PeriodRow
from pronote_protocol.catalogue.services import ChangeService, ListServices, RoundingRow
from pronote_protocol.errors import BadRequest, Conflict, NotAllowed, NotFound, StaleRevision
from pronote_protocol.messages import BaseChanged, Nothing
from pronote_protocol.records import unstructure
from pronote_protocol.words import (
    EvaluatesIn,
    Mode,
    PeriodKind,
    RoundingDirection,
    SealedMatter,
)
from pronote_server.clock import Clock
from pronote_server.hosting import bases
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import services_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
DAY: Final = date(2020, 10, 1)


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path, data=sample_school(), inline=True, clock=Clock(NOW)
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def listed(client: WireClient, kind: PeriodKind | None = None) -> list[PeriodRow]:
    page: Page[PeriodRow] = await client.call(calls.LIST_PERIODS, calls.ListPeriods(kind=kind))
    return list(page.rows)


async def services(school: School) -> dict[str, Any]:
    lines = await school.base_in_service().database.read(services_of)
    return {line.code: line for line in lines}


async def test_a_base_has_the_usual_periods_of_its_year(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        rows = await listed(await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE))

    assert [(row.code, row.starts_on, row.ends_on) for row in rows] == [
        ("T1", date(2020, 9, 1), date(2020, 11, 30)),
        ("T2", date(2020, 12, 1), date(2021, 2, 28)),
        ("T3", date(2021, 3, 1), date(2021, 7, 7)),
        ("S1", date(2020, 9, 1), date(2021, 1, 31)),
        ("S2", date(2021, 2, 1), date(2021, 7, 7)),
        ("A", date(2020, 9, 1), date(2021, 7, 7)),
    ]


async def test_a_base_of_before_gets_them_when_it_is_loaded_and_others_keep_their_own(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, inline=True, clock=Clock(NOW)) as school:
        base = school.base_in_service()
        await base.database.write(lambda conn: conn.execute(schema.period.delete()))
        await bases.open_base(school, base.file)
        async with open_test_door(school) as door:
            client = await WireClient.inside(door, "admin")
            rows = await listed(client)
            assert len(rows) == 6
            for row in rows[1:]:
                await client.call(calls.DELETE_PERIOD, calls.DeletePeriod(id=row.id))
            await bases.open_base(school, base.file)
            assert await listed(client) == rows[:1]


async def test_the_office_moves_a_period_and_everybody_is_told(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        first = (await listed(office))[0]
        wish = calls.ChangePeriod(
            id=first.id, if_revision=first.revision, name="Automne", ends_on=date(2020, 11, 29)
        )
        kept = await office.call(calls.CHANGE_PERIOD, wish)
        with pytest.raises(StaleRevision) as refused:
            await office.call(calls.CHANGE_PERIOD, wish)
        shown = (await listed(teacher))[0]

    assert (shown.name, shown.ends_on, shown.revision) == (
        "Automne",
        date(2020, 11, 29),
        kept.revision,
    )
    assert refused.value.details["changed"][0]["after"]["name"] == "Automne"
    assert [e.what for e in teacher.events if isinstance(e, BaseChanged)] == [("periods",)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "T1"},
        {"starts_on": date(2020, 11, 30)},
        {"starts_on": date(2021, 3, 1)},
        {"ends_on": date(2021, 12, 31)},
        {"starts_on": date(1, 1, 1)},
        {"ends_on": date(9999, 12, 31)},
    ],
    ids=str,
)
async def test_a_period_that_makes_no_sense_is_refused(
    tmp_path: Path, autojump_clock: MockClock, wrong: dict[str, Any]
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        before = await listed(office)
        with pytest.raises(Conflict):
            await office.call(calls.CHANGE_PERIOD, calls.ChangePeriod(id=before[1].id, **wrong))
        new: dict[str, Any] = {
            "code": "T4",
            "name": "x",
            "kind": PeriodKind.TRIMESTER,
            "starts_on": date(2021, 7, 8),
            "ends_on": date(2021, 7, 9),
        }
        with pytest.raises(Conflict):
            await office.call(calls.CREATE_PERIOD, calls.CreatePeriod(**{**new, **wrong}))
        assert await listed(office) == before
        await office.call(calls.CREATE_PERIOD, calls.CreatePeriod(**new))
        assert len(await listed(office, PeriodKind.TRIMESTER)) == 4


async def test_a_period_that_holds_entries_stays(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        first, second, *_ = await listed(office)
        service = (await services(school))["MATH|T1|C:3A"]
        await office.call(
            CREATE_ASSESSMENT,
            CreateAssessment(service_id=service.id, period_id=first.id, date=DAY),
        )
        await office.call(
            calls.SEAL_PERIOD,
            calls.SealPeriod(
                period_id=second.id,
                class_ids=(service.class_id,),
                what=(SealedMatter.MARKS,),
            ),
        )
        with pytest.raises(Conflict, match="1 entries"):
            await office.call(calls.DELETE_PERIOD, calls.DeletePeriod(id=first.id))
        # What is only sealed is not in the way.
        assert (
            await office.call(calls.DELETE_PERIOD, calls.DeletePeriod(id=second.id))
            == Nothing()
        )
        with pytest.raises(NotFound):
            await office.call(calls.DELETE_PERIOD, calls.DeletePeriod(id=second.id))


async def test_a_sealing_may_be_planned_and_is_undone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        first = (await listed(office))[0]
        service = (await services(school))["MATH|T1|C:3A"]
        where: dict[str, Any] = {"period_id": first.id, "class_ids": (service.class_id,)}
        both = (SealedMatter.MARKS, SealedMatter.APPRAISALS)

        async def try_it() -> bool:
            wish = CreateAssessment(service_id=service.id, period_id=first.id, date=DAY)
            try:
                await teacher.call(CREATE_ASSESSMENT, wish)
            except Conflict:
                return False
            return True

        at = school.now() + timedelta(hours=1)
        planned = calls.SealPeriod(**where, what=both, at=at)
        assert (await office.call(calls.SEAL_PERIOD, planned)).changed == 2
        assert (await office.call(calls.SEAL_PERIOD, planned)).changed == 0
        assert await try_it()
        school.clock.travel_to(at)
        assert not await try_it()
        # Sealing now what is sealed leaves the instant it was sealed at.
        now = calls.SealPeriod(**where, what=both)
        assert (await office.call(calls.SEAL_PERIOD, now)).changed == 0

        seen = await teacher.call(calls.LIST_SEALINGS, calls.ListSealings(period_id=first.id))
        assert {(row.class_name, row.what) for row in seen.rows} == {
            ("3e A", what) for what in both
        }
        undone = calls.UnsealPeriod(**where, what=(SealedMatter.MARKS, SealedMatter.LEVELS))
        assert (await office.call(calls.UNSEAL_PERIOD, undone)).changed == 1
        assert await try_it()


async def test_only_the_office_sets_and_seals_periods(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        life = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        for client in (teacher, life):
            first = (await listed(client))[0]
            with pytest.raises(NotAllowed):
                await client.call(calls.DELETE_PERIOD, calls.DeletePeriod(id=first.id))
            with pytest.raises(NotAllowed):
                await client.call(
                    calls.SEAL_PERIOD,
                    calls.SealPeriod(
                        period_id=first.id, class_ids=(1,), what=(SealedMatter.MARKS,)
                    ),
                )


async def test_one_unknown_class_seals_none(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        first = (await listed(office))[0]
        known = (await services(school))["MATH|T1|C:3A"].class_id
        with pytest.raises(NotFound):
            await office.call(
                calls.SEAL_PERIOD,
                calls.SealPeriod(
                    period_id=first.id, class_ids=(known, 999), what=(SealedMatter.MARKS,)
                ),
            )
        page = await office.call(calls.LIST_SEALINGS, calls.ListSealings())
        assert page.rows == ()


async def test_a_teacher_lists_his_services_and_the_office_those_of_a_class(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        class_b = (await services(school))["ALL|T2|C:3B"].class_id
        every = await office.call(service_calls.LIST_SERVICES, ListServices())
        of_b = await office.call(service_calls.LIST_SERVICES, ListServices(class_id=class_b))
        second = await office.call(service_calls.LIST_SERVICES, ListServices(offset=1, limit=1))
        own = await teacher.call(service_calls.LIST_SERVICES, ListServices())
        none = await teacher.call(service_calls.LIST_SERVICES, ListServices(class_id=class_b))

    assert [row.subject for row in every.rows] == [
        "Allemand",
        "Histoire-géographie",
        "Mathématiques",
    ]
    assert [row.subject for row in of_b.rows] == ["Allemand", "Histoire-géographie"]
    assert (second.total, second.rows) == (3, every.rows[1:2])
    assert [row.subject for row in own.rows] == ["Mathématiques"]
    assert none.rows == ()


async def test_a_teacher_sets_the_options_of_his_own_service_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        other = await WireClient.inside(door, "teacher2", Mode.TEACHER)
        office = await WireClient.inside(door, "admin")
        ident = (await services(school))["MATH|T1|C:3A"].id
        before = await teacher.call(
            service_calls.READ_SERVICE, service_calls.ServiceRef(id=ident)
        )
        wish = ChangeService(
            id=ident,
            if_revision=before.service.revision,
            coefficient=Decimal("2.5"),
            evaluates_in=EvaluatesIn.MARKS,
            highest_weight=Decimal(2),
            rounding_pupil=RoundingRow(Decimal("0.5"), RoundingDirection.UP),
        )
        shown = await teacher.call(service_calls.CHANGE_SERVICE, wish)
        with pytest.raises(StaleRevision):
            await office.call(service_calls.CHANGE_SERVICE, wish)
        with pytest.raises(NotFound):
            await other.call(service_calls.CHANGE_SERVICE, ChangeService(id=ident))
        with pytest.raises(NotFound):
            await other.call(service_calls.READ_SERVICE, service_calls.ServiceRef(id=ident))
        read = await office.call(service_calls.READ_SERVICE, service_calls.ServiceRef(id=ident))
        await listed(other)

    assert read == shown
    assert shown.service.coefficient == Decimal("2.5")
    assert shown.service.evaluates_in is EvaluatesIn.MARKS
    assert shown.highest_weight == Decimal(2)
    assert shown.rounding_pupil == RoundingRow(Decimal("0.5"), RoundingDirection.UP)
    assert shown.rounding_class == before.rounding_class
    assert [e for e in other.events if isinstance(e, BaseChanged)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"coefficient": Decimal(100)},
        {"coefficient": Decimal("0.001")},
        {"lowest_weight": Decimal(-1)},
        {"rounding_class": RoundingRow(Decimal("0.2"), RoundingDirection.UP)},
    ],
    ids=str,
)
async def test_an_option_that_makes_no_sense_is_refused(
    tmp_path: Path, autojump_clock: MockClock, wrong: dict[str, Any]
) -> None:
    async with at_work(tmp_path) as (school, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        ident = (await services(school))["MATH|T1|C:3A"].id
        with pytest.raises(BadRequest):
            await teacher.call(service_calls.CHANGE_SERVICE, ChangeService(id=ident, **wrong))


async def test_a_period_created_twice_with_one_key_is_there_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        wish = unstructure(
            calls.CreatePeriod(
                code="T4",
                name="Été",
                kind=PeriodKind.TRIMESTER,
                starts_on=date(2021, 7, 8),
                ends_on=date(2021, 7, 9),
            )
        )
        first, second = [
            await office.ask("periods.create", {**wish, "key": "k"}, calls.PeriodKept)
            for _ in range(2)
        ]
        assert first == second
        assert len(await listed(office)) == 7
