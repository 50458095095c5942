"""Following what changes: nothing missed, nothing told twice."""

from __future__ import annotations

import attrs
import trio
import trio.testing

from pronote_client import open_client
from pronote_client.patience import Patience
from pronote_client.testing import ScriptedServer, scripted_server
from pronote_protocol.catalogue.changes import ChangeRow, ChangesShown, ReadChanges
from pronote_protocol.messages import Announcement, BaseChanged
from pronote_protocol.words import Farewell


class Log:
    """A base as `changes.read` shows it: one mark changes at each revision."""

    def __init__(self, server: ScriptedServer, start: int) -> None:
        self.revision = start
        self.page = 500
        self.asked: list[int] = []
        server.answers["changes.read"] = self.read

    def read(self, wish: ReadChanges) -> ChangesShown:
        self.asked.append(wish.since)
        last = min(self.revision, wish.since + self.page)
        rows = tuple(row(number) for number in range(wish.since + 1, last + 1))
        return ChangesShown(rows=rows, revision=last, complete=last == self.revision)


def row(revision: int) -> ChangeRow:
    return ChangeRow(revision, "marks", f"1/{revision}")


async def tell(server: ScriptedServer, log: Log, revision: int) -> None:
    log.revision = revision
    await server.peer.say(BaseChanged(revision=revision, what=("marks",)))


async def test_all_pages_are_read() -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        log = Log(server, 12)
        log.page = 5
        first = await client.changes.read(0)
        shown = await client.changes.read_all(0)

    assert [each.revision for each in first.rows] == [1, 2, 3, 4, 5]
    assert not first.complete
    assert shown == ChangesShown(
        rows=tuple(row(number) for number in range(1, 13)), revision=12, complete=True
    )


async def test_who_follows_reads_what_changed_each_time_he_is_told() -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        start = client.entered.revision
        log = Log(server, start)
        following = client.changes.follow()
        with trio.fail_after(5):
            await tell(server, log, start + 2)
            assert (await anext(following)).rows == (row(start + 1), row(start + 2))
            await server.peer.say(announcement())
            await tell(server, log, start + 3)
            shown = await anext(following)

    assert shown == ChangesShown(rows=(row(start + 3),), revision=start + 3, complete=True)


async def test_what_changed_before_the_first_event_is_told_too() -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        log = Log(server, 7)
        with trio.fail_after(5):
            shown = await anext(client.changes.follow(since=5))

    assert shown.rows == (row(6), row(7))
    assert log.asked == [5]


async def test_many_events_about_what_was_read_are_told_once() -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        log = Log(server, 0)
        following = client.changes.follow(since=0)
        with trio.fail_after(5):
            for revision in (1, 2, 3):
                await tell(server, log, revision)
            first = await anext(following)
            await tell(server, log, 4)
            second = await anext(following)

    assert [each.revision for each in (*first.rows, *second.rows)] == [1, 2, 3, 4]


async def test_an_event_that_was_dropped_is_made_up_for() -> None:
    patience = attrs.evolve(Patience(), kept_events=2)
    async with (
        scripted_server() as server,
        open_client(**server.way_in(), patience=patience) as client,
    ):
        log = Log(server, 0)
        following = client.changes.follow(since=0)
        with trio.fail_after(5):
            await tell(server, log, 1)
            await anext(following)
            await tell(server, log, 2)
            for _ in range(4):
                await server.peer.say(announcement())
            await trio.testing.wait_all_tasks_blocked()
            assert client.events_dropped == 4
            shown = await anext(following)

    assert shown.rows == (row(2),)


async def test_it_ends_with_the_session() -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        Log(server, 3)
        following = client.changes.follow(since=1)
        with trio.fail_after(5):
            await anext(following)
            await client.leave()
            assert [shown async for shown in following] == []
            assert [shown async for shown in client.changes.follow(since=1)] == []


def announcement() -> Announcement:
    return Announcement(code=Farewell.SERVER_STOPPING, fr="", en="", in_seconds=60.0)
