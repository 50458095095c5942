"""What is put into the outbox leaves, in time and at least once; lost credentials do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from sqlalchemy import Connection
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import account as calls
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_server.clock import Clock
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.domain.outgoing import (
    MOST_ATTEMPTS,
    Channel,
    OutgoingMessage,
    OutgoingState,
)
from pronote_server.hosting import account, credentials, outbox
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.rescue.commands.account import commands
from pronote_server.storage import outbox as kept
from pronote_server.storage.errors import StorageFailed
from pronote_server.testing import WireClient, open_test_door, open_test_school

START = datetime(2021, 3, 1, 8, tzinfo=UTC)
ASKER = Asker("ADMIN", "192.0.2.1")


@attrs.define(eq=False)
class Post:
    """A way out that notes what it was given, and does what it is told."""

    clock: Clock
    given: list[tuple[OutgoingMessage, float]] = attrs.field(factory=list)
    spooled: list[str] = attrs.field(factory=list)
    act: Callable[[OutgoingMessage], None] = lambda _: None

    async def deliver(
        self, message: OutgoingMessage, spool: Path, *, only_spool: bool
    ) -> OutgoingState:
        await trio.lowlevel.checkpoint()
        self.given.append((message, (self.clock.now() - START).total_seconds()))
        self.act(message)
        if only_spool or message.recipient is None:
            self.spooled.append(message.message_id)
            return OutgoingState.SPOOLED
        return OutgoingState.SENT

    @property
    def times(self) -> list[float]:
        return [seconds for _, seconds in self.given]


def fail(*, final: bool = False) -> Callable[[OutgoingMessage], None]:
    def act(message: OutgoingMessage) -> None:
        raise DeliveryFailed("relay said 451", final=final)

    return act


@pytest.fixture
async def school(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[School]:
    async with open_test_school(tmp_path, inline=True, clock=Clock(START)) as opened:
        known = {"email": "responsable@ecole.example", "mobile": "+33639980178"}
        await account.change_terms(opened, known, Asker("test", None))
        yield opened


@pytest.fixture
def post(school: School) -> Post:
    return Post(school.clock)


@asynccontextmanager
async def delivering(school: School, post: Post) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.deliver_outbox, school, post)
        yield
        nursery.cancel_scope.cancel()


async def put(school: School, channel: Channel = Channel.EMAIL) -> OutgoingMessage:
    message = outbox.new_message(school, channel, "a@b.example", "Objet", "secret {id}")
    await school.records.write(lambda conn: outbox.put_into_outbox(conn, message))
    school.outbox_changed.set()
    return message


async def only(school: School) -> OutgoingMessage:
    (message,) = await outbox.list_outgoing(school)
    return message


async def kinds(school: School, family: str) -> list[str]:
    lines, _ = await school.journal.read(before=None, limit=50, kind=family, search=None)
    return [line.kind for line in reversed(lines)]


# ------------------------------------------------------------------------ the outbox


async def test_what_is_put_leaves_at_once_and_nothing_of_it_is_kept(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    before = await put(school)
    async with delivering(school, post):
        await wait_all_tasks_blocked()
        during = await put(school)
        await wait_all_tasks_blocked()

    assert [message.message_id for message, _ in post.given] == [
        before.message_id,
        during.message_id,
    ]
    for message in await outbox.list_outgoing(school):
        assert (message.state, message.body) == (OutgoingState.SENT, None)
    assert await kinds(school, "message") == ["message.sent", "message.sent"]


async def test_each_failure_doubles_the_wait_until_it_is_taken(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    post.act = fail()
    await put(school)
    async with delivering(school, post):
        await school.clock.sleep_until(START + timedelta(minutes=4))
        post.act = lambda _: None
        await school.clock.sleep_until(START + timedelta(hours=1))

    assert post.times == [0, 30, 90, 210, 450]
    assert len({message.message_id for message, _ in post.given}) == 1
    assert (await only(school)).attempts == 5


async def test_it_is_given_up_in_the_end_and_may_be_tried_again(
    school: School, post: Post, logs: Logs, autojump_clock: MockClock
) -> None:
    post.act = fail()
    message = await put(school)
    async with delivering(school, post):
        await school.clock.sleep_until(START + timedelta(days=30))
        given_up = await only(school)
        assert len(post.given) == given_up.attempts == MOST_ATTEMPTS
        assert given_up.state is OutgoingState.FAILED
        assert given_up.problem == "relay said 451"

        post.act = lambda _: None
        await outbox.retry_outgoing(school, message.message_id[:6], ASKER)
        await wait_all_tasks_blocked()
        assert (await only(school)).state is OutgoingState.SENT
        with pytest.raises(Conflict):
            await outbox.retry_outgoing(school, message.message_id, ASKER)
    assert [entry["why"] for entry in logs.of("message.given_up")] == ["relay said 451"]
    assert await kinds(school, "message") == [
        "message.given_up",
        "message.retried",
        "message.sent",
    ]


async def test_what_can_only_fail_again_is_given_up_at_once(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    post.act = fail(final=True)
    await put(school)
    async with delivering(school, post):
        await school.clock.sleep_until(START + timedelta(days=1))

    assert post.times == [0]
    assert (await only(school)).state is OutgoingState.FAILED


async def test_one_that_fails_does_not_hold_back_the_others(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    stuck = await put(school)

    def act(message: OutgoingMessage) -> None:
        if message.message_id == stuck.message_id:
            raise DeliveryFailed("no")

    post.act = act
    await put(school)
    async with delivering(school, post):
        await wait_all_tasks_blocked()

    states = [each.state for each in await outbox.list_outgoing(school)]
    assert states == [OutgoingState.SENT, OutgoingState.WAITING]


async def test_killed_between_sending_and_marking_it_is_sent_again(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    """At least once: the id tells whoever gets it twice."""
    await put(school)
    with trio.CancelScope() as killed:

        @attrs.define(eq=False)
        class Killed(Post):
            async def deliver(self, *args: Any, **options: Any) -> OutgoingState:
                await super().deliver(*args, **options)
                killed.cancel()
                await trio.sleep_forever()
                raise AssertionError

        dying = Killed(school.clock)
        await outbox.deliver_outbox(school, dying)
    assert (await only(school)).state is OutgoingState.WAITING

    async with delivering(school, post):
        await wait_all_tasks_blocked()
    ((first, _),), ((second, _),) = dying.given, post.given
    assert first.message_id == second.message_id
    assert (await only(school)).state is OutgoingState.SENT


async def test_a_disk_that_fails_after_sending_does_not_send_it_again_and_again(
    school: School,
    post: Post,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,
) -> None:
    logs.expect("outbox.disk_failed")
    await put(school)

    def full(*_: object) -> bool:
        raise StorageFailed("SQLITE_FULL")

    with monkeypatch.context() as patched:
        patched.setattr(kept, "update_message", full)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.deliver_outbox, school, post)
            await school.clock.sleep_until(START + timedelta(hours=1))
            assert (await only(school)).state is OutgoingState.WAITING
            patched.undo()
            await school.clock.sleep_until(START + timedelta(hours=1, minutes=2))
            nursery.cancel_scope.cancel()

    assert len(post.given) == 1
    assert (await only(school)).state is OutgoingState.SENT
    assert len(logs.of("outbox.disk_failed")) >= 60


async def test_a_mistake_in_the_delivery_does_not_end_the_outbox(
    school: School, post: Post, logs: Logs, autojump_clock: MockClock
) -> None:
    logs.expect("outbox.crashed")

    def act(message: OutgoingMessage) -> None:
        post.act = lambda _: None
        raise ZeroDivisionError

    post.act = act
    await put(school)
    async with delivering(school, post):
        await school.clock.sleep_until(START + timedelta(minutes=2))
    assert post.times == [0, 60]


async def test_a_frozen_clock_holds_the_next_attempt(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    post.act = fail()
    await put(school)
    async with delivering(school, post):
        await wait_all_tasks_blocked()
        school.clock.freeze()
        await trio.sleep(3600)
        assert post.times == [0]
        school.clock.advance(timedelta(seconds=30))
        await wait_all_tasks_blocked()
    assert post.times == [0, 30]


async def test_the_outbox_is_bounded_and_forgets_what_has_left(
    school: School,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 5)
    for _ in range(5):
        await put(school)
    with pytest.raises(Conflict):
        await put(school)
    async with delivering(school, post):
        await wait_all_tasks_blocked()
        assert len(await outbox.list_outgoing(school)) == 5
        school.clock.advance(timedelta(days=31))
        last = await put(school)
        await wait_all_tasks_blocked()
    assert [each.message_id for each in await outbox.list_outgoing(school)] == [last.message_id]


# ------------------------------------------------------------------------- credentials


async def test_an_administrator_has_the_credentials_sent_and_is_told_where(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    async with open_test_door(school) as door, delivering(school, post):
        client = await WireClient.inside(door, "admin")
        sent = await client.call(calls.RECEIVE_CREDENTIALS, Nothing())
        await wait_all_tasks_blocked()

    identity = school.account.identity
    assert sent == calls.CredentialsSent(email="r•••••@ecole.example", mobile="•••••••78")
    (email, _), (sms, _) = post.given
    assert (email.recipient, sms.recipient) == ("responsable@ecole.example", "+33639980178")
    assert identity.hosting_number in (email.body or "")
    assert identity.invoice_number in (email.body or "")
    assert "ADMIN" in (email.body or "")
    assert identity.console_password in (sms.body or "")
    assert identity.console_password not in (email.body or "")
    for message in (email, sms):
        assert message.message_id[:8] in (message.body or "")

    lines, _ = await school.journal.read(before=None, limit=50, kind=None, search=None)
    assert {"account.credentials_asked", "message.sent"} <= {line.kind for line in lines}
    for secret in (identity.console_password, identity.invoice_number, "+33639980178"):
        assert secret not in repr(lines)


async def test_all_of_it_is_put_or_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    def broken(conn: Connection, line: object) -> None:
        raise StorageFailed("SQLITE_FULL")

    with monkeypatch.context() as patched:
        patched.setattr(credentials, "append_journal", broken)
        with pytest.raises(StorageFailed):
            await credentials.send_credentials(school, ASKER)
    assert await outbox.list_outgoing(school) == []
    # Not counted either.
    await credentials.send_credentials(school, ASKER)
    assert len(await outbox.list_outgoing(school)) == 2


async def test_it_is_asked_every_ten_minutes_and_five_times_a_day(
    school: School, autojump_clock: MockClock
) -> None:
    for number in range(5):
        await credentials.send_credentials(school, ASKER)
        with pytest.raises(Conflict) as soon:
            await credentials.send_credentials(school, ASKER)
        assert soon.value.retry_after == (600 if number < 4 else 86_400 - 2400)
        school.clock.advance(timedelta(minutes=10))
    with pytest.raises(Conflict) as often:
        await credentials.send_credentials(school, ASKER)
    assert often.value.retry_after == 86_400 - 3000

    school.clock.travel_to(START + timedelta(days=1))
    await credentials.send_credentials(school, ASKER)
    assert len(await outbox.list_outgoing(school)) == 12


async def test_a_clock_that_went_back_refuses_nobody(
    school: School, autojump_clock: MockClock
) -> None:
    await credentials.send_credentials(school, ASKER)
    school.clock.advance(timedelta(days=-2))
    await credentials.send_credentials(school, ASKER)


async def test_without_the_option_or_an_address_it_is_left_to_the_operator(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    await account.change_terms(school, {"sms": "non", "email": None}, ASKER)
    async with delivering(school, post):
        sent = await credentials.send_credentials(school, ASKER)
        await wait_all_tasks_blocked()

    assert sent == calls.CredentialsSent(email=None, mobile=None)
    assert len(post.spooled) == 2
    states = {each.state for each in await outbox.list_outgoing(school)}
    assert states == {OutgoingState.SPOOLED}
    assert await kinds(school, "message") == ["message.spooled", "message.spooled"]


async def test_the_operator_lists_without_secrets_and_reads_one(
    school: School, post: Post, autojump_clock: MockClock
) -> None:
    asked = commands(lambda _: school)
    post.act = fail(final=True)
    async with delivering(school, post):
        await credentials.send_credentials(school, ASKER)
        await wait_all_tasks_blocked()
        listed = await asked["outbox.list"]({})
        password = school.account.identity.console_password

        assert [row["channel"] for row in listed["items"]] == ["sms", "email"]
        assert password not in repr(listed)
        assert listed["spool"] == str(school.folder / "spool")
        one = await asked["outbox.show"]({"message": listed["items"][0]["id"]})
        assert password in one["body"]
        with pytest.raises(NotFound):
            await asked["outbox.show"]({"message": "zz"})

        post.act = lambda _: None
        again = await asked["outbox.retry"]({})
        assert len(again["items"]) == 2
        await wait_all_tasks_blocked()
        gone = await asked["outbox.show"]({"message": listed["items"][0]["id"]})
        assert gone["body"] is None
        with pytest.raises(Conflict):
            await asked["outbox.retry"]({})
