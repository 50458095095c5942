"""The table for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.measuring.rows import Compared, Row

__all__ = ["amount", "bound_of", "middle_of", "show", "value_of"]

_WIDTH = 150


def amount(value: float) -> str:
    """Return *value* with three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{3 if abs(value) < 0.1 else digits}f}"


def bound_of(value: float | None, row: Row) -> str:
    """Return *value* as a target of *row*."""
    if value is None:
        return ""
    sign = ">=" if row.higher_is_better else "<="
    return f"{sign} {value:g}{' x' if row.compared is Compared.RATIO else ''}"


def middle_of(values: Sequence[float]) -> str:
    """Return the median of *values*, or nothing."""
    return amount(median(values)) if values else ""


def value_of(row: Row) -> str:
    """Return the judged value."""
    return f"{amount(row.value)}{' x' if row.compared is Compared.RATIO else ''}"


def show(rows: Iterable[Row], missing: Iterable[str], console: Console | None = None) -> None:
    """Print every row, what is invalid and why, and what could not be measured."""
    out = console or Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    table = Table(title="Medians of the rounds; spread: the middle half", title_justify="left")
    table.add_column("#", justify="right")
    for column in ("figure", "beside"):
        table.add_column(column, overflow="fold")
    for column in ("ours", "theirs"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    for column in ("value", "spread", "reach", "aim"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict")
    invalid = []
    for row in rows:
        low, high = row.spread
        table.add_row(
            f"{row.number or ''}",
            row.what,
            row.reference,
            middle_of(row.ours),
            middle_of(row.theirs),
            row.unit,
            value_of(row),
            f"{amount(low)}..{amount(high)}",
            bound_of(row.reach, row),
            bound_of(row.aim, row),
            row.verdict,
        )
        invalid += [f"INVALID {row.name}: {reason}" for reason in row.invalid]
    out.print(table)
    for line in (*invalid, *(f"not measured: {each}" for each in missing)):
        out.print(line, markup=False, soft_wrap=True)
