"""
Models of letters (*lettres types*) as they travel in ``.HCOURRIERS``: the one place.

A letter is known again by its code; one that is here stays as it is.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from pronote_server.domain.search import fold
from pronote_server.storage.base_schema import letter
from pronote_server.storage.manifests import damaged

__all__ = ["LETTERS_MEMBER", "add_letters", "letters_bytes", "letters_of", "read_letters"]

LETTERS_MEMBER: Final = "letters.json"

_FIELDS: Final = ("code", "name", "category", "body")
_MOST: Final = 5_000
# In characters; those of a body are 8 000 at most.
_LONGEST: Final = {"code": 60, "name": 200, "category": 200, "body": 20_000}


def letters_of(conn: Connection) -> list[dict[str, str]]:
    """Return the models of the base."""
    rows = conn.execute(select(*(letter.c[name] for name in _FIELDS)).order_by(letter.c.code))
    return [dict(row) for row in rows.mappings()]


def letters_bytes(letters: list[dict[str, str]]) -> bytes:
    """Return *letters* as the member of a package."""
    return json.dumps(letters, ensure_ascii=False, indent=1).encode()


def read_letters(data: bytes) -> list[dict[str, str]]:
    """
    Raises:
        PackageRefused: These are no letters.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise damaged() from None
    if not isinstance(found, list) or len(found) > _MOST or not all(map(_is_letter, found)):
        raise damaged()
    return found


def _is_letter(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and record.keys() == set(_FIELDS)
        and all(isinstance(record[n], str) and len(record[n]) <= _LONGEST[n] for n in _FIELDS)
        and bool(record["code"])
        and bool(fold(record["name"]))
        and not any("\0" in value for value in record.values())
    )


def add_letters(conn: Connection, letters: list[dict[str, str]]) -> int:
    """Add those whose code the base does not have; return how many."""
    there = set(conn.execute(select(letter.c.code)).scalars())
    new = {each["code"]: each for each in letters if each["code"] not in there}
    if new:
        conn.execute(
            insert(letter),
            [
                {
                    **each,
                    "sort_name": fold(each["name"]),
                    "search": fold(f"{each['name']} {each['code']}"),
                    "revision": 0,
                }
                for each in new.values()
            ],
        )
    return len(new)
