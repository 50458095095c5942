"""What crosses a goodbye on the way."""

from __future__ import annotations

import pytest

from pronote_protocol.codec import pack
from pronote_protocol.conversation import (
    CLOSED,
    NEED_DATA,
    ClientConversation,
    ServerConversation,
)
from pronote_protocol.envelopes import Event, Request, Response
from pronote_protocol.errors import RemoteProtocolError
from pronote_protocol.framing import encode_frame
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Goodbye
from pronote_protocol.stages import Stage
from pronote_protocol.words import Farewell

LEAVING = Goodbye(code=Farewell.LOGOUT)


def active_pair() -> tuple[ClientConversation, ServerConversation]:
    client, server = ClientConversation(WireLimits()), ServerConversation(WireLimits())
    for method in ("hello", "session.resume"):
        _, asked = client.ask(method, {})
        server.receive(asked)
        request = server.next_event()
        assert isinstance(request, Request)
        client.receive(server.answer(request.id, {}))
        assert isinstance(client.next_event(), Response)
    return client, server


def test_an_answer_that_crosses_our_goodbye_is_still_heard() -> None:
    """The server answered before it read the goodbye: neither end did anything wrong."""
    client, server = active_pair()
    ident, asked = client.ask("seats.show", {})
    server.receive(asked)
    server.next_event()

    answered = server.answer(ident, {"modification_used": 1})
    leaving = client.tell(LEAVING)
    client.receive(answered)

    assert client.next_event() == Response(ident, None, {"modification_used": 1})
    server.receive(leaving)
    server.next_event()
    client.receive(server.tell(LEAVING) + b"")
    client.receive(b"")
    assert isinstance(client.next_event(), Event)
    assert client.next_event() is CLOSED


def test_an_answer_after_the_server_said_goodbye_is_a_protocol_error() -> None:
    client, server = active_pair()
    ident, _ = client.ask("seats.show", {})
    answer = encode_frame(pack([1, ident, None, {}]))

    client.receive(server.tell(Goodbye(code=Farewell.IDLE)) + answer)
    client.next_event()

    with pytest.raises(RemoteProtocolError):
        client.next_event()


def test_a_server_that_hears_our_goodbye_says_nothing_more_but_its_own() -> None:
    client, server = active_pair()
    server.receive(client.tell(LEAVING))
    server.next_event()

    assert server.stage is Stage.CLOSING
    client.receive(server.tell(LEAVING))
    assert isinstance(client.next_event(), Event)


def test_thousands_of_unknown_events_in_one_read_are_skipped() -> None:
    """A newer server may tell more; skipping must not cost a stack frame each."""
    client, _ = active_pair()
    client.receive(encode_frame(pack([2, "something.new", {}])) * 5_000)

    assert client.next_event() is NEED_DATA


def test_nothing_may_come_after_the_server_s_goodbye_even_if_ours_came_first() -> None:
    client, _ = active_pair()
    ident, _ = client.ask("seats.show", {})
    client.tell(LEAVING)
    goodbye = encode_frame(pack([2, "goodbye", {"code": "logout"}]))

    client.receive(goodbye + encode_frame(pack([1, ident, None, {}])))
    client.next_event()

    with pytest.raises(RemoteProtocolError, match="result in stage closing"):
        client.next_event()
