"""Assessments, marks and averages, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from sqlalchemy import Connection
from trio.testing import MockClock

from pronote_protocol.catalogue import Call
from pronote_protocol.catalogue import assessments as assessment_calls
from pronote_protocol.catalogue import averages as average_calls
from pronote_protocol.catalogue import marks as calls
from pronote_protocol.catalogue import periods as period_calls
from pronote_protocol.catalogue import services as service_calls
from pronote_protocol.catalogue.assessments import AssessmentRow
from pronote_protocol.catalogue.marks import EnterMarks, MarkEntry, MarksShown, StatisticsRow
from pronote_protocol.catalogue.sessions import CHANGE_ACCESS, ChangeAccess
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    NotAllowed,
    NotFound,
    ReadOnly,
    StaleRevision,
)
from pronote_protocol.messages import BaseChanged
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, Annotation, Mode, SealedMatter
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.domain.school_data import Lesson, SchoolData
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_periods import periods
from pronote_server.storage.base_services import pupils_of_service, services_of
from pronote_server.storage.base_writes import audit_of
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
MATH, ENGLISH, GERMAN, GROUP = "MATH|T1|C:3A", "ALL|T2|C:3A", "ALL|T2|C:3B", "HG|T2|G:GB"


@attrs.frozen
class Work:
    """A school at work, and the ids in it by code."""

    school: School
    door: TestDoor
    services: dict[str, int]
    periods: dict[str, int]
    pupils: dict[str, int]

    async def teacher(self, number: int = 1) -> WireClient:
        """A client of T1, who teaches MATH to 3A, or of T2, who has its ALL."""
        login = "teacher" if number == 1 else "teacher2"
        return await WireClient.inside(self.door, login, Mode.TEACHER)

    async def office(self) -> WireClient:
        return await WireClient.inside(self.door, "admin")

    async def assessment(self, client: WireClient, **fields: Any) -> AssessmentRow:
        wish = assessment_calls.CreateAssessment(
            **{
                "service_id": self.services[MATH],
                "period_id": self.periods["T1"],
                "date": DAY,
                **fields,
            }
        )
        return (await client.call(assessment_calls.CREATE_ASSESSMENT, wish)).assessment

    async def enter(
        self, client: WireClient, row: AssessmentRow, revision: int | None = None, **marks: Any
    ) -> calls.MarksEntered:
        entries = tuple(
            MarkEntry(self.pupils[code], None, mark)
            if mark is None or isinstance(mark, Annotation)
            else MarkEntry(self.pupils[code], Decimal(mark), None)
            for code, mark in marks.items()
        )
        wish = EnterMarks(assessment_id=row.id, if_revision=revision, entries=entries)
        return await client.call(calls.ENTER_MARKS, wish)

    async def column(self, client: WireClient, row: AssessmentRow) -> MarksShown:
        return await client.call(calls.READ_MARKS, calls.ReadMarks(assessment_id=row.id))

    async def average(self, client: WireClient, pupil: str) -> Decimal | None:
        wish = average_calls.ReadAverage(
            pupil_id=self.pupils[pupil],
            service_id=self.services[MATH],
            period_id=self.periods["T1"],
        )
        return (await client.call(average_calls.READ_AVERAGE, wish)).average

    async def seal(self, client: WireClient, class_id: int) -> None:
        wish = period_calls.SealPeriod(
            period_id=self.periods["T1"], class_ids=(class_id,), what=(SealedMatter.MARKS,)
        )
        await client.call(period_calls.SEAL_PERIOD, wish)


def two_teachers_of_3a() -> SchoolData:
    data = sample_school()
    english = Lesson("L4", "ALL", ("T2",), ("3A",), (), (), 3, 480, 60)
    return attrs.evolve(data, lessons=(*data.lessons, english))


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[Work]:
    async with (
        open_test_school(
            tmp_path,
            data=two_teachers_of_3a(),
            contract=Contract(consultation=True),
            inline=True,
            clock=Clock(NOW),
        ) as school,
        open_test_door(school) as door,
    ):

        def ids(conn: Connection) -> tuple[dict[str, int], ...]:
            services = {line.code: line.id for line in services_of(conn)}
            pupils = {
                pupil.code: pupil.id
                for service in services.values()
                for pupil in pupils_of_service(conn, service)
            }
            return services, {line.code: line.id for line in periods(conn)}, pupils

        yield Work(school, door, *await school.base_in_service().database.read(ids))


async def class_of(work: Work, service: str) -> int:
    lines = await work.school.base_in_service().database.read(services_of)
    found = next(line.class_id for line in lines if line.code == service)
    assert found is not None
    return found


async def test_the_three_marks_of_the_help_page_make_8_67_brought_to_20_and_12_otherwise(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """domain.md section 10: 18/20, 2/10 and 1/5."""
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        for mark, scale in (18, 20), (2, 10), (1, 5):
            row = await work.assessment(client, scale=Decimal(scale))
            await work.enter(client, row, P1=mark)

        assert await work.average(client, "P1") == Decimal(12)

        await client.call(
            service_calls.CHANGE_SERVICE,
            service_calls.ChangeService(id=work.services[MATH], bring_to_20=True),
        )
        assert await work.average(client, "P1") == Decimal("8.67")
        assert await work.average(client, "P2") is None


async def test_an_assessment_can_be_brought_to_20_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        first = await work.assessment(client)
        second = await work.assessment(client, scale=Decimal(10), bring_to_20=True)
        await work.enter(client, first, P1=18)
        await work.enter(client, second, P1=2)

        assert await work.average(client, "P1") == Decimal(11)


async def test_a_column_shows_every_pupil_and_what_is_between_the_lowest_and_the_highest(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client, title="Fractions")
        empty = await work.column(client, row)
        done = await work.enter(client, row, P1="12.5", P2=Annotation.ABSENT_ZERO)
        shown = await work.column(client, row)

    assert [(cell.value, cell.annotation) for cell in empty.rows] == [(None, None)] * 2
    assert empty.statistics == StatisticsRow(0, None, None, None, None)
    assert done.changed == 2
    assert shown.assessment == attrs.evolve(row, revision=done.revision)
    assert [(cell.pupil, cell.value, cell.annotation) for cell in shown.rows] == [
        ("ALBERT Zoé", Decimal("12.50"), None),
        ("BENOIT Émile", None, Annotation.ABSENT_ZERO),
    ]
    assert shown.statistics == StatisticsRow(
        2, Decimal("6.25"), Decimal(0), Decimal("12.5"), Decimal("6.25")
    )


async def test_a_mark_is_changed_then_erased_and_each_step_is_in_the_audit(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client)
        for mark in (12, Annotation.EXEMPT, 14, None, None):
            await work.enter(client, row, P1=mark)
        shown = await work.column(client, row)
        name = f"{row.id}/{work.pupils['P1']}"
        history = await work.school.base_in_service().database.read(
            lambda conn: audit_of(conn, "mark", name)
        )

    assert shown.rows[0].value is None
    assert [(each.before, each.after) for each in history] == [
        (None, {"value": "12.00"}),
        ({"value": "12.00"}, {"annotation": "exempt"}),
        ({"annotation": "exempt"}, {"value": "14.00"}),
        ({"value": "14.00"}, None),
    ]
    assert {each.actor for each in history} == {"TEACHER"}


async def test_one_wrong_mark_refuses_the_whole_class(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client, scale=Decimal(10))
        stranger = work.pupils["P3"]
        p1, p2 = work.pupils["P1"], work.pupils["P2"]
        for wrong in (
            MarkEntry(p2, Decimal("10.5")),
            MarkEntry(p2, Decimal(-1)),
            MarkEntry(p2, Decimal("0.125")),
            MarkEntry(p2, Decimal(5), Annotation.ABSENT),
            MarkEntry(p1, Decimal(6)),
            MarkEntry(stranger, Decimal(6)),
        ):
            wish = EnterMarks(assessment_id=row.id, entries=(MarkEntry(p1, Decimal(5)), wrong))
            with pytest.raises((BadRequest, NotFound)):
                await client.call(calls.ENTER_MARKS, wish)
        shown = await work.column(client, row)

    assert [cell.value for cell in shown.rows] == [None, None]
    assert shown.assessment.revision == row.revision


async def test_who_enters_on_a_stale_column_is_told_what_changed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        row = await work.assessment(client)
        first = await work.enter(office, row, row.revision, P1=11)

        with pytest.raises(StaleRevision) as refused:
            await work.enter(client, row, row.revision, P1=12)
        assert refused.value.details["revision"] == first.revision
        [change] = refused.value.details["changed"]
        assert change["by"] == "ADMIN"
        assert change["what"] == f"mark {row.id}/{work.pupils['P1']}"
        assert change["after"] == {"value": "11.00"}
        assert (await work.column(client, row)).rows[0].value == Decimal(11)

        # Erasing is a change, too, though nothing is left to carry a revision.
        await work.enter(office, row, first.revision, P1=None)
        with pytest.raises(StaleRevision):
            await work.enter(client, row, first.revision, P1=12)


async def test_an_entry_repeated_with_its_key_is_done_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        row = await work.assessment(client)
        wish = unstructure(
            EnterMarks(
                assessment_id=row.id,
                if_revision=row.revision,
                entries=(MarkEntry(work.pupils["P1"], Decimal(12)),),
            )
        )
        answers = [await client.ask("marks.enter", {**wish, "key": "k1"}, calls.MarksEntered)]
        await work.enter(office, row, P1=15)
        answers.append(
            await client.ask("marks.enter", {**wish, "key": "k1"}, calls.MarksEntered)
        )
        shown = await work.column(client, row)

    assert answers[0] == answers[1]
    assert shown.rows[0].value == Decimal(15)


async def test_only_the_services_teacher_and_the_office_are_told(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """T2 teaches the same class something else; school life has no marks at all."""
    async with at_work(tmp_path) as work:
        client, other = await work.teacher(1), await work.teacher(2)
        office = await work.office()
        life = await WireClient.inside(work.door, "cpe", Mode.SCHOOL_LIFE)
        row = await work.assessment(office)
        await work.enter(office, row, P1=12)
        for each in (client, other, office, life):
            # Whatever was told before it arrives before its answer.
            await each.call(period_calls.LIST_PERIODS, period_calls.ListPeriods())

        def told(one: WireClient) -> list[tuple[str, ...]]:
            return [each.what for each in one.events if isinstance(each, BaseChanged)]

        assert told(client) == told(office) == [("assessments",), ("marks",)]
        assert told(other) == told(life) == []


async def test_the_teacher_of_another_service_finds_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, other = await work.teacher(1), await work.teacher(2)
        row = await work.assessment(client)
        await work.enter(client, row, P1=12)
        service, period, pupil = work.services[MATH], work.periods["T1"], work.pupils["P1"]
        refused: list[tuple[Call[Any, Any], Any]] = [
            (calls.READ_MARKS, calls.ReadMarks(assessment_id=row.id)),
            (calls.READ_GRID, calls.ReadGrid(service_id=service, period_id=period)),
            (
                calls.ENTER_MARKS,
                EnterMarks(assessment_id=row.id, entries=(MarkEntry(pupil, Decimal(20)),)),
            ),
            (
                assessment_calls.LIST_ASSESSMENTS,
                assessment_calls.ListAssessments(service_id=service),
            ),
            (assessment_calls.READ_ASSESSMENT, assessment_calls.AssessmentRef(id=row.id)),
            (
                assessment_calls.CREATE_ASSESSMENT,
                assessment_calls.CreateAssessment(
                    service_id=service, period_id=period, date=DAY
                ),
            ),
            (
                assessment_calls.CHANGE_ASSESSMENT,
                assessment_calls.ChangeAssessment(id=row.id, title="x"),
            ),
            (
                assessment_calls.DELETE_ASSESSMENT,
                assessment_calls.DeleteAssessment(id=row.id, with_marks=True),
            ),
            (
                average_calls.READ_AVERAGE,
                average_calls.ReadAverage(pupil_id=pupil, service_id=service, period_id=period),
            ),
            (
                average_calls.READ_SERVICE_AVERAGES,
                average_calls.ReadServiceAverages(service_id=service, period_id=period),
            ),
        ]
        for call, wish in refused:
            with pytest.raises(NotFound):
                await other.call(call, wish)
        # What is not his is refused in the words of what is not there.
        with pytest.raises(NotFound) as hidden:
            await other.call(calls.READ_MARKS, calls.ReadMarks(assessment_id=row.id))
        with pytest.raises(NotFound) as absent:
            await client.call(calls.READ_MARKS, calls.ReadMarks(assessment_id=row.id + 1))
        assert hidden.value.details["what"] == f"assessment {row.id}"
        assert absent.value.details["what"] == f"assessment {row.id + 1}"
        assert (await work.column(client, row)).rows[0].value == Decimal(12)


async def test_general_averages_are_for_the_office(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        wish = average_calls.ReadPupilReport(
            pupil_id=work.pupils["P1"], period_id=work.periods["T1"]
        )
        with pytest.raises(NotAllowed):
            await client.call(average_calls.READ_PUPIL_REPORT, wish)


async def test_school_life_reads_no_marks_and_consultation_enters_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client)
        life = await WireClient.inside(work.door, "cpe", Mode.SCHOOL_LIFE)
        await client.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))

        with pytest.raises(NotAllowed):
            await work.column(life, row)
        with pytest.raises(ReadOnly):
            await work.enter(client, row, P1=12)
        assert (await work.column(client, row)).total == 2


async def test_nothing_is_entered_in_a_sealed_period(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        row = await work.assessment(client)
        await work.enter(client, row, P1=12)
        await work.seal(office, await class_of(work, MATH))

        for asker in (client, office):
            with pytest.raises(Conflict, match="sealed"):
                await work.enter(asker, row, P1=13)
            with pytest.raises(Conflict, match="sealed"):
                await work.assessment(asker)
            changes: list[tuple[Call[Any, Any], Any]] = [
                (
                    assessment_calls.CHANGE_ASSESSMENT,
                    assessment_calls.ChangeAssessment(id=row.id, coefficient=Decimal(2)),
                ),
                (
                    assessment_calls.DELETE_ASSESSMENT,
                    assessment_calls.DeleteAssessment(id=row.id, with_marks=True),
                ),
                (
                    service_calls.CHANGE_SERVICE,
                    service_calls.ChangeService(id=work.services[MATH], bring_to_20=True),
                ),
            ]
            for call, wish in changes:
                with pytest.raises(Conflict, match="sealed"):
                    await asker.call(call, wish)
        # Another period of the same class is open, and so is this one of another class.
        second = await work.assessment(
            client, period_id=work.periods["T2"], date=date(2021, 1, 5)
        )
        assert (await work.enter(client, second, P1=13)).changed == 1
        with pytest.raises(Conflict, match="sealed"):  # nor is one moved into it
            await client.call(
                assessment_calls.CHANGE_ASSESSMENT,
                assessment_calls.ChangeAssessment(
                    id=second.id, period_id=work.periods["T1"], date=DAY
                ),
            )
        await work.assessment(await work.teacher(2), service_id=work.services[GERMAN])
        assert await work.average(client, "P1") == Decimal(12)


async def test_an_assessment_that_has_marks_goes_only_with_them(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client)
        done = await work.enter(client, row, P1=12, P2=8)
        delete = assessment_calls.DeleteAssessment(id=row.id, if_revision=done.revision)
        with pytest.raises(Conflict, match="2 marks"):
            await client.call(assessment_calls.DELETE_ASSESSMENT, delete)
        with pytest.raises(StaleRevision):
            await client.call(
                assessment_calls.DELETE_ASSESSMENT,
                attrs.evolve(delete, with_marks=True, if_revision=row.revision),
            )
        await client.call(
            assessment_calls.DELETE_ASSESSMENT, attrs.evolve(delete, with_marks=True)
        )
        with pytest.raises(NotFound):
            await work.column(client, row)
        left = await work.school.base_in_service().database.read(
            lambda conn: conn.execute(schema.mark.select()).all()
        )
        assert left == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": Decimal(0)},
        {"scale": Decimal("999.5")},
        {"coefficient": Decimal(-1)},
        {"coefficient": Decimal("1.125")},
        {"coefficient": Decimal(999999999)},
        {"date": date(2021, 1, 5)},
        {"title": "x" * 201},
    ],
    ids=str,
)
async def test_an_impossible_assessment_is_refused(
    tmp_path: Path, autojump_clock: MockClock, wrong: dict[str, Any]
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client)
        change = {"id": row.id, "if_revision": row.revision}
        plain = {
            name: value if isinstance(value, str) else unstructure(value)
            for name, value in wrong.items()
        }
        created = {"service_id": work.services[MATH], "period_id": work.periods["T1"]}
        with pytest.raises(BadRequest):
            await client.ask(
                "assessments.create", {**created, "date": DAY.isoformat(), **plain}, dict
            )
        with pytest.raises(BadRequest):
            await client.ask("assessments.change", {**change, **plain}, dict)


async def test_a_scale_never_goes_below_a_mark(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client)
        await work.enter(client, row, P1=12, P2=Annotation.ABSENT)
        change = assessment_calls.ChangeAssessment(id=row.id, scale=Decimal(10))
        with pytest.raises(Conflict, match="1 marks are above 10"):
            await client.call(assessment_calls.CHANGE_ASSESSMENT, change)

        shown = await client.call(
            assessment_calls.CHANGE_ASSESSMENT, attrs.evolve(change, scale=Decimal(12))
        )
        assert shown.assessment.scale == Decimal(12)


async def test_a_change_leaves_what_it_does_not_name(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        row = await work.assessment(client, title="Fractions", published_on=DAY)
        wish = assessment_calls.ChangeAssessment(id=row.id, coefficient=Decimal(2))
        shown = await client.call(assessment_calls.CHANGE_ASSESSMENT, wish)
        hidden = await client.call(
            assessment_calls.CHANGE_ASSESSMENT,
            assessment_calls.ChangeAssessment(id=row.id, unpublish=True),
        )
        listed = await client.call(
            assessment_calls.LIST_ASSESSMENTS,
            assessment_calls.ListAssessments(service_id=work.services[MATH]),
        )

    expected = attrs.evolve(row, coefficient=Decimal(2), revision=shown.assessment.revision)
    assert shown.assessment == expected
    assert hidden.assessment.published_on is None
    assert listed.rows == (hidden.assessment,)


async def test_the_grid_and_the_table_of_a_service_agree(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        second = await work.assessment(client, date=date(2020, 10, 8))
        first = await work.assessment(client)
        await work.enter(client, first, P1=10, P2=8)
        await work.enter(client, second, P1=Annotation.NOT_GRADED, P2=17)
        where = {"service_id": work.services[MATH], "period_id": work.periods["T1"]}
        grid = await client.call(calls.READ_GRID, calls.ReadGrid(**where))
        rest = await client.call(calls.READ_GRID, calls.ReadGrid(**where, offset=1))
        table = await client.call(
            average_calls.READ_SERVICE_AVERAGES, average_calls.ReadServiceAverages(**where)
        )

    assert [row.id for row in grid.assessments] == [first.id, second.id]
    assert [(row.values, row.annotations) for row in grid.rows] == [
        ((Decimal(10), None), (None, Annotation.NOT_GRADED)),
        ((Decimal(8), Decimal(17)), (None, None)),
    ]
    assert rest.rows == grid.rows[1:]
    assert [row.average for row in table.rows] == [Decimal(10), Decimal("12.5")]
    assert [row.average for row in grid.rows] == [row.average for row in table.rows]
    assert grid.statistics == table.statistics
    assert table.statistics == StatisticsRow(
        2, Decimal("11.25"), Decimal(10), Decimal("12.5"), Decimal("11.25")
    )


async def test_a_general_average_weighs_services_by_their_coefficients(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        office = await work.office()
        for service, marks in (MATH, {"P1": 10, "P2": 16}), (ENGLISH, {"P1": 16}):
            row = await work.assessment(office, service_id=work.services[service])
            await work.enter(office, row, **marks)
        await office.call(
            service_calls.CHANGE_SERVICE,
            service_calls.ChangeService(id=work.services[MATH], coefficient=Decimal(2)),
        )
        pupil = await office.call(
            average_calls.READ_PUPIL_REPORT,
            average_calls.ReadPupilReport(
                pupil_id=work.pupils["P1"], period_id=work.periods["T1"]
            ),
        )
        whole = await office.call(
            average_calls.READ_CLASS_REPORT,
            average_calls.ReadClassReport(
                class_id=await class_of(work, MATH), period_id=work.periods["T1"]
            ),
        )

    assert pupil.general == Decimal(12)
    assert [(row.average, row.coefficient) for row in pupil.rows] == [
        (Decimal(16), Decimal(1)),
        (Decimal(10), Decimal(2)),
    ]
    assert [row.average for row in whole.pupils] == [Decimal(12), Decimal(16)]
    assert whole.statistics.average == Decimal(14)
    # 13 in mathematics twice and 16 in the other.
    assert whole.general == Decimal(14)
    assert [row.average for row in whole.rows] == [Decimal(16), Decimal(13)]


async def test_a_sealed_class_of_a_group_refuses_its_own_pupils(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(2), await work.office()
        row = await work.assessment(client, service_id=work.services[GROUP])
        assert (await work.enter(client, row, P4=12)).changed == 1
        await work.seal(office, await class_of(work, GERMAN))

        with pytest.raises(Conflict, match="sealed"):
            await work.enter(client, row, P4=13)
