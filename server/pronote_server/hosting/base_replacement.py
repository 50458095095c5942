"""
Putting another base in the place of the one that is loaded: all of it, or nothing.

Everything that replaces it passes here: opening a backup (fiche 9), opening another base
(fiche 8), a new version (fiche 3). The old file keeps a second name until the new base is
open; whatever fails before that, the old one is opened again. A power cut leaves the old file
or the new one under the name that is opened at the next start, each of them whole.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog
import trio

from pronote_server.domain.base_states import BaseCommand
from pronote_server.hosting.base_opening import close_base, open_base, read_header_again
from pronote_server.hosting.base_places import bases_folder, free_path, remove_leftovers
from pronote_server.hosting.base_service import doing
from pronote_server.hosting.school import School
from pronote_server.storage import base_writes
from pronote_server.storage.base_file import inspect_base
from pronote_server.storage.copying import put_back
from pronote_server.storage.errors import StorageFailed, saying_it_in_our_words
from pronote_server.storage.sqlite import checkpoint, writing_engine
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    saying_what_the_disk_said,
)

__all__ = ["exchange_while_doing", "open_instead", "open_loaded", "replace_base"]

log = structlog.get_logger()

# Closing, renaming and opening, of which the last may bring an old base up to date.
_EXCHANGE_SECONDS: Final = 120.0


async def replace_base(
    school: School,
    prepare: Callable[[], Path],
    *,
    why: str,
    by: str,
    address: str | None = None,
    target: Path | None = None,
    command: BaseCommand = BaseCommand.RESTORE,
    disk: Disk = REAL_DISK,
) -> None:
    """
    Make what *prepare* returns the base that is loaded; it is not in service afterwards.

    Args:
        prepare: Runs in a thread while the old base is still open. Returns a complete base,
            checked and synced, in the folder of the bases; it is used up. What it raises
            comes out, and nothing is changed.
        why: For the journal: ``restored``, ``version``...
        target: The file it becomes; by default that of the base that is loaded, or a new one
            when none is. A base loaded from another file stays among the other bases.
        command: Which rule of `domain.base_states` it falls under.

    A base put in the place of one with a higher revision passes it, whatever its file: what
    clients remember of the old one must not come true a second time.

    Raises:
        Conflict: The server is not stopped, or something else is under way.
        BaseFileRefused: The new base cannot be opened; the old one is loaded again.
        StorageFailed: The disk said no; likewise.
    """
    with doing(school, command):
        new = await school.in_thread(prepare)
        try:
            if target is None and school.base is not None:
                target = school.base.file
            if target is None:
                target = await school.in_thread(partial(_free_place, school, new))
            await exchange_while_doing(school, new, target, disk=disk)
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
        await _tell(school, why, by, address)


async def open_instead(
    school: School,
    file: Path,
    *,
    why: str = "opened",
    by: str,
    address: str | None = None,
    command: BaseCommand = BaseCommand.OPEN,
) -> None:
    """
    Load the base in *file*, which is one of the school's, instead of the one that is loaded.

    Raises:
        Conflict, BaseFileRefused, StorageFailed: As for `replace_base`.
    """
    with doing(school, command):
        await exchange_while_doing(school, None, file)
        await _tell(school, why, by, address)


async def exchange_while_doing(
    school: School, new: Path | None, target: Path, *, disk: Disk = REAL_DISK
) -> None:
    """
    Close the base that is loaded and open the one at *target*, for who has `doing` begun.

    Args:
        new: Becomes the file at *target* before.

    Raises:
        BaseFileRefused, StorageFailed: The base that was loaded is so again.
    """
    old = school.base
    aside = _aside(target)
    with trio.fail_after(_EXCHANGE_SECONDS, shield=True):
        # Whoever has the file of the base copied or put back is waited for.
        async with school.copying:
            await close_base(school)
            try:
                if new is not None:
                    await school.in_thread(partial(_install, new, target, aside, disk))
                await open_base(school, target)
                if new is not None and old is not None:
                    await _pass_revision(school, old.header.revision)
                await school.keep("base.loaded", target.name)
            except BaseException:
                await _go_back(school, None if old is None else old.file, target, aside, disk)
                raise
    with suppress(OSError):
        disk.unlink(aside)


async def open_loaded(school: School, file: Path, *, disk: Disk = REAL_DISK) -> None:
    """
    Open the base that was loaded when the server ended, whatever ended it.

    A new base of which nobody knows yet that it cannot be opened gives way to the old one.

    Raises:
        BaseFileRefused, StorageFailed: It cannot be opened.
    """
    aside = _aside(file)
    await school.in_thread(partial(remove_leftovers, school))
    try:
        await open_base(school, file)
    except Exception as error:
        if not await school.in_thread(aside.exists):
            raise
        log.error("base.not_opened", base=file.name, exc_info=error)
        await school.in_thread(partial(put_back, aside, file, disk=disk))
        await open_base(school, file)
    await school.in_thread(partial(aside.unlink, missing_ok=True))


def _aside(target: Path) -> Path:
    """Return the second name of the base at *target* while it is being replaced."""
    return target.with_name(f".{target.name}.old")


async def _go_back(
    school: School, old: Path | None, target: Path, aside: Path, disk: Disk
) -> None:
    """Have the old base loaded again, whatever came of the new one."""
    with trio.move_on_after(_EXCHANGE_SECONDS, shield=True):
        try:
            await close_base(school)
            if await school.in_thread(aside.exists):
                await school.in_thread(partial(put_back, aside, target, disk=disk))
            if old is not None:
                await open_base(school, old)
        except Exception as error:
            # Nothing is loaded then; the next start finds what the disk has kept.
            log.error("base.not_reopened", file=target.name, exc_info=error)


def _free_place(school: School, new: Path) -> Path:
    return free_path(bases_folder(school), inspect_base(new).name)


def _install(new: Path, target: Path, aside: Path, disk: Disk) -> None:
    with saying_what_the_disk_said():
        if target.exists():
            _move_log_into_file(target)
            disk.unlink(aside)
            disk.link(target, aside)
    put_back(new, target, disk=disk)


def _move_log_into_file(path: Path) -> None:
    """Make the file alone the whole base: it is closed, and is so unless that failed."""
    remains = path.with_name(f"{path.name}-wal")
    if not remains.exists() or remains.stat().st_size == 0:
        return
    with saying_it_in_our_words(), writing_engine(path).connect() as conn:
        checkpoint(conn)
    if remains.exists() and remains.stat().st_size:
        raise StorageFailed("SQLITE_BUSY")


async def _pass_revision(school: School, revision: int) -> None:
    base = school.base
    assert base is not None
    if base.header.revision <= revision:
        await base.database.write(lambda conn: base_writes.pass_revision(conn, revision, None))
        await read_header_again(school)


async def _tell(school: School, why: str, by: str, address: str | None) -> None:
    assert school.base is not None
    await school.journal.record(
        f"base.{why}", by, address, base=school.base.header.name, file=school.base.file.name
    )
