"""Answers on what goes from year to year: results of earlier years, texts of letters."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.letters import READ_TEXT, LetterText
from pronote_protocol.catalogue.past_results import (
    LIST_PAST_RESULTS,
    ListPastResults,
    PastResultRow,
)
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_server.hosting import past_results
from pronote_server.native.calls.visit import Visit, answers


async def list_past_results(visit: Visit, wish: ListPastResults) -> Page[PastResultRow]:
    return await past_results.list_past_results(visit.school, visit.session, wish)


async def read_text(visit: Visit, ref: ThingRef) -> LetterText:
    return await past_results.read_letter(visit.school, ref.id)


ANSWERS: Final = (
    answers(LIST_PAST_RESULTS, list_past_results),
    answers(READ_TEXT, read_text),
)
