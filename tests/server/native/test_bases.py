"""The console and the bases: put in service, stop, create, the others (fiches 4, 8, 9)."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from sqlalchemy import delete
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import bases as calls
from pronote_protocol.messages import Announcement, Nothing
from pronote_protocol.words import BaseOrigin, BaseState, Farewell, Mode
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import read_grid
from pronote_server.storage.sqlite import writing_engine
from pronote_server.testing import (
    PASSWORD,
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

HOSTING = Mode.HOSTING


async def console(door: TestDoor) -> WireClient:
    return await WireClient.inside(door, "SPR", HOSTING)


async def bases_of(client: WireClient) -> dict[str, calls.BaseRow]:
    page = await client.call(calls.LIST_BASES, calls.ListBases())
    return {row.name: row for row in page.rows}


async def test_the_header_shows_state_base_dates_and_counters(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, data=sample_school(), inline=True) as school,
        open_test_door(school) as door,
    ):
        shown = await (await console(door)).call(calls.SHOW_BASES, Nothing())

        assert (shown.state, shown.base) == (BaseState.IN_SERVICE, "Base")
        assert not shown.first_service
        assert shown.counters is not None
        assert (shown.counters.teachers, shown.counters.pupils) == (2, 4)


async def test_stopping_at_once_and_putting_in_service_again(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    office = await WireClient.inside(door, "sec1")

    stopped = await ours.call(calls.STOP, calls.Stop(message="À demain."))
    last = await office.last_words()
    again = await ours.call(calls.PUT_IN_SERVICE, calls.PutInService())

    assert (stopped.state, again.state) == (BaseState.LOADED, BaseState.IN_SERVICE)
    assert last is not None
    assert last.code is Farewell.BASE_CLOSED
    assert "À demain." in last.fr
    await WireClient.inside(door, "sec1")


async def test_an_announced_stop_happens_although_the_console_is_gone(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    office = await WireClient.inside(door, "sec1")
    answer = await ours.call(calls.STOP, calls.Stop(delay_seconds=60))
    started = trio.current_time()
    await ours.aclose()
    announced = await office.hear()

    assert answer.state is BaseState.STOPPING
    assert isinstance(announced, Announcement)
    with pytest.raises(errors.NotInService):
        await WireClient.inside(door, "sec2")
    assert (await office.last_words()) is not None
    assert 60 <= trio.current_time() - started <= 62
    assert school.base_state is BaseState.LOADED


async def test_a_stop_that_the_disk_refuses_is_tried_again(
    door: TestDoor,
    school: School,
    autojump_clock: MockClock,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls_made = school.keep, []

    async def fail_once(key: str, value: object) -> None:
        calls_made.append(key)
        if len(calls_made) == 1:
            raise OSError("no")
        await real(key, value)

    monkeypatch.setattr(School, "keep", lambda _, key, value: fail_once(key, value))
    office = await WireClient.inside(door, "sec1")
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop(delay_seconds=10))
    await office.last_words()

    assert not school.in_service
    assert calls_made == ["base.in_service"] * 2
    logs.expect("base.not_stopped")


async def test_a_stop_is_refused_while_another_is_announced(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop(delay_seconds=60))

    with pytest.raises(errors.Conflict, match="being stopped") as refused:
        await ours.call(calls.STOP, calls.Stop())
    assert refused.value.retry_after is not None


async def test_a_base_is_created_with_its_grid_and_is_not_in_service(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    grid = calls.GridWish(
        days=(0, 1, 3),
        sequences=2,
        sequence_minutes=55,
        step_minutes=5,
        breaks=(calls.BreakRow(1, 10),),
    )
    wish = calls.CreateBase(name=" Été 2021 ", school_year=2021, grid=grid)
    with pytest.raises(errors.Conflict, match="Stop the server first"):
        await ours.call(calls.CREATE_BASE, wish)
    await ours.call(calls.STOP, calls.Stop())

    created = await ours.call(calls.CREATE_BASE, wish)

    assert created.state is BaseState.LOADED
    assert school.base is not None
    assert (school.base.header.name, school.base.header.school_year) == ("Été 2021", 2021)
    kept = await school.base.database.read(read_grid)
    assert (kept.days, kept.slot_starts, kept.step_minutes) == ((0, 1, 3), (480, 545), 5)
    rows = await bases_of(ours)
    assert rows["Été 2021"].loaded
    assert rows["Été 2021"].origin is BaseOrigin.CREATED
    assert rows["Base"].served_at is not None
    assert not rows["Base"].loaded
    with pytest.raises(errors.Conflict, match="exists"):
        await ours.call(calls.CREATE_BASE, calls.CreateBase(name="ete 2021"))


@pytest.mark.parametrize("name", ["../Base", "a/b", ".x", " "])
async def test_a_name_that_is_none_creates_nothing(
    door: TestDoor, school: School, name: str, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop())

    with pytest.raises(errors.BadRequest):
        await ours.call(calls.CREATE_BASE, calls.CreateBase(name=name))
    assert school.base is not None
    assert school.base.header.name == "Base"


async def test_one_of_the_others_is_opened_and_the_first_one_again(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop())
    await ours.call(calls.CREATE_BASE, calls.CreateBase(name="Autre"))
    with pytest.raises(errors.Conflict, match="loaded already"):
        await ours.call(calls.OPEN_BASE, calls.BaseRef(name="Autre"))

    await ours.call(calls.OPEN_BASE, calls.BaseRef(name="base"))

    assert school.base is not None
    assert school.base.header.name == "Base"
    with pytest.raises(errors.NotFound):
        await ours.call(calls.OPEN_BASE, calls.BaseRef(name="../../etc/passwd"))


async def test_a_base_that_is_damaged_is_listed_with_the_reason_and_not_opened(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop())
    await ours.call(calls.CREATE_BASE, calls.CreateBase(name="Autre"))
    file = school.folder / "bases" / "Base.not"
    with writing_engine(file).connect() as conn, conn.begin():
        conn.execute(delete(schema.header))
    (file.parent / "Texte.not").write_text("bonjour")

    rows = await bases_of(ours)
    assert rows["Base"].problem == "Cette base est endommagée."
    assert rows["Texte"].problem is not None
    with pytest.raises(errors.BaseRefused, match="damaged"):
        await ours.call(calls.OPEN_BASE, calls.BaseRef(name="Base"))
    assert school.base is not None
    assert school.base.header.name == "Autre"


async def test_another_base_is_deleted_with_its_documents_and_the_loaded_one_never(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    await ours.call(calls.STOP, calls.Stop())
    await ours.call(calls.CREATE_BASE, calls.CreateBase(name="Autre"))
    documents = school.folder / "bases" / "Base.documents"
    documents.mkdir()
    (documents / "x").touch()

    with pytest.raises(errors.Conflict, match="cannot be deleted"):
        await ours.call(calls.DELETE_BASE, calls.BaseRef(name="Autre"))
    await ours.call(calls.PUT_IN_SERVICE, calls.PutInService())
    await ours.call(calls.DELETE_BASE, calls.BaseRef(name="Base"))

    assert set(await bases_of(ours)) == {"Autre"}
    assert not documents.exists()
    assert school.base_state is BaseState.IN_SERVICE


async def test_a_base_is_renamed_loaded_or_not(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    ours = await console(door)
    with pytest.raises(errors.Conflict, match="Stop the server first"):
        await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Base", new_name="Neuve"))
    await ours.call(calls.STOP, calls.Stop())
    await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Base", new_name="Neuve"))
    await ours.call(calls.CREATE_BASE, calls.CreateBase(name="Autre"))
    await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Neuve", new_name="Ancienne"))

    assert set(await bases_of(ours)) == {"Autre", "Ancienne"}
    with pytest.raises(errors.Conflict, match="exists"):
        await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Ancienne", new_name="autre"))
    with pytest.raises(errors.BadRequest):
        await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Autre", new_name="a/b"))
    with pytest.raises(errors.NotFound):
        await ours.call(calls.RENAME_BASE, calls.RenameBase(name="Rien", new_name="Tout"))


async def test_the_first_putting_into_service_asks_for_the_supervisors_password(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, in_service=False, inline=True) as school,
        open_test_door(school) as door,
    ):
        ours = await console(door)
        with pytest.raises(errors.Conflict, match="set already"):
            await ours.call(
                calls.PUT_IN_SERVICE, calls.PutInService(supervisor_password=PASSWORD)
            )
        assert school.base_state is BaseState.LOADED
