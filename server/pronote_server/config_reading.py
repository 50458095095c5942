"""
From a file, the environment and the command line to one settings object, or to the list of
everything that is wrong with them.

Written by hand rather than on cattrs: there a value that breaks a
rule loses its path, and the first broken section hides the rules between sections. Whoever
corrects a configuration wants one list, once.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

import attrs

from .config_values import FilePath, Kind

__all__ = ["PREFIX", "ConfigRefused", "Problems", "dotted_names", "kind_of", "read_settings"]

PREFIX: Final = "PRONOTE_"

T = TypeVar("T", bound=attrs.AttrsInstance)
Table = dict[str, Any]

_LIST_STEP: Final = re.compile(r"\.(\d+)(?=\.|$)")


class ConfigRefused(Exception):
    """
    The configuration cannot be used.

    Args:
        problems: One line for each mistake, each beginning with what it is about.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class Problems:
    """What is wrong so far, with the place where each broken setting came from."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._sources: dict[str, str] = {}
        self._broken: set[str] = set()

    def came_from(self, path: str, source: str) -> None:
        self._sources[path] = source

    def add(self, path: str, text: str) -> None:
        source = self._sources.get(path)
        self._broken.add(path)
        self.lines.append(f"{path}: {text}" + (f" ({source})" if source else ""))

    def break_off(self, path: str) -> None:
        """Make rules about *path* silent: what is wrong with it is said already."""
        self._broken.add(path)

    def add_rule(self, text: str, *paths: str) -> None:
        """Note a broken rule about *paths*, unless one of them has a mistake of its own."""
        if self._broken.isdisjoint(paths):
            self.add(paths[0], text)


def read_settings(
    cls: type[T],
    rules: Callable[[T, Problems], None],
    *,
    file: Path | None,
    environment: Mapping[str, str],
    options: Mapping[str, object],
) -> T:
    """
    Return the *cls* that the three sources describe, the later one winning.

    Args:
        rules: Notes what is wrong between settings that are right one by one.
        file: TOML; relative paths in it start from its folder.
        environment: ``PRONOTE_SECTION__NAME`` is ``section.name``; ``0`` and the like pick
            an element of a list. A variable without ``__`` is not ours.
        options: Dotted names and values; None means the option was not given.

    Raises:
        ConfigRefused: With every mistake of every source.
    """
    problems = Problems()
    raw = {} if file is None else _from_file(cls, file, problems)
    for path, value, source in _from_environment(cls, environment):
        _put(raw, path, value, source, problems)
    for path, value in options.items():
        if value is not None:
            _put(raw, path, value, "command line", problems)
    settings = _structure(cls, raw, "", problems, cls)
    if settings is not None:
        rules(settings, problems)
    if problems.lines or settings is None:
        raise ConfigRefused(problems.lines)
    return settings


def _from_file(cls: type, file: Path, problems: Problems) -> Table:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        problems.add(str(file), f"cannot be read: {error}")
        return {}
    except tomllib.TOMLDecodeError as error:
        problems.add(str(file), f"is not TOML: {error}")
        return {}
    _anchor_paths(cls, raw, file.absolute().parent)
    return raw


def _anchor_paths(cls: type, raw: Table, folder: Path) -> None:
    """Make the paths of a file start from its folder, not from wherever one stands."""
    for field in attrs.fields(attrs.resolve_types(cls)):
        value = raw.get(field.name)
        if _without_none(field.type) == FilePath and isinstance(value, str) and value:
            raw[field.name] = folder / value
        elif attrs.has(field.type) and isinstance(value, dict):
            _anchor_paths(field.type, value, folder)


def _from_environment(
    cls: type, environment: Mapping[str, str]
) -> Iterator[tuple[str, object, str]]:
    for name in sorted(environment):
        steps = name.removeprefix(PREFIX).lower().split("__")
        if name.startswith(PREFIX) and len(steps) > 1:
            kind = _kind_at(cls, steps)
            text = environment[name]
            yield ".".join(steps), text if kind is None else kind.from_text(text), name


def _kind_at(cls: Any, steps: list[str]) -> Kind | None:
    for step in steps:
        if (element := _element(cls)) is not None:
            cls = element
        elif attrs.has(cls):
            cls = attrs.fields_dict(attrs.resolve_types(cls)).get(step)
            cls = None if cls is None else cls.type
    return kind_of(cls)


def _put(raw: Table, path: str, value: object, source: str, problems: Problems) -> None:
    """Set a value deep inside; what is in the way and is no table is replaced."""
    steps = path.split(".")
    path = _LIST_STEP.sub(r"[\1]", path)
    problems.came_from(path, source)
    here: Any = raw
    for depth, step in enumerate(steps):
        key: Any = step
        if isinstance(here, list):
            if not step.isdecimal() or int(step) > len(here):
                problems.add(path, f"there is no {step} in a list of {len(here)}")
                return
            key = int(step)
            if key == len(here):
                here.append(None)
        if depth == len(steps) - 1:
            here[key] = value
            return
        below = here[key] if isinstance(here, list) else here.get(key)
        if not isinstance(below, dict | list):
            below = here[key] = [] if steps[depth + 1].isdecimal() else {}
        here = below


def _structure(cls: type[T], raw: object, path: str, problems: Problems, top: type) -> T | None:
    """Return the object, with defaults in place of what is wrong, or None without one."""
    if not isinstance(raw, Mapping):
        problems.add(path, f"expected a table, got {type(raw).__name__} {raw!r}")
        raw = {}
    fields: dict[str, Any] = attrs.fields_dict(attrs.resolve_types(cls))
    for name in raw.keys() - fields.keys():
        problems.add(_join(path, name), _unknown(name, list(fields), path, top))
    values: dict[str, Any] = {}
    complete = True
    for name, field in fields.items():
        if name in raw:
            value = _value(field.type, raw[name], _join(path, name), problems, top)
            if value is not _WRONG:
                values[name] = value
                continue
        elif field.default is attrs.NOTHING:
            problems.add(_join(path, name), "missing; it has no default")
        complete = complete and field.default is not attrs.NOTHING
    return cls(**values) if complete else None


_WRONG: Final = object()


def _value(expected: Any, raw: object, path: str, problems: Problems, top: type) -> object:
    if attrs.has(expected):
        built = _structure(expected, raw, path, problems, top)
        return _WRONG if built is None else built
    if (element := _element(expected)) is not None:
        if not isinstance(raw, list | tuple):
            problems.add(path, f"expected a list of tables, got {type(raw).__name__} {raw!r}")
            return _WRONG
        values = [
            _value(element, item, f"{path}[{index}]", problems, top)
            for index, item in enumerate(raw)
        ]
        if _WRONG in values:
            problems.break_off(path)
            return _WRONG
        return tuple(values)
    kind = kind_of(expected)
    assert kind is not None, f"{path} has no kind: {expected}"
    try:
        return kind.accept(raw)
    except ValueError as error:
        problems.add(path, str(error))
        return _WRONG


def kind_of(annotation: Any) -> Kind | None:
    """Return the kind in *annotation*; None for a section or a list of them."""
    found = [m for m in get_args(_without_none(annotation))[1:] if isinstance(m, Kind)]
    return found[0] if found else None


def _element(annotation: Any) -> Any:
    """Return X of ``tuple[X, ...]``, or None for anything else."""
    return get_args(annotation)[0] if get_origin(annotation) is tuple else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return annotation
    rest = [choice for choice in get_args(annotation) if choice is not NoneType]
    return rest[0] if len(rest) == 1 and _element(annotation) is None else annotation


def _unknown(name: str, siblings: list[str], path: str, top: type) -> str:
    close = [_join(path, found) for found in difflib.get_close_matches(name, siblings, 1)]
    close += [known for known in dotted_names(top) if known.rpartition(".")[2] == name]
    return "unknown setting" + (f"; did you mean {close[0]}?" if close else "")


def dotted_names(cls: type, path: str = "") -> list[str]:
    """Return the dotted name of every setting, those of a list as ``schools[].name``."""
    names: list[str] = []
    for field in attrs.fields(attrs.resolve_types(cls)):
        here, below = _join(path, field.name), field.type
        if (element := _element(below)) is not None:
            here, below = f"{here}[]", element
        names += dotted_names(below, here) if attrs.has(below) else [here]
    return names


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
