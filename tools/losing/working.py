"""Who works in the folder until the power goes, and who looks at what is left."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import trio
from sqlalchemy import Connection, select

from pronote_protocol.errors import Conflict
from pronote_server.clock import Clock
from pronote_server.hosting import backups
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.backup_opening import open_backup, undo_opening
from pronote_server.hosting.school import School
from pronote_server.storage.base_schema import audit
from pronote_server.storage.base_writes import AuditEntry, append_audit, bump_revision
from pronote_server.storage.packages import PackageKind, prove_package
from pronote_server.testing import open_test_school

__all__ = ["check", "work"]

_NOW = datetime(2020, 7, 2, 10, 0, tzinfo=UTC)


def _say(**said: Any) -> None:
    print(json.dumps(said), flush=True)


async def _held(school: School) -> list[int]:
    assert school.base is not None
    query = select(audit.c.actor).order_by(audit.c.id)
    rows = await school.base.database.read(lambda conn: conn.execute(query).scalars().all())
    return [int(actor) for actor in rows]


async def work(folder: Path, seed: int) -> None:
    """
    Enter, back up, open, undo, until killed.

    Before each thing it says what the base may hold after a cut; after it, what it does.
    """
    random = Random(seed)
    async with open_test_school(folder, in_service=False, clock=Clock(_NOW)) as school:
        await trio.to_thread.run_sync(school.backups.folder.prepare)
        held = await _held(school)
        contents: dict[str, list[int]] = {}
        _say(may=[held], names=[])
        for number in range(max([0, *held]) + 1, 1_000_000):
            choice = random.choice(("enter", "enter", "backup", "archive", "open", "undo"))
            following = held
            if choice == "enter":
                following = [*held, number]
                _say(may=[held, following])
                await _enter(school, number)
            elif choice in ("backup", "archive"):
                made = await make(school, PackageKind(choice))
                contents[made.name] = held
            elif choice == "open" and contents:
                name = random.choice(sorted(contents))
                following = contents[name]
                _say(may=[held, following])
                opened = await open_backup(school, name, confirm=True, by="x")
                if opened.safety is not None:
                    contents[opened.safety] = held
            elif choice == "undo":
                undo = (await backups.list_backups(school)).undo
                if undo is not None and undo.safety in contents:
                    following = contents[undo.safety]
                    _say(may=[held, following])
                    with suppress(Conflict):
                        undone = await undo_opening(school, confirm=True, by="x")
                        assert undone.safety is not None
                        contents[undone.safety] = held
            held = following
            assert await _held(school) == held
            _say(may=[held], names=sorted(contents))


async def _enter(school: School, number: int) -> None:
    base = school.base
    assert base is not None

    def write(conn: Connection) -> None:
        revision = bump_revision(conn, _NOW)
        entry = AuditEntry(
            revision=revision,
            at=_NOW,
            actor=str(number),
            method="t",
            entity="e",
            entity_id="1",
            after={"n": 1},
        )
        append_audit(conn, [entry])

    await base.database.write(write)


async def check(folder: Path) -> None:
    """Say what the base holds, which backups there are, and which are not what they say."""
    async with open_test_school(folder, in_service=False, clock=Clock(_NOW)) as school:
        await trio.to_thread.run_sync(school.backups.folder.prepare)
        listed = await backups.list_backups(school)
        wrong = []
        for each in listed.files:
            if each.problem is not None:
                wrong.append(f"{each.name}: {each.problem}")
            elif each.proven_at is not None:
                try:
                    prove_package(school.backups.folder.folder / each.name)
                except Exception as error:
                    wrong.append(f"{each.name}: {error}")
        names = sorted(each.name for each in listed.files)
        _say(held=await _held(school), names=names, wrong=wrong)


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "work":
        trio.run(work, Path(where), int(rest[0]))
    else:
        trio.run(check, Path(where))
