"""What the book of suspensions gives out: suspensions, verdicts, statistics."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pronote_protocol.words import OffenceCause

__all__ = ["Suspension", "SuspensionRecord", "SuspensionStatistics", "Verdict"]


@attrs.frozen(kw_only=True)
class Suspension:
    """
    One suspension, as it was pronounced.

    Attributes:
        prefix: What is suspended: an IPv4 address or an IPv6 /64.
        login: In profile school, the only account concerned (folded); None for everybody.
        since, until: School time in seconds; it is over at *until*.
        offences: How many led to it.
        recidive: How many suspensions came before, each within 24 h of the end of another.
        accounts: The logins tried (folded), at most 8.
        reference: What a refused user quotes to the administrator.
    """

    prefix: str
    login: str | None
    cause: OffenceCause
    since: float
    until: float
    offences: int
    recidive: int
    accounts: tuple[str, ...]
    reference: str

    def chronological(self) -> tuple[float, str, str]:
        """A key to sort by: the oldest first, and always in the same order."""
        return self.since, self.prefix, self.login or ""


@attrs.frozen(kw_only=True)
class SuspensionRecord(Suspension):
    """
    A suspension as storage keeps it, in force or remembered for recidive.

    Attributes:
        earned: Suspensions that the next recidive counts, this one included.
        ended: When it was lifted or ran out; None while in force.
    """

    earned: int
    ended: float | None

    @classmethod
    def of(cls, suspension: Suspension, earned: int, ended: float | None) -> SuspensionRecord:
        fields = attrs.asdict(suspension, recurse=False)
        return cls(**fields, earned=earned, ended=ended)

    def suspension(self) -> Suspension:
        names = (field.name for field in attrs.fields(Suspension))
        return Suspension(**{name: getattr(self, name) for name in names})


@attrs.frozen(kw_only=True)
class Verdict:
    """
    Why a client is refused.

    Attributes:
        until: When another try makes sense. For a latched client, when it is forgotten: it
            is told to close and start again instead.
        latched: The suspension was lifted, but this running client had been told of it.
        login: Only this account is refused from there; None for every account.
    """

    cause: OffenceCause
    until: float
    reference: str
    latched: bool
    login: str | None

    @classmethod
    def of(cls, suspension: Suspension) -> Verdict:
        return cls(
            cause=suspension.cause,
            until=suspension.until,
            reference=suspension.reference,
            latched=False,
            login=suspension.login,
        )


@attrs.frozen(kw_only=True)
class SuspensionStatistics:
    """
    A snapshot for logs and the console.

    Attributes:
        suspended: In force, or over so shortly that it was not noticed yet.
        remembered: Past suspensions that count for recidive.
        counted: Prefixes with counters.
        latched: Running clients that were told.
        let_go: Entries evicted since the start because the tables were full.
        untracked: Offences not counted because they were full of suspensions in force.
        pronounced: Suspensions since the start, by cause.
    """

    suspended: int
    remembered: int
    counted: int
    latched: int
    let_go: int
    untracked: int
    pronounced: Mapping[OffenceCause, int]

    @property
    def tracked(self) -> int:
        """Entries in the tables, which are bounded."""
        return self.suspended + self.remembered + self.counted
