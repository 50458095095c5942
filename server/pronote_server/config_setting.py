"""How a setting is declared: with its default, and the reason for it."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["section", "setting"]


def setting(default: Any, reason: str) -> Any:
    return attrs.field(default=default, metadata={"reason": reason})


def section(cls: type, reason: str) -> Any:
    return attrs.field(factory=cls, metadata={"reason": reason})
