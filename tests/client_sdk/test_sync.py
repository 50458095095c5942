"""The facade for scripts: the same calls, from threads that wait."""

from __future__ import annotations

import functools
import importlib
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trio

import pronote_client
from pronote_client import (
    AdminClient,
    ConnectionSettings,
    EdtClient,
    Instance,
    SessionEnded,
    SyncClient,
    families,
)
from pronote_client.errors import BadCredentials, NotAllowed
from pronote_client.families import transfer
from pronote_client.testing import inline, scripted_server
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.catalogue.sessions import ExclusiveShown
from pronote_protocol.messages import BaseChanged, Goodbye
from pronote_protocol.words import Farewell

NOBODY = ExclusiveShown(holder=None)


class School:
    """A scripted server on a port, in a Trio of its own."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._live,))
        self._thread.start()
        self._ready.wait()

    async def _live(self) -> None:
        self.token = trio.lowlevel.current_trio_token()
        self._stopping = trio.Event()
        async with scripted_server() as self.server, trio.open_nursery() as nursery:

            async def handle(stream: trio.SocketStream) -> None:
                self.server.serve(stream)
                await trio.sleep_forever()

            (listener,) = await nursery.start(
                functools.partial(trio.serve_tcp, handle, 0, host="127.0.0.1")
            )
            port = listener.socket.getsockname()[1]
            self.settings = ConnectionSettings(address="127.0.0.1", port=port, tls=False)
            self._ready.set()
            await self._stopping.wait()
            nursery.cancel_scope.cancel()

    def do(self, work: Any, *args: Any) -> Any:
        return trio.from_thread.run(work, *args, trio_token=self.token)

    def stop(self) -> None:
        trio.from_thread.run_sync(self._stopping.set, trio_token=self.token)
        self._thread.join()

    def client(self, **options: Any) -> SyncClient:
        options = {"login": "SPR", "password": "secret", "instance": Instance(), **options}
        return SyncClient(self.settings, run=inline, **options)


@pytest.fixture
def school() -> Iterator[School]:
    school = School()
    school.server.answers["exclusive.show"] = NOBODY
    yield school
    school.stop()


@pytest.mark.real_tcp
def test_calls_wait_for_their_typed_answers(school: School) -> None:
    with school.client() as client:
        assert client.exclusive.show() == NOBODY
        assert client.call(calls.SHOW_EXCLUSIVE) == NOBODY
        assert client.entered.name == "SUPERVISEUR"
        assert len(school.server.seated) == 1
    assert school.server.seated == {}
    with pytest.raises(RuntimeError):
        school.client().exclusive.show()


@pytest.mark.real_tcp
def test_refusals_are_the_same_exceptions(school: School) -> None:
    with pytest.raises(BadCredentials), school.client(password="wrong"):
        pass
    school.server.answers["seats.show"] = NotAllowed()
    with school.client() as client, pytest.raises(NotAllowed):
        client.seats.show()


@pytest.mark.real_tcp
def test_events_can_be_waited_for(school: School) -> None:
    changed = BaseChanged(revision=2, what=())
    with school.client() as client:
        assert client.next_event(seconds=0) is None
        school.do(school.server.peer.say, changed)
        assert client.next_event() == changed
        kicked = Goodbye(code=Farewell.IDLE)
        school.do(school.server.peer.hang_up, kicked)
        assert list(client.events()) == [kicked]
        with pytest.raises(SessionEnded):
            client.exclusive.show()


@pytest.mark.real_tcp
def test_several_threads_may_call(school: School) -> None:
    with school.client() as client:
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.exclusive.show()))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [NOBODY] * 8


@pytest.mark.real_tcp
def test_completion_and_help_show_families_and_methods(school: School) -> None:
    with school.client(kind=EdtClient) as client:
        assert {"seats", "users", "transfer"} <= set(dir(client))
        assert {"list", "list_all", "create"} <= set(dir(client.users))
        assert "search" in inspect.signature(client.users.list).parameters
        with pytest.raises(AttributeError):
            _ = client.nothing
        with pytest.raises(AttributeError):
            _ = client.users.nothing


def loaded_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after *code*."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(shown.stdout.split())


def test_importing_the_sdk_is_light() -> None:
    """A script that reads settings must not pay for searches, tables and logins."""
    heavy = {"zeroconf", "rich", "cyclopts", "scramp", "cryptography", "structlog", "asyncio"}
    assert not loaded_after("import pronote_client") & heavy


def test_importing_the_sdk_makes_no_family() -> None:
    """The forty families and their part of the catalogue would double what it costs."""
    loaded = loaded_after("import pronote_client")

    families = {name for name in loaded if name.startswith("pronote_client.families.")}
    declared = {name for name in loaded if name.startswith("pronote_protocol.catalogue.")}
    assert families == {"pronote_client.families.family"}
    assert declared == {"pronote_protocol.catalogue.call"}


def test_looking_at_one_family_imports_that_one() -> None:
    loaded = loaded_after("from pronote_client.families import Motives")

    assert {"pronote_client.families.motives", "pronote_protocol.catalogue.motives"} <= loaded
    assert "pronote_client.families.marks" not in loaded
    assert "pronote_protocol.catalogue.marks" not in loaded


@pytest.mark.parametrize("package", ["pronote_client", "pronote_client.families"])
def test_everything_offered_is_there_and_is_shown(package: str) -> None:
    module = importlib.import_module(package)

    for name in module.__all__:
        assert getattr(module, name).__module__.startswith("pronote_")
    assert set(module.__all__) <= set(dir(module))


def test_what_is_imported_when_it_is_named_is_made_once() -> None:
    assert pronote_client.SourceFile is families.SourceFile is transfer.SourceFile
    with pytest.raises(AttributeError, match="Notes"):
        _ = families.Notes  # type: ignore[attr-defined]


@pytest.mark.real_tcp
def test_a_family_is_the_same_at_each_look(school: School) -> None:
    with school.client(kind=AdminClient) as client:
        opened = client._opened
        assert opened.seats is opened.seats
        assert isinstance(opened.seats, families.Seats)
