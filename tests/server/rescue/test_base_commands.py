"""What the operator asks about bases, and the command line that asks it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol.errors import BadRequest, BaseRefused, Conflict, NotFound, Refused
from pronote_server.cli import base_files as base_file_commands
from pronote_server.cli import bases as base_commands
from pronote_server.cli import main
from pronote_server.clock import Clock
from pronote_server.hosting.long_work import Work, plain_report
from pronote_server.hosting.school import School
from pronote_server.rescue.commands import bases
from pronote_server.rescue.commands.asked import school_finder
from pronote_server.testing import TEST_RNE, open_test_school, sample_school

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
Ask = Callable[..., Any]


@asynccontextmanager
async def operated(folder: Path) -> AsyncIterator[tuple[School, Ask]]:
    """A school, and what asks it as the rescue door does: work is waited for."""
    async with (
        open_test_school(folder, data=sample_school(), clock=Clock(NOW), inline=True) as school,
        trio.open_nursery() as nursery,
    ):
        commands = bases.commands(school_finder({TEST_RNE: school}))
        nursery.start_soon(school.backups.work.serve)

        async def ask(command: str, **params: Any) -> Any:
            answer = await commands[command](params)
            if isinstance(answer, Work):
                return plain_report(await answer.outcome())
            return answer

        yield school, ask
        nursery.cancel_scope.cancel()


async def test_a_base_goes_out_and_comes_in_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    async with operated(tmp_path / "a") as (_, ask):
        made = await ask("bases.export", to=str(out))
        users = await ask("bases.users_export", to=str(out))
        shown = await ask("bases.show")
    assert [each["name"] for each in made["files"]] == ["Base.HNOT"]
    assert shown["counters"]["pupils"] == 4

    async with operated(tmp_path / "b") as (school, ask):
        with pytest.raises(Conflict, match="Stop the server first"):
            await ask("bases.create", name="Neuve")
        loaded = await ask("bases.load", file=str(out / "Base.HNOT"))
        assert loaded["base"] == "Base (2)"
        await ask("stop")
        assert (await ask("bases.open", name="Base (2)"))["base"] == "Base"
        assert (await ask("bases.missing"))["total"] == 0
        recovered = await ask("bases.users_import", file=str(out / users["file"]))
        assert (recovered["added"], recovered["refused"]) == (0, 0)
        assert (await ask("put_in_service"))["in_service"]
        assert school.base is not None
        assert school.base.file.name == "Base (2).not"
        rows = (await ask("bases.list"))["items"]
        assert [(row["name"], row["loaded"]) for row in rows] == [
            ("Base (2)", True),
            ("Base", False),
        ]
        await ask("bases.rename", name="Base", new_name="Vieille")
        await ask("bases.delete", name="Vieille")
        assert len((await ask("bases.list"))["items"]) == 1


@pytest.mark.parametrize(
    ("command", "params", "refusal"),
    [
        ("bases.load", {"file": "/nowhere/x.HNOT"}, NotFound),
        ("bases.load", {"file": __file__}, BaseRefused),
        ("bases.complete", {"file": __file__}, BaseRefused),
        ("bases.users_import", {"file": __file__}, BaseRefused),
        ("bases.export", {"to": "/nowhere/at/all"}, NotFound),
        ("bases.open", {"name": "../Base"}, NotFound),
        ("bases.delete", {"name": "Base"}, Conflict),
        ("bases.create", {"name": "a/b"}, BadRequest),
        ("bases.create", {"name": "a", "grid": {"sequences": 99}}, BadRequest),
        ("bases.show", {"zzz": 1}, BadRequest),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(
    tmp_path: Path,
    command: str,
    params: dict[str, Any],
    refusal: type[Refused],
    autojump_clock: MockClock,
) -> None:
    async with operated(tmp_path) as (school, ask):
        with pytest.raises(refusal):
            await ask(command, **params)
        assert school.in_service


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Answer the command line as a server would, and note what it asks."""
    questions: list[tuple[str, dict[str, Any]]] = []

    def answer(_: object, command: str, **params: Any) -> Any:
        questions.append((command, {k: v for k, v in params.items() if v is not None}))
        return {
            "base": "Base",
            "folder": "out",
            "file": "x.profils",
            "files": [{"name": "Base.HNOT", "size": 2048, "sha256": "ab"}],
            "missing_documents": 1,
            "items": [],
            "total": 0,
            **dict.fromkeys(("added", "already", "unknown", "missing", "kept", "accounts"), 2),
            "refused": 1,
            "refusals": [["lost", "sans groupe"]],
            "groups": [],
            "profiles": [],
        }

    for module in (base_commands, base_file_commands):
        monkeypatch.setattr(module, "ask_server", answer)
    monkeypatch.setattr(base_file_commands, "ask_at_length", answer)
    return questions


def test_the_grid_of_a_new_base_is_said_on_the_command_line(
    asked: list[tuple[str, dict[str, Any]]],
) -> None:
    grid = "--days 0,1,3 --sequences 6 --starts 08:30 --minutes 55 --step 5 --breaks 2:15,4:90"
    named = "bases create Neuve --year 2021 --labels M1,M2,M3,S1,S2,S3"
    main([*named.split(), *grid.split()])

    ((command, params),) = asked
    assert command == "bases.create"
    assert params["school_year"] == 2021
    assert params["grid"] == {
        "first_day": 0,
        "days": [0, 1, 3],
        "sequences": 6,
        "starts_at": 510,
        "sequence_minutes": 55,
        "step_minutes": 5,
        "breaks": [[2, 15], [4, 90]],
        "labels": ["M1", "M2", "M3", "S1", "S2", "S3"],
    }


@pytest.mark.parametrize("wrong", ["--days x", "--starts 8", "--breaks 2-15"])
def test_a_grid_that_cannot_be_read_is_bad_usage(
    asked: list[tuple[str, dict[str, Any]]], wrong: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bases", "create", "Neuve", *wrong.split()])

    assert left.value.code == 2
    assert asked == []


@pytest.mark.parametrize(
    ("words", "command", "said"),
    [
        ("bases load x.HNOT", "bases.load", "ouvrez-la"),
        ("bases complete x.HPHOTOS", "bases.complete", "2 ajouté(s)"),
        ("bases export --to out", "bases.export", "1 document(s)"),
        ("bases missing", "bases.missing", "Documents manquants"),
        ("bases users-export", "bases.users_export", "superviseur"),
        ("bases users-import x.profils", "bases.users_import", "lost : sans groupe"),
        ("bases open Autre", "bases.open", "mettez-la en service"),
        ("bases rename A B", "bases.rename", "désormais B"),
        ("bases delete A", "bases.delete", "supprimée"),
    ],
)
def test_commands_say_what_was_done_to_persons_and_to_programs(
    asked: list[tuple[str, dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
    words: str,
    command: str,
    said: str,
) -> None:
    main(words.split())
    assert said in capsys.readouterr().out
    main([*words.split(), "--json"])
    assert isinstance(json.loads(capsys.readouterr().out), dict)

    assert [each for each, _ in asked] == [command] * 2
    files = [params["file"] for _, params in asked if "file" in params]
    assert all(Path(file).is_absolute() for file in files)


async def test_bases_are_compared_without_a_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], autojump_clock: MockClock
) -> None:
    async with operated(tmp_path / "a") as (_, ask):
        await ask("bases.export")
        package = tmp_path / "a" / "exports" / "Base.HNOT"
        await ask("stop")
        await ask("bases.create", name="Autre")
    folder = tmp_path / "a" / "bases"

    main(["bases", "compare", str(package), str(folder / "Base.not")])
    assert "Identiques" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["bases", "compare", str(package), str(folder / "Autre.not"), "--json"])
    assert left.value.code == 1
    said = json.loads(capsys.readouterr().out)
    assert not said["equal"]
    assert {"pupil", "lesson"} <= {
        each["table"] for each in said["tables"] if each["only_here"]
    }
    with pytest.raises(SystemExit) as left:
        main(["bases", "compare", __file__, str(package)])
    assert left.value.code == 3
