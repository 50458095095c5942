"""Backups that somebody damaged are refused, or proven intact: the tool that tries, tried."""

from __future__ import annotations

from pathlib import Path

import pytest

import mutate_backups
from mutate_backups import main, mutate


@pytest.mark.parametrize("count", [120, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_mutated_backup_is_refused_or_intact(tmp_path: Path, count: int) -> None:
    done: list[int] = []

    found = mutate(tmp_path, count, seed=1, told=done.append)

    assert found.wrong == {}
    assert sum(found.counted.values()) == count
    assert sum(found.counted[how] for how in found.counted if how.startswith("refused")) > (
        count * 0.8
    )
    assert found.peak < 64 * 2**20
    assert done[-1] == count


def test_a_crash_and_a_wrong_answer_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that could not fail would prove nothing."""

    def believe(*_: object) -> str:
        raise SystemExit

    monkeypatch.setattr(mutate_backups, "prove_package", lambda *_: None)
    assert main(["--count", "20"]) == 1
    assert "number" in capsys.readouterr().out

    monkeypatch.setattr(mutate_backups, "prove_package", believe)
    assert main(["--count", "2"]) == 1
    assert "the process ended" in capsys.readouterr().out
