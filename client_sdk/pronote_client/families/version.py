"""The change of version (fiche 3)."""

from __future__ import annotations

import datetime

from pronote_client.families.family import Family
from pronote_protocol.catalogue import version as calls
from pronote_protocol.catalogue.version import VersionShown
from pronote_protocol.words import VersionBase, VersionEdition

__all__ = ["Version"]


class Version(Family):
    """*Changement de version de PRONOTE*."""

    async def show(self) -> VersionShown:
        """Return what is installed, and the change that comes."""
        return await self._call(calls.SHOW_VERSION)

    async def plan(
        self, edition: VersionEdition, on: datetime.date, base: VersionBase
    ) -> VersionShown:
        """
        Plan a change, in the place of one of the same edition.

        Raises:
            Conflict: That edition cannot be installed on that day.
        """
        return await self._call(
            calls.PLAN_VERSION, calls.PlanVersion(edition=edition, on=on, base=base)
        )

    async def cancel(self, edition: VersionEdition) -> VersionShown:
        """
        Give up a change that was planned.

        Raises:
            NotFound: None of that edition is.
        """
        return await self._call(calls.CANCEL_VERSION, calls.CancelVersion(edition=edition))
