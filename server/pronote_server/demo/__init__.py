"""The demo school: what `pronote-server demo` serves, and a full base for tests."""

from __future__ import annotations

from pronote_server.demo.school import (
    DEMO_RNE,
    DEMO_SCHOOL_LIFE_CODE,
    DEMO_SCHOOL_NAME,
    DEMO_TEACHER_CODES,
    demo_school,
)

__all__ = [
    "DEMO_RNE",
    "DEMO_SCHOOL_LIFE_CODE",
    "DEMO_SCHOOL_NAME",
    "DEMO_TEACHER_CODES",
    "demo_school",
]
