"""
Every call with whatever a client may send: well-typed nonsense, and things of other types.

The refusal `internal` says that nobody thought of it; a connection that is closed, that the
dispatch did not survive it. Sequences are drawn from a seed, so that what one call left
behind is in the way of the next; `--long` draws many more. The clock is real: passwords are
derived in a thread, and a mock clock would jump meanwhile to where clients are lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from random import Random
from typing import Any, Final, get_origin

import pytest

from pronote_protocol.catalogue import CATALOGUE, Call
from pronote_protocol.catalogue.sessions import WHO_AM_I
from pronote_protocol.codec import pack
from pronote_protocol.errors import InternalError, LocalProtocolError, NotAllowed, Refused
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Nothing
from pronote_protocol.testing_params import NOT_CHOSEN, Chooser, mangled, params_of
from pronote_protocol.words import Access, Application, Mode
from pronote_server.clock import Clock
from pronote_server.config import Contract, Suspension
from pronote_server.hosting.school import School
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

ADDRESS: Final = "192.0.2.1"
STEPS: Final = 250
LONG_STEPS: Final = 10_000
READS: Final = Access.CONSULTATION
KINDS: Final = {
    "SPR": ("SPR", Mode.ADMINISTRATIVE, Access.MODIFICATION),
    "admin": ("admin", Mode.ADMINISTRATIVE, Access.MODIFICATION),
    "office": ("sec1", Mode.ADMINISTRATIVE, Access.MODIFICATION),
    "guest": ("guest", Mode.ADMINISTRATIVE, READS),
    "teacher": ("teacher", Mode.TEACHER, Access.MODIFICATION),
    "teacher2": ("teacher2", Mode.TEACHER, Access.MODIFICATION),
    "school life": ("cpe", Mode.SCHOOL_LIFE, Access.MODIFICATION),
}
# Nobody who plays here; what is done to them is done to nobody's session.
PASSERS_BY: Final = ("sec7", "sec8", "nobody")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            folder,
            # Thousands of calls in no time, many of them unauthorised.
            suspension=Suspension(privileged=(ip_network(ADDRESS),)),
            contract=Contract(consultation=True),
            data=sample_school(),
            clock=Clock(datetime(2020, 10, 6, 7, tzinfo=UTC)),
            inline=True,
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


def chooser(call: Call[Any, Any], draw: Random, access: Access) -> Chooser:
    """Prefer ids that exist, and keep the players in the game."""

    def choose(name: str, kind: Any) -> Any:
        if call.name.startswith("users.") and name == "id":
            return 0 if draw.random() < 0.5 else None
        if call.name.startswith("users.") and name == "login":
            return draw.choice(PASSERS_BY)
        if name == "access":
            return access.value
        if name in ("everyone", "active"):
            return False
        if kind is int and name.endswith("id") and draw.random() < 0.8:
            return draw.randrange(1, 6)
        if get_origin(kind) is tuple and name.endswith("ids"):
            return [draw.randrange(1, 6) for _ in range(draw.randrange(3))]
        if name == "key":
            return f"k{draw.randrange(50)}"
        return NOT_CHOSEN

    return choose


def drawn(call: Call[Any, Any], draw: Random, access: Access) -> dict[str, Any]:
    """Return parameters of *call*: three of five fit its declaration."""
    params = params_of(call, draw, chooser(call, draw, access), draw.random())
    if call.keyed and draw.random() < 0.5:
        params["key"] = f"k{draw.randrange(50)}"
    if draw.random() < 0.6:
        return params
    while True:
        wrong = mangled(params, draw)
        if isinstance(wrong, dict) and _fits_a_frame(wrong):
            return wrong


def _fits_a_frame(params: dict[str, Any]) -> bool:
    try:
        return len(pack(params)) < WireLimits().from_client_bytes - 200
    except LocalProtocolError:
        return False


@pytest.mark.parametrize("seed", range(2))
async def test_no_call_breaks_the_server_whatever_it_is_asked(
    tmp_path: Path, long_form: bool, seed: int
) -> None:
    """What failed once: run it again with its seed; the step is in the message."""
    async with opened(tmp_path) as (_, door):
        for name, (login, mode, access) in KINDS.items():
            draw = Random(f"{seed} {name}")
            client = await WireClient.inside(
                door,
                login,
                mode,
                access=access,
                address=ADDRESS,
                hello={"application": Application.EDT} if login == "SPR" else None,
            )
            allowed = await calls_of(client)
            for step in range(LONG_STEPS if long_form else STEPS):
                call = draw.choice(allowed)
                params = drawn(call, draw, access)
                where = f"seed {seed}, {name}, step {step}: {call.name} {params!r}"
                code = await code_of(client, call, params, where)
                assert code != InternalError.code, where
                assert client.goodbye is None, where
            await client.call(WHO_AM_I, Nothing())
            await client.leave()


async def calls_of(client: WireClient) -> list[Call[Any, Any]]:
    """Return what this session may ask, so that steps are not lost on the rest."""
    allowed = []
    for call in CATALOGUE.values():
        try:
            await client.ask(call.name, {"nobody_has_this": 1}, call.result)
        except NotAllowed:
            continue
        except Refused:
            allowed.append(call)
    return allowed


async def code_of(
    client: WireClient, call: Call[Any, Any], params: dict[str, Any], where: str
) -> str:
    try:
        await client.ask(call.name, params, call.result)
    except Refused as refusal:
        return refusal.code
    except EOFError:
        raise AssertionError(f"{where} ended with {client.goodbye}") from None
    return "done"


@pytest.mark.parametrize("params", [{}, {"x": 1}, {"": None}, {"key": None}, {"key": 1}])
async def test_every_call_answers_parameters_that_are_none_of_its_own(
    tmp_path: Path, params: dict[str, Any]
) -> None:
    async with opened(tmp_path) as (_, door):
        client = await WireClient.inside(door, "SPR", address=ADDRESS)
        for call in CATALOGUE.values():
            if call.name != "session.change_access":
                code = await code_of(client, call, dict(params), call.name)
                assert code != InternalError.code, call.name
        await client.call(WHO_AM_I, Nothing())


def test_a_sequence_is_drawn_again_from_its_seed() -> None:
    def sequence(seed: str) -> list[Any]:
        draw = Random(seed)
        calls = list(CATALOGUE.values())
        return [drawn(draw.choice(calls), draw, READS) for _ in range(200)]

    assert repr(sequence("0 SPR")) == repr(sequence("0 SPR"))
    assert repr(sequence("0 SPR")) != repr(sequence("1 SPR"))


def test_every_call_is_drawn_well_and_badly() -> None:
    """Otherwise nothing would be tested but the reading of parameters."""
    from pronote_protocol.errors import BadRequest
    from pronote_protocol.records import structure

    def fits(call: Call[Any, Any], params: dict[str, Any]) -> bool:
        given = {name: value for name, value in params.items() if name != "key"}
        try:
            structure(given, call.params)
        except BadRequest:
            return False
        return True

    check: Callable[[Call[Any, Any]], set[bool]] = lambda call: {  # noqa: E731
        fits(call, drawn(call, Random(f"{call.name} {seed}"), READS)) for seed in range(40)
    }
    assert all(
        check(call) == {True, False}
        for call in CATALOGUE.values()
        if call.params is not Nothing
    )
