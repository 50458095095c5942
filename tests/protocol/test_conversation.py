"""
The order of messages, at every stage, for both ends.

What may be said when is written out a second time below, in the words of the specification:
a table compared with itself would prove nothing.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pronote_protocol.codec import pack
from pronote_protocol.conversation import (
    CLOSED,
    NEED_DATA,
    ClientConversation,
    ServerConversation,
    encode_event,
)
from pronote_protocol.envelopes import Event, Message, Request, Response, to_wire
from pronote_protocol.errors import (
    BadRequest,
    FrameTooLarge,
    LocalProtocolError,
    MessageTooLarge,
    NotFound,
    RemoteProtocolError,
    ServerStopping,
)
from pronote_protocol.framing import encode_frame
from pronote_protocol.known_answers import NONE_ANSWERED
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import (
    AccessChanged,
    Announcement,
    ExclusiveChanged,
    Goodbye,
    Hello,
    Nothing,
    Ping,
    Pong,
)
from pronote_protocol.stages import FROM_CLIENT, FROM_SERVER, Saying, Stage
from pronote_protocol.testing import (
    Rehearsal,
    entered,
    events_of,
    request,
    sample_hello,
    says,
)
from pronote_protocol.words import Access, Farewell, SessionState

LIMITS = WireLimits()
LEAVING = Goodbye(code=Farewell.LOGOUT)

# The specification, once more: at each stage, who may say what besides goodbye.
CLIENT_MAY: Final = {
    Stage.GREETING: {Saying.HELLO},
    Stage.GREETED: set(),
    Stage.ANONYMOUS: {Saying.LOGIN_START, Saying.RESUME},
    Stage.CHALLENGING: set(),
    Stage.CHALLENGED: {Saying.LOGIN_FINISH},
    Stage.PROVING: set(),
    Stage.AUTHENTICATED: {Saying.PERSONALISE, Saying.ENTER},
    Stage.PERSONALISING: set(),
    Stage.ENTERING: set(),
    Stage.RESUMING: set(),
    Stage.ACTIVE: {Saying.CALL, Saying.HEARTBEAT},
    Stage.CLOSING: set(),
    Stage.CLOSED: set(),
}
ANSWERS: Final = {Saying.RESULT, Saying.REFUSAL, Saying.ENDING_REFUSAL}
SERVER_MAY: Final = {
    Stage.GREETING: set(),
    Stage.GREETED: ANSWERS,
    Stage.ANONYMOUS: set(),
    Stage.CHALLENGING: ANSWERS,
    Stage.CHALLENGED: set(),
    Stage.PROVING: ANSWERS,
    Stage.AUTHENTICATED: set(),
    Stage.PERSONALISING: ANSWERS,
    Stage.ENTERING: ANSWERS,
    Stage.RESUMING: ANSWERS,
    Stage.ACTIVE: ANSWERS | {Saying.EVENT, Saying.HEARTBEAT},
    Stage.CLOSING: set(),
    Stage.CLOSED: set(),
}
WAITING: Final = {
    Stage.GREETED,
    Stage.CHALLENGING,
    Stage.PROVING,
    Stage.PERSONALISING,
    Stage.ENTERING,
    Stage.RESUMING,
}
FROM_CLIENT_EXAMPLES: Final[dict[Saying, Message]] = {
    Saying.HELLO: request("hello", sample_hello()),
    Saying.LOGIN_START: request("login.start"),
    Saying.LOGIN_FINISH: request("login.finish"),
    Saying.PERSONALISE: request("password.personalise"),
    Saying.ENTER: request("session.enter"),
    Saying.RESUME: request("session.resume"),
    Saying.CALL: request("seats.show"),
    Saying.HEARTBEAT: Event("ping", {}),
    Saying.GOODBYE: Event("goodbye", {"code": "logout"}),
    Saying.EVENT: Event("announcement", {}),
    Saying.RESULT: Response(0, None, {}),
    Saying.REFUSAL: Response(0, NotFound(what="x"), None),
    Saying.ENDING_REFUSAL: Response(0, ServerStopping(), None),
}
# The same, as a server would say them.
FROM_SERVER_EXAMPLES: Final = FROM_CLIENT_EXAMPLES


def stage_of(wire: ClientConversation | ServerConversation) -> Stage:
    """Read the stage through a call, so that mypy does not narrow the attribute."""
    return wire.stage


def server_at(stage: Stage) -> ServerConversation:
    wire = ServerConversation(LIMITS)
    wire.stage = stage
    return wire


def client_at(stage: Stage) -> ClientConversation:
    """Return a client of whom one request, number 0, waits if its stage says so."""
    wire = ClientConversation(LIMITS)
    if stage in WAITING or stage is Stage.ACTIVE:
        wire.ask("hello", {})
    wire.stage = stage
    return wire


def test_the_tables_hold_what_the_specification_says_and_nothing_else() -> None:
    for table, may in ((FROM_CLIENT, CLIENT_MAY), (FROM_SERVER, SERVER_MAY)):
        for stage in Stage:
            said = {saying for at, saying in table if at is stage}
            assert said - {Saying.GOODBYE} == may[stage], stage


def test_goodbye_may_be_said_by_a_client_until_one_was_said_and_by_a_server_once_more() -> None:
    """The server answers the goodbye of the client by its own."""
    over = {Stage.CLOSED}
    assert {stage for stage, saying in FROM_SERVER if saying is Saying.GOODBYE} == (
        set(Stage) - over
    )
    assert {stage for stage, saying in FROM_CLIENT if saying is Saying.GOODBYE} == (
        set(Stage) - over - {Stage.CLOSING}
    )


@pytest.mark.parametrize("table", [FROM_CLIENT, FROM_SERVER], ids=["client", "server"])
def test_only_a_goodbye_or_an_ending_refusal_leads_to_closing(table: Any) -> None:
    for (stage, saying), after in table.items():
        ends = saying in (Saying.GOODBYE, Saying.ENDING_REFUSAL)
        assert (after is Stage.CLOSING) is ends, (stage, saying)


def test_at_most_one_request_waits_before_the_session() -> None:
    """A stage in which an answer is awaited lets the client say nothing but goodbye."""
    assert {stage for stage, saying in FROM_SERVER if saying is Saying.RESULT} == (
        WAITING | {Stage.ACTIVE}
    )
    for stage in WAITING:
        assert CLIENT_MAY[stage] == set()


def test_nobody_becomes_active_without_a_login_or_a_resume() -> None:
    """From each way in to the session, walk back to the hello."""
    edges = {(at, after) for (at, _), after in [*FROM_CLIENT.items(), *FROM_SERVER.items()]}
    before = {stage: {at for at, after in edges if after is stage} for stage in Stage}

    assert before[Stage.ACTIVE] - {Stage.ACTIVE} == {Stage.ENTERING, Stage.RESUMING}
    assert before[Stage.ENTERING] == {Stage.AUTHENTICATED}
    assert before[Stage.AUTHENTICATED] == {
        Stage.PROVING,
        Stage.PERSONALISING,
        Stage.ENTERING,
    }
    assert before[Stage.PROVING] == {Stage.CHALLENGED}
    assert before[Stage.CHALLENGED] == {Stage.CHALLENGING}
    assert before[Stage.RESUMING] == {Stage.ANONYMOUS}


def test_a_refusal_takes_a_client_back_to_where_it_may_try_again() -> None:
    back = {stage: FROM_SERVER[stage, Saying.REFUSAL] for stage in WAITING}

    assert back == {
        Stage.GREETED: Stage.GREETING,
        Stage.CHALLENGING: Stage.ANONYMOUS,
        Stage.PROVING: Stage.ANONYMOUS,
        Stage.PERSONALISING: Stage.AUTHENTICATED,
        Stage.ENTERING: Stage.AUTHENTICATED,
        Stage.RESUMING: Stage.ANONYMOUS,
    }


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("saying", Saying)
def test_a_server_hears_what_its_stage_allows(stage: Stage, saying: Saying) -> None:
    wire = server_at(stage)
    message = FROM_CLIENT_EXAMPLES[saying]
    wire.receive(says(message))
    allowed = saying in CLIENT_MAY[stage] or (
        saying is Saying.GOODBYE and stage not in (Stage.CLOSING, Stage.CLOSED)
    )

    if allowed:
        assert wire.next_event() == message
        assert wire.stage is FROM_CLIENT[stage, saying]
    elif stage is Stage.CLOSING:
        # It crossed our goodbye.
        assert wire.next_event() is NEED_DATA
        assert stage_of(wire) is Stage.CLOSING
    else:
        with pytest.raises(RemoteProtocolError, match=f"in stage {stage.value}"):
            wire.next_event()
        assert wire.stage is stage


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("saying", Saying)
def test_a_client_hears_what_its_stage_allows(stage: Stage, saying: Saying) -> None:
    wire = client_at(stage)
    message = FROM_SERVER_EXAMPLES[saying]
    wire.receive(says(message))
    allowed = saying in SERVER_MAY[stage] or (
        saying is Saying.GOODBYE and stage is not Stage.CLOSED
    )

    if allowed:
        heard = wire.next_event()
        assert type(heard) is type(message)
        assert wire.stage is FROM_SERVER[stage, saying]
    else:
        with pytest.raises(RemoteProtocolError, match=f"in stage {stage.value}"):
            wire.next_event()
        assert wire.stage is stage


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(
    "saying", [saying for saying in Saying if saying not in ANSWERS], ids=lambda s: s.value
)
def test_a_client_says_what_its_stage_allows_and_else_nothing_changes(
    stage: Stage, saying: Saying
) -> None:
    wire = client_at(stage)
    waiting = wire.unanswered
    example = FROM_CLIENT_EXAMPLES[saying]

    def say() -> bytes:
        if isinstance(example, Request):
            return wire.ask(example.method, example.params)[1]
        event = {Saying.HEARTBEAT: Ping(), Saying.GOODBYE: LEAVING}.get(saying)
        return wire.tell(event or ExclusiveChanged(holder=None))

    if (stage, saying) in FROM_CLIENT:
        assert say()
        assert wire.stage is FROM_CLIENT[stage, saying]
    else:
        with pytest.raises(LocalProtocolError, match=f"in stage {stage.value}"):
            say()
        assert wire.stage is stage
        assert wire.unanswered == waiting


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(
    "saying",
    [*sorted(ANSWERS, key=attrgetter("value")), Saying.GOODBYE, Saying.HEARTBEAT, Saying.EVENT],
    ids=lambda saying: saying.value,
)
def test_a_server_says_what_its_stage_allows_and_else_nothing_changes(
    stage: Stage, saying: Saying
) -> None:
    wire = server_at(Stage.GREETING)
    events_of(wire, says(FROM_CLIENT_EXAMPLES[Saying.HELLO]))
    wire.stage = stage

    def say() -> bytes:
        if saying is Saying.RESULT:
            return wire.answer(0, {})
        if saying in ANSWERS:
            ends = saying is Saying.ENDING_REFUSAL
            return wire.refuse(0, ServerStopping() if ends else NotFound(what="x"))
        event = {Saying.HEARTBEAT: Ping(), Saying.GOODBYE: LEAVING}.get(saying)
        return wire.tell(event or ExclusiveChanged(holder=None))

    if (stage, saying) in FROM_SERVER:
        assert say()
        assert wire.stage is FROM_SERVER[stage, saying]
    else:
        with pytest.raises(LocalProtocolError, match=f"in stage {stage.value}"):
            say()
        assert wire.stage is stage
        assert wire.unanswered == 1


class ARandomConversation(RuleBasedStateMachine):
    """
    Both ends, saying whatever they may: their stages stay equal, and so does what waits.

    Messages are delivered at once; `ACrossing` delays them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.play = Rehearsal()

    @invariant()
    def both_ends_agree(self) -> None:
        assert self.play.client.stage is self.play.server.stage
        assert self.play.client.unanswered == self.play.server.unanswered
        assert not self.play.client.mid_frame

    def client_may(self) -> list[Saying]:
        """Return what the client may say, goodbye only after a while."""
        stage, talked = self.play.client.stage, len(self.play.lines) > 15
        return [
            s for at, s in FROM_CLIENT if at is stage and (talked or s is not Saying.GOODBYE)
        ]

    @precondition(lambda self: self.client_may())
    @rule(data=st.data())
    def the_client_speaks(self, data: st.DataObject) -> None:
        saying = data.draw(st.sampled_from(self.client_may()))
        example = FROM_CLIENT_EXAMPLES[saying]
        if isinstance(example, Request):
            assert self.play.ask(example.method, Nothing()).method == example.method
        else:
            self.play.tell_server(Pong() if saying is Saying.HEARTBEAT else LEAVING)

    @precondition(lambda self: self.play.server.unanswered)
    @rule(what=st.sampled_from([None, None, None, NotFound(what="x"), ServerStopping()]))
    def the_server_answers(self, what: Any) -> None:
        if (self.play.server.stage, Saying.RESULT) not in FROM_SERVER:
            return
        if what is None:
            self.play.answer()
        elif what.ends and len(self.play.lines) < 15:
            return
        else:
            assert type(self.play.refuse(what).error) is type(what)

    @precondition(lambda self: self.play.server.stage is Stage.ACTIVE)
    @rule()
    def the_server_tells(self) -> None:
        self.play.tell_client(ExclusiveChanged(holder="DUPAS Nicole"))

    @precondition(lambda self: len(self.play.lines) > 15)
    @rule()
    def the_server_hangs_up(self) -> None:
        self.play.tell_client(Goodbye(code=Farewell.IDLE))


class ACrossing(RuleBasedStateMachine):
    """
    A session whose messages are under way while others are said.

    Whatever crosses on the way, no end takes the other for broken, and each answer a
    client hears is the one to its oldest request.
    """

    def __init__(self) -> None:
        super().__init__()
        play = entered()
        self.client, self.server = play.client, play.server
        self.to_server, self.to_client = bytearray(), bytearray()
        self.asked: list[int] = []

    @precondition(lambda self: self.client.stage is Stage.ACTIVE)
    @rule()
    def ask(self) -> None:
        ident, data = self.client.ask("seats.show", {})
        self.asked.append(ident)
        self.to_server += data

    @precondition(lambda self: self.client.stage is Stage.ACTIVE)
    @rule()
    def leave(self) -> None:
        self.to_server += self.client.tell(LEAVING)

    @precondition(lambda self: self.server.stage is Stage.ACTIVE)
    @rule(event=st.sampled_from([Ping(), ExclusiveChanged(holder=None), LEAVING]))
    def tell(self, event: Any) -> None:
        self.to_client += self.server.tell(event)

    @precondition(lambda self: self.server.stage is Stage.ACTIVE and self.server.unanswered)
    @rule()
    def answer(self) -> None:
        self.to_client += self.server.answer(self.server._asked[0], {})

    @rule(size=st.integers(1, 60))
    def deliver_to_server(self, size: int) -> None:
        if not self.to_server:
            return
        self.server.receive(self.to_server[:size])
        del self.to_server[:size]
        while (heard := self.server.next_event()) is not NEED_DATA:
            if isinstance(heard, Event) and heard.name == "goodbye":
                self.to_client += self.server.tell(LEAVING)

    @rule(size=st.integers(1, 60))
    def deliver_to_client(self, size: int) -> None:
        if not self.to_client:
            return
        self.client.receive(self.to_client[:size])
        del self.to_client[:size]
        while (heard := self.client.next_event()) is not NEED_DATA:
            if isinstance(heard, Response):
                assert heard.id == self.asked.pop(0)


TestARandomConversation = ARandomConversation.TestCase
TestACrossing = ACrossing.TestCase
TestARandomConversation.settings = TestACrossing.settings = settings(
    max_examples=60, stateful_step_count=40
)


def test_a_rehearsed_login_ends_in_a_session() -> None:
    play = entered()

    assert [line.stage for line in play.lines] == [
        Stage.GREETED,
        Stage.ANONYMOUS,
        Stage.CHALLENGING,
        Stage.CHALLENGED,
        Stage.PROVING,
        Stage.AUTHENTICATED,
        Stage.ENTERING,
        Stage.ACTIVE,
    ]
    assert [line.data for line in entered().lines] == [line.data for line in play.lines]


def test_a_whole_session_at_once_and_byte_by_byte_is_heard_alike() -> None:
    """Cutting the stream anywhere changes nothing, up to the events."""
    play = entered()
    play.ask("seats.show")
    play.tell_server(LEAVING)
    lines = [line for line in play.lines if line.who == "client"]

    at_once, by_bytes = ServerConversation(LIMITS), ServerConversation(LIMITS)
    for line in lines:
        heard: list[Any] = []
        for byte in line.data:
            heard += events_of(by_bytes, bytes([byte]))
        assert heard == events_of(at_once, line.data) == [line.message]
        if isinstance(line.message, Request):
            assert at_once.answer(line.message.id, {}) == by_bytes.answer(line.message.id, {})


def test_requests_of_a_session_may_be_sent_together_and_are_answered_in_order() -> None:
    play = entered()
    idents = [play.client.ask("seats.show", {"n": n}) for n in range(3)]
    heard = events_of(play.server, b"".join(data for _, data in idents))
    assert [message.params for message in heard if isinstance(message, Request)] == [
        {"n": 0},
        {"n": 1},
        {"n": 2},
    ]

    answers = b"".join(play.server.answer(ident, {"of": ident}) for ident, _ in idents)

    assert events_of(play.client, answers) == [
        Response(ident, None, {"of": ident}) for ident, _ in idents
    ]


def test_a_server_may_not_answer_out_of_turn() -> None:
    """Another call's answer is the worst thing a client could be given."""
    play = entered()
    first, data = play.client.ask("seats.show", {})
    second, more = play.client.ask("seats.show", {})
    events_of(play.server, data + more)

    with pytest.raises(LocalProtocolError, match="the oldest waiting is"):
        play.server.answer(second, {})

    assert play.server.answer(first, {})
    assert play.server.answer(second, {})
    with pytest.raises(LocalProtocolError, match="the oldest waiting is none"):
        play.server.answer(second, {})


def test_a_client_takes_no_answer_but_the_one_to_its_oldest_request() -> None:
    play = entered()
    play.client.ask("seats.show", {})
    second, _ = play.client.ask("seats.show", {})

    with pytest.raises(RemoteProtocolError, match="not asked"):
        events_of(play.client, says(Response(second, None, {})))


def test_requests_sent_together_before_the_session_are_refused() -> None:
    wire = ServerConversation(LIMITS)
    wire.receive(says(request("hello", sample_hello()), request("login.start", ident=1)))
    assert isinstance(wire.next_event(), Request)

    with pytest.raises(RemoteProtocolError, match=r"login\.start in stage greeted"):
        wire.next_event()


def test_frames_may_grow_once_the_session_is_entered() -> None:
    def fill(size: int) -> bytes:
        return says(request("x.y")) if size == 0 else (size).to_bytes(4, "big")

    before, after = entered(must_change=True), entered()
    longest = LIMITS.before_login_bytes

    with pytest.raises(FrameTooLarge, match=f"limit is {longest}"):
        events_of(before.server, fill(longest + 1))
    assert events_of(after.server, fill(longest + 1)) == []
    with pytest.raises(FrameTooLarge, match=f"limit is {LIMITS.from_client_bytes}"):
        events_of(entered().server, fill(LIMITS.from_client_bytes + 1))


def test_a_client_does_not_say_what_the_server_would_refuse_to_read() -> None:
    before, after = entered(must_change=True).client, entered().client
    long = {"new_password": "x" * LIMITS.before_login_bytes}

    with pytest.raises(MessageTooLarge):
        before.ask("password.personalise", long)
    assert before.stage is Stage.AUTHENTICATED
    assert before.unanswered == 0
    assert after.ask("password.change", long)
    with pytest.raises(MessageTooLarge):
        after.ask("password.change", {"new_password": "x" * LIMITS.from_client_bytes})


def test_an_answer_that_is_too_long_may_still_be_a_refusal() -> None:
    play = entered()
    asked = play.ask("seats.show")

    with pytest.raises(MessageTooLarge):
        play.server.answer(asked.id, "x" * LIMITS.from_server_bytes)

    assert play.refuse(BadRequest(problems="too long")).error is not None


def test_ids_come_round_after_four_thousand_million() -> None:
    play = entered()
    play.client._next_id = 2**32 - 1

    play.ask("seats.show")
    assert play.answer().id == 2**32 - 1
    play.ask("seats.show")
    assert play.answer().id == 0


def test_a_client_passes_over_events_it_does_not_know_but_only_in_a_session() -> None:
    play = entered()
    unknown = Event("chalk.exhausted", {"colour": "white"})
    known = AccessChanged(access=Access.CONSULTATION, state=SessionState.CONSULTATION)

    assert len(events_of(play.client, says(*[unknown] * 5_000, known))) == 1
    with pytest.raises(RemoteProtocolError):
        events_of(ClientConversation(LIMITS), says(unknown))


def test_a_server_does_not_pass_over_events_it_does_not_know() -> None:
    with pytest.raises(RemoteProtocolError, match="any other event in stage active"):
        events_of(entered().server, says(Event("chalk.exhausted", {})))


@pytest.mark.parametrize(
    "broken", [b"\xc1", b"\x90", b"\x93\x02\x01\x01"], ids=["bytes", "shape", "types"]
)
def test_a_conversation_once_broken_stays_broken(broken: bytes) -> None:
    """What follows a broken frame may look right, and is not to be trusted."""
    wire = ServerConversation(LIMITS)
    wire.receive(encode_frame(broken) + says(request("hello", sample_hello())))

    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            wire.next_event()
    assert wire.tell(Goodbye(code=Farewell.PROTOCOL_ERROR))


def test_a_hello_with_wrong_fields_is_refused_and_may_be_said_again() -> None:
    play = Rehearsal()
    play.ask("hello", Nothing())

    play.refuse(BadRequest(problems="oldest: missing"))

    assert isinstance(play.ask("hello", sample_hello()), Request)
    assert stage_of(play.server) is Stage.GREETED


def test_the_end_of_the_stream_between_two_frames_closes_both_ends() -> None:
    play = entered()

    assert events_of(play.server, b"") == [CLOSED]
    assert events_of(play.client, b"") == [CLOSED]
    assert stage_of(play.server) is stage_of(play.client) is Stage.CLOSED
    with pytest.raises(LocalProtocolError):
        play.server.tell(LEAVING)


def test_the_end_of_the_stream_inside_a_frame_is_a_protocol_error() -> None:
    play = entered()
    events_of(play.server, says(Ping())[:-1])
    assert play.server.mid_frame

    with pytest.raises(RemoteProtocolError, match="inside a frame"):
        events_of(play.server, b"")


def test_an_event_encoded_for_many_is_the_event_told_to_one() -> None:
    event = Announcement(code=Farewell.SERVER_STOPPING, fr="F", en="E", in_seconds=30.0)

    assert encode_event(event) == entered().server.tell(event)


def test_only_known_events_can_be_told() -> None:
    with pytest.raises(KeyError):
        entered().server.tell(Hello)


# ------------------------------------------------------------------- what is known already


def test_a_known_request_is_answered_without_being_heard() -> None:
    server = entered().server
    asked = Request(7, "seats.show", {"a": 1})
    server.receive(encode_frame(pack(to_wire(asked))) + encode_frame(pack(to_wire(asked))))
    seen: list[bytes] = []

    def known(what: bytes, who: str) -> bytes | None:
        assert who == "a session"
        seen.append(what)
        return pack([1, 2]) if len(seen) == 2 else None

    question = pack("seats.show") + pack({"a": 1})
    assert server.answer_known(known, "a session", 9) == (0, b"", question)
    assert server.next_event() == asked
    # The oldest is answered first, and nothing is known before.
    assert server.answer_known(known, "a session", 9) == NONE_ANSWERED
    assert len(seen) == 1
    plainly = server.answer(7, [1, 2])
    assert server.answer_known(known, "a session", 9) == (1, plainly, None)
    assert seen == [question] * 2
    assert server.unanswered == 0
    assert server.next_event() is NEED_DATA
    assert server.answer_known(known, "a session", 9) == NONE_ANSWERED


def test_an_answer_that_is_packed_is_the_same_frame() -> None:
    one, other = entered().server, entered().server
    for ident in (0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1):
        frame = encode_frame(pack(to_wire(Request(ident, "seats.show", {}))))
        for server in (one, other):
            server.receive(frame)
            server.next_event()
        assert one.answer(ident, {"x": "é"}) == other.answer_packed(ident, pack({"x": "é"}))
    with pytest.raises(LocalProtocolError):
        one.answer_packed(0, b"\xc0")


def test_a_packed_answer_that_is_too_long_leaves_the_request_waiting() -> None:
    server = entered().server
    server.receive(encode_frame(pack(to_wire(Request(1, "seats.show", {})))))
    server.next_event()
    with pytest.raises(MessageTooLarge):
        server.answer_packed(1, pack(b"x" * server.limits.from_server_bytes))
    assert server.unanswered == 1


def test_nothing_is_known_before_a_session() -> None:
    server = ServerConversation(WireLimits())
    server.receive(encode_frame(pack(to_wire(Request(0, "hello", {})))))
    assert server.answer_known(lambda *_: b"\xc0", None, 9) == NONE_ANSWERED
    assert isinstance(server.next_event(), Request)


def test_what_is_broken_stays_broken_for_who_knows_the_answers() -> None:
    server = entered().server
    server.receive((server.limits.from_client_bytes + 1).to_bytes(4, "big"))
    server.receive(encode_frame(pack(to_wire(Request(0, "seats.show", {})))))
    for _ in range(2):
        assert server.answer_known(lambda *_: b"\xc0", None, 9) == NONE_ANSWERED
        with pytest.raises(FrameTooLarge):
            server.next_event()
