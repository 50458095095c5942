"""Skills, evaluations, levels and positions, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from sqlalchemy import Connection, insert, select, update
from trio.testing import MockClock

from pronote_protocol.catalogue import Call
from pronote_protocol.catalogue import evaluations as calls
from pronote_protocol.catalogue import skills as skill_calls
from pronote_protocol.catalogue.evaluations import (
    ChangeEvaluation,
    CreateEvaluation,
    DeleteEvaluation,
    EnterLevels,
    EvaluationRef,
    EvaluationShown,
    LevelEntry,
    ListEvaluations,
    ReadLevels,
    ReadPositions,
)
from pronote_protocol.catalogue.skills import ChangeSkill, CreateSkill, ListSkills, SkillRef
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    NotAllowed,
    NotFound,
    StaleRevision,
)
from pronote_protocol.records import unstructure
from pronote_protocol.words import Level, Mode, PeriodKind, PositioningMode
from pronote_server.clock import Clock
from pronote_server.domain.school_calendar import Period
from pronote_server.hosting.school import School
from pronote_server.storage import base_periods, base_skills
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import pupils_of_service, services_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

NOW: Final = datetime(2020, 9, 5, 10, 0, tzinfo=UTC)
DAY: Final = date(2020, 9, 7)


@attrs.frozen
class Work:
    school: School
    door: TestDoor
    services: dict[str, int]
    pupils: dict[str, int]
    skills: dict[str, int]
    period: int

    @property
    def maths(self) -> int:
        return self.services["MATH|T1|C:3A"]

    async def teacher(self) -> WireClient:
        return await WireClient.inside(self.door, "teacher", Mode.TEACHER)

    async def write(self, command: Any) -> None:
        await self.school.base_in_service().database.write(command)

    async def evaluation(self, client: WireClient, **wish: Any) -> EvaluationShown:
        usual = {
            "service_id": self.maths,
            "period_id": self.period,
            "date": DAY,
            "skill_ids": tuple(self.skills.values()),
        }
        return await client.call(calls.CREATE_EVALUATION, CreateEvaluation(**{**usual, **wish}))

    async def levels(
        self, client: WireClient, evaluation: int, *cells: tuple[str, str, Level | None]
    ) -> calls.LevelsEntered:
        entries = tuple(
            LevelEntry(self.pupils[pupil], self.skills[skill], level)
            for pupil, skill, level in cells
        )
        return await client.call(
            calls.ENTER_LEVELS, EnterLevels(evaluation_id=evaluation, entries=entries)
        )


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[Work]:
    """A school at work: one period, three skills of two domains."""
    async with (
        open_test_school(
            tmp_path, data=sample_school(), inline=True, clock=Clock(NOW)
        ) as school,
        open_test_door(school) as door,
    ):

        def prepare(conn: Connection) -> tuple[dict[str, int], ...]:
            services = {line.code: line.id for line in services_of(conn)}
            pupils = {
                line.code: line.id
                for service in services.values()
                for line in pupils_of_service(conn, service)
            }
            periods = base_periods.periods(conn)
            if periods:
                period = next(one.id for one in periods if DAY in one.period)
            else:
                first = Period(
                    "T1",
                    "Trimestre 1",
                    PeriodKind.TRIMESTER,
                    date(2020, 9, 1),
                    date(2020, 11, 30),
                )
                (period,) = base_periods.insert_periods(conn, [first])
            skills = {
                code: base_skills.insert_skill(conn, code, name, domain)
                for code, name, domain in (
                    ("N2", "Calculer", "Nombres"),
                    ("G1", "Construire", "Géométrie"),
                    ("N1", "Comparer", "Nombres"),
                )
            }
            return services, pupils, skills, {"period": period}

        services, pupils, skills, period = await school.base_in_service().database.write(
            prepare
        )
        yield Work(school, door, services, pupils, skills, period["period"])


async def test_an_evaluation_shows_its_skills_by_domain_and_code(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()

        shown = await work.evaluation(client, title="Contrôle", coefficient=Decimal("1.5"))

        assert [skill.code for skill in shown.skills] == ["G1", "N1", "N2"]
        assert shown.evaluation.skill_ids == tuple(skill.id for skill in shown.skills)
        again = await client.call(calls.READ_EVALUATION, EvaluationRef(id=shown.evaluation.id))
        assert again == shown
        page = await client.call(calls.LIST_EVALUATIONS, ListEvaluations(service_id=work.maths))
        assert page.rows == (shown.evaluation,)


async def test_levels_of_a_class_are_entered_in_one_call(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        made = (await work.evaluation(client)).evaluation

        entered = await work.levels(
            client,
            made.id,
            ("P1", "G1", Level.FRAGILE),
            ("P2", "N1", Level.VERY_GOOD),
            ("P2", "N2", Level.ABSENT),
        )
        again = await work.levels(client, made.id, ("P1", "G1", Level.FRAGILE))
        await work.levels(client, made.id, ("P2", "N2", None))

        assert (entered.changed, again.changed) == (3, 0)
        shown = await client.call(calls.READ_LEVELS, ReadLevels(evaluation_id=made.id))
        assert [row.levels for row in shown.rows] == [
            (Level.FRAGILE, None, None),
            (None, Level.VERY_GOOD, None),
        ]
        assert shown.evaluation.revision > made.revision


async def test_all_levels_of_a_call_are_refused_with_one_of_them(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        made = (await work.evaluation(client)).evaluation

        with pytest.raises(NotFound):
            await work.levels(
                client, made.id, ("P1", "G1", Level.FRAGILE), ("P3", "G1", Level.FRAGILE)
            )
        with pytest.raises(BadRequest):
            await work.levels(
                client, made.id, ("P1", "G1", Level.FRAGILE), ("P1", "G1", Level.VERY_GOOD)
            )

        shown = await client.call(calls.READ_LEVELS, ReadLevels(evaluation_id=made.id))
        assert {level for row in shown.rows for level in row.levels} == {None}


async def test_only_a_cell_somebody_else_wrote_makes_an_entry_stale(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await WireClient.inside(work.door, "admin")
        made = (await work.evaluation(client)).evaluation
        await work.levels(office, made.id, ("P1", "G1", Level.FRAGILE))
        # Emptied again, it is changed all the same.
        await work.levels(office, made.id, ("P1", "G1", None))

        def wish(pupil: str) -> EnterLevels:
            cell = LevelEntry(work.pupils[pupil], work.skills["G1"], Level.VERY_GOOD)
            return EnterLevels(
                evaluation_id=made.id, if_revision=made.revision, entries=(cell,)
            )

        entered = await client.call(calls.ENTER_LEVELS, wish("P2"))
        with pytest.raises(StaleRevision) as refused:
            await client.call(calls.ENTER_LEVELS, wish("P1"))

        assert entered.changed == 1
        assert [one["by"] for one in refused.value.details["changed"]] == ["ADMIN", "ADMIN"]


async def test_levels_sent_twice_with_one_key_are_entered_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        made = (await work.evaluation(client)).evaluation
        cell = LevelEntry(work.pupils["P1"], work.skills["G1"], Level.FRAGILE)
        wish = unstructure(EnterLevels(evaluation_id=made.id, entries=(cell,)))

        first, second = [
            await client.ask("levels.enter", {**wish, "key": "k"}, calls.LevelsEntered)
            for _ in range(2)
        ]

        assert first == second
        assert first.changed == 1


async def test_a_skill_with_levels_stays_in_its_evaluation(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        made = (await work.evaluation(client)).evaluation
        await work.levels(client, made.id, ("P1", "G1", Level.FRAGILE))

        def keep(*codes: str) -> ChangeEvaluation:
            return ChangeEvaluation(
                id=made.id, skill_ids=tuple(work.skills[code] for code in codes)
            )

        with pytest.raises(Conflict):
            await client.call(calls.CHANGE_EVALUATION, keep("N1"))
        shown = await client.call(calls.CHANGE_EVALUATION, keep("N1", "G1"))
        assert [skill.code for skill in shown.skills] == ["G1", "N1"]

        with pytest.raises(Conflict):
            await client.call(calls.DELETE_EVALUATION, DeleteEvaluation(id=made.id))
        await client.call(
            calls.DELETE_EVALUATION, DeleteEvaluation(id=made.id, with_levels=True)
        )
        with pytest.raises(NotFound):
            await client.call(calls.READ_EVALUATION, EvaluationRef(id=made.id))


async def test_a_sealed_period_takes_no_levels(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        made = (await work.evaluation(client)).evaluation

        def seal(conn: Connection) -> None:
            service = schema.service.c
            class_id = conn.execute(
                select(service.class_id).where(service.id == work.maths)
            ).scalar_one()
            conn.execute(
                insert(schema.sealing).values(
                    class_id=class_id,
                    period_id=work.period,
                    what="levels",
                    sealed_at=NOW - timedelta(days=1),
                )
            )

        await work.write(seal)

        with pytest.raises(Conflict, match="sealed"):
            await work.levels(client, made.id, ("P1", "G1", Level.FRAGILE))
        with pytest.raises(Conflict, match="sealed"):
            await work.evaluation(client)
        with pytest.raises(Conflict, match="sealed"):
            await client.call(calls.CHANGE_EVALUATION, ChangeEvaluation(id=made.id, title="x"))
        with pytest.raises(Conflict, match="sealed"):
            await client.call(calls.DELETE_EVALUATION, DeleteEvaluation(id=made.id))


async def test_a_pupil_is_positioned_by_domain_and_a_teacher_by_his_own_evaluations(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await WireClient.inside(work.door, "admin")
        made = (await work.evaluation(client)).evaluation
        idle = (await work.evaluation(client, coefficient=Decimal(0))).evaluation
        await work.levels(
            client,
            made.id,
            ("P1", "N1", Level.VERY_GOOD),
            ("P1", "N2", Level.SATISFACTORY),
            ("P1", "G1", Level.ABSENT),
        )
        await work.levels(client, idle.id, ("P1", "N1", Level.INSUFFICIENT))
        wish = ReadPositions(pupil_id=work.pupils["P1"], mode=PositioningMode.ALL)

        shown = await client.call(calls.READ_POSITIONS, wish)

        assert [(row.domain, row.results, row.points, row.position) for row in shown.rows] == [
            ("Géométrie", 0, None, None),
            ("Nombres", 2, Decimal("45.00"), 3),
        ]
        assert shown.overall.points == Decimal("45.00")
        assert await office.call(calls.READ_POSITIONS, wish) == shown
        for pupil in (work.pupils["P3"], 999):
            with pytest.raises(NotFound):
                await client.call(calls.READ_POSITIONS, ReadPositions(pupil_id=pupil))


async def test_a_teacher_evaluates_his_services_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await WireClient.inside(work.door, "admin")
        german = work.services["ALL|T2|C:3B"]
        other = (await work.evaluation(office, service_id=german)).evaluation

        with pytest.raises(NotFound):
            await work.evaluation(client, service_id=german)
        with pytest.raises(NotFound):
            await client.call(calls.LIST_EVALUATIONS, ListEvaluations(service_id=german))
        refused: list[tuple[Call[Any, Any], Any]] = [
            (calls.READ_EVALUATION, EvaluationRef(id=other.id)),
            (calls.CHANGE_EVALUATION, ChangeEvaluation(id=other.id, title="x")),
            (calls.DELETE_EVALUATION, DeleteEvaluation(id=other.id)),
            (calls.READ_LEVELS, ReadLevels(evaluation_id=other.id)),
        ]
        for call, wish in refused:
            with pytest.raises(NotFound):
                await client.call(call, wish)
        with pytest.raises(NotFound):
            await work.levels(client, other.id, ("P3", "G1", Level.FRAGILE))
        assert client.events == []


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"date": date(2021, 8, 1)}, BadRequest),
        ({"period_id": 999}, NotFound),
        ({"skill_ids": (999,)}, NotFound),
        ({"coefficient": Decimal(-1)}, BadRequest),
        ({"coefficient": Decimal("0.001")}, BadRequest),
    ],
)
async def test_an_impossible_evaluation_is_refused(
    tmp_path: Path,
    autojump_clock: MockClock,
    wish: dict[str, Any],
    refusal: type[Exception],
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()

        with pytest.raises(refusal):
            await work.evaluation(client, **wish)


async def test_a_service_of_marks_only_takes_no_evaluation(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        await work.write(
            lambda conn: conn.execute(update(schema.service).values(evaluates_in="marks"))
        )

        with pytest.raises(Conflict):
            await work.evaluation(client)


async def test_the_administration_keeps_the_list_of_skills(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await WireClient.inside(work.door, "admin")
        wish = CreateSkill(code=" L1 ", name="Écrire", domain="Langues")

        with pytest.raises(NotAllowed):
            await client.call(skill_calls.CREATE_SKILL, wish)
        made = (await office.call(skill_calls.CREATE_SKILL, wish)).skill
        with pytest.raises(Conflict, match="L1"):
            await office.call(skill_calls.CREATE_SKILL, wish)
        changed = await office.call(
            skill_calls.CHANGE_SKILL, ChangeSkill(id=made.id, name="Rédiger")
        )
        found = await client.call(skill_calls.LIST_SKILLS, ListSkills(search="redig lang"))

        assert (made.code, changed.skill.name) == ("L1", "Rédiger")
        assert found.rows == (changed.skill,)
        await work.evaluation(client)
        with pytest.raises(Conflict):
            await office.call(skill_calls.DELETE_SKILL, SkillRef(id=work.skills["N1"]))
        await office.call(skill_calls.DELETE_SKILL, SkillRef(id=made.id))
        assert (await client.call(skill_calls.LIST_SKILLS, ListSkills())).total == 3
