"""Backups and archives: made and proven, listed, opened with a way back (fiche 9)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from sqlalchemy import Connection, insert, select

from pronote_protocol.errors import BaseRefused, Conflict, DiskFailed, NoSpace, NotFound
from pronote_server.clock import Clock
from pronote_server.hosting import backup_place, backups, bases
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.backup_opening import open_backup, undo_opening
from pronote_server.hosting.backup_schedule import keep_backups
from pronote_server.hosting.long_work import LongWork, Report, WorkState, in_refusals
from pronote_server.hosting.other_bases import list_bases
from pronote_server.hosting.school import School
from pronote_server.storage.base_schema import audit, photo, pupil
from pronote_server.storage.base_writes import AuditEntry, append_audit, bump_revision
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.packages import PackageKind
from pronote_server.testing import open_test_school, sample_school
from pronote_server.testing_disks import BreakingDisk, Failure

NOON = datetime(2020, 7, 2, 10, 0, tzinfo=UTC)
BACKUP, ARCHIVE = PackageKind.BACKUP, PackageKind.ARCHIVE


@asynccontextmanager
async def stopped(folder: Path, **more: Any) -> AsyncIterator[School]:
    async with open_test_school(
        folder, inline=True, in_service=False, clock=Clock(NOON), **more
    ) as school:
        yield school


async def enter(school: School, note: str = "x") -> int:
    """Enter something: a revision, and a line of audit."""
    base = school.base
    assert base is not None
    now = school.now()

    def write(conn: Connection) -> int:
        revision = bump_revision(conn, now)
        append_audit(
            conn,
            [
                AuditEntry(
                    revision=revision,
                    at=now,
                    actor=note,
                    method="t",
                    entity="e",
                    entity_id="1",
                    after={"n": 1},
                )
            ],
        )
        return revision

    revision = await base.database.write(write)
    school.base = attrs.evolve(base, header=attrs.evolve(base.header, revision=revision))
    return revision


async def entered(school: School) -> list[str]:
    assert school.base is not None
    query = select(audit.c.actor).order_by(audit.c.id)
    return list(
        await school.base.database.read(lambda conn: list(conn.execute(query).scalars()))
    )


async def names(school: School) -> list[str]:
    return [each.name for each in (await backups.list_backups(school)).files]


def leftovers(school: School) -> list[str]:
    """What is neither in the list nor the list itself, nor of the bases."""
    return [
        path.name
        for folder in (school.folder, school.folder / "backups", school.folder / "bases")
        for path in folder.glob(".*")
    ]


async def journalled(school: School) -> list[str]:
    lines, _ = await school.journal.read(before=None, limit=50, kind=None, search=None)
    return [line.kind for line in lines]


async def test_a_backup_is_named_proven_and_counted(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path, data=sample_school()) as school:
        steps: list[str] = []
        made = await make(
            school, BACKUP, by="admin", report=lambda step, *_: steps.append(step)
        )

        assert made.name == "Base 201901.sauvs"
        assert made.made_at == made.proven_at == NOON
        assert made.counters["pupils"] == 4
        assert made.size == (tmp_path / "backups" / made.name).stat().st_size
        assert (await backups.list_backups(school)).files == [made]
        assert await backups.show_backup(school, made.name) == made
        assert list(dict.fromkeys(steps)) == ["copy", "pack", "prove"]
        assert "backup.made" in await journalled(school)
        assert leftovers(school) == []


async def test_the_ring_has_twelve_and_its_numbers_go_round(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        made = []
        for _ in range(14):
            school.clock.advance(timedelta(hours=2))
            made.append((await make(school, BACKUP)).name)

        assert made[:3] == [f"Base 20190{n}.sauvs" for n in (1, 2, 3)]
        assert made[11:] == [f"Base 2019{n}.sauvs" for n in ("12", "01", "02")]
        assert await names(school) == made[:1:-1]


async def test_an_archive_brings_its_documents(tmp_path: Path, autojump_clock: object) -> None:
    async with stopped(tmp_path, data=sample_school()) as school:
        base = school.base
        assert base is not None
        store = DocumentFiles.beside(base.file)
        kept = [store.store(b"first"), store.store(b"second"), "0" * 64]

        def refer(conn: Connection) -> None:
            ids = list(conn.execute(select(pupil.c.id)).scalars())
            for one, sha256 in zip(ids, kept, strict=False):
                conn.execute(
                    insert(photo),
                    {
                        "pupil_id": one,
                        "sha256": sha256,
                        "size": 5,
                        "media_type": "image/png",
                        "revision": 1,
                    },
                )

        await base.database.write(refer)
        made = await make(school, ARCHIVE)
        assert made.name == "Base_2019_20200702_12h00.archs"
        assert made.counters["missing_documents"] == 1
        assert (await make(school, ARCHIVE)).name == "Base_2019_20200702_12h00_2.archs"

        store.collect([])
        opened = await open_backup(school, made.name, by="admin")

        assert opened.missing_documents == 1
        assert sorted(store.stored()) == sorted(kept[:2])
        assert store.read(kept[0], 0, 9) == b"first"


async def test_archives_are_kept_for_their_days_and_what_undoes_longer(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        school.backups.folder.archive_days = 3
        first = await make(school, ARCHIVE)
        opened = await open_backup(school, first.name, by="admin")
        for _ in range(5):
            school.clock.advance(timedelta(days=1))
            last = await make(school, ARCHIVE)

        days = sorted({name.split("_")[-2] for name in await names(school)})
        assert opened.safety in await names(school)
        assert first.name not in await names(school)
        assert days == ["20200702", "20200704", "20200705", "20200706", "20200707"]
        assert (await names(school))[0] == last.name


async def test_an_archive_that_is_opened_is_not_too_old(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        school.backups.folder.archive_days = 3
        made = await make(school, ARCHIVE)
        school.clock.advance(timedelta(days=10))

        opened = await open_backup(school, made.name, by="admin")

        assert sorted(await names(school)) == sorted([made.name, str(opened.safety)])


async def test_opening_says_first_what_would_be_lost(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        await enter(school, "before")
        made = await make(school, BACKUP)
        assert not (await backups.preview_opening(school, made.name)).loses

        school.clock.advance(timedelta(hours=1))
        await enter(school, "after")
        school.clock.advance(timedelta(hours=1))
        await enter(school, "later")
        preview = await backups.preview_opening(school, made.name)

        assert (preview.entries, preview.same_base, preview.loaded) == (2, True, "Base")
        assert preview.first_at == NOON + timedelta(hours=1)
        assert preview.last_at == NOON + timedelta(hours=2)
        with pytest.raises(Conflict, match="2 entries"):
            await open_backup(school, made.name, by="admin")
        assert await entered(school) == ["before", "after", "later"]


async def test_a_backup_opened_is_the_base_and_can_be_undone_once(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        await enter(school, "before")
        made = await make(school, BACKUP)
        last = await enter(school, "after")

        opened = await open_backup(school, made.name, confirm=True, by="admin")

        assert opened.entries_lost == 1
        assert await entered(school) == ["before"]
        assert school.base is not None
        assert school.base.header.revision > last, "no revision comes true a second time"
        assert not school.in_service
        undo = (await backups.list_backups(school)).undo
        assert undo is not None
        assert (undo.safety, undo.opened) == (opened.safety, made.name)

        await enter(school, "in between")
        with pytest.raises(Conflict, match="entries"):
            await undo_opening(school, by="admin")
        undone = await undo_opening(school, confirm=True, by="admin")

        assert await entered(school) == ["before", "after"]
        assert undone.safety is not None
        with pytest.raises(Conflict, match="no opening"):
            await undo_opening(school, by="admin")
        assert (await backups.preview_opening(school, undone.safety)).entries == 0
        assert {"backup.opened", "backup.opening_undone"} <= set(await journalled(school))
        assert leftovers(school) == []


async def test_a_backup_is_opened_only_when_the_server_is_stopped(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        made = await make(school, BACKUP)
        await enter(school)  # it would have to be confirmed too: that is said afterwards
        await bases.put_in_service(school, None, by="SPR")

        with pytest.raises(Conflict, match="Stop the server"):
            await open_backup(school, made.name, by="admin")
        assert len(await names(school)) == 1, "not even a safety copy was made"

        await bases.stop(school, by="SPR")
        await open_backup(school, made.name, confirm=True, by="admin")
        await bases.put_in_service(school, None, by="SPR")


async def another_opened(school: School) -> str:
    """Open the archive of a base while another one is loaded; return its name."""
    await enter(school, "old")
    made = await make(school, ARCHIVE)
    school.clock.advance(timedelta(minutes=1))
    await bases.create_base(school, "Autre", 2020, bases.STANDARD_GRID)
    await enter(school, "other")
    preview = await backups.preview_opening(school, made.name)
    assert (preview.same_base, preview.entries, preview.loses) == (False, 0, True)

    with pytest.raises(Conflict, match="another base"):
        await open_backup(school, made.name, by="admin")
    await open_backup(school, made.name, confirm=True, by="admin")
    return made.name


async def others(school: School) -> dict[str, bool]:
    return {row.name: row.loaded for row in await list_bases(school)}


async def test_another_base_s_archive_gets_a_file_of_its_own_when_confirmed(
    tmp_path: Path, autojump_clock: object
) -> None:
    """The base that was loaded stays, and so does what became of the one in the archive."""
    async with stopped(tmp_path) as school:
        await another_opened(school)

        assert await entered(school) == ["old"]
        assert school.base is not None
        assert school.base.header.revision > 1, "nor does a revision of the other come again"
        assert await others(school) == {
            "Base (2)": True,
            "Autre": False,
            "Base": False,
        }


async def test_taking_it_back_opens_the_other_base_again(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        name = await another_opened(school)
        await enter(school, "since")

        undone = await undo_opening(school, by="admin")

        assert (undone.name, undone.base, undone.safety) == (name, "Autre", None)
        assert await entered(school) == ["other"]
        assert (await others(school))["Base (2)"] is False, "what was entered since stays"
        with pytest.raises(Conflict, match="no opening"):
            await undo_opening(school, by="admin")


async def test_taking_it_back_opens_the_safety_copy_of_a_base_that_was_deleted(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        await another_opened(school)
        (tmp_path / "bases" / "Autre.not").unlink()

        await undo_opening(school, confirm=True, by="admin")

        assert await entered(school) == ["other"]
        assert (await others(school))["Autre"] is True


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def replace_by_prose(path: Path) -> None:
    path.write_bytes(b"Cher journal, " * 999)


@pytest.mark.parametrize("damage", [spoil, truncate, replace_by_prose])
async def test_a_damaged_file_is_refused_and_changes_nothing(
    tmp_path: Path, autojump_clock: object, damage: Any
) -> None:
    async with stopped(tmp_path) as school:
        await enter(school, "kept")
        made = await make(school, BACKUP)
        damage(tmp_path / "backups" / made.name)
        before = school.base

        listed = (await backups.list_backups(school)).files[0]
        assert listed.proven_at is None, "the list speaks of the file that was proven"
        with pytest.raises(BaseFileRefused):
            await open_backup(school, made.name, by="admin")
        with pytest.raises(BaseFileRefused):
            await backups.prove(school, made.name, by="admin")

        listed = (await backups.list_backups(school)).files[0]
        assert listed.problem is not None
        assert school.base is before
        assert await entered(school) == ["kept"]
        assert len(await names(school)) == 1
        assert (await backups.list_backups(school)).undo is None
        assert leftovers(school) == []


async def test_another_school_s_backup_is_refused(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        await make(school, BACKUP)
        school.rne = "0330001G"

        with pytest.raises(BaseFileRefused, match="another school"):
            await open_backup(school, "Base 201901.sauvs", by="admin")


async def test_a_file_that_was_put_there_is_proven_when_asked(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        made = await make(school, BACKUP)
        folder = tmp_path / "backups"
        (folder / "backups.json").write_text("[")
        (folder / made.name).rename(folder / "De l'an dernier.sauvs")
        (folder / "Autre.sauvs").mkdir()
        (folder / "notes.txt").write_text("rien")

        (listed,) = (await backups.list_backups(school)).files
        assert (listed.proven_at, listed.base, listed.problem) == (None, "Base", None)
        proven = await backups.prove(school, listed.name, by="admin")

        assert proven.proven_at == NOON
        assert (await backups.list_backups(school)).files == [proven]


@pytest.mark.parametrize("name", ["no.sauvs", "../school.sqlite", "backups.json", "", "."])
async def test_no_other_file_is_reached_by_a_name(
    tmp_path: Path, autojump_clock: object, name: str
) -> None:
    async with stopped(tmp_path) as school:
        await make(school, BACKUP)
        for ask in (backups.show_backup, backups.preview_opening):
            with pytest.raises(NotFound):
                await ask(school, name)
        with pytest.raises(NotFound):
            await open_backup(school, name, by="admin")
        with pytest.raises(NotFound):
            await backups.prove(school, name, by="admin")


async def test_a_failure_is_told_in_the_list_and_the_journal_until_one_succeeds(
    tmp_path: Path, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with stopped(tmp_path) as school:
        made = await make(school, BACKUP)
        school.backups.folder.disk = BreakingDisk(at=4, failure=Failure.FULL)
        with pytest.raises(StorageFailed):
            await make(school, BACKUP)

        listed = await backups.list_backups(school)
        assert [(each.kind, each.refusal.code) for each in listed.failures] == [
            ("backup", "no_space")
        ]
        assert listed.files == [made]
        assert "backup.failed" in await journalled(school)
        assert leftovers(school) == []

        await make(school, BACKUP)
        assert (await backups.list_backups(school)).failures == []


async def test_a_failure_is_still_told_after_a_restart_until_one_succeeds(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        school.backups.folder.disk = BreakingDisk(at=4, failure=Failure.FULL)
        for kind in (BACKUP, ARCHIVE):
            with pytest.raises(StorageFailed):
                await make(school, kind, at=NOON - timedelta(hours=1))
            school.backups.folder.disk = BreakingDisk(at=1)
        told = [failure_of(each) for each in (await backups.list_backups(school)).failures]

    async with stopped(tmp_path) as school:
        listed = await backups.list_backups(school)
        assert [failure_of(each) for each in listed.failures] == told
        assert [each[:3] for each in told] == [
            ("backup", NOON - timedelta(hours=1), "no_space"),
            ("archive", NOON - timedelta(hours=1), "disk_failed"),
        ]
        await make(school, BACKUP)

    async with stopped(tmp_path) as school:
        listed = await backups.list_backups(school)
        assert [each.kind for each in listed.failures] == ["archive"]


def failure_of(each: backup_place.Failure) -> tuple[object, ...]:
    refusal = each.refusal
    said = (refusal.code, refusal.fr, refusal.en, dict(refusal.details), type(refusal))
    return (each.kind, each.at, *said)


async def test_backups_are_encrypted_with_a_key(tmp_path: Path, autojump_clock: object) -> None:
    async with stopped(tmp_path) as school:
        plain = await make(school, BACKUP)
        school.backups.folder.key = bytes(32)
        made = await make(school, BACKUP)

        assert (tmp_path / "backups" / made.name).read_bytes().startswith(b"PRNE1")
        await open_backup(school, made.name, by="admin")
        await open_backup(school, plain.name, by="admin", confirm=True)

        school.backups.folder.key = None
        with pytest.raises(BaseFileRefused, match="no key"):
            await open_backup(school, made.name, by="admin", confirm=True)


async def test_a_backup_is_made_while_others_write(tmp_path: Path) -> None:
    """Real threads: the copy is of one moment, and nobody waits for it."""
    async with open_test_school(tmp_path, data=sample_school(), clock=Clock(NOON)) as school:
        async with trio.open_nursery() as nursery:

            async def write_on() -> None:
                while True:
                    await enter(school)

            nursery.start_soon(write_on)
            made = [await make(school, kind) for kind in (BACKUP, ARCHIVE)]
            nursery.cancel_scope.cancel()

        assert all(each.proven_at for each in made)
        assert made[0].revision <= made[1].revision  # type: ignore[operator]


async def test_a_backup_given_up_leaves_nothing(tmp_path: Path) -> None:
    async with open_test_school(tmp_path, clock=Clock(NOON)) as school:
        with trio.CancelScope() as scope:
            await make(school, ARCHIVE, report=lambda *_: scope.cancel())

        assert scope.cancelled_caught
        assert await names(school) == []
        assert leftovers(school) == []
        await make(school, ARCHIVE)


# What is due


async def test_only_what_changed_is_backed_up_and_an_archive_every_night(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school, trio.open_nursery() as nursery:
        await nursery.start(keep_backups, school)
        await school.clock.sleep_until(NOON + timedelta(hours=9))  # 21 h
        await enter(school)
        await school.clock.sleep_until(NOON + timedelta(hours=24))
        nursery.cancel_scope.cancel()

        assert await names(school) == [
            "Base_2019_20200703_02h16.archs",
            "Base 201902.sauvs",
            "Base 201901.sauvs",
        ]
        assert [
            each.made_at.strftime("%H:%M")
            for each in (await backups.list_backups(school)).files[1:]
        ] == ["20:55", "10:55"]


async def test_a_clock_that_is_moved_makes_what_it_crosses_but_not_the_past(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school, trio.open_nursery() as nursery:
        school.backups.folder.archive_days = 3
        await nursery.start(keep_backups, school)
        school.clock.advance(timedelta(days=30))
        await trio.sleep(1)

        assert len(await names(school)) == 4
        school.clock.advance(timedelta(days=-365))
        await trio.sleep(2 * 3600)
        before = await names(school)
        await enter(school)
        await trio.sleep(3 * 3600)
        nursery.cancel_scope.cancel()

        assert len(await names(school)) > len(before), "it does not wait for July again"


async def test_drafts_of_a_crash_are_cleared_away_at_the_start(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school, trio.open_nursery() as nursery:
        folder = tmp_path / "backups"
        folder.mkdir()
        (folder / ".Base 201901.sauvs.abcd.part").write_bytes(b"half")
        await nursery.start(keep_backups, school)
        nursery.cancel_scope.cancel()

    assert list(folder.iterdir()) == []


async def test_what_a_crash_left_of_an_opening_goes_at_the_next_start(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path):
        pass
    left = tmp_path / "bases" / ".Base.not.abcd.part"
    left.mkdir()
    (left / "base.not").write_bytes(b"half")
    (tmp_path / ".connexion.toml.abcd.part").write_bytes(b"half")

    async with stopped(tmp_path) as school:
        assert leftovers(school) == []


async def test_a_disk_that_fails_does_not_end_the_schedule(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school, trio.open_nursery() as nursery:
        await nursery.start(keep_backups, school)
        school.backups.folder.disk = BreakingDisk(at=1)
        await school.clock.sleep_until(NOON + timedelta(hours=2))
        assert await names(school) == []
        assert "backup" in school.backups.failures
        await school.clock.sleep_until(NOON + timedelta(hours=4))
        nursery.cancel_scope.cancel()

        assert await names(school) == ["Base 201901.sauvs"]


# What was due while the server was off


def at_work(folder: Path, now: datetime) -> AbstractAsyncContextManager[School]:
    return open_test_school(folder, inline=True, clock=Clock(now))


async def test_what_was_due_while_the_server_was_off_is_made_once_after_its_start(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with at_work(tmp_path, NOON) as school:
        await make(school, BACKUP)
        await make(school, ARCHIVE)
        await enter(school)
    started = NOON + timedelta(days=3, minutes=2)
    for there in (2, 4):  # the second start missed nothing
        async with at_work(tmp_path, started) as school, trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await trio.sleep(50)
            assert len(await names(school)) == there, "clients come back first"
            await trio.sleep(20)
            files = (await backups.list_backups(school)).files
            lines, _ = await school.journal.read(before=None, limit=50, kind=None, search=None)
            nursery.cancel_scope.cancel()

    assert len(files) == 4
    assert {each.kind for each in files[:2]} == {BACKUP, ARCHIVE}
    assert all(each.made_at == started + timedelta(seconds=60) for each in files[:2])
    assert [
        (each.kind, each.details["missed"]) for each in lines if "missed" in each.details
    ] == [
        ("archive.made", "2020-07-05T00:16:00+00:00"),
        ("backup.made", "2020-07-05T08:55:00+00:00"),
    ]


async def test_nothing_is_caught_up_that_was_not_entered_or_has_its_copy(
    tmp_path: Path, autojump_clock: object
) -> None:
    """No backup: nothing was entered. No archive: there is one of the last night."""
    async with at_work(tmp_path, NOON) as school:
        await make(school, BACKUP)
        await make(school, ARCHIVE)
    async with at_work(tmp_path, NOON + timedelta(hours=9)) as school:
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await trio.sleep(600)
            nursery.cancel_scope.cancel()
        assert len(await names(school)) == 2


async def test_a_base_that_is_new_missed_nothing(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with at_work(tmp_path, NOON) as school, trio.open_nursery() as nursery:
        await enter(school)
        await nursery.start(keep_backups, school)
        await trio.sleep(600)
        nursery.cancel_scope.cancel()
        assert await names(school) == []


async def test_what_was_missed_waits_for_the_base_to_be_in_service(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with stopped(tmp_path) as school:
        await enter(school)
        school.clock.advance(timedelta(days=1))
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await trio.sleep(600)
            assert await names(school) == []
            school.in_service = True
            await trio.sleep(61)
            nursery.cancel_scope.cancel()
        assert len(await names(school)) == 2


async def test_what_was_missed_is_made_one_school_after_the_other(
    tmp_path: Path, autojump_clock: object
) -> None:
    """And what the schedule makes meanwhile is not made twice."""
    async with at_work(tmp_path, NOON) as school:
        await enter(school)
        school.clock.advance(timedelta(hours=22, minutes=50))  # five minutes before one is due
        turns = trio.Lock()
        async with trio.open_nursery() as nursery, turns:
            await nursery.start(keep_backups, school, turns)
            await trio.sleep(240)
            assert await names(school) == []
            await trio.sleep(120)
            assert await names(school) == ["Base 201901.sauvs"]
            turns.release()
            await trio.sleep(60)
            await turns.acquire()
            nursery.cancel_scope.cancel()
        assert [each.rpartition(".")[2] for each in await names(school)] == ["archs", "sauvs"]


async def test_a_disk_that_fails_while_catching_up_is_told_and_ends_nothing(
    tmp_path: Path, autojump_clock: object
) -> None:
    async with at_work(tmp_path, NOON) as school:
        await enter(school)
        school.clock.advance(timedelta(days=1))
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            school.backups.folder.disk = BreakingDisk(at=1)
            await trio.sleep(120)
            assert list(school.backups.failures) == ["backup"], "the archive was made"
            await school.clock.sleep_until(NOON + timedelta(days=1, hours=2))
            nursery.cancel_scope.cancel()
        assert school.backups.failures == {}


# Work that is followed


async def test_long_work_is_done_in_turn_and_followed(autojump_clock: object) -> None:
    work, seen = LongWork(), []

    async def slow(report: Report) -> str:
        report("pack", 1, 2)
        await trio.sleep(5)
        return "done"

    async def failing(report: Report) -> None:
        raise StorageFailed("SQLITE_FULL")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work.serve)
        first, second = work.begin("a", "x", slow), work.begin("b", "x", failing)
        while not first.over:
            seen.append((first.state, first.step))
            await first.wait_change(first.changes)
        assert seen[0] == (WorkState.WAITING, "")
        assert (WorkState.RUNNING, "pack") in seen
        assert await work.get(first.id).outcome() == "done"
        with pytest.raises(NoSpace):
            await second.outcome()
        unfinished = work.begin("c", "x", slow)
        await unfinished.wait_change(0)
        nursery.cancel_scope.cancel()

    assert unfinished.state is WorkState.FAILED
    with pytest.raises(NotFound):
        work.get(99)


async def test_long_work_that_waits_is_bounded() -> None:
    work = LongWork()

    async def nothing(report: Report) -> None: ...

    for _ in range(8):
        work.begin("a", "x", nothing)
    with pytest.raises(Conflict):
        work.begin("a", "x", nothing)


def test_what_fails_is_told_in_the_words_of_the_doors() -> None:
    refused = in_refusals(BaseFileRefused("Non.", "No."))

    assert isinstance(refused, BaseRefused)
    assert refused.fr == "Fichier refusé : Non. Rien n'a été modifié."
    assert isinstance(in_refusals(StorageFailed("OS_5")), DiskFailed)
    assert (
        json.dumps(dict(in_refusals(StorageFailed("OS_5")).details)) == '{"disk_code": "OS_5"}'
    )
