"""Lost credentials, from a client to a gateway, over the death of the server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_server.testing_processes import ServerProcess, run_command, start_server

pytestmark = pytest.mark.real_tcp


@attrs.define(eq=False)
class Gateway:
    """
    Attributes:
        victim: A server to kill when it has posted a message, before it is answered.
    """

    victim: ServerProcess | None = None
    got: list[dict[str, Any]] = attrs.field(factory=list)
    answered: threading.Event = attrs.field(factory=threading.Event)
    url: str = ""


@contextmanager
def gateway() -> Iterator[Gateway]:
    serving = Gateway()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = self.rfile.read(int(self.headers["Content-Length"]))
            serving.got.append(json.loads(posted))
            if serving.victim is not None:
                serving.victim.process.kill()
                return
            self.send_response(202)
            self.end_headers()
            serving.answered.set()

        def log_message(self, *_: Any) -> None: ...

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        serving.url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield serving
        server.shutdown()
        thread.join()


def messages(server: ServerProcess) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = run_command(
        "pronote-server", "outbox", "list", "--data", server.data, "--json"
    ).said["items"]
    return items


def test_a_server_killed_between_sending_and_noting_it_sends_it_again(
    demo_data: Path, tmp_path: Path
) -> None:
    with gateway() as sms:
        start = ("demo", "--port", "0", "--data", demo_data)
        environment = {"PRONOTE_SMS__URL": sms.url}
        with start_server(*start, folder=tmp_path, environment=environment) as server:
            sms.victim = server
            accounts = {each["login"]: each for each in server.ready["accounts"]}
            run_command(
                *("pronote-client", "--settings", server.ready["settings_file"]),
                *("--login", "SPR", "account", "receive-credentials"),
                environment={"PRONOTE_PASSWORD": accounts["SPR"]["password"]},
            )
            assert server.wait() == -9
        assert len(sms.got) == 1

        sms.victim = None
        with start_server(*start, folder=tmp_path, environment=environment) as server:
            assert sms.answered.wait(30)
            for _ in range(30):
                listed = {each["channel"]: each for each in messages(server)}
                if listed["sms"]["state"] != "waiting":
                    break
            (_,) = (server.data / server.ready["rne"] / "spool").glob("*.eml")
            assert server.failures() == []

    first, second = sms.got
    assert first == second
    assert first["to"] == "+33639980100"
    assert {channel: each["state"] for channel, each in listed.items()} == {
        "sms": "sent",
        "email": "spooled",
    }
