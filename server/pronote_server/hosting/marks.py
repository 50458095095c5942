"""Marks: reading a column or a grid, entering those of a whole class at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from pronote_protocol.catalogue import marks as calls
from pronote_protocol.errors import BadRequest, NotFound, StaleRevision
from pronote_protocol.words import Annotation, SealedMatter
from pronote_server.domain.averages import assessment_statistics
from pronote_server.domain.marks import MarkValue, checked_value
from pronote_server.domain.sessions import Session
from pronote_server.hosting.assessments import assessment_row, mark_values, the_assessment
from pronote_server.hosting.averages import statistics_row
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.hosting.service_averages import averages_of
from pronote_server.hosting.services import audience_of
from pronote_server.storage import base_marks as kept
from pronote_server.storage.base_service_settings import class_ids_of_pupils
from pronote_server.storage.base_services import pupil_ids_of_service, pupils_of_service
from pronote_server.storage.short_reads import Query

__all__ = ["enter_marks", "read_grid", "read_marks"]

# Two values travel for each; a frame of the server holds 32 768.
_CELLS: Final = 12_000


def read_marks(session: Session, wish: calls.ReadMarks) -> Query[calls.MarksShown]:
    """
    Ask for the column of an assessment.

    Raises:
        NotFound: (when asked) It is not for *session* to see.
    """

    def read(conn: Connection) -> calls.MarksShown:
        line = the_assessment(conn, session, wish.assessment_id)
        pupils = pupils_of_service(conn, line.service_id)
        marks = kept.marks_of_assessment(conn, line.id)
        present = [marks[pupil.id] for pupil in pupils if pupil.id in marks]
        return calls.MarksShown(
            assessment=assessment_row(line),
            statistics=statistics_row(assessment_statistics(present)),
            total=len(pupils),
            offset=wish.offset,
            rows=tuple(
                calls.MarkRow(pupil.id, pupil.name, *_cell(marks.get(pupil.id)))
                for pupil in pupils[wish.offset : wish.offset + wish.limit]
            ),
        )

    return read


async def read_grid(school: School, session: Session, wish: calls.ReadGrid) -> calls.GridShown:
    """
    Return all marks of a service in a period.

    Raises:
        NotFound: The service is not for *session* to see, or there is no such period.
    """

    def read(conn: Connection) -> calls.GridShown:
        service_of(conn, session, wish.service_id)
        the_period(conn, wish.period_id)
        found = averages_of(conn, [wish.service_id], wish.period_id)[wish.service_id]
        most = min(wish.limit, _CELLS // max(1, len(found.assessments)))
        rows = []
        for pupil in found.pupils[wish.offset : wish.offset + most]:
            marks = [found.marks.get((line.id, pupil.id)) for line in found.assessments]
            cells = [_cell(None if mark is None else mark.value) for mark in marks]
            rows.append(
                calls.GridRow(
                    pupil.id,
                    pupil.name,
                    tuple(value for value, _ in cells),
                    tuple(annotation for _, annotation in cells),
                    found.averages[pupil.id],
                )
            )
        return calls.GridShown(
            assessments=tuple(map(assessment_row, found.assessments)),
            statistics=statistics_row(found.statistics),
            total=len(found.pupils),
            offset=wish.offset,
            rows=tuple(rows),
        )

    return await school.base_in_service().database.read(read)


async def enter_marks(
    school: School, session: Session, wish: calls.EnterMarks, key: str | None
) -> calls.MarksEntered:
    """
    Enter marks of one assessment: all, or none when one is refused.

    Raises:
        NotFound: The assessment, or a pupil in its service, is not for *session* to see.
        StaleRevision: It, or a mark of it, was changed meanwhile.
        BadRequest: A mark is impossible, or a pupil is there twice.
        Conflict: The period is sealed for the class of a pupil whose mark would change.
    """

    def command(entry: Entry) -> calls.MarksEntered:
        conn = entry.conn
        line = the_assessment(conn, session, wish.assessment_id)
        _check_fresh(conn, line, wish.if_revision)
        pupils = pupil_ids_of_service(conn, line.service_id)
        wanted: dict[int, MarkValue | None] = {}
        for one in wish.entries:
            if one.pupil_id not in pupils:
                raise NotFound(what=f"pupil {one.pupil_id}")
            if one.pupil_id in wanted:
                raise BadRequest(problems=f"entries: pupil {one.pupil_id} is there twice")
            wanted[one.pupil_id] = _value_of(one, line)
        there = kept.marks_of_pupils(conn, line.id, wanted)
        changed = {id_: new for id_, new in wanted.items() if new != there.get(id_)}
        if not changed:
            return calls.MarksEntered(revision=line.revision, changed=0)
        check_open(
            conn,
            class_ids_of_pupils(conn, changed),
            the_period(conn, line.period_id),
            SealedMatter.MARKS,
            entry.at,
        )
        audience = audience_of(conn, line.service_id)
        for pupil_id, new in changed.items():
            old = there.get(pupil_id)
            if new is None:
                kept.remove_mark(conn, line.id, pupil_id)
            else:
                kept.put_mark(conn, line.id, pupil_id, new, entry.revision, new=old is None)
            entry.changed(
                "marks",
                "mark",
                f"{line.id}/{pupil_id}",
                mark_values(old),
                mark_values(new),
                audience,
            )
        kept.touch_assessment(conn, line.id, entry.revision)
        return calls.MarksEntered(revision=entry.revision, changed=len(changed))

    return await enter(school, session, calls.ENTER_MARKS, key, command)


def _check_fresh(conn: Connection, line: kept.AssessmentLine, known: int | None) -> None:
    """As `Entry.check_fresh`, of an assessment together with its marks."""
    if known is None or known >= line.revision:
        return
    changes = kept.changes_of_column(conn, line.id, known)
    raise StaleRevision(
        revision=line.revision,
        changed=[
            {
                "revision": each.revision,
                "by": each.actor,
                "what": f"{each.entity} {each.entity_id}",
                "after": each.after,
            }
            for each in changes[-50:]
        ],
    )


def _value_of(one: calls.MarkEntry, line: kept.AssessmentLine) -> MarkValue | None:
    if one.annotation is not None and one.value is not None:
        raise BadRequest(
            problems=f"entries: pupil {one.pupil_id} has a value and an annotation"
        )
    if one.annotation is not None:
        return one.annotation
    return None if one.value is None else checked_value(one.value, line.scale)


def _cell(value: MarkValue | None) -> tuple[Decimal | None, Annotation | None]:
    """Return points and annotation, as a row wants them."""
    if isinstance(value, Annotation):
        return None, value
    return value, None
