"""Evaluations of skills: listing, creating, changing and deleting them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import evaluations as calls
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import EvaluatesIn, SealedMatter
from pronote_server.domain.average_options import check_weight
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.service_work import (
    check_line_open,
    check_on_its_day,
    for_session,
    note,
    wished,
)
from pronote_server.hosting.services import audience_of
from pronote_server.hosting.skills import skill_row
from pronote_server.storage import base_skills as kept

__all__ = [
    "change_evaluation",
    "create_evaluation",
    "delete_evaluation",
    "evaluation_row",
    "list_evaluations",
    "read_evaluation",
    "the_evaluation",
]

# In one service and period, as of assessments.
LARGEST_NUMBER: Final = 100

_CHANGEABLE: Final = (
    "period_id",
    "date",
    "title",
    "coefficient",
    "published_on",
)


def the_evaluation(
    conn: Connection, session: Session, evaluation_id: int
) -> kept.EvaluationLine:
    """
    Raises:
        NotFound: There is none, or its service is not for *session* to see.
    """
    return for_session(
        conn, session, kept.evaluation(conn, evaluation_id), f"evaluation {evaluation_id}"
    )


def evaluation_row(line: kept.EvaluationLine) -> calls.EvaluationRow:
    return calls.EvaluationRow(**attrs.asdict(line))


async def list_evaluations(
    school: School, session: Session, wish: calls.ListEvaluations
) -> Page[calls.EvaluationRow]:
    """
    Raises:
        NotFound: The service is not for *session* to see.
    """

    def read(conn: Connection) -> list[kept.EvaluationLine]:
        service_of(conn, session, wish.service_id)
        return kept.evaluations_of(conn, wish.service_id, wish.period_id)

    lines = await school.base_in_service().database.read(read)
    page = lines[wish.offset : wish.offset + wish.limit]
    return Page(total=len(lines), offset=wish.offset, rows=tuple(map(evaluation_row, page)))


async def read_evaluation(
    school: School, session: Session, evaluation_id: int
) -> calls.EvaluationShown:
    """
    Raises:
        NotFound: See `the_evaluation`.
    """
    return await school.base_in_service().database.read(
        lambda conn: _shown(conn, the_evaluation(conn, session, evaluation_id))
    )


async def create_evaluation(
    school: School, session: Session, wish: calls.CreateEvaluation, key: str | None
) -> calls.EvaluationShown:
    """
    Raises:
        NotFound: The service, the period or a skill is not there for *session*.
        BadRequest: The coefficient is impossible, or the day is not one of the period.
        Conflict: The period is sealed, or the service has marks only, or enough of them.
    """

    def command(entry: Entry) -> calls.EvaluationShown:
        conn = entry.conn
        service = service_of(conn, session, wish.service_id)
        if service.evaluates_in == EvaluatesIn.MARKS.value:
            raise Conflict(
                "Ce service s'évalue par notes seulement.",
                "This service is evaluated by marks only.",
            )
        skill_ids = _ordered(conn, wish.skill_ids)
        line = kept.EvaluationLine(
            id=0, revision=entry.revision, **{**attrs.asdict(wish), "skill_ids": skill_ids}
        )
        _check(entry, line)
        _check_room(conn, line)
        line = attrs.evolve(line, id=kept.insert_evaluation(conn, line))
        note(entry, "evaluations", "evaluation", None, line)
        return _shown(conn, line)

    return await enter(school, session, calls.CREATE_EVALUATION, key, command)


async def change_evaluation(
    school: School, session: Session, wish: calls.ChangeEvaluation, key: str | None
) -> calls.EvaluationShown:
    """
    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        BadRequest: The coefficient is impossible, or the day is not one of the period.
        Conflict: A period it is in, before or after, is sealed; or a skill that goes has
            levels.
    """

    def command(entry: Entry) -> calls.EvaluationShown:
        conn = entry.conn
        old = the_evaluation(conn, session, wish.id)
        entry.check_fresh("evaluation", wish.id, old.revision, wish.if_revision)
        given = wished(wish, _CHANGEABLE)
        if wish.skill_ids is not None:
            given["skill_ids"] = _ordered(conn, wish.skill_ids)
        new = attrs.evolve(old, **given)
        if new == old:
            return _shown(conn, old)
        check_line_open(entry, old, SealedMatter.LEVELS)
        _check(entry, new)
        if new.period_id != old.period_id:
            _check_room(conn, new)
        _check_levels_stay(conn, old, new)
        new = attrs.evolve(new, revision=entry.revision)
        kept.update_evaluation(conn, new)
        kept.set_skills(conn, old.id, old.skill_ids, new.skill_ids)
        note(entry, "evaluations", "evaluation", old, new)
        return _shown(conn, new)

    return await enter(school, session, calls.CHANGE_EVALUATION, key, command)


async def delete_evaluation(
    school: School, session: Session, wish: calls.DeleteEvaluation, key: str | None
) -> Nothing:
    """
    Delete an evaluation; its levels, if it may, each with a line in the audit.

    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        Conflict: The period is sealed, or it has levels.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        old = the_evaluation(conn, session, wish.id)
        entry.check_fresh("evaluation", wish.id, old.revision, wish.if_revision)
        check_line_open(entry, old, SealedMatter.LEVELS)
        levels = kept.levels_of_evaluation(conn, wish.id)
        if levels and not wish.with_levels:
            raise Conflict(
                "Cette évaluation a {count} niveaux saisis.",
                "This evaluation has {count} levels.",
                count=len(levels),
            )
        audience = audience_of(conn, old.service_id)
        for (pupil_id, skill_id), level in levels.items():
            cell = f"{wish.id}/{pupil_id}/{skill_id}"
            entry.changed("levels", "level", cell, {"level": level}, None, audience)
        kept.delete_evaluation(conn, wish.id)
        note(entry, "evaluations", "evaluation", old, None)
        return Nothing()

    return await enter(school, session, calls.DELETE_EVALUATION, key, command)


def _shown(conn: Connection, line: kept.EvaluationLine) -> calls.EvaluationShown:
    skills = kept.skills_of(conn, line.skill_ids)
    return calls.EvaluationShown(
        evaluation=evaluation_row(line), skills=tuple(map(skill_row, skills))
    )


def _ordered(conn: Connection, skill_ids: Iterable[int]) -> tuple[int, ...]:
    """Return these skills, each once, in the order in which levels are shown."""
    wanted = set(skill_ids)
    found = kept.skills_of(conn, wanted)
    missing = wanted - {line.id for line in found}
    if missing:
        raise NotFound(what=f"skill {min(missing)}")
    return tuple(line.id for line in found)


def _check(entry: Entry, line: kept.EvaluationLine) -> None:
    """Refuse what no evaluation can be, and where nothing is entered any more."""
    check_weight("Coefficient", "Coefficient", line.coefficient)
    check_on_its_day(entry, line, SealedMatter.LEVELS)


def _check_room(conn: Connection, line: kept.EvaluationLine) -> None:
    if len(kept.evaluations_of(conn, line.service_id, line.period_id)) >= LARGEST_NUMBER:
        raise Conflict(
            "Un service a {most} évaluations au plus par période.",
            "A service has {most} evaluations a period at most.",
            most=LARGEST_NUMBER,
        )


def _check_levels_stay(
    conn: Connection, old: kept.EvaluationLine, new: kept.EvaluationLine
) -> None:
    gone = set(old.skill_ids) - set(new.skill_ids)
    if not gone:
        return
    count = sum(skill_id in gone for _, skill_id in kept.levels_of_evaluation(conn, old.id))
    if count:
        raise Conflict(
            "{count} niveaux sont saisis pour les compétences retirées.",
            "{count} levels stand for the skills that would go.",
            count=count,
        )
