"""
Every call by its name; importing this declares them all.

A new module of the catalogue is named here, twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pronote_protocol.catalogue import (
    absences,
    account,
    appraisals,
    assessments,
    averages,
    backups,
    base_files,
    bases,
    bonus_malus,
    calendar,
    changes,
    discussions,
    documents,
    evaluations,
    follow_ups,
    half_days,
    information,
    latenesses,
    letters,
    marks,
    motives,
    notebook,
    past_results,
    people,
    periods,
    presence,
    punishments,
    recovery,
    resources,
    roll,
    sanctions,
    security,
    services,
    sessions,
    skills,
    structure,
    sub_services,
    transfer,
    users,
    version,
    works,
    years,
)
from pronote_protocol.catalogue.call import Call, declared

__all__ = [
    "CATALOGUE",
    "absences",
    "account",
    "appraisals",
    "assessments",
    "averages",
    "backups",
    "base_files",
    "bases",
    "bonus_malus",
    "calendar",
    "changes",
    "discussions",
    "documents",
    "evaluations",
    "follow_ups",
    "half_days",
    "information",
    "latenesses",
    "letters",
    "marks",
    "motives",
    "notebook",
    "past_results",
    "people",
    "periods",
    "presence",
    "punishments",
    "recovery",
    "resources",
    "roll",
    "sanctions",
    "security",
    "services",
    "sessions",
    "skills",
    "structure",
    "sub_services",
    "transfer",
    "users",
    "version",
    "works",
    "years",
]

CATALOGUE: Final[Mapping[str, Call[Any, Any]]] = MappingProxyType(
    {call.name: call for call in declared()}
)
