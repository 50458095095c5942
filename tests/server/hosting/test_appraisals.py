"""Appraisals, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import appraisals as calls
from pronote_protocol.catalogue.appraisals import (
    AppraisalEntry,
    AppraisalsShown,
    EnterAppraisals,
    ListAppraisals,
)
from pronote_protocol.catalogue.periods import (
    LIST_PERIODS,
    SEAL_PERIOD,
    ListPeriods,
    SealPeriod,
)
from pronote_protocol.errors import BadRequest, Conflict, NotAllowed, NotFound, StaleRevision
from pronote_protocol.messages import BaseChanged
from pronote_protocol.words import Mode, SealedMatter
from pronote_server.clock import Clock
from pronote_server.domain.school_data import Lesson
from pronote_server.storage.base_periods import periods
from pronote_server.storage.base_services import ServiceLine, pupils_of_service, services_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)


@attrs.frozen
class Work:
    """A school at work: T1 teaches MATH to 3A, T2 something else."""

    door: TestDoor
    service: ServiceLine
    period: int
    pupils: tuple[int, ...]

    async def teacher(self, login: str = "teacher") -> WireClient:
        return await WireClient.inside(self.door, login, Mode.TEACHER)

    async def office(self) -> WireClient:
        return await WireClient.inside(self.door, "admin")

    async def enter(
        self, client: WireClient, *texts: str, general: bool = False, **fields: Any
    ) -> calls.AppraisalsEntered:
        """Enter these for the first pupils of the class."""
        wish = EnterAppraisals(
            period_id=self.period,
            service_id=None if general else self.service.id,
            entries=tuple(map(AppraisalEntry, self.pupils, texts)),
            **fields,
        )
        return await client.call(calls.ENTER_APPRAISALS, wish)

    async def shown(self, client: WireClient, *, general: bool = False) -> AppraisalsShown:
        wish = ListAppraisals(
            period_id=self.period,
            service_id=None if general else self.service.id,
            class_id=self.service.class_id if general else None,
        )
        return await client.call(calls.LIST_APPRAISALS, wish)


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[Work]:
    data = sample_school()
    english = Lesson("L4", "ALL", ("T2",), ("3A",), (), (), 3, 480, 60)
    data = attrs.evolve(data, lessons=(*data.lessons, english))
    async with (
        open_test_school(tmp_path, data=data, inline=True, clock=Clock(NOW)) as school,
        open_test_door(school) as door,
    ):
        database = school.base_in_service().database
        lines = await database.read(services_of)
        service = next(line for line in lines if line.code == "MATH|T1|C:3A")
        pupils = await database.read(lambda conn: pupils_of_service(conn, service.id))
        first = (await database.read(periods))[0]
        yield Work(door, service, first.id, tuple(pupil.id for pupil in pupils))


async def test_appraisals_are_entered_changed_and_erased(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client = await work.teacher()
        assert (await work.enter(client, " Bon travail. ", "Peut mieux faire.")).changed == 2
        assert (await work.enter(client, "Très bon travail.", "")).changed == 2
        assert (await work.enter(client, "Très bon travail.", "   ")).changed == 0
        shown = await work.shown(client)

    assert [(row.pupil, row.text) for row in shown.rows] == [
        ("ALBERT Zoé", "Très bon travail."),
        ("BENOIT Émile", ""),
    ]


async def test_only_what_is_entered_must_be_fresh(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Erasing counts: what was there is not to be brought back unawares."""
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        await work.enter(client, "Bien.", "Bien.")
        seen = (await work.shown(client)).revision
        await work.enter(office, "")

        with pytest.raises(StaleRevision) as refused:
            await work.enter(client, "Très bien.", if_revision=seen)
        assert refused.value.details["changed"][0]["by"] == "ADMIN"
        await work.enter(client, "", "Très bien.", if_revision=seen)
        assert [row.text for row in (await work.shown(client)).rows] == ["", "Très bien."]


async def test_another_teacher_of_the_class_neither_reads_nor_hears_of_them(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, other = await work.teacher(), await work.teacher("teacher2")
        await work.enter(client, "Bien.")
        with pytest.raises(NotFound):
            await work.shown(other)
        with pytest.raises(NotFound):
            await work.enter(other, "Mal.")
        await other.call(LIST_PERIODS, ListPeriods())

        assert [each for each in other.events if isinstance(each, BaseChanged)] == []
        assert (await work.shown(client)).rows[0].text == "Bien."


async def test_general_ones_are_the_offices(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        assert (await work.enter(office, "Ensemble solide.", general=True)).changed == 1
        assert (await work.shown(office, general=True)).rows[0].text == "Ensemble solide."
        assert (await work.shown(office)).rows[0].text == ""
        with pytest.raises(NotAllowed):
            await work.enter(client, "Moi aussi.", general=True)
        with pytest.raises(NotFound):
            await work.shown(client, general=True)
        await client.call(LIST_PERIODS, ListPeriods())

        assert [each for each in client.events if isinstance(each, BaseChanged)] == []


async def test_a_sealed_period_takes_none(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        assert work.service.class_id is not None
        await office.call(
            SEAL_PERIOD,
            SealPeriod(
                period_id=work.period,
                class_ids=(work.service.class_id,),
                what=(SealedMatter.APPRAISALS,),
            ),
        )
        for asker, general in (client, False), (office, False), (office, True):
            with pytest.raises(Conflict, match="sealed"):
                await work.enter(asker, "Trop tard.", general=general)


async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        first = work.pupils[0]
        twice = (AppraisalEntry(first, "a"), AppraisalEntry(first, "b"))
        stranger = (AppraisalEntry(first, "a"), AppraisalEntry(999, "b"))
        where = {"period_id": work.period, "service_id": work.service.id}
        for entries, refusal in (twice, BadRequest), (stranger, NotFound):
            with pytest.raises(refusal):
                await client.call(
                    calls.ENTER_APPRAISALS, EnterAppraisals(**where, entries=entries)
                )
        with pytest.raises(NotFound):
            await office.call(
                calls.ENTER_APPRAISALS,
                EnterAppraisals(period_id=work.period, entries=stranger),
            )
        with pytest.raises(BadRequest):
            await office.call(calls.LIST_APPRAISALS, ListAppraisals(period_id=work.period))
        with pytest.raises(NotFound):
            await client.call(
                calls.ENTER_APPRAISALS,
                EnterAppraisals(
                    period_id=999,
                    service_id=work.service.id,
                    entries=(AppraisalEntry(first, "a"),),
                ),
            )
        assert [row.text for row in (await work.shown(client)).rows] == ["", ""]
