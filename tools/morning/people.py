"""Who comes to school at 8:00, and what they do there."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

import attrs
import trio

from loading.demo_server import DemoAccount
from morning.ledger import Ledger, MarkValue, RollTaken
from morning.news import News
from morning.worker import NOT_NOW, Worker
from pronote_client import ConnectionSettings, Instance, open_client
from pronote_client.errors import BadCredentials, Refused, SeatsExhausted
from pronote_protocol.catalogue import assessments, averages, follow_ups, marks, roll, services
from pronote_protocol.catalogue import resources as lists
from pronote_protocol.catalogue.marks import MarkEntry
from pronote_protocol.catalogue.roll import LatePupil, RollCallRow
from pronote_protocol.catalogue.services import ServiceRow
from pronote_protocol.words import Annotation, FollowUpKind, ResourceKind

__all__ = ["WRONG_PASSWORDS", "Morning"]

WRONG_PASSWORDS: Final = 2
# The part of the morning in which everybody comes in.
_RUSH: Final = 0.2
_SCALES: Final = (20, 20, 20, 10, 5, 40)
_COEFFICIENTS: Final = ("1", "1", "2", "0.5", "3")


@attrs.define
class Morning:
    """
    One morning for everybody.

    Args:
        seconds: How long new work is begun; what was begun is finished.

    Attributes:
        news: What each person was told, by the live events.
    """

    settings: ConnectionSettings
    ledger: Ledger
    seed: int
    seconds: float
    news: list[News] = attrs.field(factory=list, init=False)
    begins_at: float = attrs.field(factory=trio.current_time, init=False)
    _seated: int = attrs.field(default=0, init=False)

    def is_over(self) -> bool:
        return trio.current_time() >= self.begins_at + self.seconds

    async def teacher(self, account: DemoAccount, rank: int, share: tuple[int, int]) -> None:
        """
        Call the roll of one's lessons, then mark, and look at the averages.

        Args:
            share: Which part of this teacher's work is ours, of how many: the same account
                may sit at several workstations.
        """
        async with self._worker(account, rank) as me:
            await self._rush(me)
            mine, of = share
            await me.client()
            for lesson in (await self._lessons(me))[mine::of]:
                await self._call_the_roll(me, lesson)
                await self._pause(me)
            wish = services.ListServices(limit=500)
            taught = (await me.ask(services.LIST_SERVICES, wish)).rows
            me.news.services = {row.id for row in taught}
            rows = taught[mine::of]
            while rows:
                await self._mark(me, me.dice.choice(rows))
                if self.is_over():
                    return
                await self._read(me, me.dice.choice(rows))
                await self._pause(me)

    async def school_life(self, account: DemoAccount, rank: int) -> None:
        """Look at who is missing, and write follow-ups."""
        async with self._worker(account, rank) as me:
            await self._rush(me)
            pupils = (
                await me.ask(
                    lists.LIST_RESOURCES,
                    lists.ListResources(kind=ResourceKind.PUPILS, limit=500),
                )
            ).rows
            number = 0
            while True:
                number += 1
                text = f"{self.ledger.run} {rank}.{number}"
                await me.ask(
                    follow_ups.ENTER_FOLLOW_UP,
                    follow_ups.EnterFollowUp(
                        pupil_id=me.dice.choice(pupils).id,
                        day=self.ledger.work_day,
                        kind=FollowUpKind.PHONE_CALL,
                        text=text,
                    ),
                )
                self.ledger.follow_ups.append(text)
                if self.is_over():
                    return
                await self._lessons(me, limit=50)
                await self._pause(me)

    async def secretary(self, account: DemoAccount, rank: int) -> None:
        """Fight for a seat, keep it for a while, and give it back."""
        dice = random.Random(f"{self.seed} {rank}")
        while not self.is_over():
            try:
                async with open_client(
                    self.settings,
                    login=account.login,
                    password=account.password,
                    workstation=f"POSTE-{rank:04}",
                    instance=Instance(),
                ) as client:
                    self._seated += 1
                    self.ledger.logins += 1
                    self.ledger.most_seated = max(self.ledger.most_seated, self._seated)
                    try:
                        await client.resources.list(ResourceKind.CLASSES)
                        self.ledger.reads += 1
                        await trio.sleep(dice.uniform(0.1, 0.5))
                    finally:
                        self._seated -= 1
            except SeatsExhausted:
                self.ledger.no_seat += 1
            except NOT_NOW:
                pass
            await trio.sleep(dice.uniform(0.02, 0.2))

    async def forgetful(self, account: DemoAccount, rank: int) -> None:
        """Two wrong passwords, then the right one."""
        wrong = attrs.evolve(account, password="Le-Mot-De-Passe-D-Hier-1")
        while self.ledger.wrong_passwords < WRONG_PASSWORDS:
            me = self._worker(wrong, rank)
            try:
                await me.client()
            except BadCredentials:
                self.ledger.wrong_passwords += 1
            await me.leave()
        async with self._worker(account, rank) as me:
            await me.client()
            await self._lessons(me)

    def _worker(self, account: DemoAccount, rank: int) -> Worker:
        dice = random.Random(f"{self.seed} {rank}")
        worker = Worker(self.settings, account, rank, dice, self.ledger)
        self.news.append(worker.news)
        return worker

    async def _rush(self, me: Worker) -> None:
        await trio.sleep(me.dice.random() * self.seconds * _RUSH)

    async def _pause(self, me: Worker) -> None:
        await trio.sleep(me.dice.uniform(0.05, 0.6))

    async def _lessons(self, me: Worker, *, limit: int = 500) -> tuple[RollCallRow, ...]:
        if self.ledger.day is None:
            return ()
        wish = roll.ListRollCalls(day=self.ledger.day, limit=limit)
        self.ledger.reads += 1
        return (await me.ask(roll.LIST_ROLL_CALLS, wish)).rows

    async def _call_the_roll(self, me: Worker, lesson: RollCallRow) -> None:
        assert self.ledger.day is not None
        if "," in lesson.teachers or lesson.taken_at is not None:
            return  # somebody else's too, or of before
        shown = await me.ask(
            roll.READ_ROLL, roll.ReadRoll(lesson_id=lesson.lesson_id, day=self.ledger.day)
        )
        self.ledger.reads += 1
        # Of whom nothing is known yet, so that what we enter is what there is.
        free = [row.pupil_id for row in shown.rows if not row.absent and not row.late_minutes]
        drawn = me.dice.sample(free, min(len(free), me.dice.choice((0, 1, 2, 3))))
        absent = frozenset(drawn[:2])
        late = {pupil: me.dice.choice((5, 10, 15)) for pupil in drawn[2:]}
        try:
            await me.ask(
                roll.TAKE_ROLL,
                roll.TakeRoll(
                    lesson_id=lesson.lesson_id,
                    day=self.ledger.day,
                    absent=tuple(sorted(absent)),
                    late=tuple(LatePupil(pupil, minutes) for pupil, minutes in late.items()),
                ),
            )
        except Refused:
            return
        begins = lesson.start_minute
        ends = begins + lesson.duration_minutes
        taken = RollTaken(lesson.lesson_id, begins, ends, absent, late)
        self.ledger.rolls.append(taken)

    async def _mark(self, me: Worker, service: ServiceRow) -> None:
        """Make an assessment and enter the marks of the whole class; correct one of them."""
        dice, ledger = me.dice, self.ledger
        title = f"{ledger.run} {me.rank}.{len(ledger.titles)}"
        scale = dice.choice(_SCALES)
        kind = dice.random()
        try:
            shown = await me.ask(
                assessments.CREATE_ASSESSMENT,
                assessments.CreateAssessment(
                    service_id=service.id,
                    period_id=ledger.period_id,
                    date=ledger.work_day,
                    title=title,
                    scale=Decimal(scale),
                    coefficient=Decimal(dice.choice(_COEFFICIENTS)),
                    optional=kind < 0.15,
                    bonus=kind > 0.9,
                    bring_to_20=dice.random() < 0.3,
                ),
            )
        except Refused:
            return
        ident = shown.assessment.id
        ledger.titles[title] = ident
        ledger.services[ident] = service.id
        column = await me.ask(marks.READ_MARKS, marks.ReadMarks(assessment_id=ident))
        pupils = [row.pupil_id for row in column.rows]
        for some in (pupils, pupils[:1]):
            part = {pupil: _value(dice, scale) for pupil in some}
            if not part:
                return
            await me.ask(
                marks.ENTER_MARKS,
                marks.EnterMarks(
                    assessment_id=ident,
                    entries=tuple(_entry(pupil, value) for pupil, value in part.items()),
                ),
            )
            ledger.marks.setdefault(ident, {}).update(part)

    async def _read(self, me: Worker, service: ServiceRow) -> None:
        period = self.ledger.period_id
        wish = averages.ReadServiceAverages(service_id=service.id, period_id=period)
        await me.ask(averages.READ_SERVICE_AVERAGES, wish)
        await me.ask(marks.READ_GRID, marks.ReadGrid(service_id=service.id, period_id=period))
        self.ledger.reads += 2


def _value(dice: random.Random, scale: int) -> MarkValue:
    if dice.random() < 0.08:
        return dice.choice(tuple(Annotation))
    return Decimal(dice.randrange(4 * scale + 1)) / 4


def _entry(pupil: int, value: MarkValue) -> MarkEntry:
    if isinstance(value, Annotation):
        return MarkEntry(pupil, None, value)
    return MarkEntry(pupil, value, None)
