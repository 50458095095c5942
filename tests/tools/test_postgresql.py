"""The temporary PostgreSQL is there for a command, and gone with whoever started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

import postgresql

TOOL: Final = Path(postgresql.__file__)
NONE_HERE: Final = pytest.mark.skipif(
    postgresql.programs() is None,
    reason="no programs of PostgreSQL; as root, tools/postgresql.py installs Debian's",
)


def folder_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


@NONE_HERE
def test_it_is_there_for_the_command_whose_status_it_has_and_gone_after() -> None:
    shell = f'test -S "${{{postgresql.VARIABLE}#*host=}}/.s.PGSQL.5432" || exit 9; '
    shell += f'echo "${postgresql.VARIABLE}"; exit 3'
    done = subprocess.run(
        [sys.executable, TOOL, "--", "sh", "-c", shell],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 3, done.stderr
    assert not folder_of(done.stdout.strip()).exists()


@NONE_HERE
def test_it_goes_when_who_started_it_is_killed() -> None:
    with subprocess.Popen([sys.executable, TOOL], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        url = started.stdout.readline().strip().partition("=")[2].strip("'")
        assert folder_of(url).is_dir()
        started.kill()
        # Its keeper has it too, and closes it as the last thing it does.
        assert started.stdout.read() == ""
    assert not folder_of(url).exists()


def test_none_is_installed_unless_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(postgresql, "programs", lambda: None)
    monkeypatch.setattr(postgresql, "install", lambda: pytest.fail("not asked"))

    assert postgresql.main(["--no-install", "true"]) == 69
    assert "no PostgreSQL" in capsys.readouterr().err
