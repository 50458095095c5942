"""
Cancelled at every step any task takes, nothing is lost: no seat, no frame, no answer.

Steps are counted by a Trio instrument. A scenario runs again and again, cancelled one step
later each time, until it runs through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_client import OutcomeUnknown, SessionResumed, open_client
from pronote_client.testing import ScriptedServer, scripted_server
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.resources import ListResources, ResourceRow
from pronote_protocol.catalogue.security import Lifted
from pronote_protocol.catalogue.sessions import ExclusiveShown
from pronote_protocol.words import ResourceKind

Scenario = Callable[[ScriptedServer, trio.CancelScope], Awaitable[None]]


class CancelAt(trio.abc.Instrument):
    """Cancels *scope* when the run takes step number *step*, counted from `start`."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self.scope = scope
        self.left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


async def at_every_step(scenario: Scenario) -> int:
    """Run *scenario* cancelled at its every step; return how many there were."""
    for step in range(1, 5_000):
        async with scripted_server() as server:
            with trio.CancelScope() as scope:
                instrument = CancelAt(scope, step)
                trio.lowlevel.add_instrument(instrument)
                try:
                    await scenario(server, scope)
                finally:
                    trio.lowlevel.remove_instrument(instrument)
            # The client has gone: everything it held is free, without waiting for a timeout.
            await wait_all_tasks_blocked()
            assert server.seated == {}, f"seat lost when cancelled at step {step}"
            assert server.peers == [], f"connection left when cancelled at step {step}"
        if not scope.cancel_called:
            return step
    raise AssertionError("the scenario has no end")


async def open_and_leave(server: ScriptedServer, scope: trio.CancelScope) -> None:
    async with open_client(**server.way_in(resumable=True)):
        pass


async def open_call_and_leave(server: ScriptedServer, scope: trio.CancelScope) -> None:
    server.answers["exclusive.show"] = ExclusiveShown(holder=None)
    async with open_client(**server.way_in(resumable=True)) as client:
        await client.exclusive.show()
        await client.exclusive.show()


async def cut_and_come_back(server: ScriptedServer, scope: trio.CancelScope) -> None:
    server.answers["exclusive.show"] = ExclusiveShown(holder=None)
    way_in = server.way_in(resumable=True, draw=lambda: 0.0)
    async with open_client(**way_in) as client:
        await server.peer.cut()
        await client.next_event()
        assert isinstance(await client.next_event(), SessionResumed)
        await client.exclusive.show()


@pytest.mark.parametrize("scenario", [open_and_leave, open_call_and_leave])
async def test_a_client_cancelled_anywhere_frees_its_seat_at_once(
    scenario: Scenario, autojump_clock: MockClock
) -> None:
    """Resumable, so that only a goodbye frees the seat: a closed socket would keep it."""
    steps = await at_every_step(scenario)
    assert steps > 20
    assert trio.current_time() == 0


async def test_a_client_cancelled_while_it_comes_back_frees_its_seat(
    autojump_clock: MockClock,
) -> None:
    assert await at_every_step(cut_and_come_back) > 30


async def test_a_cancelled_call_never_gives_its_answer_to_another(
    autojump_clock: MockClock,
) -> None:
    """One of two calls in flight is cancelled at each step; three more follow."""

    def echo(params: ListResources) -> Page[ResourceRow]:
        return Page(total=1000, offset=params.offset, rows=())

    async def offset_of(client: Any, offset: int) -> int:
        page = await client.resources.list(ResourceKind.ROOMS, offset=offset)
        return int(page.offset)

    async with scripted_server() as server:
        server.answers["resources.list"] = echo
        async with open_client(**server.way_in()) as client:
            for step in range(1, 200):
                got: dict[int, int] = {}

                async def ask(offset: int, into: dict[int, int]) -> None:
                    into[offset] = await offset_of(client, offset)

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(ask, 1, got)
                    with trio.CancelScope() as scope:
                        instrument = CancelAt(scope, step)
                        trio.lowlevel.add_instrument(instrument)
                        try:
                            await ask(2, got)
                        finally:
                            trio.lowlevel.remove_instrument(instrument)
                    for offset in (3, 4, 5):
                        nursery.start_soon(ask, offset, got)
                assert all(offset == answer for offset, answer in got.items())
                assert got.keys() >= {1, 3, 4, 5}
                if not scope.cancel_called:
                    break
            else:
                raise AssertionError("a call has no end")


async def test_a_change_cancelled_anywhere_is_asked_once_at_most(
    autojump_clock: MockClock,
) -> None:
    async def scenario(server: ScriptedServer, scope: trio.CancelScope) -> None:
        async def slowly(_: object) -> Lifted:
            await trio.sleep(1)
            return Lifted(addresses=(), total=0)

        server.answers["suspensions.lift"] = slowly
        async with open_client(**server.way_in(resumable=True, draw=lambda: 0.0)) as client:
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def cut() -> None:
                    await wait_all_tasks_blocked()
                    await server.peer.cut()

                with pytest.raises(OutcomeUnknown):
                    await client.suspensions.lift()
            assert server.methods().count("suspensions.lift") <= 1

    await at_every_step(scenario)
