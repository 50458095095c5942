"""
Suspended addresses (fiche 11, *Sécurité*).

Three causes, each counted apart: wrong passwords, saturation of the server, calls outside
one's rights. Who reaches a threshold is refused for a time that doubles at each recidive; the
numbers are in `suspension_policy`, what counts as one address in `addresses`. A connection
that comes and goes is no offence, only too many of them are. Sessions that are open are never
cut by a suspension: nothing here knows of them, and what they do meanwhile is not counted.

Times are school time in seconds (UTC) and come in as arguments. No event looks through the
tables, which are bounded: full, they let the least dangerous entry go (`suspension_tables`).
Full of suspensions in force, they count no newcomer, rather than refuse everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType
from typing import Final

from pronote_protocol import errors
from pronote_protocol.words import OffenceCause

from .addresses import prefix_of, prefixes_of
from .latches import Latch, LatchBook
from .references import counting_references, random_references
from .request_meter import RequestMeter
from .search import fold
from .suspension_policy import (
    LEVELS,
    SuspensionLevel,
    SuspensionPolicy,
    SuspensionProfile,
    Thresholds,
)
from .suspension_records import Suspension, SuspensionRecord, SuspensionStatistics, Verdict
from .suspension_tables import Key, Offence, SuspensionTables, Term

__all__ = [
    "LEVELS",
    "Latch",
    "RequestMeter",
    "Suspension",
    "SuspensionBook",
    "SuspensionLevel",
    "SuspensionPolicy",
    "SuspensionProfile",
    "SuspensionRecord",
    "SuspensionStatistics",
    "Thresholds",
    "Verdict",
    "counting_references",
    "prefix_of",
    "random_references",
]

# The bound of the tables: prefixes with counters, and what was suspended.
_MOST_TRACKED: Final = 65_536

_MOST_ACCOUNTS_SHOWN: Final = 8

# A login comes from a stranger: what is longer is cut before anything is kept.
_LONGEST_LOGIN: Final = 64


class SuspensionBook:
    """
    Who is suspended from one school, and who is on the way to it.

    Every method that takes an *address* raises ValueError when it is no IP address.

    Args:
        new_reference: Draws the reference of a suspension. The default counts, so that it is
            deterministic; a server gives `random_references`, which does not begin again
            after a restart.
        most_tracked: Bound of the tables.
    """

    def __init__(
        self,
        policy: SuspensionPolicy,
        *,
        new_reference: Callable[[], str] | None = None,
        most_tracked: int = _MOST_TRACKED,
    ) -> None:
        self._policy = policy
        self._new_reference = new_reference or counting_references()
        self._tables = SuspensionTables(most_tracked, _counter_seconds(policy))
        self._latches = LatchBook()
        self._pronounced = dict.fromkeys(OffenceCause, 0)

    @property
    def policy(self) -> SuspensionPolicy:
        return self._policy

    def apply(self, policy: SuspensionPolicy) -> None:
        """Count by *policy* from now on, from nothing; suspensions in force stay."""
        self._policy = policy
        self._tables.counter_seconds = _counter_seconds(policy)
        for prefix in list(self._tables.counters):
            self._tables.drop_counter(prefix)

    # -- offences ------------------------------------------------------------------------

    def wrong_password(self, address: str, login: str, now: float) -> Suspension | None:
        """
        Count a wrong password or an unknown user, which are the same offence.

        Returns:
            The suspension this one leads to, if it does; so for every offence.
        """
        prefix, numbers = self._watched(address, now)
        if numbers is None:
            return None
        name = _login_key(login)
        in_school = self._policy.profile is SuspensionProfile.SCHOOL
        if in_school and self._tables.in_force((prefix, name), now):
            return None
        counter = self._tables.counter(prefix, now)
        failures = counter.fail(name, now, numbers.wrong_password_seconds)
        self._tables.place(prefix, counter, now)
        enough, cause = numbers.wrong_passwords, OffenceCause.WRONG_PASSWORDS
        if len(failures) < enough:
            return None
        if not in_school or len(_accounts(failures)) >= numbers.accounts:
            return self._suspend((prefix, None), cause, now, failures, numbers)
        of_account = [each for each in failures if each[1] == name]
        if len(of_account) < enough:
            return None
        return self._suspend((prefix, name), cause, now, of_account, numbers)

    def success(self, address: str, login: str, now: float) -> None:
        """Forget the failures of this account from this address, and of no other."""
        self._tables.forgive(prefix_of(address), _login_key(login), now)

    def unauthorised_call(self, address: str, login: str, now: float) -> Suspension | None:
        """Count a call outside the rights of whoever made it."""
        prefix, numbers = self._watched(address, now)
        if numbers is None:
            return None
        counter = self._tables.counter(prefix, now)
        calls = counter.call(_login_key(login), now, numbers.unauthorised_call_seconds)
        self._tables.place(prefix, counter, now)
        if len(calls) < numbers.unauthorised_calls:
            return None
        cause = OffenceCause.UNAUTHORISED_CALLS
        return self._suspend((prefix, None), cause, now, calls, numbers)

    def connection(self, address: str, now: float) -> Suspension | None:
        """Count a connection, whatever becomes of it; only their rate is an offence."""
        prefix, numbers = self._watched(address, now)
        if numbers is None:
            return None
        counter = self._tables.counter(prefix, now)
        connections = counter.connect(now, numbers.connection_seconds)
        self._tables.place(prefix, counter, now)
        if connections <= numbers.connections:
            return None
        return self.saturation(address, connections, now)

    def request_meter(self, address: str) -> RequestMeter:
        """Return what counts the requests of one connection from *address*."""
        prefix_of(address)
        return RequestMeter(self, address)

    def saturation(self, address: str, offences: int, now: float) -> Suspension | None:
        """Suspend *address* for a rate that was measured elsewhere, unless it is exempt."""
        prefix, numbers = self._watched(address, now)
        if numbers is None:
            return None
        cause = OffenceCause.SATURATION
        return self._suspend((prefix, None), cause, now, (), numbers, count=offences)

    def suspend(
        self, address: str, cause: OffenceCause, now: float, seconds: float
    ) -> Suspension:
        """
        Suspend *address* by hand, also when the level is off.

        It does not count for recidive: it says nothing about what the address did. One in
        force is given the new cause and end, and keeps its reference.

        Raises:
            Conflict: *address* is privileged.
            ValueError: *seconds* is not above 0.
        """
        if not seconds > 0:
            raise ValueError(f"seconds is {seconds}, not above 0")
        prefix = prefix_of(address)
        if self._policy.is_privileged(address):
            raise errors.Conflict(
                "L'adresse {address} est privilégiée : elle n'est jamais suspendue.",
                "The address {address} is privileged: it is never suspended.",
                address=address,
            )
        return self._suspend((prefix, None), cause, now, (), seconds)

    # -- verdicts ------------------------------------------------------------------------

    def verdict(
        self,
        address: str,
        now: float,
        login: str | None = None,
        instance: str | None = None,
    ) -> Verdict | None:
        """
        Return why the client at *address* is refused, or None: it is welcome.

        Args:
            login: Once it is known: the account may be suspended from there.
            instance: Once it is known: the client may have been told before a lifting.
        """
        prefix = prefix_of(address)
        name = None if login is None else _login_key(login)
        suspension = self._refusing(prefix, name, now)
        if suspension is not None:
            refusal = Verdict.of(suspension)
        elif instance is not None and (
            latch := self._latches.find(instance, prefix, name, now)
        ):
            refusal = latch.verdict()
        else:
            return None
        return None if self._policy.is_privileged(address) else refusal

    def told(self, instance: str, address: str, now: float, login: str | None = None) -> bool:
        """
        Note that this running client was told it is suspended; kept 24 h.

        Give the *login* that `verdict` was asked about. Nothing is noted for a client that is
        welcome, or whose suspension was lifted.

        Returns:
            Whether there is something new to store.
        """
        prefix = prefix_of(address)
        name = None if login is None else _login_key(login)
        suspension = self._refusing(prefix, name, now)
        if suspension is None or self._policy.is_privileged(address):
            return False
        latch = Latch(
            instance=instance,
            prefix=prefix,
            login=suspension.login,
            cause=suspension.cause,
            reference=suspension.reference,
            told_at=now,
        )
        return self._latches.put(latch, now)

    # -- administration ------------------------------------------------------------------

    def lift(
        self,
        where: str | None,
        now: float,
        *,
        login: str | None = None,
        forget_recidive: bool = False,
    ) -> list[Suspension]:
        """
        End the suspensions of *where*, and count again from nothing there.

        Args:
            where: An address (meaning its prefix), a network, a range; None for all.
            login: Only what concerns this account alone.
            forget_recidive: Also make the next suspension a first one.

        Returns:
            What was lifted, in the order of `current`. Clients that were told of it stay
            refused until they are started again.

        Raises:
            ValueError: *where* is no address and no network.
        """
        is_meant = prefixes_of(where)
        name = None if login is None else _login_key(login)
        lifted = []
        for key, term in list(self._tables.terms.items()):
            if name not in (None, key[1]) or not is_meant(key[0]):
                continue
            if term.in_force(now):
                lifted.append(term.suspension)
                self._tables.close(key, now, now)
            if forget_recidive:
                self._tables.drop(key)
        for prefix in list(self._tables.counters):
            if is_meant(prefix):
                if name is None:
                    self._tables.drop_counter(prefix)
                else:
                    self._tables.forgive(prefix, name, now)
        self._latches.lift(lifted)
        return sorted(lifted, key=Suspension.chronological)

    def current(self, now: float) -> list[Suspension]:
        """Return the suspensions in force, oldest first."""
        in_force = (t.suspension for t in self._tables.terms.values() if t.in_force(now))
        return sorted(in_force, key=Suspension.chronological)

    def statistics(self) -> SuspensionStatistics:
        """Return an immutable snapshot of the counts."""
        tables = self._tables
        return SuspensionStatistics(
            suspended=len(tables.terms) - tables.remembered,
            remembered=tables.remembered,
            counted=len(tables.counters),
            latched=len(self._latches),
            let_go=tables.let_go,
            untracked=tables.untracked,
            pronounced=MappingProxyType(dict(self._pronounced)),
        )

    # -- storage -------------------------------------------------------------------------

    def export(self, now: float) -> list[SuspensionRecord]:
        """
        Return the suspensions that must survive a restart: in force, or still remembered.

        Counters do not: a restart forgives four wrong passwords.
        """
        return self._tables.export(now)

    def export_latches(self, now: float) -> list[Latch]:
        """Return the latched clients that must survive a restart."""
        return self._latches.export(now)

    def restore(
        self, records: Iterable[SuspensionRecord], now: float, latches: Iterable[Latch] = ()
    ) -> None:
        """Take back what `export` and `export_latches` gave, into an empty book."""
        self._tables.restore(records, now)
        self._latches.restore(latches, now)

    # -- inside --------------------------------------------------------------------------

    def _watched(self, address: str, now: float) -> tuple[str, Thresholds | None]:
        """Return the prefix and the numbers to count it by; None when it is not counted."""
        prefix = prefix_of(address)
        # What a suspended address does meanwhile (in sessions that stay open) is not counted.
        if self._tables.in_force((prefix, None), now) or self._policy.is_privileged(address):
            return prefix, None
        return prefix, self._policy.thresholds

    def _refusing(self, prefix: str, name: str | None, now: float) -> Suspension | None:
        term = self._tables.in_force((prefix, None), now)
        if term is None and name is not None:
            term = self._tables.in_force((prefix, name), now)
        return None if term is None else term.suspension

    def _suspend(
        self,
        key: Key,
        cause: OffenceCause,
        now: float,
        offences: Sequence[Offence],
        lasts: Thresholds | float,
        *,
        count: int = 0,
    ) -> Suspension:
        """Suspend for as long as the numbers say, or by hand for that many seconds."""
        prefix, login = key
        before = self._tables.terms.get(key)
        earned = before.earned if before is not None and before.remembered(now) else 0
        extended = self._tables.in_force(key, now)
        by_hand = not isinstance(lasts, Thresholds)
        seconds = lasts.suspension_seconds(earned) if isinstance(lasts, Thresholds) else lasts
        suspension = Suspension(
            prefix=prefix,
            login=login,
            cause=cause,
            since=now,
            until=now + seconds,
            offences=count or len(offences),
            recidive=earned,
            accounts=_accounts(offences)[:_MOST_ACCOUNTS_SHOWN],
            # Extended, it is the same incident: who was told of it knows this reference.
            reference=extended.suspension.reference if extended else self._new_reference(),
        )
        if login is None:
            self._tables.drop_counter(prefix)
        self._tables.put(Term(suspension, earned + (not by_hand), by_hand), now)
        self._pronounced[cause] += 1
        return suspension


def _login_key(login: str) -> str:
    return fold(login[:_LONGEST_LOGIN])


def _accounts(offences: Sequence[Offence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(login for _, login in offences))


def _counter_seconds(policy: SuspensionPolicy) -> float:
    return 0.0 if policy.thresholds is None else policy.thresholds.counter_seconds
