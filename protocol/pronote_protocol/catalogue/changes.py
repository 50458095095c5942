"""What changed in the base, for a client that was away."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class ChangeRow:
    """
    One thing that changed: its family (``marks`` ...) and its id there.

    An empty id says that many of the family did; the family ``base``, that anything may
    have: read it again.
    """

    revision: int
    family: str
    entity_id: str


@attrs.frozen(kw_only=True)
class ReadChanges:
    """Everything after ``since``, oldest first, that this session may see."""

    since: int = attrs.field(validator=attrs.validators.ge(0))
    limit: int = attrs.field(
        default=200, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@attrs.frozen(kw_only=True)
class ChangesShown:
    """
    Attributes:
        revision: Where to ask from next; the base's own once ``complete``.
        complete: Whether nothing is left to ask for.
    """

    rows: tuple[ChangeRow, ...]
    revision: int
    complete: bool


READ_CHANGES: Final = Call(
    name="changes.read",
    params=ReadChanges,
    result=ChangesShown,
    right=Right.OWN,
    summary="Tell what changed in the base since a revision.",
)
