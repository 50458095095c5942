"""Whom to load: servers of others by their settings, or one of ours in another process."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs
import psutil
import trio

from bench.measuring.memory import own_bytes
from loading.conducting import Server
from loading.demo_server import DemoAccount, DemoSchool, DemoServer, accounts_from, demo_server
from loading.scenario import People
from loading.sessions import CannotPlan, cast
from pronote_client import Client, ConnectionSettings, Instance, open_client
from pronote_protocol.words import Rank

__all__ = ["OurServer", "Target", "demo_target", "target_of_files"]

_SUPERVISOR: Final = "SPR"
_PASSWORD: Final = "Une-Journee-De-Charge-8!"
# How many personalise their passwords at once.
_AT_ONCE: Final = 16


@attrs.define(eq=False)
class OurServer(Server):
    """A demo server, which may be frozen, killed and weighed."""

    demo: DemoServer

    @property
    def pid(self) -> int | None:  # type: ignore[override]
        return self.demo.pid

    def memory(self) -> int | None:
        try:
            return own_bytes(self.demo.pid)
        except psutil.Error:
            return None  # it has just ended: there is nothing to weigh

    async def freeze(self, seconds: float) -> None:
        await self.demo.freeze(seconds)

    async def restart(self) -> None:
        await self.demo.kill_and_restart()


@attrs.frozen
class Target:
    """
    Attributes:
        schools: By rank.
        server: Ours, or one of which nothing is known.
    """

    schools: tuple[DemoSchool, ...]
    server: Server

    @property
    def ours(self) -> DemoServer | None:
        return self.server.demo if isinstance(self.server, OurServer) else None

    @property
    def name(self) -> str:
        first = self.schools[0].settings
        tls = "TLS" if first.tls else "plain TCP"
        whose = "a demo of our own" if self.ours is not None else "not ours"
        many = f", {len(self.schools)} schools" if len(self.schools) > 1 else ""
        return f"{first.where}, {tls}, {whose}{many}"

    async def players(self, people: People) -> list[DemoAccount]:
        """
        Return who plays each of these people.

        Raises:
            CannotPlan: There is no such school, or nobody of that mode.
        """
        if people.school >= len(self.schools):
            raise CannotPlan(
                f"people {people.name!r} are of school {people.school}, counted from 0; "
                f"{len(self.schools)} given: --settings and --accounts once for each"
            )
        school = self.schools[people.school]
        if people.mode is None:
            return cast(school.accounts, people.count)
        known = [each for each in school.accounts if each.mode is people.mode]
        known = [each for each in known if each.login != _SUPERVISOR] or known
        if people.distinct:
            if self.ours is None:
                raise CannotPlan(
                    f"people {people.name!r} are distinct, which needs a server of our own: "
                    "--demo"
                )
            known += await _others(school, people, {each.login for each in known})
        if not known:
            raise CannotPlan(f"people {people.name!r}: no account in mode {people.mode.value}")
        return list(itertools.islice(itertools.cycle(known), people.count))


async def _others(school: DemoSchool, people: People, known: set[str]) -> Sequence[DemoAccount]:
    """Personalise the passwords of further people, as they did one by one in September."""
    assert people.mode is not None
    spr = next(each for each in school.accounts if each.login == _SUPERVISOR)
    found: list[DemoAccount] = []
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def personalise(client: Client, login: str) -> None:
        async with limiter:
            old = (await client.users.password(login)).password
            async with open_client(
                school.settings,
                login=login,
                password=old,
                new_password=_PASSWORD,
                mode=people.mode,
                instance=Instance(),
            ):
                pass

    async with open_client(
        school.settings, login=spr.login, password=spr.password, instance=Instance()
    ) as client:
        users = await client.users.list_all(mode=people.mode)
        chosen = [
            each.login
            for each in users
            if each.rank is not Rank.SUPERVISOR and each.group is None
            if each.login not in known and each.password == "generated"
        ][: max(0, people.count - len(known))]
        async with trio.open_nursery() as nursery:
            for login in chosen:
                found.append(DemoAccount(people.mode, login, _PASSWORD))
                nursery.start_soon(personalise, client, login)
    return found


@asynccontextmanager
async def demo_target(
    *, plain: bool, schools: int, settings: Mapping[str, str]
) -> AsyncIterator[Target]:
    """Start a demo server and end it; raises `ServerDied`."""
    async with demo_server(plain=plain, schools=schools, settings=settings) as demo:
        yield Target(demo.schools, OurServer(demo))


def target_of_files(settings: Sequence[Path], accounts: Sequence[Path]) -> Target:
    """
    Return the schools of these files, in this order.

    Raises:
        InvalidSettings, OSError, ValueError, KeyError: They cannot be used.
    """
    return Target(
        tuple(
            DemoSchool(ConnectionSettings.read(where), accounts_from(_items(who)))
            for where, who in zip(settings, accounts, strict=True)
        ),
        Server(),
    )


def _items(path: Path) -> list[dict[str, str]]:
    said = json.loads(path.read_text("utf-8"))
    items: list[dict[str, str]] = said["accounts"] if isinstance(said, dict) else said
    return items
