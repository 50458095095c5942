"""
One connection: the only place where the conversation meets a stream.

Two tasks, each the single owner of one direction: the **reader** owns ``receive_some`` and
gives each answer to whoever asked; the **writer** owns ``send_all``, since one cancelled
half-way leaves half a frame on the wire. A third, the **watch**, notices a server that
has fallen silent. All three are shielded: whoever cancels a call, or a whole client, must
not cut a frame or prevent the goodbye from leaving. `Connection.close` is what ends them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs
import trio

from pronote_client.patience import Patience
from pronote_client.transport import Transport
from pronote_protocol.conversation import ClientConversation, Closed, NeedData
from pronote_protocol.envelopes import Event, Response
from pronote_protocol.errors import BadRequest, PronoteError, RemoteProtocolError
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import EVENTS, Goodbye, Limits, Ping, Pong
from pronote_protocol.records import structure, unstructure
from pronote_protocol.stages import Stage
from pronote_protocol.words import Farewell

__all__ = ["Connection", "Cut", "Ending", "Slot", "answered_as", "plain"]

T = TypeVar("T")

_LEFT: Final = frozenset({Stage.CLOSING, Stage.CLOSED})


@attrs.frozen
class Ending:
    """
    How a connection ended; all None when it was cut.

    Attributes:
        goodbye: What the server said last, or None if it said nothing.
        error: What it said that no correct server says.
    """

    goodbye: Goodbye | None = None
    error: RemoteProtocolError | None = None


class Cut(PronoteError):
    """
    The connection ended before the answer came; never leaves the SDK.

    Attributes:
        ending: How.
        sent: Whether the request had begun to leave.
    """

    def __init__(self, ending: Ending, *, sent: bool) -> None:
        super().__init__("the connection ended before the answer")
        self.ending = ending
        self.sent = sent


@attrs.define(eq=False)
class Slot:
    """Where the answer to one request goes; whoever asked may be gone by then."""

    sent: bool = False
    response: Response | None = None
    done: trio.Event = attrs.field(factory=trio.Event)


class Connection:
    """
    Args:
        transport: Connected; `run` closes it.
        hear: Given each event but heartbeats and the goodbye; must not block.
    """

    def __init__(
        self, transport: Transport, patience: Patience, hear: Callable[[Any], None]
    ) -> None:
        self.transport = transport
        self.ending: Ending | None = None
        self.ended = trio.Event()
        self._patience = patience
        self._hear = hear
        self._wire = ClientConversation(WireLimits())
        self._scope = trio.CancelScope(shield=True)
        self._slots: dict[int, Slot] = {}
        self._places = trio.Semaphore(patience.pending_calls)
        self._outbox: list[tuple[bytes, Slot | None]] = []
        self._to_write = trio.Event()
        self._last_was_said = False
        self._wrote_all = trio.Event()
        self._silence_seconds = self._heartbeat_seconds = math.inf
        self._last_heard = trio.current_time()
        self._pinged = False
        self._watching = trio.Event()
        self._early: list[Any] | None = []

    @property
    def usable(self) -> bool:
        """Whether a call may be asked: it has not ended, and nobody has said goodbye."""
        return self.ending is None and self._wire.stage not in _LEFT

    async def run(self) -> None:
        """Carry this connection until it ends; close the stream. Never raises for that."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write_loop)
                    nursery.start_soon(self._watch)
                    await self._read_loop()
        finally:
            self._finish(Ending())
            await trio.aclose_forcefully(self.transport.stream)

    def obey(self, limits: Limits) -> None:
        """Respect from now on the bounds the server announced."""
        ours = self._wire.limits
        self._wire.limits = attrs.evolve(
            ours,
            before_login_bytes=limits.before_login_bytes,
            from_client_bytes=limits.from_client_bytes,
        )
        self._heartbeat_seconds = limits.heartbeat_seconds
        self._silence_seconds = limits.silence_seconds

    def begin(self) -> None:
        """
        Hear events and expect signs of life from now on; the session is entered.

        What came in the same packet as the answer to entering waited for this, so that
        nobody hears of a change to a session it does not know yet.
        """
        early, self._early = self._early or [], None
        for event in early:
            self._hear(event)
        self._watching.set()

    async def ask(self, method: str, params: dict[str, Any], slot: Slot | None = None) -> Any:
        """
        Return the answer to one request, as plain values.

        Cancelled while it waits for its turn, nothing was asked. Cancelled later, the
        request goes on without us: its answer is dropped when it comes, and never given to
        another call.

        Raises:
            Refused: The server said no.
            Cut: The connection ended first.
            LocalProtocolError: This may not be asked; nothing was sent.
        """
        slot = slot or Slot()
        await self._places.acquire()
        # From here to `wait` there is no checkpoint: what is asked is also written, in
        # the order of asking.
        try:
            if not self.usable:
                raise Cut(self.ending or Ending(), sent=False)
            ident, frame = self._wire.ask(method, params)
        except BaseException:
            self._places.release()
            raise
        self._slots[ident] = slot
        self._post(frame, slot)
        await slot.done.wait()
        if slot.response is None:
            raise Cut(self.ending or Ending(), sent=slot.sent)
        if slot.response.error is not None:
            raise slot.response.error
        return slot.response.result

    async def leave(self, code: Farewell = Farewell.LOGOUT) -> None:
        """
        Say goodbye, wait for the server's, close; all within ``farewell_seconds``.

        Shielded, for that is when it matters: the one who cancels gets its seat freed at
        once. Calls in flight end as after a cut. Idempotent.
        """
        with trio.move_on_after(self._patience.farewell_seconds, shield=True):
            if self.ending is None and self._wire.stage not in _LEFT:
                self._post(self._wire.tell(Goodbye(code=code)))
            await self.ended.wait()
        self.close()

    def close(self) -> None:
        """Close at once, without a goodbye; the server sees a cut."""
        self._finish(Ending())

    def _finish(self, ending: Ending) -> None:
        """End everything; the first ending wins."""
        if self.ending is not None:
            return
        self.ending = ending
        for slot in self._slots.values():
            slot.done.set()
        self._slots.clear()
        for _ in range(self._places.statistics().tasks_waiting):
            self._places.release()
        self.ended.set()
        self._scope.cancel()

    def _post(self, frame: bytes, slot: Slot | None = None) -> None:
        self._outbox.append((frame, slot))
        self._to_write.set()

    async def _write_loop(self) -> None:
        try:
            while self._outbox or not self._last_was_said:
                await self._to_write.wait()
                self._to_write = trio.Event()
                frames, self._outbox = self._outbox, []
                for _, slot in frames:
                    if slot is not None:
                        slot.sent = True
                await self.transport.stream.send_all(b"".join(frame for frame, _ in frames))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the reader may still find a goodbye that was said before the cut
        finally:
            self._wrote_all.set()

    async def _read_loop(self) -> None:
        try:
            while self.ending is None:
                try:
                    chunk = await self.transport.stream.receive_some()
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    self._finish(Ending())
                    return
                if not chunk and self._wire.mid_frame:
                    # A cut in the middle of an answer is a cut, and no bad manners.
                    self._finish(Ending())
                    return
                self._last_heard = trio.current_time()
                self._pinged = False
                self._wire.receive(chunk)
                self._take_all()
        except RemoteProtocolError as exc:
            await self._give_up(exc)

    def _take_all(self) -> None:
        while self.ending is None:
            message = self._wire.next_event()
            if isinstance(message, NeedData):
                return
            if isinstance(message, Closed):
                self._finish(Ending())
            elif isinstance(message, Response):
                slot = self._slots.pop(message.id)
                slot.response = message
                slot.done.set()
                self._places.release()
            else:
                self._take_event(message)

    def _take_event(self, message: Event) -> None:
        event = answered_as(message.params, EVENTS[message.name])
        if isinstance(event, Goodbye):
            self._finish(Ending(goodbye=event))
        elif isinstance(event, Ping):
            if self._wire.stage is Stage.ACTIVE:
                self._post(self._wire.tell(Pong()))
        elif not isinstance(event, Pong):
            if self._early is None:
                self._hear(event)
            else:
                self._early.append(event)

    async def _give_up(self, exc: RemoteProtocolError) -> None:
        """Tell a server that makes no sense so, and hang up."""
        if self._wire.stage not in _LEFT:
            self._post(self._wire.tell(Goodbye(code=Farewell.PROTOCOL_ERROR)))
            self._last_was_said = True
            # A server that does not read either does not hold us for long.
            with trio.move_on_after(self._patience.farewell_seconds):
                await self._wrote_all.wait()
        self._finish(Ending(error=exc))

    async def _watch(self) -> None:
        await self._watching.wait()
        while True:
            quiet = trio.current_time() - self._last_heard
            if quiet >= self._silence_seconds:
                self._finish(Ending())
                return
            if quiet >= self._heartbeat_seconds and not self._pinged:
                self._pinged = True
                if self._wire.stage is Stage.ACTIVE:
                    self._post(self._wire.tell(Ping()))
            wait = self._silence_seconds if self._pinged else self._heartbeat_seconds
            await trio.sleep_until(self._last_heard + min(wait, self._silence_seconds))


def answered_as(value: Any, cls: type[T]) -> T:
    """
    Return *value* as a *cls*; what a newer server tells besides is passed over.

    Raises:
        RemoteProtocolError: It has another shape than the catalogue says.
    """
    try:
        return structure(value, cls, tolerant=True)
    except BadRequest as exc:
        raise RemoteProtocolError(f"the server's {cls}: {exc}") from None


def plain(record: Any) -> dict[str, Any]:
    """Return *record* as the parameters of a request."""
    values: dict[str, Any] = unstructure(record)
    return values
