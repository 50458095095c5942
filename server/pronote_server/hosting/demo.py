"""
The demo school, ready to use: data, accounts in each mode, in service.

Passwords follow from the seed, are short to derive, and are shown to whoever starts the demo:
nothing here is fit for a real school.
"""

from __future__ import annotations

import random

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.scram import derive
from pronote_protocol.words import Mode
from pronote_server.demo.daily_work import fill_daily_work
from pronote_server.demo.school import (
    DEMO_RNE,
    DEMO_SCHOOL_LIFE_CODE,
    DEMO_SCHOOL_NAME,
    DEMO_TEACHER_CODES,
    demo_school,
)
from pronote_server.demo.term_documents import contents
from pronote_server.domain.accounts import Account, Credentials
from pronote_server.domain.passwords import generate_password
from pronote_server.domain.school_data import SchoolData
from pronote_server.hosting import bases, people
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.groups import find_group
from pronote_server.hosting.login import GENERATED_ITERATIONS
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage import accounts as kept
from pronote_server.storage.base_header import BaseHeader, read_header
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.settings import get_setting, put_setting

__all__ = ["DEMO_RNE", "DEMO_SCHOOL_NAME", "DemoAccount", "demo_accounts", "fill_demo"]

_SEED = "demo.seed"
_ASKER = Asker("démonstration", None)

# Five of them fill the seats that are not reserved for administrators (fiche 11: 6, of
# which 1), so that one more shows the refusal.
_SECRETARIES = 6


@attrs.frozen
class DemoAccount:
    """An account whose password is shown; None once somebody changed it."""

    mode: Mode
    login: str
    password: str | None
    name: str


async def fill_demo(school: School, seed: int) -> None:
    """
    Make a school that was just created the demo school of *seed*, and put it in service.

    It is the same school, with the same passwords, for the same seed. One that is a demo
    school already keeps what was done to it; one whose making was interrupted is finished.
    """
    if await school.records.read(_seed_of) is None:
        await _fill(school, seed)
    if not school.in_service:
        await bases.put_in_service(school, None, by=_ASKER.name)


def _seed_of(conn: Connection) -> int | None:
    seed: int | None = get_setting(conn, _SEED)
    return seed


async def _work(school: School, data: SchoolData, seed: int) -> None:
    """Fill the base that was just filled with people with what they did since September."""
    base = school.base
    assert base is not None, "a school is opened with its base"
    now = school.now()
    files = DocumentFiles.beside(base.file)
    await trio.to_thread.run_sync(lambda: [files.store(each) for each in contents()])

    def write(conn: Connection) -> BaseHeader:
        fill_daily_work(conn, data, seed, now=now, zone=SCHOOL_ZONE)
        return read_header(conn)

    school.base = attrs.evolve(base, header=await base.database.write(write))


async def _fill_base(school: School, data: SchoolData, seed: int) -> None:
    await bases.fill(school, data)
    await _work(school, data, seed)


async def _fill(school: School, seed: int) -> None:
    draw = random.Random(f"accounts {seed}")
    base = school.base
    assert base is not None, "a school is opened with its base"
    data = await trio.to_thread.run_sync(demo_school, seed, base.header.school_year)
    # Two files, two writers; and who derives keys leaves the interpreter to the others.
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_fill_base, school, data, seed)
        await people.open_accounts(
            school, _ASKER, people.teachers_of(data), Mode.TEACHER, random=draw
        )
        await people.open_accounts(
            school, _ASKER, people.staff_of(data), Mode.SCHOOL_LIFE, random=draw
        )
    group = find_group(school, "Secrétariat")
    office = [
        Account(
            id=0,
            login=f"sec{number}",
            name=f"Secrétariat (SEC{number})",
            group_id=group.id,
            created_at=school.now(),
        )
        for number in range(1, _SECRETARIES + 1)
    ]
    supervisor = school.directory.supervisor
    assert supervisor is not None, "a school is created with its supervisor"
    passwords = [generate_password(draw) for _ in range(len(office) + 1)]
    keys = await trio.to_thread.run_sync(
        lambda: [derive(password, GENERATED_ITERATIONS) for password in passwords]
    )
    ready = [
        attrs.evolve(
            account,
            credentials=Credentials(k.salt, k.stored_key, k.server_key, k.iterations),
            generated_password=password,
        )
        for account, password, k in zip([supervisor, *office], passwords, keys, strict=True)
    ]
    # The few whose passwords are printed have nothing to personalise first.
    shown = [attrs.evolve(each, must_change=False) for each in _shown_people(school)]

    def write(conn: Connection) -> list[Account]:
        for account in [ready[0], *shown]:
            kept.update_account(conn, account)
        put_setting(conn, _SEED, seed)
        return [ready[0], *shown, *(kept.insert_account(conn, each) for each in ready[1:])]

    for account in await school.records.write(write):
        school.directory.put(account)


def demo_accounts(school: School) -> list[DemoAccount]:
    """Return the accounts to show: the supervisor, the office, two teachers, one of staff."""
    directory = school.directory
    supervisor = directory.supervisor
    office = [
        account
        for number in range(1, _SECRETARIES + 1)
        if (account := directory.by_login(f"sec{number}")) is not None
    ]
    chosen = [
        *((Mode.ADMINISTRATIVE, each) for each in (supervisor, *office) if each is not None),
        *(
            (
                Mode.TEACHER if (each.person or "").startswith("teacher") else Mode.SCHOOL_LIFE,
                each,
            )
            for each in _shown_people(school)
        ),
    ]
    return [
        DemoAccount(mode, account.login, account.generated_password, account.name)
        for mode, account in chosen
    ]


def _shown_people(school: School) -> list[Account]:
    wanted = [f"teacher:{code}" for code in DEMO_TEACHER_CODES]
    wanted.append(f"staff:{DEMO_SCHOOL_LIFE_CODE}")
    by_person = {account.person: account for account in school.directory.accounts}
    return [by_person[person] for person in wanted if person in by_person]
