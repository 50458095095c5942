"""
The databases a base can be in: SQLite always, PostgreSQL where there is one.

A test that has the fixture ``backend``, or one that asks for it, runs on each of them.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from pronote_server.storage.postgresql import PostgresqlBase

# Scripts are no package; the tests of the wheel have the checkout's beside them.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

import postgresql as tool

_WHY_NOT: Final = (
    "no PostgreSQL here: the project's extra `postgresql` is needed, and either "
    f"{tool.VARIABLE}=postgresql+psycopg://... or the programs of PostgreSQL "
    "(as root, `tools/postgresql.py -- tools/test` installs Debian's)"
)
_numbers: Final = count()
# Over the wire, PostgreSQL costs a fifth of a second a test: these stand for the others.
_SHORT_FORM: Final = frozenset({"test_absences", "test_entries", "test_marks"})


def _is_here() -> bool:
    if importlib.util.find_spec("psycopg") is None:
        return False
    return bool(os.environ.get(tool.VARIABLE) or tool.programs())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    backends: list[Any] = ["sqlite"]
    # Where there is none, one test says so, and not each of them.
    if _is_here() and not metafunc.definition.get_closest_marker("sqlite"):
        whole = "base_anywhere" not in metafunc.fixturenames
        short = whole or Path(metafunc.module.__file__).stem in _SHORT_FORM
        backends.append(pytest.param("postgresql", marks=[] if short else pytest.mark.long))
    metafunc.parametrize("backend", backends, scope="session")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a PostgreSQL to work in, or a skip that says how to get one."""
    if not _is_here():
        pytest.skip(_WHY_NOT)
    if url := os.environ.get(tool.VARIABLE):
        yield url
        return
    try:
        running = tool.temporary_postgresql()
        url = running.__enter__()
    except tool.NoPostgresql as error:
        pytest.skip(f"{_WHY_NOT}; the one that is here: {error}")
    try:
        yield url
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="module")
def postgresql_place(postgresql_url: str) -> Iterator[PostgresqlBase]:
    """An empty schema of one's own."""
    place = PostgresqlBase(postgresql_url, f"pronote_{os.getpid()}_{next(_numbers)}")
    place.create()
    try:
        yield place
    finally:
        place.drop()
