"""
attrs classes <-> plain values, strictly.

A record travels as a map of its fields, in which a field equal to its default may be left
out; an unknown field is refused. A class decorated with `row` travels as an array of its
fields in their order: pages of rows are most of the traffic, and maps would more than
double it.

Nothing is coerced: ``"7"`` is not 7, 7 is not ``True``. Instants travel as RFC 3339 text
in UTC (``2020-07-02T14:55:00Z``), days as ``2020-07-02``, enums as their value, decimal
numbers (marks, coefficients) as text without an exponent, ``12.5``.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_origin

import attrs

from pronote_protocol.errors import BadRequest, LocalProtocolError

__all__ = ["describe_kind", "is_row", "row", "structure", "unstructure"]

C = TypeVar("C")

# Returns a value as the kind it was made for, or raises `_Wrong`.
Reader: TypeAlias = Callable[[Any], Any]

_NAMES: Final = {
    int: "int",
    float: "number",
    str: "text",
    bytes: "bytes",
    bool: "bool",
    type(None): "nil",
    datetime.datetime: "instant",
    datetime.date: "day",
    decimal.Decimal: "decimal",
    list: "array",
    dict: "map",
    Any: "any",
}
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?")
_AS_THEY_ARE: Final = frozenset({type(None), bool, int, str, bytes})
_INT64: Final = range(-(2**63), 2**63)


def row(cls: type[C]) -> type[C]:
    """Make the attrs class *cls* travel as an array of its fields."""
    cls.__wire_row__ = True  # type: ignore[attr-defined]
    return cls


def is_row(cls: Any) -> bool:
    """Whether *cls* travels as an array."""
    return bool(getattr(get_origin(cls) or cls, "__wire_row__", False))


def structure(value: Any, cls: type[C], *, tolerant: bool = False) -> C:
    """
    Return *value* as a *cls*.

    Args:
        tolerant: Pass over unknown fields, and over values at the end of a row. A client
            reads a server like that: a newer one may tell more.

    Raises:
        BadRequest: It has another shape; ``problems`` names each place, and what was
            expected there. What was sent is never repeated at length.
    """
    try:
        result: C = _reader(cls, tolerant)(value)
    except _Wrong as wrong:
        raise BadRequest(problems=wrong.told()) from None
    return result


def unstructure(record: Any) -> Any:
    """
    Return *record* as plain values for `codec.pack`.

    Raises:
        LocalProtocolError: It holds something that does not travel.
    """
    return _writer(type(record))(record)


class _Wrong(Exception):
    """What is wrong with a value: pairs of a path inside it and a sentence."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)

    def under(self, name: str) -> list[tuple[str, str]]:
        return [(f"{name}{_joined(path)}", problem) for path, problem in self.problems]

    def told(self) -> str:
        lines = [f"{path}: {problem}" if path else problem for path, problem in self.problems]
        return "; ".join(lines[:5]) + ("; and more" if len(lines) > 5 else "")


def _joined(path: str) -> str:
    return f".{path}" if path and not path.startswith("[") else path


def _expected(what: str, value: Any) -> _Wrong:
    found = _NAMES.get(type(value), type(value).__name__)
    return _Wrong([("", f"expected {what}, got {found}")])


def _short(text: object, length: int = 40) -> str:
    shown = str(text)
    return shown if len(shown) <= length else f"{shown[:length]}..."


# Reading


def _make_reader(kind: Any, tolerant: bool) -> Reader:
    if kind is Any:
        return lambda value: value
    if kind is int:
        return _read_int
    if kind is float:
        return _read_number
    if kind is datetime.datetime:
        return _read_instant
    if kind is datetime.date:
        return _read_day
    if kind is decimal.Decimal:
        return _read_decimal
    if kind in (str, bytes, bool):
        return _exactly(kind)
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _optional(kind, tolerant)
    if origin is tuple:
        return _sequence(kind, tolerant)
    if origin is dict:
        return _read_map
    if _is_enum(kind):
        return _member(kind)
    if attrs.has(kind):
        return (_row if is_row(kind) else _record)(kind, tolerant)
    raise TypeError(f"{kind} does not travel")


# The annotation: a class is hashable, which mypy does not see of `type[C]`.
_reader: Callable[[Any, bool], Reader] = functools.cache(_make_reader)


def _exactly(kind: type) -> Reader:
    def read_exactly(value: Any) -> Any:
        if type(value) is not kind:
            raise _expected(_NAMES[kind], value)
        return value

    return read_exactly


def _read_int(value: Any) -> int:
    if type(value) is not int:
        raise _expected("int", value)
    if value not in _INT64:
        raise _Wrong([("", "expected an int of 64 bits with its sign")])
    return value


def _read_number(value: Any) -> float:
    if type(value) is int and value in _INT64:
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        raise _expected("finite number", value)
    return value


def _read_instant(value: Any) -> datetime.datetime:
    if type(value) is not str:
        raise _expected("instant", value)
    try:
        if _INSTANT.fullmatch(value):
            return datetime.datetime.fromisoformat(value).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        pass  # the 31st of February, or before the year 1 in UTC
    raise _Wrong([("", "expected an instant like 2020-07-02T14:55:00Z")])


def _read_day(value: Any) -> datetime.date:
    if type(value) is not str:
        raise _expected("day", value)
    try:
        if _DAY.fullmatch(value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise _Wrong([("", "expected a day like 2020-07-02")])


def _read_decimal(value: Any) -> decimal.Decimal:
    if type(value) is not str:
        raise _expected("decimal as text", value)
    if not _DECIMAL.fullmatch(value):
        raise _Wrong([("", "expected a decimal number like 12.5")])
    return decimal.Decimal(value)


def _read_map(value: Any) -> dict[str, Any]:
    if type(value) is not dict or not all(type(key) is str for key in value):
        raise _expected("map", value)
    return value


def _member(kind: Any) -> Reader:
    members = {member.value: member for member in kind}

    def read_member(value: Any) -> Any:
        # A value that cannot be looked up (a list) is no member either.
        if type(value) is str and value in members:
            return members[value]
        raise _Wrong([("", f"expected one of {', '.join(members)}")])

    return read_member


def _optional(kind: Any, tolerant: bool) -> Reader:
    parts = [part for part in get_args(kind) if part is not type(None)]
    if len(parts) != 1:
        raise TypeError(f"{kind}: only X | None travels")
    read = _reader(parts[0], tolerant)
    return lambda value: None if value is None else read(value)


def _sequence(kind: Any, tolerant: bool) -> Reader:
    item, *rest = get_args(kind)
    if rest != [...]:
        raise TypeError(f"{kind}: only tuple[X, ...] travels")
    read = _reader(item, tolerant)

    def read_sequence(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise _expected("array", value)
        items: list[Any] = []
        try:
            for each in value:
                items.append(read(each))  # noqa: PERF401  # its length says where it failed
        except _Wrong as wrong:
            raise _Wrong(wrong.under(f"[{len(items)}]")) from None
        return tuple(items)

    return read_sequence


def _record(cls: Any, tolerant: bool) -> Reader:
    fields = [
        (field.name, field.alias, _reader(kind, tolerant), field.default is attrs.NOTHING)
        for field, kind in _fields(cls)
    ]
    known = {name for name, *_ in fields}

    def read_record(value: Any) -> Any:
        if type(value) is not dict:
            raise _expected("map", value)
        found: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for name, alias, read, required in fields:
            if name in value:
                try:
                    found[alias] = read(value[name])
                except _Wrong as wrong:
                    problems += wrong.under(name)
            elif required:
                problems.append((name, "missing"))
        if not tolerant and not value.keys() <= known:
            unknown = sorted(map(_short, value.keys() - known))
            problems.append(("", f"unknown fields: {', '.join(unknown[:5])}"))
        if problems:
            raise _Wrong(problems)
        return _made(cls, found)

    return read_record


def _row(cls: Any, tolerant: bool) -> Reader:
    fields = [
        (field.name, field.alias, _reader(kind, tolerant)) for field, kind in _fields(cls)
    ]
    size = len(fields)

    def read_row(value: Any) -> Any:
        if type(value) is not list:
            raise _expected(f"array of {size}", value)
        if len(value) != size and not (tolerant and len(value) > size):
            raise _Wrong([("", f"expected array of {size}, got {len(value)}")])
        found: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for (name, alias, read), each in zip(fields, value, strict=False):
            try:
                found[alias] = read(each)
            except _Wrong as wrong:
                problems += wrong.under(name)
        if problems:
            raise _Wrong(problems)
        return _made(cls, found)

    return read_row


def _made(cls: Any, found: dict[str, Any]) -> Any:
    try:
        return cls(**found)
    except (TypeError, ValueError) as exc:
        # A validator of attrs: its first argument says which field and which bound.
        told = exc.args[0] if exc.args else type(exc).__name__
        raise _Wrong([("", _short(told, 120))]) from None


def _fields(cls: Any) -> list[tuple[Any, Any]]:
    """Return the attrs fields of *cls* and their kinds, type variables filled in."""
    plain = get_origin(cls) or cls
    filled = dict(zip(getattr(plain, "__parameters__", ()), get_args(cls), strict=False))
    hints = typing.get_type_hints(plain)

    def kind_of(hint: Any) -> Any:
        if get_origin(hint) is tuple and (item := filled.get(get_args(hint)[0])):
            return types.GenericAlias(tuple, (item, ...))
        return filled.get(hint, hint)

    return [(field, kind_of(hints[field.name])) for field in attrs.fields(plain)]


# Writing


def _make_writer(kind: Any) -> Callable[[Any], Any]:
    if kind in _AS_THEY_ARE:
        return lambda value: value
    if kind is float:
        return _write_number
    if _is_enum(kind):
        return lambda member: member._value_  # what `value` gives, without its descriptor
    if issubclass(kind, datetime.datetime):
        return _write_instant
    if issubclass(kind, datetime.date):
        return lambda day: day.isoformat()
    if issubclass(kind, decimal.Decimal):
        return lambda number: format(number, "f")
    if issubclass(kind, (tuple, list)):
        return lambda values: [_plain(value) for value in values]
    if issubclass(kind, Mapping):
        return lambda pairs: {key: unstructure(value) for key, value in pairs.items()}
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind)]
        if is_row(kind):
            return lambda record: [_plain(getattr(record, name)) for name in names]
        return lambda record: {name: _plain(getattr(record, name)) for name in names}
    raise LocalProtocolError(f"a {kind.__name__} does not travel")


_writer: Callable[[Any], Callable[[Any], Any]] = functools.cache(_make_writer)


def _plain(value: Any) -> Any:
    # Most of a page is text and numbers, which travel as they are.
    kind = type(value)
    return value if kind in _AS_THEY_ARE else _writer(kind)(value)


def _write_number(value: float) -> float:
    if not math.isfinite(value):
        raise LocalProtocolError("a number that is not finite does not travel")
    return value


def _write_instant(value: datetime.datetime) -> str:
    if value.tzinfo is None:
        raise LocalProtocolError("an instant without its offset does not travel")
    return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


# Documents


def describe_kind(kind: Any) -> str:
    """Return how *kind* is written in the protocol's documents."""
    if kind in _NAMES:
        return _NAMES[kind]
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(describe_kind(part) for part in get_args(kind))
    if origin is tuple:
        return f"array of {describe_kind(get_args(kind)[0])}"
    if origin is dict:
        return "map"
    if origin is not None:
        return f"{origin.__name__} of {describe_kind(get_args(kind)[0])}"
    return f"{kind.__name__}"


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)
