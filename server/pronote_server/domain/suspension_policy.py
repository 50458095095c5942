"""
How much is too much: the levels of suspension, their numbers, and who is exempt.

The real product has the four levels; their figures are not public, so **all the numbers are
ours**. The default, medium, lets a person mistype four times and stops a guesser at the fifth.
"""

from __future__ import annotations

import enum
import ipaddress
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from .addresses import Network, networks_of

__all__ = [
    "LEVELS",
    "RECIDIVE_MEMORY_SECONDS",
    "SuspensionLevel",
    "SuspensionPolicy",
    "SuspensionProfile",
    "Thresholds",
]

# A suspension within this time of the end of the previous one lasts twice as long.
RECIDIVE_MEMORY_SECONDS: Final = 24 * 3600.0


class SuspensionLevel(enum.Enum):
    """How closely addresses are watched: *Désactivé, Faible, Moyen, Élevé*."""

    OFF = "off"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class SuspensionProfile(enum.Enum):
    """
    Who is suspended for wrong passwords.

    ``ADDRESS`` is the guide's plain rule: the address. ``SCHOOL`` suspends one account from
    one address, and the address itself only when several accounts failed from it: a whole
    school stands behind one address, and one forgetful user must not shut it out.
    """

    ADDRESS = "address"
    SCHOOL = "school"


@attrs.frozen(kw_only=True)
class Thresholds:
    """
    The numbers of one level.

    Attributes:
        wrong_passwords: The one that suspends, among those of ``wrong_password_seconds``;
            an unknown user is the same offence.
        unauthorised_calls: The one that suspends, among those of
            ``unauthorised_call_seconds``.
        connections: Most connections of one address in a window of ``connection_seconds``
            that begins with the first; the next one suspends. A window may follow another at
            once, so that twice as many may come around its end.
        requests: The same for the requests of one connection.
        accounts: In profile school, how many accounts must have failed before the address
            itself is suspended.
        first_suspension_seconds: Doubled at each recidive, up to
            ``longest_suspension_seconds``. Longer than the windows of offences, so that
            whoever comes back starts from nothing.
    """

    wrong_passwords: int
    wrong_password_seconds: float
    unauthorised_calls: int
    unauthorised_call_seconds: float
    connections: int
    connection_seconds: float = 10.0
    requests: int
    request_seconds: float = 10.0
    accounts: int = 4
    first_suspension_seconds: float
    longest_suspension_seconds: float = 12 * 3600.0

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(Thresholds):
            number = getattr(self, field.name)
            if not 0 < number < math.inf:
                raise ValueError(f"{field.name} is {number}, not a number above 0")
            if not field.name.endswith("_seconds") and number % 1:
                raise ValueError(f"{field.name} is {number}, not a whole number")
        windows = max(self.wrong_password_seconds, self.unauthorised_call_seconds)
        if not windows <= self.first_suspension_seconds <= self.longest_suspension_seconds:
            raise ValueError(
                f"first_suspension_seconds is {self.first_suspension_seconds}, outside "
                f"{windows}..{self.longest_suspension_seconds} (the windows of offences and "
                "the longest suspension)"
            )

    @property
    def counter_seconds(self) -> float:
        """After how long without an event nothing that was counted matters any more."""
        return max(
            self.wrong_password_seconds, self.unauthorised_call_seconds, self.connection_seconds
        )

    def suspension_seconds(self, recidive: int) -> float:
        """Return how long the suspension lasts that *recidive* others came before."""
        # 2**64 windows are longer than anything; without a bound the power would overflow.
        doubled = self.first_suspension_seconds * 2.0 ** min(recidive, 64)
        return min(doubled, self.longest_suspension_seconds)


LEVELS: Final[Mapping[SuspensionLevel, Thresholds]] = MappingProxyType(
    {
        SuspensionLevel.LOW: Thresholds(
            wrong_passwords=10,
            wrong_password_seconds=600.0,
            unauthorised_calls=50,
            unauthorised_call_seconds=600.0,
            connections=1_000,
            requests=50_000,
            first_suspension_seconds=600.0,
        ),
        SuspensionLevel.MEDIUM: Thresholds(
            wrong_passwords=5,
            wrong_password_seconds=600.0,
            unauthorised_calls=20,
            unauthorised_call_seconds=600.0,
            connections=400,  # a school of 180 posts that restarts makes two each
            requests=20_000,
            first_suspension_seconds=1_800.0,
        ),
        SuspensionLevel.HIGH: Thresholds(
            wrong_passwords=3,
            wrong_password_seconds=1_800.0,
            unauthorised_calls=10,
            unauthorised_call_seconds=1_800.0,
            connections=200,
            requests=10_000,
            first_suspension_seconds=3_600.0,
        ),
    }
)


def _networks(given: Iterable[str | Network]) -> tuple[Network, ...]:
    return tuple(
        network
        for item in given
        for network in (networks_of(item) if isinstance(item, str) else (item,))
    )


def _table(given: Mapping[str, float]) -> Mapping[str, float]:
    return MappingProxyType(dict(given))


@attrs.frozen(kw_only=True)
class SuspensionPolicy:
    """
    The school's choice.

    Attributes:
        privileged: Never counted, never refused, on any path. Addresses, networks
            (``10.0.0.0/8``) or ranges (``10.1.1.1-10.1.1.9``).
        overrides: Numbers of the level to replace, by their names in `Thresholds`.

    Raises:
        ValueError: An override that does not exist or cannot be, a network that is none.
    """

    level: SuspensionLevel = SuspensionLevel.MEDIUM
    profile: SuspensionProfile = SuspensionProfile.ADDRESS
    privileged: tuple[Network, ...] = attrs.field(default=(), converter=_networks)
    overrides: Mapping[str, float] = attrs.field(factory=dict, converter=_table, hash=False)
    thresholds: Thresholds | None = attrs.field(init=False, repr=False, eq=False)
    """The numbers in force; None when the level is off."""

    def __attrs_post_init__(self) -> None:
        known = {field.name for field in attrs.fields(Thresholds)}
        unknown = sorted(set(self.overrides) - known)
        if unknown:
            raise ValueError(
                f"unknown numbers {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        changes: dict[str, Any] = dict(self.overrides)
        numbers = LEVELS.get(self.level)
        if numbers is not None:
            numbers = attrs.evolve(numbers, **changes)
        object.__setattr__(self, "thresholds", numbers)

    def is_privileged(self, address: str) -> bool:
        """
        Whether *address* itself, not its prefix, is in a privileged network.

        Raises:
            ValueError: *address* is no IP address.
        """
        if not self.privileged:
            return False
        (host,) = networks_of(ipaddress.ip_address(address).compressed)
        return any(
            host.network_address in network
            for network in self.privileged
            if network.version == host.version
        )
