"""Levels of skills: entering those of a class at once, and where a pupil stands."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection

from pronote_protocol.catalogue import evaluations as calls
from pronote_protocol.errors import BadRequest, NotFound, StaleRevision
from pronote_protocol.words import Level, Mode, PositioningMode, SealedMatter
from pronote_server.domain.competencies import (
    SkillResult,
    position_of_points,
    positioning_points,
)
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.evaluations import evaluation_row, the_evaluation
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import check_pupil, service_of, services_for
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.hosting.services import audience_of
from pronote_server.hosting.skills import skill_row
from pronote_server.storage import base_skills as kept
from pronote_server.storage.base_events import pupils_facts
from pronote_server.storage.base_service_settings import class_ids_of_pupils
from pronote_server.storage.base_services import pupils_of_service

__all__ = ["enter_levels", "read_levels", "read_positions"]

_MOST_DOMAINS = 500


async def read_levels(
    school: School, session: Session, wish: calls.ReadLevels
) -> calls.LevelsShown:
    """
    Return the levels of an evaluation, pupil by pupil.

    Raises:
        NotFound: It is not for *session* to see.
    """

    def read(conn: Connection) -> calls.LevelsShown:
        line = the_evaluation(conn, session, wish.evaluation_id)
        pupils = pupils_of_service(conn, line.service_id)
        levels = kept.levels_of_evaluation(conn, line.id)
        return calls.LevelsShown(
            evaluation=evaluation_row(line),
            skills=tuple(map(skill_row, kept.skills_of(conn, line.skill_ids))),
            total=len(pupils),
            offset=wish.offset,
            rows=tuple(
                calls.LevelsRow(
                    pupil.id,
                    pupil.name,
                    tuple(levels.get((pupil.id, skill_id)) for skill_id in line.skill_ids),
                )
                for pupil in pupils[wish.offset : wish.offset + wish.limit]
            ),
        )

    return await school.base_in_service().database.read(read)


async def enter_levels(
    school: School, session: Session, wish: calls.EnterLevels, key: str | None
) -> calls.LevelsEntered:
    """
    Enter levels of one evaluation: all, or none when one is refused.

    Raises:
        NotFound: The evaluation, a pupil in its service or a skill of it is not there.
        StaleRevision: One of these cells was changed meanwhile.
        BadRequest: A cell is there twice.
        Conflict: The period is sealed for the class of a pupil whose level would change.
    """

    def command(entry: Entry) -> calls.LevelsEntered:
        conn = entry.conn
        line = the_evaluation(conn, session, wish.evaluation_id)
        wanted = _wanted(conn, line, wish.entries)
        _check_fresh(conn, line, wish.if_revision, wanted)
        there = kept.levels_of_evaluation(conn, line.id)
        changed = {cell: new for cell, new in wanted.items() if new is not there.get(cell)}
        if not changed:
            return calls.LevelsEntered(revision=line.revision, changed=0)
        check_open(
            conn,
            class_ids_of_pupils(conn, {pupil_id for pupil_id, _ in changed}),
            the_period(conn, line.period_id),
            SealedMatter.LEVELS,
            entry.at,
        )
        audience = audience_of(conn, line.service_id)
        for (pupil_id, skill_id), new in changed.items():
            old = there.get((pupil_id, skill_id))
            if new is None:
                kept.remove_level(conn, line.id, pupil_id, skill_id)
            else:
                kept.put_level(
                    conn, line.id, pupil_id, skill_id, new, entry.revision, new=old is None
                )
            entry.changed(
                "levels",
                "level",
                f"{line.id}/{pupil_id}/{skill_id}",
                None if old is None else {"level": old},
                None if new is None else {"level": new},
                audience,
            )
        kept.touch_evaluation(conn, line.id, entry.revision)
        return calls.LevelsEntered(revision=entry.revision, changed=len(changed))

    return await enter(school, session, calls.ENTER_LEVELS, key, command)


async def read_positions(
    school: School, session: Session, wish: calls.ReadPositions
) -> calls.PositionsShown:
    """
    Position a pupil in each domain, by the evaluations *session* may see.

    Raises:
        NotFound: The pupil, the service or the period is not there for *session*.
    """

    def read(conn: Connection) -> calls.PositionsShown:
        check_pupil(conn, session, wish.pupil_id)
        if not pupils_facts(conn, [wish.pupil_id]):
            raise NotFound(what=f"pupil {wish.pupil_id}")
        if wish.period_id is not None:
            the_period(conn, wish.period_id)
        services = None
        if wish.service_id is not None:
            services = {service_of(conn, session, wish.service_id).id}
        elif session.mode is Mode.TEACHER:
            services = {service.id for service in services_for(conn, session)}
        lines = kept.levels_of_pupil(conn, wish.pupil_id, services, wish.period_id)
        domains = sorted({line.domain for line in lines}, key=lambda one: (fold(one), one))
        rows = [
            _position(domain, [line for line in lines if line.domain == domain], wish.mode)
            for domain in domains[:_MOST_DOMAINS]
        ]
        return calls.PositionsShown(rows=tuple(rows), overall=_position("", lines, wish.mode))

    return await school.base_in_service().database.read(read)


def _wanted(
    conn: Connection, line: kept.EvaluationLine, entries: Iterable[calls.LevelEntry]
) -> dict[tuple[int, int], Level | None]:
    pupils = {pupil.id for pupil in pupils_of_service(conn, line.service_id)}
    wanted: dict[tuple[int, int], Level | None] = {}
    for one in entries:
        cell = one.pupil_id, one.skill_id
        if one.pupil_id not in pupils:
            raise NotFound(what=f"pupil {one.pupil_id}")
        if one.skill_id not in line.skill_ids:
            raise NotFound(what=f"skill {one.skill_id}")
        if cell in wanted:
            raise BadRequest(
                problems=f"entries: pupil {one.pupil_id}, skill {one.skill_id} is there twice"
            )
        wanted[cell] = one.level
    return wanted


def _check_fresh(
    conn: Connection,
    line: kept.EvaluationLine,
    known: int | None,
    cells: Iterable[tuple[int, int]],
) -> None:
    """
    Refuse to write over what the client has not seen.

    Only these cells count: two teachers of one class, or two tables of a classroom, enter
    theirs side by side.
    """
    if known is None or known >= line.revision:
        return
    names = {f"{line.id}/{pupil_id}/{skill_id}" for pupil_id, skill_id in cells}
    changes = kept.changes_of_levels(conn, line.id, known, names)
    if changes:
        raise StaleRevision(
            revision=line.revision,
            changed=[
                {
                    "revision": each.revision,
                    "by": each.actor,
                    "cell": each.entity_id,
                    "after": each.after,
                }
                for each in changes[-20:]
            ],
        )


def _position(
    domain: str, lines: Iterable[kept.LevelLine], mode: PositioningMode
) -> calls.PositionRow:
    results = [SkillResult(line.date, line.level, line.coefficient) for line in lines]
    points = positioning_points(results, mode)
    return calls.PositionRow(
        domain=domain,
        results=sum(result.points is not None for result in results),
        points=None
        if points is None
        else (Decimal(points.numerator) / Decimal(points.denominator)).quantize(
            Decimal("0.01"), ROUND_HALF_UP
        ),
        position=None if points is None else position_of_points(points),
    )
