"""``pronote-server`` without a process: arguments in, text and status out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_protocol.errors import Conflict, PasswordRefused
from pronote_server import cli
from pronote_server.rescue import client as rescue_client
from pronote_server.rescue import place
from pronote_server.rescue.client import NoServer
from pronote_server.rescue.place import Running


@attrs.frozen
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str | Path) -> Outcome:
        status = 0
        try:
            cli.main([str(each) for each in arguments])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return command


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answer in the place of a server; the list of what was asked."""

    class Asked(list[tuple[str, str, dict[str, Any]]]):
        answer: Any = None

        def __call__(self, path: Path, command: str, params: Any, *, seconds: float) -> Any:
            self.append((str(path), command, params))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    server = Asked()
    monkeypatch.setattr(rescue_client, "ask", server)
    return server


def test_help_names_the_commands_and_is_no_mistake(run: Any) -> None:
    shown = run("--help")

    assert shown.status == 0
    for word in ("serve", "demo", "rescue", "base", "clock"):
        assert word in shown.out


@pytest.mark.parametrize(
    "arguments",
    [("no-such-command",), ("serve", "--prot", "1"), ("demo", "--port", "many")],
)
def test_bad_usage_is_status_2_without_a_traceback(
    run: Any, arguments: tuple[str, ...]
) -> None:
    refused = run(*arguments)

    assert refused.status == 2
    assert "Traceback" not in refused.out + refused.err


def test_every_mistake_in_the_settings_is_told(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[listen]\nport = "x"\n[limits]\nhello_seconds = -1\n')
    for told in (
        run("serve", "--config", file).err,
        json.loads(run("serve", "--config", file, "--json").out)["message"],
    ):
        for path in ("listen.port", "limits.hello_seconds", "schools"):
            assert path in told


def test_a_command_of_the_operator_asks_the_server_of_its_folder(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = {"addresses": ["192.0.2.1"]}
    lifted = run("rescue", "lift", "192.0.2.1", "--data", tmp_path, "--json")

    assert asked == [(str(tmp_path / "rescue.sock"), "lift", {"address": "192.0.2.1"})]
    assert (lifted.status, json.loads(lifted.out)) == (0, asked.answer)


def test_the_clock_is_shown_to_persons_and_to_programs(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = {
        "now": "2027-08-21T00:00:00+02:00",
        "frozen": True,
        "travelled_seconds": 7200,
        "next_instant": None,
        "test_api": True,
        "under_way": [
            {"rne": "0990001N", "schedule": "backups", "due": "2027-08-20T22:55:00+02:00"}
        ],
    }
    person = run("clock", "advance", "2h", "--data", tmp_path)
    program = run("clock", "until", "2027-08-21", "--data", tmp_path, "--json")

    assert person.out == (
        "Il est 2027-08-21T00:00:00+02:00 (arrêtée).\n"
        "Encore en cours à 0990001N : sauvegarde ou archive du 2027-08-20T22:55:00+02:00.\n"
    )
    assert json.loads(program.out) == asked.answer
    assert [each[1:] for each in asked] == [
        ("clock.advance", {"duration": "2h"}),
        ("clock.until", {"date": "2027-08-21", "back": False}),
    ]


def test_the_test_api_on_a_public_address_is_status_2(run: Any, tmp_path: Path) -> None:
    refused = run("demo", "--test-api", "--host", "0.0.0.0", "--data", tmp_path)

    assert refused.status == 2
    assert "listen.test_api" in refused.err


def test_a_refusal_is_status_3_with_its_code(run: Any, asked: Any, tmp_path: Path) -> None:
    asked.answer = Conflict("Rien à arrêter.", "Nothing to stop.")
    person = run("bases", "stop", "--data", tmp_path)
    program = run("bases", "stop", "--data", tmp_path, "--json")

    assert (person.status, person.out) == (3, "")
    assert person.err == "pronote-server: Rien à arrêter.\n"
    assert json.loads(program.out) == {
        "refused": "conflict",
        "message": "Rien à arrêter.",
        "retry_after": None,
    }


def test_the_password_is_read_from_its_file_and_a_weak_one_says_why(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = PasswordRefused(
        reasons_fr="au moins 12 caractères", reasons_en="at least 12 characters", broken=["x"]
    )
    secret = tmp_path / "secret"
    secret.write_text("un mot\r\n", encoding="utf-8")
    refused = run("bases", "put-in-service", "--password-file", secret, "--data", tmp_path)

    assert asked[0][1:] == ("put_in_service", {"password": "un mot"})
    assert refused.status == 3
    assert "au moins 12 caractères" in refused.err
    missing = run("bases", "put-in-service", "--password-file", tmp_path / "no")
    assert (missing.status, len(missing.err.splitlines())) == (2, 1)


def test_no_server_is_status_4(run: Any, tmp_path: Path) -> None:
    gone = run("rescue", "connections", "--data", tmp_path, "--json")

    assert gone.status == 4
    assert json.loads(gone.out)["error"] == "no_server"


def test_without_a_folder_the_only_server_of_this_user_is_meant(
    run: Any, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.answer = {"addresses": []}
    one = Running(1, "127.0.0.1:49300", tmp_path)
    two = Running(2, "127.0.0.1:49301", tmp_path / "two")
    outcomes = []
    for servers in ([], [one], [one, two]):
        monkeypatch.setattr(place, "running_servers", lambda found=servers: found)
        outcomes.append(run("rescue", "lift"))

    assert [each.status for each in outcomes] == [4, 0, 4]
    assert "--data" in outcomes[0].err
    assert "127.0.0.1:49301" in outcomes[2].err
    assert asked == [(str(tmp_path / "rescue.sock"), "lift", {})]


def test_a_server_that_does_not_answer_is_named(run: Any, asked: Any, tmp_path: Path) -> None:
    asked.answer = NoServer("no server answers at /x")

    assert run("rescue", "statistics", "--data", tmp_path).status == 4


def test_lists_are_tables_for_people_and_objects_for_programs(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    row = {
        "session": "s-0123abcd",
        "workstation": "POSTE-1",
        "application": "PRONOTE",
        "state": "modification",
        "mode": "administrative",
        "user": "[red]DUPAS",
        "base": "Base .not",
        "seconds": 3725.0,
        "address": "192.0.2.1",
    }
    seats = {"modification_used": 1, "modification_total": 6, "reserved_for_administrators": 1}
    asked.answer = {"items": [row], "seats": seats}
    person = run("rescue", "connections", "--data", tmp_path)
    program = run("rescue", "connections", "--data", tmp_path, "--json")

    assert "s-0123abcd" in person.out
    assert "[red" in person.out
    assert "1/6" in person.out
    assert json.loads(program.out) == asked.answer


ACCOUNT = {
    "client_reference": "1234567",
    "hosting_number": "123456789012",
    "expires": None,
    "expired": False,
    "modification": 8,
    "reserved_for_administrators": 1,
    "teachers": None,
    "edt": True,
    "consultation": False,
    "consultation_edt": False,
    "sms": True,
    "sms_edt": True,
    "pronote_net": True,
    "responsible": None,
    "email": "r•••••@ecole.example",
    "mobile": None,
    "changed": {"modification": "8"},
}


def test_the_account_is_shown_and_its_terms_are_changed(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = ACCOUNT
    shown = run("account", "show", "--data", tmp_path).out
    terms = ("modification=8", "responsible=Mme B", "--unset", "expires")
    program = run("account", "set", *terms, "--data", tmp_path, "--json")

    for text in ("123456789012", "jamais", "illimités", "OUI", "NON", "modification=8"):
        assert text in shown
    assert json.loads(program.out) == ACCOUNT
    assert [each[1:] for each in asked] == [
        ("account.show", {}),
        (
            "account.set",
            {"terms": {"modification": "8", "responsible": "Mme B"}, "unset": ["expires"]},
        ),
    ]


def test_a_term_without_a_value_is_bad_usage(run: Any, asked: Any, tmp_path: Path) -> None:
    refused = run("account", "set", "modification", "--data", tmp_path)

    assert (refused.status, asked) == (2, [])
    assert "NOM=VALEUR" in refused.err


def test_passwords_of_the_account_are_given_and_shown(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = {"hosting_number": "1" * 12, "invoice_number": "2" * 10, "password": "x%y"}
    shown = run("account", "console-password", "--data", tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("un mot\n", encoding="utf-8")
    run("account", "supervisor-password", "--password-file", secret, "--data", tmp_path)

    assert "x%y" in shown.out
    assert [each[1:] for each in asked] == [
        ("account.console_password", {}),
        ("account.supervisor_password", {"password": "un mot"}),
    ]


def test_the_outbox_is_listed_read_and_tried_again(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    row = {
        "id": "1f9c0000",
        "channel": "sms",
        "recipient": "•••••••78",
        "subject": "Objet",
        "state": "failed",
        "attempts": 20,
        "created_at": "2021-03-01T08:00:00Z",
        "problem": "gateway said 500",
        "body": None,
    }
    asked.answer = {"items": [row], "spool": "/data/spool"}
    listed = run("outbox", "list", "--data", tmp_path).out
    run("outbox", "retry", "1f9c", "--data", tmp_path)
    asked.answer = {**row, "recipient": "+33639980178", "body": "Mot de passe"}
    read = run("outbox", "show", "1f9c", "--data", tmp_path).out

    assert "1f9c0000" in listed
    assert "/data/spool" in listed
    assert "+33639980178 : Objet" in read
    assert "Mot de passe" in read
    assert [each[1:] for each in asked] == [
        ("outbox.list", {}),
        ("outbox.retry", {"message": "1f9c"}),
        ("outbox.show", {"message": "1f9c"}),
    ]


def test_a_change_of_version_is_planned_shown_and_given_up(
    run: Any, asked: Any, tmp_path: Path
) -> None:
    asked.answer = {
        "year": 2026,
        "edition": "official",
        "planned": [
            {"edition": "pre-version", "on": "2027-07-05", "base": "in-service", "by": "SPR"}
        ],
        "next_year": 2027,
        "next_edition": "pre-version",
        "next_on": "2027-07-05",
        "next_base": "in-service",
        "automatic": False,
        "failure": {"year": 2027, "reason": "Disque plein.", "again_on": "2027-07-06"},
    }
    wish = ("pre-version", "2027-07-05", "in-service")
    shown = run("version", "plan", *wish, "--data", tmp_path).out
    run("version", "cancel", "pre-version", "--data", tmp_path)

    for text in ("PRONOTE 2026", "Demandé par SPR", "la base en service", "Disque plein."):
        assert text in shown
    assert [each[1:] for each in asked] == [
        ("version.plan", dict(zip(("edition", "on", "base"), wish, strict=True))),
        ("version.cancel", {"edition": "pre-version"}),
    ]
    assert run("version", "plan", "beta", "2027-07-05", "new").status == 2


def test_help_imports_neither_databases_nor_certificates_nor_the_server() -> None:
    """Nor does a command that asks a running server, but for what it asks with."""
    script = (
        "import sys\n"
        "from pronote_server import cli\n"
        "cli.main(['--help'])\n"
        "heavy = {'sqlalchemy', 'alembic', 'cryptography', 'scramp', 'structlog', 'trio'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ran.stderr.strip() == "[]"
