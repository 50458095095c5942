"""
A demo server with several schools, each of them a demo school: a process of its own.

``python -m loading.many_schools SCHOOLS PORT DATA SEED [--plain]``; it says what
``pronote-server demo --json`` says, and of the further schools the same under ``others``.
Only the server's settings in the environment count, not its schools.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import trio

from pronote_server.app import App, serve
from pronote_server.config import load_settings
from pronote_server.config_values import check_letter
from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME, demo_accounts, fill_demo
from pronote_server.observe.log import set_up_logging

__all__ = ["rnes"]

_NUMBERS: Final = "0992"


def rnes(count: int) -> list[str]:
    """Return the numbers of so many schools; the demo's is the first."""
    digits = [f"{_NUMBERS}{number:03}" for number in range(count - 1)]
    return [DEMO_RNE, *(each + check_letter(each) for each in digits)]


def _said_of(running: App, rne: str) -> dict[str, Any]:
    return {
        "settings_file": str(running.settings_files[rne]),
        "accounts": [
            {"mode": each.mode.value, "login": each.login, "password": each.password}
            for each in demo_accounts(running.schools[rne])
        ],
    }


def main(given: list[str]) -> None:
    """Serve until told to stop."""
    count, port, data, seed, *plain = given
    numbers = rnes(int(count))
    settings = load_settings(
        None,
        environment={
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PRONOTE_SCHOOLS")
        },
        options={
            "listen.host": "127.0.0.1",
            "listen.port": int(port),
            "data.directory": Path(data),
            "tls.enabled": not plain,
            "schools": [
                {
                    "rne": rne,
                    "name": DEMO_SCHOOL_NAME if not rank else f"École {rne}",
                    "passwords": {"scram_iterations": 4096},
                }
                for rank, rne in enumerate(numbers)
            ],
        },
    )
    set_up_logging(level=settings.log.level, json=settings.log.json)

    async def prepare(running: App) -> None:
        for rank, rne in enumerate(numbers):
            await fill_demo(running.schools[rne], int(seed) + rank)

    def ready(running: App) -> None:
        first, *others = (_said_of(running, rne) for rne in numbers)
        print(json.dumps({"ready": True, **first, "others": others}), flush=True)

    trio.run(serve, settings, prepare, ready, strict_exception_groups=True)


if __name__ == "__main__":
    main(sys.argv[1:])
