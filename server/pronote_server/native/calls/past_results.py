"""Answers on results of earlier years."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.past_results import (
    LIST_PAST_RESULTS,
    ListPastResults,
    PastResultRow,
)
from pronote_server.hosting import past_results
from pronote_server.native.calls.visit import Visit, answers


async def list_past_results(visit: Visit, wish: ListPastResults) -> Page[PastResultRow]:
    return await past_results.list_past_results(visit.school, visit.session, wish)


ANSWERS: Final = (answers(LIST_PAST_RESULTS, list_past_results),)
