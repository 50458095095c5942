"""What the README shows is executed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pronote_protocol.words import Mode
from pronote_server.app import open_app
from pronote_server.config import load_settings
from pronote_server.hosting.demo import (
    DEMO_RNE,
    DEMO_SCHOOL_NAME,
    demo_accounts,
    fill_demo,
)

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.real_tcp
async def test_the_ten_lines_print_the_week_of_a_teacher(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = re.search(
        r"<!-- example -->\n```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    assert shown is not None
    names: dict[str, object] = {}
    exec(compile(shown[1], str(README), "exec"), names)
    settings = load_settings(
        options={
            "listen.port": 0,
            "data.directory": tmp_path,
            "schools": [
                {
                    "rne": DEMO_RNE,
                    "name": DEMO_SCHOOL_NAME,
                    "passwords": {"scram_iterations": 4096},
                }
            ],
        }
    )
    async with open_app(settings) as app:
        await fill_demo(app.school, 0)
        teacher = next(a for a in demo_accounts(app.school) if a.mode is Mode.TEACHER)
        file = app.settings_files[app.school.rne]
        await names["week"](file, teacher.login, teacher.password)  # type: ignore[operator]

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert all(line[0] in "01234" for line in lines)
