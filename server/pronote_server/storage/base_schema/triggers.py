"""What no constraint can say, and the database keeps all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import DDL, Table, event

from pronote_protocol.words import DocumentOwner, MotiveKind
from pronote_server.storage.base_schema.communication import information, message
from pronote_server.storage.base_schema.marks import assessment
from pronote_server.storage.base_schema.notebook import homework, notebook_entry
from pronote_server.storage.base_schema.school_life import (
    absence,
    follow_up,
    lateness,
    punishment,
    sanction,
)
from pronote_server.storage.base_schema.skills import evaluation
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import BASE
from pronote_server.storage.trigger_text import never_emptied, refusing, removing

__all__ = ["DOCUMENT_OWNERS", "TRIGGERS"]

DOCUMENT_OWNERS: Final[Mapping[DocumentOwner, Table]] = MappingProxyType(
    {
        DocumentOwner.PUPIL: pupil,
        DocumentOwner.ASSESSMENT: assessment,
        DocumentOwner.EVALUATION: evaluation,
        DocumentOwner.NOTEBOOK_ENTRY: notebook_entry,
        DocumentOwner.HOMEWORK: homework,
        DocumentOwner.ABSENCE: absence,
        DocumentOwner.LATENESS: lateness,
        DocumentOwner.PUNISHMENT: punishment,
        DocumentOwner.SANCTION: sanction,
        DocumentOwner.FOLLOW_UP: follow_up,
        DocumentOwner.INFORMATION: information,
        DocumentOwner.MESSAGE: message,
    }
)

_MOTIVATED: Final[Mapping[MotiveKind, Table]] = MappingProxyType(
    {
        MotiveKind.ABSENCE: absence,
        MotiveKind.LATENESS: lateness,
        MotiveKind.PUNISHMENT: punishment,
        MotiveKind.SANCTION: sanction,
        MotiveKind.FOLLOW_UP: follow_up,
    }
)


def _triggers(dialect: str) -> Iterator[str]:
    never = "the audit is append-only"
    yield from refusing(dialect, "audit_is_never_changed", "UPDATE", "audit", "TRUE", never)
    yield from refusing(dialect, "audit_is_never_cut", "DELETE", "audit", "TRUE", never)
    # INSERT OR REPLACE would delete the old line without asking the trigger above.
    there = "EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    yield from refusing(dialect, "audit_is_never_replaced", "INSERT", "audit", there, never)
    yield from never_emptied(dialect, "audit_is_never_emptied", "audit", never)

    scale = "(SELECT scale FROM assessment WHERE id = NEW.assessment_id)"
    for moment in ("INSERT", "UPDATE"):
        yield from refusing(
            dialect,
            f"mark_is_within_scale_on_{moment.lower()}",
            moment,
            "mark",
            f"NEW.value > {scale}",
            "a mark above the scale",
        )
    yield from refusing(
        dialect,
        "scale_covers_its_marks",
        "UPDATE OF scale",
        "assessment",
        "EXISTS (SELECT 1 FROM mark WHERE assessment_id = NEW.id AND value > NEW.scale)",
        "a mark above the scale",
    )

    for kind, table in _MOTIVATED.items():
        of_kind = f"SELECT 1 FROM motive WHERE id = NEW.motive_id AND kind = '{kind.value}'"
        for moment in ("INSERT", "UPDATE OF motive_id"):
            yield from refusing(
                dialect,
                f"{table.name}_has_its_motive_on_{moment.split()[0].lower()}",
                moment,
                table.name,
                f"NEW.motive_id IS NOT NULL AND NOT EXISTS ({of_kind})",
                "a motive of another kind",
            )
    yield from refusing(
        dialect,
        "motive_keeps_its_kind",
        "UPDATE OF kind",
        "motive",
        "OLD.kind <> NEW.kind",
        "a motive of another kind",
    )

    for owner, table in DOCUMENT_OWNERS.items():
        for moment in ("INSERT", "UPDATE"):
            yield from refusing(
                dialect,
                f"document_has_its_{table.name}_on_{moment.lower()}",
                moment,
                "document",
                f"NEW.owner_kind = '{owner.value}' "
                f"AND NOT EXISTS (SELECT 1 FROM {table.name} WHERE id = NEW.owner_id)",
                "a document of nothing",
            )
        yield from removing(
            dialect,
            f"document_goes_with_its_{table.name}",
            table.name,
            "document",
            f"owner_kind = '{owner.value}' AND owner_id = OLD.id",
        )


TRIGGERS: Final = MappingProxyType(
    {dialect: tuple(_triggers(dialect)) for dialect in ("sqlite", "postgresql")}
)
for _dialect, _statements in TRIGGERS.items():
    for _sql in _statements:
        _trigger = DDL(_sql)  # type: ignore[no-untyped-call]
        event.listen(BASE, "after_create", _trigger.execute_if(dialect=_dialect))
