"""`tools/torture.py`: it sees what is lost and what is doubled; its short form finds none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import create_base, replace_school_data
from pronote_server.storage.base_writes import (
    AuditEntry,
    append_audit,
    bump_revision,
    remember_answer,
)
from pronote_server.storage.sqlite import writing_engine
from pronote_server.testing import sample_school
from torture import arguments_from
from torturing.ledger import Ledger, Write, faults_of

TORTURE: Final = Path(__file__).resolve().parents[2] / "tools" / "torture.py"
NOW: Final = datetime(2020, 9, 15, 8, tzinfo=UTC)


class Base:
    """A base of one assessment, written by hand and not by the server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger()
        data = sample_school()
        create_base(path, name="Base", rne=None, school_year=2020, grid=data.grid, now=NOW)

        def fill(conn: Connection) -> None:
            replace_school_data(conn, data, NOW)
            service = conn.execute(select(schema.service.c.id)).scalars().first()
            period = {"id": 1, "code": "T1", "name": "Trimestre 1", "kind": "trimester"}
            days = {"starts_on": date(2020, 9, 1), "ends_on": date(2020, 11, 30)}
            conn.execute(insert(schema.period), period | days)
            conn.execute(
                insert(schema.assessment),
                {
                    "id": 1,
                    "service_id": service,
                    "period_id": 1,
                    "date": date(2020, 9, 15),
                    "title": "",
                    "scale": Decimal(999),
                    "revision": 1,
                },
            )

        self.do(fill)

    def do(self, command: Callable[[Connection], Any]) -> Any:
        with writing_engine(self.path).connect() as conn, conn.begin():
            return command(conn)

    def ask(self, *pupils: int) -> Write:
        return self.ledger.ask("sec1", 1, f"k{len(self.ledger.all)}", pupils)

    def enter(self, write: Write, pupils: tuple[int, ...] | None = None) -> int:
        """Do what a server does with it."""

        def command(conn: Connection) -> int:
            revision = bump_revision(conn, NOW)
            for pupil in write.pupils if pupils is None else pupils:
                mark = schema.mark
                this = (mark.c.assessment_id == 1) & (mark.c.pupil_id == pupil)
                conn.execute(delete(mark).where(this))
                conn.execute(
                    insert(mark),
                    {
                        "assessment_id": 1,
                        "pupil_id": pupil,
                        "value": write.value,
                        "revision": revision,
                    },
                )
                line = AuditEntry(
                    revision=revision,
                    at=NOW,
                    actor="SEC1",
                    method="marks.enter",
                    entity="mark",
                    entity_id=f"1/{pupil}",
                    after={"value": str(write.value)},
                )
                append_audit(conn, [line])
            return revision

        revision: int = self.do(command)
        return revision

    def answer(self, write: Write, revision: int) -> None:
        self.do(
            lambda conn: remember_answer(conn, "sec1", write.key, "marks.enter", NOW, b"\x80")
        )
        write.revision = revision

    def faults(self) -> list[str]:
        return faults_of(self.path, self.ledger)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(tmp_path / "Base.not")


def test_what_was_acknowledged_and_done_once_is_no_fault(base: Base) -> None:
    for pupils in ((1, 2), (2, 3), (1, 3)):
        write = base.ask(*pupils)
        base.answer(write, base.enter(write))
    base.ask(1, 2)
    base.enter(base.ask(2, 3))

    assert base.faults() == []


def test_a_write_that_is_lost_is_found(base: Base) -> None:
    base.answer(base.ask(1, 2), 1)

    assert base.faults() == ["assessment 1, write 1: acknowledged and LOST"]


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_write_that_was_done_twice_is_found(base: Base, acknowledged: bool) -> None:
    write = base.ask(1, 2)
    first = base.enter(write)
    base.enter(write)
    if acknowledged:
        base.answer(write, first)

    assert any("write 1: done 2.0 times" in fault for fault in base.faults())


def test_half_a_write_is_found(base: Base) -> None:
    base.enter(base.ask(1, 2), (1,))

    assert base.faults() == ["assessment 1, write 1: done for 1 of 2 pupils"]


def test_an_answer_that_tells_of_another_revision_is_found(base: Base) -> None:
    write = base.ask(1)
    base.answer(write, base.enter(write) + 1)

    assert any("acknowledged at" in fault for fault in base.faults())


def test_an_answer_that_is_not_remembered_is_found(base: Base) -> None:
    write = base.ask(1)
    write.revision = base.enter(write)

    assert base.faults() == ["key k0 was answered and is forgotten"]


def test_a_mark_that_is_not_the_last_one_is_found(base: Base) -> None:
    write = base.ask(1, 2)
    base.answer(write, base.enter(write))
    base.do(lambda conn: conn.execute(update(schema.mark).values(value=Decimal(3))))

    assert base.faults() == ["assessment 1: the marks are not what was last entered"]


def test_what_nobody_asked_for_is_found(base: Base) -> None:
    base.ask(1)
    base.enter(Write(1, 7, "sec1", "k", (1,)))

    assert base.faults() == ["assessment 1: nobody asked for write 7"]


def test_the_file_is_looked_at_and_not_touched(base: Base) -> None:
    """Its log is for the server to find, as the dead one left it."""
    with writing_engine(base.path).connect() as conn:
        with conn.begin():
            bump_revision(conn, NOW)
        log = base.path.with_name("Base.not-wal")
        before = log.read_bytes(), base.path.read_bytes()
        assert base.faults() == []
        assert (log.read_bytes(), base.path.read_bytes()) == before


@pytest.mark.parametrize("given", [["--cycles", "0"], ["--writes", "0"], ["x"]])
def test_a_command_line_that_makes_no_sense_is_refused(given: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        arguments_from(given)
    assert left.value.code == 2


@pytest.mark.real_tcp
def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(
    tmp_path: Path, long_form: bool
) -> None:
    said = tmp_path / "said.json"
    cycles = 100 if long_form else 3
    done = subprocess.run(
        [sys.executable, TORTURE, "--cycles", str(cycles), "--seed", "3", "--json", said],
        capture_output=True,
        text=True,
        timeout=60 * cycles,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(said.read_text("utf-8"))
    assert told["kills"] == cycles
    assert told["faults"] == []
    assert told["acknowledged"] > 10 * cycles
    assert told["asked"] == told["acknowledged"] + told["unknown"]
