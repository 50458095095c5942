"""Skills, evaluations of them, levels and positions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import evaluations as evaluation_calls
from pronote_protocol.catalogue import skills as calls
from pronote_protocol.catalogue.evaluations import (
    EvaluationRow,
    EvaluationShown,
    LevelEntry,
    LevelsEntered,
    LevelsShown,
    PositionsShown,
)
from pronote_protocol.catalogue.skills import SkillRow
from pronote_protocol.words import PositioningMode

__all__ = ["Evaluations", "Levels", "Skills"]


class Skills(Family):
    """What evaluations can be about; the administration keeps the list."""

    async def list(
        self,
        *,
        domain: str | None = None,
        search: str | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[SkillRow]:
        """Return a page of skills, by domain and code."""
        return await self._call(
            calls.LIST_SKILLS,
            calls.ListSkills(domain=domain, search=search, offset=offset, limit=limit),
        )

    async def list_all(
        self, *, domain: str | None = None, search: str | None = None
    ) -> tuple[SkillRow, ...]:
        """Return all skills."""
        return await every_row(
            lambda offset: self.list(domain=domain, search=search, offset=offset, limit=500)
        )

    async def create(self, code: str, name: str, *, domain: str = "") -> SkillRow:
        """Create a skill; no two have the same code."""
        wish = calls.CreateSkill(code=code, name=name, domain=domain)
        return (await self._call(calls.CREATE_SKILL, wish)).skill

    async def change(
        self, skill: int, *, name: str | None = None, domain: str | None = None
    ) -> SkillRow:
        """Change what is given."""
        wish = calls.ChangeSkill(id=skill, name=name, domain=domain)
        return (await self._call(calls.CHANGE_SKILL, wish)).skill

    async def delete(self, skill: int) -> None:
        """Delete a skill no evaluation is about."""
        await self._call(calls.DELETE_SKILL, calls.SkillRef(id=skill))


class Evaluations(Family):
    """Evaluations; a teacher has those of his services."""

    async def list(
        self, service: int, *, period: int | None = None, offset: int = 0, limit: int = 100
    ) -> Page[EvaluationRow]:
        """Return a page of the evaluations of a service, by date."""
        return await self._call(
            evaluation_calls.LIST_EVALUATIONS,
            evaluation_calls.ListEvaluations(
                service_id=service, period_id=period, offset=offset, limit=limit
            ),
        )

    async def read(self, evaluation: int) -> EvaluationShown:
        """Return an evaluation and its skills."""
        return await self._call(
            evaluation_calls.READ_EVALUATION, evaluation_calls.EvaluationRef(id=evaluation)
        )

    async def create(
        self,
        service: int,
        period: int,
        date: datetime.date,
        skills: Iterable[int],
        *,
        title: str = "",
        coefficient: Decimal = Decimal(1),
        published_on: datetime.date | None = None,
    ) -> EvaluationShown:
        """Create an evaluation, without levels."""
        return await self._call(
            evaluation_calls.CREATE_EVALUATION,
            evaluation_calls.CreateEvaluation(
                service_id=service,
                period_id=period,
                date=date,
                skill_ids=tuple(skills),
                title=title,
                coefficient=coefficient,
                published_on=published_on,
            ),
        )

    async def change(
        self,
        evaluation: int,
        *,
        period: int | None = None,
        date: datetime.date | None = None,
        skills: Iterable[int] | None = None,
        title: str | None = None,
        coefficient: Decimal | None = None,
        published_on: datetime.date | None = None,
        unpublish: bool = False,
        if_revision: int | None = None,
    ) -> EvaluationShown:
        """Change what is given."""
        return await self._call(
            evaluation_calls.CHANGE_EVALUATION,
            evaluation_calls.ChangeEvaluation(
                id=evaluation,
                if_revision=if_revision,
                period_id=period,
                date=date,
                skill_ids=None if skills is None else tuple(skills),
                title=title,
                coefficient=coefficient,
                published_on=published_on,
                unpublish=unpublish,
            ),
        )

    async def delete(
        self, evaluation: int, *, with_levels: bool = False, if_revision: int | None = None
    ) -> None:
        """Delete an evaluation; one with levels only if *with_levels*."""
        await self._call(
            evaluation_calls.DELETE_EVALUATION,
            evaluation_calls.DeleteEvaluation(
                id=evaluation, if_revision=if_revision, with_levels=with_levels
            ),
        )


class Levels(Family):
    """Levels pupils reached, and where they stand by them."""

    async def read(self, evaluation: int, *, offset: int = 0, limit: int = 500) -> LevelsShown:
        """Return the levels of an evaluation, pupil by pupil."""
        return await self._call(
            evaluation_calls.READ_LEVELS,
            evaluation_calls.ReadLevels(evaluation_id=evaluation, offset=offset, limit=limit),
        )

    async def enter(
        self,
        evaluation: int,
        entries: Iterable[LevelEntry],
        *,
        if_revision: int | None = None,
    ) -> LevelsEntered:
        """Enter, change and erase levels: all of them or none."""
        return await self._call(
            evaluation_calls.ENTER_LEVELS,
            evaluation_calls.EnterLevels(
                evaluation_id=evaluation, if_revision=if_revision, entries=tuple(entries)
            ),
        )

    async def positions(
        self,
        pupil: int,
        *,
        service: int | None = None,
        period: int | None = None,
        mode: PositioningMode = PositioningMode.ALL,
    ) -> PositionsShown:
        """Return where a pupil stands in each domain, by the evaluations one may see."""
        return await self._call(
            evaluation_calls.READ_POSITIONS,
            evaluation_calls.ReadPositions(
                pupil_id=pupil, service_id=service, period_id=period, mode=mode
            ),
        )
