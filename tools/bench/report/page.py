"""The page: verdicts first, then every figure with its rounds, then what was run and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from bench.measuring.rows import Row
from bench.report.plots import percentile_plot, rounds_plot
from bench.report.table import amount, bound_of, middle_of, value_of

__all__ = ["page"]

_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem;
  padding: 0 1rem; color: #1c1c1c; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #ddd;
  vertical-align: top; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.aim { color: #116329; } .reached { color: #3a5f0b; } .missed { color: #9a3412; }
.INVALID { color: #fff; background: #9f1239; padding: 0 .3rem; }
svg { font: 12px system-ui, sans-serif; max-width: 100%; }
svg .axis, svg .grid { stroke: #ccc; } svg .half { fill: #c9dff2; }
svg .round { fill: #1b5e9b; fill-opacity: .55; }
svg .median { stroke: #0b2f52; stroke-width: 2; }
svg line.reach { stroke: #9a3412; stroke-dasharray: 3 2; }
svg line.aim { stroke: #116329; stroke-dasharray: 3 2; }
small { color: #555; } pre { white-space: pre-wrap; background: #f5f5f5; padding: .8rem; }
"""
_READING: Final = """
<p>Each dot is a round; the bar is the middle half of them, the dark stroke the median. The
dashed strokes are what was to be reached (brown) and aimed at (green). Ratios are on a
logarithmic scale. Processor time is that of the measured process, threads included.</p>
"""


def page(rows: Sequence[Row], missing: Iterable[str], about: Mapping[str, Any]) -> str:
    """
    Return the page, complete in itself.

    Args:
        about: What was run, on what: shown as it is.
    """
    verdicts = [row.verdict for row in rows if row.number]
    counted = ", ".join(
        f'<b class="{word}">{verdicts.count(word)} {said}</b>'
        for word, said in (
            ("aim", "at the aim"),
            ("reached", "reached"),
            ("missed", "missed"),
            ("INVALID", "invalid"),
        )
        if word in verdicts
    )
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Speed, side by side</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Speed, side by side</h1>",
        f"<p>{counted or 'No figure has a target here.'}</p>",
        _READING,
        "<table><thead><tr><th>#</th><th>figure</th><th>ours</th><th>theirs</th>"
        "<th>value</th><th>reach, aim</th><th>rounds</th></tr></thead><tbody>",
        *map(_line, rows),
        "</tbody></table>",
    ]
    lines += [f"<p>Not measured: {escape(each)}</p>" for each in missing]
    for row in rows:
        for name, curves in row.plots.items():
            lines += [f"<h2>{escape(row.what)}: {escape(name)}</h2>", percentile_plot(curves)]
            lines.append(
                "<p>Solid: from the planned moment. Dashed: service time, from the session's "
                "previous answer.</p>"
            )
    told = escape(json.dumps(dict(about), ensure_ascii=False, indent=1))
    lines += ["<h2>What was run</h2>", f"<pre>{told}</pre>", "</body></html>"]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    low, high = row.spread
    notes = [*row.invalid, *([row.note] if row.note else [])]
    return (
        f"<tr><td>{row.number or ''}</td>"
        f"<td>{escape(row.what)}<br><small>beside {escape(row.reference or 'nothing')}"
        f"{''.join(f'<br>{escape(note)}' for note in notes)}</small></td>"
        f'<td class="n">{middle_of(row.ours)}<br><small>{escape(row.unit)}</small></td>'
        f'<td class="n">{middle_of(row.theirs)}</td>'
        f'<td class="n"><b class="{row.verdict}">{value_of(row)} {row.verdict}</b>'
        f"<br><small>{amount(low)}..{amount(high)}</small></td>"
        f'<td class="n">{escape(bound_of(row.reach, row))}<br>{escape(bound_of(row.aim, row))}'
        f"</td><td>{rounds_plot(row)}</td></tr>"
    )
