"""A timetable made elsewhere goes into the base, and is read in the three modes (fiche 6)."""

from __future__ import annotations

import random
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_client import Client, ConnectionSettings, Instance, Mode, open_client
from pronote_client.errors import NotAllowed, PasswordMustChange
from pronote_protocol.words import ResourceKind
from pronote_server.testing_processes import ServerProcess

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]

SAMPLES = Path(__file__).parents[1] / "server" / "timetable_files" / "samples"
NEW_PASSWORD = "Une-Phrase-2-Passe!"


@attrs.frozen
class Pair:
    """
    Two files, and what is known of what is in them.

    Attributes:
        counts: Of the summary.
        words: What finds one teacher who has lessons, in another case and without accents.
    """

    name: str
    files: tuple[str, str]
    counts: dict[str, int]
    words: str


FET = Pair(
    "fet",
    ("school.fet", "school_activities.xml"),
    {"teachers": 3, "subjects": 2, "classes": 2, "lessons": 3, "placed_lessons": 2},
    "lucie MARTIN",
)
STS = Pair(
    "sts",
    ("sts_emp.xml", "emp_sts.xml"),
    {"teachers": 4, "subjects": 2, "classes": 2, "groups": 1, "rooms": 2, "staff": 1},
    "eric girard",
)
REAL_FET = Pair(
    "real fet",
    ("fet/GYR.fet.gz", "fet/GYR_activities_solved.xml.gz"),
    {
        "teachers": 82,
        "subjects": 37,
        "classes": 31,
        "groups": 354,
        "rooms": 83,
        "lessons": 1477,
        "placed_lessons": 1458,
    },
    "",
)
REAL_STS_1 = Pair("real sts 1", ("sts/case1_sts_emp.xml", "sts/case1_emp_sts.xml"), {}, "")
REAL_STS_2 = Pair("real sts 2", ("sts/case2_sts_emp.xml", "sts/case2_emp_sts.xml"), {}, "")
REAL_BROKEN = Pair(
    "real broken",
    ("sts/parsing-error-case_sts_emp.xml", "sts/parsing-error-case_emp_sts.xml"),
    {},
    "",
)


@pytest.fixture
def files_of(request: pytest.FixtureRequest) -> Any:
    def find(pair: Pair) -> list[Path]:
        folder = (
            request.getfixturevalue("shared_data") if pair.name.startswith("real") else SAMPLES
        )
        return [folder / name for name in pair.files]

    return find


def state_of(server: ServerProcess, client: Any) -> tuple[Any, ...]:
    """Return what a refused transfer must leave as it was."""
    base = client(server, "SPR", "base").said
    users = client(server, "SPR", "users", "list", "--all").said["items"]
    return (
        base["revision"],
        base["last_entry_at"],
        base["counters"],
        sorted((user["id"], user["login"]) for user in users),
    )


@pytest.mark.parametrize(
    "pair", [FET, STS, REAL_FET, REAL_STS_1, REAL_STS_2], ids=lambda pair: pair.name
)
async def test_a_school_is_transferred_and_read_in_the_three_modes(
    demo: ServerProcess, client: Any, files_of: Any, tmp_path: Path, pair: Pair
) -> None:
    before = state_of(demo, client)
    transferred = client(
        demo, "SPR", "edt", "transfer", *files_of(pair), "--modes", "teacher,school-life"
    )
    assert (transferred.status, transferred.err) == (0, "")
    done, after = transferred.said, state_of(demo, client)

    # The base is the new school, and nothing of the old one.
    assert {name: done[name] for name in pair.counts} == pair.counts
    assert done["revision"] == after[0] > before[0]
    assert done["accounts_created"] >= done["teachers"]
    for name in ("teachers", "subjects", "classes", "groups", "pupils"):
        assert after[2][name] == done[name]
    assert after[2]["former_pupils"] == 0
    # Those who worked here before still can.
    assert set(before[3]) <= set(after[3])

    async with entering(demo, "SPR") as office:
        # Administratif lists and searches every resource.
        lists = {kind: await office.resources.list_all(kind) for kind in ResourceKind}
        for kind, rows in lists.items():
            assert len(rows) == done.get(kind.value, 0), kind
        teachers = lists[ResourceKind.TEACHERS]
        paged = [
            row
            for offset in range(0, done["teachers"], 25)
            for row in (
                await office.resources.list(ResourceKind.TEACHERS, offset=offset, limit=25)
            ).rows
        ]
        assert tuple(paged) == teachers
        if pair.words:
            found = await office.resources.list(ResourceKind.TEACHERS, search=pair.words)
            chosen = list(found.rows)
            assert len(chosen) == 1
        else:
            chosen = random.Random(1).sample(teachers, k=min(4, len(teachers)))

        # A teacher of the file connects with a generated password and reads his own week.
        users = await office.users.list_all(mode=Mode.TEACHER)
        weeks = []
        for teacher in chosen:
            login = next(
                user.login
                for user in users
                if user.name == teacher.name and user.login not in _logins(before)
            )
            generated = (await office.users.password(login)).password
            with pytest.raises(PasswordMustChange):
                async with entering(demo, login, generated, Mode.TEACHER):
                    pass
            async with entering(
                demo, login, generated, Mode.TEACHER, new_password=NEW_PASSWORD
            ) as first:
                mine = await first.timetable.mine()
            async with entering(demo, login, NEW_PASSWORD, Mode.TEACHER) as second:
                assert await second.timetable.mine() == mine
                with pytest.raises(NotAllowed):
                    await second.resources.list(ResourceKind.TEACHERS)
            seen = await office.timetable.read(ResourceKind.TEACHERS, teacher.code)
            assert seen == mine
            weeks.append(mine.rows)
        assert any(weeks)

    # Vie scolaire reads a class's week.
    async with entering(demo, "bourdon", mode=Mode.SCHOOL_LIFE) as school_life:
        classes = [
            (await school_life.timetable.read(ResourceKind.CLASSES, row.code)).rows
            for row in lists[ResourceKind.CLASSES]
        ]
        with pytest.raises(NotAllowed):
            await school_life.base.show()
    assert any(classes)
    for week in (*weeks, *classes):
        times = [(lesson.day, lesson.start_minute) for lesson in week]
        assert times == sorted(times)


def entering(
    server: ServerProcess,
    login: str,
    password: str | None = None,
    mode: Mode = Mode.ADMINISTRATIVE,
    **more: Any,
) -> AbstractAsyncContextManager[Client]:
    known = {each["login"]: each["password"] for each in server.ready["accounts"]}
    return open_client(
        ConnectionSettings.read(server.ready["settings_file"]),
        login=login,
        password=password or known[login],
        mode=mode,
        instance=Instance(),
        **more,
    )


def _logins(state: tuple[Any, ...]) -> set[str]:
    return {login for _, login in state[3]}


@pytest.mark.parametrize("pair", [FET, REAL_FET], ids=lambda pair: pair.name)
def test_a_second_transfer_keeps_the_accounts(
    demo: ServerProcess, client: Any, files_of: Any, pair: Pair
) -> None:
    first = client(demo, "SPR", "edt", "transfer", *files_of(pair)).said
    users = client(demo, "SPR", "users", "list", "--all").said["items"]
    second = client(demo, "SPR", "edt", "transfer", *files_of(pair)).said
    again = client(demo, "SPR", "users", "list", "--all").said["items"]

    def kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "last_login_at": None} for row in rows]

    assert first["accounts_created"] == first["teachers"]
    assert second["accounts_created"] == 0
    assert second["revision"] > first["revision"]
    assert kept(users) == kept(again)


def test_a_broken_pair_is_refused_and_the_base_is_as_it_was(
    demo: ServerProcess, client: Any, tmp_path: Path
) -> None:
    before = state_of(demo, client)
    solution = SAMPLES / "school_activities.xml"
    broken = {
        "cut.fet": (SAMPLES / "school.fet").read_bytes()[:-200],
        "empty.fet": b" ",
        "letter.fet": "Chère collègue, voici l'emploi du temps.".encode(),
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        refused = client(demo, "SPR", "edt", "transfer", tmp_path / name, solution)
        assert (refused.status, refused.said["refused"]) == (3, "transfer_refused"), name
        assert "La base n'a pas été modifiée." in refused.said["message"]

    assert state_of(demo, client) == before


def test_the_real_broken_pair_is_refused_and_the_base_is_as_it_was(
    demo: ServerProcess, client: Any, files_of: Any
) -> None:
    before = state_of(demo, client)
    refused = client(demo, "SPR", "edt", "transfer", *files_of(REAL_BROKEN))

    assert (refused.status, refused.said["refused"]) == (3, "transfer_refused")
    assert "La base n'a pas été modifiée." in refused.said["message"]
    assert state_of(demo, client) == before


def test_only_edt_and_only_the_supervisor_may_transfer(
    demo: ServerProcess, client: Any, files_of: Any
) -> None:
    before = state_of(demo, client)
    secretary = client(demo, "sec1", "edt", "transfer", *files_of(FET))
    pronote = client(
        demo,
        "SPR",
        "edt",
        "transfer",
        *files_of(FET),
        options=("--application", "PRONOTE"),
    )
    superadministrator = client(
        demo,
        "SPR",
        "users",
        "change",
        "sec2",
        "--group",
        "Administration",
        "--superadministrator",
    )
    allowed = client(demo, "sec2", "edt", "transfer", *files_of(FET))

    assert (secretary.status, secretary.said["refused"]) == (3, "not_allowed")
    assert (pronote.status, pronote.said["refused"]) == (3, "not_allowed")
    assert superadministrator.status == allowed.status == 0
    assert allowed.said["revision"] == before[0] + 1
