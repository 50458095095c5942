"""*Mon compte*: what is agreed, what a change does at once, and what is kept."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import account as calls
from pronote_protocol.errors import (
    BadCredentials,
    BadRequest,
    ContractExpired,
    NotInContract,
    PasswordRefused,
    SeatsExhausted,
)
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Access, Application, Mode
from pronote_server.clock import Clock
from pronote_server.config import Contract, SchoolSettings, Suspension
from pronote_server.config_school import HostingAccountSettings, Passwords
from pronote_server.domain.hosting_account import masked_email, masked_mobile, new_identity
from pronote_server.hosting import account
from pronote_server.hosting.account_terms import TERMS, agreed, fitting
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.opening import open_school
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.rescue.commands.account import commands
from pronote_server.testing import (
    PASSWORD,
    TEST_RNE,
    WireClient,
    open_test_door,
    open_test_school,
)

OPERATOR = Asker("opérateur", None)
SETTINGS = SchoolSettings(
    rne=TEST_RNE,
    name="Collège d'essai",
    passwords=Passwords(scram_iterations=4096),
    account=HostingAccountSettings(email="responsable@ecole.example", mobile="+33639980178"),
)
NEW = "Another-horse-8-stapled"


@pytest.fixture
async def school(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[School]:
    clock = Clock(datetime(2021, 7, 1, 10, tzinfo=UTC))
    async with open_test_school(tmp_path, inline=True, clock=clock) as opened:
        yield opened


async def lines(school: School, kind: str) -> list[Any]:
    found, _ = await school.journal.read(before=None, limit=50, kind=kind, search=None)
    return found


# --------------------------------------------------------------------------- what is agreed


def test_a_new_client_gets_numbers_of_the_lengths_of_the_guide() -> None:
    made = new_identity(random.Random(1))

    assert (len(made.hosting_number), len(made.invoice_number)) == (12, 10)
    assert made.hosting_number.isdecimal()
    assert made.invoice_number.isdecimal()
    assert len(made.console_password) == 14
    assert made.console_password not in repr(made)


def test_masks_leave_enough_to_recognise_and_too_little_to_write() -> None:
    assert masked_email("responsable@ecole.example") == "r•••••@ecole.example"
    assert masked_mobile("+33639980178") == "•••••••78"


@pytest.mark.parametrize(
    ("term", "text", "section", "field", "value"),
    [
        ("modification", "8", "contract", "modification", 8),
        ("reserved", "0", "contract", "reserved_for_administrators", 0),
        ("teachers", "unlimited", "contract", "teachers", None),
        ("teachers", "50", "contract", "teachers", 50),
        ("consultation", "oui", "contract", "consultation", True),
        ("edt", "NON", "contract", "edt", False),
        ("sms", "false", "contract", "sms", False),
        ("expires", "2021-07-05", "contract", "expires", date(2021, 7, 5)),
        ("hosting_number", "123456789012", "account", "hosting_number", "123456789012"),
        ("mobile", "06 39 98 01 00", "account", "mobile", "0639980100"),
    ],
)
def test_a_term_is_read_as_its_setting_is(
    term: str, text: str, section: str, field: str, value: object
) -> None:
    terms = agreed(attrs.evolve(SETTINGS, contract=Contract(teachers=30)), {term: text})

    assert getattr(getattr(terms, section), field) == value


@pytest.mark.parametrize(
    "changes",
    [
        {"modification": "many"},
        {"modification": "0"},
        {"reserved": "7"},
        {"teachers": "-1"},
        {"edt": "peut-être"},
        {"expires": "hier"},
        {"hosting_number": "12"},
        {"email": "a b@c.example"},
        {"nothing_like_it": "1"},
    ],
)
def test_what_makes_no_contract_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refused:
        agreed(SETTINGS, changes)
    assert next(iter(changes)) in refused.value.fr or "reserved" in refused.value.fr


def test_every_term_is_a_setting() -> None:
    texts = dict.fromkeys(TERMS, "1") | {
        "expires": "2030-01-01",
        "hosting_number": "1" * 12,
        "invoice_number": "1" * 10,
        "email": "a@b.example",
        "mobile": "0639980100",
        "teachers": "30",
    }
    flags = ("consultation", "consultation_edt", "edt", "sms", "sms_edt", "pronote_net")
    agreed(SETTINGS, texts | dict.fromkeys(flags, "oui"))


def test_a_change_that_no_longer_fits_the_file_is_left_out_and_told(logs: Logs) -> None:
    smaller = attrs.evolve(SETTINGS, contract=Contract(modification=2))

    assert fitting(smaller, {"reserved": "3", "edt": "non"}) == {"edt": "non"}
    assert [entry["term"] for entry in logs.of("account.change_ignored")] == ["reserved"]


# --------------------------------------------------------------------- what a change does


async def test_a_change_counts_at_once_and_after_the_next_start(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert school.identity_is_new
        first = school.account
        await account.change_terms(
            school, {"modification": "2", "email": "autre@ecole.example"}, OPERATOR
        )
        assert school.seats.plan.modification == 2

    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert not school.identity_is_new
        assert school.contract.modification == 2
        assert school.account.email == "autre@ecole.example"
        assert school.account.identity == first.identity

        await account.change_terms(school, {"modification": None, "email": None}, OPERATOR)
        assert school.contract.modification == SETTINGS.contract.modification
        assert school.account == first
        assert school.account_changes == {}


async def test_a_refused_change_changes_nothing(school: School) -> None:
    before = (school.contract, school.account, school.seats.plan)
    for wrong in ({"reserved": "7"}, {"colour": "blue"}, {}):
        with pytest.raises(BadRequest):
            await account.change_terms(school, wrong, OPERATOR)

    assert (school.contract, school.account, school.seats.plan) == before
    assert await lines(school, "account") == []


async def test_the_journal_says_what_changed_and_no_address(school: School) -> None:
    await account.change_terms(
        school, {"modification": "8", "mobile": "+33639980178"}, OPERATOR
    )
    (line,) = await lines(school, "account")

    assert line.kind == "account.changed"
    assert line.details == {"modification": "8", "mobile": "modifié"}


async def test_a_licence_is_reserved_at_once_and_nobody_loses_his(school: School) -> None:
    async with open_test_door(school) as door:
        held = [await WireClient.inside(door, f"sec{n}") for n in range(1, 5)]
        console = await WireClient.inside(door, "SPR", Mode.HOSTING)
        shown = await console.call(
            calls.SET_RESERVED, calls.SetReserved(reserved_for_administrators=2)
        )

        assert shown.reserved_for_administrators == 2
        with pytest.raises(SeatsExhausted):
            await WireClient.inside(door, "sec5")
        with pytest.raises(BadRequest):
            await console.call(
                calls.SET_RESERVED, calls.SetReserved(reserved_for_administrators=7)
            )
        await console.call(calls.SET_RESERVED, calls.SetReserved(reserved_for_administrators=1))
        await WireClient.inside(door, "sec5")
        assert all(client.goodbye is None for client in held)


async def test_the_last_day_is_one_of_the_calendar_of_the_school(school: School) -> None:
    """Paris is two hours ahead of the clock: the day is over at 22:00 UTC."""
    await account.change_terms(school, {"expires": "2021-07-05"}, OPERATOR)
    async with open_test_door(school) as door:
        school.clock.travel_to(datetime(2021, 7, 5, 21, 59, tzinfo=UTC))
        inside = await WireClient.inside(door, "sec1")
        assert not account.show_account(school).expired

        school.clock.advance(timedelta(minutes=2))
        with pytest.raises(ContractExpired):
            await WireClient.inside(door, "sec2")
        console = await WireClient.inside(door, "SPR", Mode.HOSTING)
        assert (await console.call(calls.SHOW_ACCOUNT, Nothing())).expired
        assert inside.goodbye is None

        await account.change_terms(school, {"expires": "2022-07-05"}, OPERATOR)
        await WireClient.inside(door, "sec2")


async def test_options_open_and_close_what_was_bought(school: School) -> None:
    edt = {"application": Application.EDT}
    async with open_test_door(school) as door:

        async def come(login: str, access: Access, hello: dict[str, Any] | None = None) -> None:
            client = await WireClient.inside(door, login, access=access, hello=hello)
            await client.leave()

        changed = dict.fromkeys(("edt", "consultation"), "oui")
        await account.change_terms(school, changed, OPERATOR)
        await come("guest", Access.CONSULTATION)
        await come("sec1", Access.MODIFICATION, edt)
        with pytest.raises(NotInContract, match="Consultation EDT"):
            await come("guest", Access.CONSULTATION, edt)

        other = {"consultation": "non", "consultation_edt": "oui"}
        await account.change_terms(school, other, OPERATOR)
        await come("guest", Access.CONSULTATION, edt)
        with pytest.raises(NotInContract, match="Consultation PRONOTE"):
            await come("guest", Access.CONSULTATION)

        none = {"edt": "non", "pronote_net": "non"}
        await account.change_terms(school, none, OPERATOR)
        with pytest.raises(NotInContract, match="Connexion EDT"):
            await come("sec1", Access.MODIFICATION, edt)
        with pytest.raises(NotInContract, match="net"):
            await come("sec1", Access.MODIFICATION, {"application": Application.PRONOTE_NET})


async def test_a_session_does_not_move_into_what_was_not_bought(school: School) -> None:
    from pronote_protocol.catalogue.sessions import CHANGE_ACCESS, ChangeAccess

    await account.change_terms(school, {"consultation_edt": "oui"}, OPERATOR)
    async with open_test_door(school) as door:
        client = await WireClient.inside(door, "sec1")
        with pytest.raises(NotInContract):
            await client.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))


# ---------------------------------------------------------------------------- passwords


async def test_the_supervisors_password_is_changed_by_who_knows_it(school: School) -> None:
    async with open_test_door(school) as door:
        console = await WireClient.inside(door, "SPR", Mode.HOSTING)

        def wish(current: str, new: str) -> calls.ChangeSupervisorPassword:
            return calls.ChangeSupervisorPassword(current_password=current, new_password=new)

        for current, new, refusal in (
            ("wrong", NEW, BadCredentials),
            (PASSWORD, "short", PasswordRefused),
        ):
            with pytest.raises(refusal):
                await console.call(calls.CHANGE_SUPERVISOR_PASSWORD, wish(current, new))
        await console.call(calls.CHANGE_SUPERVISOR_PASSWORD, wish(PASSWORD, NEW))

        again = WireClient.connect(door)
        await again.greet()
        await again.log_in("SPR", NEW)
    assert [line.kind for line in await lines(school, "account")] == [
        "account.supervisor_password_changed"
    ]


async def test_the_operator_changes_passwords_without_knowing_them(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        asked = commands(lambda _: school)
        before = school.account.identity.console_password
        said = await asked["account.console_password"]({})
        await asked["account.supervisor_password"]({"password": NEW})

        assert said["password"] == school.account.identity.console_password != before
        assert school.directory.supervisor is not None
        assert school.directory.supervisor.credentials is not None
        text = repr(await lines(school, "account"))
        assert said["password"] not in text
        assert NEW not in text
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert school.account.identity.console_password == said["password"]


async def test_what_is_shown_tells_no_secret(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        asked = commands(lambda _: school)
        shown = await asked["account.set"]({"terms": {"teachers": "30"}})

        assert (shown["teachers"], shown["changed"]) == (30, {"teachers": "30"})
        assert (shown["email"], shown["mobile"]) == ("r•••••@ecole.example", "•••••••78")
        identity = school.account.identity
        assert identity.hosting_number in repr(shown)
        for secret in (identity.console_password, identity.invoice_number):
            assert secret not in repr(shown)
        assert (await asked["account.set"]({"unset": ["teachers"]}))["changed"] == {}
