"""
The kinds of resources a school manages one by one, and the rules of each.

One line a kind in `KINDS`; what they have in common is in `resource_entries`. A rule that is
not about the shape of one resource is here:

* a former pupil is in no class; who leaves, leaves his groups, and who changes class leaves
  the groups that are of other classes only;
* a group's members are of its classes, when it has any;
* holidays do not overlap, and stay within the school year;
* a room is kept while a detention is still to be held there; later ones forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Connection, Table, func, select

from pronote_protocol.catalogue import calendar, letters, people, structure
from pronote_protocol.catalogue.resource_calls import ResourceCalls
from pronote_protocol.errors import BadRequest, Conflict
from pronote_server.domain.school_data import WEEKS_IN_SCHOOL_YEAR, first_monday
from pronote_server.hosting import group_members
from pronote_server.hosting.entries import EVERYBODY, SCHOOL_LIFE, Audience, Entry
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_events import teachers_of_pupil
from pronote_server.storage.base_header import read_header
from pronote_server.storage.base_kinds import Kind

__all__ = ["KINDS", "Managed"]

Values: TypeAlias = Mapping[str, Any]
Calls: TypeAlias = "ResourceCalls[Any, ..., ..., ...]"


def _nothing_wanted(wish: Any) -> Iterator[ColumnElement[bool]]:
    return iter(())


def _no_rule(conn: Connection, ident: int | None, after: Values) -> None:
    pass


def _nothing_follows(entry: Entry, ident: int, before: Values, after: Values) -> None:
    pass


@attrs.frozen(kw_only=True)
class Managed:
    """
    One kind: its calls, how it is kept, and its rules.

    Args:
        wanted: Returns what narrows a list.
        check: Refuses what cannot be; the id is None of what is created.
        follow: Does what a change brings with it, in the same entry.
        told: Who hears of a change; see `Audience`.
    """

    calls: Calls
    kind: Kind
    wanted: Callable[[Any], Iterator[ColumnElement[bool]]] = _nothing_wanted
    check: Callable[[Connection, int | None, Values], None] = _no_rule
    follow: Callable[[Entry, int, Values, Values], None] = _nothing_follows
    told: Callable[[Connection, int], Audience] = lambda conn, ident: EVERYBODY


def _person(values: Values) -> str:
    return f"{values['last_name']} {values['first_name']}".strip()


def _name(values: Values) -> str:
    name: str = values["name"]
    return name


def _count(table: Table, *only: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.count()).select_from(table).where(*only).scalar_subquery()


def _name_of(table: Table, ident: ColumnElement[Any]) -> ColumnElement[Any]:
    wanted = select(table.c.name).where(table.c.id == ident).scalar_subquery()
    return func.coalesce(wanted, "")


def _office(conn: Connection, ident: int) -> Audience:
    return SCHOOL_LIFE


# ------------------------------------------------------------------------------- pupils


def _pupils_wanted(wish: people.ListPupils) -> Iterator[ColumnElement[bool]]:
    pupil, member = schema.pupil.c, schema.pupil_group.c
    yield pupil.left_on.is_not(None) if wish.former else pupil.left_on.is_(None)
    if wish.class_id is not None:
        yield pupil.class_id == wish.class_id
    if wish.group_id is not None:
        members = select(member.pupil_id).where(member.group_id == wish.group_id)
        yield pupil.id.in_(members)


def _check_pupil(conn: Connection, ident: int | None, after: Values) -> None:
    if after["left_on"] is not None and after["class_id"] is not None:
        raise BadRequest(problems="class_id: a former pupil is in no class")


def _pupil_moves(entry: Entry, ident: int, before: Values, after: Values) -> None:
    if (before["class_id"], before["left_on"]) != (after["class_id"], after["left_on"]):
        group_members.leave_groups(entry, ident, after["class_id"], after["left_on"])


def _of_pupil(conn: Connection, ident: int) -> Audience:
    return Audience(school_life=True, teachers=teachers_of_pupil(conn, ident))


# ------------------------------------------------------------------------------- groups


def _groups_wanted(wish: structure.ListSchoolGroups) -> Iterator[ColumnElement[bool]]:
    part = schema.group_class.c
    if wish.class_id is not None:
        of_class = select(part.group_id).where(part.class_id == wish.class_id)
        yield schema.school_group.c.id.in_(of_class)


def _check_group(conn: Connection, ident: int | None, after: Values) -> None:
    classes = after["class_ids"]
    if len(set(classes)) != len(classes):
        raise BadRequest(problems="class_ids: one is named twice")
    if ident is not None:
        group_members.check_members(conn, classes, group_members.members_of(conn, ident))


# ----------------------------------------------------------------------------- holidays


def _holidays_wanted(wish: calendar.ListHolidays) -> Iterator[ColumnElement[bool]]:
    holiday = schema.holiday.c
    if wish.first is not None:
        yield holiday.ends_on >= wish.first
    if wish.last is not None:
        yield holiday.starts_on <= wish.last


def _check_holiday(conn: Connection, ident: int | None, after: Values) -> None:
    starts_on, ends_on = after["starts_on"], after["ends_on"]
    first = first_monday(read_header(conn).school_year)
    last = first + timedelta(weeks=WEEKS_IN_SCHOOL_YEAR, days=-1)
    if ends_on < starts_on:
        raise BadRequest(problems="ends_on: before starts_on")
    if starts_on < first or ends_on > last:
        raise Conflict(
            "Ces jours sortent de l'année scolaire ({first} au {last}).",
            "These days leave the school year ({first} to {last}).",
            first=first.isoformat(),
            last=last.isoformat(),
        )
    holiday = schema.holiday.c
    other = conn.execute(
        select(holiday.name).where(
            holiday.starts_on <= ends_on,
            holiday.ends_on >= starts_on,
            holiday.id != (ident or 0),
        )
    ).scalar()
    if other is not None:
        raise Conflict(
            "Ces jours sont déjà de « {holiday} ».",
            "These days are of {holiday} already.",
            holiday=other,
        )


# ------------------------------------------------------------------------------ the table


def _guardians_wanted(wish: people.ListGuardians) -> Iterator[ColumnElement[bool]]:
    link = schema.pupil_guardian.c
    if wish.pupil_id is not None:
        his = select(link.guardian_id).where(link.pupil_id == wish.pupil_id)
        yield schema.guardian.c.id.in_(his)


def _staff_wanted(wish: people.ListStaff) -> Iterator[ColumnElement[bool]]:
    if wish.function_id is not None:
        yield schema.staff.c.function_id == wish.function_id


_punishment = schema.punishment.c

KINDS: Final[tuple[Managed, ...]] = (
    Managed(
        calls=people.TEACHERS,
        kind=Kind(table=schema.teacher, named=_person, person="teacher"),
    ),
    Managed(
        calls=people.PUPILS,
        kind=Kind(
            table=schema.pupil,
            named=_person,
            shown=MappingProxyType(
                {"class_name": _name_of(schema.school_class, schema.pupil.c.class_id)}
            ),
            parts=(
                schema.pupil_group.c.pupil_id,
                schema.pupil_guardian.c.pupil_id,
                schema.photo.c.pupil_id,
                schema.past_result.c.pupil_id,
            ),
            person="pupil",
        ),
        wanted=_pupils_wanted,
        check=_check_pupil,
        follow=_pupil_moves,
        told=_of_pupil,
    ),
    Managed(
        calls=people.GUARDIANS,
        kind=Kind(
            table=schema.guardian,
            named=_person,
            shown=MappingProxyType(
                {
                    "pupils": _count(
                        schema.pupil_guardian,
                        schema.pupil_guardian.c.guardian_id == schema.guardian.c.id,
                    )
                }
            ),
            person="guardian",
        ),
        wanted=_guardians_wanted,
        told=_office,
    ),
    Managed(
        calls=people.FUNCTIONS,
        kind=Kind(table=schema.staff_function, named=_name),
        told=_office,
    ),
    Managed(
        calls=people.STAFF,
        kind=Kind(
            table=schema.staff,
            named=_person,
            shown=MappingProxyType(
                {"function": _name_of(schema.staff_function, schema.staff.c.function_id)}
            ),
            person="staff",
        ),
        wanted=_staff_wanted,
        told=_office,
    ),
    Managed(
        calls=structure.CLASSES,
        kind=Kind(
            table=schema.school_class,
            named=_name,
            shown=MappingProxyType(
                {
                    "pupils": _count(
                        schema.pupil, schema.pupil.c.class_id == schema.school_class.c.id
                    )
                }
            ),
            parts=(schema.sealing.c.class_id,),
        ),
    ),
    Managed(
        calls=structure.SCHOOL_GROUPS,
        kind=Kind(
            table=schema.school_group,
            named=_name,
            shown=MappingProxyType(
                {
                    "members": _count(
                        schema.pupil_group,
                        schema.pupil_group.c.group_id == schema.school_group.c.id,
                    )
                }
            ),
            links=MappingProxyType({"class_ids": schema.group_class.c.class_id}),
        ),
        wanted=_groups_wanted,
        check=_check_group,
    ),
    Managed(calls=structure.SUBJECTS, kind=Kind(table=schema.subject, named=_name)),
    Managed(
        calls=structure.ROOMS,
        kind=Kind(
            table=schema.room,
            named=_name,
            also_relying=((_punishment.room_id, _punishment.done_on.is_(None)),),
        ),
    ),
    Managed(
        calls=letters.LETTERS,
        kind=Kind(
            table=schema.letter,
            named=_name,
            shown=MappingProxyType({"characters": func.length(schema.letter.c.body)}),
        ),
        told=_office,
    ),
    Managed(
        calls=calendar.HOLIDAYS,
        kind=Kind(table=schema.holiday, order=(schema.holiday.c.starts_on,)),
        wanted=_holidays_wanted,
        check=_check_holiday,
    ),
)
