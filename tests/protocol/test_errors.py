"""Refusals: one class a code, two sentences each, and the same on both sides."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Response, from_wire, to_wire
from pronote_protocol.errors import REFUSALS, PronoteError, ProtocolError, Refused
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION, WireLimits, common_version
from pronote_protocol.words import Mode

EVERY = sorted(REFUSALS.values(), key=lambda cls: cls.code)
ON_THE_DOORSTEP = {
    "address_suspended",
    "server_busy",
    "server_stopping",
    "unknown_school",
    "version_unsupported",
}


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


def every_class(cls: type[Any]) -> set[type[Any]]:
    return {cls}.union(*(every_class(below) for below in cls.__subclasses__()))


def test_every_code_belongs_to_one_class() -> None:
    classes = every_class(Refused)

    assert len(REFUSALS) == len({cls.code for cls in classes}) == len(classes)


def test_every_error_is_public_and_of_the_tree() -> None:
    # The SDK and the server hang their own below ours, once they are imported.
    tree = {
        cls.__name__
        for cls in every_class(PronoteError)
        if cls.__module__ in (errors.__name__, PronoteError.__module__)
    }

    assert tree == {name for name in errors.__all__ if name[0].isupper()} - {"REFUSALS"}


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.code)
def test_a_code_is_lower_case_words(cls: type[Refused]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.code)


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.code)
def test_both_sentences_are_there_and_differ(cls: type[Refused]) -> None:
    for sentence in (cls.french, cls.english):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert cls.french != cls.english


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.code)
def test_both_sentences_are_filled_by_their_details(cls: type[Refused]) -> None:
    details: dict[str, Any] = {
        name: f"<{name}>" for name in placeholders(cls.french + cls.english)
    }

    refusal = cls(**details)

    for sentence, filled in ((cls.french, refusal.fr), (cls.english, refusal.en)):
        assert not placeholders(filled)
        for name in placeholders(sentence):
            assert f"<{name}>" in filled
    assert str(refusal) == refusal.en


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.code)
def test_a_refusal_without_its_details_is_still_a_sentence(cls: type[Refused]) -> None:
    """Whoever forgets one must not turn a refusal into a crash."""
    refusal = cls()

    assert not placeholders(refusal.fr + refusal.en)


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.code)
def test_both_sentences_say_the_same_things(cls: type[Refused]) -> None:
    french = {name.removesuffix("_fr") for name in placeholders(cls.french)}
    english = {name.removesuffix("_en") for name in placeholders(cls.english)}

    assert french == english


@given(
    cls=st.sampled_from(EVERY),
    fr=st.none() | st.text(max_size=20),
    retry_after=st.none() | st.floats(0, 1e6),
    reference=st.none() | st.text(max_size=10),
    details=st.dictionaries(
        st.sampled_from(["pool", "total", "what"]), st.integers(0, 9) | st.text(max_size=5)
    ),
)
def test_a_refusal_arrives_as_it_left(
    cls: type[Refused],
    fr: str | None,
    retry_after: float | None,
    reference: str | None,
    details: dict[str, Any],
) -> None:
    refusal = cls(fr, fr, retry_after=retry_after, reference=reference, **details)

    heard = from_wire(unpack(pack(to_wire(Response(1, refusal, None))), WireLimits()))

    assert isinstance(heard, Response)
    assert type(heard.error) is cls
    for name in ("code", "fr", "en", "retry_after", "reference", "details", "ends"):
        assert getattr(heard.error, name) == getattr(refusal, name), name


def test_own_sentences_are_filled_too_and_other_braces_left_alone() -> None:
    refusal = errors.Conflict("{login} et {rien} et {", "{login.__class__}", login="{mode}")

    assert refusal.fr == "{mode} et {rien} et {"
    assert refusal.en == "{login.__class__}"


def test_a_word_fills_a_sentence_by_its_value() -> None:
    assert errors.ModeNotAllowed(mode=Mode.SCHOOL_LIFE).fr.endswith("en mode school-life.")


def test_only_what_is_said_on_the_doorstep_ends_the_connection() -> None:
    assert {code for code, cls in REFUSALS.items() if cls.ends} == ON_THE_DOORSTEP


def test_what_breaks_a_conversation_is_no_refusal_and_the_other_way_round() -> None:
    assert not every_class(ProtocolError) & every_class(Refused)


def test_too_long_is_the_fault_of_whoever_says_it() -> None:
    assert str(errors.FrameTooLarge(11, 10)) == "frame of 11 bytes, limit is 10"
    assert str(errors.MessageTooLarge(11, 10)) == "message of 11 bytes, limit is 10"
    assert issubclass(errors.FrameTooLarge, errors.RemoteProtocolError)
    assert issubclass(errors.MessageTooLarge, errors.LocalProtocolError)


@pytest.mark.parametrize("oldest", [OLDEST_VERSION - 3, OLDEST_VERSION])
@pytest.mark.parametrize("newest", [NEWEST_VERSION, NEWEST_VERSION + 3])
def test_the_newest_common_version_is_spoken(oldest: int, newest: int) -> None:
    assert common_version(oldest, newest) == NEWEST_VERSION


@pytest.mark.parametrize(
    ("oldest", "newest"),
    [
        (NEWEST_VERSION + 1, NEWEST_VERSION + 2),
        (OLDEST_VERSION - 2, OLDEST_VERSION - 1),
        (NEWEST_VERSION, OLDEST_VERSION - 1),
    ],
    ids=["too new", "too old", "upside down"],
)
def test_a_client_too_old_or_too_new_is_told_the_range(oldest: int, newest: int) -> None:
    with pytest.raises(errors.VersionUnsupported, match="speaks 1 to 1") as caught:
        common_version(oldest, newest)

    assert caught.value.details == {"oldest": OLDEST_VERSION, "newest": NEWEST_VERSION}
