"""Passwords: what is refused and why, and what a generated one is worth."""

from __future__ import annotations

import random
import secrets

import pytest
import scramp.core
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_server.domain.passwords import PasswordRules, generate_password

DEFAULT = PasswordRules()
LAX = PasswordRules(
    min_length=1, need_lower=False, need_upper=False, need_digit=False, need_special=False
)
ALL_KINDS = ["lower", "upper", "digit", "special"]


def broken(password: str, rules: PasswordRules = DEFAULT) -> list[str]:
    return [rule.code for rule in rules.broken_by(password, "dupas", "LEROY-DUVAL Ana")]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Correct-h0rse!", []),
        ("Élève-2020-été", []),
        ("Aa3-56789012", []),
        ("Aa3-5678901", ["min_length"]),
        ("Aa3-" + "x" * 60, []),
        ("Aa3-" + "x" * 61, ["max_length"]),
        ("", ["min_length", *ALL_KINDS]),
        ("CORRECT-H0RSE!", ["lower"]),
        ("correct-h0rse!", ["upper"]),
        ("Correct-horse!", ["digit"]),
        ("Correct h0rse 12", ["special"]),
        ("aaaaaaaaaaaa", ["upper", "digit", "special"]),
        ("Dupas-2020-!!", ["login"]),
        ("2020!DÙPÂS-xx", ["login"]),
        ("le-Leroy-2020", ["name"]),
        ("le-2020-DUVAL", ["name"]),
        ("Banana-20-20!", []),
        ("Dupas-Leroy-2020", ["login", "name"]),
        ("Aa3-" + "\N{SOFT HYPHEN}" * 20, ["min_length"]),
        ("Correct-h0rse!\n", ["characters"]),
        ("Correct-h0rse!\N{ZERO WIDTH NO-BREAK SPACE}", []),
        ("Correct-h0rse\N{HEBREW LETTER ALEF}", ["characters"]),
        ("\ue000Correct-h0rse!", ["characters"]),
    ],
)
def test_every_broken_rule_is_named_once(password: str, codes: list[str]) -> None:
    assert broken(password) == codes


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_kind_of_character_can_be_asked_for_alone(kind: str) -> None:
    rules = PasswordRules(
        min_length=1, **{f"need_{other}": other == kind for other in ALL_KINDS}
    )
    right = {"lower": "a", "upper": "A", "digit": "1", "special": "!"}

    assert broken(right[kind], rules) == []
    for other in ALL_KINDS:
        if other != kind:
            assert broken(right[other], rules) == [kind]


def test_shorter_login_or_name_than_four_letters_is_not_looked_for() -> None:
    """``ana`` is in bananas and ``spr`` in sprouts; it proves nothing."""
    assert LAX.broken_by("spr-ana", "spr", "Ana Li") == []
    assert LAX.broken_by("anything", "", "") == []


def test_rules_are_told_in_both_languages_with_their_figures() -> None:
    (rule,) = PasswordRules(min_length=8).broken_by("Aa3-567", "", "")

    assert (rule.fr, rule.en) == ("au moins 8 caractères", "at least 8 characters")


@pytest.mark.parametrize(("least", "most"), [(0, 64), (-1, 64), (13, 12)])
def test_rules_that_no_password_meets_are_a_mistake(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="leave no password"):
        PasswordRules(min_length=least, max_length=most)


@given(password=st.text(min_size=1, max_size=30))
@example("\N{ARABIC LETTER ALEF}1")
@example("\N{ARABIC LETTER ALEF}1\N{ARABIC LETTER ALEF}")
@example("\N{SOFT HYPHEN}")
@example("\u0221")
def test_whatever_the_rules_accept_scram_accepts(password: str) -> None:
    """A password that cannot be used would lock its owner out, or crash whoever stores it."""
    if broken(password, LAX) == []:
        assert scramp.core.saslprep(password)


@given(seed=st.integers())
def test_generated_password_meets_the_default_rules(seed: int) -> None:
    password = generate_password(random.Random(seed))

    assert len(password) == 14
    assert DEFAULT.broken_by(password, "", "") == []
    assert not set(password) & set("0O1lI5S2Zo")


def test_generated_passwords_differ_and_their_first_character_tells_nothing() -> None:
    passwords = [generate_password(secrets) for _ in range(400)]

    assert len(set(passwords)) == 400
    assert {p[0].islower() for p in passwords} == {True, False}
    assert any(p[0].isdecimal() for p in passwords)
