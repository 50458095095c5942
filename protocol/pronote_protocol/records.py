"""
attrs classes <-> plain values, strictly.

A record travels as a map of its fields, in which a field equal to its default may be left
out; an unknown field is refused. A class decorated with `row` travels as an array of its
fields in their order: pages of rows are most of the traffic, and maps would more than
double it.

Nothing is coerced: ``"7"`` is not 7, 7 is not ``True``. Instants travel as RFC 3339 text
in UTC (``2020-07-02T14:55:00Z``), days as ``2020-07-02``, enums as their value.
"""

from __future__ import annotations

import datetime
import enum
import functools
import math
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.v import transform_error

from pronote_protocol.errors import BadRequest

__all__ = ["is_row", "row", "structure", "unstructure"]

C = TypeVar("C")


def row(cls: type[C]) -> type[C]:
    """Make the attrs class *cls* travel as an array of its fields."""
    cls.__wire_row__ = True  # type: ignore[attr-defined]
    return cls


def is_row(cls: Any) -> bool:
    """Whether *cls* travels as an array."""
    return bool(getattr(get_origin(cls) or cls, "__wire_row__", False))


def unstructure(record: Any) -> Any:
    """Return *record* as plain values for `codec.pack`."""
    return _converter().unstructure(record)


def structure(value: Any, cls: type[C]) -> C:
    """
    Return *value* as a *cls*.

    Raises:
        BadRequest: It has another shape; ``problems`` names each place.
    """
    try:
        return _converter().structure(value, cls)
    except (cattrs.BaseValidationError, ValueError, TypeError) as exc:
        problems = "; ".join(_readable(line) for line in transform_error(exc, path="params"))
        raise BadRequest(problems=problems[:500]) from None


def _readable(line: str) -> str:
    return line.replace("invalid value for type, expected", "expected").replace(
        "extra fields found", "unknown fields"
    )


def _strictly(kind: type) -> Callable[[Any, Any], Any]:
    def exactly(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
        return value

    return exactly


def _number(value: Any, _: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(f"expected number, got {type(value).__name__}")
    return float(value)


def _instant(value: Any, _: Any) -> datetime.datetime:
    if type(value) is not str:
        raise TypeError(f"expected instant, got {type(value).__name__}")
    instant = datetime.datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("expected an instant with its offset")
    return instant.astimezone(datetime.UTC)


def _day(value: Any, _: Any) -> datetime.date:
    if type(value) is not str:
        raise TypeError(f"expected date, got {type(value).__name__}")
    return datetime.date.fromisoformat(value)


def _member(value: Any, cls: Any) -> Any:
    if type(value) is not str:
        raise TypeError(f"expected {cls.__name__}, got {type(value).__name__}")
    try:
        return cls(value)
    except ValueError:
        known = ", ".join(member.value for member in cls)
        raise ValueError(f"expected one of: {known}") from None


def _show_instant(value: datetime.datetime) -> str:
    return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (int, str, bytes, bool):
        converter.register_structure_hook(kind, _strictly(kind))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime.datetime, _instant)
    converter.register_structure_hook(datetime.date, _day)
    converter.register_structure_hook_func(_is_enum, _member)
    converter.register_structure_hook_factory(_is_sequence, _sequence_hook)
    converter.register_structure_hook_factory(attrs.has, _record_hook)
    converter.register_structure_hook_factory(is_row, _row_hook)
    converter.register_unstructure_hook(bytes, lambda value: value)
    converter.register_unstructure_hook(datetime.date, lambda value: value.isoformat())
    converter.register_unstructure_hook(datetime.datetime, _show_instant)
    converter.register_unstructure_hook_func(_is_enum, lambda member: member.value)
    converter.register_unstructure_hook_func(
        _is_sequence, lambda values: [converter.unstructure(value) for value in values]
    )
    converter.register_unstructure_hook_factory(
        attrs.has,
        lambda cls: make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=False),
    )
    converter.register_unstructure_hook_factory(is_row, _row_unhook)
    return converter


def _is_enum(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, enum.Enum)


def _is_sequence(cls: Any) -> bool:
    return get_origin(cls) is tuple


def _record_hook(cls: Any) -> Callable[[Any, Any], Any]:
    from_map = make_dict_structure_fn(
        cls, _converter(), _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
    )

    def structure_record(value: Any, kind: Any) -> Any:
        if type(value) is not dict:
            raise TypeError(f"expected map, got {type(value).__name__}")
        return from_map(value, kind)

    return structure_record


def _sequence_hook(cls: Any) -> Callable[[Any, Any], Any]:
    item, *rest = get_args(cls)
    if rest != [...]:
        raise TypeError(f"{cls}: only tuple[X, ...] travels")

    def structure_sequence(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise TypeError(f"expected array, got {type(value).__name__}")
        return tuple(_converter().structure(each, item) for each in value)

    return structure_sequence


def _row_hook(cls: Any) -> Callable[[Any, Any], Any]:
    kinds = _field_kinds(cls)

    def structure_row(value: Any, _: Any) -> Any:
        if type(value) is not list or len(value) != len(kinds):
            raise TypeError(f"expected array of {len(kinds)} values for {cls.__name__}")
        convert = _converter().structure
        return cls(*(convert(each, kind) for each, kind in zip(value, kinds, strict=True)))

    return structure_row


def _row_unhook(cls: Any) -> Callable[[Any], Any]:
    names = [field.name for field in attrs.fields(cls)]

    def unstructure_row(record: Any) -> Any:
        convert = _converter().unstructure
        return [convert(getattr(record, name)) for name in names]

    return unstructure_row


def _field_kinds(cls: type[Any]) -> list[Any]:
    hints = typing.get_type_hints(cls)
    return [hints[field.name] for field in attrs.fields(cls)]


def describe_kind(kind: Any) -> str:
    """Return how *kind* is written in the protocol's documents."""
    names = {
        int: "int",
        float: "number",
        str: "text",
        bytes: "bytes",
        bool: "bool",
        type(None): "nil",
        datetime.datetime: "instant",
        datetime.date: "day",
        Any: "any",
    }
    if kind in names:
        return names[kind]
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(describe_kind(part) for part in get_args(kind))
    if origin is tuple:
        return f"array of {describe_kind(get_args(kind)[0])}"
    if origin is dict:
        return "map"
    if _is_enum(kind):
        return "one of " + ", ".join(f"`{member.value}`" for member in kind)
    if origin is not None:
        return f"{origin.__name__} of {describe_kind(get_args(kind)[0])}"
    return f"{kind.__name__}"
