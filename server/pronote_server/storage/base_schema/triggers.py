"""
What no constraint can say, and SQLite keeps all the same.

PostgreSQL writes triggers in another way; a port has these to say again.
"""

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


def _refused(name: str, moment: str, when: str, why: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {moment} WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
    )


def _triggers() -> Iterator[str]:
    never = "the audit is append-only"
    yield _refused("audit_is_never_changed", "UPDATE ON audit", "TRUE", never)
    yield _refused("audit_is_never_cut", "DELETE ON audit", "TRUE", never)
    # INSERT OR REPLACE would delete the old line without asking the trigger above.
    there = "EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    yield _refused("audit_is_never_replaced", "INSERT ON audit", there, never)

    scale = "(SELECT scale FROM assessment WHERE id = NEW.assessment_id)"
    for moment in ("INSERT", "UPDATE"):
        yield _refused(
            f"mark_is_within_scale_on_{moment.lower()}",
            f"{moment} ON mark",
            f"NEW.value > {scale}",
            "a mark above the scale",
        )
    yield _refused(
        "scale_covers_its_marks",
        "UPDATE OF scale ON assessment",
        "EXISTS (SELECT 1 FROM mark WHERE assessment_id = NEW.id AND value > NEW.scale)",
        "a mark above the scale",
    )

    for kind, table in _MOTIVATED.items():
        of_kind = f"SELECT 1 FROM motive WHERE id = NEW.motive_id AND kind = '{kind.value}'"
        for moment in ("INSERT", "UPDATE OF motive_id"):
            yield _refused(
                f"{table.name}_has_its_motive_on_{moment.split()[0].lower()}",
                f"{moment} ON {table.name}",
                f"NEW.motive_id IS NOT NULL AND NOT EXISTS ({of_kind})",
                "a motive of another kind",
            )
    yield _refused(
        "motive_keeps_its_kind",
        "UPDATE OF kind ON motive",
        "OLD.kind <> NEW.kind",
        "a motive of another kind",
    )

    for owner, table in DOCUMENT_OWNERS.items():
        for moment in ("INSERT", "UPDATE"):
            yield _refused(
                f"document_has_its_{table.name}_on_{moment.lower()}",
                f"{moment} ON document",
                f"NEW.owner_kind = '{owner.value}' "
                f"AND NOT EXISTS (SELECT 1 FROM {table.name} WHERE id = NEW.owner_id)",
                "a document of nothing",
            )
        yield (
            f"CREATE TRIGGER document_goes_with_its_{table.name} AFTER DELETE ON {table.name} "
            f"BEGIN DELETE FROM document WHERE owner_kind = '{owner.value}' "
            "AND owner_id = OLD.id; END"
        )


TRIGGERS: Final = tuple(_triggers())
for _sql in TRIGGERS:
    _trigger = DDL(_sql)  # type: ignore[no-untyped-call]
    event.listen(BASE, "after_create", _trigger.execute_if(dialect="sqlite"))
