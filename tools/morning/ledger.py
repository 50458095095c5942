"""What the server has acknowledged: the truth the base is held against at the end."""

from __future__ import annotations

import datetime
from collections import Counter
from decimal import Decimal
from typing import TypeAlias

import attrs

from pronote_protocol.words import Annotation

__all__ = ["Ledger", "MarkValue", "RollTaken"]

MarkValue: TypeAlias = Decimal | Annotation


@attrs.frozen
class RollTaken:
    """A roll call: who was missing, and who came late by how many minutes."""

    lesson_id: int
    start_minute: int
    end_minute: int
    absent: frozenset[int]
    late: dict[int, int]


@attrs.define
class Ledger:
    """
    Attributes:
        day: Of the roll calls; None when there is no school yet.
        period_id: Of the assessments.
        titles: Of assessments, whose ids follow.
        marks: By assessment: every cell that was acknowledged.
        refused: How often the server said no, by method and code.
    """

    run: str
    period_id: int
    first: datetime.date
    day: datetime.date | None
    titles: dict[str, int] = attrs.field(factory=dict)
    services: dict[int, int] = attrs.field(factory=dict)
    marks: dict[int, dict[int, MarkValue]] = attrs.field(factory=dict)
    rolls: list[RollTaken] = attrs.field(factory=list)
    follow_ups: list[str] = attrs.field(factory=list)
    refused: Counter[str] = attrs.field(factory=Counter)
    reads: int = 0
    logins: int = 0
    again: int = 0
    caught_up: int = 0
    no_seat: int = 0
    most_seated: int = 0
    wrong_passwords: int = 0

    @property
    def writes(self) -> int:
        """How many writes were acknowledged."""
        return len(self.titles) + len(self.marks) + len(self.rolls) + len(self.follow_ups)

    @property
    def work_day(self) -> datetime.date:
        """The day things are dated with."""
        return self.first if self.day is None else self.day
