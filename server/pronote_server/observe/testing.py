"""
For tests, ours and those of who builds on the server: what was logged, and what may be.

Public, because a test that starts a server wants the same question answered: did anything
go wrong that nobody asked for?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from structlog.testing import LogCapture

from .log import keep_secrets

__all__ = ["Logs"]

FAILURES: Final = frozenset({"error", "critical"})


class Logs(LogCapture):
    """
    A structlog processor that keeps what was logged instead of writing it.

    Safe to feed from several threads; entries are in the order in which they came.
    """

    def __init__(self) -> None:
        super().__init__()
        self._expected: set[str] = set()

    def expect(self, *events: str) -> None:
        """Acknowledge errors the test provokes, whether they come before or after this."""
        self._expected.update(events)

    def of(self, event: str) -> list[Mapping[str, Any]]:
        """Return every entry of that event, oldest first."""
        return [entry for entry in list(self.entries) if entry["event"] == event]

    def unexpected(self) -> list[Mapping[str, Any]]:
        """Return the errors that no :meth:`expect` acknowledges."""
        return [
            entry
            for entry in list(self.entries)
            if entry["log_level"] in FAILURES and entry["event"] not in self._expected
        ]

    def leaking(self) -> list[str]:
        """Return the events that had a secret for a field; in production it is blanked out."""
        return [
            entry["event"]
            for entry in list(self.entries)
            if keep_secrets(None, "", dict(entry)) != entry
        ]
