"""
Who may ask what: every call of the catalogue, by every kind of account.

The table of rights below is written for this test, by right and not by account as the
server's is; modes and rights of the calls are what the catalogue declares, which is what
clients read. What a call does is not looked at here, only whether it is let in; but a
teacher's calls are, with everything that belongs to another teacher.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, Final, get_origin

import attrs
from sqlalchemy import Connection, Table, insert, select
from trio.testing import MockClock

from pronote_protocol.catalogue import CATALOGUE, Call
from pronote_protocol.catalogue.documents import (
    BEGIN_UPLOAD,
    SEND_CHUNK,
    BeginUpload,
    UploadChunk,
)
from pronote_protocol.errors import (
    BadRequest,
    InternalError,
    NotAllowed,
    ReadOnly,
    Refused,
)
from pronote_protocol.records import unstructure
from pronote_protocol.testing_params import NOT_CHOSEN, Chooser, fields_of, params_of
from pronote_protocol.words import Access, Application, DocumentOwner, Mode, Rank, Right
from pronote_server.clock import Clock
from pronote_server.config import Contract, Suspension
from pronote_server.domain.rights import rights_of
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

OCTOBER: Final = datetime(2020, 10, 6, 7, tzinfo=UTC)  # a Tuesday
ADDRESS: Final = "192.0.2.1"


@attrs.frozen
class Kind:
    """A kind of account: who, in which mode, with which access."""

    login: str
    mode: Mode = Mode.ADMINISTRATIVE
    access: Access = Access.MODIFICATION

    def __str__(self) -> str:
        return f"{self.login} {self.mode.value} {self.access.value}"


READS: Final = Access.CONSULTATION
SPR, SUPER, ADMIN = Kind("SPR"), Kind("super"), Kind("admin")
OFFICE, OFFICE_READS, GUEST = (
    Kind("sec1"),
    Kind("sec2", access=READS),
    Kind("guest", access=READS),
)
TEACHER = Kind("teacher", Mode.TEACHER)
TEACHER_READS = Kind("teacher", Mode.TEACHER, READS)
LIFE = Kind("cpe", Mode.SCHOOL_LIFE)
LIFE_READS = Kind("cpe", Mode.SCHOOL_LIFE, READS)
SUPER_TEACHES = Kind("super", Mode.TEACHER)
SPR_HOSTS, SUPER_HOSTS = Kind("SPR", Mode.HOSTING), Kind("super", Mode.HOSTING)

_CHIEFS: Final = {SPR, SUPER}
_ADMINS: Final = _CHIEFS | {ADMIN}
_OFFICE: Final = _ADMINS | {OFFICE, OFFICE_READS, GUEST}
_TEACHERS: Final = {TEACHER, TEACHER_READS, SUPER_TEACHES}
_LIFE: Final = {LIFE, LIFE_READS}
_CONSOLES: Final = {SPR_HOSTS, SUPER_HOSTS}
_IN_THE_BASE: Final = _OFFICE | _TEACHERS | _LIFE
KINDS: Final = _IN_THE_BASE | _CONSOLES

# Whom each right lets in; whether he may write is another matter, and asked apart.
MAY: Final[Mapping[Right, set[Kind]]] = {
    Right.OWN: KINDS,
    Right.READ_RESOURCES: _OFFICE | _LIFE,
    Right.READ_TIMETABLES: _OFFICE | _LIFE,
    Right.SEE_COUNTERS: _OFFICE,
    Right.SEE_SEATS: _OFFICE | _CONSOLES,
    Right.SEE_CONNECTIONS: _ADMINS | _CONSOLES,
    Right.DISCONNECT: _ADMINS | _CONSOLES,
    Right.SEE_SUSPENSIONS: _ADMINS | _CONSOLES,
    Right.LIFT_SUSPENSIONS: _ADMINS | _CONSOLES,
    Right.MANAGE_SECURITY: _CHIEFS | _CONSOLES,
    Right.SEE_USERS: _ADMINS | _CONSOLES,
    Right.READ_GENERATED_PASSWORDS: _ADMINS | _CONSOLES,
    Right.MANAGE_USERS: _CHIEFS | _CONSOLES,
    Right.NAME_SUPERADMINISTRATORS: {SPR, SPR_HOSTS},
    Right.EXCLUSIVE_USE: _ADMINS,
    Right.TRANSFER_TIMETABLE: _CHIEFS,
    Right.SEE_JOURNAL: _ADMINS | _CONSOLES,
    Right.READ_MARKS: _OFFICE | _TEACHERS,
    Right.ENTER_MARKS: _OFFICE | _TEACHERS,
    Right.SEAL_PERIODS: _OFFICE,
    Right.READ_SCHOOL_LIFE: _OFFICE | _LIFE,
    Right.ENTER_SCHOOL_LIFE: _OFFICE | _LIFE,
    Right.GIVE_PUNISHMENTS: _IN_THE_BASE,
    Right.TAKE_ROLL: _IN_THE_BASE,
    Right.READ_NOTEBOOK: _IN_THE_BASE,
    Right.ENTER_NOTEBOOK: _OFFICE | _TEACHERS,
    Right.READ_DOCUMENTS: _IN_THE_BASE,
    Right.ADD_DOCUMENTS: _IN_THE_BASE,
    Right.COMMUNICATE: _IN_THE_BASE,
    Right.SCHOOL_SETTINGS: _OFFICE,
    Right.MANAGE_RESOURCES: _OFFICE,
    Right.SERVICE: _CHIEFS,
    Right.SEE_BASES: _ADMINS | _CONSOLES,
    Right.MANAGE_BASES: _CHIEFS | _CONSOLES,
    Right.SEE_BACKUPS: _ADMINS | _CONSOLES,
    Right.MANAGE_BACKUPS: _CHIEFS | _CONSOLES,
    Right.SEE_ACCOUNT: _ADMINS | _CONSOLES,
    Right.MANAGE_ACCOUNT: _CHIEFS | _CONSOLES,
    Right.RECEIVE_CREDENTIALS: _ADMINS,
}


def may(kind: Kind, call: Call[Any, Any]) -> bool:
    return kind.mode in call.modes and kind in MAY[call.right]


@contextlib.asynccontextmanager
async def opened(
    folder: Path, fill: Callable[[Connection], None] | None = None
) -> AsyncIterator[tuple[School, TestDoor]]:
    async with open_test_school(
        folder,
        # So many unauthorised calls would be suspended; that is tested elsewhere.
        suspension=Suspension(privileged=(ip_network(ADDRESS),)),
        contract=Contract(consultation=True),
        data=sample_school(),
        clock=Clock(OCTOBER),
        inline=True,
    ) as school:
        account = school.directory.by_login("sec8")
        taught = school.directory.by_login("teacher2")
        assert account is not None
        assert taught is not None
        school.directory.put(
            attrs.evolve(
                account,
                login="super",
                rank=Rank.SUPERADMINISTRATOR,
                teacher_profile_id=taught.teacher_profile_id,
            )
        )
        if fill is not None:
            base = school.base_in_service()
            await base.database.write(fill)
            for ident in range(1, 9):
                DocumentFiles.beside(base.file).store(content_of(ident))
        async with open_test_door(school) as door:
            yield school, door


async def inside(door: TestDoor, kind: Kind) -> WireClient:
    hello = {"application": Application.EDT} if kind in _CHIEFS else None
    return await WireClient.inside(
        door, kind.login, kind.mode, access=kind.access, address=ADDRESS, hello=hello
    )


async def everything(school: School) -> dict[str, list[Any]]:
    """Return every row of the base."""

    def read(conn: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted(map(tuple, conn.execute(select(table))), key=repr)
            for table in schema.BASE.sorted_tables
        }

    return await school.base_in_service().database.read(read)


# ------------------------------------------------------------------------- who is let in


async def test_every_call_lets_in_whom_its_declaration_names_and_nobody_else(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """
    Asked with a parameter that no call has: whoever is let in hears of it, and nothing is
    done.
    """
    heard: dict[tuple[str, str], str] = {}
    async with opened(tmp_path) as (_, door):
        for kind in sorted(KINDS, key=str):
            client = await inside(door, kind)
            for call in CATALOGUE.values():
                try:
                    await client.ask(call.name, {"nobody_has_this": 1}, call.result)
                except Refused as refusal:
                    heard[call.name, str(kind)] = refusal.code
            await client.leave()

    expected = {
        (call.name, str(kind)): BadRequest.code if may(kind, call) else NotAllowed.code
        for call in CATALOGUE.values()
        for kind in KINDS
    }
    assert {key: code for key, code in heard.items() if code != expected[key]} == {}
    assert heard.keys() == expected.keys()


async def test_the_rights_of_an_account_are_those_of_the_table(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, _):
        for kind in KINDS:
            account = school.directory.by_login(kind.login)
            assert account is not None
            has = rights_of(school.directory, account, kind.mode)
            assert has == {right for right in Right if kind in MAY[right]}, str(kind)


async def test_nobody_writes_in_consultation_by_any_call(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What is declared to write is refused; what is not, changes nothing in the base."""
    refused, changed, otherwise = set(), set(), set()
    async with opened(tmp_path, both_classes) as (school, door):
        own = (await known_ids(school)).chooser
        before = await everything(school)
        for kind in sorted(KINDS, key=str):
            if kind.access is not READS:
                continue
            client = await inside(door, kind)
            for call in CATALOGUE.values():
                if not may(kind, call) or call.name in LEAVE_ALONE:
                    continue
                for seed in range(4):
                    params = params_of(call, Random(seed), own(call, set()))
                    try:
                        await client.ask(call.name, params, call.result)
                    except ReadOnly:
                        refused.add(call.name)
                    except Refused as refusal:
                        otherwise.add((call.name, refusal.code))
                    else:
                        otherwise.add((call.name, "done"))
                if await everything(school) != before:
                    changed.add(call.name)
                    before = await everything(school)
            await client.leave()

    assert changed == set()
    assert not {name for name, _ in otherwise if CATALOGUE[name].writes}
    assert not {name for name, code in otherwise if code == InternalError.code}
    assert refused == {
        call.name
        for call in CATALOGUE.values()
        if call.writes and any(may(kind, call) for kind in KINDS if kind.access is READS)
    }


def test_what_enters_something_in_the_base_is_a_keyed_write() -> None:
    """A call that enters and has no key would be done twice after a cut."""
    entering = {
        Right.ENTER_MARKS,
        Right.ENTER_SCHOOL_LIFE,
        Right.ENTER_NOTEBOOK,
        Right.ADD_DOCUMENTS,
        Right.SEAL_PERIODS,
        Right.SCHOOL_SETTINGS,
        Right.MANAGE_RESOURCES,
    }
    for call in CATALOGUE.values():
        if call.right in entering and not call.name.partition(".")[2].startswith(READING):
            assert call.writes, call.name
            assert call.keyed or call.name in NOT_KEYED, call.name


READING: Final = ("read", "list", "show")
# Steps of an upload, which its last step alone enters.
NOT_KEYED: Final = {"uploads.begin", "uploads.chunk", "uploads.cancel"}
# They end the session, or somebody's password; none of them touches the base.
DIFFERENT_EACH_TIME: Final = {"session.show"}
LEAVE_ALONE: Final = {"session.change_access", "password.change"}


# ------------------------------------------------------------------ the other's classes

SECRET: Final = "Secret-de-l'autre"
# Nothing of it may be in what a teacher hears who teaches none of them.
REVEALING: Final = (SECRET, "ZOLA", "YVON", "Jeanne")


@attrs.frozen
class Ids:
    """
    What the fields of parameters mean, by their names.

    Attributes:
        own, others: Of each name, a thing of T1 and one of T2; for `id`, by family.
    """

    own: Mapping[str, int]
    others: Mapping[str, int]

    def chooser(self, call: Call[Any, Any], foreign: set[str], *, rest: bool = True) -> Chooser:
        """Return what gives the other's ids to the fields named, and own ones to the *rest*."""

        def choose(name: str, kind: Any) -> Any:
            plain = _name_of(call, name)
            if (call.name, name) in SAID and name not in foreign:
                return SAID[call.name, name]
            if name == "motive_id":
                family = call.name.partition(".")[0]
                return 1 + _MOTIVES.index(family) if family in _MOTIVES else 1
            if kind is date and call.name.startswith("roll."):
                return "2020-10-06"  # the lesson of T2, a Tuesday
            if plain not in ID_NAMES:
                return SHARED.get(name, NOT_CHOSEN)
            if not rest and name not in foreign:
                return NOT_CHOSEN
            found = (self.others if name in foreign else self.own).get(plain)
            if found is None:
                return NOT_CHOSEN
            return [found] if get_origin(kind) is tuple else found

        return choose


# What a field holds, where its name does not say it.
_MEANT: Final = {
    **dict.fromkeys(("absent", "pupil_ids"), "pupil_id"),
    "class_ids": "class_id",
}
_MOTIVES: Final = ("absences", "latenesses", "punishments", "sanctions", "follow_ups")
# In every base, whoever teaches there.
SHARED: Final[Mapping[str, Any]] = {
    "period_id": 1,
    "skill_id": 1,
    "skill_ids": [1],
    "room_id": 1,
    "if_revision": 1,
    "offset": 0,
    "limit": 100,
}
# What chance would hardly say: whom a companion goes along with, and of what kind a file is.
SAID: Final[Mapping[tuple[str, str], Any]] = {
    ("punishments.give", "kind"): "exclusion-from-lesson",
    ("punishments.give", "duration_minutes"): 30,
    ("punishments.change", "companion_id"): None,
    ("punishments.mark_done", "done_on"): "2020-10-06",
    ("documents.attach", "name"): "note.txt",
}
ID_NAMES: Final = {
    *("service_id", "pupil_id", "class_id", "group_id", "lesson_id", "companion_id"),
    *("assessment_id", "evaluation_id", "notebook_entry_id", "homework_id"),
    *("absence_id", "punishment_id", "document_id", "discussion_id", "owner_id", "id"),
}


def _name_of(call: Call[Any, Any], name: str) -> str:
    """Return of which kind the ids in that field are."""
    family = call.name.partition(".")[0]
    if name == "id":
        return {"services": "service_id", "documents": "document_id"}.get(family, "id")
    return _MEANT.get(name, name)


def id_fields(call: Call[Any, Any]) -> set[str]:
    """Return the fields of *call* that name something a teacher may or may not touch."""
    return {
        name
        for name, kind in fields_of(call.params)
        if kind is int and _name_of(call, name) in ID_NAMES
    }


async def known_ids(school: School) -> Ids:
    def read(conn: Connection) -> Ids:
        def of(
            service: str, pupil: str, companion: str, class_code: str, lesson: str
        ) -> dict[str, int]:
            ident = ids(conn, schema.pupil)[pupil]
            return {
                **dict.fromkeys(ID_NAMES - {"group_id"}, ident),
                "companion_id": ids(conn, schema.pupil)[companion],
                "document_id": ident * 100,
                "service_id": ids(conn, schema.service)[service],
                "class_id": ids(conn, schema.school_class)[class_code],
                "lesson_id": ids(conn, schema.lesson)[lesson],
            }

        others = of("ALL|T2|C:3B", "P3", "P4", "3B", "L2")
        others["group_id"] = ids(conn, schema.school_group)["GB"]
        return Ids(of("MATH|T1|C:3A", "P1", "P2", "3A", "L1"), others)

    return await school.base_in_service().database.read(read)


def ids(conn: Connection, table: Table) -> dict[str, int]:
    return {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id))}


def one_class(conn: Connection) -> None:
    """Enter what T1 has, and nothing of T2; period 1 is there in every base."""
    _enter(conn, schema.skill, id=1, code="C1", name="Calculer", domain="Maths")
    for number, kind in enumerate(
        ("absence", "lateness", "punishment", "sanction", "follow-up"), 1
    ):
        _enter(conn, schema.motive, id=number, kind=kind, name="Divers")
    for code, day in (("P1", date(2020, 12, 21)), ("P3", date(2021, 2, 8))):
        ident = ids(conn, schema.pupil)[code]
        _enter(conn, schema.holiday, id=ident, name="Congé", starts_on=day, ends_on=day)
    _work(conn, "T1", "MATH|T1|C:3A", "P1", "L1", "À moi", date(2020, 10, 5))


def both_classes(conn: Connection) -> None:
    """Enter what T1 has, and the same of T2, which is full of secrets."""
    one_class(conn)
    _work(conn, "T2", "ALL|T2|C:3B", "P3", "L2", SECRET, date(2020, 10, 6))


def _enter(conn: Connection, table: Table, **values: Any) -> None:
    if "revision" in table.c:
        values.setdefault("revision", 1)
    conn.execute(insert(table), values)


def _work(
    conn: Connection,
    teacher: str,
    service_code: str,
    pupil_code: str,
    lesson_code: str,
    text: str,
    day: date,
) -> None:
    """Enter one of everything; its ids are the pupil's, so that one id is right for all."""
    now = OCTOBER
    service = ids(conn, schema.service)[service_code]
    ident = pupil = ids(conn, schema.pupil)[pupil_code]
    lesson = ids(conn, schema.lesson)[lesson_code]
    me, at = f"teacher:{teacher}", datetime(day.year, day.month, day.day, 8, 5)  # noqa: DTZ001
    about = {"pupil_id": pupil}
    of_service = {"service_id": service, "period_id": 1, "date": day, "title": text}
    _enter(conn, schema.assessment, id=ident, **of_service)
    _enter(conn, schema.mark, assessment_id=ident, value=Decimal("12.5"), **about)
    _enter(
        conn,
        schema.appraisal,
        id=ident,
        service_id=service,
        period_id=1,
        text=text,
        **about,
    )
    _enter(conn, schema.evaluation, id=ident, **of_service)
    _enter(conn, schema.evaluation_skill, evaluation_id=ident, skill_id=1)
    _enter(
        conn,
        schema.evaluation_level,
        evaluation_id=ident,
        skill_id=1,
        level="fragile",
        **about,
    )
    _enter(
        conn,
        schema.notebook_entry,
        id=ident,
        lesson_id=lesson,
        service_id=service,
        date=day,
        content=text,
    )
    _enter(
        conn,
        schema.homework,
        id=ident,
        notebook_entry_id=ident,
        due_on=date(2020, 10, 13),
        text=text,
    )
    _enter(conn, schema.absence, id=ident, starts_at=at, motive_id=1, **about)
    _enter(conn, schema.lateness, id=ident, at=at, minutes=5, motive_id=2, **about)
    _enter(conn, schema.roll_call, lesson_id=lesson, date=day, taken_by=me, taken_at=now)
    _enter(
        conn,
        schema.punishment,
        id=ident,
        kind="extra-homework",
        given_on=day,
        given_by=me,
        motive_id=3,
        work=text,
        due_on=date(2020, 10, 13),
        **about,
    )
    _enter(
        conn,
        schema.sanction,
        id=ident,
        kind="warning",
        decided_on=day,
        decided_by="staff:S1",
        **about,
    )
    _enter(
        conn,
        schema.follow_up,
        id=ident,
        date=day,
        kind="interview",
        text=text,
        by=me,
        **about,
    )
    stored = content_of(ident)
    content = {
        "sha256": hashlib.sha256(stored).hexdigest(),
        "size": len(stored),
        "media_type": "text/plain",
    }
    _enter(conn, schema.photo, **about, **content)
    owners = [(owner, ident) for owner in DocumentOwner if owner not in COMMUNICATED]
    for number, (owner, owner_id) in enumerate(owners):
        _enter(
            conn,
            schema.document,
            id=ident * 100 + number,
            name=f"{text}.png",
            owner_kind=owner.value,
            owner_id=pupil if owner is DocumentOwner.PUPIL else owner_id,
            added_by=me,
            added_at=now,
            **content,
        )
    _enter(conn, schema.discussion, id=ident, subject=text, created_by=me, created_at=now)
    _enter(conn, schema.participant, discussion_id=ident, person=me)
    _enter(conn, schema.participant, discussion_id=ident, person="staff:S1")
    told = {"title": text, "text": text, "by": me, "survey": ["x"], "published_at": now}
    _enter(conn, schema.information, id=ident, **told)
    _enter(conn, schema.receipt, information_id=ident, person=me)
    _enter(conn, schema.message, id=ident, discussion_id=ident, by=me, at=now, text=text)


def content_of(ident: int) -> bytes:
    """What is in the documents about that pupil, and in his photo."""
    return b"About %d." % ident


COMMUNICATED: Final = {DocumentOwner.INFORMATION, DocumentOwner.MESSAGE}

TEACHERS_CALLS: Final = [
    call
    for call in CATALOGUE.values()
    if may(TEACHER, call) and call.name not in LEAVE_ALONE | {"changes.read"}
]
# Ids that are nobody's: of sessions, accounts, periods, motives, skills, uploads.
NOBODYS: Final = {"motive_id", *SHARED}


def test_every_id_a_teacher_may_give_is_known_to_this_test() -> None:
    """A new call with an id of a new name must say here whose things these are."""
    unknown = {
        (call.name, name)
        for call in TEACHERS_CALLS
        for name, kind in fields_of(call.params)
        if kind is int
        and name.endswith(("id", "ids"))
        and name not in NOBODYS
        and _name_of(call, name) not in ID_NAMES
    }
    assert unknown == set()


async def uploaded(client: WireClient) -> str:
    """Return the name of something the client has uploaded."""
    content = b"Something."
    begun = await client.call(BEGIN_UPLOAD, BeginUpload(size=len(content)))
    chunk = UploadChunk(upload=begun.upload, offset=0, data=content)
    await client.call(SEND_CHUNK, chunk)
    return begun.upload


async def outcome(client: WireClient, call: Call[Any, Any], params: Any) -> tuple[str, Any]:
    if call.name == "documents.attach":
        params = {**params, "upload": await uploaded(client)}
    try:
        answer = await client.ask(call.name, params, call.result)
    except Refused as refusal:
        return refusal.code, (dict(refusal.details), str(refusal))
    return "done", unstructure(answer)


def patterns(call: Call[Any, Any]) -> list[set[str]]:
    """Return which fields are to name the other's things: all, each alone; or none."""
    fields = id_fields(call)
    return [fields, *({each} for each in sorted(fields) if len(fields) > 1)]


def questions(
    call: Call[Any, Any], known: Ids
) -> Iterator[tuple[tuple[str, str, int], dict[str, Any]]]:
    """Yield parameters that name things of the other, and what they are called here."""
    for foreign in patterns(call):
        for seed in range(6 if foreign != {"owner_id"} else 60):  # of each kind of owner
            # Beside own things, and alone; with all that may be left out, and without.
            chooser = known.chooser(call, foreign, rest=seed % 6 < 4)
            params = params_of(call, Random(seed), chooser, (0.5, 1.0, 0.0)[seed % 3])
            if not foreign or _names_some(params, foreign):
                yield (call.name, ",".join(sorted(foreign)), seed), params


async def ask_everything(
    school: School, door: TestDoor, known: Ids
) -> dict[tuple[str, str, int], tuple[str, Any]]:
    """Let T1 make every call of his with the other's ids; return what he heard."""
    heard = {}
    client = await inside(door, TEACHER)
    before = await everything(school)
    for call in TEACHERS_CALLS:
        if call.writes and not id_fields(call):
            continue  # it names nothing; what it may do is its own matter
        for key, params in questions(call, known):
            heard[key] = await outcome(client, call, params)
        assert await everything(school) == before, call.name
    return heard


def _names_some(params: Any, foreign: set[str]) -> bool:
    if isinstance(params, dict):
        return any(
            (name in foreign and value not in (None, [])) or _names_some(value, foreign)
            for name, value in params.items()
        )
    return isinstance(params, list) and any(_names_some(each, foreign) for each in params)


async def test_a_teacher_neither_writes_nor_reads_the_other_classes_by_any_call(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """
    Asked twice: of a base where T2 has entered what he could, and of one where he has not.

    No write that names a thing of his is done, and all that T1 hears is the same in both:
    what he may not see might as well not be.
    """
    heard = []
    for folder, fill in ((tmp_path / "full", both_classes), (tmp_path / "empty", one_class)):
        async with opened(folder, fill) as (school, door):
            heard.append(await ask_everything(school, door, await known_ids(school)))
    full, empty = heard

    done = {
        (name, foreign)
        for (name, foreign, _), (code, _said) in full.items()
        if foreign and code == "done" and CATALOGUE[name].writes
    }
    assert done == set()
    internal = {key for key, (code, _) in full.items() if code == InternalError.code}
    assert internal == set()
    revealing = {
        key for key, (_, said) in full.items() if any(word in repr(said) for word in REVEALING)
    }
    assert revealing == set()
    different = {
        key: (said, empty[key])
        for key, said in full.items()
        if empty[key] != said and key[0] not in DIFFERENT_EACH_TIME
    }
    assert different == {}


async def test_the_other_teacher_is_answered_so_the_question_was_a_good_one(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Without this, a walk whose parameters are all refused would prove nothing."""
    answered, revealing = set(), set()
    asking = [call for call in TEACHERS_CALLS if id_fields(call)]
    # What one write leaves behind would be in the way of the next.
    together = [[call for call in asking if not call.writes]]
    together += [[call] for call in asking if call.writes]
    for number, calls in enumerate(together):
        async with opened(tmp_path / f"{number}", both_classes) as (school, door):
            known = await known_ids(school)
            client = await inside(door, attrs.evolve(TEACHER, login="teacher2"))
            for call in calls:
                for _, params in questions(call, known):
                    code, said = await outcome(client, call, params)
                    assert code != InternalError.code, (call.name, params)
                    if code == "done":
                        answered.add(call.name)
                    if code == "done" and any(word in repr(said) for word in REVEALING):
                        revealing.add(call.name)

    asked = {call.name for call in asking}
    assert asked - answered == set()
    assert {"marks.read", "assessments.list", "notebook.list"} <= revealing
