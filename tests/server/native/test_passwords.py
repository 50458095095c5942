"""
Passwords set over the wire.

Keys are derived in a thread, so these run on the real clock: a mock clock would jump while
the thread works.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pronote_protocol import errors
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.catalogue import users
from pronote_protocol.messages import Nothing, Personalise
from pronote_server.testing import (
    PASSWORD,
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
)


@pytest.fixture
async def real_door(tmp_path: Path) -> AsyncIterator[TestDoor]:
    async with open_test_school(tmp_path) as school, open_test_door(school) as door:
        yield door


async def test_a_generated_password_is_personalised_before_entering(
    real_door: TestDoor,
) -> None:
    office = await WireClient.inside(real_door, "SPR")
    made = await office.call(
        users.CREATE_USER, users.CreateUser(name="MARTIN Zoé", group="Secrétariat")
    )
    client = WireClient.connect(real_door)
    await client.greet()

    accepted = await client.log_in(made.login, made.password)
    with pytest.raises(errors.PasswordMustChange):
        await client.enter()
    with pytest.raises(errors.PasswordRefused) as refused:
        await client.ask("password.personalise", Personalise(new_password="court"), Nothing)
    await client.ask(
        "password.personalise", Personalise(new_password="Une-Phrase-2-Passe!"), Nothing
    )
    entered = await client.enter()

    assert accepted.must_change
    assert "min_length" in refused.value.details["broken"]
    assert entered.name == "MARTIN Zoé"
    with pytest.raises(errors.NotFound):
        await office.call(users.READ_PASSWORD, users.UserRef(login=made.login))
    again = WireClient.connect(real_door)
    await again.greet()
    assert not (await again.log_in(made.login, "Une-Phrase-2-Passe!")).must_change


async def test_password_change_needs_the_present_one(real_door: TestDoor) -> None:
    client = await WireClient.inside(real_door, "sec1")
    wish = calls.ChangePassword(current_password="wrong", new_password="Une-Phrase-2-Passe!")

    with pytest.raises(errors.BadCredentials):
        await client.call(calls.CHANGE_PASSWORD, wish)
    await client.call(
        calls.CHANGE_PASSWORD,
        calls.ChangePassword(current_password=PASSWORD, new_password="Une-Phrase-2-Passe!"),
    )
    again = WireClient.connect(real_door)
    await again.greet()
    await again.log_in("sec1", "Une-Phrase-2-Passe!")
