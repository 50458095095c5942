"""What is installed and what comes: showing it, and planning a change of version (fiche 3)."""

from __future__ import annotations

from typing import Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue.version import (
    CancelVersion,
    PlannedVersion,
    PlanVersion,
    VersionFailure,
    VersionShown,
)
from pronote_protocol.errors import NotFound
from pronote_protocol.words import VersionEdition
from pronote_server.domain.versions import (
    Plan,
    VersionState,
    available_from,
    base_after,
    check_plan,
    next_change,
    state_to_plain,
)
from pronote_server.hosting.asker import Asker, changing_directory, entry
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage.journal import append_journal
from pronote_server.storage.settings import put_setting

__all__ = ["VERSION_STATE", "base_year", "cancel_version", "plan_version", "show_version"]

# The setting that keeps what is installed and planned.
VERSION_STATE: Final = "version"


def show_version(school: School) -> VersionShown:
    """Return what is installed, and what comes."""
    state = school.version
    today = local(school.now()).date()
    change = next_change(state, today)
    failure = state.failure
    pre = state.edition is VersionEdition.PRE
    return VersionShown(
        year=state.year,
        edition=state.edition,
        installed_at=state.installed_at,
        base_year=base_year(school),
        planned=tuple(
            PlannedVersion(edition=edition, on=plan.on, base=plan.base, by=plan.by)
            for edition, plan in sorted(state.plans.items(), key=lambda each: each[1].on)
        ),
        next_year=change.year,
        next_edition=change.edition,
        next_on=change.on,
        next_base=base_after(change, base_year(school)),
        automatic=change.base is None,
        pre_version_from=None if pre else available_from(VersionEdition.PRE, state.year + 1),
        official_from=available_from(VersionEdition.OFFICIAL, state.following),
        failure=None
        if failure is None
        else VersionFailure(
            at=failure.at,
            year=failure.year,
            edition=failure.edition,
            reason=failure.reason,
            again_on=failure.again_on,
        ),
    )


async def plan_version(school: School, wish: PlanVersion, asker: Asker) -> VersionShown:
    """
    Plan a change, in the place of one of the same edition.

    Raises:
        Conflict: That edition cannot be installed on that day.
    """
    async with changing_directory(school):
        state = school.version
        check_plan(state, wish.edition, wish.on, local(school.now()).date())
        plan = Plan(on=wish.on, base=wish.base, by=asker.name)
        # Whoever chooses another day has seen what failed.
        after = attrs.evolve(state, plans={**state.plans, wish.edition: plan}, failure=None)
        details: dict[str, object] = {"on": wish.on.isoformat(), "base": wish.base.value}
        await _keep(school, after, "version.planned", asker, wish.edition, details)
    school.version_changed.set()
    return show_version(school)


async def cancel_version(school: School, wish: CancelVersion, asker: Asker) -> VersionShown:
    """
    Give up a change that was planned; the one of 21 August is not given up.

    Raises:
        NotFound: None of that edition is planned.
    """
    async with changing_directory(school):
        state = school.version
        if wish.edition not in state.plans:
            raise NotFound(what=f"plan {wish.edition.value}")
        plans = {each: plan for each, plan in state.plans.items() if each is not wish.edition}
        after = attrs.evolve(state, plans=plans)
        await _keep(school, after, "version.cancelled", asker, wish.edition, {})
    school.version_changed.set()
    return show_version(school)


def base_year(school: School) -> int | None:
    """Return the school year of the base that is loaded."""
    return None if school.base is None else school.base.header.school_year


async def _keep(
    school: School,
    after: VersionState,
    kind: str,
    asker: Asker,
    edition: VersionEdition,
    details: dict[str, object],
) -> None:
    line = entry(school, kind, asker, {"edition": edition.value, **details})

    def write(conn: Connection) -> None:
        put_setting(conn, VERSION_STATE, state_to_plain(after))
        append_journal(conn, line)

    await school.records.write(write)
    school.version = after
