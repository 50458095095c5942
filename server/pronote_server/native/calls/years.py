"""Answers on the previous years."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import years as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import previous_years
from pronote_server.hosting.previous_years import PreviousYear
from pronote_server.native.calls.visit import Visit, answers


async def list_years(visit: Visit, _: Nothing) -> calls.YearsShown:
    found = await previous_years.previous_years(visit.school)
    return calls.YearsShown(years=tuple(map(_row, found)))


async def load_year(visit: Visit, wish: calls.LoadYear) -> calls.YearRow:
    session = visit.session
    return _row(
        await previous_years.load_year(
            visit.school, wish.source, by=session.name, address=session.address
        )
    )


async def remove_year(visit: Visit, wish: calls.YearRef) -> Nothing:
    session = visit.session
    await previous_years.remove_year(
        visit.school, wish.school_year, by=session.name, address=session.address
    )
    return Nothing()


def _row(year: PreviousYear) -> calls.YearRow:
    return calls.YearRow(
        year.school_year, year.base, year.size, year.last_entry_at, year.readers
    )


ANSWERS: Final = (
    answers(calls.LIST_YEARS, list_years),
    answers(calls.LOAD_YEAR, load_year),
    answers(calls.REMOVE_YEAR, remove_year),
)
