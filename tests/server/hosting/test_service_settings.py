"""What can be set of a service, and of how a school counts: over the wire, to the averages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from sqlalchemy import Connection, select
from trio.testing import MockClock

from pronote_protocol.catalogue import (
    absences,
    averages,
    bonus_malus,
    half_days,
    structure,
    sub_services,
)
from pronote_protocol.catalogue import assessments as assessment_calls
from pronote_protocol.catalogue import marks as mark_calls
from pronote_protocol.catalogue import periods as period_calls
from pronote_protocol.catalogue import punishments as punishment_calls
from pronote_protocol.catalogue import services as service_calls
from pronote_protocol.catalogue.bonus_malus import BonusEntry
from pronote_protocol.catalogue.marks import MarkEntry
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotAllowed, NotFound, StaleRevision
from pronote_protocol.messages import BaseChanged, Nothing
from pronote_protocol.words import (
    Half,
    Mode,
    PeriodKind,
    PunishmentKind,
    SealedMatter,
    SubServiceUse,
)
from pronote_server.clock import Clock
from pronote_server.domain.school_data import Lesson, SchoolData
from pronote_server.hosting import bases
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_periods import periods
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
MATH, ENGLISH, GERMAN = "MATH|T1|C:3A", "ALL|T2|C:3A", "ALL|T2|C:3B"
DAYS: Final = {"T1": date(2020, 10, 1), "T2": date(2021, 1, 5), "T3": date(2021, 4, 1)}


def two_teachers_of_3a() -> SchoolData:
    data = sample_school()
    english = Lesson("L4", "ALL", ("T2",), ("3A",), (), (), 3, 480, 60)
    return attrs.evolve(data, lessons=(*data.lessons, english))


@attrs.frozen
class Work:
    """A school at work, its office, and the ids in it by code."""

    school: School
    door: TestDoor
    office: WireClient
    services: dict[str, int]
    periods: dict[str, int]
    pupils: dict[str, int]
    classes: dict[str, int]
    subjects: dict[str, int]

    async def give(
        self, service: int, period: str = "T1", *, scale: int = 20, **marks: str
    ) -> None:
        """Enter one assessment of that service, and these marks."""
        shown = await self.office.call(
            assessment_calls.CREATE_ASSESSMENT,
            assessment_calls.CreateAssessment(
                service_id=service,
                period_id=self.periods[period],
                date=DAYS.get(period, DAYS["T1"]),
                scale=Decimal(scale),
            ),
        )
        entries = tuple(
            MarkEntry(self.pupils[code], Decimal(mark)) for code, mark in marks.items()
        )
        await self.office.call(
            mark_calls.ENTER_MARKS,
            mark_calls.EnterMarks(assessment_id=shown.assessment.id, entries=entries),
        )

    async def average(
        self, service: int, pupil: str = "P1", period: str = "T1"
    ) -> Decimal | None:
        wish = averages.ReadAverage(
            pupil_id=self.pupils[pupil], service_id=service, period_id=self.periods[period]
        )
        return (await self.office.call(averages.READ_AVERAGE, wish)).average

    async def general(self, period: str = "T1", pupil: str = "P1") -> Decimal | None:
        wish = averages.ReadPupilReport(
            pupil_id=self.pupils[pupil], period_id=self.periods[period]
        )
        return (await self.office.call(averages.READ_PUPIL_REPORT, wish)).general

    async def change(self, service: int, **settings: Any) -> service_calls.ServiceShown:
        wish = service_calls.ChangeService(id=service, **settings)
        return await self.office.call(service_calls.CHANGE_SERVICE, wish)

    async def count(
        self, client: WireClient, service: int, period: str, coefficient: str | None
    ) -> service_calls.ServiceShown:
        wish = service_calls.SetCoefficient(
            id=service,
            period_id=self.periods[period],
            coefficient=None if coefficient is None else Decimal(coefficient),
        )
        return await client.call(service_calls.SET_COEFFICIENT, wish)

    async def seal(self, what: SealedMatter = SealedMatter.MARKS) -> None:
        wish = period_calls.SealPeriod(
            period_id=self.periods["T1"], class_ids=(self.classes["3A"],), what=(what,)
        )
        await self.office.call(period_calls.SEAL_PERIOD, wish)


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[Work]:
    async with (
        open_test_school(
            tmp_path, data=two_teachers_of_3a(), inline=True, clock=Clock(NOW)
        ) as school,
        open_test_door(school) as door,
    ):

        def ids(conn: Connection) -> list[dict[str, int]]:
            def by_code(table: Any) -> dict[str, int]:
                return {row.code: row.id for row in conn.execute(select(table))}

            return [
                {line.code: line.id for line in services_of(conn)},
                {line.code: line.id for line in periods(conn)},
                *map(by_code, (schema.pupil, schema.school_class, schema.subject)),
            ]

        found = await school.base_in_service().database.read(ids)
        yield Work(school, door, await WireClient.inside(door, "admin"), *found)


# ----------------------------------------------------------------------- the scale of averages


async def test_a_service_out_of_10_counts_like_the_others_in_the_general_average(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        math, english = work.services[MATH], work.services[ENGLISH]
        await work.give(math, scale=40, P1="30")
        await work.give(math, scale=5, P1="2")
        await work.give(english, P1="10")
        assert await work.average(math) == Decimal("14.22")

        shown = await work.change(math, out_of=10, bring_to_20=True)
        assert shown.out_of == 10
        # 30/40 and 2/5, each brought to 10: (7.5 + 4) / 2.
        assert await work.average(math) == Decimal("5.75")
        assert await work.general() == Decimal("10.75")  # (11.5 + 10) / 2
        with pytest.raises(BadRequest, match="out_of"):
            await work.office.ask("services.change", {"id": math, "out_of": 0}, Nothing)


# ------------------------------------------------------------------------------- bonus/malus


async def test_points_are_added_once_the_service_takes_them_into_account(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        math, period = work.services[MATH], work.periods["T1"]
        teacher = await WireClient.inside(work.door, "teacher", Mode.TEACHER)
        other = await WireClient.inside(work.door, "teacher2", Mode.TEACHER)
        await work.give(math, P1="12", P2="19.5")

        async def enter(client: WireClient, *entries: BonusEntry) -> int:
            wish = bonus_malus.EnterBonus(service_id=math, period_id=period, entries=entries)
            return (await client.call(bonus_malus.ENTER_BONUS, wish)).changed

        p1, p2, p3 = (work.pupils[code] for code in ("P1", "P2", "P3"))
        assert (
            await enter(teacher, BonusEntry(p1, Decimal("-1.5")), BonusEntry(p2, Decimal(1)))
            == 2
        )
        assert await work.average(math) == Decimal(12)
        await work.change(math, bonus_malus=True)
        assert await work.average(math) == Decimal("10.5")
        assert await work.average(math, "P2") == Decimal(20), "never above the scale"
        assert await work.average(math, "P1", "T2") is None, "points make no average"

        wish = bonus_malus.ListBonus(service_id=math, period_id=period)
        page = await teacher.call(bonus_malus.LIST_BONUS, wish)
        assert [(row.pupil_id, row.points) for row in page.rows] == [
            (p1, Decimal("-1.5")),
            (p2, Decimal(1)),
        ]
        seen = page.rows[0].revision
        assert await enter(work.office, BonusEntry(p1, Decimal(2), seen)) == 1
        with pytest.raises(StaleRevision):
            await enter(teacher, BonusEntry(p1, Decimal(3), seen))
        assert await enter(teacher, BonusEntry(p1, Decimal(0)), BonusEntry(p2, None)) == 2
        assert await work.average(math) == Decimal(12)

        for entries, refusal in (
            ([BonusEntry(p1, Decimal(21))], BadRequest),
            ([BonusEntry(p1, Decimal(1)), BonusEntry(p1, Decimal(2))], BadRequest),
            ([BonusEntry(p3, Decimal(1))], NotFound),
        ):
            with pytest.raises(refusal):
                await enter(teacher, *entries)
        with pytest.raises(NotFound):
            await enter(other, BonusEntry(p1, Decimal(1)))
        with pytest.raises(NotFound):
            await other.call(bonus_malus.LIST_BONUS, wish)
        await work.seal()
        with pytest.raises(Conflict):
            await enter(work.office, BonusEntry(p1, Decimal(1)))


# ------------------------------------------------------------------- coefficients of a period


async def test_a_service_may_count_for_something_else_in_one_period(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        math, english = work.services[MATH], work.services[ENGLISH]
        teacher = await WireClient.inside(work.door, "teacher", Mode.TEACHER)
        for period in ("T1", "T2"):
            await work.give(math, period, P1="18")
            await work.give(english, period, P1="9")
        shown = await work.count(teacher, math, "T2", "3.5")
        assert shown.coefficients == (
            service_calls.PeriodCoefficientRow(work.periods["T2"], Decimal("3.5")),
        )
        assert shown.service.coefficient == Decimal(1)
        assert await work.general("T1") == Decimal("13.5")
        assert await work.general("T2") == Decimal(16)
        await work.count(teacher, math, "T2", None)
        assert await work.general("T2") == Decimal("13.5")
        with pytest.raises(BadRequest):
            await work.count(teacher, math, "T2", "100")
        with pytest.raises(NotFound):
            await work.count(teacher, english, "T2", "2")
        await work.seal()
        with pytest.raises(Conflict):
            await work.count(work.office, math, "T1", "2")
        await work.count(work.office, math, "T2", "2")


# ------------------------------------------------------------------------------ sub-services


async def test_a_service_is_made_of_its_sub_services(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        english = work.services[ENGLISH]
        oral, written = [
            (
                await work.office.call(
                    sub_services.CREATE_SERVICE,
                    sub_services.CreateService(
                        subject_id=work.subjects["ALL"],
                        parent_id=english,
                        coefficient=Decimal(coefficient),
                    ),
                )
            ).service
            for coefficient in (1, 3)
        ]
        assert (oral.parent_id, oral.class_id) == (english, work.classes["3A"])
        assert oral.teacher == "LEBRUN Karim", "its parent's"
        await work.give(oral.id, P1="8")
        await work.give(written.id, P1="16")
        await work.give(written.id, scale=10, P1="8")

        assert await work.average(oral.id) == Decimal(8)
        assert await work.average(written.id) == Decimal(16)
        assert await work.average(english) == Decimal(14)
        await work.change(english, sub_services=SubServiceUse.ASSESSMENTS)
        # 8 and 16 out of 20, 8 out of 10, by their scales: 32 / 2.5.
        assert await work.average(english) == Decimal("12.8")

        teacher = await WireClient.inside(work.door, "teacher2", Mode.TEACHER)
        page = await teacher.call(service_calls.LIST_SERVICES, service_calls.ListServices())
        assert {row.id for row in page.rows} >= {oral.id, written.id, english}
        report = averages.ReadPupilReport(
            pupil_id=work.pupils["P1"], period_id=work.periods["T1"]
        )
        rows = (await work.office.call(averages.READ_PUPIL_REPORT, report)).rows
        assert oral.id not in {row.service_id for row in rows}, "it counts in its parent"

        shown = await work.office.call(sub_services.UNLINK_SERVICE, ThingRef(id=oral.id))
        assert shown.service.parent_id is None
        assert await work.average(english) == Decimal(16)
        with pytest.raises(Conflict):
            await work.office.call(sub_services.UNLINK_SERVICE, ThingRef(id=oral.id))
        await work.office.call(
            sub_services.LINK_SERVICE, sub_services.LinkService(id=oral.id, parent_id=english)
        )
        assert await work.average(english) == Decimal("12.8")


async def test_what_cannot_be_a_part_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        english, math, german = (work.services[code] for code in (ENGLISH, MATH, GERMAN))

        async def create(**fields: Any) -> int:
            wish = sub_services.CreateService(**{"subject_id": work.subjects["ALL"], **fields})
            return (await work.office.call(sub_services.CREATE_SERVICE, wish)).service.id

        async def link(ident: int, parent: int) -> None:
            wish = sub_services.LinkService(id=ident, parent_id=parent)
            await work.office.call(sub_services.LINK_SERVICE, wish)

        oral = await create(parent_id=english)
        alone = await create(class_id=work.classes["3A"])
        for fields, refusal in (
            ({"parent_id": oral}, Conflict),
            ({"parent_id": english, "class_id": 1}, BadRequest),
            ({}, BadRequest),
            ({"class_id": 1, "group_id": 1}, BadRequest),
            ({"class_id": 99}, NotFound),
            ({"class_id": 1, "subject_id": 99}, NotFound),
            ({"class_id": 1, "teacher_id": 99}, NotFound),
            ({"parent_id": 99}, NotFound),
        ):
            with pytest.raises(refusal):
                await create(**fields)
        for ident, parent in (
            (alone, oral),
            (alone, german),
            (english, alone),
            (min(math, english), max(math, english)),
            (alone, alone),
        ):
            with pytest.raises(Conflict):
                await link(ident, parent)
        with pytest.raises(Conflict):
            await work.office.call(sub_services.DELETE_SERVICE, ThingRef(id=math))
        await work.give(oral, P1="12")
        with pytest.raises(Conflict) as refused:
            await work.office.call(sub_services.DELETE_SERVICE, ThingRef(id=oral))
        assert refused.value.details["relies"] == {"assessment": 1}
        await work.office.call(sub_services.DELETE_SERVICE, ThingRef(id=alone))
        with pytest.raises(NotFound):
            await work.office.call(
                service_calls.READ_SERVICE, service_calls.ServiceRef(id=alone)
            )
        await work.seal()
        with pytest.raises(Conflict):
            await work.office.call(sub_services.UNLINK_SERVICE, ThingRef(id=oral))
        teacher = await WireClient.inside(work.door, "teacher2", Mode.TEACHER)
        with pytest.raises(NotAllowed):
            await teacher.call(sub_services.UNLINK_SERVICE, ThingRef(id=oral))


async def test_a_transfer_leaves_a_sub_service_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        wish = sub_services.CreateService(
            subject_id=work.subjects["ALL"], parent_id=work.services[ENGLISH]
        )
        made = (await work.office.call(sub_services.CREATE_SERVICE, wish)).service
        await bases.fill(work.school, two_teachers_of_3a())
        shown = await work.office.call(
            service_calls.READ_SERVICE, service_calls.ServiceRef(id=made.id)
        )
        assert shown.service.parent_id == work.services[ENGLISH]


# ------------------------------------------------------------------------------ the whole year


async def test_the_year_is_the_mean_of_the_periods_of_the_class(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        math, english = work.services[MATH], work.services[ENGLISH]
        await work.give(math, "T1", P1="10", P2="20")
        await work.give(math, "T2", P1="13")
        await work.give(english, "T2", P1="20")
        await work.change(english, coefficient=Decimal(2))

        wish = averages.ReadPupilYear(pupil_id=work.pupils["P1"])
        year = await work.office.call(averages.READ_PUPIL_YEAR, wish)
        assert [period.name for period in year.periods] == [
            "Trimestre 1",
            "Trimestre 2",
            "Trimestre 3",
        ]
        by_id = {row.service_id: row for row in year.rows}
        assert by_id[math].averages == (Decimal(10), Decimal(13), None)
        assert by_id[math].year == Decimal("11.5")
        assert by_id[english].year == Decimal(20)
        # T2: (13 + 2 x 20) / 3 = 17.67; the year: (10 + 17.67) / 2.
        assert year.generals == (Decimal(10), Decimal("17.67"), None)
        assert year.general == Decimal("13.84")

        teacher = await WireClient.inside(work.door, "teacher", Mode.TEACHER)
        table = await teacher.call(
            averages.READ_SERVICE_YEAR, averages.ReadServiceYear(service_id=math)
        )
        assert [row.year for row in table.rows] == [Decimal("11.5"), Decimal(20)]
        assert table.statistics.average == Decimal("15.75")
        with pytest.raises(NotFound):
            await teacher.call(
                averages.READ_SERVICE_YEAR, averages.ReadServiceYear(service_id=english)
            )
        with pytest.raises(NotAllowed):
            await teacher.call(averages.READ_PUPIL_YEAR, wish)


async def test_a_class_of_semesters_has_a_year_of_two(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        class_id = work.classes["3A"]
        await work.office.call(
            structure.CLASSES.change,
            structure.ChangeClass(id=class_id, name="3e A", period_kind=PeriodKind.SEMESTER),
        )
        await work.give(work.services[MATH], "S1", P1="15")
        await work.give(work.services[MATH], "T1", P1="1")
        year = await work.office.call(
            averages.READ_PUPIL_YEAR, averages.ReadPupilYear(pupil_id=work.pupils["P1"])
        )
        assert [period.name for period in year.periods] == ["Semestre 1", "Semestre 2"]
        assert year.general == Decimal(15)


# ------------------------------------------------------------------------------- school life


async def test_half_days_are_counted_as_the_school_says(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        cpe = await WireClient.inside(work.door, "cpe", Mode.SCHOOL_LIFE)
        monday = date(2020, 9, 14)
        await cpe.call(
            absences.ENTER_ABSENCE,
            absences.EnterAbsence(
                pupil_id=work.pupils["P1"],
                starts_at=Moment(monday, 480),
                ends_at=Moment(monday, 1080),
                justified=True,
            ),
        )
        count = absences.CountHalfDays(pupil_id=work.pupils["P1"])

        async def counted() -> list[tuple[Half, int]]:
            shown = await cpe.call(absences.COUNT_HALF_DAYS, count)
            return [(row.half, row.missed_minutes) for row in shown.rows]

        usual = await cpe.call(half_days.READ_HALF_DAY_OPTIONS, Nothing())
        assert (usual.midday_minute, usual.skip_without_lessons, usual.revision) == (
            750,
            True,
            0,
        )
        assert await counted() == [(Half.MORNING, 60)], "L1, from 8 to 9; no other lesson"
        changed = await work.office.call(
            half_days.CHANGE_HALF_DAY_OPTIONS,
            half_days.ChangeHalfDayOptions(
                midday_minute=510, skip_without_lessons=False, if_revision=0
            ),
        )
        while not cpe.events or not isinstance(cpe.events[-1], BaseChanged):
            await cpe.hear()
        assert await counted() == [(Half.MORNING, 30), (Half.AFTERNOON, 30)]
        assert await cpe.call(half_days.READ_HALF_DAY_OPTIONS, Nothing()) == changed
        with pytest.raises(StaleRevision):
            await work.office.call(
                half_days.CHANGE_HALF_DAY_OPTIONS,
                half_days.ChangeHalfDayOptions(
                    midday_minute=720, skip_without_lessons=True, if_revision=0
                ),
            )
        with pytest.raises(NotAllowed):
            await cpe.call(
                half_days.CHANGE_HALF_DAY_OPTIONS,
                half_days.ChangeHalfDayOptions(midday_minute=720, skip_without_lessons=True),
            )


async def test_school_life_is_sealed_by_the_periods_of_the_class(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """In February the second trimester goes on, and the first semester is over."""
    async with at_work(tmp_path) as work:
        work.school.clock.travel_to(datetime(2021, 2, 5, 10, tzinfo=UTC))
        january = Moment(date(2021, 1, 11), 480)

        async def enter(pupil: str) -> None:
            wish = absences.EnterAbsence(pupil_id=work.pupils[pupil], starts_at=january)
            await work.office.call(absences.ENTER_ABSENCE, wish)

        await work.office.call(
            structure.CLASSES.change,
            structure.ChangeClass(
                id=work.classes["3B"], name="3e B", period_kind=PeriodKind.SEMESTER
            ),
        )
        await enter("P1")
        with pytest.raises(Conflict, match="sealed"):
            await enter("P3")


async def test_somebody_goes_along_with_who_is_excluded_from_a_lesson(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        teacher = await WireClient.inside(work.door, "teacher", Mode.TEACHER)
        p1, p2, p3 = (work.pupils[code] for code in ("P1", "P2", "P3"))

        def wish(**fields: Any) -> punishment_calls.GivePunishment:
            return punishment_calls.GivePunishment(
                **{
                    "pupil_id": p1,
                    "kind": PunishmentKind.EXCLUSION_FROM_LESSON,
                    "duration_minutes": 30,
                    "companion_id": p2,
                    **fields,
                }
            )

        given = await teacher.call(punishment_calls.GIVE_PUNISHMENT, wish())
        assert (given.companion_id, given.companion) == (p2, "BENOIT Émile")
        for fields, refusal in (
            ({"companion_id": p1}, BadRequest),
            ({"companion_id": p3}, NotFound),
            ({"kind": PunishmentKind.DETENTION}, BadRequest),
        ):
            with pytest.raises(refusal):
                await teacher.call(punishment_calls.GIVE_PUNISHMENT, wish(**fields))
        change = punishment_calls.ChangePunishment(
            id=given.id, given_on=given.given_on, duration_minutes=30
        )
        changed = await teacher.call(punishment_calls.CHANGE_PUNISHMENT, change)
        assert (changed.companion_id, changed.companion) == (None, "")
        assert changed.revision > given.revision
        again = attrs.evolve(change, companion_id=p2)
        await teacher.call(punishment_calls.CHANGE_PUNISHMENT, again)
        page = await teacher.call(
            punishment_calls.LIST_PUNISHMENTS, punishment_calls.ListPunishments()
        )
        assert [row.companion for row in page.rows] == ["BENOIT Émile"]
