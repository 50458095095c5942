"""Where the bases of a school are: ``RNE/bases/NAME.not``, documents in ``NAME.documents``."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pronote_protocol.errors import BadRequest, Conflict
from pronote_server.domain.base_names import base_name, same_name
from pronote_server.domain.search import fold
from pronote_server.hosting.school import School
from pronote_server.storage.base_file import BaseHeader, inspect_base
from pronote_server.storage.errors import StorageError
from pronote_server.storage.whole_files import remove_drafts

__all__ = [
    "base_path",
    "bases_folder",
    "check_free",
    "files_of_bases",
    "free_path",
    "named_bases",
    "names_of_bases",
    "remove_leftovers",
]


def bases_folder(school: School) -> Path:
    """Return the folder of the bases."""
    return school.folder / "bases"


def base_path(school: School, name: str) -> Path:
    """Return where the base called *name* is kept; see `domain.base_names` for the name."""
    return bases_folder(school) / f"{name}.not"


async def check_free(school: School, name: str, *, but: Path | None = None) -> None:
    """
    Raises:
        Conflict: A base other than *but* is called *name*, or its file is.
    """
    named = await named_bases(school)
    for path, each in named.items():
        if path != but and (same_name(each, name) or same_name(path.stem, name)):
            raise Conflict(
                "Une base de ce nom existe ({name}) : choisissez un autre nom.",
                "A base of that name exists ({name}): choose another name.",
                name=name,
            )


async def named_bases(school: School) -> dict[Path, str]:
    """Return what each base is called here; see `names_of_bases`."""
    base = school.base
    loaded = {} if base is None else {base.file: base.header}
    return await school.in_thread(partial(names_of_bases, bases_folder(school), loaded))


def names_of_bases(folder: Path, loaded: Mapping[Path, BaseHeader]) -> dict[Path, str]:
    """
    Return what each base is called here, each otherwise. Blocks.

    As its header says. Of several with one name all but the one whose file has it, and a base
    that cannot be read, are called by their file.
    """
    said: dict[Path, str] = {}
    for path in files_of_bases(folder):
        try:
            # The one that is loaded is not looked at: its writer would have to wait.
            said[path] = (loaded.get(path) or inspect_base(path)).name
        except StorageError:
            said[path] = path.stem
    shared = Counter(fold(name) for name in said.values())
    return {path: name if shared[fold(name)] == 1 else path.stem for path, name in said.items()}


def free_path(folder: Path, wanted: str) -> Path:
    """Return a file that no base has, named after *wanted* as far as that can be. Blocks."""
    try:
        name = base_name(wanted)
    except BadRequest:
        name = "Base"
    taken = [each.stem for each in files_of_bases(folder)]
    names = itertools.chain((name,), (f"{name[:50]} ({n})" for n in itertools.count(2)))
    return next(
        folder / f"{each}.not"
        for each in names
        if not any(same_name(each, other) for other in taken)
    )


def remove_leftovers(school: School) -> None:
    """Remove what a crash left half written beside the bases, while nobody writes. Blocks."""
    for folder in (school.folder, bases_folder(school), school.folder / "exports"):
        remove_drafts(folder)


def files_of_bases(folder: Path) -> list[Path]:
    """Return the files of the bases there, by name. Blocks."""
    return sorted(path for path in folder.glob("*.not") if not path.name.startswith("."))
