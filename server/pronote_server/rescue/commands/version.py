"""The change of version, for the operator."""

from __future__ import annotations

import datetime
from typing import Any

import attrs

from pronote_protocol.catalogue.version import CancelVersion, PlanVersion
from pronote_protocol.records import structure, unstructure
from pronote_protocol.words import VersionBase, VersionEdition
from pronote_server.hosting import version_plans
from pronote_server.hosting.asker import Asker
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool
from pronote_server.rescue.door import Command

__all__ = ["commands"]

_ASKER = Asker(OPERATOR, None)


@attrs.frozen(kw_only=True)
class _Plan(At):
    edition: VersionEdition
    on: datetime.date
    base: VersionBase


@attrs.frozen(kw_only=True)
class _Cancel(At):
    edition: VersionEdition


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def show(params: dict[str, Any]) -> Any:
        return unstructure(version_plans.show_version(at(structure(params, At))))

    async def plan(params: dict[str, Any]) -> Any:
        wish = structure(params, _Plan)
        planned = PlanVersion(edition=wish.edition, on=wish.on, base=wish.base)
        return unstructure(await version_plans.plan_version(at(wish), planned, _ASKER))

    async def cancel(params: dict[str, Any]) -> Any:
        wish = structure(params, _Cancel)
        gone = CancelVersion(edition=wish.edition)
        return unstructure(await version_plans.cancel_version(at(wish), gone, _ASKER))

    return {"version.show": show, "version.plan": plan, "version.cancel": cancel}
