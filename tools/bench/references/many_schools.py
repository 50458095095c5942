"""
Our own server with many schools: the demo's in service, the others open and empty.

What grows with the number of schools is what every connection and every sweep look at.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import trio

from bench.references.starting import ready, told
from pronote_server.app import App, serve
from pronote_server.config import load_settings
from pronote_server.config_values import check_letter
from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME, demo_accounts, fill_demo
from pronote_server.observe.log import set_up_logging

__all__: list[str] = []


def schools(count: int) -> list[dict[str, Any]]:
    digits = [f"0991{number:03}" for number in range(count - 1)]
    return [
        {"rne": DEMO_RNE, "name": DEMO_SCHOOL_NAME, "passwords": {"scram_iterations": 4096}},
        *({"rne": each + check_letter(each), "name": f"École {each}"} for each in digits),
    ]


async def prepare(app: App) -> None:
    await fill_demo(app.school, 0)


def say(app: App) -> None:
    ready(
        app.port,
        settings_file=str(app.settings_files[DEMO_RNE]),
        accounts=[
            {"mode": each.mode.value, "login": each.login, "password": each.password}
            for each in demo_accounts(app.school)
        ],
    )


if __name__ == "__main__":
    spec = told()
    with tempfile.TemporaryDirectory(prefix="pronote-bench-") as folder:
        settings = load_settings(
            None,
            environment={**os.environ, **spec["environment"]},
            options={
                "listen.port": 0,
                "data.directory": Path(spec["data"] or folder),
                "tls.enabled": False,
                "schools": schools(spec["schools"]),
            },
        )
        set_up_logging(level="error", json="always")
        trio.run(serve, settings, prepare, say, strict_exception_groups=True)
