"""The three envelopes, and nothing that only looks like one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol import errors, messages
from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import (
    Event,
    Message,
    Request,
    Response,
    from_wire,
    result_to_bytes,
    to_wire,
)
from pronote_protocol.errors import Refused, RemoteProtocolError
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Enter, LoginStart, Personalise, Resume
from pronote_protocol.records import structure
from pronote_protocol.testing import sample_entered, sample_hello
from pronote_protocol.words import Mode

IDS = st.integers(0, 2**32 - 1)
NAMES = st.text(min_size=1, max_size=64)
PARAMS = st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3)


@given(
    st.builds(Request, IDS, NAMES, PARAMS)
    | st.builds(Response, IDS, st.none(), PARAMS | st.none())
    | st.builds(Event, NAMES, PARAMS)
)
def test_messages_arrive_as_they_left(message: Message) -> None:
    assert from_wire(unpack(pack(to_wire(message)), WireLimits())) == message


def test_a_refusal_arrives_with_everything_it_says() -> None:
    refusal = errors.AddressSuspended(retry_after=1800.0, reference="S-12", cause="wrong")

    heard = from_wire(to_wire(Response(7, refusal, None)))

    assert isinstance(heard, Response)
    assert heard.id == 7
    assert type(heard.error) is errors.AddressSuspended
    assert heard.error.retry_after == 1800.0
    assert heard.error.reference == "S-12"
    assert heard.error.details == {"cause": "wrong"}
    assert (heard.error.fr, heard.error.en) == (refusal.fr, refusal.en)


def test_words_in_the_details_of_a_refusal_travel_by_their_value() -> None:
    heard = from_wire(to_wire(Response(0, errors.ModeNotAllowed(mode=Mode.TEACHER), None)))

    assert isinstance(heard, Response)
    assert heard.error is not None
    assert heard.error.details == {"mode": "teacher"}
    assert heard.error.en == "This account may not use mode teacher."


def test_a_code_of_a_newer_server_is_a_plain_refusal_that_keeps_its_name() -> None:
    heard = from_wire([1, 0, {"code": "out_of_chalk", "fr": "F", "en": "E", "added": 1}, None])

    assert isinstance(heard, Response)
    assert type(heard.error) is Refused
    assert heard.error.code == "out_of_chalk"
    assert not heard.error.ends
    assert Refused.code == "refused"


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "hello",
        {},
        [],
        [0],
        [0, 1, "m"],
        [0, 1, "m", {}, {}],
        [0, 1, "m", []],
        [0, 1, "m", None],
        [0, 1, b"m", {}],
        [0, 1, "", {}],
        [0, 1, "m" * 65, {}],
        [0, -1, "m", {}],
        [0, 2**32, "m", {}],
        [0, True, "m", {}],
        [0, 1.0, "m", {}],
        [False, 1, "m", {}],
        [0.0, 1, "m", {}],
        [True, 1, None, {}],
        [1.0, 1, None, {}],
        [1, 1, {}, None],
        [1, 1, {"code": "x", "fr": "", "en": ""}, {}],
        [1, 1, {"code": "x", "fr": ""}, None],
        [1, 1, {"code": 7, "fr": "", "en": ""}, None],
        [1, 1, {"code": "x", "fr": "", "en": "", "retry_after": "soon"}, None],
        [1, 1, "x", None],
        [2, "ping"],
        [2, "ping", []],
        [2, "", {}],
        [2.0, "ping", {}],
        [2, "p" * 65, {}],
        [3, 1, "m", {}],
        ["0", 1, "m", {}],
    ],
    ids=repr,
)
def test_what_is_none_of_the_three_is_a_protocol_error(value: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        from_wire(value)


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.sampled_from(["m", ""]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
))  # fmt: skip
def test_any_plain_value_is_a_message_or_a_protocol_error(value: Any) -> None:
    try:
        message = from_wire(value)
    except RemoteProtocolError:
        return
    assert isinstance(message, (Request, Response, Event))


@pytest.mark.parametrize(
    "record",
    [
        LoginStart(mechanism="SCRAM-SHA-256", client_first="hunter2"),
        Personalise(new_password="hunter2"),
        Resume(session="s-1", token="hunter2"),
        sample_entered(resume_token="hunter2"),
        Request(1, "password.personalise", {"new_password": "hunter2"}),
        Response(1, None, {"resume_token": "hunter2"}),
    ],
    ids=lambda record: type(record).__name__,
)
def test_secrets_are_not_in_the_repr(record: Any) -> None:
    assert "hunter2" not in repr(record)


@pytest.mark.parametrize(
    "instance", ["", "0" * 31, "0" * 33, "G" * 32, "0" * 32 + "\n", "A" * 32]
)
def test_an_instance_is_thirty_two_lower_case_hexadecimal_digits(instance: str) -> None:
    with pytest.raises(ValueError, match="instance"):
        sample_hello(instance=instance)


def test_entering_asks_for_modification_and_no_favours_unless_told() -> None:
    assert structure({"mode": "teacher"}, Enter) == Enter(mode=Mode.TEACHER)


def test_every_event_has_one_name_and_every_name_one_event() -> None:
    assert {messages.EVENT_NAMES[cls]: cls for cls in messages.EVENTS.values()} == dict(
        messages.EVENTS
    )


@pytest.mark.parametrize("ident", [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1])
def test_a_result_put_together_from_its_bytes_is_the_result_encoded(ident: int) -> None:
    assert result_to_bytes(pack(ident), pack("x")) == pack(to_wire(Response(ident, None, "x")))
