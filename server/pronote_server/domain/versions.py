"""
When a school goes over to the next version, and with which base (fiche 3).

A version is called by the school year it is made for: PRONOTE 2020 is for 2020-2021. Its
pre-version can be had from early July, the official one later; on 21 August whoever has not
gone over does. The first two dates are ours where the guide says *début juillet* and nothing;
the third is the guide's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import attrs

from pronote_protocol.errors import Conflict
from pronote_protocol.words import VersionBase, VersionEdition

__all__ = [
    "Change",
    "Failure",
    "Plan",
    "VersionState",
    "automatic_on",
    "available_from",
    "base_after",
    "check_plan",
    "next_change",
    "school_year_on",
    "state_from_plain",
    "state_to_plain",
]

_AVAILABLE: Final = {VersionEdition.PRE: (7, 1), VersionEdition.OFFICIAL: (8, 1)}
_AUTOMATIC: Final = (8, 21)


@attrs.frozen(kw_only=True)
class Plan:
    """A change that was asked for: on the morning of *on*, with which base, by whom."""

    on: date
    base: VersionBase
    by: str


@attrs.frozen(kw_only=True)
class Failure:
    """
    The last change did not succeed; everything is as it was.

    Attributes:
        again_on: The morning on which it is tried again.
    """

    at: datetime
    year: int
    edition: VersionEdition
    reason: str
    again_on: date


@attrs.frozen(kw_only=True)
class VersionState:
    """
    What is installed, and what is planned.

    Attributes:
        year: Of the version: the school year it is for.
        installed_at: None when it was there from the beginning.
    """

    year: int
    edition: VersionEdition = VersionEdition.OFFICIAL
    installed_at: datetime | None = None
    plans: Mapping[VersionEdition, Plan] = attrs.field(factory=dict)
    failure: Failure | None = None

    @property
    def following(self) -> int:
        """The year of the next official version: after a pre-version, its own."""
        return self.year if self.edition is VersionEdition.PRE else self.year + 1


@attrs.frozen(kw_only=True)
class Change:
    """
    A change to come.

    Attributes:
        on: It is due when this day begins.
        base: None: the automatic one decides by the base that is loaded then.
    """

    year: int
    edition: VersionEdition
    on: date
    base: VersionBase | None = None


def school_year_on(day: date) -> int:
    """Return the school year of *day*; the new one begins on 21 August."""
    return day.year if (day.month, day.day) >= _AUTOMATIC else day.year - 1


def available_from(edition: VersionEdition, year: int) -> date:
    """Return the first day on which that version can be installed."""
    return date(year, *_AVAILABLE[edition])


def automatic_on(year: int) -> date:
    """Return the day on which everybody goes over to the version of *year*."""
    return date(year, *_AUTOMATIC)


def next_change(state: VersionState, today: date) -> Change:
    """
    Return the change that comes next; it is due when its day is not after *today*.

    A school that missed several summers goes over to the newest version at once.
    """
    newest = max(state.following, school_year_on(today))
    changes = [Change(year=newest, edition=VersionEdition.OFFICIAL, on=automatic_on(newest))]
    for edition, plan in state.plans.items():
        year = state.following if edition is VersionEdition.OFFICIAL else state.year + 1
        changes.append(Change(year=year, edition=edition, on=plan.on, base=plan.base))
    first = min(changes, key=lambda change: (change.on, change.base is None))
    if newest > state.following and today >= automatic_on(newest):
        first = changes[0]
    if state.failure is not None and first.on < state.failure.again_on:
        first = attrs.evolve(first, on=state.failure.again_on)
    return first


def base_after(change: Change, base_year: int | None) -> VersionBase:
    """
    Return which base there is after *change*.

    Args:
        base_year: School year of the base that is loaded; None: there is none.
    """
    if base_year is None:
        return VersionBase.NEW
    if change.base is not None:
        return change.base
    return VersionBase.NEW if base_year < change.year else VersionBase.IN_SERVICE


def check_plan(state: VersionState, edition: VersionEdition, on: date, today: date) -> None:
    """
    Raises:
        Conflict: That version cannot be installed on that day.
    """
    if edition is VersionEdition.PRE and state.edition is VersionEdition.PRE:
        raise Conflict(
            f"La pré-version {state.year} est déjà installée.",
            f"The pre-version {state.year} is installed already.",
        )
    year = state.following if edition is VersionEdition.OFFICIAL else state.year + 1
    if on < today:
        raise Conflict(f"Le {on:%d/%m/%Y} est passé.", f"{on} has passed.")
    first, last = available_from(edition, year), automatic_on(year)
    if on < first:
        raise Conflict(
            f"Cette version de PRONOTE {year} est disponible à partir du {first:%d/%m/%Y}.",
            f"That version of PRONOTE {year} is available from {first}.",
        )
    if on >= last:
        raise Conflict(
            f"Le passage à PRONOTE {year} se fait automatiquement le {last:%d/%m/%Y} : "
            "choisissez une date antérieure.",
            f"Going over to PRONOTE {year} is automatic on {last}: choose a day before.",
        )
    pre = state.plans.get(VersionEdition.PRE)
    official = state.plans.get(VersionEdition.OFFICIAL)
    before = on if edition is VersionEdition.PRE else None if pre is None else pre.on
    after = (
        on if edition is VersionEdition.OFFICIAL else None if official is None else official.on
    )
    if before is not None and after is not None and before >= after:
        raise Conflict(
            "La pré-version s'installe avant la version officielle.",
            "The pre-version is installed before the official one.",
        )


def state_to_plain(state: VersionState) -> dict[str, Any]:
    """Return *state* as JSON can say it."""

    def plain(_: Any, __: Any, value: Any) -> Any:
        if hasattr(value, "isoformat"):
            return value.isoformat()
        return getattr(value, "value", value)

    said = attrs.asdict(state, value_serializer=plain)
    said["plans"] = {
        edition.value: attrs.asdict(plan, value_serializer=plain)
        for edition, plan in state.plans.items()
    }
    return said


def state_from_plain(said: Mapping[str, Any]) -> VersionState:
    """Return the state that `state_to_plain` made *said* of."""
    failure, at = said["failure"], said["installed_at"]
    return VersionState(
        year=said["year"],
        edition=VersionEdition(said["edition"]),
        installed_at=None if at is None else datetime.fromisoformat(at),
        plans={
            VersionEdition(edition): Plan(
                on=date.fromisoformat(plan["on"]),
                base=VersionBase(plan["base"]),
                by=plan["by"],
            )
            for edition, plan in said["plans"].items()
        },
        failure=None
        if failure is None
        else Failure(
            at=datetime.fromisoformat(failure["at"]),
            year=failure["year"],
            edition=VersionEdition(failure["edition"]),
            reason=failure["reason"],
            again_on=date.fromisoformat(failure["again_on"]),
        ),
    )
