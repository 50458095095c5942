"""
No call that reads goes through a big table from one end to the other.

The whole catalogue is asked, with each filter alone and with all of them, of a school of the
guide's size; every statement it makes SQLite run is explained. A call that is declared
tomorrow is asked too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Engine, event, select
from trio.testing import MockClock

from pronote_protocol.catalogue import CATALOGUE, Call
from pronote_protocol.errors import InternalError, Refused
from pronote_protocol.testing_params import NOT_CHOSEN, params_of
from pronote_protocol.words import Mode
from pronote_server.clock import Clock
from pronote_server.config import Suspension
from pronote_server.demo import DEMO_TEACHER_CODES, demo_school
from pronote_server.demo.daily_work import fill_daily_work
from pronote_server.domain.school_data import SchoolData
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage import base_schema as schema
from pronote_server.testing import WireClient, open_test_door, open_test_school

NOW: Final = datetime(2020, 11, 24, 9, tzinfo=UTC)
ADDRESS: Final = "192.0.2.1"
# What stays short however long a school works; all the rest grows with its pupils and days.
SHORT: Final = frozenset(
    {
        *("header", "grid", "grid_day", "grid_slot", "half_day_options", "alembic_version"),
        *("period", "holiday", "sealing", "motive", "skill", "staff", "staff_function"),
        *("teacher", "subject", "room", "school_class", "school_group", "group_class"),
    }
)
LONG: Final = frozenset({*schema.BASE.tables, "journal", "suspension"} - SHORT)
READS: Final = ("list", "read", "show", "mine")
FIRST, LAST = "2020-11-16", "2020-11-20"

# Asked of the whole school, and not in the order of one table: it is read whole and sorted.
SORTED_BY_ANOTHER: Final = {
    "guardian_links.list": "pupil_guardian",  # by the names of the pupils
    "photos.list": "pupil",  # by name, those of former pupils too
    "services.list": "service",  # by the names of subjects and classes
    "homework.list": "service",
    "notebook.list": "service",
}
# By what many rows have in common (settled, justified, of a kind, still a pupil): newest first
# or in order until the page is full; an index would hardly be shorter than the table.
BY_A_FLAG: Final = {
    "absences.list": "absence",
    "latenesses.list": "lateness",
    "punishments.list": "punishment",
    "sanctions.list": "sanction",
    "follow_ups.list": "follow_up",
    "pupils.list": "pupil",
    "journal.read": "journal",
}

_SCAN: Final = re.compile(r"^SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$", re.M)
_INNER: Final = re.compile(r"\(SELECT [^()]*(?:\([^()]*\)[^()]*)*\)")
_HALVES: Final = frozenset(
    str(index.name)
    for table in schema.BASE.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)


def due(statement: str, plan: str, callers: set[str]) -> list[str]:
    """Return the long tables that are read whole although an index could do better."""
    found = []
    text = _INNER.sub("", " ".join(statement.split()))
    unconditional = " WHERE " not in text.replace(" WHERE 1 = 1", "").split(" FROM ", 1)[-1]
    for table, index in _SCAN.findall(plan):
        if table not in LONG or index in _HALVES:
            continue  # an index of some rows only is as short as the answer
        if unconditional and "USE TEMP B-TREE FOR ORDER BY" not in plan:
            continue  # counted, or shown page by page, as a whole
        if " LIKE '%' || ?" in text:
            continue  # words anywhere in a name: no index knows them
        wanted = SORTED_BY_ANOTHER if unconditional else BY_A_FLAG
        if callers and all(wanted.get(caller) == table for caller in callers):
            continue
        found.append(table)
    return found


@contextmanager
def explained(found: dict[str, str]) -> Iterator[None]:
    """Collect what SQLite does for each statement that is run in the block."""
    busy = False

    def explain(conn: Connection, _c: Any, statement: str, given: Any, *_: Any) -> None:
        nonlocal busy
        if busy or statement in found or not statement.startswith(("SELECT", "WITH")):
            return
        busy = True
        try:
            rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            found[statement] = "\n".join(row[3] for row in rows)
        finally:
            busy = False

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def wishes(call: Call[Any, Any], known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield parameters: the required alone, each other field alone, all of them."""
    family = call.name.partition(".")[0]

    def choose(name: str, kind: Any) -> Any:
        if name == "kind" and family != "resources":
            return NOT_CHOSEN
        if name == "id" and f"{family}.id" in known:
            return known[f"{family}.id"]
        return known.get(name, NOT_CHOSEN)

    whole = params_of(call, Random(0), choose, rate=1.0)
    fields = attrs.fields(call.params)
    least = {f.name for f in fields if f.default is attrs.NOTHING}
    yield {name: whole[name] for name in least}
    for field in fields:
        if field.name not in least and field.name not in ("offset", "limit"):
            yield {name: whole[name] for name in (*least, field.name)}
    if "first" in whole and "last" in whole:
        yield {name: whole[name] for name in (*least, "first", "last")}
    yield whole


async def test_no_call_that_reads_goes_through_a_big_table(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    data = demo_school(0, 2020)
    async with open_test_school(
        tmp_path,
        data=data,
        suspension=Suspension(privileged=(ip_network(ADDRESS),)),
        clock=Clock(NOW),
        inline=True,
    ) as school:
        known = await worked(school, data)
        asked: dict[str, str] = {}
        by: dict[str, set[str]] = defaultdict(set)
        refused: dict[str, set[str]] = defaultdict(set)
        async with open_test_door(school) as door:
            for login, mode in (
                ("SPR", Mode.ADMINISTRATIVE),
                ("teacher", Mode.TEACHER),
                ("cpe", Mode.SCHOOL_LIFE),
            ):
                client = await WireClient.inside(door, login, mode, address=ADDRESS)
                for call in CATALOGUE.values():
                    if call.writes or not call.name.partition(".")[2].startswith(READS):
                        continue
                    if mode not in call.modes:
                        continue
                    for wish in wishes(call, known):
                        found: dict[str, str] = {}
                        with explained(found):
                            try:
                                await client.ask(call.name, wish, call.result)
                            except Refused as refusal:
                                refused[call.name].add(refusal.code)
                        for statement in found:
                            by[statement].add(call.name)
                        asked.update(found)

    assert len(asked) > 300, "the walk goes far"
    assert not [name for name, codes in refused.items() if InternalError.code in codes]
    wrong = {
        statement: (sorted(by[statement]), tables, plan)
        for statement, plan in asked.items()
        if (tables := due(statement, plan, by[statement]))
    }
    assert wrong == {}


async def worked(school: School, data: SchoolData) -> dict[str, Any]:
    """Fill the base and return values for the fields of parameters."""
    teacher = school.directory.by_login("teacher")
    assert teacher is not None
    school.directory.put(attrs.evolve(teacher, person=f"teacher:{DEMO_TEACHER_CODES[0]}"))

    def fill(conn: Connection) -> dict[str, Any]:
        fill_daily_work(conn, data, 0, now=NOW, zone=SCHOOL_ZONE)

        def first(column: Any, *where: Any) -> Any:
            return conn.execute(select(column).where(*where).order_by(column).limit(1)).scalar()

        taught = first(
            schema.service.c.id,
            schema.service.c.class_id.is_not(None),
            schema.service.c.teacher_id
            == first(schema.teacher.c.id, schema.teacher.c.code == DEMO_TEACHER_CODES[0]),
            schema.service.c.id.in_(select(schema.assessment.c.service_id)),
        )
        class_id = first(schema.service.c.class_id, schema.service.c.id == taught)
        assessment = first(schema.assessment.c.id, schema.assessment.c.service_id == taught)
        pupil = first(schema.mark.c.pupil_id, schema.mark.c.assessment_id == assessment)
        return {
            "service_id": taught,
            "class_id": class_id,
            "pupil_id": pupil,
            "assessment_id": assessment,
            "assessments.id": assessment,
            "group_id": first(schema.school_group.c.id),
            "period_id": first(schema.assessment.c.period_id),
            "evaluation_id": first(schema.evaluation.c.id),
            "guardian_id": first(schema.guardian.c.id),
            "lesson_id": first(schema.lesson.c.id, schema.lesson.c.day == 4),
            "owner_kind": "assessment",
            "owner_id": first(
                schema.document.c.owner_id, schema.document.c.owner_kind == "assessment"
            ),
            "kind": "teachers",
            "services.id": taught,
            "pupils.id": pupil,
            "classes.id": class_id,
            "first": FIRST,
            "last": LAST,
            "day": LAST,
            "search": "martin",
            "text": "martin",
            "since": 0,
            "offset": 0,
            "limit": 50,
            "if_revision": 1,
        }

    return await school.base_in_service().database.write(fill)
