"""What every reference does: read what it is told, say where it is, or what is missing."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

__all__ = ["needs", "ready", "told"]

# The status that says "not installed here" (EX_UNAVAILABLE).
_MISSING = 69


def told() -> dict[str, Any]:
    """Return what the bench wrote to our standard input."""
    said: dict[str, Any] = json.load(sys.stdin)
    return said


def ready(port: int = 0, **more: Any) -> None:
    """Say that we serve, on which port."""
    print(json.dumps({"port": port, **more}), flush=True)


def needs(package: str) -> Any:
    """Import *package*, or end with what to do about it."""
    try:
        return importlib.import_module(package)
    except ImportError:
        print(f"{package} is not installed: pip install --group bench", flush=True)
        raise SystemExit(_MISSING) from None
