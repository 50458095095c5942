"""Calls on the change of version (fiche 3, *Changement de version de PRONOTE*)."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Right, VersionBase, VersionEdition


@attrs.frozen(kw_only=True)
class PlannedVersion:
    """
    A change that was asked for.

    Attributes:
        on: It is made when this day begins, on the school's calendar.
        base: What is in service afterwards.
        by: Who asked for it.
    """

    edition: VersionEdition
    on: datetime.date
    base: VersionBase
    by: str


@attrs.frozen(kw_only=True)
class VersionFailure:
    """
    A change that did not succeed; the old base is in service again.

    Attributes:
        again_on: The day on which it is tried again.
    """

    at: datetime.datetime
    year: int
    edition: VersionEdition
    reason: str
    again_on: datetime.date


@attrs.frozen(kw_only=True)
class VersionShown:
    """
    What is installed, and what comes.

    Attributes:
        year: Of the version; PRONOTE 2020 is for 2020-2021.
        installed_at: Nil when it was there from the beginning.
        base_year: School year of the base that is loaded; nil without one.
        planned: What was asked for, at most one of each edition.
        next_year, next_edition, next_on: The change that comes next, planned or not.
        next_base: What is in service after it, if the base that is loaded stays.
        automatic: Whether nobody asked for it: on 21 August everybody goes over.
        pre_version_from, official_from: When the editions of the next version can be had;
            nil for a pre-version that is installed.
        failure: Of the last attempt, if it failed.
    """

    year: int
    edition: VersionEdition
    installed_at: datetime.datetime | None
    base_year: int | None
    planned: tuple[PlannedVersion, ...]
    next_year: int
    next_edition: VersionEdition
    next_on: datetime.date
    next_base: VersionBase
    automatic: bool
    pre_version_from: datetime.date | None
    official_from: datetime.date
    failure: VersionFailure | None


@attrs.frozen(kw_only=True)
class PlanVersion:
    """
    Attributes:
        on: From the day the edition can be had to 20 August; today is now.
        base: A new empty base, or the base in service when the time has come.
    """

    edition: VersionEdition
    on: datetime.date
    base: VersionBase


@attrs.frozen(kw_only=True)
class CancelVersion:
    edition: VersionEdition


SHOW_VERSION: Final = Call(
    name="version.show",
    params=Nothing,
    result=VersionShown,
    right=Right.SEE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Show the version that is installed and the change that comes (fiche 3).",
)
PLAN_VERSION: Final = Call(
    name="version.plan",
    params=PlanVersion,
    result=VersionShown,
    right=Right.MANAGE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Plan the installation of the pre-version or the official version (fiche 3).",
)
CANCEL_VERSION: Final = Call(
    name="version.cancel",
    params=CancelVersion,
    result=VersionShown,
    right=Right.MANAGE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Give up a change of version that was planned.",
)
