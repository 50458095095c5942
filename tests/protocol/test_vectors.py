"""
The test vectors say what our own code does; other implementations are held to them.

They are executed here from the files, as somebody else's tests would.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from pronote_protocol import messages
from pronote_protocol.codec import pack, unpack
from pronote_protocol.conversation import ClientConversation, ServerConversation
from pronote_protocol.envelopes import Event, Message, Request, Response, from_wire, to_wire
from pronote_protocol.errors import REFUSALS, FrameTooLarge, RemoteProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import WireLimits
from pronote_protocol.records import structure, unstructure
from pronote_protocol.scram import BOUND, PLAIN, ClientLogin, ServerLogin, derive
from pronote_protocol.stages import FROM_CLIENT, FROM_SERVER, Saying, Stage
from pronote_protocol.testing import events_of

ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS: Final = ROOT / "protocol" / "vectors"
LIMITS: Final = WireLimits()


def read(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(
        (VECTORS / f"{name}.json").read_text(encoding="utf-8"), object_hook=bytes_read
    )
    return vectors


def bytes_read(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["$bytes"]) if value.keys() == {"$bytes"} else value


def each(name: str) -> pytest.MarkDecorator:
    vectors = read(name)
    return pytest.mark.parametrize(
        "vector",
        vectors,
        ids=[
            str(v.get("name") or v.get("code") or v.get("record") or v.get("value"))[:40]
            for v in vectors
        ],
    )


@each("frames")
@pytest.mark.parametrize("step", [1, 3, 10_000])
def test_frames(vector: dict[str, Any], step: int) -> None:
    stream = bytes.fromhex(vector["hex"])
    decoder = FrameDecoder(vector["max_frame"])
    payloads: list[str] = []
    error = None
    try:
        for chunk in [*(stream[i : i + step] for i in range(0, len(stream), step)), b""]:
            decoder.feed(chunk)
            while (payload := decoder.next_payload()) is not None:
                payloads.append(payload.hex())
    except FrameTooLarge:
        error = "too_large"
    except RemoteProtocolError as exc:
        error = "empty" if "empty" in str(exc) else "ends_inside"

    assert (payloads, error) == (vector["payloads"], vector["error"])


@each("values")
def test_values(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"])

    value = unpack(payload, LIMITS)

    assert value == vector["value"]
    assert type(value) is type(vector["value"])
    assert (pack(value) == payload) is vector["canonical"]


@each("hostile")
def test_hostile_payloads_are_refused(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"]) + bytes.fromhex(vector["then_hex"]) * vector["times"]
    assert len(payload) <= LIMITS.from_server_bytes

    with pytest.raises(RemoteProtocolError):
        unpack(payload, LIMITS)


@each("messages")
def test_messages(vector: dict[str, Any]) -> None:
    value = unpack(bytes.fromhex(vector["hex"]), LIMITS)
    assert value == vector["value"]
    kinds = {"request": Request, "response": Response, "event": Event}

    if vector["kind"] is None:
        with pytest.raises(RemoteProtocolError):
            from_wire(value)
    else:
        assert type(from_wire(value)) is kinds[vector["kind"]]


@each("records")
def test_records(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"])
    cls = getattr(messages, vector["record"])

    record = structure(unpack(payload, LIMITS), cls)

    assert unstructure(record) == vector["value"]
    assert pack(unstructure(record)) == payload
    assert {field.name for field in attrs.fields(cls)} == vector["value"].keys()


@each("refusals")
def test_refusals(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"])

    message = from_wire(unpack(payload, LIMITS))

    assert isinstance(message, Response)
    assert message.error is not None
    assert message.error.code == vector["code"]
    assert message.error.ends is vector["ends"]
    assert message.error.retry_after == 30.0
    assert pack(to_wire(message)) == payload


def test_every_refusal_has_a_vector() -> None:
    assert [vector["code"] for vector in read("refusals")] == sorted(REFUSALS)


@each("scram")
def test_scram(vector: dict[str, Any]) -> None:
    bound = vector["certificate_hash"]
    certificate_hash = bytes.fromhex(bound) if bound else None
    client = ClientLogin(
        vector["login"],
        vector["password"],
        mechanisms=(BOUND, PLAIN),
        certificate_hash=certificate_hash,
        nonce=vector["client_nonce"],
    )
    keys = derive(vector["password"], vector["iterations"], bytes.fromhex(vector["salt"]))
    server = ServerLogin(
        vector["mechanism"], certificate_hash, lambda _: keys, nonce=vector["server_nonce"]
    )

    assert client.mechanism == vector["mechanism"]
    assert client.first() == vector["client_first"]
    assert server.challenge(vector["client_first"]) == vector["server_first"]
    assert client.final(vector["server_first"]) == vector["client_final"]
    assert server.verify(vector["client_final"]) == vector["server_final"]
    client.check(vector["server_final"])
    assert server.login == vector["login"]


@each("conversations")
def test_conversations(vector: dict[str, Any]) -> None:
    """Both ends say the lines byte for byte, hear them, and stand where the vector says."""
    client, server = ClientConversation(LIMITS), ServerConversation(LIMITS)
    for line in vector["lines"]:
        data = bytes.fromhex(line["hex"])
        message = from_wire(line["message"])
        assert encode_frame(pack(to_wire(message))) == data
        by_client = line["who"] == "client"
        assert said_by(client if by_client else server, message) == data
        (heard,) = events_of(server if by_client else client, data)
        assert type(heard) is type(message)
        assert client.stage.value == server.stage.value == line["stage"]


def said_by(wire: ClientConversation | ServerConversation, message: Message) -> bytes:
    if isinstance(message, Event):
        event = structure(message.params, messages.EVENTS[message.name])
        return wire.tell(event)
    if isinstance(message, Request):
        assert isinstance(wire, ClientConversation)
        ident, data = wire.ask(message.method, message.params)
        assert ident == message.id
        return data
    assert isinstance(wire, ServerConversation)
    if message.error is not None:
        return wire.refuse(message.id, message.error)
    return wire.answer(message.id, message.result)


def test_stages_are_those_of_the_tables() -> None:
    vectors = {vector["stage"]: vector for vector in read("stages")}

    assert vectors.keys() == {stage.value for stage in Stage}
    for table, who in ((FROM_CLIENT, "client_may"), (FROM_SERVER, "server_may")):
        found = {
            (Stage(stage), Saying(saying)): Stage(after)
            for stage, vector in vectors.items()
            for saying, after in vector[who].items()
        }
        assert found == table


def test_vectors_are_what_the_tool_makes_of_the_code() -> None:
    """Run tools/make_vectors.py when this fails, and tell it in a `wire` change fragment."""
    made = runpy.run_path(str(ROOT / "tools" / "make_vectors.py"))["texts"]()

    assert made.keys() == {file.name for file in VECTORS.iterdir()}
    for name, text in made.items():
        assert (VECTORS / name).read_text(encoding="utf-8") == text, name
