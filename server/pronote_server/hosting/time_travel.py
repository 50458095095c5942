"""
Moving school time, for tests and demonstrations: the one clock of all schools.

Only a server started with ``--test-api`` lets itself be moved. What becomes due on the way is
done in the order of its instants (backups, archives, expiry, version change), by whoever
waits for it. A move returns when backups, archives and changes of version are done, or says
after a while which are not: a year of archives takes minutes, and whoever is connected is
warned a minute before a change of version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import attrs
import trio

from pronote_protocol.errors import BadRequest, Conflict
from pronote_server.clock import Clock
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE

__all__ = ["Travel", "read_duration", "read_instant"]

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?:\d{1,9}[dhms])+")
_PART: Final = re.compile(r"(\d+)([dhms])")
# A journey longer than a school's life is a slip of the finger.
_LONGEST: Final = timedelta(days=3_660)
# In transport time; who asks at the rescue door waits for 30 s.
_PATIENCE_SECONDS: Final = 20.0


def read_duration(text: str) -> timedelta:
    """
    Return the duration that ``90s``, ``15m``, ``2h``, ``3d`` or ``1d12h`` says.

    Raises:
        BadRequest: It says none, nothing, or more than ten years.
    """
    wanted = text.strip().lower()
    if _DURATION.fullmatch(wanted) is None:
        raise BadRequest(problems=f"{text!r} n'est pas une durée comme 90s, 15m, 2h ou 3d")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(wanted))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise BadRequest(problems=f"{text!r} n'est pas entre une seconde et dix ans")
    return timedelta(seconds=seconds)


def read_instant(text: str) -> datetime:
    """
    Return the instant that ``2027-08-21`` (its beginning), ``2027-08-21T02:16`` or
    ``2027-08-21T00:16Z`` says; by the school's own clock unless it names a zone.

    Raises:
        BadRequest: It says none.
    """
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRequest(
            problems=f"{text!r} n'est pas une date comme 2027-08-21 ou 2027-08-21T02:16"
        ) from None
    return said if said.tzinfo is not None else said.replace(tzinfo=SCHOOL_ZONE)


@attrs.frozen
class Travel:
    """
    What the operator does to the clock.

    Args:
        allowed: Whether the server was started for tests.
    """

    clock: Clock
    schools: Iterable[School]
    allowed: bool

    def under_way(self) -> list[tuple[School, str, datetime]]:
        """Return what is due and not done yet: the school, its schedule, since when."""
        now = self.clock.now()
        return [
            (school, schedule, instant)
            for school in self.schools
            for schedule, instant in school.agenda.due(now).items()
        ]

    async def advance(self, duration: timedelta, *, by: str) -> None:
        """
        Move the clock, and return when what became due is done; not for ever, see `under_way`.

        Raises:
            Conflict: The server was not started for tests.
        """
        self._check()
        before = self.clock.now()
        self.clock.advance(duration)
        await self._moved(before, by)

    async def until(self, instant: datetime, *, back: bool, by: str) -> None:
        """
        Make *instant* the present; as `advance`.

        Args:
            back: Whether going back is meant: what was done stays done, dated later than now.

        Raises:
            Conflict: The instant has passed and *back* was not said; or as `advance`.
        """
        self._check()
        before = self.clock.now()
        if instant < before and not back:
            raise Conflict(
                "Cette date est passée à l'horloge de l'établissement ; pour reculer, "
                "ajoutez --back.",
                "That date has passed on the school's clock; to go back, add --back.",
            )
        self.clock.travel_to(instant)
        await self._moved(before, by)

    async def freeze(self, *, by: str) -> None:
        self._check()
        self.clock.freeze()
        await self._record("clock.frozen", by)

    async def resume(self, *, by: str) -> None:
        self._check()
        self.clock.resume()
        await self._record("clock.resumed", by)

    def _check(self) -> None:
        if not self.allowed:
            raise Conflict(
                "Ce serveur n'a pas été démarré avec --test-api : son horloge ne se déplace "
                "pas.",
                "This server was not started with --test-api: its clock is not moved.",
            )

    async def _moved(self, before: datetime, by: str) -> None:
        now = self.clock.now()
        await self._record("clock.moved", by, before=before.isoformat())
        with trio.move_on_after(_PATIENCE_SECONDS):
            for school in self.schools:
                await school.agenda.done(now)

    async def _record(self, kind: str, by: str, **details: str) -> None:
        for school in self.schools:
            await school.journal.record(kind, by, **details)
