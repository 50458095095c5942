"""The homework notebook, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import notebook as calls
from pronote_protocol.catalogue.notebook import (
    ChangeNotebook,
    DeleteNotebook,
    EnterNotebook,
    HomeworkEntry,
    ListHomework,
    ListNotebook,
    NotebookRef,
    NotebookRow,
)
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
from pronote_protocol.words import Access, Mode, NotebookPublication
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.domain.school_data import Lesson, SchoolData
from pronote_server.hosting.school import School
from pronote_server.storage.base_services import services_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

# The lesson of mathematics is on Mondays at 8, German on Tuesdays at 9.
NOW: Final = datetime(2020, 9, 5, 10, 0, tzinfo=UTC)
MONDAY: Final = date(2020, 9, 7)
TUESDAY: Final = date(2020, 9, 8)


@asynccontextmanager
async def working(
    tmp_path: Path, data: SchoolData | None = None
) -> AsyncIterator[tuple[School, TestDoor, dict[str, int]]]:
    """A school at work, its door, and its services by code."""
    async with (
        open_test_school(
            tmp_path,
            data=data or sample_school(),
            inline=True,
            clock=Clock(NOW),
            contract=Contract(consultation=True),
        ) as school,
        open_test_door(school) as door,
    ):
        lines = await school.base_in_service().database.read(services_of)
        yield school, door, {line.code: line.id for line in lines}


async def teacher(door: TestDoor) -> WireClient:
    return await WireClient.inside(door, "teacher", Mode.TEACHER)


async def entered(client: WireClient, **wish: Any) -> NotebookRow:
    return (await client.call(calls.ENTER_NOTEBOOK, EnterNotebook(**wish))).entry


async def test_an_entry_is_published_when_its_lesson_begins(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)
        task = HomeworkEntry(due_on=date(2020, 9, 14), text=" Exercice 3 ")

        entry = await entered(
            client,
            service_id=services["MATH|T1|C:3A"],
            date=MONDAY,
            content="Fractions",
            homework=(task,),
        )

        assert entry.lesson_id is not None
        # 8:00 in Paris, in summer.
        assert entry.published_at == datetime(2020, 9, 7, 6, 0, tzinfo=UTC)
        assert (entry.subject, entry.audience) == ("Mathématiques", "3e A")
        assert [(one.due_on, one.text) for one in entry.homework] == [
            (date(2020, 9, 14), "Exercice 3")
        ]
        shown = await client.call(calls.READ_NOTEBOOK, NotebookRef(id=entry.id))
        assert shown.entry == entry


@pytest.mark.parametrize(
    ("day", "publication", "published"),
    [
        (MONDAY, NotebookPublication.LESSON_END, datetime(2020, 9, 7, 7, 0, tzinfo=UTC)),
        (MONDAY, NotebookPublication.NOT_YET, None),
        # No lesson on that day: the whole of it, by the school's clock.
        (TUESDAY, NotebookPublication.LESSON_START, datetime(2020, 9, 7, 22, 0, tzinfo=UTC)),
        (TUESDAY, NotebookPublication.LESSON_END, datetime(2020, 9, 8, 22, 0, tzinfo=UTC)),
        # Winter time; the clocks went back on the 25th.
        (
            date(2020, 10, 26),
            NotebookPublication.LESSON_START,
            datetime(2020, 10, 26, 7, 0, tzinfo=UTC),
        ),
    ],
)
async def test_publication_follows_the_lesson(
    tmp_path: Path,
    autojump_clock: MockClock,
    day: date,
    publication: NotebookPublication,
    published: datetime | None,
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)

        entry = await entered(
            client, service_id=services["MATH|T1|C:3A"], date=day, publication=publication
        )

        assert entry.published_at == published


async def test_each_lesson_of_a_day_has_one_entry(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    data = sample_school()
    later = Lesson("L9", "MATH", ("T1",), ("3A",), (), (), 0, 840, 60)
    data = attrs.evolve(data, lessons=(*data.lessons, later))
    async with working(tmp_path, data) as (_, door, services):
        client = await teacher(door)
        service = services["MATH|T1|C:3A"]

        first, second, third = [
            await entered(client, service_id=service, date=MONDAY) for _ in range(3)
        ]

        assert first.lesson_id != second.lesson_id
        assert third.lesson_id is None
        with pytest.raises(Conflict):
            await entered(client, service_id=service, date=MONDAY, lesson_id=first.lesson_id)
        with pytest.raises(BadRequest):
            await entered(client, service_id=service, date=TUESDAY, lesson_id=first.lesson_id)


async def test_lists_are_by_class_and_days(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with working(tmp_path) as (school, door, services):
        office = await WireClient.inside(door, "admin")
        maths, group = services["MATH|T1|C:3A"], services["HG|T2|G:GB"]
        for service, day in ((maths, TUESDAY), (maths, MONDAY), (group, MONDAY)):
            task = HomeworkEntry(due_on=date(2020, 9, 20 - day.day), text="Lire")
            await entered(office, service_id=service, date=day, homework=(task,))
        lines = await school.base_in_service().database.read(services_of)
        class_id = next(line.class_id for line in lines if line.id == maths)

        whole = await office.call(calls.LIST_NOTEBOOK, ListNotebook(class_id=class_id))
        late = await office.call(
            calls.LIST_NOTEBOOK, ListNotebook(class_id=class_id, first=TUESDAY)
        )
        page = await office.call(calls.LIST_NOTEBOOK, ListNotebook(offset=1, limit=1))
        due = await office.call(calls.LIST_HOMEWORK, ListHomework(last=date(2020, 9, 12)))

        assert [(row.service_id, row.date) for row in whole.rows] == [
            (maths, MONDAY),
            (maths, TUESDAY),
        ]
        assert [row.date for row in late.rows] == [TUESDAY]
        assert (page.total, len(page.rows)) == (3, 1)
        assert [(row.service_id, row.due_on) for row in due.rows] == [
            (maths, date(2020, 9, 12))
        ]


async def test_a_page_of_long_entries_is_cut_before_it_is_too_large_for_a_frame(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        office = await WireClient.inside(door, "admin")
        for _ in range(40):
            await entered(
                office, service_id=services["MATH|T1|C:3A"], date=MONDAY, content="é" * 5999
            )
            await entered(
                office, service_id=services["MATH|T1|C:3A"], date=TUESDAY, content="é" * 5999
            )

        page = await office.call(calls.LIST_NOTEBOOK, ListNotebook(limit=500))
        rest = await office.call(
            calls.LIST_NOTEBOOK, ListNotebook(limit=500, offset=len(page.rows))
        )

        assert page.total == 80
        assert 0 < len(page.rows) < 80
        assert len(page.rows) + len(rest.rows) == 80


async def test_a_change_keeps_the_homework_it_names_and_drops_the_rest(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)
        due = date(2020, 9, 14)
        entry = await entered(
            client,
            service_id=services["MATH|T1|C:3A"],
            date=MONDAY,
            homework=(HomeworkEntry(due_on=due, text="A"), HomeworkEntry(due_on=due, text="B")),
        )
        kept = entry.homework[1]

        changed = await client.call(
            calls.CHANGE_NOTEBOOK,
            ChangeNotebook(
                id=entry.id,
                homework=(
                    HomeworkEntry(id=kept.id, due_on=due, text="B, au propre"),
                    HomeworkEntry(due_on=due, text="C"),
                ),
            ),
        )

        assert [one.text for one in changed.entry.homework] == ["B, au propre", "C"]
        assert changed.entry.homework[0].id == kept.id
        with pytest.raises(NotFound):
            await client.call(
                calls.CHANGE_NOTEBOOK,
                ChangeNotebook(
                    id=entry.id,
                    homework=(HomeworkEntry(id=entry.homework[0].id, due_on=due, text="A"),),
                ),
            )


async def test_a_change_on_a_stale_revision_is_refused_with_what_changed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client, office = await teacher(door), await WireClient.inside(door, "admin")
        entry = await entered(client, service_id=services["MATH|T1|C:3A"], date=MONDAY)
        await office.call(
            calls.CHANGE_NOTEBOOK, ChangeNotebook(id=entry.id, content="Du secrétariat")
        )

        with pytest.raises(StaleRevision) as refused:
            await client.call(
                calls.CHANGE_NOTEBOOK,
                ChangeNotebook(id=entry.id, if_revision=entry.revision, content="De moi"),
            )
        with pytest.raises(StaleRevision):
            await client.call(
                calls.DELETE_NOTEBOOK, DeleteNotebook(id=entry.id, if_revision=entry.revision)
            )

        (change,) = refused.value.details["changed"]
        assert change["by"] == "ADMIN"
        assert change["after"]["content"] == "Du secrétariat"
        shown = await client.call(calls.READ_NOTEBOOK, NotebookRef(id=entry.id))
        assert shown.entry.content == "Du secrétariat"


async def test_a_retry_with_the_same_key_is_done_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)
        wish = unstructure(EnterNotebook(service_id=services["MATH|T1|C:3A"], date=MONDAY))

        first, second = [
            await client.ask("notebook.enter", {**wish, "key": "k"}, calls.NotebookShown)
            for _ in range(2)
        ]

        assert first == second
        page = await client.call(calls.LIST_NOTEBOOK, ListNotebook())
        assert page.total == 1


async def test_a_teacher_keeps_the_notebook_of_his_services_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client, office = await teacher(door), await WireClient.inside(door, "admin")
        german = services["ALL|T2|C:3B"]
        other = await entered(office, service_id=german, date=TUESDAY)

        with pytest.raises(NotFound):
            await entered(client, service_id=german, date=TUESDAY)
        with pytest.raises(NotFound):
            await client.call(calls.READ_NOTEBOOK, NotebookRef(id=other.id))
        with pytest.raises(NotFound):
            await client.call(calls.CHANGE_NOTEBOOK, ChangeNotebook(id=other.id, content="x"))
        with pytest.raises(NotFound):
            await client.call(calls.DELETE_NOTEBOOK, DeleteNotebook(id=other.id))
        with pytest.raises(NotFound):
            await client.call(calls.LIST_NOTEBOOK, ListNotebook(service_id=german))
        with pytest.raises(NotFound):
            await client.call(calls.LIST_HOMEWORK, ListHomework(service_id=german))
        assert (await client.call(calls.LIST_NOTEBOOK, ListNotebook())).total == 0


async def test_school_life_reads_it_and_consultation_does_not_write(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        service = services["MATH|T1|C:3A"]
        life = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        office = await WireClient.inside(door, "admin")
        entry = await entered(office, service_id=service, date=MONDAY)
        await office.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))

        assert (await life.call(calls.LIST_NOTEBOOK, ListNotebook())).rows == (entry,)
        with pytest.raises(NotAllowed):
            await entered(life, service_id=service, date=MONDAY)
        with pytest.raises(ReadOnly):
            await entered(office, service_id=service, date=MONDAY)


async def test_who_may_see_an_entry_is_told(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)
        life = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        office = await WireClient.inside(door, "admin")

        await entered(office, service_id=services["ALL|T2|C:3B"], date=TUESDAY)
        await entered(office, service_id=services["MATH|T1|C:3A"], date=MONDAY)

        heard = [await each.hear() for each in (client, life, life)]
        # The teacher heard of the second entry only.
        assert [isinstance(each, BaseChanged) for each in heard] == [True, True, True]
        assert {each.what for each in heard} == {("notebook",)}
        assert [each.revision for each in heard] == [
            heard[2].revision,
            heard[2].revision - 1,
            heard[2].revision,
        ]


@pytest.mark.parametrize(
    "wish",
    [
        {"date": date(2031, 1, 1)},
        {"homework": (HomeworkEntry(due_on=date(2020, 9, 6), text="Hier"),)},
        {"homework": (HomeworkEntry(due_on=date(2031, 9, 6), text="Plus tard"),)},
        {"homework": (HomeworkEntry(due_on=MONDAY, text="  "),)},
        {"lesson_id": 999},
    ],
)
async def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    tmp_path: Path, autojump_clock: MockClock, wish: dict[str, Any]
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)

        with pytest.raises(BadRequest):
            await entered(
                client, **{"service_id": services["MATH|T1|C:3A"], "date": MONDAY, **wish}
            )

        assert (await client.call(calls.LIST_NOTEBOOK, ListNotebook())).total == 0


async def test_deleting_an_entry_takes_its_homework_along(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door, services):
        client = await teacher(door)
        entry = await entered(
            client,
            service_id=services["MATH|T1|C:3A"],
            date=MONDAY,
            homework=(HomeworkEntry(due_on=MONDAY, text="Tout de suite"),),
        )

        await client.call(calls.DELETE_NOTEBOOK, DeleteNotebook(id=entry.id))

        assert (await client.call(calls.LIST_HOMEWORK, ListHomework())).total == 0
        with pytest.raises(NotFound):
            await client.call(calls.READ_NOTEBOOK, NotebookRef(id=entry.id))
