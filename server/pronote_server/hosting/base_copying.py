"""A copy of the base that is loaded, for who packs it into a file while clients work."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import trio

from pronote_protocol.errors import BaseUnavailable
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.school import School
from pronote_server.storage.copying import copy_pages
from pronote_server.storage.packages import BASE_MEMBER
from pronote_server.storage.whole_files import Disk, draft_of, saying_what_the_disk_said

__all__ = ["CopiedBase", "copy_of_loaded"]

_CLEANING_SECONDS: Final = 30.0


@attrs.frozen
class CopiedBase:
    """``copy``, of one moment; ``file``, the base it is of, beside which its documents are."""

    copy: Path
    file: Path


@asynccontextmanager
async def copy_of_loaded(
    school: School, beside: Path, teller: Teller
) -> AsyncIterator[CopiedBase]:
    """
    Copy the base that is loaded into a scratch folder, which goes with the block.

    Args:
        beside: Names the scratch folder, which is in the same folder.

    Raises:
        Conflict: No base is loaded, or something is being done to it.
        BaseUnavailable: It is being given back as it was.
        StorageFailed: The disk said no.
    """
    begin(school.base_state, BaseCommand.EXPORT)
    disk = school.backups.folder.disk
    scratch = draft_of(beside)
    try:
        # Only while it is copied; packing it may take its time.
        async with school.copying:
            begin(school.base_state, BaseCommand.EXPORT)
            if school.base is None:
                raise BaseUnavailable(retry_after=1.0)
            file = school.base.file
            await school.in_thread(partial(_copy, file, scratch, disk, teller))
        yield CopiedBase(scratch / BASE_MEMBER, file)
    finally:
        with trio.move_on_after(_CLEANING_SECONDS, shield=True):
            await school.in_thread(partial(shutil.rmtree, scratch, ignore_errors=True))


def _copy(base: Path, scratch: Path, disk: Disk, teller: Teller) -> None:
    with saying_what_the_disk_said():
        disk.make_folder(scratch)
        copy_pages(base, scratch / BASE_MEMBER, disk=disk, progress=teller.progress("copy"))
