"""
The catalogue: every call, declared once.

Importing this package declares them all; `CATALOGUE` finds one by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pronote_protocol.catalogue import (
    absences as absences,
)
from pronote_protocol.catalogue import (
    account as account,
)
from pronote_protocol.catalogue import (
    appraisals as appraisals,
)
from pronote_protocol.catalogue import (
    assessments as assessments,
)
from pronote_protocol.catalogue import (
    averages as averages,
)
from pronote_protocol.catalogue import (
    backups as backups,
)
from pronote_protocol.catalogue import (
    base_files as base_files,
)
from pronote_protocol.catalogue import (
    bases as bases,
)
from pronote_protocol.catalogue import (
    bonus_malus as bonus_malus,
)
from pronote_protocol.catalogue import (
    calendar as calendar,
)
from pronote_protocol.catalogue import (
    changes as changes,
)
from pronote_protocol.catalogue import (
    discussions as discussions,
)
from pronote_protocol.catalogue import (
    documents as documents,
)
from pronote_protocol.catalogue import (
    evaluations as evaluations,
)
from pronote_protocol.catalogue import (
    follow_ups as follow_ups,
)
from pronote_protocol.catalogue import (
    half_days as half_days,
)
from pronote_protocol.catalogue import (
    information as information,
)
from pronote_protocol.catalogue import (
    latenesses as latenesses,
)
from pronote_protocol.catalogue import (
    letters as letters,
)
from pronote_protocol.catalogue import (
    marks as marks,
)
from pronote_protocol.catalogue import (
    motives as motives,
)
from pronote_protocol.catalogue import (
    notebook as notebook,
)
from pronote_protocol.catalogue import (
    past_results as past_results,
)
from pronote_protocol.catalogue import (
    people as people,
)
from pronote_protocol.catalogue import (
    periods as periods,
)
from pronote_protocol.catalogue import (
    presence as presence,
)
from pronote_protocol.catalogue import (
    punishments as punishments,
)
from pronote_protocol.catalogue import (
    recovery as recovery,
)
from pronote_protocol.catalogue import (
    resources as resources,
)
from pronote_protocol.catalogue import (
    roll as roll,
)
from pronote_protocol.catalogue import (
    sanctions as sanctions,
)
from pronote_protocol.catalogue import (
    security as security,
)
from pronote_protocol.catalogue import (
    services as services,
)
from pronote_protocol.catalogue import (
    sessions as sessions,
)
from pronote_protocol.catalogue import (
    skills as skills,
)
from pronote_protocol.catalogue import (
    structure as structure,
)
from pronote_protocol.catalogue import (
    sub_services as sub_services,
)
from pronote_protocol.catalogue import (
    transfer as transfer,
)
from pronote_protocol.catalogue import (
    users as users,
)
from pronote_protocol.catalogue import (
    version as version,
)
from pronote_protocol.catalogue import (
    works as works,
)
from pronote_protocol.catalogue import (
    years as years,
)
from pronote_protocol.catalogue.call import Call as Call
from pronote_protocol.catalogue.call import Page as Page
from pronote_protocol.catalogue.call import declared

CATALOGUE: Final[Mapping[str, Call[Any, Any]]] = MappingProxyType(
    {call.name: call for call in declared()}
)
