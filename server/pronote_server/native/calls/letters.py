"""Answers on the texts of models of letters."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import letters as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_server.hosting import letters
from pronote_server.native.calls.visit import Visit, answers


async def read_text(visit: Visit, ref: ThingRef) -> calls.LetterText:
    return await letters.read_letter(visit.school, ref.id)


ANSWERS: Final = (answers(calls.READ_TEXT, read_text),)
