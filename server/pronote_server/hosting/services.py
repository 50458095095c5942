"""Services: who may see them, and how their averages are made."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import services as calls
from pronote_protocol.words import EvaluatesIn, Mode, SealedMatter, SubServiceUse
from pronote_server.domain.average_options import Rounding, check_weight
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Audience, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of, services_for
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.storage import base_service_settings as kept
from pronote_server.storage.base_marks import periods_with_assessments
from pronote_server.storage.base_services import ServiceLine
from pronote_server.storage.remembered import remembered
from pronote_server.storage.short_reads import Query

__all__ = [
    "audience_of",
    "change_service",
    "check_nothing_sealed",
    "is_short_list",
    "list_services",
    "read_service",
    "set_coefficient",
    "shown",
]


@remembered
def audience_of(conn: Connection, service_id: int) -> Audience:
    """
    Return who may see what is entered for a service, beside mode Administratif.

    That is its teacher, and the one of the service it is part of, whose averages it moves;
    no other teacher of the class.
    """
    return Audience(teachers=kept.teachers_of_service(conn, service_id))


def list_services(session: Session, wish: calls.ListServices) -> Query[Page[calls.ServiceRow]]:
    """Ask for a page of the services *session* may see."""

    def read(conn: Connection) -> Page[calls.ServiceRow]:
        lines = services_for(conn, session, class_id=wish.class_id, group_id=wish.group_id)
        page = lines[wish.offset : wish.offset + wish.limit]
        settings = kept.settings_of(conn, [line.id for line in page])
        rows = tuple(_row(line, settings[line.id]) for line in page)
        return Page(total=len(lines), offset=wish.offset, rows=rows)

    return read


def is_short_list(session: Session, wish: calls.ListServices) -> bool:
    """Whether it is of one teacher, class or group: the school's are read whole and sorted."""
    narrow = session.mode is Mode.TEACHER or wish.class_id is not None
    return narrow or wish.group_id is not None


async def read_service(school: School, session: Session, service_id: int) -> calls.ServiceShown:
    """
    Raises:
        NotFound: There is none, or it is not for *session* to see.
    """

    def read(conn: Connection) -> calls.ServiceShown:
        return shown(conn, service_of(conn, session, service_id))

    return await school.base_in_service().database.read(read)


async def change_service(
    school: School, session: Session, wish: calls.ChangeService, key: str | None
) -> calls.ServiceShown:
    """
    Change how the averages of a service are made.

    Options are the whole year's: what would move an average that was sealed is refused, to
    whoever asks.

    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        BadRequest: A number is impossible.
        Conflict: An average of a sealed period would move.
    """
    given = {
        name: value
        for name in attrs.fields_dict(kept.ServiceSettings)
        if (value := getattr(wish, name)) is not None
    }
    for name, value in given.items():
        if isinstance(value, calls.RoundingRow):
            given[name] = Rounding(value.step, value.direction).written()
        elif isinstance(value, (EvaluatesIn, SubServiceUse)):
            given[name] = value.value

    def command(entry: Entry) -> calls.ServiceShown:
        conn = entry.conn
        line = service_of(conn, session, wish.id)
        entry.check_fresh("service", wish.id, line.revision, wish.if_revision)
        old = kept.settings_of(conn, [wish.id])[wish.id]
        new = attrs.evolve(old, **given)
        check_weight("Coefficient", "Coefficient", new.coefficient)
        moves = (new.coefficient, new.options) != (old.coefficient, old.options)
        if new == old:
            return shown(conn, line)
        if moves:
            check_nothing_sealed(entry, line)
        kept.change_service(conn, wish.id, new, entry.revision)
        entry.changed(
            "services",
            "service",
            wish.id,
            attrs.asdict(old),
            attrs.asdict(new),
            audience_of(conn, wish.id),
        )
        return shown(conn, service_of(conn, session, wish.id))

    return await enter(school, session, calls.CHANGE_SERVICE, key, command)


async def set_coefficient(
    school: School, session: Session, wish: calls.SetCoefficient, key: str | None
) -> calls.ServiceShown:
    """
    Set what a service counts for in one period.

    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile; or there
            is no such period.
        BadRequest: The number is impossible.
        Conflict: The marks of the period are sealed.
    """

    def command(entry: Entry) -> calls.ServiceShown:
        conn = entry.conn
        line = service_of(conn, session, wish.id)
        period = the_period(conn, wish.period_id)
        entry.check_fresh("service", wish.id, line.revision, wish.if_revision)
        if wish.coefficient is not None:
            check_weight("Coefficient", "Coefficient", wish.coefficient)
        old = kept.coefficients_of(conn, wish.id).get(wish.period_id)
        if old == wish.coefficient:
            return shown(conn, line)
        classes = kept.class_ids_of_service(conn, wish.id)
        check_open(conn, classes, period, SealedMatter.MARKS, entry.at)
        kept.put_coefficient(conn, wish.id, wish.period_id, wish.coefficient, entry.revision)
        entry.changed(
            "services",
            "service",
            wish.id,
            {"period": period.code, "coefficient": old},
            {"period": period.code, "coefficient": wish.coefficient},
            audience_of(conn, wish.id),
        )
        return shown(conn, service_of(conn, session, wish.id))

    return await enter(school, session, calls.SET_COEFFICIENT, key, command)


def check_nothing_sealed(entry: Entry, line: ServiceLine) -> None:
    """
    Refuse what would move averages of this service where marks are sealed already.

    Raises:
        Conflict: They are, in a period in which it has assessments.
    """
    classes = kept.class_ids_of_service(entry.conn, line.id)
    below = kept.sub_services_of(entry.conn, [line.id]).get(line.id, [])
    for period_id in periods_with_assessments(entry.conn, [line.id, *below]):
        period = the_period(entry.conn, period_id)
        check_open(entry.conn, classes, period, SealedMatter.MARKS, entry.at)


def shown(conn: Connection, line: ServiceLine) -> calls.ServiceShown:
    """Return a service with its options."""
    settings = kept.settings_of(conn, [line.id])[line.id]
    options = settings.options
    return calls.ServiceShown(
        service=_row(line, settings),
        bring_to_20=options.bring_to_20,
        above_average_only=options.only_above_middle,
        highest_weight=options.highest_weight,
        lowest_weight=options.lowest_weight,
        rounding_pupil=_rounding(options.pupil_rounding),
        rounding_class=_rounding(options.class_rounding),
        out_of=options.out_of,
        bonus_malus=options.bonus_malus,
        sub_services=options.sub_services,
        coefficients=tuple(
            calls.PeriodCoefficientRow(period_id, coefficient)
            for period_id, coefficient in kept.coefficients_of(conn, line.id).items()
        ),
    )


def _row(line: ServiceLine, settings: kept.ServiceSettings) -> calls.ServiceRow:
    return calls.ServiceRow(
        line.id,
        line.subject,
        line.teacher,
        line.class_id,
        line.group_id,
        line.audience,
        line.parent_id,
        EvaluatesIn(line.evaluates_in),
        settings.coefficient,
        line.orphan,
        line.revision,
    )


def _rounding(rounding: Rounding) -> calls.RoundingRow:
    return calls.RoundingRow(rounding.step, rounding.direction)
