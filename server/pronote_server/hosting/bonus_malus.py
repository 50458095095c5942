"""Points given to pupils for a service and a period: those of a whole class at once."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import bonus_malus as calls
from pronote_protocol.errors import BadRequest, NotFound
from pronote_protocol.words import SealedMatter
from pronote_server.domain.average_options import check_bonus_malus
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.hosting.services import audience_of
from pronote_server.storage import base_bonus as kept
from pronote_server.storage.base_service_settings import class_ids_of_pupils, settings_of
from pronote_server.storage.base_services import pupils_of_service

__all__ = ["enter_bonus", "list_bonus"]


async def list_bonus(
    school: School, session: Session, wish: calls.ListBonus
) -> Page[calls.BonusRow]:
    """
    Raises:
        NotFound: The service is not for *session* to see, or there is no such period.
    """

    def read(conn: Connection) -> Page[calls.BonusRow]:
        service_of(conn, session, wish.service_id)
        the_period(conn, wish.period_id)
        given = kept.bonus_of_service(conn, wish.service_id, wish.period_id)
        pupils = pupils_of_service(conn, wish.service_id)
        page = pupils[wish.offset : wish.offset + wish.limit]
        return Page(
            total=len(pupils),
            offset=wish.offset,
            rows=tuple(
                calls.BonusRow(pupil.id, pupil.name, row.points, row.revision)
                if (row := given.get(pupil.id))
                else calls.BonusRow(pupil.id, pupil.name, None, 0)
                for pupil in page
            ),
        )

    return await school.base_in_service().database.read(read)


async def enter_bonus(
    school: School, session: Session, wish: calls.EnterBonus, key: str | None
) -> calls.BonusEntered:
    """
    Give points, or take them away: to all of these pupils, or to none.

    Raises:
        NotFound: The service, or a pupil in it, is not for *session* to see; no such period.
        StaleRevision: A pupil's points were changed since.
        BadRequest: Points are impossible, or a pupil is there twice.
        Conflict: The marks of the period are sealed for the class of one of them.
    """

    def command(entry: Entry) -> calls.BonusEntered:
        conn, service_id, period_id = entry.conn, wish.service_id, wish.period_id
        service_of(conn, session, service_id)
        period = the_period(conn, period_id)
        out_of = settings_of(conn, [service_id])[service_id].out_of
        pupils = {pupil.id for pupil in pupils_of_service(conn, service_id)}
        given = kept.bonus_of_service(conn, service_id, period_id)
        changed: dict[int, tuple[Decimal | None, Decimal | None]] = {}
        seen: set[int] = set()
        for one in wish.entries:
            if one.pupil_id not in pupils:
                raise NotFound(what=f"pupil {one.pupil_id}")
            if one.pupil_id in seen:
                raise BadRequest(problems=f"entries: pupil {one.pupil_id} is there twice")
            seen.add(one.pupil_id)
            check_bonus_malus(one.points or Decimal(0), out_of)
            there = given.get(one.pupil_id)
            name = f"{service_id}/{period_id}/{one.pupil_id}"
            revision = 0 if there is None else there.revision
            entry.check_fresh("bonus_malus", name, revision, one.if_revision)
            old = None if there is None else there.points
            if old != (one.points or None):
                changed[one.pupil_id] = old, one.points or None
        if changed:
            classes = class_ids_of_pupils(conn, changed)
            check_open(conn, classes, period, SealedMatter.MARKS, entry.at)
        audience = audience_of(conn, service_id)
        for pupil_id, (old, new) in changed.items():
            kept.put_bonus(conn, service_id, period_id, pupil_id, new, entry.revision)
            entry.changed(
                "marks",
                "bonus_malus",
                f"{service_id}/{period_id}/{pupil_id}",
                None if old is None else {"points": old},
                None if new is None else {"points": new},
                audience,
            )
        return calls.BonusEntered(revision=entry.revision, changed=len(changed))

    return await enter(school, session, calls.ENTER_BONUS, key, command)
