"""
What was asked and what was answered, and whether a base agrees.

Each write puts one value, which is used once, into the cells of some pupils of an assessment
that one writer alone fills. So the audit of the base tells how often each write was done, and
when; nothing of it relies on what is tested, but on the file itself.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import attrs

__all__ = ["HIGHEST", "Ledger", "Write", "faults_of"]

# Of the scale of the assessments; there are a hundred values to a point.
HIGHEST: Final = 999


@attrs.define(eq=False)
class Write:
    """
    One entry of marks.

    Attributes:
        number: In its assessment; the mark is that many hundredths.
        account: Whose key it is.
        revision: What it was answered; None while it is not known whether it was done.
        given_up: Nobody will ask again.
    """

    assessment: int
    number: int
    account: str
    key: str
    pupils: tuple[int, ...]
    revision: int | None = None
    given_up: bool = False

    @property
    def value(self) -> Decimal:
        return Decimal(self.number) / 100


@attrs.define
class Ledger:
    """Everything that was asked; writes of one assessment in their order."""

    writes: dict[int, list[Write]] = attrs.field(factory=lambda: defaultdict(list))

    def ask(self, account: str, assessment: int, key: str, pupils: Sequence[int]) -> Write:
        """
        Note the next write of *assessment* before it is asked, and return it.

        Raises:
            OverflowError: There are no values left.
        """
        number = len(self.writes[assessment]) + 1
        if number > HIGHEST * 100:
            raise OverflowError("every value was used")
        write = Write(assessment, number, account, key, tuple(pupils))
        self.writes[assessment].append(write)
        return write

    @property
    def all(self) -> list[Write]:
        return [write for writes in self.writes.values() for write in writes]


@contextmanager
def _copy_of(base: Path) -> Iterator[Path]:
    """Give a copy, with its log: opening the original would do what the server must do."""
    with tempfile.TemporaryDirectory(prefix="pronote-torture-") as folder:
        for suffix in ("", "-wal"):
            if (part := base.with_name(base.name + suffix)).exists():
                shutil.copyfile(part, Path(folder) / part.name)
        yield Path(folder) / base.name


def faults_of(base: Path, ledger: Ledger) -> list[str]:
    """Return a sentence for everything in the file *base* that contradicts *ledger*."""
    with _copy_of(base) as copy, closing(sqlite3.connect(copy)) as conn:
        faults = [
            f"the file is damaged: {line}"
            for (line,) in conn.execute("PRAGMA integrity_check")
            if line != "ok"
        ]
        faults += [f"an orphan: {row}" for row in conn.execute("PRAGMA foreign_key_check")]
        for assessment, writes in ledger.writes.items():
            faults += _faults_of_assessment(conn, assessment, writes)
        faults += _faults_of_keys(conn, ledger.all)
        (revision,) = conn.execute("SELECT revision FROM header").fetchone()
        (latest,) = conn.execute("SELECT max(revision) FROM audit").fetchone()
        if latest is not None and latest > revision:
            faults.append(f"the base is at {revision} and was written at {latest}")
    return faults


def _faults_of_assessment(
    conn: sqlite3.Connection, assessment: int, writes: Sequence[Write]
) -> Iterator[str]:
    # By number: the pupil and the revision of every line of the audit.
    done: dict[int, list[tuple[int, int]]] = defaultdict(list)
    last: dict[int, Decimal] = {}
    lines = conn.execute(
        "SELECT entity_id, revision, after FROM audit "
        "WHERE entity = 'mark' AND entity_id LIKE ? ORDER BY id",
        (f"{assessment}/%",),
    )
    for entity_id, revision, after in lines:
        pupil = int(entity_id.partition("/")[2])
        value = Decimal(json.loads(after)["value"])
        done[int(value * 100)].append((pupil, revision))
        last[pupil] = value
    for write in writes:
        yield from _faults_of_write(write, done.pop(write.number, []))
    for number in done:
        yield f"assessment {assessment}: nobody asked for write {number}"
    marks = dict(
        conn.execute("SELECT pupil_id, value FROM mark WHERE assessment_id = ?", (assessment,))
    )
    # The column counts in hundredths.
    if marks != {pupil: int(value * 100) for pupil, value in last.items()}:
        yield f"assessment {assessment}: the marks are not what was last entered"


def _faults_of_write(write: Write, done: list[tuple[int, int]]) -> Iterator[str]:
    name = f"assessment {write.assessment}, write {write.number}"
    if not done:
        if write.revision is not None:
            yield f"{name}: acknowledged and LOST"
        return
    if len(done) > len({pupil for pupil, _ in done}):
        yield f"{name}: done {len(done) / len(write.pupils):.1f} times"
    elif {pupil for pupil, _ in done} != set(write.pupils):
        yield f"{name}: done for {len(done)} of {len(write.pupils)} pupils"
    revisions = {revision for _, revision in done}
    if len(revisions) > 1:
        yield f"{name}: done in pieces, at {sorted(revisions)}"
    if write.revision is not None and revisions != {write.revision}:
        yield f"{name}: acknowledged at {write.revision}, done at {sorted(revisions)}"


def _faults_of_keys(conn: sqlite3.Connection, writes: Sequence[Write]) -> Iterator[str]:
    kept: dict[tuple[str, str], int] = defaultdict(int)
    for account, key in conn.execute("SELECT account, key FROM entry_key"):
        kept[account, key] += 1
    for write in writes:
        times = kept[write.account, write.key]
        if times > 1:
            yield f"key {write.key} is there {times} times"
        elif write.revision is not None and times == 0:
            yield f"key {write.key} was answered and is forgotten"
