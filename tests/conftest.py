"""What every test gets; `tests/README.md` explains how to use it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

from pronote_server.observe.testing import Logs

ROOT: Final = Path(__file__).resolve().parents[1]
# "wheel" when tools/check runs us on what was built.
TESTED: Final = os.environ.get("PRONOTE_TESTED", "checkout")
PACKAGES: Final = ("pronote_protocol", "pronote_server", "pronote_client")

# No deadline and no complaint about slowness anywhere: two busy cores are not a defect.
# No database: what failed once is written down as an @example, where everybody has it.
settings.register_profile(
    "developer", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# In CI the choices are the same every time, and nothing is shrunk: that may take five minutes
# for each failure. `pytest --hypothesis-profile developer` shrinks what it finds.
settings.register_profile(
    "ci",
    settings.get_profile("developer"),
    derandomize=True,
    print_blob=True,
    phases=[phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)],
)
# The wheel holds the same lines as the checkout, where they were searched.
settings.register_profile("wheel", settings.get_profile("ci"), max_examples=10)
settings.register_profile("long", settings.get_profile("developer"), max_examples=2_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="also run the soaks, fuzzes and tortures, in their long form",
    )


def pytest_configure(config: pytest.Config) -> None:
    profile = "ci" if os.environ.get("CI") else "developer"
    if TESTED == "wheel":
        _refuse_the_checkout()
        profile = "wheel"
    if config.getoption("--long"):
        profile = "long"
    settings.load_profile(config.getoption("--hypothesis-profile") or profile)


def pytest_report_header() -> list[str]:
    return [f"{name}: {_folder_of(name)}" for name in PACKAGES]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if TESTED == "wheel":
        left_out = [item for item in items if item.get_closest_marker("checkout_only")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("checkout_only")]
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long: run pytest with --long"))


def _folder_of(package: str) -> Path:
    return Path(importlib.import_module(package).__path__[0]).resolve()


def _refuse_the_checkout() -> None:
    """`tools/check` asks for this: a test of the wheel must not import the sources."""
    for package in PACKAGES:
        if (folder := _folder_of(package)).is_relative_to(ROOT):
            raise pytest.UsageError(f"{package} comes from the checkout: {folder}")


@pytest.fixture(autouse=True)
def logs() -> Generator[Logs, None, None]:
    """An error in the log that no test expected is a failure, not noise; so is a secret."""
    capture = Logs()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.reset_defaults()
    assert capture.unexpected() == []
    assert capture.leaking() == []


@pytest.fixture
def long_form(request: pytest.FixtureRequest) -> bool:
    """Whether `--long` was given, for a test that has a short form and a long one."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Samples that may not be committed (AGPL); the folder stands beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the samples of ../shared/data are not on this machine")
    return folder
