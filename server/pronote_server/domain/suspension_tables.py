"""
The tables behind the suspensions: counters of prefixes and terms of suspensions, bounded.

When they are full the least dangerous entry is let go, a mere counter always before a
suspension in force. From the bottom up: counters of connections only, memory of past
suspensions, counters of 1 to 6 offences, then suspensions in force from the first to the
eighth in a row, and those by hand; and in each of these ranks the one that waited longest,
which for suspensions is the one that ends first. Memory stands low so that somebody with many
prefixes cannot fill the tables for a day and keep others from being counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from .suspension_policy import RECIDIVE_MEMORY_SECONDS
from .suspension_records import Suspension, SuspensionRecord
from .weakest_first import WeakestFirst

__all__ = ["Counter", "Key", "Offence", "SuspensionTables", "Term"]

Key: TypeAlias = tuple[str, str | None]
"""A prefix and, in profile school, one login (folded)."""

Offence: TypeAlias = tuple[float, str]
"""When, and with which login (folded)."""

_CONNECTIONS: Final = 0
_MEMORY: Final = 1
_OFFENCES: Final = 2
_MOST_OFFENCES: Final = 7
_IN_FORCE: Final = 8
_MOST_IN_FORCE: Final = 15
_BY_HAND: Final = 16


@attrs.define(eq=False, weakref_slot=False)
class Counter:
    """
    What one prefix did lately. There may be 65 536 of these: small tuples, no lists.

    Attributes:
        last: When something was last counted.
        rank: Its place in the order; None for a passing one, which no table holds.
    """

    failures: tuple[Offence, ...] = ()
    calls: tuple[Offence, ...] = ()
    window_opened: float = -math.inf
    connections: int = 0
    last: float = -math.inf
    rank: int | None = None

    def fail(self, login: str, now: float, seconds: float) -> tuple[Offence, ...]:
        """Count a wrong password; return those of the last *seconds*, this one included."""
        self.failures = (*_recent(self.failures, now, seconds), (now, login))
        return self.failures

    def call(self, login: str, now: float, seconds: float) -> tuple[Offence, ...]:
        """Count an unauthorised call; return those of the last *seconds*."""
        self.calls = (*_recent(self.calls, now, seconds), (now, login))
        return self.calls

    def connect(self, now: float, seconds: float) -> int:
        """Count a connection; return how many the window of *seconds* holds."""
        if not 0 <= now - self.window_opened < seconds:
            self.window_opened, self.connections = now, 0
        self.connections += 1
        return self.connections

    def new_rank(self) -> int:
        offences = len(self.failures) + len(self.calls)
        return min(_OFFENCES + offences - 1, _MOST_OFFENCES) if offences else _CONNECTIONS


def _recent(offences: tuple[Offence, ...], now: float, seconds: float) -> list[Offence]:
    return [each for each in offences if now - each[0] < seconds]


@attrs.define(eq=False, weakref_slot=False)
class Term:
    """
    The last suspension of a key: in force until it is over, then remembered.

    Attributes:
        earned: Suspensions in a row that the next one counts as recidive; those by hand
            are not among them.
        ended: When it was lifted or ran out, once that was noticed.
    """

    suspension: Suspension
    earned: int
    by_hand: bool = False
    ended: float | None = None
    rank: int | None = None

    @property
    def end(self) -> float:
        return self.suspension.until if self.ended is None else self.ended

    def in_force(self, now: float) -> bool:
        return self.ended is None and now < self.suspension.until

    def remembered(self, now: float) -> bool:
        return self.earned > 0 and now < self.end + RECIDIVE_MEMORY_SECONDS

    def new_rank(self) -> int:
        if self.ended is not None:
            return _MEMORY
        return _BY_HAND if self.by_hand else min(_IN_FORCE + self.earned - 1, _MOST_IN_FORCE)


class SuspensionTables:
    """
    Counters and terms, *most* of both together; see the module for who has to go.

    Args:
        counter_seconds: After how long without an event a counter means nothing.
    """

    def __init__(self, most: int, counter_seconds: float) -> None:
        self.counter_seconds = counter_seconds
        self.let_go = 0
        self.untracked = 0
        self._most = most
        self._counters: dict[str, Counter] = {}
        self._terms: dict[Key, Term] = {}
        self._order: WeakestFirst[str | Key] = WeakestFirst(_BY_HAND + 1)

    @property
    def counters(self) -> Mapping[str, Counter]:
        return MappingProxyType(self._counters)

    @property
    def terms(self) -> Mapping[Key, Term]:
        return MappingProxyType(self._terms)

    @property
    def remembered(self) -> int:
        """How many terms are known to be over."""
        return self._order.count(_MEMORY)

    def in_force(self, key: Key, now: float) -> Term | None:
        term = self._terms.get(key)
        return term if term is not None and term.in_force(now) else None

    def counter(self, prefix: str, now: float) -> Counter:
        """Return the counter of *prefix*; a passing one when there is no room for it."""
        counter = self._counters.get(prefix)
        if counter is None:
            counter = Counter()
            if self._make_room(now, in_force=False):
                self._counters[prefix] = counter
                counter.rank = counter.new_rank()
                self._order.place(prefix, counter.rank)
            else:
                self.untracked += 1
        return counter

    def place(self, prefix: str, counter: Counter, now: float) -> None:
        """Note that something just happened to this counter."""
        if counter.rank is not None:
            rank = counter.new_rank()
            self._order.place(prefix, rank, counter.rank)
            counter.rank, counter.last = rank, max(now, counter.last)

    def forgive(self, prefix: str, login: str, now: float) -> None:
        """Forget the failures of one account from *prefix*, as if they had not been."""
        counter = self._counters.get(prefix)
        if counter is not None and counter.failures:
            counter.failures = tuple(each for each in counter.failures if each[1] != login)
            self.place(prefix, counter, now)

    def drop_counter(self, prefix: str) -> None:
        counter = self._counters.pop(prefix, None)
        if counter is not None and counter.rank is not None:
            self._order.remove(prefix, counter.rank)

    def put(self, term: Term, now: float) -> None:
        """Take *term* in place of what had its key; unless it is over and there is no room."""
        key = term.suspension.prefix, term.suspension.login
        self.drop(key)
        if self._make_room(now, in_force=term.ended is None):
            self._terms[key] = term
            self._rank(key, term)

    def close(self, key: Key, ended: float, now: float) -> None:
        """Note that the term of *key* is over; it goes when nothing is left to remember."""
        term = self._terms[key]
        term.ended = ended
        if term.remembered(now):
            self._rank(key, term)
        else:
            self.drop(key)

    def drop(self, key: Key) -> None:
        term = self._terms.pop(key, None)
        if term is not None and term.rank is not None:
            self._order.remove(key, term.rank)

    def export(self, now: float) -> list[SuspensionRecord]:
        """Return the terms in force, and those that are remembered."""
        return [
            SuspensionRecord.of(
                term.suspension, term.earned, None if term.in_force(now) else term.end
            )
            for term in self._terms.values()
            if term.in_force(now) or term.remembered(now)
        ]

    def restore(self, records: Iterable[SuspensionRecord], now: float) -> None:
        for record in sorted(records, key=Suspension.chronological):
            term = Term(record.suspension(), record.earned, record.earned == 0, record.ended)
            if not term.in_force(now):
                term.ended = term.end  # it may have run out while nobody was there
            if term.in_force(now) or term.remembered(now):
                self.put(term, now)

    def everything(self) -> Iterator[str | Key]:
        """The keys, in the order in which they would be let go."""
        return iter(self._order)

    def _rank(self, key: Key, term: Term) -> None:
        rank = term.new_rank()
        self._order.place(key, rank, term.rank)
        term.rank = rank

    def _make_room(self, now: float, *, in_force: bool) -> bool:
        """Make room for one entry; False when only a suspension in force could give way."""
        self._tidy(now)
        if len(self._terms) + len(self._counters) < self._most:
            return True
        weakest = self._order.weakest()
        if weakest is None:
            return False
        if isinstance(weakest, str):
            self.drop_counter(weakest)
        elif self._terms[weakest].in_force(now) and not in_force:
            return False
        else:
            self.drop(weakest)
        self.let_go += 1
        return True

    def _tidy(self, now: float) -> None:
        """Let go of the entry looked at if it is over; else look at another rank next time."""
        shown = self._order.inspect()
        if shown is None:
            self._order.pass_on()
        elif isinstance(shown, str):
            if now - self._counters[shown].last >= self.counter_seconds:
                self.drop_counter(shown)
            else:
                self._order.pass_on()
        else:
            term = self._terms[shown]
            if term.in_force(now) or (term.ended is not None and term.remembered(now)):
                self._order.pass_on()
            else:
                self.close(shown, term.end, now)
