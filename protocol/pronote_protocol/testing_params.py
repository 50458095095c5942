"""
Parameters of any call, made from its declaration; for tests, and public like `testing`.

What a call takes is written once, in the catalogue. So a test can walk all of it, and the
calls that will be declared tomorrow, without a list of its own.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import types
import typing
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, TypeAlias, get_args, get_origin

import attrs

from pronote_protocol.catalogue import Call
from pronote_protocol.errors import BadRequest
from pronote_protocol.records import is_row, structure, unstructure

__all__ = ["NOT_CHOSEN", "Chooser", "fields_of", "mangled", "params_of"]

NOT_CHOSEN: Final = object()
# Given the name of a field and its kind, returns a plain value for it, or NOT_CHOSEN.
Chooser: TypeAlias = Callable[[str, Any], Any]

_TRIES: Final = 400
_TEXTS: Final = ("x", "Zoé", "3A", "2020", "MATH", "Un mot de plus.", "abc 12,5", "group")
_NUMBERS: Final = (1, 2, 3, 5, 10, 30, 60, 480, 2020, 0)
_DECIMALS: Final = ("1", "2", "12.5", "0.5", "20", "0")
_DAYS: Final = ("2020-09-14", "2020-10-05", "2020-10-06", "2020-11-02", "2021-01-11")
_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    0.5,
    -0.0,
    1e308,
    "",
    " ",
    "\0",
    "\n",
    "\u202e",
    "e\u0301" * 60,
    "İıſß",
    "%s%n",
    "' OR 1=1 --",
    "%_",
    "../../etc/passwd",
    "x" * 65,
    "x" * 5000,
    "0",
    "-0",
    "999999999.9999",
    "1e5",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2020-02-30",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    b"",
    b"\xff" * 40,
    [],
    [None],
    [[]],
    [1] * 600,
    {},
    {"x": 1},
)


def params_of(
    call: Call[Any, Any], draw: Random, choose: Chooser | None = None, rate: float = 0.5
) -> dict[str, Any]:
    """
    Return plain parameters that fit what *call* declares; whether they make sense is chance.

    Args:
        choose: Asked first for every field, at any depth.
        rate: How many of the fields with a default are given all the same.

    Raises:
        LookupError: Nothing was found that the validators let pass: widen the pools above.
    """
    problems = ""
    for _ in range(_TRIES):
        params: dict[str, Any] = _record(call.params, draw, choose, rate)
        try:
            structure(params, call.params)
        except BadRequest as refused:
            problems = str(refused.details)
            continue
        return params
    raise LookupError(f"{call.name}: {problems}")


def fields_of(kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the plain kind of every field of *kind*, at any depth."""
    for name, hint in _hints(kind).items():
        for part in _parts(hint):
            if attrs.has(part):
                yield from fields_of(part)
            else:
                yield name, part


def mangled(value: Any, draw: Random) -> Any:
    """Return *value* with one thing in it that its kind does not allow, or hardly."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        changed = dict(value)
        name = draw.choice(list(changed))
        match draw.randrange(6):
            case 0:
                del changed[name]
            case 1:
                changed[draw.choice(_TEXTS)] = draw.choice(_ODD)
            case _:
                changed[name] = mangled(changed[name], draw)
        return changed
    if isinstance(value, list) and value and draw.random() < 0.7:
        items = list(value)
        where = draw.randrange(len(items))
        items[where] = mangled(items[where], draw)
        return items * draw.choice((1, 1, 1, 30))
    return draw.choice(_ODD)


def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in attrs.fields(cls)}


def _parts(hint: Any) -> Iterator[Any]:
    if get_origin(hint) in (typing.Union, types.UnionType, tuple):
        for part in get_args(hint):
            if part not in (type(None), ...):
                yield from _parts(part)
    else:
        yield hint


def _record(cls: Any, draw: Random, choose: Chooser | None, rate: float) -> Any:
    whole, made = is_row(cls), {}
    for field in attrs.fields(cls):
        hint = _hints(cls)[field.name]
        chosen = NOT_CHOSEN if choose is None else choose(field.name, hint)
        if chosen is not NOT_CHOSEN:
            made[field.name] = chosen
        elif field.default is attrs.NOTHING or draw.random() < rate:
            made[field.name] = _value(hint, draw, choose, rate)
        elif whole:
            made[field.name] = unstructure(_default(field))
    return list(made.values()) if whole else made


def _default(field: Any) -> Any:
    default = field.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def _value(kind: Any, draw: Random, choose: Chooser | None, rate: float) -> Any:
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        # Mostly something: nil is what a default is.
        some = [part for part in get_args(kind) if part is not type(None)]
        return None if draw.random() < 0.2 else _value(draw.choice(some), draw, choose, rate)
    if origin is tuple:
        item = get_args(kind)[0]
        return [_value(item, draw, choose, rate) for _ in range(draw.choice((1, 1, 2, 0)))]
    if attrs.has(kind):
        return _record(kind, draw, choose, rate)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return draw.choice(list(kind)).value
    return _scalar(kind, draw)


def _scalar(kind: Any, draw: Random) -> Any:
    if kind is bool:
        return draw.random() < 0.5
    if kind is int:
        return draw.choice(_NUMBERS)
    if kind is float:
        return draw.choice((0.0, 0.5, 60.0))
    if kind is str:
        return draw.choice(_TEXTS)
    if kind is bytes:
        return draw.randbytes(draw.choice((1, 10, 100)))
    if kind is decimal.Decimal:
        return draw.choice(_DECIMALS)
    if kind is datetime.date:
        return draw.choice(_DAYS)
    if kind is datetime.datetime:
        return f"{draw.choice(_DAYS)}T08:05:00Z"
    if get_origin(kind) is dict or kind is Any:
        return {}
    raise LookupError(f"no values are known of kind {kind}")
