"""How long the SDK waits and how much it keeps; every number has a reason."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

__all__ = ["Patience", "backoff"]


@attrs.frozen(kw_only=True)
class Patience:
    """
    Attributes:
        connect_seconds: Name, TCP and TLS together; two SYN retries fit.
        opening_seconds: From the hello to the session, without the derivation of the
            password, which a slow machine may take seconds for.
        call_seconds: One call in all, waiting for a resume included.
        farewell_seconds: For the goodbye to leave and be answered. Short: whoever cancels
            wants to be gone. When it passes, the server notices by the closed connection.
        backoff_first_seconds, backoff_most_seconds: Bounds of the random delay before the
            first and the later attempts to come back after a cut.
        pending_calls: Calls asked and not yet answered; more wait their turn here. Also
            what bounds the memory of a connection: 32 KiB each.
        kept_events: Events nobody has read yet; the oldest make room.
    """

    connect_seconds: float = 10.0
    opening_seconds: float = 20.0
    call_seconds: float = 30.0
    farewell_seconds: float = 2.0
    backoff_first_seconds: float = 0.25
    backoff_most_seconds: float = 10.0
    pending_calls: int = 256
    kept_events: int = 256


def backoff(
    attempt: int, patience: Patience, draw: Callable[[], float] = random.random
) -> float:
    """
    Return the seconds to wait before attempt number *attempt*, from 0.

    Full jitter: anywhere between nothing and a bound that doubles. When a server restarts,
    its thousand clients come back spread out and not all at each doubling.
    """
    most = min(
        patience.backoff_most_seconds, patience.backoff_first_seconds * 2.0 ** min(attempt, 60)
    )
    return draw() * most
