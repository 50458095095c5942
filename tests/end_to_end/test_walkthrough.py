"""The year of a base that server/README.md walks through, command by command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Some sixty commands of half a second each on a quiet machine.
_SECONDS = 280

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]


def shown() -> str:
    text = (ROOT / "server" / "README.md").read_text("utf-8")
    found = re.search(r"<!-- walkthrough -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the walkthrough is for bash")
def test_every_command_of_the_walkthrough_does_what_it_says(tmp_path: Path) -> None:
    script = shown()
    expected = re.findall(r"(?m)^#> (.*)$", script)
    assert len(expected) > 15
    environment = {
        **{name: value for name, value in os.environ.items() if "PRONOTE" not in name},
        "checkout": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )

    logs = "".join(file.read_text("utf-8") for file in sorted(tmp_path.glob("*/log")))
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{logs}"
    rest = ran.stdout
    for line in expected:
        assert line in rest, f"{line!r} is not in what followed:\n{rest}\n{ran.stderr}"
        rest = rest.partition(line)[2]
    assert '"level": "error"' not in logs
    assert "Traceback" not in ran.stderr + logs
