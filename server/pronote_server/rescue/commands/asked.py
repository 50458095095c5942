"""What every command of the rescue door has: a school, an actor, answers as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from pronote_protocol.errors import UnknownSchool
from pronote_server.hosting.school import School

__all__ = ["OPERATOR", "At", "FindSchool", "plain", "school_finder"]

# Who did it, in the journal and in the goodbye of those concerned.
OPERATOR = "opérateur"


@attrs.frozen(kw_only=True)
class At:
    """
    Base of the parameters of a command.

    Attributes:
        rne: The school; None for the default one.
    """

    rne: str | None = None


FindSchool: TypeAlias = Callable[[At], School]


def school_finder(schools: Mapping[str, School]) -> FindSchool:
    """Return what finds the school a command is about."""

    def at(wish: At) -> School:
        if wish.rne is None:
            return next(iter(schools.values()))
        school = schools.get(wish.rne.upper())
        if school is None:
            raise UnknownSchool(rne=wish.rne)
        return school

    return at


def plain(record: Any) -> dict[str, Any]:
    """Return an attrs instance as named plain values, rows included."""
    return attrs.asdict(record, recurse=False, value_serializer=_plain_value)


def _plain_value(_: Any, __: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return getattr(value, "value", value)
