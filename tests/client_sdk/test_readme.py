"""client_sdk/README.md leaves nothing out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
from cyclopts import App

from pronote_client.cli.context import Common
from pronote_client.cli.running import build_app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "client_sdk" / "README.md").read_text("utf-8")


def commands_of(app: App, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name in app:
        if name.startswith("-"):
            continue
        below = list(commands_of(app[name], (*path, name)))
        yield from below or [" ".join((*path, name))]


def test_every_command_is_described() -> None:
    commands = list(commands_of(build_app()))
    assert len(commands) > 30
    assert [each for each in commands if not re.search(rf"`{each}\b", README)] == []


def test_every_common_option_is_described() -> None:
    options = [f"--{field.name.replace('_', '-')}" for field in attrs.fields(Common)]
    assert [each for each in options if not re.search(rf"{each}\b", README)] == []


def test_every_module_has_its_place_on_the_map() -> None:
    modules = [file.name for file in (ROOT / "client_sdk" / "pronote_client").glob("*.py")]
    assert [each for each in modules if each != "__init__.py" and each not in README] == []


def test_the_examples_are_python_and_import_what_exists() -> None:
    import pronote_client

    examples = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert len(examples) == 2
    for example in examples:
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.ImportFrom) and node.module == "pronote_client":
                assert {name.name for name in node.names} <= set(pronote_client.__all__)
