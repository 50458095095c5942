"""Answers on recovering data from another base, and preparing the next year."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import recovery as calls
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.messages import Nothing
from pronote_server.hosting import next_year, recovery
from pronote_server.native.calls.visit import Visit, answers
from pronote_server.native.calls.works import shown


async def recover(visit: Visit, wish: calls.Recover) -> calls.Recovered:
    return await recovery.recover(visit.school, visit.session, visit.key, wish)


def prepare(visit: Visit, _: Nothing) -> WorkShown:
    session = visit.session
    return shown(
        next_year.begin_preparing(visit.school, by=session.name, address=session.address)
    )


ANSWERS: Final = (
    answers(calls.RECOVER, recover),
    answers(calls.PREPARE_NEXT_YEAR, prepare),
)
