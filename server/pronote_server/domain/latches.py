"""
Clients that were told they are suspended, and have not been started again since.

*Pour que le déblocage soit effectif, il est nécessaire que l'utilisateur ferme et relance son
client* (fiche 11). A running client is known by the instance id it draws when it starts. Told
of a suspension, it stays refused once that suspension is *lifted*, until another instance
comes. A suspension that ends by itself leaves no trace: the client is welcome again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import attrs

from pronote_protocol.words import OffenceCause

from .suspension_records import Suspension, Verdict

__all__ = ["LATCH_SECONDS", "Latch", "LatchBook"]

# No client of a school runs longer than its working day.
LATCH_SECONDS: Final = 24 * 3600.0

# Whoever is refused may invent instances; the oldest are then forgotten.
_MOST_LATCHES: Final = 65_536

_LONGEST_INSTANCE: Final = 64


@attrs.frozen(kw_only=True)
class Latch:
    """
    One running client that was told; also the row that storage keeps.

    Attributes:
        login: The account concerned, folded; None for the whole address.
        told_at: School time, in seconds.
        lifted: The suspension it was told of has been lifted since.
    """

    instance: str
    prefix: str
    login: str | None
    cause: OffenceCause
    reference: str
    told_at: float
    lifted: bool = False

    @property
    def until(self) -> float:
        return self.told_at + LATCH_SECONDS

    def verdict(self) -> Verdict:
        return Verdict(
            cause=self.cause,
            until=self.until,
            reference=self.reference,
            latched=True,
            login=self.login,
        )


class LatchBook:
    """The latched clients of one school, oldest first; bounded."""

    def __init__(self, most: int = _MOST_LATCHES) -> None:
        self._most = most
        self._latches: OrderedDict[tuple[str, str | None], Latch] = OrderedDict()

    def __len__(self) -> int:
        return len(self._latches)

    def put(self, latch: Latch, now: float) -> bool:
        """Keep *latch*; tell whether storage does not know it yet."""
        latch = attrs.evolve(latch, instance=latch.instance[:_LONGEST_INSTANCE])
        key = latch.instance, latch.login
        before = self._latches.pop(key, None)
        self._forget_old(now)
        if len(self._latches) >= self._most:
            self._latches.popitem(last=False)
        self._latches[key] = latch
        return before is None or attrs.evolve(before, told_at=latch.told_at) != latch

    def find(self, instance: str, prefix: str, login: str | None, now: float) -> Latch | None:
        """Return what refuses this client although its suspension was lifted, if anything."""
        if not self._latches:
            return None
        for concerned in (None,) if login is None else (None, login):
            latch = self._latches.get((instance[:_LONGEST_INSTANCE], concerned))
            if (
                latch is not None
                and latch.lifted
                and latch.prefix == prefix
                and now < latch.until
            ):
                return latch
        return None

    def lift(self, suspensions: Iterable[Suspension]) -> None:
        """
        Note that these were lifted.

        Each had perhaps been given another cause since a client was told of it. Whoever was
        told is now refused for the last one, as the journal has it under this reference.
        """
        causes = {(one.prefix, one.login, one.reference): one.cause for one in suspensions}
        if not causes:
            return
        for key, latch in list(self._latches.items()):
            cause = causes.get((latch.prefix, latch.login, latch.reference))
            if cause is not None:
                self._latches[key] = attrs.evolve(latch, lifted=True, cause=cause)

    def export(self, now: float) -> list[Latch]:
        """Return what must survive a restart."""
        self._forget_old(now)
        return list(self._latches.values())

    def restore(self, latches: Iterable[Latch], now: float) -> None:
        for latch in sorted(latches, key=lambda each: each.told_at):
            if now < latch.until:
                self.put(latch, now)

    def _forget_old(self, now: float) -> None:
        # In the order of telling, so that the first one that is not over ends the search.
        while self._latches:
            key, latch = next(iter(self._latches.items()))
            if now < latch.until:
                return
            del self._latches[key]
