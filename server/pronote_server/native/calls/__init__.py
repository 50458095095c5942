"""The calls of the native door: each unpacks, asks `hosting`, and packs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pronote_server.native.calls import (
    absences,
    account,
    assessments,
    backups,
    base_files,
    bases,
    changes,
    discussions,
    documents,
    evaluations,
    follow_ups,
    information,
    latenesses,
    letters,
    marks,
    motives,
    notebook,
    past_results,
    periods,
    presence,
    punishments,
    recovery,
    resource_entries,
    resources,
    roll,
    sanctions,
    security,
    services,
    sessions,
    skills,
    transfer,
    users,
    version,
    works,
    years,
)
from pronote_server.native.calls.visit import Answer, Visit

__all__ = ["ANSWERS", "Visit"]

ANSWERS: Final[Mapping[str, Answer]] = MappingProxyType(
    dict(
        pair
        for family in (
            absences,
            account,
            assessments,
            backups,
            base_files,
            bases,
            changes,
            documents,
            evaluations,
            follow_ups,
            latenesses,
            letters,
            marks,
            motives,
            notebook,
            past_results,
            periods,
            punishments,
            recovery,
            resources,
            resource_entries,
            roll,
            sanctions,
            security,
            services,
            sessions,
            skills,
            information,
            discussions,
            presence,
            transfer,
            users,
            version,
            works,
            years,
        )
        for pair in family.ANSWERS
    )
)
