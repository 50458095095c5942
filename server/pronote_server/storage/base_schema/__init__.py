"""
The tables of a base: one school, its timetable and its daily work in one file.

Wrong data is made impossible here rather than avoided above. All foreign keys are checked at
once, never at COMMIT: a deferred one would sink everybody who shares the transaction. Most of
them restrict: whoever deletes something says first, and counts, what goes with it. Only the
parts of a thing (the homework of an entry, the skills of an evaluation) go with it unsaid.
"""

from __future__ import annotations

from pronote_server.storage.base_schema.communication import (
    discussion,
    guardian,
    information,
    message,
    participant,
    pupil_guardian,
    receipt,
)
from pronote_server.storage.base_schema.documents import (
    document,
    photo,
)
from pronote_server.storage.base_schema.marks import (
    appraisal,
    assessment,
    mark,
)
from pronote_server.storage.base_schema.notebook import (
    homework,
    notebook_entry,
)
from pronote_server.storage.base_schema.school_life import (
    absence,
    follow_up,
    half_day_options,
    lateness,
    motive,
    punishment,
    punishment_companion,
    roll_call,
    sanction,
)
from pronote_server.storage.base_schema.skills import (
    evaluation,
    evaluation_level,
    evaluation_skill,
    skill,
)
from pronote_server.storage.base_schema.structure import (
    grid,
    grid_day,
    grid_slot,
    group_class,
    header,
    lesson,
    lesson_class,
    lesson_group,
    lesson_room,
    lesson_teacher,
    pupil,
    pupil_group,
    room,
    school_class,
    school_group,
    staff,
    staff_function,
    subject,
    teacher,
)
from pronote_server.storage.base_schema.tables import BASE
from pronote_server.storage.base_schema.teaching import (
    bonus_malus,
    holiday,
    period,
    sealing,
    service,
    service_coefficient,
)
from pronote_server.storage.base_schema.triggers import (
    DOCUMENT_OWNERS,
    TRIGGERS,
)
from pronote_server.storage.base_schema.writes import (
    audit,
    change_log,
    entry_key,
)
from pronote_server.storage.base_schema.years import letter, past_result

__all__ = [
    "BASE",
    "DOCUMENT_OWNERS",
    "TRIGGERS",
    "absence",
    "appraisal",
    "assessment",
    "audit",
    "bonus_malus",
    "change_log",
    "discussion",
    "document",
    "entry_key",
    "evaluation",
    "evaluation_level",
    "evaluation_skill",
    "follow_up",
    "grid",
    "grid_day",
    "grid_slot",
    "group_class",
    "guardian",
    "half_day_options",
    "header",
    "holiday",
    "homework",
    "information",
    "lateness",
    "lesson",
    "lesson_class",
    "lesson_group",
    "lesson_room",
    "lesson_teacher",
    "letter",
    "mark",
    "message",
    "motive",
    "notebook_entry",
    "participant",
    "past_result",
    "period",
    "photo",
    "punishment",
    "punishment_companion",
    "pupil",
    "pupil_group",
    "pupil_guardian",
    "receipt",
    "roll_call",
    "room",
    "sanction",
    "school_class",
    "school_group",
    "sealing",
    "service",
    "service_coefficient",
    "skill",
    "staff",
    "staff_function",
    "subject",
    "teacher",
]
