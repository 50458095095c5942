"""Where a command reads and writes: two streams, the environment, a person or none."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

import attrs
import trio

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Terminal"]


def _signals() -> AbstractContextManager[AsyncIterator[int]]:
    return trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)


@attrs.define(kw_only=True, slots=False)
class Terminal:
    """
    Attributes:
        json: Objects for programs instead of sentences and tables for people.
        ask_password: Prompts, without echo; None when nobody is there to be asked.
        told_to_leave: Signals that mean "leave"; entered for the length of `stay`.
    """

    out: TextIO
    err: TextIO
    environ: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    json: bool = False
    ask_password: Callable[[str], str] | None = None
    told_to_leave: Callable[[], AbstractContextManager[AsyncIterator[int]]] = _signals

    @classmethod
    def of_process(cls) -> Terminal:
        """Return the one of this process."""
        import getpass

        return cls(
            out=sys.stdout,
            err=sys.stderr,
            environ=os.environ,
            ask_password=getpass.getpass if sys.stdin.isatty() else None,
        )

    @cached_property
    def console(self) -> Console:
        """Draws tables, as wide as the screen or 120 columns when there is none."""
        from rich.console import Console

        width = None if self.out.isatty() else 120
        return Console(file=self.out, width=width, highlight=False)

    def emit(self, value: Mapping[str, Any]) -> None:
        """Print one JSON object on one line, at once: a program waits for it."""
        print(json.dumps(value, ensure_ascii=False), file=self.out, flush=True)

    def say(self, sentence: str) -> None:
        """Print a sentence for a person."""
        print(sentence, file=self.out, flush=True)

    def complain(self, sentence: str) -> None:
        """Print a sentence about what went wrong."""
        print(sentence, file=self.err, flush=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Print a table; None is shown as a dash."""
        from rich.table import Table
        from rich.text import Text

        # Not the table's own title, which would be folded to the table's width.
        self.console.print(Text(title, style="bold"), soft_wrap=True)
        table = Table()
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            # Text, not markup: what stands in brackets in a name stays there.
            table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
        self.console.print(table)
