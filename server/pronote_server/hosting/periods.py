"""
The periods of the school year: setting them, sealing them.

A base has the usual ones (three trimesters, two semesters, the year) from the moment it is
loaded for the first time: `bases.open_base` puts them where there are none.
"""

from __future__ import annotations

from datetime import timedelta

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import periods as calls
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_server.domain.school_calendar import Period, SchoolCalendar
from pronote_server.domain.school_data import WEEKS_IN_SCHOOL_YEAR, first_monday
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import EVERYBODY, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.sealing import the_period
from pronote_server.storage import base_periods as kept
from pronote_server.storage.base_header import read_header
from pronote_server.storage.short_reads import Query

__all__ = [
    "change_period",
    "create_period",
    "delete_period",
    "list_periods",
    "list_sealings",
    "seal",
    "unseal",
]


def list_periods(wish: calls.ListPeriods) -> Query[Page[calls.PeriodRow]]:
    """Ask for a page of the periods, by kind and day."""

    def read(conn: Connection) -> Page[calls.PeriodRow]:
        revisions = kept.last_changes_of_periods(conn)
        rows = [
            calls.PeriodRow(**attrs.asdict(line), revision=revisions.get(line.id, 0))
            for line in kept.periods(conn)
            if wish.kind in (None, line.kind)
        ]
        return Page(
            total=len(rows),
            offset=wish.offset,
            rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
        )

    return read


async def create_period(
    school: School, session: Session, wish: calls.CreatePeriod, key: str | None
) -> calls.PeriodKept:
    """
    Raises:
        Conflict: It overlaps another of its kind, or leaves the school year.
    """
    new = Period(wish.code, wish.name, wish.kind, wish.starts_on, wish.ends_on)

    def command(entry: Entry) -> calls.PeriodKept:
        _check_year(entry.conn, [*kept.periods(entry.conn)], new)
        [id_] = kept.insert_periods(entry.conn, [new])
        entry.changed("periods", "period", id_, None, _values(new), EVERYBODY)
        return calls.PeriodKept(id=id_, revision=entry.revision)

    return await enter(school, session, calls.CREATE_PERIOD, key, command)


async def change_period(
    school: School, session: Session, wish: calls.ChangePeriod, key: str | None
) -> calls.PeriodKept:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed meanwhile.
        Conflict: It would overlap another of its kind, or leave the school year.
    """

    def command(entry: Entry) -> calls.PeriodKept:
        old = the_period(entry.conn, wish.id)
        revision = kept.last_changes_of_periods(entry.conn).get(wish.id, 0)
        entry.check_fresh("period", wish.id, revision, wish.if_revision)
        given = {
            name: getattr(wish, name)
            for name in ("code", "name", "starts_on", "ends_on")
            if getattr(wish, name) is not None
        }
        new = attrs.evolve(old.period, **given)
        if new == old.period:
            return calls.PeriodKept(id=wish.id, revision=revision)
        others = [line for line in kept.periods(entry.conn) if line.id != wish.id]
        _check_year(entry.conn, others, new)
        kept.change_period(entry.conn, wish.id, new)
        entry.changed(
            "periods", "period", wish.id, _values(old.period), _values(new), EVERYBODY
        )
        return calls.PeriodKept(id=wish.id, revision=entry.revision)

    return await enter(school, session, calls.CHANGE_PERIOD, key, command)


async def delete_period(
    school: School, session: Session, wish: calls.DeletePeriod, key: str | None
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed meanwhile.
        Conflict: Something was entered in it.
    """

    def command(entry: Entry) -> Nothing:
        old = the_period(entry.conn, wish.id)
        revision = kept.last_changes_of_periods(entry.conn).get(wish.id, 0)
        entry.check_fresh("period", wish.id, revision, wish.if_revision)
        if count := kept.entries_in_period(entry.conn, wish.id):
            raise Conflict(
                "La période {period} contient {count} saisies.",
                "The period {period} holds {count} entries.",
                period=old.name,
                count=count,
            )
        for line in kept.sealings(entry.conn, period_id=wish.id):
            _note_sealing(entry, line, None)
        kept.delete_period(entry.conn, wish.id)
        entry.changed("periods", "period", wish.id, _values(old.period), None, EVERYBODY)
        return Nothing()

    return await enter(school, session, calls.DELETE_PERIOD, key, command)


async def list_sealings(school: School, wish: calls.ListSealings) -> Page[calls.SealingRow]:
    """Return a page of what is sealed, by class, period and matter."""

    def read(conn: Connection) -> list[kept.SealingLine]:
        class_ids = None if wish.class_id is None else [wish.class_id]
        return kept.sealings(conn, class_ids=class_ids, period_id=wish.period_id)

    lines = await school.base_in_service().database.read(read)
    return Page(
        total=len(lines),
        offset=wish.offset,
        rows=tuple(
            calls.SealingRow(
                line.class_id, line.class_name, line.period_id, line.what, line.sealed_at
            )
            for line in lines[wish.offset : wish.offset + wish.limit]
        ),
    )


async def seal(
    school: School, session: Session, wish: calls.SealPeriod, key: str | None
) -> calls.SealingsChanged:
    """
    Close matters of a period to some classes.

    Sealing at once what is sealed already leaves the instant it was sealed at.

    Raises:
        NotFound: The period or a class is not there; nothing is sealed.
    """

    def command(entry: Entry) -> calls.SealingsChanged:
        the_period(entry.conn, wish.period_id)
        codes = _the_classes(entry.conn, wish.class_ids)
        at = wish.at or entry.at
        there = _sealings_of(entry.conn, codes, wish.period_id)
        changed = 0
        for class_id, code in sorted(codes.items()):
            for what in dict.fromkeys(wish.what):
                old = there.get((class_id, what))
                if old is not None and (
                    old.sealed_at == at or (wish.at is None and old.sealed_at <= at)
                ):
                    continue
                kept.put_sealing(entry.conn, class_id, wish.period_id, what, at)
                new = kept.SealingLine(class_id, code, "", wish.period_id, what, at)
                _note_sealing(entry, old, new)
                changed += 1
        return calls.SealingsChanged(changed=changed)

    changed = await enter(school, session, calls.SEAL_PERIOD, key, command)
    school.planned.set()
    return changed


async def unseal(
    school: School, session: Session, wish: calls.UnsealPeriod, key: str | None
) -> calls.SealingsChanged:
    """
    Raises:
        NotFound: The period or a class is not there; nothing is unsealed.
    """

    def command(entry: Entry) -> calls.SealingsChanged:
        the_period(entry.conn, wish.period_id)
        codes = _the_classes(entry.conn, wish.class_ids)
        there = _sealings_of(entry.conn, codes, wish.period_id)
        gone = [line for (_, what), line in there.items() if what in wish.what]
        for line in gone:
            kept.remove_sealing(entry.conn, line.class_id, line.period_id, line.what)
            _note_sealing(entry, line, None)
        return calls.SealingsChanged(changed=len(gone))

    return await enter(school, session, calls.UNSEAL_PERIOD, key, command)


def _check_year(conn: Connection, others: list[kept.PeriodLine], new: Period) -> None:
    """Refuse *new* beside *others*; what was wrong before stays somebody else's."""
    year = read_header(conn).school_year
    first = first_monday(year)
    last = first + timedelta(weeks=WEEKS_IN_SCHOOL_YEAR, days=-1)
    before = SchoolCalendar(
        school_year=year,
        starts_on=first,
        ends_on=last,
        periods=tuple(line.period for line in others),
    )
    after = attrs.evolve(before, periods=(*before.periods, new))
    problems = [each for each in after.check() if each not in before.check()]
    if problems:
        raise Conflict(
            "Période refusée : {problems_fr}.",
            "Period refused: it must be in order, within the school year, with a code of its "
            "own, and overlap none of its kind.",
            problems_fr=" ; ".join(problems[:5]),
        )


def _the_classes(conn: Connection, class_ids: tuple[int, ...]) -> dict[int, str]:
    codes = kept.classes_named(conn, class_ids)
    for class_id in class_ids:
        if class_id not in codes:
            raise NotFound(what=f"class {class_id}")
    return codes


def _sealings_of(
    conn: Connection, class_ids: dict[int, str], period_id: int
) -> dict[tuple[int, object], kept.SealingLine]:
    return {
        (line.class_id, line.what): line
        for line in kept.sealings(conn, class_ids=class_ids, period_id=period_id)
    }


def _note_sealing(
    entry: Entry, old: kept.SealingLine | None, new: kept.SealingLine | None
) -> None:
    line = new or old
    assert line is not None
    entry.changed(
        "periods",
        "sealing",
        f"{line.class_id}/{line.period_id}/{line.what.value}",
        None if old is None else {"sealed_at": old.sealed_at},
        None if new is None else {"sealed_at": new.sealed_at},
        EVERYBODY,
    )


def _values(period: Period) -> dict[str, object]:
    return attrs.asdict(period, recurse=False)
