"""
The transfer of a timetable over the wire (fiche 6): all of it or nothing.

On the real clock: the files are read in a thread, and a mock clock would jump meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from pronote_protocol import errors
from pronote_protocol.catalogue import resources, transfer, users
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import BaseChanged, ExclusiveChanged, Nothing
from pronote_protocol.records import unstructure
from pronote_protocol.words import Application, Farewell, Mode, ResourceKind
from pronote_server.domain.school_data import SchoolData, Subject, Teacher, TimeGrid
from pronote_server.hosting import timetable_transfer
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, WireClient, open_test_door, open_test_school

SAMPLES = Path(__file__).parents[1] / "timetable_files" / "samples"
FET = ("school.fet", "school_activities.xml")
STS = ("sts_emp.xml", "emp_sts.xml")
OLD = SchoolData(
    name="Avant",
    rne=None,
    school_year=2020,
    grid=TimeGrid((0, 1), (480,), 60, ("M1",)),
    teachers=(Teacher("T1", "ANCIEN", "Luc"),),
    subjects=(Subject("S1", "Grec"),),
    classes=(),
    groups=(),
    rooms=(),
    pupils=(),
    staff=(),
    lessons=(),
)
edt = partial(WireClient.inside, hello={"application": Application.EDT})


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_test_school(tmp_path, inline=True, data=OLD) as opened:
        yield opened


@pytest.fixture
async def door(school: School) -> AsyncIterator[TestDoor]:
    async with open_test_door(school) as opened:
        yield opened


def contents(names: tuple[str, ...]) -> list[tuple[str, bytes]]:
    return [(name, (SAMPLES / name).read_bytes()) for name in names]


async def send(
    client: WireClient, files: list[tuple[str, bytes]], **wish: Any
) -> transfer.TransferRef:
    """Send everything but the commit."""
    announced = tuple(transfer.FileAnnounced(name=n, size=len(c)) for n, c in files)
    begun = await client.call(
        transfer.BEGIN_TRANSFER, transfer.BeginTransfer(files=announced, **wish)
    )
    for number, (_, content) in enumerate(files):
        for offset in range(0, len(content), begun.chunk_bytes):
            await client.call(
                transfer.SEND_CHUNK,
                transfer.TransferChunk(
                    transfer=begun.transfer,
                    file=number,
                    offset=offset,
                    data=content[offset : offset + begun.chunk_bytes],
                ),
            )
    return transfer.TransferRef(transfer=begun.transfer)


async def state_of(door: TestDoor) -> tuple[Any, ...]:
    """Return what a transfer that does not happen must leave as it is."""
    client = await WireClient.inside(door, "SPR", address="203.0.113.1")
    base = await client.call(calls.SHOW_BASE, Nothing())
    people = await client.call(users.LIST_USERS, users.ListUsers())
    teachers = await client.call(
        resources.LIST_RESOURCES, resources.ListResources(kind=ResourceKind.TEACHERS)
    )
    exclusive = await client.call(calls.SHOW_EXCLUSIVE, Nothing())
    await client.leave()
    return base.revision, base.counters, teachers.rows, people.total, exclusive.holder


@pytest.mark.parametrize("names", [FET, FET[::-1], STS, STS[::-1]])
async def test_a_pair_replaces_everything_in_one_step(
    door: TestDoor, names: tuple[str, ...]
) -> None:
    watching = await WireClient.inside(door, "sec1")
    before = await state_of(door)
    client = await edt(door, "SPR")
    done = await client.call(
        transfer.COMMIT_TRANSFER,
        await send(client, contents(names), modes=(Mode.TEACHER, Mode.SCHOOL_LIFE)),
    )
    after = await state_of(door)
    told = [await watching.hear() for _ in range(5)]

    assert after[0] == done.revision == before[0] + 1
    assert "ANCIEN" not in str(after[2])
    assert after[1].teachers == done.teachers == len(after[2])
    assert after[4] is None
    holders = [each.holder for each in told if isinstance(each, ExclusiveChanged)]
    assert holders == ["Superviseur (SPR)", None]
    assert [each.revision for each in told if isinstance(each, BaseChanged)] == [after[0]]


async def test_a_teacher_of_the_file_reads_his_week_and_the_one_before_keeps_his_account(
    door: TestDoor,
) -> None:
    client = await edt(door, "SPR")
    await client.call(transfer.COMMIT_TRANSFER, await send(client, contents(FET)))
    people = await client.call(users.LIST_USERS, users.ListUsers(search="lucie martin"))
    (lucie,) = people.rows
    made = await client.call(users.READ_PASSWORD, users.UserRef(id=lucie.id))
    teacher = WireClient.connect(door)
    await teacher.greet()
    accepted = await teacher.log_in(made.login, made.password)
    with pytest.raises(errors.PasswordMustChange):
        await teacher.enter(Mode.TEACHER)
    former = await WireClient.inside(door, "teacher", Mode.TEACHER)
    with pytest.raises(errors.NotFound):
        await former.call(resources.READ_OWN_TIMETABLE, resources.ReadOwnTimetable())

    assert accepted.must_change
    assert accepted.modes == (Mode.TEACHER,)


async def test_modes_that_are_not_chosen_are_closed(door: TestDoor) -> None:
    client = await edt(door, "SPR")
    await client.call(transfer.COMMIT_TRANSFER, await send(client, contents(FET), modes=()))

    for login, mode in (("teacher", Mode.TEACHER), ("cpe", Mode.SCHOOL_LIFE)):
        with pytest.raises(errors.ModeNotAllowed):
            await WireClient.inside(door, login, mode)


async def test_an_application_that_is_not_edt_or_a_group_without_the_right_is_refused(
    door: TestDoor,
) -> None:
    before = await state_of(door)
    for opening in (
        WireClient.inside(door, "SPR"),
        edt(door, "admin"),
        edt(door, "sec1"),
    ):
        client = await opening
        with pytest.raises(errors.NotAllowed):
            await send(client, contents(FET))
        await client.leave()

    assert await state_of(door) == before


async def test_broken_files_are_refused_and_change_nothing(door: TestDoor) -> None:
    before = await state_of(door)
    client = await edt(door, "SPR")
    fet, solution = contents(FET)
    for files in (
        [("school.fet", fet[1][: len(fet[1]) // 2]), solution],
        [("school.fet", b"x"), solution],
        [fet, contents(STS)[0]],
        [contents(STS)[0]],
        [fet, fet],
    ):
        with pytest.raises(errors.TransferRefused):
            await client.call(transfer.COMMIT_TRANSFER, await send(client, files))
        assert await state_of(door) == before


async def test_a_piece_is_missing_twice_or_of_somebody_else(door: TestDoor) -> None:
    client, other = await edt(door, "SPR"), await edt(door, "SPR")
    begun = await client.call(
        transfer.BEGIN_TRANSFER,
        transfer.BeginTransfer(files=(transfer.FileAnnounced(name="a", size=10),)),
    )

    def piece(offset: int, data: bytes, file: int = 0) -> transfer.TransferChunk:
        return transfer.TransferChunk(
            transfer=begun.transfer, file=file, offset=offset, data=data
        )

    await client.call(transfer.SEND_CHUNK, piece(0, b"12345"))
    for wrong in (piece(0, b"12345"), piece(6, b"1"), piece(5, b"123456")):
        with pytest.raises(errors.Conflict):
            await client.call(transfer.SEND_CHUNK, wrong)
    with pytest.raises(errors.NotFound):
        await client.call(transfer.SEND_CHUNK, piece(0, b"1", file=1))
    ref = transfer.TransferRef(transfer=begun.transfer)
    with pytest.raises(errors.NotFound):
        await other.call(transfer.COMMIT_TRANSFER, ref)
    with pytest.raises(errors.NotFound):
        await other.call(transfer.CANCEL_TRANSFER, ref)
    with pytest.raises(errors.TransferRefused):
        await client.call(transfer.COMMIT_TRANSFER, ref)


async def test_cancelled_it_leaves_everything_as_it_was(door: TestDoor, school: School) -> None:
    before = await state_of(door)
    client = await edt(door, "SPR")
    ref = await send(client, contents(FET))
    await client.call(transfer.CANCEL_TRANSFER, ref)
    with pytest.raises(errors.NotFound):
        await client.call(transfer.COMMIT_TRANSFER, ref)

    assert await state_of(door) == before
    assert not school.uploads._uploads


async def test_cut_in_the_middle_it_leaves_everything_as_it_was(
    door: TestDoor, school: School
) -> None:
    before = await state_of(door)
    for whole in (True, False):
        client = await edt(door, "SPR")
        files = contents(FET)
        if whole:
            await send(client, files)
        else:
            announced = tuple(transfer.FileAnnounced(name=n, size=len(c)) for n, c in files)
            await client.call(transfer.BEGIN_TRANSFER, transfer.BeginTransfer(files=announced))
        await client.aclose()
        with trio.fail_after(20):
            while len(school.sessions):  # noqa: ASYNC110
                await trio.sleep(0.001)

    assert await state_of(door) == before
    assert not school.uploads._uploads


@pytest.mark.parametrize("how", ["cut", "kick"])
async def test_who_is_gone_during_the_commit_finds_the_old_school_or_the_whole_new_one(
    door: TestDoor, school: School, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here while the files are read, in a thread that this test holds back."""
    reading, go_on = threading.Event(), threading.Event()
    read = timetable_transfer._read

    def slowly(*args: Any) -> Any:
        reading.set()
        go_on.wait(20)
        return read(*args)

    monkeypatch.setattr(timetable_transfer, "_read", slowly)
    before = await state_of(door)
    client = await edt(door, "SPR")
    ref = await send(client, contents(FET))
    _, data = client.wire.ask(transfer.COMMIT_TRANSFER.name, unstructure(ref))
    await client.stream.send_all(data)
    await trio.to_thread.run_sync(reading.wait, 20)
    held = school.exclusive.holder_name
    if how == "kick":
        office = await WireClient.inside(door, "admin", address="203.0.113.2")
        await office.call(calls.DISCONNECT, calls.Disconnect(everyone=True))
        await office.leave()
    else:
        await client.aclose()
    go_on.set()
    if how == "kick":
        goodbye = await client.last_words()
        assert goodbye is not None
        assert goodbye.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
        await client.aclose()
    with trio.fail_after(20):
        # Until the task that commits is over too: its session ended before it.
        while school.exclusive.holder or door.statistics().connections:  # noqa: ASYNC110
            await trio.sleep(0.001)
    after = await state_of(door)

    assert held == "Superviseur (SPR)"
    assert after == before or (
        after[0] == before[0] + 1 and "ANCIEN" not in str(after[2]) and after[4] is None
    )


async def test_it_waits_for_no_exclusive_use_but_says_who_has_it(
    door: TestDoor,
) -> None:
    client = await edt(door, "SPR")
    ref = await send(client, contents(FET))
    office = await WireClient.inside(door, "admin")
    await office.call(calls.BEGIN_EXCLUSIVE, Nothing())
    with pytest.raises(errors.ExclusiveUse) as refused:
        await client.call(transfer.COMMIT_TRANSFER, ref)
    await office.call(calls.END_EXCLUSIVE, calls.EndExclusiveUse())
    done = await client.call(transfer.COMMIT_TRANSFER, ref)

    assert "ADMIN" in refused.value.fr
    assert done.teachers == 3


async def test_who_had_exclusive_use_before_still_has_it_after(
    door: TestDoor, school: School
) -> None:
    client = await edt(door, "SPR")
    await client.call(calls.BEGIN_EXCLUSIVE, Nothing())
    await client.call(transfer.COMMIT_TRANSFER, await send(client, contents(FET)))

    assert school.exclusive.holder == client.entered.session


async def test_a_school_takes_two_transfers_at_a_time_and_a_session_one(
    door: TestDoor,
) -> None:
    clients = [await edt(door, "SPR") for _ in range(3)]
    wish = transfer.BeginTransfer(files=(transfer.FileAnnounced(name="a", size=10),))
    for client in (clients[0], clients[0], clients[1]):
        await client.call(transfer.BEGIN_TRANSFER, wish)
    with pytest.raises(errors.Conflict):
        await clients[2].call(transfer.BEGIN_TRANSFER, wish)
    await clients[0].leave()
    await clients[2].call(transfer.BEGIN_TRANSFER, wish)
