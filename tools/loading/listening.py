"""Who hears of a write, when, and nobody else: listeners in every session of a crowd."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import attrs
import trio

from loading.demo_server import DemoAccount
from loading.measure import Histogram
from loading.sessions import CannotPlan, Seated
from pronote_client import Client, Mode
from pronote_protocol.messages import BaseChanged
from pronote_protocol.words import FollowUpKind, MotiveKind

__all__ = ["Listening", "Write", "writes_of"]

# Whoever has heard nothing for so long has missed it.
_MISSED_SECONDS: Final = 5.0


@attrs.frozen
class Write:
    """
    A write that can be made again and again, each time something else.

    Attributes:
        family: What the sessions are told has changed.
        concerned: Ranks of the sessions that may see it: what the rights say, not the server.
        make: Makes it; the argument is different each time.
    """

    family: str
    concerned: frozenset[int]
    make: Callable[[int], Awaitable[Any]]


async def writes_of(seated: Sequence[Seated], players: Sequence[DemoAccount]) -> list[Write]:
    """
    Return a write that everybody may see, one for school life, one for a single teacher.

    Raises:
        CannotPlan: There is no session of one of the modes.
    """
    ranks: dict[Mode, list[int]] = {mode: [] for mode in Mode}
    for rank, each in enumerate(seated):
        ranks[each.mode].append(rank)
    office, staff = ranks[Mode.ADMINISTRATIVE], ranks[Mode.SCHOOL_LIFE]
    teachers = ranks[Mode.TEACHER]
    if not (office and staff and teachers):
        raise CannotPlan("live writes need sessions of each mode")
    secretary, educator, teacher = (
        seated[some[0]].client for some in (office, staff, teachers)
    )
    login = players[teachers[0]].login
    colleagues = {rank for rank in teachers if players[rank].login == login}
    return [
        await _motive(secretary, frozenset(range(len(seated)))),
        await _follow_up(educator, frozenset({*office, *staff})),
        await _mark(teacher, frozenset({*office, *colleagues})),
    ]


async def _motive(client: Client, concerned: frozenset[int]) -> Write:
    row = next(iter(await client.motives.list(MotiveKind.ABSENCE)))

    async def make(number: int) -> None:
        await client.motives.change(row.id, f"{row.name} {number}")

    return Write("motives", concerned, make)


async def _follow_up(client: Client, concerned: frozenset[int]) -> Write:
    pupil = (await client.pupils.list(limit=1)).rows[0]
    # The server takes nothing of a day to come, and its clock may be behind ours.
    day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)

    async def make(number: int) -> None:
        await client.follow_ups.enter(pupil.id, day, FollowUpKind.INTERVIEW, text=f"{number}")

    return Write("follow_ups", concerned, make)


async def _mark(client: Client, concerned: frozenset[int]) -> Write:
    assessment, pupil = await _marked(client)

    async def make(number: int) -> None:
        await client.marks.enter(assessment, {pupil: number % 2})

    return Write("marks", concerned, make)


async def _marked(client: Client) -> tuple[int, int]:
    """Return an assessment of that teacher, and a pupil who may have a mark in it."""
    for service in await client.services.list_all():
        for assessment in await client.assessments.list_all(service.id):
            rows = (await client.marks.read(assessment.id)).rows
            if rows:
                return assessment.id, rows[0].pupil_id
    raise CannotPlan("this teacher has no assessment with pupils")


@attrs.define
class Listening:
    """
    Listens in every session while writes are made, one after the other.

    Attributes:
        latency: By family: from asking to write until the last session concerned has the
            event in its hands; the commit and our own work for all of them are in it.
        after_answer: The same from the writer's answer; 0 when all had it before.
        wrong: What somebody missed, heard twice, or should not have heard.
    """

    seated: Sequence[Seated]
    latency: dict[str, Histogram] = attrs.field(factory=dict, init=False)
    after_answer: dict[str, Histogram] = attrs.field(factory=dict, init=False)
    wrong: list[str] = attrs.field(factory=list, init=False)
    _heard: dict[int, Counter[int]] = attrs.field(factory=dict, init=False)
    _families: dict[int, tuple[str, ...]] = attrs.field(factory=dict, init=False)
    _when: dict[int, list[tuple[int, float]]] = attrs.field(factory=dict, init=False)
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def run(self, writes: Sequence[Write], count: int, pause: float) -> None:
        """Make *count* writes in turn, and look at who heard of each."""
        async with trio.open_nursery() as nursery:
            for rank, each in enumerate(self.seated):
                self._heard[rank] = Counter()
                nursery.start_soon(self._listen, rank, each.client)
            expected: dict[int, Counter[int]] = {
                rank: Counter() for rank in range(len(self.seated))
            }
            for number in range(count):
                write = writes[number % len(writes)]
                revision = await self._make(write, number)
                if revision is not None:
                    for rank in write.concerned:
                        expected[rank][revision] += 1
                await trio.sleep(pause)
            # Events come in order: who has this answer has every event before it.
            for each in self.seated:
                await each.client.session.show()
            await trio.sleep(pause)
            nursery.cancel_scope.cancel()
        for rank, heard in self._heard.items():
            self._compare(rank, expected[rank], heard)

    async def _listen(self, rank: int, client: Client) -> None:
        async for event in client.events():
            if isinstance(event, BaseChanged):
                self._heard[rank][event.revision] += 1
                self._families[event.revision] = event.what
                self._when.setdefault(event.revision, []).append((rank, trio.current_time()))
                self._news.set()

    async def _make(self, write: Write, number: int) -> int | None:
        """Make it; return its revision once all concerned have heard, or None."""
        before = set(self._when)
        asked = trio.current_time()
        await write.make(number)
        answered = trio.current_time()
        with trio.move_on_after(_MISSED_SECONDS):
            while True:
                # Nobody else writes: what is new is this.
                new = [revision for revision in self._when if revision not in before]
                if new and write.concerned <= {rank for rank, _ in self._when[new[0]]}:
                    last = max(at for rank, at in self._when[new[0]] if rank in write.concerned)
                    self.latency.setdefault(write.family, Histogram()).add(last - asked)
                    late = max(0.0, last - answered)
                    self.after_answer.setdefault(write.family, Histogram()).add(late)
                    return new[0]
                self._news = trio.Event()
                await self._news.wait()
        heard = {
            rank for revision in set(self._when) - before for rank, _ in self._when[revision]
        }
        self.wrong.append(
            f"write {number} ({write.family}): {len(write.concerned - heard)} of "
            f"{len(write.concerned)} sessions concerned heard nothing in {_MISSED_SECONDS:g} s"
        )
        new = [revision for revision in self._when if revision not in before]
        return new[0] if new else None

    def _compare(self, rank: int, expected: Counter[int], heard: Counter[int]) -> None:
        for revision in sorted(expected.keys() | heard.keys()):
            if expected[revision] != heard[revision]:
                self.wrong.append(
                    f"session {rank} ({self.seated[rank].mode.value}): revision {revision} "
                    f"({', '.join(self._families.get(revision, ()))}) heard "
                    f"{heard[revision]} times, not {expected[revision]}"
                )
