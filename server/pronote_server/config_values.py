"""
What a setting may be: each kind turns what a file, a variable or an option says into a
value, or says in one line what it expected.

Kinds stand in annotations (``Annotated[int, whole(0, 65_535)]``), so that the type checker
sees an ``int`` and the reader of the settings sees the bounds.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

import attrs

from .domain.addresses import Network, networks_of
from .domain.hosting_account import HOSTING_NUMBER_DIGITS, INVOICE_NUMBER_DIGITS

__all__ = [
    "Count",
    "Day",
    "Email",
    "FilePath",
    "Flag",
    "HostingNumber",
    "InvoiceNumber",
    "Kind",
    "Mobile",
    "Network",
    "Networks",
    "NetworksAndRanges",
    "Number",
    "Numbers",
    "Port",
    "Rne",
    "Seconds",
    "TeacherCap",
    "Text",
    "Url",
    "check_letter",
    "one_of",
    "whole",
]

Number: TypeAlias = int | float

_RNE_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"


@attrs.frozen
class Kind:
    """
    One kind of value.

    Args:
        accept: Returns the value to use, or raises `ValueError` saying what was expected.
        textual: Whether text in the environment is taken as it is; everything else is read
            there as TOML, so that ``true``, ``30`` and ``["10.0.0.0/8"]`` mean the same
            everywhere.
        listed: Whether it is a list, which the environment may also write ``a, b``.
    """

    accept: Callable[[Any], Any]
    textual: bool = False
    listed: bool = False

    def from_text(self, text: str) -> object:
        """Return what *text* says, still to be accepted."""
        if self.textual:
            return text
        with contextlib.suppress(tomllib.TOMLDecodeError):
            return tomllib.loads(f"value = {text}")["value"]
        if self.listed:
            return [part.strip() for part in text.split(",") if part.strip()]
        return text


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r}"


def whole(least: int, most: int) -> Kind:
    """Return the kind of integers between *least* and *most*; a boolean is none."""

    def accept(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"expected int, got {_shown(value)}")
        if not least <= value <= most:
            raise ValueError(f"expected {least} to {most}, got {value}")
        return value

    return Kind(accept)


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"expected a number of seconds, got {_shown(value)}")
    if not 0 < value <= 86_400:
        raise ValueError(f"expected more than 0 and at most 86400 seconds, got {value}")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_shown(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {_shown(value)}")
    if not value.strip():
        raise ValueError("expected text, got nothing")
    return value


def _path(value: object) -> Path:
    return value if isinstance(value, Path) else Path(_text(value))


def one_of(*words: str) -> Kind:
    """Return the kind of exactly these words."""

    def accept(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"expected one of {', '.join(words)}, got {_shown(value)}")
        return value

    return Kind(accept, textual=True)


def _network(value: object) -> Network:
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return value
    text = _text(value)
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"expected an address or a network like 10.0.0.0/8, got {text!r}"
        ) from None
    raise ValueError(f"{text} is a host inside a network; did you mean {meant}?")


# Plain ones only: what a mail server of any age takes, and nothing that could break a header.
_EMAIL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w][\w.-]{0,252}", re.ASCII)


def _email(value: object) -> str:
    text = _text(value).strip()
    if _EMAIL.fullmatch(text) is None:
        raise ValueError(f"expected an e-mail address, got {text!r}")
    return text


def _networks(value: object) -> tuple[Network, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of networks, got {_shown(value)}")
    return tuple(_network(item) for item in value)


def _networks_and_ranges(value: object) -> tuple[Network, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of addresses, got {_shown(value)}")
    return tuple(network for item in value for network in _of_item(item))


def _of_item(item: object) -> tuple[Network, ...]:
    return networks_of(item) if isinstance(item, str) and "-" in item else (_network(item),)


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError(f"expected a day like 2021-07-05, got {_shown(value)}")


def _teacher_cap(value: object) -> int | None:
    if value is None or value == "unlimited":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f'expected int or "unlimited", got {_shown(value)}')
    return value


def _numbers(value: object) -> dict[str, Number]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a table of numbers, got {_shown(value)}")
    for name, number in value.items():
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise ValueError(f"{name}: expected a number, got {_shown(number)}")
    return dict(value)


def _mobile(value: object) -> str:
    text = re.sub(r"[ .-]", "", _text(value))
    if re.fullmatch(r"\+?[0-9]{6,15}", text) is None:
        raise ValueError(f"expected a number like +33639980100, got {value!r}")
    return text


def _digits(number: int) -> Kind:
    def accept(value: object) -> str:
        text = _text(value)
        if re.fullmatch(f"[0-9]{{{number}}}", text) is None:
            raise ValueError(f"expected {number} digits, got {text!r}")
        return text

    return Kind(accept, textual=True)


def _url(value: object) -> str:
    text = _text(value)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an address like https://sms.example/send, got {text!r}")
    return text


def check_letter(digits: str) -> str:
    """Return the letter that ends the RNE which begins with these seven *digits*."""
    return _RNE_LETTERS[int(digits) % len(_RNE_LETTERS)]


def _rne(value: object) -> str:
    text = _text(value).upper()
    digits, letter = text[:7], text[7:]
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 7 and len(letter) == 1):
        raise ValueError(f"expected seven digits and a letter, like 0330001X, got {text!r}")
    if letter != check_letter(digits):
        raise ValueError(
            f"{text} cannot be a RNE: the letter of {digits} is {check_letter(digits)}"
        )
    return text


Email: TypeAlias = Annotated[str, Kind(_email, textual=True)]
HostingNumber: TypeAlias = Annotated[str, _digits(HOSTING_NUMBER_DIGITS)]
InvoiceNumber: TypeAlias = Annotated[str, _digits(INVOICE_NUMBER_DIGITS)]
Mobile: TypeAlias = Annotated[str, Kind(_mobile, textual=True)]
Url: TypeAlias = Annotated[str, Kind(_url, textual=True)]
Count: TypeAlias = Annotated[int, whole(1, 1_000_000_000)]
Day: TypeAlias = Annotated[date, Kind(_day, textual=True)]
FilePath: TypeAlias = Annotated[Path, Kind(_path, textual=True)]
Flag: TypeAlias = Annotated[bool, Kind(_flag)]
Networks: TypeAlias = Annotated[tuple[Network, ...], Kind(_networks, listed=True)]
NetworksAndRanges: TypeAlias = Annotated[
    tuple[Network, ...], Kind(_networks_and_ranges, listed=True)
]
Numbers: TypeAlias = Annotated[Mapping[str, Number], Kind(_numbers)]
Port: TypeAlias = Annotated[int, whole(0, 65_535)]
Rne: TypeAlias = Annotated[str, Kind(_rne, textual=True)]
Seconds: TypeAlias = Annotated[float, Kind(_seconds)]
TeacherCap: TypeAlias = Annotated[int | None, Kind(_teacher_cap)]
Text: TypeAlias = Annotated[str, Kind(_text, textual=True)]
