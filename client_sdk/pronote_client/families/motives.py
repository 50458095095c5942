"""Motives of absences, latenesses, punishments, sanctions and follow-ups."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import motives as calls
from pronote_protocol.catalogue.motives import MotiveRow
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.words import MotiveKind

__all__ = ["Motives"]


class Motives(Family):
    """Motives and their flags; `MotiveRow` says what each flag means."""

    async def list(self, kind: MotiveKind | None = None) -> tuple[MotiveRow, ...]:
        """Return those of one kind, or all."""
        return (await self._call(calls.LIST_MOTIVES, calls.ListMotives(kind=kind))).rows

    async def create(
        self,
        kind: MotiveKind,
        name: str,
        *,
        admissible: bool = False,
        settled: bool = False,
        out_of_school: bool = False,
        health: bool = False,
        report_card: bool = False,
        published: bool = False,
        usable_by_guardians: bool = False,
    ) -> MotiveRow:
        """
        Create one.

        Raises:
            Conflict: The name is taken within its kind.
        """
        return await self._call(
            calls.CREATE_MOTIVE,
            calls.CreateMotive(
                kind=kind,
                name=name,
                admissible=admissible,
                settled=settled,
                out_of_school=out_of_school,
                health=health,
                report_card=report_card,
                published=published,
                usable_by_guardians=usable_by_guardians,
            ),
        )

    async def change(
        self,
        id: int,
        name: str,
        *,
        admissible: bool = False,
        settled: bool = False,
        out_of_school: bool = False,
        health: bool = False,
        report_card: bool = False,
        published: bool = False,
        usable_by_guardians: bool = False,
        if_revision: int | None = None,
    ) -> MotiveRow:
        """Say everything it shall be from now on."""
        return await self._call(
            calls.CHANGE_MOTIVE,
            calls.ChangeMotive(
                id=id,
                name=name,
                admissible=admissible,
                settled=settled,
                out_of_school=out_of_school,
                health=health,
                report_card=report_card,
                published=published,
                usable_by_guardians=usable_by_guardians,
                if_revision=if_revision,
            ),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """
        Delete one.

        Raises:
            Conflict: Something has it.
        """
        await self._call(calls.DELETE_MOTIVE, ThingRef(id=id, if_revision=if_revision))
