"""What commands print: tables and sentences for persons, one JSON object for programs."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["say", "show_items", "show_table"]


def show_items(
    answer: dict[str, Any], as_json: bool, title: str, columns: dict[str, str]
) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    from rich.console import Console

    rows = [[_cell(item.get(key)) for key in columns] for item in answer["items"]]
    show_table(Console(), f"{title} ({len(rows)})", tuple(columns.values()), rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        minutes, seconds = divmod(int(value), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def show_table(console: Any, title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    for rank, column in enumerate(columns):
        # The first one is what other commands take: it is shown whole, however narrow the
        # terminal.
        table.add_column(column, overflow="fold", no_wrap=rank == 0)
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    console.print(table)


def say(answer: Any, as_json: bool, sentence: str) -> None:
    print(json.dumps(answer, ensure_ascii=False) if as_json else sentence)
