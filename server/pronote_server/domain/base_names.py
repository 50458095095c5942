"""What a base may be called; its name is also that of its file."""

from __future__ import annotations

import unicodedata
from typing import Final

from pronote_protocol.errors import BadRequest

from .search import fold

__all__ = ["base_name", "same_name"]

_LONGEST: Final = 60
# No folder's separator, nothing that another system refuses in the name of a file.
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')


def base_name(wanted: str) -> str:
    """
    Return *wanted* as the name of a base: composed, without the blanks around it.

    Raises:
        BadRequest: It cannot be one.
    """
    name = unicodedata.normalize("NFC", wanted).strip()
    problems = None
    if not name or not fold(name):
        problems = "name: must not be empty"
    elif len(name) > _LONGEST:
        problems = f"name: at most {_LONGEST} characters"
    elif not name.isprintable() or _FORBIDDEN & set(name):
        problems = (
            "name: none of " + " ".join(sorted(_FORBIDDEN)) + ", and no control character"
        )
    elif name.startswith(".") or name.endswith("."):
        problems = "name: must not begin or end with a dot"
    if problems is not None:
        raise BadRequest(
            "Nom de base incorrect : de 1 à {most} caractères, sans {forbidden} ni caractère "
            "de contrôle, sans point au début ni à la fin.",
            problems=problems,
            most=_LONGEST,
            forbidden=" ".join(sorted(_FORBIDDEN)),
        )
    return name


def same_name(one: str, other: str) -> bool:
    """Whether two bases would be taken for one: case and accents do not tell them apart."""
    return fold(one) == fold(other)
