"""Teachers, pupils, guardians, classes, groups and the rest, one at a time, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Table, select
from trio.testing import MockClock

from pronote_protocol.catalogue import calendar, people, structure
from pronote_protocol.catalogue.resource_calls import ResourceCalls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    NotAllowed,
    NotFound,
    ReadOnly,
    StaleRevision,
)
from pronote_protocol.messages import BaseChanged, Nothing
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, Kinship, Mode, PeriodKind, ResourceOrder
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.hosting.resource_kinds import KINDS
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import AuditEntry, audit_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)

# What each kind is created with, and changed to.
SAMPLES: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "teachers": (
        {"last_name": "MARTEL", "first_name": "Anne", "civility": "Mme"},
        {"last_name": "MARTEL-ROY", "first_name": "Anne", "civility": "Mme"},
    ),
    "pupils": (
        {"last_name": "QUENEAU", "class_id": 1, "born": date(2006, 3, 4)},
        {"last_name": "QUENEAU", "class_id": 2, "born": date(2006, 3, 4)},
    ),
    "guardians": (
        {"last_name": "QUENEAU", "email": "q@example.org"},
        {"last_name": "QUENEAU", "phone": "01 00 00 00 00"},
    ),
    "functions": ({"name": "Infirmière"}, {"name": "Infirmier"}),
    "staff": (
        {"last_name": "RENARD", "function_id": 1},
        {"last_name": "RENARD", "first_name": "Luc"},
    ),
    "classes": (
        {"name": "3e C", "level": "3e"},
        {"name": "3e C", "level": "3e", "period_kind": PeriodKind.SEMESTER},
    ),
    "school_groups": (
        {"name": "Latin", "class_ids": (1, 2)},
        {"name": "Latin", "class_ids": (2,)},
    ),
    "subjects": ({"name": "Latin"}, {"name": "Grec"}),
    "rooms": ({"name": "Salle 102", "capacity": 24}, {"name": "Salle 102"}),
    "letters": (
        {"name": "Convocation", "category": "Discipline"},
        {"name": "Convocation", "category": "Absences"},
    ),
    "holidays": (
        {"name": "Toussaint", "starts_on": date(2020, 10, 17), "ends_on": date(2020, 11, 1)},
        {"name": "Toussaint", "starts_on": date(2020, 10, 17), "ends_on": date(2020, 11, 2)},
    ),
}
EACH = pytest.mark.parametrize(
    "calls", [managed.calls for managed in KINDS], ids=lambda calls: calls.family
)
Calls = ResourceCalls[Any, ..., ..., ...]


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path,
            data=sample_school(),
            inline=True,
            clock=Clock(NOW),
            contract=Contract(consultation=True),
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def ids(school: School, table: Table) -> dict[str, int]:
    def read(conn: Connection) -> dict[str, int]:
        return {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id))}

    return await school.base_in_service().database.read(read)


async def history(school: School, table: str, ident: int | str) -> list[AuditEntry]:
    return await school.base_in_service().database.read(
        lambda conn: audit_of(conn, table, str(ident))
    )


async def create(client: WireClient, calls: Calls, **fields: Any) -> Any:
    return await client.call(calls.create, calls.new(**fields))


async def change(client: WireClient, calls: Calls, ident: int, **fields: Any) -> Any:
    return await client.call(calls.change, calls.changed(id=ident, **fields))


async def read(client: WireClient, calls: Calls, ident: int) -> Any:
    return await client.call(calls.read, ThingRef(id=ident))


async def delete(client: WireClient, calls: Calls, ident: int) -> None:
    await client.call(calls.delete, ThingRef(id=ident))


async def rows(client: WireClient, calls: Calls, **wish: Any) -> list[Any]:
    page = await client.call(calls.list, calls.wish(**wish))
    return list(page.rows)


# ---------------------------------------------------------------------- what all kinds share


@EACH
async def test_each_kind_is_created_read_listed_changed_and_deleted(
    tmp_path: Path, calls: Calls, autojump_clock: MockClock
) -> None:
    first, second = SAMPLES[calls.family]
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        before = await rows(office, calls)
        made = await create(office, calls, **first)
        assert {name: getattr(made, name) for name in first} == first
        assert await read(office, calls, made.id) == made
        assert sorted(await rows(office, calls), key=lambda row: row.id) == sorted(
            [*before, made], key=lambda row: row.id
        )

        changed = await change(office, calls, made.id, if_revision=made.revision, **second)
        assert {name: getattr(changed, name) for name in second} == second
        assert changed.revision > made.revision
        same = await change(office, calls, made.id, **second)
        assert same == changed, "what changes nothing is no change"

        with pytest.raises(StaleRevision) as stale:
            await change(office, calls, made.id, if_revision=made.revision, **first)
        assert [each["by"] for each in stale.value.details["changed"]] == ["ADMIN"]

        await delete(office, calls, made.id)
        assert await rows(office, calls) == before
        with pytest.raises(NotFound):
            await read(office, calls, made.id)
        with pytest.raises(NotFound):
            await change(office, calls, made.id, **first)
        table = next(each.kind.table.name for each in KINDS if each.calls is calls)
        lines = await history(school, table, made.id)
        assert [line.method for line in lines] == [
            f"{calls.family}.{verb}" for verb in ("create", "change", "delete")
        ]
        assert {(line.actor, line.account) for line in lines} == {("ADMIN", "admin")}
        assert lines[0].before is None
        assert lines[1].before == lines[0].after
        assert lines[2].after is None


@EACH
async def test_one_key_creates_one_thing(
    tmp_path: Path, calls: Calls, autojump_clock: MockClock
) -> None:
    fields = unstructure(calls.new(**SAMPLES[calls.family][0]))
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        before = await rows(office, calls)
        made = [
            await office.ask(calls.create.name, {**fields, "key": "k1"}, calls.create.result)
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert len(await rows(office, calls)) == len(before) + 1


@EACH
async def test_only_the_office_with_modification_changes_them(
    tmp_path: Path, calls: Calls, autojump_clock: MockClock
) -> None:
    first, second = SAMPLES[calls.family]
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        made = await create(office, calls, **first)
        for login, mode, access, refusal in (
            ("teacher", Mode.TEACHER, Access.MODIFICATION, NotAllowed),
            ("cpe", Mode.SCHOOL_LIFE, Access.MODIFICATION, NotAllowed),
            ("guest", Mode.ADMINISTRATIVE, Access.CONSULTATION, ReadOnly),
        ):
            client = await WireClient.inside(door, login, mode, access=access)
            with pytest.raises(refusal):
                await create(client, calls, **first)
            with pytest.raises(refusal):
                await change(client, calls, made.id, **second)
            with pytest.raises(refusal):
                await delete(client, calls, made.id)
        assert await read(office, calls, made.id) == made


@EACH
async def test_an_id_is_never_given_again(
    tmp_path: Path, calls: Calls, autojump_clock: MockClock
) -> None:
    """The audit speaks of the first one for ever."""
    fields = SAMPLES[calls.family][0]
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        first = await create(office, calls, **fields)
        await delete(office, calls, first.id)
        assert (await create(office, calls, **fields)).id > first.id


async def test_a_code_is_given_once_and_made_when_there_is_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        made = await create(office, structure.SUBJECTS, name="Latin", code="LAT")
        assert made.code == "LAT"
        with pytest.raises(Conflict, match="LAT"):
            await create(office, structure.SUBJECTS, name="Grec", code="LAT")
        codes = [(await create(office, structure.SUBJECTS, name="Grec")).code for _ in range(3)]
        assert len({*codes, "LAT"}) == 4
        assert all(codes)


async def test_lists_are_searched_sorted_and_paged(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        pupils = people.PUPILS
        one = (await rows(office, pupils, search="emile benoit"))[0]
        assert (one.last_name, one.class_name) == ("BENOIT", "3e A")
        await change(
            office,
            pupils,
            one.id,
            last_name="BENOÎT",
            first_name="Émile",
            class_id=one.class_id,
        )
        names = [row.last_name for row in await rows(office, pupils)]
        assert names == ["ALBERT", "BENOÎT", "YVON", "ZOLA"]
        newest = await rows(office, pupils, order=ResourceOrder.CHANGED, limit=1)
        assert [row.last_name for row in newest] == ["BENOÎT"]
        by_code = await rows(office, pupils, order=ResourceOrder.CODE, offset=3)
        assert [row.code for row in by_code] == ["P4"]
        classes = await ids(school, schema.school_class)
        groups = await ids(school, schema.school_group)
        assert len(await rows(office, pupils, class_id=classes["3B"])) == 2
        assert [row.code for row in await rows(office, pupils, group_id=groups["GB"])] == ["P4"]
        assert await rows(office, pupils, former=True) == []


async def test_what_refers_to_nothing_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        with pytest.raises(NotFound, match="class 99"):
            await create(office, people.PUPILS, last_name="X", class_id=99)
        with pytest.raises(NotFound, match="class 99"):
            await create(office, structure.SCHOOL_GROUPS, name="X", class_ids=(1, 99))
        with pytest.raises(NotFound, match="function 99"):
            await create(office, people.STAFF, last_name="X", function_id=99)
        with pytest.raises(BadRequest, match="last_name"):
            await office.ask("teachers.create", {"last_name": "  "}, people.TeacherRow)


# ------------------------------------------------------------- who relies on what


@pytest.mark.parametrize(
    ("calls", "table", "code", "relies"),
    [
        (people.TEACHERS, schema.teacher, "T1", {"service", "lesson_teacher", "account"}),
        (people.STAFF, schema.staff, "S1", set()),
        (structure.SUBJECTS, schema.subject, "MATH", {"service", "lesson"}),
        (structure.ROOMS, schema.room, "101", {"lesson_room"}),
        (
            structure.CLASSES,
            schema.school_class,
            "3B",
            {"pupil", "service", "lesson_class", "group_class"},
        ),
        (
            structure.SCHOOL_GROUPS,
            schema.school_group,
            "GB",
            {"service", "lesson_group", "pupil_group"},
        ),
    ],
    ids=lambda value: getattr(value, "family", ""),
)
async def test_what_something_relies_on_is_not_deleted(
    tmp_path: Path,
    calls: Calls,
    table: Table,
    code: str,
    relies: set[str],
    autojump_clock: MockClock,
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        ident = (await ids(school, table))[code]
        if not relies:
            await delete(office, calls, ident)
            return
        with pytest.raises(Conflict) as refused:
            await delete(office, calls, ident)
        assert set(refused.value.details["relies"]) == relies
        assert "dépendent" in refused.value.fr
        assert "_" not in refused.value.fr
        assert (await read(office, calls, ident)).code == code


async def test_who_wrote_something_is_not_deleted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Persons are named by their codes in what they enter, which no reference keeps."""
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        made = await create(office, people.STAFF, last_name="RENARD", code="S9")

        def note(conn: Connection) -> None:
            conn.execute(
                schema.information.insert().values(
                    title="Réunion", text="", by="staff:S9", published_at=NOW, revision=1
                )
            )

        await school.base_in_service().database.write(note)
        with pytest.raises(Conflict) as refused:
            await delete(office, people.STAFF, made.id)
        assert refused.value.details["relies"] == {"information": 1}


async def test_a_pupil_goes_with_his_links_but_not_with_what_was_entered(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        pupils = await ids(school, schema.pupil)
        someone = await create(office, people.GUARDIANS, last_name="YVON")
        link = people.PutGuardianLink(pupil_id=pupils["P4"], guardian_id=someone.id)
        await office.call(people.PUT_GUARDIAN_LINK, link)
        await delete(office, people.PUPILS, pupils["P4"])
        assert (await read(office, people.GUARDIANS, someone.id)).pupils == 0

        def note(conn: Connection) -> None:
            conn.execute(
                schema.follow_up.insert().values(
                    pupil_id=pupils["P3"],
                    date=NOW.date(),
                    kind="interview",
                    text="",
                    by="staff:S1",
                    revision=1,
                )
            )

        await school.base_in_service().database.write(note)
        with pytest.raises(Conflict, match="follow-up"):
            await delete(office, people.PUPILS, pupils["P3"])


async def test_a_room_is_kept_for_the_detention_that_is_to_come(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        room = await create(office, structure.ROOMS, name="Étude")

        def detention(done: date | None) -> Any:
            return lambda conn: conn.execute(
                schema.punishment.insert().values(
                    pupil_id=1,
                    kind="detention",
                    given_on=NOW.date(),
                    given_by="staff:S1",
                    room_id=room.id,
                    work="",
                    done_on=done,
                    revision=1,
                )
            )

        await school.base_in_service().database.write(detention(NOW.date()))
        await school.base_in_service().database.write(detention(None))
        with pytest.raises(Conflict) as refused:
            await delete(office, structure.ROOMS, room.id)
        assert refused.value.details["relies"] == {"punishment": 1}
        await school.base_in_service().database.write(
            lambda conn: conn.execute(schema.punishment.update().values(done_on=NOW.date()))
        )
        await delete(office, structure.ROOMS, room.id)


# ----------------------------------------------------------------------------- the rules


async def test_who_changes_class_leaves_the_groups_of_the_old_one(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        old_teacher = await WireClient.inside(door, "teacher2", Mode.TEACHER)
        new_teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        pupils, classes, groups = [
            await ids(school, table)
            for table in (schema.pupil, schema.school_class, schema.school_group)
        ]
        free = await create(office, structure.SCHOOL_GROUPS, name="Chorale")
        both = structure.SetGroupMembers(group_id=free.id, pupil_ids=(pupils["P4"],))
        await office.call(structure.SET_GROUP_MEMBERS, both)
        seen = len(new_teacher.events)
        group = await read(office, structure.SCHOOL_GROUPS, groups["GB"])

        await change(
            office, people.PUPILS, pupils["P4"], last_name="YVON", class_id=classes["3A"]
        )

        after = await read(office, structure.SCHOOL_GROUPS, groups["GB"])
        assert (group.members, after.members) == (1, 0)
        assert after.revision > group.revision
        assert (await read(office, structure.SCHOOL_GROUPS, free.id)).members == 1
        for client in (old_teacher, new_teacher):
            while not any(
                isinstance(event, BaseChanged) and "pupils" in event.what
                for event in client.events[seen:]
            ):
                await client.hear()


async def test_who_leaves_is_in_no_class_and_no_group(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        pupil = (await ids(school, schema.pupil))["P4"]
        group = (await ids(school, schema.school_group))["GB"]
        left = date(2020, 10, 1)
        with pytest.raises(BadRequest):
            await change(
                office, people.PUPILS, pupil, last_name="YVON", class_id=1, left_on=left
            )
        await change(office, people.PUPILS, pupil, last_name="YVON", left_on=left)
        assert [row.id for row in await rows(office, people.PUPILS, former=True)] == [pupil]
        assert (await read(office, structure.SCHOOL_GROUPS, group)).members == 0


async def test_members_are_of_the_groups_classes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        pupils = await ids(school, schema.pupil)
        classes = await ids(school, schema.school_class)
        group = await read(office, structure.SCHOOL_GROUPS, 1)

        async def put(*codes: str, revision: int | None = None) -> Any:
            wish = structure.SetGroupMembers(
                group_id=group.id,
                pupil_ids=tuple(pupils[code] for code in codes),
                if_revision=revision,
            )
            return await office.call(structure.SET_GROUP_MEMBERS, wish)

        with pytest.raises(Conflict) as refused:
            await put("P4", "P1")
        assert refused.value.details["pupil_ids"] == [pupils["P1"]]
        with pytest.raises(BadRequest):
            await put("P4", "P4")
        changed = await put("P3", "P4", revision=group.revision)
        assert changed.members == 2
        with pytest.raises(StaleRevision):
            await put("P3", revision=group.revision)
        page = await office.call(
            structure.LIST_GROUP_MEMBERS, structure.ListGroupMembers(group_id=group.id)
        )
        assert [row.pupil for row in page.rows] == ["YVON Marc", "ZOLA Jeanne"]
        with pytest.raises(Conflict):
            await change(
                office,
                structure.SCHOOL_GROUPS,
                group.id,
                name=group.name,
                class_ids=(classes["3A"],),
            )
        with pytest.raises(NotFound):
            await office.call(
                structure.LIST_GROUP_MEMBERS, structure.ListGroupMembers(group_id=99)
            )


async def test_a_pupil_has_guardians_of_whom_two_are_legal(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        pupil = (await ids(school, schema.pupil))["P1"]
        three = [
            (await create(office, people.GUARDIANS, last_name=f"ALBERT {n}")).id
            for n in range(3)
        ]

        async def put(guardian: int, **fields: Any) -> people.GuardianLinkRow:
            wish = people.PutGuardianLink(pupil_id=pupil, guardian_id=guardian, **fields)
            return await office.call(people.PUT_GUARDIAN_LINK, wish)

        first = await put(three[0], kinship=Kinship.MOTHER, legal=True, contact=True)
        assert (first.pupil, first.class_name) == ("ALBERT Zoé", "3e A")
        assert (first.guardian, first.kinship) == ("ALBERT 0", Kinship.MOTHER)
        await put(three[1], kinship=Kinship.FATHER, legal=True)
        with pytest.raises(Conflict):
            await put(three[2], legal=True)
        await put(three[2])
        changed = await put(three[0], kinship=Kinship.TUTOR, if_revision=first.revision)
        assert (changed.kinship, changed.legal, changed.contact) == (
            Kinship.TUTOR,
            False,
            False,
        )
        with pytest.raises(StaleRevision):
            await put(three[0], legal=True, if_revision=first.revision)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        links = await cpe.call(
            people.LIST_GUARDIAN_LINKS, people.ListGuardianLinks(pupil_id=pupil)
        )
        assert [row.guardian for row in links.rows] == ["ALBERT 0", "ALBERT 1", "ALBERT 2"]
        his = await rows(cpe, people.GUARDIANS, pupil_id=pupil, limit=2)
        assert [row.pupils for row in his] == [1, 1]
        with pytest.raises(Conflict, match="pupil"):
            await delete(office, people.GUARDIANS, three[0])
        ref = people.GuardianLinkRef(pupil_id=pupil, guardian_id=three[0])
        await office.call(people.DELETE_GUARDIAN_LINK, ref)
        with pytest.raises(NotFound):
            await office.call(people.DELETE_GUARDIAN_LINK, ref)
        await delete(office, people.GUARDIANS, three[0])
        lines = await history(school, "pupil_guardian", f"{pupil}/{three[0]}")
        assert len(lines) == 3


async def test_holidays_do_not_overlap_and_are_of_the_school_year(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        office = await WireClient.inside(door, "admin")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        day = date(2020, 11, 11)
        made = await create(
            office, calendar.HOLIDAYS, name="Armistice", starts_on=day, ends_on=day
        )
        for starts_on, ends_on, refusal in (
            (date(2020, 11, 9), date(2020, 11, 15), Conflict),
            (date(2020, 11, 12), date(2020, 11, 10), BadRequest),
            (date(2019, 11, 11), date(2019, 11, 11), Conflict),
            (date(2022, 1, 1), date(2022, 1, 1), Conflict),
        ):
            with pytest.raises(refusal):
                await create(
                    office, calendar.HOLIDAYS, name="X", starts_on=starts_on, ends_on=ends_on
                )
        moved = await change(
            office, calendar.HOLIDAYS, made.id, name="Pont", starts_on=day, ends_on=day
        )
        assert await rows(teacher, calendar.HOLIDAYS, first=day, last=day) == [moved]
        assert await rows(teacher, calendar.HOLIDAYS, first=date(2020, 11, 12)) == []


async def test_the_year_and_the_week_can_be_read_by_all(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        year = await teacher.call(calendar.READ_CALENDAR, Nothing())
        week = await teacher.call(calendar.READ_TIME_GRID, Nothing())

    assert (year.school_year, year.starts_on, year.first_monday) == (
        2020,
        date(2020, 9, 1),
        date(2020, 8, 31),
    )
    assert (week.slot_minutes, week.slots[0].label, len(week.slots)) == (60, "8h00", 10)
