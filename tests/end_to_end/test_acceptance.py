"""What the first version promises, by its commands, as a user would check it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from pronote_client import ConnectionSettings, Instance, open_client
from pronote_client.errors import AddressSuspended, SessionEnded
from pronote_protocol.catalogue import resources
from pronote_protocol.words import Farewell, ResourceKind
from pronote_server.testing import WireClient
from pronote_server.testing_processes import ServerProcess, run_command, start_server

pytestmark = pytest.mark.real_tcp


@attrs.define
class Staying:
    """A ``stay --json`` that has entered."""

    process: subprocess.Popen[str]
    entered: dict[str, Any]

    def leave(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def rest(self) -> list[dict[str, Any]]:
        """Return what it says until its end."""
        assert self.process.stdout is not None
        said = [json.loads(line) for line in self.process.stdout]
        self.process.wait(30)
        return said


@pytest.fixture
def stay(client_options: Callable[..., list[str | Path]]) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(server: ServerProcess, login: str, *more: str) -> Staying:
        process = subprocess.Popen(
            [*map(str, client_options(server, login)), "stay", *more],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return Staying(process, json.loads(process.stdout.readline()))

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def test_five_modification_clients_are_in_the_sixth_is_refused_the_supervisor_is_in(
    demo: ServerProcess, stay: Any, client: Any
) -> None:
    inside = [stay(demo, f"sec{number}") for number in range(1, 6)]
    sixth = client(demo, "sec6", "login")
    supervisor = stay(demo, "SPR")
    seats = client(demo, "SPR", "seats")
    inside[0].leave()
    goodbye = inside[0].rest()[-1]
    freed = client(demo, "sec6", "seats")

    assert all(each.entered["event"] == "entered" for each in inside)
    assert len({each.entered["session"] for each in inside}) == 5
    assert sixth.status == 3
    assert sixth.said["refused"] == "seats_exhausted"
    assert sixth.said["message"]
    assert "retry_after" in sixth.said
    assert supervisor.entered["state"] == "modification"
    # The supervisor's second session finds no seat: all six are taken.
    assert (seats.status, seats.said["refused"]) == (3, "seats_exhausted")
    assert (goodbye["event"], goodbye["code"]) == ("goodbye", "logout")
    assert inside[0].process.returncode == 0
    assert freed.status == 0
    assert freed.said["modification_used"] == 6
    assert freed.said["reserved_for_administrators"] == 1
    assert freed.said["consultation_used"] is None


async def test_five_wrong_passwords_suspend_and_lifting_needs_a_new_client(
    demo: ServerProcess, client: Any, rescue: Any
) -> None:
    settings = ConnectionSettings.read(demo.ready["settings_file"])
    password = demo.ready["accounts"][1]["password"]
    wrong = [client(demo, "sec1", "login", password="wrong") for _ in range(5)]
    right = client(demo, "sec1", "login")
    running = Instance()
    with pytest.raises(AddressSuspended):
        async with open_client(settings, login="sec1", password=password, instance=running):
            pass
    lifted = rescue(demo, "lift")
    with pytest.raises(AddressSuspended) as still:
        async with open_client(settings, login="sec1", password=password, instance=running):
            pass
    started_again = client(demo, "sec1", "login")

    assert [(each.status, each.said["refused"]) for each in wrong] == [
        (3, "bad_credentials")
    ] * 5
    assert (right.status, right.said["refused"]) == (3, "address_suspended")
    assert 1700 < right.said["retry_after"] <= 1800
    assert right.said["reference"] in right.said["message"]
    assert lifted.said == {"addresses": ["127.0.0.1"]}
    assert still.value.details["latched"] is True
    assert started_again.status == 0


async def test_the_server_too_knows_a_client_that_was_told(tmp_path: Path, rescue: Any) -> None:
    """A client that forgets what it was told, with the same instance, is told again."""
    with start_server("demo", "--plain", "--port", "0", folder=tmp_path) as server:
        told = []
        for number in range(6):
            wire = WireClient(await trio.open_tcp_stream(server.host, server.port))
            try:
                await wire.greet(instance="a" * 32)
                await wire.log_in("sec1", "wrong")
            except Exception as refusal:
                told.append(getattr(refusal, "code", str(number)))
            await wire.aclose()
        rescue(server, "lift")
        wire = WireClient(await trio.open_tcp_stream(server.host, server.port))
        with pytest.raises(AddressSuspended) as still:
            await wire.greet(instance="a" * 32)
        await wire.aclose()
        fresh = WireClient(await trio.open_tcp_stream(server.host, server.port))
        await fresh.greet(instance="b" * 32)
        await fresh.aclose()

    assert told == ["bad_credentials"] * 5 + ["address_suspended"]
    assert still.value.details["latched"] is True


def test_an_administrator_disconnects_a_client_which_prints_who_and_why(
    demo: ServerProcess, stay: Any, client: Any
) -> None:
    office = stay(demo, "sec1")
    rows = client(demo, "SPR", "connections").said["items"]
    session = next(row["session"] for row in rows if row["login"] == "sec1")
    done = client(demo, "SPR", "disconnect", session, "--message", "Sauvegarde à 14 h.")
    said = office.rest()
    listed = client(demo, "SPR", "journal", "--kind", "sessions.disconnected").said["items"]

    assert done.said == {"sessions": [session]}
    assert said[-1]["event"] == "goodbye"
    assert said[-1]["code"] == "disconnected_by_administrator"
    assert said[-1]["by"] == "Superviseur (SPR)"
    assert "Superviseur (SPR)" in said[-1]["message"]
    assert "Sauvegarde à 14 h." in said[-1]["message"]
    assert office.process.returncode == 3
    assert [row["details"]["sessions"] for row in listed] == [[session]]


async def test_a_client_is_disconnected_in_the_middle_of_its_calls(
    demo: ServerProcess, client: Any
) -> None:
    """What was answered was answered; the rest ends with who and why, and nothing hangs."""
    settings = ConnectionSettings.read(demo.ready["settings_file"])
    ends: list[SessionEnded] = []
    answered = 0

    async def work(me: Any) -> None:
        nonlocal answered
        try:
            while True:
                await me.call(
                    resources.LIST_RESOURCES,
                    resources.ListResources(kind=ResourceKind.PUPILS, limit=500),
                )
                answered += 1
        except SessionEnded as ended:
            ends.append(ended)

    async with open_client(
        settings,
        login="sec1",
        password=demo.ready["accounts"][1]["password"],
        instance=Instance(),
    ) as me:
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for _ in range(8):
                    nursery.start_soon(work, me)
                done = await trio.to_thread.run_sync(
                    lambda: client(
                        demo, "SPR", "disconnect", me.entered.session, "--message", "Pause."
                    )
                )

    assert done.status == 0
    assert answered
    assert len(ends) == 8
    for ended in ends:
        assert ended.goodbye.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
        assert ended.goodbye.by == "Superviseur (SPR)"
        assert "Pause." in ended.goodbye.fr


def test_an_announced_disconnection_is_announced(
    demo: ServerProcess, stay: Any, client: Any
) -> None:
    office = stay(demo, "sec1")
    done = client(demo, "SPR", "disconnect", "--everyone", "--delay", "0.5")
    announcement, goodbye = office.rest()

    assert len(done.said["sessions"]) == 1
    assert announcement["event"] == "announcement"
    assert announcement["in_seconds"] == 0.5
    assert announcement["by"] == "Superviseur (SPR)"
    assert goodbye["code"] == "disconnected_by_administrator"


def test_exclusive_use_makes_the_others_read_only_until_it_ends(
    demo: ServerProcess, stay: Any, client: Any
) -> None:
    office = stay(demo, "sec1")
    holder = stay(demo, "SPR", "--exclusive")
    shown = client(demo, "sec2", "exclusive").said
    second = client(demo, "SPR", "stay", "--exclusive")
    holder.leave()
    holder.rest()
    after = client(demo, "sec2", "exclusive").said
    office.leave()
    said = office.rest()
    events = [each["event"] for each in said]

    assert shown["holder"] == "Superviseur (SPR)"
    assert (second.status, second.said["refused"]) == (3, "exclusive_use")
    assert after["holder"] is None
    assert events.count("exclusive.changed") == 2
    assert [each["state"] for each in said if each["event"] == "access.changed"] == [
        "forced-consultation",
        "modification",
    ]
    assert said[-1]["code"] == "logout"


def test_wrong_rights_and_modes_are_refused(demo: ServerProcess, client: Any) -> None:
    def refused(login: str, *command: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
        done = client(demo, login, *command, options=options)
        return done.status, done.said.get("refused", "")

    assert refused("dupas", "connections") == (3, "not_allowed")
    assert refused("sec1", "users", "list") == (3, "not_allowed")
    assert refused("dupas", "login", options=("--mode", "administrative")) == (
        3,
        "mode_not_allowed",
    )
    assert refused("sec1", "login", options=("--access", "consultation")) == (
        3,
        "not_in_contract",
    )


def test_nobody_there_is_status_4_and_bad_usage_2(demo: ServerProcess, client: Any) -> None:
    usage = client(demo, "SPR", "no-such-command")
    assert demo.stop() == 0
    folder = Path(demo.log_file).parent
    settings = folder / "gone.toml"
    settings.write_text(
        ConnectionSettings(address="127.0.0.1", port=demo.port, tls=False).dumps()
    )
    secret = folder / "gone.secret"
    secret.write_text("x\n")
    gone = run_command(
        "pronote-client",
        "--settings",
        settings,
        "--login",
        "SPR",
        "--password-file",
        secret,
        "--json",
        "login",
    )

    assert usage.status == 2
    assert (gone.status, gone.said["error"]) == (4, "cannot_connect")


def test_a_generated_password_is_personalised_first(
    demo: ServerProcess, client: Any, tmp_path: Path
) -> None:
    made = client(demo, "SPR", "users", "create", "MARTIN Zoé", "--group", "Secrétariat").said
    new = tmp_path / "new"
    new.write_text("Une-Phrase-2-Passe!\n", encoding="utf-8")
    weak = tmp_path / "weak"
    weak.write_text("court\n", encoding="utf-8")
    login = made["login"]

    first = client(demo, login, "login", password=made["password"])
    too_weak = client(
        demo, login, "login", password=made["password"], options=("--new-password-file", weak)
    )
    done = client(
        demo, login, "login", password=made["password"], options=("--new-password-file", new)
    )
    again = client(demo, login, "login", password="Une-Phrase-2-Passe!")
    unreadable = client(demo, "SPR", "users", "password", login)

    assert (first.status, first.said["refused"]) == (3, "password_must_change")
    assert (too_weak.status, too_weak.said["refused"]) == (3, "password_refused")
    assert done.status == again.status == 0
    assert (unreadable.status, unreadable.said["refused"]) == (3, "not_found")
