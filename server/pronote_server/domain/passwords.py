"""
What a good password is, and how a first one is made.

The defaults follow the CNIL's advice for a password that stands alone, as the real product
does: 12 characters of four kinds. A change of the rules counts for the next personalisation
only.
"""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

import attrs

from .search import fold

__all__ = ["Chooser", "PasswordRules", "Rule", "generate_password"]

_T = TypeVar("_T")

# Without what is mistaken for something else on paper (0 and O, 1, l and I, 5 and S, 2 and Z)
# and with signs that are on every keyboard.
_LOWER: Final = "abcdefghjkmnpqrstuvwxyz"
_UPPER: Final = "ABCDEFGHJKLMNPQRTUVWXY"
_DIGITS: Final = "346789"
_SIGNS: Final = "!?+-=*@%"
_GENERATED_CHARACTERS: Final = 14

# A shorter login or name is found by chance inside good passwords.
_TELLING_LETTERS: Final = 4

# What SASLprep (RFC 4013) forbids; the password could never be used.
_FORBIDDEN: Final = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


class Chooser(Protocol):
    """The part of `secrets` and of `random.Random` that is needed here."""

    def choice(self, seq: Sequence[_T], /) -> _T: ...


@attrs.frozen
class Rule:
    """One rule, with a stable code and what a person is told: *Il faut ...*."""

    code: str
    fr: str
    en: str


@attrs.frozen(kw_only=True)
class PasswordRules:
    """
    The rules of one school.

    Attributes:
        min_length, max_length: In characters, once prepared as SCRAM does (RFC 4013): a
            character that disappears counts for nothing.
    """

    min_length: int = 12
    max_length: int = 64
    need_lower: bool = True
    need_upper: bool = True
    need_digit: bool = True
    need_special: bool = True

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.min_length <= self.max_length:
            raise ValueError(f"lengths {self.min_length}..{self.max_length} leave no password")

    def broken_by(self, password: str, login: str, name: str) -> list[Rule]:
        """
        Return every rule *password* breaks, in a fixed order; [] when it is good.

        It must not contain the login, nor a word of the name, of four letters or more;
        case and accents do not hide them.
        """
        prepared = _prepared(password)
        tests = (
            (len(prepared) >= self.min_length, _min_length(self.min_length)),
            (len(prepared) <= self.max_length, _max_length(self.max_length)),
            (not self.need_lower or any(c.islower() for c in prepared), _LOWER_RULE),
            (not self.need_upper or any(c.isupper() for c in prepared), _UPPER_RULE),
            (not self.need_digit or any(c.isdecimal() for c in prepared), _DIGIT_RULE),
            (not self.need_special or any(map(_is_special, prepared)), _SPECIAL_RULE),
            (not _contains(prepared, [login]), _LOGIN_RULE),
            (not _contains(prepared, name.replace("-", " ").split()), _NAME_RULE),
            (_can_be_used(prepared), _CHARACTERS_RULE),
        )
        return [rule for kept, rule in tests if not kept]


def generate_password(random: Chooser) -> str:
    """
    Return a first password: 14 characters that meet the default rules, easy to copy by hand.

    Args:
        random: The module `secrets`; in tests, a seeded ``random.Random``.
    """
    kinds = (_LOWER, _UPPER, _DIGITS, _SIGNS)
    everything = "".join(kinds)
    ordered = [random.choice(kind) for kind in kinds]
    ordered += [random.choice(everything) for _ in range(_GENERATED_CHARACTERS - len(kinds))]
    shuffled = [ordered.pop(random.choice(range(len(ordered)))) for _ in range(len(ordered))]
    return "".join(shuffled)


def _min_length(characters: int) -> Rule:
    return Rule(
        "min_length",
        f"au moins {characters} caractères",
        f"at least {characters} characters",
    )


def _max_length(characters: int) -> Rule:
    return Rule(
        "max_length",
        f"au plus {characters} caractères",
        f"at most {characters} characters",
    )


_LOWER_RULE: Final = Rule("lower", "une lettre minuscule", "a lower-case letter")
_UPPER_RULE: Final = Rule("upper", "une lettre majuscule", "an upper-case letter")
_DIGIT_RULE: Final = Rule("digit", "un chiffre", "a digit")
_SPECIAL_RULE: Final = Rule("special", "un caractère spécial", "a special character")
_LOGIN_RULE: Final = Rule("login", "ne pas contenir l'identifiant", "not to contain the login")
_NAME_RULE: Final = Rule("name", "ne pas contenir votre nom", "not to contain your name")
_CHARACTERS_RULE: Final = Rule(
    "characters",
    "des caractères que l'on peut saisir au clavier",
    "characters that can be typed",
)


def _prepared(password: str) -> str:
    """Map and normalise as SASLprep does; what it then forbids is left for `_can_be_used`."""
    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c
        for c in password
        if not stringprep.in_table_b1(c)
    )
    return unicodedata.normalize("NFKC", mapped)


def _can_be_used(prepared: str) -> bool:
    if any(forbids(c) for c in prepared for forbids in _FORBIDDEN):
        return False
    # RFC 3454, section 6: text from right to left is not mixed, and begins and ends as such.
    if not any(map(stringprep.in_table_d1, prepared)):
        return True
    return (
        not any(map(stringprep.in_table_d2, prepared))
        and stringprep.in_table_d1(prepared[0])
        and stringprep.in_table_d1(prepared[-1])
    )


def _is_special(character: str) -> bool:
    return not character.isalnum() and not character.isspace()


def _contains(password: str, words: Sequence[str]) -> bool:
    hidden = fold(password)
    return any(len(word) >= _TELLING_LETTERS and word in hidden for word in map(fold, words))
