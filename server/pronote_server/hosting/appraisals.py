"""Appraisals: of a service by its teacher, general ones by the administration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from pronote_protocol.catalogue import appraisals as calls
from pronote_protocol.errors import BadRequest, NotAllowed, NotFound
from pronote_protocol.words import Mode, SealedMatter
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import OFFICE, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.hosting.services import audience_of
from pronote_server.storage import base_appraisals as kept
from pronote_server.storage.base_header import read_header
from pronote_server.storage.base_service_settings import class_ids_of_pupils, pupils_of_class
from pronote_server.storage.base_services import PupilLine, pupils_of_service

__all__ = ["enter_appraisals", "list_appraisals"]

# With texts of the longest, each letter of four bytes, still within one frame of a server.
_ROWS: Final = 200


async def list_appraisals(
    school: School, session: Session, wish: calls.ListAppraisals
) -> calls.AppraisalsShown:
    """
    Raises:
        BadRequest: Not exactly one of service and class is given.
        NotFound: It is not for *session* to see, or there is no such period.
    """
    if (wish.service_id is None) == (wish.class_id is None):
        raise BadRequest(problems="service_id, class_id: expected exactly one of them")

    def read(conn: Connection) -> calls.AppraisalsShown:
        pupils = _pupils(conn, session, wish)
        the_period(conn, wish.period_id)
        texts = kept.appraisals(conn, wish.period_id, wish.service_id)
        return calls.AppraisalsShown(
            revision=read_header(conn).revision,
            total=len(pupils),
            offset=wish.offset,
            rows=tuple(
                calls.AppraisalRow(pupil.id, pupil.name, texts.get(pupil.id, ""))
                for pupil in pupils[wish.offset : wish.offset + min(wish.limit, _ROWS)]
            ),
        )

    return await school.base_in_service().database.read(read)


async def enter_appraisals(
    school: School, session: Session, wish: calls.EnterAppraisals, key: str | None
) -> calls.AppraisalsEntered:
    """
    Enter appraisals: all, or none when one is refused.

    Raises:
        NotAllowed: General ones, in mode Enseignant.
        NotFound: The service, a pupil or the period is not for *session* to see.
        StaleRevision: One of them was changed meanwhile.
        BadRequest: A pupil is there twice.
        Conflict: The period is sealed for the class of a pupil whose appraisal would change.
    """
    if wish.service_id is None and session.mode is not Mode.ADMINISTRATIVE:
        raise NotAllowed()

    def command(entry: Entry) -> calls.AppraisalsEntered:
        conn, service_id = entry.conn, wish.service_id
        wanted = {one.pupil_id: one.text.strip() for one in wish.entries}
        if len(wanted) < len(wish.entries):
            raise BadRequest(problems="entries: a pupil is there twice")
        _check_pupils(conn, session, service_id, wanted)
        period = the_period(conn, wish.period_id)
        there = kept.appraisals(conn, wish.period_id, service_id)
        changed = {id_: new for id_, new in wanted.items() if new != there.get(id_, "")}
        for pupil_id in changed:
            name = _name(wish.period_id, service_id, pupil_id)
            revision = kept.last_change(conn, "appraisal", name)
            entry.check_fresh("appraisal", name, revision, wish.if_revision)
        classes = class_ids_of_pupils(conn, changed)
        check_open(conn, classes, period, SealedMatter.APPRAISALS, entry.at)
        audience = OFFICE if service_id is None else audience_of(conn, service_id)
        for pupil_id, new in changed.items():
            old = there.get(pupil_id)
            if new:
                kept.put_appraisal(
                    conn,
                    wish.period_id,
                    service_id,
                    pupil_id,
                    new,
                    entry.revision,
                    new=old is None,
                )
            else:
                kept.remove_appraisal(conn, wish.period_id, service_id, pupil_id)
            entry.changed(
                "appraisals",
                "appraisal",
                _name(wish.period_id, service_id, pupil_id),
                None if old is None else {"text": old},
                {"text": new} if new else None,
                audience,
            )
        return calls.AppraisalsEntered(revision=entry.revision, changed=len(changed))

    return await enter(school, session, calls.ENTER_APPRAISALS, key, command)


def _pupils(conn: Connection, session: Session, wish: calls.ListAppraisals) -> list[PupilLine]:
    if wish.service_id is not None:
        service_of(conn, session, wish.service_id)
        return pupils_of_service(conn, wish.service_id)
    assert wish.class_id is not None
    of_class = None
    if session.mode is Mode.ADMINISTRATIVE:
        of_class = pupils_of_class(conn, wish.class_id)
    if of_class is None:
        raise NotFound(what=f"class {wish.class_id}")
    return of_class


def _check_pupils(
    conn: Connection, session: Session, service_id: int | None, wanted: dict[int, str]
) -> None:
    if service_id is not None:
        service_of(conn, session, service_id)
        known = {pupil.id for pupil in pupils_of_service(conn, service_id)}
    else:
        known = kept.present_pupils(conn, wanted)
    for pupil_id in wanted:
        if pupil_id not in known:
            raise NotFound(what=f"pupil {pupil_id}")


def _name(period_id: int, service_id: int | None, pupil_id: int) -> str:
    """Return what the audit calls one: its own id would not outlive it."""
    return f"{period_id}/{'general' if service_id is None else service_id}/{pupil_id}"
