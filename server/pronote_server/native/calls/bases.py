"""Answers on the bases of the school, for its consoles."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import bases as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import base_service, bases, other_bases
from pronote_server.native.calls.visit import Visit, answers


async def show(visit: Visit, _: Nothing) -> calls.BaseHeaderShown:
    return await other_bases.show_header(visit.school)


async def put_in_service(visit: Visit, wish: calls.PutInService) -> calls.StateShown:
    session = visit.session
    await base_service.put_in_service(
        visit.school, wish.supervisor_password, by=session.name, address=session.address
    )
    return _state(visit)


async def stop(visit: Visit, wish: calls.Stop) -> calls.StateShown:
    school, session = visit.school, visit.session
    if wish.delay_seconds > 0:
        base_service.begin_stop(
            school,
            by=session.name,
            address=session.address,
            delay_seconds=wish.delay_seconds,
            message=wish.message,
        )
    else:
        await base_service.stop(
            school, by=session.name, address=session.address, message=wish.message
        )
    return _state(visit)


async def create(visit: Visit, wish: calls.CreateBase) -> calls.StateShown:
    school, session = visit.school, visit.session
    year = wish.school_year
    await bases.create_base(
        school,
        wish.name,
        bases.school_year_at(school.now()) if year is None else year,
        bases.grid_of(wish.grid),
        by=session.name,
        address=session.address,
    )
    return _state(visit)


async def list_bases(visit: Visit, wish: calls.ListBases) -> Page[calls.BaseRow]:
    rows = await other_bases.list_bases(visit.school)
    return Page(
        total=len(rows),
        offset=wish.offset,
        rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
    )


async def open_base(visit: Visit, wish: calls.BaseRef) -> calls.StateShown:
    session = visit.session
    await other_bases.open_other(
        visit.school, wish.name, by=session.name, address=session.address
    )
    return _state(visit)


async def rename(visit: Visit, wish: calls.RenameBase) -> Nothing:
    session = visit.session
    await other_bases.rename_base(
        visit.school, wish.name, wish.new_name, by=session.name, address=session.address
    )
    return Nothing()


async def delete(visit: Visit, wish: calls.BaseRef) -> Nothing:
    session = visit.session
    await other_bases.delete_base(
        visit.school, wish.name, by=session.name, address=session.address
    )
    return Nothing()


def _state(visit: Visit) -> calls.StateShown:
    return calls.StateShown(state=visit.school.base_state)


ANSWERS: Final = (
    answers(calls.SHOW_BASES, show),
    answers(calls.PUT_IN_SERVICE, put_in_service),
    answers(calls.STOP, stop),
    answers(calls.CREATE_BASE, create),
    answers(calls.LIST_BASES, list_bases),
    answers(calls.OPEN_BASE, open_base),
    answers(calls.RENAME_BASE, rename),
    answers(calls.DELETE_BASE, delete),
)
