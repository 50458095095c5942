"""Answers on the transfer of a timetable by EDT."""

from __future__ import annotations

from typing import Final

import trio

from pronote_protocol.catalogue import transfer as calls
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Nothing
from pronote_server.hosting import timetable_transfer
from pronote_server.native.calls.visit import Visit, answers


def begin(visit: Visit, wish: calls.BeginTransfer) -> calls.TransferBegun:
    name = timetable_transfer.begin(visit.school, visit.session, wish)
    return calls.TransferBegun(transfer=name, chunk_bytes=WireLimits().chunk_bytes)


def add(visit: Visit, chunk: calls.TransferChunk) -> Nothing:
    visit.school.uploads.add(
        visit.session,
        chunk.transfer,
        chunk.file,
        chunk.offset,
        chunk.data,
        trio.current_time(),
    )
    return Nothing()


async def commit(visit: Visit, ref: calls.TransferRef) -> calls.TransferDone:
    return await timetable_transfer.commit(visit.school, visit.session, ref.transfer)


def cancel(visit: Visit, ref: calls.TransferRef) -> Nothing:
    visit.school.uploads.forget(visit.session, ref.transfer)
    return Nothing()


ANSWERS: Final = (
    answers(calls.BEGIN_TRANSFER, begin),
    answers(calls.SEND_CHUNK, add),
    answers(calls.COMMIT_TRANSFER, commit),
    answers(calls.CANCEL_TRANSFER, cancel),
)
