"""At noon: is everything that was acknowledged there, once; are the averages right?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from morning.averages import mean_of, median_of, pupil_average, rounded
from morning.ledger import Ledger, MarkValue
from morning.news import News, overheard
from morning.people import WRONG_PASSWORDS
from pronote_client import Client
from pronote_protocol.catalogue.changes import READ_CHANGES, ChangeRow, ReadChanges
from pronote_protocol.catalogue.services import RoundingRow
from pronote_protocol.words import RoundingDirection

__all__ = ["Noon"]

# From how many services with new marks on a morning is a real one.
_MANY: Final = 50
_NEAREST: Final = RoundingRow(Decimal("0.01"), RoundingDirection.NEAREST)


class Noon:
    """
    Looks at the base over the wire, as the supervisor.

    Attributes:
        problems: Everything that is wrong; [] is what a morning must end with.
        averages: How many were compared.
        told: How many live events were looked at.
    """

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self.problems: list[str] = []
        self.averages = 0
        self.told = 0

    async def look(self, seats: int, *, fought: bool) -> None:
        """
        Args:
            seats: How many secretaries there is room for.
            fought: Whether there were more of them.
        """
        await self._assessments()
        await self._marks()
        await self._rolls()
        await self._follow_ups()
        await self._averages()
        await self._reports()
        ledger = self._ledger
        if ledger.most_seated > seats:
            self.problems.append(f"{ledger.most_seated} secretaries sat on {seats} seats")
        if fought and not ledger.no_seat:
            self.problems.append("there was a seat for everybody: no fight")
        if ledger.wrong_passwords != WRONG_PASSWORDS:
            self.problems.append(f"{ledger.wrong_passwords} wrong passwords were refused")

    async def look_at(self, news: Sequence[News], since: int) -> None:
        """Look at what everybody was told of the morning, which began at *since*."""
        changes: dict[int, list[ChangeRow]] = {}
        complete = False
        while not complete:
            shown = await self._client.call(READ_CHANGES, ReadChanges(since=since, limit=500))
            for row in shown.rows:
                changes.setdefault(row.revision, []).append(row)
            since, complete = shown.revision, shown.complete
        for each in news:
            self.told += each.heard.total()
            self.problems.extend(each.problems())
        self.problems.extend(overheard(news, changes, self._ledger))

    async def _assessments(self) -> None:
        found: Counter[str] = Counter()
        for service in sorted(set(self._ledger.services.values())):
            for row in await self._client.assessments.list_all(service):
                if row.title.startswith(self._ledger.run):
                    found[row.title] += 1
                    if self._ledger.titles.get(row.title) != row.id:
                        self.problems.append(f"assessment {row.title}: {row.id} is unknown")
        self._once("assessment", self._ledger.titles, found)

    async def _marks(self) -> None:
        for assessment, expected in self._ledger.marks.items():
            shown = await self._client.marks.read(assessment)
            there: dict[int, MarkValue] = {}
            for row in shown.rows:
                value = row.value if row.annotation is None else row.annotation
                if value is not None:
                    there[row.pupil_id] = value
            if there != expected:
                self.problems.append(f"assessment {assessment}: {there} is not {expected}")

    async def _rolls(self) -> None:
        day = self._ledger.day
        if day is None:
            return
        lessons = await self._client.roll.list_all(day, taken=True)
        taken = {row.lesson_id for row in lessons}
        absences: Counter[tuple[int, int, int]] = Counter()
        for row in await self._client.absences.list_all(first=day, last=day):
            if row.ends_at is not None and row.starts_at.day == row.ends_at.day == day:
                key = row.pupil_id, row.starts_at.minute, row.ends_at.minute
                absences[key] += 1
        latenesses: Counter[tuple[int, int, int]] = Counter(
            (row.pupil_id, row.at.minute, row.minutes)
            for row in await self._client.latenesses.list_all(first=day, last=day)
        )
        for roll in self._ledger.rolls:
            if roll.lesson_id not in taken:
                self.problems.append(f"the roll of lesson {roll.lesson_id} is lost")
            for pupil in roll.absent:
                count = absences[pupil, roll.start_minute, roll.end_minute]
                if count != 1:
                    self.problems.append(f"roll {roll.lesson_id}: {pupil} absent {count} times")
            for pupil, minutes in roll.late.items():
                count = latenesses[pupil, roll.start_minute, minutes]
                if count != 1:
                    self.problems.append(f"roll {roll.lesson_id}: {pupil} late {count} times")

    async def _follow_ups(self) -> None:
        day = self._ledger.work_day
        rows = await self._client.follow_ups.list_all(first=day, last=day)
        found = Counter(row.text for row in rows if row.text.startswith(self._ledger.run))
        self._once("follow-up", dict.fromkeys(self._ledger.follow_ups, 0), found)

    def _once(self, what: str, expected: Mapping[str, int], found: Counter[str]) -> None:
        for name in expected:
            if found[name] != 1:
                self.problems.append(f"{what} {name}: {found[name]} times")
        for name in sorted(found.keys() - expected.keys()):
            self.problems.append(f"{what} {name}: nobody was told of it")

    async def _averages(self) -> None:
        """Compute those of every service of the school, whoever entered the marks."""
        period = self._ledger.period_id
        rows = await self._client.services.list_all()
        if any(row.parent_id is not None for row in rows):
            self.problems.append("there are sub-services: this tool does not know their rule")
        marked = set(self._ledger.services.values())
        for row in rows:
            # The whole school's in a real morning; in a short one a part of it is enough.
            if row.id not in marked and row.id % 10 and len(marked) < _MANY:
                continue
            service = await self._client.services.read(row.id)
            grid = await self._client.marks.read_grid(row.id, period)
            shown = await self._client.averages.read_service(row.id, period)
            if len(grid.rows) < grid.total:
                self.problems.append(f"service {row.id}: too many rows for this tool")
            ours = {
                line.pupil_id: pupil_average(
                    service, grid.assessments, line.values, line.annotations
                )
                for line in grid.rows
            }
            self.averages += len(ours)
            for name, theirs in (
                ("grid", {line.pupil_id: line.average for line in grid.rows}),
                ("table", {line.pupil_id: line.average for line in shown.rows}),
            ):
                if theirs != ours:
                    self.problems.append(f"service {row.id}, {name}: {theirs} is not {ours}")
            known = [each for each in ours.values() if each is not None]
            expected = (
                len(known),
                mean_of(known, service.rounding_class),
                min(known, default=None),
                max(known, default=None),
                median_of(known, service.rounding_class),
            )
            said = shown.statistics
            got = (said.count, said.average, said.minimum, said.maximum, said.median)
            if got != expected:
                self.problems.append(f"service {row.id}: {got} is not {expected}")

    async def _reports(self) -> None:
        """Compute general averages from the services' ones, as somebody with a pencil does."""
        pupils = sorted({pupil for each in self._ledger.marks.values() for pupil in each})
        most = 100 if len(set(self._ledger.services.values())) >= _MANY else 20
        for pupil in pupils[:: max(1, len(pupils) // most)]:
            report = await self._client.averages.read_pupil(pupil, self._ledger.period_id)
            total = weight = Fraction()
            for row in report.rows:
                if row.average is not None:
                    total += Fraction(row.average) * Fraction(row.coefficient)
                    weight += Fraction(row.coefficient)
            ours = rounded(total / weight, _NEAREST) if weight else None
            self.averages += 1
            if ours != report.general:
                self.problems.append(f"pupil {pupil}: {report.general} is not {ours}")

    def lines(self) -> Iterator[str]:
        """Yield the first problems, for a person to read."""
        yield from (problem[:300] for problem in self.problems[:20])
