"""The process that serves, apart from what it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

# In a process of its own: what it asks of the collector and of signals is not undone.
PROGRAM: Final = """
import gc, sys
from pathlib import Path
import trio
from pronote_server.app import serve
from pronote_server.config import load_settings

settings = load_settings(options={
    "listen.port": 0,
    "data.directory": Path(sys.argv[1]),
    "tls.enabled": False,
    "schools": [{"rne": "0990001N", "name": "Lycée"}],
})
made = []

async def prepare(app):
    made.append(app.school)

def ready(app):
    seen = any(each is made[0] for each in gc.get_objects())
    print("frozen", gc.get_freeze_count() > 50_000, seen)
    app.stop()

trio.run(serve, settings, prepare, ready)
"""


@pytest.mark.real_tcp
def test_the_collector_passes_over_what_stays_until_the_end(tmp_path: Path) -> None:
    """Found by tools/fuzz_wire.py: each full collection held everybody up for 70 ms."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "frozen True False" in ended.stdout.splitlines(), ended.stderr
