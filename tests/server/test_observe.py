"""The log: readable by programs or by people, and without secrets."""

from __future__ import annotations

import importlib
import io
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

import pronote_server.observe.log
from pronote_server.clock import machine_time
from pronote_server.observe.log import REDACTED, keep_secrets, set_up_logging
from pronote_server.observe.testing import Logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def entries_of(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_programs_get_one_object_a_line() -> None:
    out = io.StringIO()
    set_up_logging(stream=out)
    log = structlog.get_logger()

    log.info("peer.came", address="127.0.0.1", school="Lycée")
    log.warning("peer.left", after=timedelta(seconds=2))

    came, left = entries_of(out)
    assert (came["event"], came["level"], came["school"]) == ("peer.came", "info", "Lycée")
    assert (left["event"], left["level"]) == ("peer.left", "warning")
    assert left["after"] == "0:00:02"
    assert "Lycée" in out.getvalue()


def test_entries_are_dated_in_utc() -> None:
    out = io.StringIO()
    set_up_logging(stream=out)

    structlog.get_logger().info("peer.came")

    (entry,) = entries_of(out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", entry["timestamp"])
    assert abs(datetime.fromisoformat(entry["timestamp"]) - machine_time()) < timedelta(
        minutes=5
    )


def test_a_person_at_a_terminal_gets_lines_to_read() -> None:
    out = Terminal()
    set_up_logging(stream=out)

    structlog.get_logger().info("peer.came", address="127.0.0.1")

    assert "peer.came" in out.getvalue()
    with pytest.raises(ValueError, match="Expecting value"):
        entries_of(out)


@pytest.mark.parametrize(
    ("wanted", "stream"), [("always", Terminal()), ("never", io.StringIO())]
)
def test_the_choice_can_be_made_by_hand(wanted: str, stream: io.StringIO) -> None:
    set_up_logging(stream=stream, json=wanted)

    structlog.get_logger().info("peer.came")

    assert stream.getvalue().startswith("{") is (wanted == "always")
    assert "\x1b" not in stream.getvalue()


def test_standard_error_is_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()

    structlog.get_logger().info("peer.came")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("level", "told"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_what_is_below_the_level_is_not_told(level: str, told: int) -> None:
    out = io.StringIO()
    set_up_logging(stream=out, level=level)
    log = structlog.get_logger()

    for method in (log.debug, log.info, log.warning, log.error):
        method("peer.came")

    assert len(entries_of(out)) == told


def test_an_exception_is_told_with_its_traceback() -> None:
    out = io.StringIO()
    set_up_logging(stream=out)

    try:
        raise KeyError("seat")
    except KeyError:
        structlog.get_logger().exception("peer.crashed")

    (entry,) = entries_of(out)
    assert entry["level"] == "error"
    assert entry["exception"][0]["exc_type"] == "KeyError"
    assert entry["exception"][0]["frames"]


@pytest.mark.parametrize("as_json", ["always", "never"])
def test_a_traceback_shows_no_values_of_variables(as_json: str) -> None:
    """The frames of a login hold what must not be told."""
    out = Terminal()
    set_up_logging(stream=out, json=as_json)

    def log_in(proof: str) -> None:
        raise KeyError("seat")

    try:
        log_in("-".join(["correct", "horse"]))
    except KeyError:
        structlog.get_logger().exception("peer.crashed")

    assert "log_in" in out.getvalue()
    assert "correct-horse" not in out.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "generated_password",
        "Password",
        "token",
        "resume_token",
        "secret",
        "client_secret",
        "credentials",
        "private_key",
    ],
)
def test_secrets_are_never_told(name: str) -> None:
    out = io.StringIO()
    set_up_logging(stream=out)

    structlog.get_logger().bind(**{name: "Ab3!"}).error(
        "login.failed", inside={"deep": [{name: "Ab3!"}]}
    )

    assert "Ab3!" not in out.getvalue()
    (entry,) = entries_of(out)
    assert entry[name] == REDACTED
    assert entry["inside"] == {"deep": [{name: REDACTED}]}


def test_what_is_no_secret_is_left_alone() -> None:
    event: dict[str, Any] = {
        "event": "password.changed",
        "login": "dupas",
        "key": 5,
        "list": [1, {"a": 2}],
    }
    event |= {"wrong_passwords": 5, "password_must_change": True, "token": None}

    assert keep_secrets(None, "info", dict(event)) == event


def test_importing_configures_nothing() -> None:
    before = structlog.get_config()

    importlib.reload(pronote_server.observe.log)

    assert structlog.get_config() == before


def test_the_logs_fixture_tells_the_unexpected(logs: Logs) -> None:
    log = structlog.get_logger()

    log.error("peer.crashed", peer=1)
    log.critical("disk.full")
    log.warning("peer.slow")
    logs.expect("disk.full")

    assert [entry["event"] for entry in logs.unexpected()] == ["peer.crashed"]
    assert [entry["peer"] for entry in logs.of("peer.crashed")] == [1]
    logs.expect("peer.crashed")


def test_the_logs_fixture_tells_a_secret(logs: Logs) -> None:
    log = structlog.get_logger()

    log.info("login.done", login="dupas", tried=[{"password": "Ab3!"}])
    log.info("login.done", login="dupas", wrong_passwords=1)

    assert logs.leaking() == ["login.done"]
    logs.entries.clear()
