"""
One base: the way in to `base_header`, `base_content`, `base_resources` and `base_timetable`.

All but `create_base` and `inspect_base` take a connection, and belong inside a command or
query of `Database`.
"""

from __future__ import annotations

from pronote_server.storage.base_content import Counters, counters, replace_school_data
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
from pronote_server.storage.base_timetable import LessonLine, timetable

__all__ = [
    "BaseHeader",
    "Counters",
    "LessonLine",
    "ResourceLine",
    "counters",
    "create_base",
    "inspect_base",
    "list_resources",
    "read_grid",
    "read_header",
    "replace_school_data",
    "resource",
    "resource_by_code",
    "timetable",
    "upgrade_base",
]
