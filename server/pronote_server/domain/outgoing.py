"""
Messages that leave the school for the responsible of its hosting, and when they are tried.

A message is tried until it is taken or has failed too often; each wait is twice the one
before. Its id goes with it every time, so that whoever gets it twice can tell.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

import attrs

__all__ = [
    "MOST_ATTEMPTS",
    "MOST_WAITING",
    "Channel",
    "OutgoingMessage",
    "OutgoingState",
    "wait_after",
]

# A relay that is down for a weekend is waited for; one that is gone is told of.
MOST_ATTEMPTS: Final = 20
# Of one school; it sends a pair when somebody lost a password.
MOST_WAITING: Final = 200
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=6)


class Channel(enum.Enum):
    """By which way a message leaves."""

    EMAIL = "email"
    SMS = "sms"


class OutgoingState(enum.Enum):
    """How far a message has come; spooled is left in a folder for the operator."""

    WAITING = "waiting"
    SENT = "sent"
    SPOOLED = "spooled"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class OutgoingMessage:
    """
    One message.

    Attributes:
        id: 0 in one that is not written yet.
        message_id: What tells it from all others, wherever it arrives.
        recipient: None: nobody's address is known, it is spooled.
        body: None once it was sent: it may hold a password.
        due_at: School time of the next attempt.
        problem: Why the last attempt failed.
        done_at: When it was sent, spooled or given up.
    """

    id: int = 0
    message_id: str
    channel: Channel
    recipient: str | None
    subject: str
    body: str | None = attrs.field(repr=False)
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    state: OutgoingState = OutgoingState.WAITING
    problem: str | None = None
    done_at: datetime | None = None


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts that failed; None: no more of them."""
    if attempts >= MOST_ATTEMPTS:
        return None
    doublings = min(attempts - 1, 20)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
