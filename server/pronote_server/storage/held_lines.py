"""
What every entry leaves behind, held until its transaction is about to commit.

A line of audit, a line of changes, a key with its answer, a revision: of sixty-four entries
that share a commit these are two hundred and fifty statements, or four that write many rows.
So they wait, and go to the base together just before the COMMIT: on disk with the entries, or
not at all.

Nobody can tell. What is held is part of the transaction like what is written:

* A statement that touches one of these tables has it written first (`disclose`), whoever
  executes it and in whatever way.
* A command that is undone takes its lines back, and with them what was written of them.
* A key is looked for among the lines that are held, too.
* Lines are turned into what the driver takes when they are noted, so that one that is
  impossible fails its own command. If they cannot be written, the transaction fails, and all
  who share it are told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import Connection, event

from pronote_server.storage.freshness import Noted

__all__ = ["HELD_LINES", "HELD_TABLES", "Held", "HeldLines", "held_by"]

# In the `info` of a connection whose lines are held: who holds them.
HELD_LINES: Final = "pronote.held_lines"
HELD_TABLES: Final = frozenset({"audit", "change_log", "entry_key", "header"})

# How many lines of each kind there were, how many of them were written; the revisions.
Held: TypeAlias = tuple[int, int, int, int, int, int, int | None, int | None, Any]


@attrs.define(eq=False)
class HeldLines:
    """
    Of one writing connection, and of its thread. Get it by `base_writes.hold_lines`.

    Args:
        write: Writes what is not written yet, and notes that it is.
        changed: The tables the open transaction has changed so far.

    Attributes:
        audit, changes: Lines, as the driver takes them.
        answers: By account and key: the line, and what it says.
        audit_written, changes_written, answers_written: How many of them the base has.
        revision: That of the last entry of the transaction; None until the base was asked.
        revision_written: The one the base has.
        entered_at: When the last entry was made.
    """

    conn: Connection
    _write: Callable[[HeldLines], None]
    _changed: set[str]
    audit: list[Any] = attrs.field(factory=list, init=False)
    changes: list[Any] = attrs.field(factory=list, init=False)
    answers: dict[tuple[str, str], tuple[Any, Any]] = attrs.field(factory=dict, init=False)
    audit_written: int = attrs.field(default=0, init=False)
    changes_written: int = attrs.field(default=0, init=False)
    answers_written: int = attrs.field(default=0, init=False)
    revision: int | None = attrs.field(default=None, init=False)
    revision_written: int | None = attrs.field(default=None, init=False)
    entered_at: Any = attrs.field(default=None, init=False)
    _holds: bool = attrs.field(default=False, init=False)
    _writes: bool = attrs.field(default=False, init=False)

    def serve(self) -> None:
        """Hold the lines of `conn` from now on."""
        self.conn.info[HELD_LINES] = self

        @event.listens_for(self.conn, "before_cursor_execute")
        def see(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
            if self._writes:
                return
            if not HELD_TABLES.isdisjoint(Noted.of(statement).reading):
                self.disclose()

    def begin(self) -> None:
        """Forget everything: a transaction begins."""
        self.audit.clear()
        self.changes.clear()
        self.answers.clear()
        self.audit_written = self.changes_written = self.answers_written = 0
        self.revision = self.revision_written = self.entered_at = None
        self._holds = False

    def holding(self) -> None:
        """Note that something is about to be held."""
        if not self._holds:
            self._holds = True
            # What is remembered, or read again, from these tables is so no longer true.
            self._changed.update(HELD_TABLES)

    def here(self) -> Held:
        """Return where a command begins."""
        return (
            len(self.audit),
            len(self.changes),
            len(self.answers),
            self.audit_written,
            self.changes_written,
            self.answers_written,
            self.revision,
            self.revision_written,
            self.entered_at,
        )

    def back_to(self, here: Held) -> None:
        """Take back the lines of a command that was undone."""
        audit, changes, answers = here[:3]
        self.audit_written, self.changes_written, self.answers_written = here[3:6]
        self.revision, self.revision_written, self.entered_at = here[6:]
        del self.audit[audit:]
        del self.changes[changes:]
        while len(self.answers) > answers:
            self.answers.popitem()
        self._holds = True

    def write(self) -> None:
        """Write what is held."""
        if self._holds:
            self._holds, self._writes = False, True
            try:
                self._write(self)
            finally:
                self._writes = False

    def disclose(self) -> None:
        """Write what is held, because somebody looks; what he then does is not known here."""
        self.write()
        self.revision = self.revision_written = None


def held_by(conn: Connection) -> HeldLines | None:
    """Return who holds the lines of *conn*; None: they are written at once."""
    found: HeldLines | None = conn.info.get(HELD_LINES)
    return found
