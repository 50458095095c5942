"""
A scenario in a Python file: found, read, given its parameters, and looked at.

The file has a function ``scenario`` whose parameters all have a default; it returns a
`Scenario`. The file is executed, as any program is: run only what you would run yourself.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs

from loading.measure import seconds_from
from loading.scenario import Scenario, ScenarioRefused

__all__ = ["READY_MADE", "Chosen", "choose", "ready_made"]

READY_MADE: Final = Path(__file__).resolve().parent / "scenarios"


@attrs.frozen
class Chosen:
    """
    A scenario, and how it came about.

    Attributes:
        name: The file's, without folder and ending.
        parameters: All of them, with the values they had.
    """

    name: str
    parameters: Mapping[str, Any]
    scenario: Scenario


def ready_made() -> list[str]:
    """Return the names of those that come with the tool."""
    return sorted(
        path.stem for path in READY_MADE.glob("*.py") if not path.stem.startswith("_")
    )


def choose(what: str, given: Mapping[str, str]) -> Chosen:
    """
    Return the scenario called *what*, or in that file, made with these parameters.

    Raises:
        ScenarioRefused: There is none, it cannot be read, or makes no sense.
    """
    path = Path(what)
    if path.suffix != ".py" and not path.exists():
        path = READY_MADE / f"{what}.py"
        if what not in ready_made():
            raise ScenarioRefused(
                f"there is no scenario {what!r}; give a file, or one of "
                f"{', '.join(ready_made())}"
            )
    make = _function(path)
    parameters = _parameters(path, make, given)
    scenario = _run(path, lambda: make(**parameters))
    if not isinstance(scenario, Scenario):
        raise ScenarioRefused(f"{path}: scenario() returned {scenario!r}, not a Scenario")
    try:
        scenario.check()
    except ScenarioRefused as refused:
        raise ScenarioRefused(f"{path}: {refused}") from None
    return Chosen(path.stem, parameters, scenario)


def _function(path: Path) -> Callable[..., Any]:
    if not path.is_file():
        raise ScenarioRefused(f"{path}: there is no such file")
    name = f"loading_scenario_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ScenarioRefused(f"{path}: no Python file; its name ends with .py")
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader
    _run(path, lambda: _execute(module, loader))
    make = getattr(module, "scenario", None)
    if not callable(make):
        raise ScenarioRefused(
            f"{path}: names no scenario; it needs `def scenario() -> Scenario`"
        )
    return make  # type: ignore[no-any-return]


def _execute(module: ModuleType, loader: Any) -> None:
    # attrs classes of a file look their own module up.
    sys.modules[module.__name__] = module
    loader.exec_module(module)


def _run(path: Path, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ScenarioRefused as refused:
        raise ScenarioRefused(f"{path}: {refused}") from None
    except (Exception, SystemExit) as exc:
        lines = [
            place.lineno
            for place in traceback.extract_tb(exc.__traceback__)
            if Path(place.filename) == path.resolve() or place.filename == str(path)
        ]
        if isinstance(exc, SyntaxError):
            lines = [exc.lineno]
        where = f", line {lines[-1]}" if lines else ""
        raise ScenarioRefused(f"{path}{where}: {type(exc).__name__}: {exc}") from None


def _parameters(
    path: Path, make: Callable[..., Any], given: Mapping[str, str]
) -> dict[str, Any]:
    known = inspect.signature(make, eval_str=True).parameters
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty:
            raise ScenarioRefused(f"{path}: parameter {name} of scenario() has no default")
    if unknown := sorted(given.keys() - known.keys()):
        names = ", ".join(f"{name}={each.default}" for name, each in known.items()) or "none"
        raise ScenarioRefused(f"{path}: no parameter {unknown[0]!r}; there are {names}")
    return {
        name: _value(f"{path}: {name}", given[name], parameter.default)
        if name in given
        else parameter.default
        for name, parameter in known.items()
    }


def _value(where: str, text: str, default: Any) -> Any:
    """Return *text* as what *default* is; seconds may have a unit."""
    try:
        if isinstance(default, bool):
            return {"yes": True, "no": False}[text]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text) if text[-1:].isdigit() else seconds_from(text)
    except (ValueError, KeyError):
        kind = "yes or no" if isinstance(default, bool) else type(default).__name__
        raise ScenarioRefused(f"{where}: expected {kind}, got {text!r}") from None
    return text
