"""The rate of requests of one connection, the second half of saturation (fiche 11)."""

from __future__ import annotations

import math
from typing import Protocol

from .suspension_policy import SuspensionPolicy
from .suspension_records import Suspension

__all__ = ["RequestMeter"]


class _Book(Protocol):
    @property
    def policy(self) -> SuspensionPolicy: ...

    def saturation(self, address: str, offences: int, now: float) -> Suspension | None: ...


class RequestMeter:
    """
    Counts the requests of one connection, so that their rate can suspend its address.

    It lives as long as the connection does; the connection itself is not cut by it.
    """

    def __init__(self, book: _Book, address: str) -> None:
        self._book = book
        self._address = address
        self._window_opened = -math.inf
        self._requests = 0

    def count(self, requests: int, now: float) -> Suspension | None:
        """Count *requests* read at once; return the suspension they lead to, if they do."""
        numbers = self._book.policy.thresholds
        if numbers is None:
            return None
        if not 0 <= now - self._window_opened < numbers.request_seconds:
            self._window_opened, self._requests = now, 0
        self._requests += requests
        if self._requests <= numbers.requests:
            return None
        self._window_opened = -math.inf
        return self._book.saturation(self._address, self._requests, now)
