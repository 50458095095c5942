"""A timetable made elsewhere goes into the base, and is read in the three modes (fiche 6)."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_server.testing_processes import ServerProcess

pytestmark = pytest.mark.real_tcp

SAMPLES = Path(__file__).parents[1] / "server" / "timetable_files" / "samples"
KINDS = ("teachers", "subjects", "classes", "groups", "pupils", "rooms", "staff")
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
def test_a_school_is_transferred_and_read_in_the_three_modes(
    demo: ServerProcess, client: Any, files_of: Any, tmp_path: Path, pair: Pair
) -> None:
    def said(login: str, *command: str | Path, **more: Any) -> Any:
        done = client(demo, login, *command, **more)
        assert (done.status, done.err) == (0, ""), done
        return done.said

    before = state_of(demo, client)
    done = said("SPR", "edt", "transfer", *files_of(pair), "--modes", "teacher,school-life")
    after = state_of(demo, client)

    # The base is the new school, and nothing of the old one.
    assert {name: done[name] for name in pair.counts} == pair.counts
    assert done["revision"] == after[0] > before[0]
    assert done["accounts_created"] >= done["teachers"]
    counters = after[2]
    for name in ("teachers", "subjects", "classes", "groups"):
        assert counters[name] == done[name]
    assert counters["pupils"] == done["pupils"]
    assert counters["former_pupils"] == 0
    # Those who worked here before still can.
    assert set(before[3]) <= set(after[3])

    # Administratif lists and searches every resource.
    lists = {kind: said("SPR", "resources", "list", kind, "--all")["items"] for kind in KINDS}
    for kind, rows in lists.items():
        assert len(rows) == done[kind], kind
    paged = [
        row["id"]
        for offset in range(0, done["teachers"], 25)
        for row in said(
            "sec1", "resources", "list", "teachers", "--offset", str(offset), "--limit", "25"
        )["items"]
    ]
    assert paged == [row["id"] for row in lists["teachers"]]
    if pair.words:
        (found,) = said("SPR", "resources", "list", "teachers", "--search", pair.words)["items"]
        chosen = [found]
    else:
        chosen = random.Random(1).sample(lists["teachers"], k=min(4, len(lists["teachers"])))

    # A teacher of the file connects with a generated password and reads his own week.
    users = said("SPR", "users", "list", "--mode", "teacher", "--all")["items"]
    new = tmp_path / "new"
    new.write_text(NEW_PASSWORD + "\n", encoding="utf-8")
    weeks = []
    for teacher in chosen:
        login = next(
            user["login"]
            for user in users
            if user["name"] == teacher["name"] and user["login"] not in _demo_logins(before)
        )
        generated = said("SPR", "users", "password", login)["password"]
        as_teacher = ("--mode", "teacher")
        first = client(demo, login, "timetable", "mine", password=generated, options=as_teacher)
        assert (first.status, first.said["refused"]) == (3, "password_must_change")
        mine = said(
            login,
            "timetable",
            "mine",
            password=generated,
            options=(*as_teacher, "--new-password-file", new),
        )
        again = said(login, "timetable", "mine", password=NEW_PASSWORD, options=as_teacher)
        office = said("SPR", "timetable", "of", "teachers", teacher["code"])
        assert mine == again == office
        weeks.append(mine["items"])
    assert any(weeks)

    # Vie scolaire reads a class's week, and what a teacher does is part of it.
    classes = {
        row["code"]: said("bourdon", "timetable", "of", "classes", row["code"])["items"]
        for row in lists["classes"][:5]
    }
    assert any(classes.values())
    for rows in (*weeks, *classes.values()):
        assert rows == sorted(
            rows, key=lambda row: (row["day"], row["start_minute"], row["subject"])
        )
    refused = client(demo, "bourdon", "base")
    assert (refused.status, refused.said["refused"]) == (3, "not_allowed")


def _demo_logins(state: tuple[Any, ...]) -> set[str]:
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
