"""What a server that was killed with -9 knows when it starts again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_client import ConnectionSettings, Instance, Mode, open_client
from pronote_client.errors import AddressSuspended, BadCredentials, ConnectionLost
from pronote_client.patience import Patience
from pronote_protocol.errors import ResumeRefused
from pronote_protocol.words import Farewell
from pronote_server.testing_processes import ServerProcess, start_server

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]


def settings_of(server: ServerProcess) -> ConnectionSettings:
    return ConnectionSettings.read(server.ready["settings_file"])


async def test_accounts_suspensions_and_journal_are_there_and_sessions_are_gone(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    data = demo_data
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        settings = settings_of(server)
        password = server.ready["accounts"][0]["password"]
        async with open_client(
            settings, login="SPR", password=password, instance=Instance()
        ) as spr:
            made = await spr.users.create("MARTIN Zoé", group="Secrétariat")
            for _ in range(5):
                with pytest.raises(BadCredentials):
                    async with open_client(
                        settings, login="sec1", password="wrong", instance=Instance()
                    ):
                        pass
            session = spr.entered.session
            before = rescue(server, "journal").said["items"]
            server.kill()
            goodbye = await spr.wait_ended()
            with pytest.raises(ConnectionLost):
                await spr.session.show()

    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        settings = settings_of(server)
        assert server.ready["in_service"] is True
        assert rescue(server, "connections").said["items"] == []
        (suspended,) = rescue(server, "suspensions").said["items"]
        with pytest.raises(AddressSuspended):
            async with open_client(
                settings, login="SPR", password=password, instance=Instance()
            ):
                pass
        assert rescue(server, "lift").said == {"addresses": ["127.0.0.1"]}
        async with open_client(
            settings, login="SPR", password=password, instance=Instance()
        ) as spr:
            users = await spr.users.list_all(search="zoe martin")
            again = await spr.users.password(made.login)
            seats = await spr.seats.show()
            after = await spr.journal.read(limit=500)
        assert server.failures() == []

    assert goodbye.code is Farewell.LOST
    assert suspended["accounts"] == ["sec1"]
    assert [user.login for user in users] == [made.login]
    assert again.password == made.password
    assert seats.modification_used == 1
    kept = {(row.id, row.kind) for row in after.rows}
    assert {(row["id"], row["kind"]) for row in before} <= kept
    assert {"address.suspended", "user.created", "session.began"} <= {kind for _, kind in kept}
    assert session not in {row.details.get("session") for row in after.rows[:3]}


async def test_a_session_of_the_dead_server_cannot_be_resumed(
    tmp_path: Path, demo_data: Path
) -> None:
    """And the client says so, after it found the server again by itself."""
    data = demo_data
    patience = attrs.evolve(Patience(), backoff_first_seconds=0.05, backoff_most_seconds=0.2)
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        settings, port = settings_of(server), server.port
        account = server.ready["accounts"][-3]
        assert account["mode"] == "teacher"
        async with open_client(
            settings,
            login=account["login"],
            password=account["password"],
            mode=Mode.TEACHER,
            resumable=True,
            patience=patience,
            instance=Instance(),
        ) as teacher:
            server.kill()
            with start_server(
                "demo", "--port", str(port), "--data", data, folder=tmp_path
            ) as second:
                goodbye = await teacher.wait_ended()
                with pytest.raises(ConnectionLost) as lost:
                    await teacher.timetable.mine()
                assert second.failures() == []

    assert goodbye.code is Farewell.LOST
    assert isinstance(lost.value.__cause__, ResumeRefused)
