"""The repository keeps its own promises."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs
import pytest

pytestmark = pytest.mark.checkout_only

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = {
    "pronote_protocol": ROOT / "protocol" / "pronote_protocol",
    "pronote_server": ROOT / "server" / "pronote_server",
    "pronote_client": ROOT / "client_sdk" / "pronote_client",
}
OUTER: Final = ("protocol", "server", "client_sdk")
TOP: Final = (*OUTER, "tests", "tools")
DOORS: Final = {f"pronote_server.{door}" for door in ("native", "console", "espaces")}
LONGEST_MODULE_LINES: Final = 450

# Inside the server, what a room may not know. No door knows another.
UNKNOWN_TO: Final = {
    "pronote_server.domain": {
        *DOORS,
        *(
            f"pronote_server.{room}"
            for room in ("hosting", "storage", "observe", "timetable_files")
        ),
        *(f"pronote_server.{module}" for module in ("app", "cli", "clock", "config")),
    },
    "pronote_server.storage": {*DOORS, "pronote_server.hosting"},
    "pronote_server.timetable_files": {
        *DOORS,
        "pronote_server.hosting",
        "pronote_server.storage",
    },
    "pronote_server.observe": {*DOORS, "pronote_server.hosting", "pronote_server.storage"},
    "pronote_server.hosting": {*DOORS, "pronote_server.app", "pronote_server.cli"},
    **{door: DOORS - {door} for door in sorted(DOORS)},
}


@attrs.frozen
class Import:
    """One imported name, absolute: a module, or a module and what is taken from it."""

    importer: str
    line: int
    name: str

    def is_of(self, package: str) -> bool:
        return self.name == package or self.name.startswith(f"{package}.")

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.name}"


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in PACKAGES.items():
        for file in sorted(folder.rglob("*.py")):
            parts = [package, *file.relative_to(folder).with_suffix("").parts]
            yield ".".join(parts).removesuffix(".__init__"), file


MODULES: Final = dict(modules())


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports_of(module: str, file: Path) -> Iterator[Import]:
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                here = module if file.name == "__init__.py" else module.rpartition(".")[0]
                anchor = here.rsplit(".", node.level - 1)[0]
                source = f"{anchor}.{source}".rstrip(".")
            for alias in node.names:
                yield Import(module, node.lineno, f"{source}.{alias.name}")


IMPORTS: Final = [found for name, file in MODULES.items() for found in imports_of(name, file)]


def imports_in(package: str) -> list[Import]:
    return [i for i in IMPORTS if f"{i.importer}.".startswith(f"{package}.")]


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def load_tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # attrs looks there for the names of annotations
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folder", OUTER)
def test_outer_folders_hold_one_package_and_prose(folder: str) -> None:
    """An editable install puts them on sys.path; a stray module would be everybody's."""
    outer = ROOT / folder

    assert not list(outer.glob("*.py"))
    assert len(list(outer.glob("*/__init__.py"))) == 1


@pytest.mark.parametrize("folder", TOP)
def test_each_folder_says_what_it_is(folder: str) -> None:
    assert (ROOT / folder / "README.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_typed(package: str) -> None:
    assert (PACKAGES[package] / "py.typed").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_each_folder_of_a_package_is_a_package(package: str) -> None:
    """A forgotten `__init__.py` works here and disappears for type checkers elsewhere."""
    folders = {
        file.parent
        for file in PACKAGES[package].rglob("*.py")
        if "migrations" not in file.parts  # Alembic loads those by their paths
    }

    assert [f for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_the_imports_are_really_read() -> None:
    """So that the tests below cannot pass on an empty list."""
    mine = {i.name for i in imports_in("pronote_server.clock")}

    assert {"trio", "datetime.datetime"} <= mine
    assert any(
        i.is_of("pronote_server.domain.seats")
        for i in imports_in("pronote_server.config_school")
    )


@pytest.mark.parametrize(
    ("package", "unknown"),
    [
        ("pronote_protocol", ("pronote_server", "pronote_client", "trio")),
        ("pronote_client", ("pronote_server",)),
        ("pronote_server", ("pronote_client",)),
    ],
)
def test_arrows_between_packages_point_to_the_protocol(
    package: str, unknown: tuple[str, ...]
) -> None:
    wrong = [
        str(found)
        for found in imports_in(package)
        # The one module that joins both ends, for tests.
        if found.importer != "pronote_server.testing"
        and any(found.is_of(other) for other in unknown)
    ]

    assert wrong == []


@pytest.mark.parametrize("room", UNKNOWN_TO)
def test_rooms_of_the_server_know_only_what_is_below_them(room: str) -> None:
    wrong = [
        str(found)
        for found in imports_in(room)
        if any(found.is_of(other) for other in UNKNOWN_TO[room])
    ]

    assert wrong == []


def test_the_domain_knows_nothing_but_itself_and_the_shared_words() -> None:
    ours = ("pronote_server.domain", "pronote_protocol.words", "pronote_protocol.errors")

    def is_known(found: Import) -> bool:
        root = found.name.partition(".")[0]
        return (
            (root in sys.stdlib_module_names and root not in {"asyncio", "socket", "sqlite3"})
            or root == "attrs"
            or any(found.is_of(package) for package in ours)
        )

    wrong = [str(i) for i in imports_in("pronote_server.domain") if not is_known(i)]

    assert wrong == []


def test_the_domain_never_waits() -> None:
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith

    assert [
        f"{name}:{node.lineno}"
        for name, file in MODULES.items()
        if name.startswith("pronote_server.domain")
        for node in ast.walk(tree_of(file))
        if isinstance(node, waiting)
    ] == []


def test_nobody_imports_the_outer_folders() -> None:
    """`import server.pronote_server` half works from the root, with a second copy of all."""
    files = {
        **MODULES,
        **{str(f): f for folder in ("tests", "tools") for f in (ROOT / folder).rglob("*.py")},
    }
    wrong = [
        str(found)
        for name, file in files.items()
        for found in imports_of(name, file)
        if found.name.partition(".")[0] in TOP
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("package", "extras"),
    [("pronote_protocol", ()), ("pronote_client", ()), ("pronote_server", ("server",))],
)
def test_what_a_package_imports_is_what_its_install_brings(
    package: str, extras: tuple[str, ...]
) -> None:
    """A client's machine has the base install only."""
    project = pyproject()["project"]
    requirements = [*project["dependencies"]]
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    modules_of = {"proxy-protocol": "proxyprotocol"}
    names = [re.split(r"[^A-Za-z0-9_.-]", r, maxsplit=1)[0] for r in requirements]
    brought = {modules_of.get(n, n.replace("-", "_")) for n in names} | set(PACKAGES)

    wrong = [
        str(found)
        for found in imports_in(package)
        if (root := found.name.partition(".")[0]) not in sys.stdlib_module_names
        and root not in brought
    ]

    assert wrong == []


def test_the_machines_clock_is_read_in_one_place() -> None:
    """Everything else is told the time, or asks the school's clock."""
    readings = {
        ("time", "time"),
        ("time", "time_ns"),
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("datetime", "today"),
        ("date", "today"),
    }

    def is_reading(node: ast.AST) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                return (owner, name) in readings
        return False

    found = {
        name
        for name, file in MODULES.items()
        if any(is_reading(node) for node in ast.walk(tree_of(file)))
        or any(i.name in {"time.time", "time.time_ns"} for i in imports_of(name, file))
    }

    assert found == {"pronote_server.clock"}


def test_modules_stay_small_enough_to_be_read_at_once() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in [*MODULES.values(), *(ROOT / "tools").glob("*.py")]
        # A revision of a schema is a frozen list of tables; nobody works on it again.
        if file.parent.name != "versions"
        and (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE_LINES
    }

    assert long == {}


GENERATE: Final = load_tool("generate")


@pytest.mark.parametrize("part", GENERATE.PARTS, ids=lambda part: part.name)
def test_generated_parts_of_documents_are_up_to_date(part: Any) -> None:
    """Run tools/generate when this fails."""
    document = (ROOT / part.file).read_text(encoding="utf-8")
    if f"<!-- {part.name} -->" not in document:
        pytest.skip(f"{part.file} has no place for {part.name} yet")

    assert part.inserted(document) == document


def test_a_part_without_its_markers_is_refused() -> None:
    part = GENERATE.Part("README.md", "settings", "pronote_server.config:settings_table")

    for document in ("", "<!-- settings -->\n", "<!-- settings -->\n<!-- /settings -->\n" * 2):
        with pytest.raises(ValueError, match="needs <!-- settings -->"):
            part.inserted(document)
    inserted = part.inserted("a\n<!-- settings -->\nold\n<!-- /settings -->\nz\n")
    assert inserted.startswith("a\n<!-- settings -->\n| Setting |")
    assert inserted.endswith(" |\n<!-- /settings -->\nz\n")
    assert part.inserted(inserted) == inserted


def test_change_fragments_are_of_a_known_kind() -> None:
    """tools/changes/<issue>.<kind>.md, as towncrier reads them."""
    kinds = {kind["directory"] for kind in pyproject()["tool"]["towncrier"]["type"]}
    fragments = {
        f.name: f.read_text(encoding="utf-8")
        for f in (ROOT / "tools" / "changes").iterdir()
        if f.name != "CHANGELOG.md"
    }
    name = re.compile(rf"(\d+|\+\w[\w-]*)\.({'|'.join(sorted(kinds))})(\.\d+)?\.md")

    assert [
        f for f, text in fragments.items() if not name.fullmatch(f) or not text.strip()
    ] == []


def test_the_changelog_has_the_place_where_releases_go() -> None:
    start = pyproject()["tool"]["towncrier"]["start_string"]

    assert start in (ROOT / "tools" / "changes" / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "script", ["tools/check", "tools/demo", "tools/generate", "tools/test", ".ci/run"]
)
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert (ROOT / script).read_text(encoding="utf-8").startswith("#!/bin/sh\n")


@pytest.mark.parametrize(
    "script", ["tools/demo", "tools/test", "tools/check", "tools/generate"]
)
def test_scripts_say_what_they_need_when_it_is_missing(script: str, tmp_path: Path) -> None:
    """On a machine whose Python is too old, from any folder."""
    elsewhere = tmp_path / "a checkout"
    for file in ("pyproject.toml", "tools/environment.sh", script):
        (elsewhere / file).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / file).write_bytes((ROOT / file).read_bytes())

    run = subprocess.run(
        ["/bin/sh", str(elsewhere / script)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PRONOTE_PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 69
    assert "Python 3.11 or newer is needed" in run.stderr
    assert run.stdout == ""
    assert not (elsewhere / ".venv").exists()
