"""Many workstations in one process: coming in at a bounded rate, staying, leaving."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import attrs
import trio

from loading.demo_server import DemoAccount
from loading.links import Links
from loading.plan import Asking, can_be_drawn
from pronote_client import Client, ConnectionSettings, Instance, Mode, Patience, open_client
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.catalogue.resources import (
    ListResources,
    ReadOwnTimetable,
    ReadTimetable,
)
from pronote_protocol.words import ResourceKind

__all__ = ["CannotPlan", "Crowd", "Seated", "askings_of", "cast"]

# Of the office at most so many: the contract has six seats, one of them reserved.
_OFFICE: Final = 5
_SCHOOL_LIFE_SHARE: Final = 5
_SUPERVISOR: Final = "SPR"
_PAGE: Final = 30
_WEEKS_OF: Final = (ResourceKind.CLASSES, ResourceKind.TEACHERS, ResourceKind.ROOMS)
_SEARCHES: Final = ("mar", "du", "3", "el")


class CannotPlan(Exception):
    """These accounts cannot make these calls."""


def cast(accounts: Sequence[DemoAccount], sessions: int) -> list[DemoAccount]:
    """
    Return who plays which session: a small office, one in five of school life, teachers.

    The same user may connect many times. The supervisor stays out as long as there is
    anybody else, so that an administrator may look meanwhile.

    Raises:
        CannotPlan: There is no account at all.
    """
    by_mode = {
        mode: [each for each in accounts if each.mode is mode and each.login != _SUPERVISOR]
        for mode in Mode
    }
    if not any(by_mode.values()):
        by_mode[Mode.ADMINISTRATIVE] = list(accounts)
    if not accounts:
        raise CannotPlan("no account to connect with")
    crowd = [mode for mode in (Mode.TEACHER, Mode.SCHOOL_LIFE) if by_mode[mode]]
    office = by_mode[Mode.ADMINISTRATIVE][:_OFFICE]
    if not crowd:
        if sessions > len(office):
            raise CannotPlan(
                f"{sessions} sessions, and only administrative accounts: {len(office)} seats"
            )
        return office[:sessions]
    # A session of each mode before two of any.
    wanted = min(len(office), max(1, sessions // 10)) if sessions > len(crowd) else 0
    rest = sessions - wanted
    school_life = max(1, rest // _SCHOOL_LIFE_SHARE) if len(crowd) == 2 and rest > 1 else 0
    players = [
        *office[:wanted],
        *itertools.islice(itertools.cycle(by_mode[crowd[-1]]), school_life),
        *itertools.islice(itertools.cycle(by_mode[crowd[0]]), rest - school_life),
    ]
    return players


@attrs.define(eq=False)
class Seated:
    """
    A session of the crowd.

    Attributes:
        free_since: Transport time of its last answer.
        rank, account: Which of the crowd, and who.
        kept: What it keeps from one errand to the next.
        links: Its connections, where they can be cut or read slowly.
    """

    client: Client
    mode: Mode
    free_since: float = 0.0
    rank: int = 0
    account: DemoAccount | None = None
    kept: dict[str, Any] = attrs.field(factory=dict, repr=False)
    links: Links | None = attrs.field(default=None, repr=False)


@attrs.define
class Crowd:
    """
    Everybody who connects, as an async context manager: leaving it logs them all out.

    Args:
        ramp: Logins a second; what they cost is not measured, only bounded.
    """

    settings: ConnectionSettings
    players: Sequence[DemoAccount]
    ramp: float
    call_seconds: float
    _sitting: dict[int, Seated] = attrs.field(factory=dict, init=False)
    login_seconds: list[float] = attrs.field(factory=list, init=False)
    _stack: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)
    _leave: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def __aenter__(self) -> Crowd:
        """Log everybody in; raises what the SDK raises for the first who cannot."""
        await self._stack.__aenter__()
        try:
            nursery = await self._stack.enter_async_context(trio.open_nursery())
            self._stack.callback(self._leave.set)
            begun = trio.current_time()
            async with trio.open_nursery() as coming:
                for rank, player in enumerate(self.players):
                    await trio.sleep_until(begun + rank / self.ramp)
                    coming.start_soon(nursery.start, self._sit, rank, player)
        except BaseException as exc:
            await self._stack.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        return self

    async def __aexit__(self, *raised: Any) -> bool | None:
        return await self._stack.__aexit__(*raised)

    async def _sit(
        self,
        rank: int,
        player: DemoAccount,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        begun = trio.current_time()
        async with open_client(
            self.settings,
            login=player.login,
            password=player.password,
            mode=player.mode,
            workstation=f"POSTE-{rank + 1:04}",
            program="load",
            # One workstation each: a suspension of one must not latch the others.
            instance=Instance(),
            patience=Patience(call_seconds=self.call_seconds),
        ) as client:
            self.login_seconds.append(trio.current_time() - begun)
            self._sitting[rank] = Seated(client, player.mode, rank=rank, account=player)
            task_status.started()
            await self._leave.wait()

    @property
    def seated(self) -> list[Seated]:
        """Everybody, by rank: whoever is in first does not change who asks what."""
        return [self._sitting[rank] for rank in sorted(self._sitting)]

    @property
    def composition(self) -> dict[str, int]:
        """How many sessions of each mode."""
        return dict(Counter(each.mode.value for each in self.seated))


async def askings_of(
    seated: Sequence[Seated], mix: Mapping[str, float], *, strict: bool
) -> list[Asking]:
    """
    Return what these sessions can be sent for, with its parameters ready.

    Args:
        strict: Whether a call nobody may make is a mistake, or only left out.

    Raises:
        CannotPlan: Nobody may make one of the calls.
    """
    askings: list[Asking] = []
    for name, weight in mix.items():
        call = CATALOGUE[name]
        askers = [
            each.rank
            for each in seated
            if each.mode in call.modes and call.right in each.client.entered.rights
        ]
        if askers:
            by_rank = {each.rank: each for each in seated}
            client = by_rank[askers[0]].client
            params = [each async for each in _params_of(name, client)]
            askings.append(Asking(call, weight, askers, params))
        elif strict:
            raise CannotPlan(f"no session may call {name}")
    if not askings:
        raise CannotPlan("no session may make any of these calls")
    return askings


async def _params_of(name: str, client: Client) -> AsyncIterator[Any]:
    """Yield the parameters to draw from; pages and weeks that exist."""
    if name == "resources.list":
        for kind in ResourceKind:
            total = (await client.resources.list(kind, limit=1)).total
            for offset in range(0, max(1, total), _PAGE):
                yield ListResources(kind=kind, offset=offset, limit=_PAGE)
            for search in _SEARCHES:
                yield ListResources(kind=kind, search=search, limit=_PAGE)
    elif name == "timetable.read":
        for kind in _WEEKS_OF:
            for row in await client.resources.list_all(kind):
                yield ReadTimetable(kind=kind, id=row.id)
    elif name == "timetable.mine":
        for week in (None, *_weeks()):
            yield ReadOwnTimetable(week=week)
    else:
        call = CATALOGUE[name]
        if not can_be_drawn(call):
            raise CannotPlan(f"{name} needs parameters this tool does not know")
        yield call.params()


def _weeks() -> Iterator[int]:
    yield from range(0, 36, 4)
