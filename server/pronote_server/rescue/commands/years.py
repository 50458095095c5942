"""Previous years, for the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from pronote_protocol.records import structure
from pronote_server.hosting import previous_years
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool, plain
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Load(At):
    source: str
    file: bool = False


@attrs.frozen(kw_only=True)
class _Remove(At):
    school_year: int


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def list_years(params: dict[str, Any]) -> Any:
        found = await previous_years.previous_years(at(structure(params, At)))
        return {"items": [plain(each) for each in found]}

    async def load(params: dict[str, Any]) -> Any:
        wish = structure(params, _Load)
        source = Path(wish.source) if wish.file else wish.source
        return plain(await previous_years.load_year(at(wish), source, by=OPERATOR))

    async def remove(params: dict[str, Any]) -> Any:
        wish = structure(params, _Remove)
        await previous_years.remove_year(at(wish), wish.school_year, by=OPERATOR)
        return {"removed": wish.school_year}

    return {"years.list": list_years, "years.load": load, "years.remove": remove}
