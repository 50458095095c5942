"""
Values that fit a record of the wire, and values that almost do.

Everything is drawn from the `random.Random` that is passed in, so that a frame can be made
again from its seed.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import types
import typing
from random import Random
from typing import Any, Final, get_args, get_origin

import attrs

from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.messages import (
    Enter,
    Hello,
    LoginFinish,
    LoginStart,
    Personalise,
    Resume,
)
from pronote_protocol.records import is_row

__all__ = ["ESTABLISHING", "METHODS", "mangled", "valid_params"]

ESTABLISHING: Final[dict[str, type[Any]]] = {
    "hello": Hello,
    "login.start": LoginStart,
    "login.finish": LoginFinish,
    "password.personalise": Personalise,
    "session.enter": Enter,
    "session.resume": Resume,
}
METHODS: Final[dict[str, type[Any]]] = {
    **ESTABLISHING,
    **{name: call.params for name, call in CATALOGUE.items()},
}

_TEXTS: Final = (
    "",
    " ",
    "a",
    "nobody",
    "DUPAS Nicole",
    "élève",
    "3",
    "3A",
    "%s%n%x",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\0",
    '\n{"event": "x", "level": "error"}\n',
    "\x1b[2J",
    "\u202e",
    "\ufdfa" * 20,
    "e\u0301" * 60,
    "İıſß",
    "x" * 60,
    "x" * 101,
    "x" * 5000,
    "127.0.0.1",
    "0.0.0.0/0",
    "::/0",
    "2020-07-02T14:55:00Z",
    "9999-99-99T99:99:99Z",
    "p=tls-server-end-point,,n=a,r=b",
    "n,,n=nobody,r=abcdefghijklmnop",
    "n,,n==2C,r=",
    "y,,n=nobody,r=x,x=y",
    "c=biws,r=x,p=AAAA",
    "0123456789abcdef" * 2,
)
_NUMBERS: Final = (0, 1, 2, 7, 30, 61, 62, 500, 501, -1, 2**16, 2**31 - 1, 2**32, 2**63 - 1)
# Of accounts: small ones are those the run itself connects with, one flipped bit away from 0.
_NOBODY: Final = (-1, 1_000_000, 2**31 - 1, 2**63 - 1)
# Too short for any rules, also with some bits flipped: a player whose password is another one
# takes his lane out of the run.
_REFUSED_PASSWORDS: Final = ("", "a", "3A", "élève")
_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    -(2**63),
    2**63,
    2**64 - 1,
    0.5,
    -0.0,
    1e308,
    5e-324,
    b"",
    b"\xff" * 30,
    [],
    {},
    [None] * 50,
    [[[[[[]]]]]],
    {"": None},
    {"x" * 64: [1, 2, {"y": b"z"}]},
    {f"k{n}": n for n in range(100)},
    *_TEXTS,
    *_NUMBERS,
)


def valid_params(method: str, draw: Random) -> dict[str, Any]:
    """Return parameters of *method*, plain values; mostly such as it accepts."""
    params: dict[str, Any] = _record(
        METHODS[method], draw, accounts=method.startswith("users.")
    )
    return params


def _record(cls: type[Any], draw: Random, *, accounts: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(cls)
    for field in attrs.fields(cls):
        if field.default is not attrs.NOTHING and draw.random() < 0.4:
            continue  # what is left out has its default
        if field.name in ("oldest", "newest"):
            values[field.name] = 1
        elif field.name == "instance":
            values[field.name] = f"{draw.getrandbits(128):032x}"
        elif field.name == "school_year":
            values[field.name] = draw.choice((2019, 2020, 2021, None))
        elif field.name == "new_password":
            values[field.name] = draw.choice(_REFUSED_PASSWORDS)
        elif field.name == "rne":
            values[field.name] = None
        elif field.name == "kind" and hints["kind"] is str:
            values[field.name] = draw.choice(("group", "profile", "session."))
        elif field.name == "id" and accounts:
            values[field.name] = draw.choice(_NOBODY)
        elif field.name == "login" and accounts:
            values[field.name] = draw.choice(("nobody", f"fuzz{draw.randrange(50)}"))
        else:
            values[field.name] = _value(hints[field.name], draw, accounts=accounts)
    return values


def _value(kind: Any, draw: Random, *, accounts: bool) -> Any:
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _value(draw.choice(get_args(kind)), draw, accounts=accounts)
    if origin is tuple:
        item = get_args(kind)[0]
        return [_value(item, draw, accounts=accounts) for _ in range(draw.randrange(4))]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return draw.choice(list(kind)).value
    if is_row(kind):
        hints = typing.get_type_hints(kind)
        return [
            _value(hints[field.name], draw, accounts=accounts) for field in attrs.fields(kind)
        ]
    if attrs.has(kind):
        return _record(kind, draw, accounts=accounts)
    return _scalar(kind, draw)


def _scalar(kind: Any, draw: Random) -> Any:
    if kind is bool:
        return draw.random() < 0.5
    if kind is int:
        return draw.choice(_NUMBERS[:7]) if draw.random() < 0.8 else draw.choice(_NUMBERS)
    if kind is float:
        return draw.choice((0.0, 0.5, 60.0, 3600.0))
    if kind is str:
        return draw.choice(_TEXTS)
    if kind is bytes:
        return draw.randbytes(draw.choice((0, 1, 100, 4096)))
    if kind is datetime.datetime:
        return "2020-07-02T14:55:00Z"
    if kind is datetime.date:
        return draw.choice(("2020-09-14", "2020-10-05", "2021-07-06"))
    if kind is decimal.Decimal:
        return draw.choice(("0", "1", "12.5", "20", "999999999.9999"))
    return None


def mangled(value: Any, draw: Random) -> Any:
    """Return *value* with one thing wrong, or strange, somewhere in it."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        changed = dict(value)
        key = draw.choice(list(changed))
        match draw.randrange(5):
            case 0:
                del changed[key]
            case 1:
                changed[draw.choice(_TEXTS)] = draw.choice(_ODD)
            case 2:
                changed[key.upper()] = changed.pop(key)
            case _:
                changed[key] = mangled(changed[key], draw)
        return changed
    if isinstance(value, list) and value and draw.random() < 0.7:
        items = list(value)
        where = draw.randrange(len(items))
        items[where] = mangled(items[where], draw)
        return items * draw.choice((1, 1, 40))
    return draw.choice(_ODD)
