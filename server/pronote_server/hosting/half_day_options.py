"""How the school counts half-days: its midday reference, and what it leaves out."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from pronote_protocol.catalogue import half_days as calls
from pronote_server.domain.half_days import HalfDayRules
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import SCHOOL_LIFE, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage.base_schema import half_day_options

__all__ = ["change_options", "read_options", "rules_of"]


def rules_of(conn: Connection) -> HalfDayRules:
    """Return them as the domain wants them."""
    found = _options(conn)
    return HalfDayRules(
        midday_minute=found.midday_minute, skip_without_lessons=found.skip_without_lessons
    )


async def read_options(school: School) -> calls.HalfDayOptions:
    """Return the school's own, or the usual ones."""
    return await school.base_in_service().database.read(_options)


async def change_options(
    school: School, session: Session, key: str | None, wish: calls.ChangeHalfDayOptions
) -> calls.HalfDayOptions:
    """
    Raises:
        StaleRevision: They were changed since.
    """

    def command(entry: Entry) -> calls.HalfDayOptions:
        conn, table = entry.conn, half_day_options
        old = _options(conn)
        entry.check_fresh(table.name, 1, old.revision, wish.if_revision)
        before = _values(old)
        after = {
            "midday_minute": wish.midday_minute,
            "skip_without_lessons": wish.skip_without_lessons,
        }
        if before == after:
            return old
        conn.execute(delete(table))
        conn.execute(insert(table).values(id=1, **after, revision=entry.revision))
        entry.changed("absences", table.name, 1, before, after, SCHOOL_LIFE)
        return _options(conn)

    return await enter(school, session, calls.CHANGE_HALF_DAY_OPTIONS, key, command)


def _options(conn: Connection) -> calls.HalfDayOptions:
    row = conn.execute(select(half_day_options)).one_or_none()
    if row is None:
        usual = HalfDayRules()
        return calls.HalfDayOptions(
            midday_minute=usual.midday_minute,
            skip_without_lessons=usual.skip_without_lessons,
            revision=0,
        )
    return calls.HalfDayOptions(
        midday_minute=row.midday_minute,
        skip_without_lessons=row.skip_without_lessons,
        revision=row.revision,
    )


def _values(options: calls.HalfDayOptions) -> dict[str, object]:
    return {
        "midday_minute": options.midday_minute,
        "skip_without_lessons": options.skip_without_lessons,
    }
