"""
The seats (*licences*) of one school, counted as fiche 11 shows them.

Everything here is synchronous on purpose: a seat is looked for and taken in one step, and with
no ``await`` there is no moment at which another task could see a half-done count.

The guide does not settle what a reserved seat is. Ours is the second of three readings: it
*belongs* to the administrators. The others may hold at most ``modification - reserved`` seats
together, whoever came first; an administrator takes any free one. So one administrator and
five others fill six seats of which one is reserved, and a second administrator is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from pronote_protocol import errors
from pronote_protocol.words import Access, Mode, Pool

__all__ = ["Seat", "SeatPlan", "SeatPool", "SeatStatistics", "pool_for"]


@attrs.frozen(kw_only=True)
class SeatPlan:
    """
    What the school bought (fiche 3, *Mon compte*).

    Attributes:
        modification: *Administrateurs et modifiants*: administrative users who may modify at
            the same time. The guide's school has 6; the standard contract 4.
        reserved_for_administrators: How many of those nobody else may take.
        teachers: Teachers connected at the same time, client and web together (the contracts
            sold are 30, 50 and 80); None for *Profs illimités*.
        consultation: Whether reading only was bought; it is then unlimited.
    """

    modification: int = 6
    reserved_for_administrators: int = 1
    teachers: int | None = None
    consultation: bool = False

    def __attrs_post_init__(self) -> None:
        if self.modification < 0:
            raise ValueError(f"modification is {self.modification}, below 0")
        if not 0 <= self.reserved_for_administrators <= self.modification:
            raise ValueError(
                f"reserved_for_administrators is {self.reserved_for_administrators}, "
                f"outside 0..{self.modification}"
            )
        if self.teachers is not None and self.teachers < 0:
            raise ValueError(f"teachers is {self.teachers}, below 0")

    def limit(self, pool: Pool, *, administrator: bool) -> int | None:
        """Return how many seats of *pool* such users may hold together; None for no limit."""
        match pool:
            case Pool.MODIFICATION if administrator:
                return self.modification
            case Pool.MODIFICATION:
                return self.modification - self.reserved_for_administrators
            case Pool.CONSULTATION:
                return None if self.consultation else 0
            case Pool.TEACHER:
                return self.teachers
            case Pool.SCHOOL_LIFE:
                return None


@attrs.frozen(kw_only=True)
class SeatStatistics:
    """A snapshot for logs, tests and the console; see `SeatPool.statistics`."""

    plan: SeatPlan
    in_use: Mapping[Pool, int]
    peak: Mapping[Pool, int]
    refused: Mapping[Pool, int]


@attrs.define(eq=False)
class Seat:
    """
    One seat, held until released.

    It is a context manager; releasing twice is harmless, so that a forced disconnection and
    the normal end of a session may both do it.
    """

    pool: Pool = attrs.field(on_setattr=attrs.setters.frozen)
    administrator: bool = attrs.field(on_setattr=attrs.setters.frozen)
    _seats: SeatPool = attrs.field(repr=False)
    _held: bool = True

    @property
    def held(self) -> bool:
        return self._held

    def release(self) -> None:
        """Give the seat back, at once; harmless when it already was."""
        if self._held:
            self._held = False
            self._seats._holders[self.pool].remove(self)

    def __enter__(self) -> Seat:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()


class SeatPool:
    """The seats of one school, handed out according to its *plan*."""

    def __init__(self, plan: SeatPlan) -> None:
        self._plan = plan
        self._holders: dict[Pool, set[Seat]] = {pool: set() for pool in Pool}
        self._peak = dict.fromkeys(Pool, 0)
        self._refused = dict.fromkeys(Pool, 0)

    @property
    def plan(self) -> SeatPlan:
        return self._plan

    def take(self, pool: Pool, administrator: bool) -> Seat:
        """
        Return a seat of *pool*, at once or not at all; nobody queues for one.

        Raises:
            NotInContract: Consultation, when that option was not bought.
            SeatsExhausted: No seat this user may take is free. Its ``total`` is how many
                such users can hold at most.
        """
        return self._take(pool, administrator, leaving=None)

    def exchange(self, seat: Seat, pool: Pool, administrator: bool) -> Seat:
        """
        Return a seat of *pool* in place of *seat*, in one step: nobody can come between.

        Within one pool this asks again for the seat one has, for instance because its
        holder's rights have changed.

        Raises:
            NotInContract, SeatsExhausted: As for `take`; *seat* is kept.
            Conflict: *seat* was released meanwhile: the session is over.
        """
        if seat._seats is not self:
            raise ValueError("that seat is of another school")
        if not seat.held:
            raise errors.Conflict("La session est terminée.", "The session is over.")
        taken = self._take(pool, administrator, leaving=seat)
        seat.release()
        return taken

    def replan(self, plan: SeatPlan) -> None:
        """
        Count by *plan* from now on.

        Whoever holds a seat keeps it, so that more may be in use than the plan has; nobody
        gets one meanwhile.
        """
        self._plan = plan

    def statistics(self) -> SeatStatistics:
        """Return an immutable snapshot of the counts."""
        return SeatStatistics(
            plan=self._plan,
            in_use=MappingProxyType({pool: len(h) for pool, h in self._holders.items()}),
            peak=MappingProxyType(dict(self._peak)),
            refused=MappingProxyType(dict(self._refused)),
        )

    def _take(self, pool: Pool, administrator: bool, *, leaving: Seat | None) -> Seat:
        holders = self._holders[pool]
        others = holders - {leaving} if leaving in holders else holders
        self._check(pool, administrator, others)
        seat = Seat(pool, administrator, self)
        # No await, and nothing that can fail, between the check and here: that is why a pool
        # is never oversold.
        holders.add(seat)
        self._peak[pool] = max(self._peak[pool], len(holders) - (leaving in holders))
        return seat

    def _check(self, pool: Pool, administrator: bool, others: set[Seat]) -> None:
        if pool is Pool.CONSULTATION and not self._plan.consultation:
            self._refused[pool] += 1
            raise errors.NotInContract(option="consultation")
        everybody = self._plan.limit(pool, administrator=True)
        allowed = self._plan.limit(pool, administrator=administrator)
        if everybody is None or allowed is None:
            return
        full = len(others) >= everybody
        if not full and allowed < everybody:
            full = sum(not seat.administrator for seat in others) >= allowed
        if full:
            self._refused[pool] += 1
            raise errors.SeatsExhausted(
                pool=pool.value,
                total=allowed,
                consultation_possible=self._plan.consultation,
            )


def pool_for(mode: Mode, access: Access) -> Pool:
    """Return the pool that a session in *mode* with *access* is counted in."""
    if access is Access.CONSULTATION:
        return Pool.CONSULTATION
    return {
        Mode.ADMINISTRATIVE: Pool.MODIFICATION,
        Mode.TEACHER: Pool.TEACHER,
        Mode.SCHOOL_LIFE: Pool.SCHOOL_LIFE,
    }[mode]
