"""The answer to "what changed since"."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import changes as calls
from pronote_server.hosting import entries
from pronote_server.native.calls.visit import Visit, answers


async def read_changes(visit: Visit, wish: calls.ReadChanges) -> calls.ChangesShown:
    seen, revision, complete = await entries.changes_since(
        visit.school, visit.session, wish.since, wish.limit
    )
    rows = tuple(
        calls.ChangeRow(change.revision, change.entity, change.entity_id) for change in seen
    )
    return calls.ChangesShown(rows=rows, revision=revision, complete=complete)


ANSWERS: Final = (answers(calls.READ_CHANGES, read_changes),)
