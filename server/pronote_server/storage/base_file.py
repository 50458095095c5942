"""
One base: the way in to `base_header`, `base_content`, `base_resources`, `base_timetable`,
`base_services` and `base_writes`.

All but `create_base` and `inspect_base` take a connection, and belong inside a command or
query of `Database`.
"""

from __future__ import annotations

from pronote_server.storage.base_content import (
    Counters,
    Replaced,
    counters,
    replace_school_data,
)
from pronote_server.storage.base_header import (
    BaseHeader,
    create_base,
    inspect_base,
    read_grid,
    read_header,
    upgrade_base,
)
from pronote_server.storage.base_resources import (
    ResourceLine,
    list_resources,
    resource,
    resource_by_code,
)
from pronote_server.storage.base_services import (
    PupilLine,
    ServiceLine,
    pupils_of_service,
    services_of,
)
from pronote_server.storage.base_timetable import LessonLine, timetable
from pronote_server.storage.base_writes import (
    EVERYTHING,
    AuditEntry,
    Change,
    Changes,
    RememberedAnswer,
    append_audit,
    audit_of,
    bump_revision,
    changes_since,
    forget_old_answers,
    forget_old_changes,
    log_change,
    recall_answer,
    remember_answer,
)

__all__ = [
    "EVERYTHING",
    "AuditEntry",
    "BaseHeader",
    "Change",
    "Changes",
    "Counters",
    "LessonLine",
    "PupilLine",
    "RememberedAnswer",
    "Replaced",
    "ResourceLine",
    "ServiceLine",
    "append_audit",
    "audit_of",
    "bump_revision",
    "changes_since",
    "counters",
    "create_base",
    "forget_old_answers",
    "forget_old_changes",
    "inspect_base",
    "list_resources",
    "log_change",
    "pupils_of_service",
    "read_grid",
    "read_header",
    "recall_answer",
    "remember_answer",
    "replace_school_data",
    "resource",
    "resource_by_code",
    "services_of",
    "timetable",
    "upgrade_base",
]
