"""
A school morning: teachers call the roll, enter marks and look at averages; the office and
school life read lists and other people's weeks.

Everything happens in the last days of school before today, and can be done again and again.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from loading.scenario import (
    Closed,
    Mix,
    Objective,
    Open,
    People,
    Phase,
    Ramp,
    Scenario,
)
from loading.visit import Visit
from pronote_client import Mode
from pronote_protocol.catalogue.averages import READ_SERVICE_AVERAGES, ReadServiceAverages
from pronote_protocol.catalogue.follow_ups import ENTER_FOLLOW_UP, EnterFollowUp
from pronote_protocol.catalogue.marks import (
    ENTER_MARKS,
    READ_MARKS,
    EnterMarks,
    MarkEntry,
    ReadMarks,
)
from pronote_protocol.catalogue.roll import READ_ROLL, TAKE_ROLL, ReadRoll, TakeRoll
from pronote_protocol.words import FollowUpKind, ResourceKind

# Holidays are shorter.
_LOOK_BACK_DAYS = 24
# Of whose assessments a teacher remembers where they are.
_SERVICES = 4


async def open_the_bag(visit: Visit) -> None:
    """Find one's lessons and assessments, before anything is measured."""
    client, kept = visit.client, visit.kept
    today = datetime.datetime.now(datetime.UTC).date()
    kept["lessons"], kept["columns"] = [], []
    for back in range(1, _LOOK_BACK_DAYS):
        day = today - datetime.timedelta(days=back)
        page = await client.roll.list(day, limit=20)
        kept["lessons"] = [(day, row.lesson_id) for row in page.rows]
        if kept["lessons"]:
            break
    for service in (await client.services.list(limit=_SERVICES)).rows:
        rows = (await client.assessments.list(service.id, limit=100)).rows
        # The last one: earlier periods may be sealed.
        kept["columns"] += [(service.id, row.id, row.period_id, row.scale) for row in rows[-1:]]


async def call_the_roll(visit: Visit) -> None:
    """See who should be there, and say who is not."""
    if not visit.kept.get("lessons"):
        return
    day, lesson = visit.dice.choice(visit.kept["lessons"])
    shown = await visit.ask(READ_ROLL, ReadRoll(lesson_id=lesson, day=day))
    here = [row.pupil_id for row in shown.rows if not row.late_minutes and not row.excluded]
    absent = visit.dice.sample(here, min(len(here), visit.dice.choice((0, 0, 1, 2))))
    wish = TakeRoll(lesson_id=lesson, day=day, absent=tuple(sorted(absent)))
    await visit.ask(TAKE_ROLL, wish)


async def enter_marks(visit: Visit) -> None:
    """Read the column of an assessment, change some marks, and look at the averages."""
    if not visit.kept.get("columns"):
        return
    service, assessment, period, scale = visit.dice.choice(visit.kept["columns"])
    shown = await visit.ask(READ_MARKS, ReadMarks(assessment_id=assessment))
    pupils = [row.pupil_id for row in shown.rows]
    some = visit.dice.sample(pupils, min(len(pupils), 3))
    if not some:
        return
    points = [Decimal(visit.dice.randrange(int(4 * scale) + 1)) / 4 for _ in some]
    entries = tuple(MarkEntry(*each) for each in zip(some, points, strict=True))
    await visit.ask(ENTER_MARKS, EnterMarks(assessment_id=assessment, entries=entries))
    wish = ReadServiceAverages(service_id=service, period_id=period)
    await visit.ask(READ_SERVICE_AVERAGES, wish)


async def find_pupils(visit: Visit) -> None:
    """Know some pupils, before anything is measured."""
    page = await visit.client.resources.list(ResourceKind.PUPILS, limit=100)
    visit.kept["pupils"] = [row.id for row in page.rows]


async def telephone(visit: Visit) -> None:
    """Write down that somebody's parents were called."""
    yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    wish = EnterFollowUp(
        pupil_id=visit.dice.choice(visit.kept["pupils"]),
        day=yesterday,
        kind=FollowUpKind.PHONE_CALL,
        text="Appel aux responsables",
    )
    await visit.ask(ENTER_FOLLOW_UP, wish)


def scenario(
    teachers: int = 60,
    staff: int = 8,
    office: int = 4,
    rate: float = 60.0,
    warm_up: float = 5.0,
    steady: float = 20.0,
    peak: float = 10.0,
    distinct: bool = True,
) -> Scenario:
    """``rate``: errands and single calls a second in all; twice as many in the peak."""
    class_rooms = People(
        name="teachers", count=teachers, mode=Mode.TEACHER, distinct=distinct, coming=Ramp(30)
    )
    corridor = People(name="school life", count=staff, mode=Mode.SCHOOL_LIFE)
    offices = People(name="office", count=office, mode=Mode.ADMINISTRATIVE)
    mine = Mix({"timetable.mine": 4, "session.show": 1})
    lists = Mix({"resources.list": 2, "timetable.read": 2, "session.show": 1})

    def loads(times: float) -> list[Open]:
        a_second = rate * times
        return [
            Open(people=class_rooms, does=call_the_roll, rate=0.15 * a_second),
            Open(people=class_rooms, does=enter_marks, rate=0.10 * a_second),
            Open(people=class_rooms, does=mine, rate=0.35 * a_second),
            Open(people=corridor, does=telephone, rate=0.05 * a_second),
            Open(people=corridor, does=lists, rate=0.20 * a_second),
            Open(people=offices, does=lists, rate=0.15 * a_second),
        ]

    bags = [
        Closed(people=class_rooms, does=open_the_bag, once=True, think=0.5),
        Closed(people=corridor, does=find_pupils, once=True, think=0.5),
    ]
    return Scenario(
        what="roll calls, marks and readings, then twice as many",
        phases=[
            Phase(name="bags", seconds=0.5, loads=bags, measured=False, settle=True, grace=60),
            Phase(name="warm-up", seconds=warm_up, loads=loads(1), measured=False),
            Phase(name="steady", seconds=steady, loads=loads(1)),
            Phase(name="peak", seconds=peak, loads=loads(2)),
        ],
        objectives=[
            Objective(bounds="p99=100ms,err=0", phase="steady"),
            Objective(bounds="p99=250ms,err=0", phase="peak"),
            Objective(bounds="p99=150ms,calls=1", call="marks.enter"),
        ],
    )
