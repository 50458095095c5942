"""Where the bases of a school are: ``RNE/bases/NAME.not``, documents in ``NAME.documents``."""

from __future__ import annotations

import itertools
from pathlib import Path

from pronote_protocol.errors import BadRequest
from pronote_server.domain.base_names import base_name, same_name
from pronote_server.hosting.school import School

__all__ = ["base_path", "bases_folder", "files_of_bases", "free_path"]


def bases_folder(school: School) -> Path:
    """Return the folder of the bases."""
    return school.folder / "bases"


def base_path(school: School, name: str) -> Path:
    """Return where the base called *name* is kept; see `domain.base_names` for the name."""
    return bases_folder(school) / f"{name}.not"


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


def files_of_bases(folder: Path) -> list[Path]:
    """Return the files of the bases there, by name. Blocks."""
    return sorted(path for path in folder.glob("*.not") if not path.name.startswith("."))
