"""
One client, without I/O: bytes in, bytes out.

`Peer.feed` takes what the transport returned and gives back everything there is to answer,
in one piece. A call that needs the disk does not answer at once, unless it is one short
reading of what the system has in its memory (`storage.short_reads`): `Peer.waiting` is then
true, and the connection awaits `Peer.go_on`, which gives the rest. Answers keep the order
of the requests whatever some of them wait for.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from types import CoroutineType
from typing import Any

import structlog
import trio

from pronote_protocol.catalogue import CATALOGUE, Call
from pronote_protocol.conversation import CLOSED, NEED_DATA, ServerConversation
from pronote_protocol.envelopes import Event, Request
from pronote_protocol.errors import (
    BadRequest,
    BaseUnavailable,
    InternalError,
    MessageTooLarge,
    NotAllowed,
    Refused,
    RemoteProtocolError,
    Unconfirmed,
    UnknownMethod,
)
from pronote_protocol.known_answers import NONE_ANSWERED, Answered
from pronote_protocol.messages import Goodbye, Pong
from pronote_protocol.records import structure, unstructure
from pronote_protocol.stages import Stage
from pronote_protocol.words import Farewell
from pronote_server.hosting import exclusive_use, security
from pronote_server.hosting.farewells import goodbye
from pronote_server.hosting.hot_answers import Packed, is_kept
from pronote_server.hosting.long_work import in_refusals
from pronote_server.native.calls import ANSWERS, Visit
from pronote_server.native.calls.visit import Answer, Reading
from pronote_server.native.doorstep import Doorstep
from pronote_server.storage.errors import (
    BaseFileRefused,
    DatabaseBroken,
    DatabaseClosed,
    StorageFailed,
)
from pronote_server.storage.short_reads import NotNow

__all__ = ["Peer"]

# One read can hold three thousand tiny requests; after so many the others get their turn.
_REQUESTS_IN_A_ROW = 32


class Peer:
    """
    What one client has said, and what it may do.

    Args:
        doorstep: Everything up to the session; holds the session once there is one.
        log: Bound to the client's address.

    Attributes:
        farewell: Set when the conversation is over for a reason the client is told.
        gone: Set when the client said goodbye, or ended its stream.
        heard_at: Transport time of the last bytes.
        resting: Whether what was fed has been dealt with, and more may come.
    """

    def __init__(self, doorstep: Doorstep, log: structlog.typing.FilteringBoundLogger) -> None:
        self.doorstep = doorstep
        self.wire: ServerConversation = doorstep.wire
        self.farewell: Goodbye | None = None
        self.gone: Farewell | None = None
        self.resting = True
        self.heard_at = trio.current_time()
        self.frame_since: float | None = None
        self._log = log
        self._slow: tuple[Request, Coroutine[Any, Any, Any]] | None = None
        self._more = False
        # What the next request asks, as its bytes, when nobody knew its answer.
        self._asked: bytes | None = None
        self._establishing: dict[str, Callable[[dict[str, Any]], Any]] = {
            "hello": doorstep.hello,
            "login.start": doorstep.login_start,
            "login.finish": doorstep.login_finish,
            "password.personalise": doorstep.personalise,
            "session.enter": doorstep.enter,
            "session.resume": doorstep.resume,
        }

    @property
    def waiting(self) -> bool:
        """Whether `go_on` must be awaited before more is fed."""
        return self._slow is not None or self._more

    @property
    def over(self) -> bool:
        """Whether nothing more will be read from this client."""
        return self.farewell is not None or self.gone is not None

    def feed(self, data: bytes, now: float) -> bytes:
        """
        Take what was received (``b""`` at the end of stream); return the answers.

        Args:
            now: Transport time, of the turn in which many may be heard.
        """
        self.heard_at = now
        self.wire.receive(data)
        recalled, answers, following = self._recall(_REQUESTS_IN_A_ROW)
        if following is not None:
            return self._work(now, recalled, answers, following)
        self.frame_since = None
        self.doorstep.count_requests(recalled, now, calls=True)
        return answers

    async def go_on(self) -> bytes:
        """
        Finish the call that waits and go on with what was read; return the answers.

        Cancelled while it waits, the answer is never given; a write may have happened.
        """
        if self._slow is None:
            await trio.lowlevel.checkpoint()
            return self._go_on()
        request, answer = self._slow
        try:
            said = self._say(request, await answer)
        except Refused as refusal:
            said = self._refuse(request, refusal)
        except RemoteProtocolError as exc:
            self._break_off(exc)
            return b""
        except Exception as exc:
            said = self._crash(request, exc)
        finally:
            self._slow = None
        return said + self._go_on()

    def close(self) -> None:
        """Forget what waits; for a connection that ends before `go_on`."""
        if self._slow is not None:
            self._slow[1].close()
            self._slow = None

    def _go_on(self) -> bytes:
        return self._work(trio.current_time(), *self._recall(_REQUESTS_IN_A_ROW))

    def _work(
        self, now: float, recalled: int, answers: bytes, following: bytes | None
    ) -> bytes:
        """Answer what was read, beginning after so many requests whose answers were kept."""
        wire, out, done, answered = self.wire, [answers], recalled, 0
        self._more = False
        try:
            while following is not None:
                if done >= _REQUESTS_IN_A_ROW:
                    self._more = True
                    break
                self._asked = following or None
                message = wire.next_event()
                if message is NEED_DATA:
                    break
                if message is CLOSED:
                    self.gone = Farewell.LOST
                    break
                if isinstance(message, Request):
                    said = self._answer(message)
                    if said is None:
                        break
                    out.append(said)
                    answered += 1
                elif isinstance(message, Event):
                    out.append(self._hear(message))
                    answered += 1
                if self.over:
                    break
                done += 1
                known, answers, following = self._recall(_REQUESTS_IN_A_ROW - done)
                recalled += known
                done += known
                out.append(answers)
        except RemoteProtocolError as exc:
            self._break_off(exc)
        if recalled or answered:
            self.doorstep.count_requests(recalled + answered, now, calls=recalled > 0)
        if not wire.mid_frame:
            self.frame_since = None
        elif self.frame_since is None:
            self.frame_since = self.heard_at
        self.resting = not (self.waiting or self.over)
        return b"".join(out)

    def _recall(self, most: int) -> Answered:
        """Answer what is asked next, at most so many requests, if it is kept and may be."""
        doorstep = self.doorstep
        if doorstep.session is None:
            return NONE_ANSWERED
        school, session = doorstep.visited()
        base = school.base
        if base is None or not school.in_service:
            return NONE_ANSWERED
        return self.wire.answer_known(base.hot.recall, session, most)

    def _hear(self, event: Event) -> bytes:
        if event.name == "ping":
            return self.wire.tell(Pong()) if self.wire.stage is Stage.ACTIVE else b""
        if event.name == "goodbye":
            self.gone = Farewell.LOGOUT
        return b""

    def _answer(self, request: Request) -> bytes | None:
        """Return the answer, or None when it has to be waited for."""
        try:
            establish = self._establishing.get(request.method)
            result = establish(request.params) if establish else self._call(request)
            if type(result) is CoroutineType:
                self._slow = (request, result)
                return None
            return self._say(request, result)
        except Refused as refusal:
            return self._refuse(request, refusal)
        except RemoteProtocolError:
            raise
        except Exception as exc:
            return self._crash(request, exc)

    def _call(self, request: Request) -> Any:
        school, session = self.doorstep.visited()
        session.last_call_at = school.clock.timestamp()
        call = CATALOGUE.get(request.method)
        if call is None:
            raise UnknownMethod(method=request.method)
        if session.mode not in call.modes or call.right not in session.rights:
            return self._unauthorised(request.method)
        key = _take_key(request.params) if call.keyed else None
        params = structure(request.params, call.params)
        if call.writes:
            exclusive_use.check_may_write(school, session)
        visit, answer = Visit(school, session, key), ANSWERS[request.method]
        if self._asked is not None and is_kept(call):
            return self._kept(call, answer, visit, params)
        return answer(visit, params)

    def _kept(self, call: Call[Any, Any], answer: Answer, visit: Visit, params: Any) -> Any:
        """Return the answer, or what makes it; either way it is kept."""
        base, asked = visit.school.base_in_service(), self._asked
        assert asked is not None
        if isinstance(answer, Reading) and answer.is_short(visit, params):
            read = partial(
                base.database.read_now, answer.query(visit, params), turn=self.heard_at
            )
            try:
                return base.hot.keep_now(asked, call, visit.session, read)
            except NotNow:
                pass
        return base.hot.keep(asked, call, visit.session, partial(answer, visit, params))

    async def _unauthorised(self, method: str) -> None:
        school, session = self.doorstep.visited()
        await security.unauthorised_call(school, session, method)
        raise NotAllowed()

    def _say(self, request: Request, result: Any) -> bytes:
        try:
            if type(result) is Packed:
                return self.wire.answer_packed(request.id, result.data)
            return self.wire.answer(request.id, unstructure(result))
        except MessageTooLarge as exc:
            return self._crash(request, exc)

    def _refuse(self, request: Request, refusal: Refused) -> bytes:
        said = self.wire.refuse(request.id, refusal)
        if refusal.ends:
            self.farewell = goodbye(
                self.doorstep.farewell_of(refusal), reference=refusal.reference
            )
        return said

    def _crash(self, request: Request, exc: Exception) -> bytes:
        if isinstance(exc, BaseFileRefused) or (
            isinstance(exc, StorageFailed) and exc.disk_full
        ):
            return self.wire.refuse(request.id, in_refusals(exc))
        if isinstance(exc, DatabaseClosed):
            return self.wire.refuse(request.id, BaseUnavailable(retry_after=1.0))
        reference = f"E-{secrets.token_hex(4)}"
        known = isinstance(exc, (StorageFailed, DatabaseBroken, trio.TooSlowError))
        event = "call.failed" if known else "call.crashed"
        self._log.error(event, method=request.method, reference=reference, exc_info=exc)
        if isinstance(exc, (DatabaseBroken, trio.TooSlowError)):
            return self.wire.refuse(request.id, Unconfirmed(reference=reference))
        return self.wire.refuse(request.id, InternalError(reference=reference))

    def _break_off(self, exc: RemoteProtocolError) -> None:
        self._log.info("peer.protocol_error", error=str(exc), stage=self.wire.stage.value)
        self.farewell = goodbye(Farewell.PROTOCOL_ERROR, detail=str(exc)[:200])


def _take_key(params: dict[str, Any]) -> str | None:
    key = params.pop("key", None)
    # SQLite counts the characters of a text up to its first NUL.
    if key is None or (type(key) is str and 0 < len(key) <= 64 and "\0" not in key):
        return key
    raise BadRequest(problems="key: expected a text of 1 to 64 characters, none of them NUL")
