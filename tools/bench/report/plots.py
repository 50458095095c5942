"""Plots made by hand, as SVG: a row's rounds on a line, and latency by percentile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from bench.measuring.rows import Compared, Row
from bench.report.table import amount

__all__ = ["percentile_plot", "rounds_plot"]

_WIDTH: Final = 420
_HEIGHT: Final = 34
_MARGIN: Final = 14
_COLOURS: Final = ("#1b5e9b", "#7fb0dc", "#b3541e", "#e5ad87")


def rounds_plot(row: Row) -> str:
    """
    Return a line with a dot for each round, the middle half, the median, and the targets.

    Ratios stand on a logarithmic scale: twice as slow is as far from 1 as twice as fast.
    """
    values = row.values
    marks = [bound for bound in (row.reach, row.aim) if bound is not None]
    shown = [*values, *marks]
    logarithmic = row.compared is Compared.RATIO and min(shown) > 0
    low, high = min(shown), max(shown)
    if logarithmic:
        low, high = math.log(low), math.log(high)
    room = (high - low) * 0.05 or 0.1

    def x(value: float) -> float:
        at = math.log(value) if logarithmic else value
        part = (at - low + room) / (high - low + 2 * room)
        return _MARGIN + part * (_WIDTH - 2 * _MARGIN)

    first, last = row.spread
    parts = [
        f'<line x1="{_MARGIN}" y1="17" x2="{_WIDTH - _MARGIN}" y2="17" class="axis"/>',
        f'<rect x="{x(first):.1f}" y="11" width="{max(1.0, x(last) - x(first)):.1f}" '
        'height="12" class="half"/>',
    ]
    for bound, kind in ((row.reach, "reach"), (row.aim, "aim")):
        if bound is not None:
            parts.append(
                f'<line x1="{x(bound):.1f}" y1="3" x2="{x(bound):.1f}" y2="31" class="{kind}">'
                f"<title>{kind} {bound:g}</title></line>"
            )
    parts += [
        f'<circle cx="{x(value):.1f}" cy="17" r="3" class="round">'
        f"<title>{amount(value)}</title></circle>"
        for value in values
    ]
    middle = x(row.value)
    parts.append(
        f'<line x1="{middle:.1f}" y1="8" x2="{middle:.1f}" y2="26" class="median">'
        f"<title>median {amount(row.value)}</title></line>"
    )
    label = f"{row.what}: {amount(row.value)}, middle half {amount(first)} to {amount(last)}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def percentile_plot(curves: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """
    Return latency in ms (up, logarithmic) over percentiles, as HDR plots have them.

    To the right each step is ten times rarer. Curves of service time are dashed: what they
    lie below the others is what a closed loop would not have seen.
    """
    width, height, left, right, top, bottom = 780, 380, 80, 190, 16, 40
    points = [point for curve in curves.values() for point in curve]
    low = min(value for _, value in points)
    high = max(value for _, value in points)
    floor, ceiling = math.floor(math.log10(low)), math.ceil(math.log10(high) + 1e-9)
    rarest = max(_rarity(percent) for percent, _ in points)

    def x(percent: float) -> float:
        return left + _rarity(percent) / rarest * (width - left - right)

    def y(value: float) -> float:
        part = (math.log10(value) - floor) / (ceiling - floor)
        return height - bottom - part * (height - top - bottom)

    parts = []
    for power in range(floor, ceiling + 1):
        at = y(10.0**power)
        parts.append(
            f'<line x1="{left}" y1="{at:.1f}" x2="{width - right}" y2="{at:.1f}" class="grid"/>'
            f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>'
        )
    for percent in (0.0, 50.0, 90.0, 99.0, 99.9, 99.99):
        if _rarity(percent) <= rarest:
            at = x(percent)
            parts.append(
                f'<line x1="{at:.1f}" y1="{top}" x2="{at:.1f}" y2="{height - bottom}" '
                f'class="grid"/><text x="{at:.1f}" y="{height - bottom + 18}" '
                f'text-anchor="middle">{percent:g} %</text>'
            )
    for number, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        dashed = ' stroke-dasharray="5 4"' if "service" in name else ""
        line = " ".join(f"{x(percent):.1f},{y(value):.1f}" for percent, value in curve)
        key = top + 14 + 22 * number
        parts.append(
            f'<g stroke="{colour}" stroke-width="2"{dashed}>'
            f'<polyline points="{line}" fill="none"/>'
            f'<line x1="{width - right + 14}" y1="{key}" x2="{width - right + 40}" y2="{key}"/>'
            "</g>"
            f'<text x="{width - right + 46}" y="{key + 4}">{escape(name)}</text>'
        )
    label = f"Latency by percentile: {', '.join(curves)}"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _rarity(percent: float) -> float:
    return -math.log10(max(1e-6, 1 - percent / 100))
