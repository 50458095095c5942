"""Assessments (*devoirs*): listing, creating, changing and deleting them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import assessments as calls
from pronote_protocol.errors import Conflict
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Annotation, EvaluatesIn, SealedMatter
from pronote_server.domain.marks import MarkValue
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
from pronote_server.storage import base_marks as kept

__all__ = [
    "LARGEST_NUMBER",
    "assessment_row",
    "change_assessment",
    "create_assessment",
    "delete_assessment",
    "list_assessments",
    "mark_values",
    "read_assessment",
    "the_assessment",
]

# In one service and period. A busy teacher has a dozen; a grid of them is still one answer.
LARGEST_NUMBER: Final = 100

_CHANGEABLE: Final = (
    "period_id",
    "date",
    "title",
    "scale",
    "coefficient",
    "optional",
    "bonus",
    "bring_to_20",
    "published_on",
)


def the_assessment(
    conn: Connection, session: Session, assessment_id: int
) -> kept.AssessmentLine:
    """
    Raises:
        NotFound: There is none, or its service is not for *session* to see.
    """
    return for_session(
        conn, session, kept.assessment(conn, assessment_id), f"assessment {assessment_id}"
    )


def assessment_row(line: kept.AssessmentLine) -> calls.AssessmentRow:
    return calls.AssessmentRow(**attrs.asdict(line))


def mark_values(value: MarkValue | None) -> dict[str, Any] | None:
    """Return a mark as the audit keeps it."""
    if value is None:
        return None
    if isinstance(value, Annotation):
        return {"annotation": value}
    return {"value": value}


async def list_assessments(
    school: School, session: Session, wish: calls.ListAssessments
) -> Page[calls.AssessmentRow]:
    """
    Raises:
        NotFound: The service is not for *session* to see.
    """

    def read(conn: Connection) -> list[kept.AssessmentLine]:
        service_of(conn, session, wish.service_id)
        return kept.assessments_of(conn, [wish.service_id], wish.period_id)

    lines = await school.base_in_service().database.read(read)
    page = lines[wish.offset : wish.offset + wish.limit]
    return Page(total=len(lines), offset=wish.offset, rows=tuple(map(assessment_row, page)))


async def read_assessment(
    school: School, session: Session, assessment_id: int
) -> calls.AssessmentShown:
    """
    Raises:
        NotFound: See `the_assessment`.
    """
    line = await school.base_in_service().database.read(
        lambda conn: the_assessment(conn, session, assessment_id)
    )
    return calls.AssessmentShown(assessment=assessment_row(line))


async def create_assessment(
    school: School, session: Session, wish: calls.CreateAssessment, key: str | None
) -> calls.AssessmentShown:
    """
    Raises:
        NotFound: The service is not for *session* to see, or there is no such period.
        BadRequest: A number is impossible, or the day is not one of the period.
        Conflict: The period is sealed, or the service takes no marks, or no more of them.
    """

    def command(entry: Entry) -> calls.AssessmentShown:
        conn = entry.conn
        service = service_of(conn, session, wish.service_id)
        if service.evaluates_in == EvaluatesIn.COMPETENCIES.value:
            raise Conflict(
                "Ce service s'évalue par compétences seulement.",
                "This service is evaluated by competencies only.",
            )
        line = kept.AssessmentLine(id=0, revision=entry.revision, **attrs.asdict(wish))
        _check(entry, line)
        if len(kept.assessments_of(conn, [service.id], wish.period_id)) >= LARGEST_NUMBER:
            raise _too_many()
        line = attrs.evolve(line, id=kept.insert_assessment(conn, line))
        note(entry, "assessments", "assessment", None, line)
        return calls.AssessmentShown(assessment=assessment_row(line))

    return await enter(school, session, calls.CREATE_ASSESSMENT, key, command)


async def change_assessment(
    school: School, session: Session, wish: calls.ChangeAssessment, key: str | None
) -> calls.AssessmentShown:
    """
    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        BadRequest: A number is impossible, or the day is not one of the period.
        Conflict: A period it is in, before or after, is sealed; or a mark is above the scale.
    """

    def command(entry: Entry) -> calls.AssessmentShown:
        conn = entry.conn
        old = the_assessment(conn, session, wish.id)
        entry.check_fresh("assessment", wish.id, old.revision, wish.if_revision)
        given = wished(wish, _CHANGEABLE)
        new = attrs.evolve(old, **given)
        if new == old:
            return calls.AssessmentShown(assessment=assessment_row(old))
        check_line_open(entry, old, SealedMatter.MARKS)
        _check(entry, new)
        if new.scale < old.scale:
            _check_marks_fit(conn, new)
        if new.period_id != old.period_id:
            there = kept.assessments_of(conn, [new.service_id], new.period_id)
            if len(there) >= LARGEST_NUMBER:
                raise _too_many()
        new = attrs.evolve(new, revision=entry.revision)
        kept.update_assessment(conn, new)
        note(entry, "assessments", "assessment", old, new)
        return calls.AssessmentShown(assessment=assessment_row(new))

    return await enter(school, session, calls.CHANGE_ASSESSMENT, key, command)


async def delete_assessment(
    school: School, session: Session, wish: calls.DeleteAssessment, key: str | None
) -> Nothing:
    """
    Delete an assessment; its marks, if it may, each with a line in the audit.

    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        Conflict: The period is sealed, or it has marks.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        old = the_assessment(conn, session, wish.id)
        entry.check_fresh("assessment", wish.id, old.revision, wish.if_revision)
        check_line_open(entry, old, SealedMatter.MARKS)
        marks = kept.marks_of_assessment(conn, wish.id)
        if marks and not wish.with_marks:
            raise Conflict(
                "Ce devoir a {count} notes.",
                "This assessment has {count} marks.",
                count=len(marks),
            )
        audience = audience_of(conn, old.service_id)
        for pupil_id, value in marks.items():
            before = mark_values(value)
            entry.changed("marks", "mark", f"{wish.id}/{pupil_id}", before, None, audience)
        kept.delete_assessment(conn, wish.id)
        note(entry, "assessments", "assessment", old, None)
        return Nothing()

    return await enter(school, session, calls.DELETE_ASSESSMENT, key, command)


def _check(entry: Entry, line: kept.AssessmentLine) -> None:
    """Refuse what no assessment can be, and where nothing is entered any more."""
    line.options  # noqa: B018  # reading them checks the numbers
    check_on_its_day(entry, line, SealedMatter.MARKS)


def _check_marks_fit(conn: Connection, line: kept.AssessmentLine) -> None:
    values = kept.marks_of_assessment(conn, line.id).values()
    above = sum(isinstance(value, Decimal) and value > line.scale for value in values)
    if above:
        raise Conflict(
            "{count} notes dépassent {scale}.",
            "{count} marks are above {scale}.",
            count=above,
            scale=str(line.scale),
        )


def _too_many() -> Conflict:
    return Conflict(
        "Un service a {most} devoirs au plus par période.",
        "A service has {most} assessments a period at most.",
        most=LARGEST_NUMBER,
    )
