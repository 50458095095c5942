"""Compiled statements are kept once for all files, and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import column, create_engine, insert, select, table

from pronote_server.storage.sqlite import reading_engine, writing_engine
from pronote_server.storage.statements import COMPILED, STATEMENTS_KEPT, AlikeDialect

PUPILS = table("pupil", column("name"))


@pytest.fixture(autouse=True)
def nothing_compiled() -> Iterator[None]:
    COMPILED.clear()
    yield
    COMPILED.clear()


def file_with(path: Path, name: str) -> Path:
    with writing_engine(path).connect() as conn, conn.begin():
        conn.exec_driver_sql("CREATE TABLE pupil (name TEXT)")
        conn.execute(insert(PUPILS), {"name": name})
    return path


def named(path: Path, name: str, *, writer: bool = False) -> list[str]:
    engine = writing_engine(path) if writer else reading_engine(path)
    with engine.connect() as conn, conn.begin():
        return list(conn.execute(select(PUPILS).where(PUPILS.c.name == name)).scalars())


def test_what_was_compiled_for_one_file_is_executed_on_each(tmp_path: Path) -> None:
    first, second = file_with(tmp_path / "1.not", "ALBERT"), file_with(tmp_path / "2.not", "B")
    assert named(first, "ALBERT") == ["ALBERT"]
    kept = list(COMPILED)

    assert named(second, "B") == ["B"]
    assert named(second, "ALBERT", writer=True) == [], "values are no part of it"
    assert list(COMPILED) == kept
    assert len(kept) == 2, "the line entered, and the question"


def test_statements_without_end_are_forgotten(tmp_path: Path) -> None:
    with reading_engine(tmp_path / "1.not").connect() as conn, conn.begin():
        for number in range(2 * STATEMENTS_KEPT):
            conn.execute(select(column("1", is_literal=True).label(f"x{number}")))

    assert len(COMPILED) <= 1.5 * STATEMENTS_KEPT


def test_only_a_dialect_of_ours_is_alike() -> None:
    theirs = create_engine("sqlite://").dialect

    assert AlikeDialect() == AlikeDialect()
    assert hash(AlikeDialect()) == hash(AlikeDialect())
    assert AlikeDialect() != theirs
