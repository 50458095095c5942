"""
Suspensions against a reference model, whatever happens in whatever order.

The model is what the rules say and nothing else: one list of everything that happened, one of
every suspension pronounced, and full scans of both for every answer. It has no bound, no
counter and no table, and its own copy of the numbers.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from pronote_protocol.errors import Conflict
from pronote_protocol.words import OffenceCause
from pronote_server.domain.suspensions import (
    RequestMeter,
    Suspension,
    SuspensionBook,
    SuspensionLevel,
    SuspensionPolicy,
    SuspensionProfile,
    counting_references,
)

PREFIX_OF: Final = {
    "192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "192.0.2.2": "192.0.2.2",
    "2001:db8::1": "2001:db8::/64",
    "2001:db8::ffff:2": "2001:db8::/64",
    "2001:db8:0:1::1": "2001:db8:0:1::/64",
    "2001:db8::5": "2001:db8::/64",
}
PRIVILEGED: Final = "2001:db8::5"
PREFIXES: Final = sorted(set(PREFIX_OF.values()))
MEANT_BY: Final = {
    None: PREFIXES,
    "192.0.2.1": ["192.0.2.1"],
    "::ffff:192.0.2.2": ["192.0.2.2"],
    "192.0.2.0/24": ["192.0.2.1", "192.0.2.2"],
    "2001:db8::9": ["2001:db8::/64"],
    "2001:db8::9/128": ["2001:db8::/64"],
    "2001:db8::/32": ["2001:db8::/64", "2001:db8:0:1::/64"],
    "10.0.0.0/8": [],
}
KEY_OF: Final = {"Dupas": "dupas", "dupas": "dupas", "b": "b", "c": "c", "d": "d", "É": "e"}
INSTANCES: Final = ["one", "two"]

# wrong passwords, unauthorised calls, window of both, first suspension
NUMBERS: Final = {
    SuspensionLevel.LOW: (10, 50, 600, 600),
    SuspensionLevel.MEDIUM: (5, 20, 600, 1800),
    SuspensionLevel.HIGH: (3, 10, 1800, 3600),
}
# Smaller than the levels', to be reached in a few steps.
CONNECTIONS, REQUESTS = 4, 30
DAY, LONGEST = 24 * 3600, 12 * 3600

addresses = st.sampled_from(sorted(PREFIX_OF))
logins = st.sampled_from(sorted(KEY_OF))
causes = st.sampled_from(OffenceCause)


@attrs.define(eq=False)
class Happened:
    """An offence that still counts."""

    kind: str
    prefix: str
    login: str
    at: float


@attrs.define(eq=False)
class Pronounced:
    """A suspension, in force or past; ``given`` is what the book made of it."""

    prefix: str
    login: str | None
    since: float
    end: float
    by_hand: bool
    given: Suspension
    lifted: bool = False


@attrs.define(eq=False)
class Told:
    instance: str
    about: Pronounced
    at: float


class Model:
    def __init__(self) -> None:
        self.level = SuspensionLevel.MEDIUM
        self.in_school = False
        self.happened: list[Happened] = []
        self.pronounced: list[Pronounced] = []
        self.told: list[Told] = []
        self.requests: dict[str, list[tuple[float, int]]] = {}

    def of_key(self, prefix: str, login: str | None) -> list[Pronounced]:
        return [p for p in self.pronounced if (p.prefix, p.login) == (prefix, login)]

    def in_force(self, prefix: str, login: str | None, now: float) -> Pronounced | None:
        found = [p for p in self.of_key(prefix, login) if not p.lifted and now < p.end]
        assert len(found) <= 1
        return found[0] if found else None

    def recidive(self, prefix: str, login: str | None, now: float) -> int:
        """How many earned suspensions lead up to now without a day of peace after any."""
        before, last_end = 0, now
        for one in self.of_key(prefix, login):
            if one.since >= last_end + DAY:
                before = 0
            before, last_end = before + (not one.by_hand), one.end
        return 0 if now >= last_end + DAY else before

    def watched(self, address: str, now: float) -> bool:
        return (
            self.level is not SuspensionLevel.OFF
            and address != PRIVILEGED
            and self.in_force(PREFIX_OF[address], None, now) is None
        )

    def recent(self, kind: str, prefix: str, now: float) -> list[Happened]:
        window = NUMBERS[self.level][2]
        return [
            h
            for h in self.happened
            if (h.kind, h.prefix) == (kind, prefix) and h.at > now - window
        ]

    def in_window(self, times: list[tuple[float, int]], seconds: float = 10.0) -> int:
        """Sum of the last window; each begins with the first event after the one before."""
        opened, total = None, 0
        for at, count in times:
            if opened is None or at >= opened + seconds:
                opened, total = at, 0
            total += count
        return total

    def expect(
        self,
        prefix: str,
        login: str | None,
        cause: OffenceCause,
        now: float,
        offences: int,
        accounts: list[str],
        given: Suspension | None,
        seconds: float | None = None,
    ) -> None:
        """Check what the book pronounced, and note it."""
        recidive = self.recidive(prefix, login, now)
        before = self.in_force(prefix, login, now)
        lasts = seconds
        if lasts is None:
            lasts = min(NUMBERS[self.level][3] * 2**recidive, LONGEST)
        assert given is not None
        assert (given.prefix, given.login, given.cause) == (prefix, login, cause)
        assert (given.since, given.until) == (now, now + lasts)
        assert (given.offences, given.recidive) == (offences, recidive)
        assert given.accounts == tuple(dict.fromkeys(accounts))[:8]
        if before is not None:
            assert given.reference == before.given.reference
            before.end = now
        else:
            assert all(given.reference != p.given.reference for p in self.pronounced)
        new = Pronounced(prefix, login, now, now + lasts, seconds is not None, given)
        for told in self.told:
            if told.about is before:
                told.about = new
        self.pronounced.append(new)
        if login is None:
            self.happened = [h for h in self.happened if h.prefix != prefix]

    def refused(
        self, address: str, login: str | None, instance: str | None, now: float
    ) -> tuple[Any, ...] | None:
        prefix = PREFIX_OF[address]
        if address == PRIVILEGED:
            return None
        concerned = [None] if login is None else [None, KEY_OF[login]]
        for each in concerned:
            one = self.in_force(prefix, each, now)
            if one is not None:
                return one.given.cause, one.end, one.given.reference, False, each
        for each in concerned:
            for told in self.told:
                if (
                    told.instance == instance
                    and told.about.login == each
                    and told.about.prefix == prefix
                    and told.about.lifted
                    and now < told.at + DAY
                ):
                    given = told.about.given
                    return given.cause, told.at + DAY, given.reference, True, each
        return None


class AnyHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_593_604_800.0
        self.model = Model()
        self.references = counting_references()
        self.meters: dict[str, RequestMeter] = {}

    def policy(self) -> SuspensionPolicy:
        profiles = {True: SuspensionProfile.SCHOOL, False: SuspensionProfile.ADDRESS}
        return SuspensionPolicy(
            level=self.model.level,
            profile=profiles[self.model.in_school],
            privileged=(PRIVILEGED,),
            overrides={"connections": CONNECTIONS, "requests": REQUESTS},
        )

    @initialize(level=st.sampled_from(SuspensionLevel), in_school=st.booleans())
    def a_school_chooses(self, level: SuspensionLevel, in_school: bool) -> None:
        self.model.level, self.model.in_school = level, in_school
        self.book = SuspensionBook(self.policy(), new_reference=self.references)

    @rule(address=addresses, login=logins, times=st.sampled_from([1, 1, 2, 3, 4, 5, 9]))
    def wrong_passwords(self, address: str, login: str, times: int) -> None:
        for _ in range(times):
            self.one_wrong_password(address, login)

    def one_wrong_password(self, address: str, login: str) -> None:
        model, now = self.model, self.now
        prefix, key = PREFIX_OF[address], KEY_OF[login]
        given = self.book.wrong_password(address, login, now)
        absorbed = model.in_school and model.in_force(prefix, key, now)
        if not model.watched(address, now) or absorbed:
            assert given is None
            return
        model.happened.append(Happened("failure", prefix, key, now))
        enough = NUMBERS[model.level][0]
        failures = [h.login for h in model.recent("failure", prefix, now)]
        cause = OffenceCause.WRONG_PASSWORDS
        if len(failures) >= enough and (not model.in_school or len(set(failures)) >= 4):
            model.expect(prefix, None, cause, now, len(failures), failures, given)
        elif model.in_school and failures.count(key) >= enough:
            model.expect(prefix, key, cause, now, failures.count(key), [key], given)
        else:
            assert given is None

    @rule(first=addresses, login=logins)
    def success(self, first: str, login: str) -> None:
        self.book.success(first, login, self.now)
        self.model.happened = [
            h
            for h in self.model.happened
            if (h.kind, h.prefix, h.login) != ("failure", PREFIX_OF[first], KEY_OF[login])
        ]

    @rule(address=addresses, login=logins, times=st.sampled_from([1, 5, 9, 19, 21]))
    def unauthorised_calls(self, address: str, login: str, times: int) -> None:
        model, now, prefix = self.model, self.now, PREFIX_OF[address]
        for _ in range(times):
            given = self.book.unauthorised_call(address, login, now)
            if not model.watched(address, now):
                assert given is None
                return
            model.happened.append(Happened("call", prefix, KEY_OF[login], now))
            calls = [h.login for h in model.recent("call", prefix, now)]
            if len(calls) < NUMBERS[model.level][1]:
                assert given is None
            else:
                cause = OffenceCause.UNAUTHORISED_CALLS
                model.expect(prefix, None, cause, now, len(calls), calls, given)

    @rule(address=addresses, times=st.integers(1, 6))
    def connections(self, address: str, times: int) -> None:
        model, now, prefix = self.model, self.now, PREFIX_OF[address]
        for _ in range(times):
            given = self.book.connection(address, now)
            if not model.watched(address, now):
                assert given is None
                return
            model.happened.append(Happened("connection", prefix, "", now))
            made = [
                (h.at, 1)
                for h in model.happened
                if (h.kind, h.prefix) == ("connection", prefix)
            ]
            count = model.in_window(made)
            if count <= CONNECTIONS:
                assert given is None
            else:
                model.expect(prefix, None, OffenceCause.SATURATION, now, count, [], given)

    @rule(address=addresses, count=st.sampled_from([1, 10, 29, 30, 31]))
    def requests(self, address: str, count: int) -> None:
        model, now = self.model, self.now
        if address not in self.meters:
            self.meters[address] = self.book.request_meter(address)
            model.requests[address] = []
        watched = model.watched(address, now)
        given = self.meters[address].count(count, now)
        if model.level is SuspensionLevel.OFF:
            assert given is None
            return
        model.requests[address].append((now, count))
        total = model.in_window(model.requests[address])
        if total > REQUESTS:
            model.requests[address] = []
        if total > REQUESTS and watched:
            cause, prefix = OffenceCause.SATURATION, PREFIX_OF[address]
            model.expect(prefix, None, cause, now, total, [], given)
        else:
            assert given is None

    @rule(address=addresses, cause=causes, seconds=st.sampled_from([1.0, 900.0, 50_000.0]))
    def by_hand(self, address: str, cause: OffenceCause, seconds: float) -> None:
        if address == PRIVILEGED:
            with pytest.raises(Conflict):
                self.book.suspend(address, cause, self.now, seconds)
            return
        given = self.book.suspend(address, cause, self.now, seconds)
        self.model.expect(PREFIX_OF[address], None, cause, self.now, 0, [], given, seconds)

    @rule(instance=st.sampled_from(INSTANCES), address=addresses, login=st.none() | logins)
    def told(self, instance: str, address: str, login: str | None) -> None:
        model, now = self.model, self.now
        self.book.told(instance, address, now, login)
        refusal = model.refused(address, login, None, now)
        if refusal is None:
            return
        about = model.in_force(PREFIX_OF[address], refusal[-1], now)
        assert about is not None
        model.told = [
            t for t in model.told if (t.instance, t.about.login) != (instance, about.login)
        ]
        model.told.append(Told(instance, about, now))

    @rule(where=st.sampled_from(list(MEANT_BY)), login=st.none() | logins, forget=st.booleans())
    def lift(self, where: str | None, login: str | None, forget: bool) -> None:
        model, now = self.model, self.now
        lifted = self.book.lift(where, now, login=login, forget_recidive=forget)
        key = None if login is None else KEY_OF[login]
        meant = [
            p
            for p in model.pronounced
            if p.prefix in MEANT_BY[where] and (login is None or p.login == key)
        ]
        in_force = [p for p in meant if not p.lifted and now < p.end]
        assert sorted(s.reference for s in lifted) == sorted(
            p.given.reference for p in in_force
        )
        assert lifted == sorted(lifted, key=lambda s: (s.since, s.prefix, s.login or ""))
        for each in in_force:
            each.lifted, each.end = True, now
        if forget:
            model.pronounced = [p for p in model.pronounced if p not in meant]
        model.happened = [
            h
            for h in model.happened
            if h.prefix not in MEANT_BY[where]
            or (login is not None and (h.kind, h.login) != ("failure", key))
        ]

    @rule(
        instance=st.sampled_from(INSTANCES),
        address=addresses,
        login=logins,
        where=st.sampled_from(list(MEANT_BY)),
    )
    def somebody_is_suspended_told_and_lifted(
        self, instance: str, address: str, login: str, where: str | None
    ) -> None:
        self.wrong_passwords(address, login, 10)
        self.told(instance, address, login)
        self.lift(where, None, False)

    @rule(level=st.sampled_from(SuspensionLevel), in_school=st.booleans())
    def the_school_changes_its_mind(self, level: SuspensionLevel, in_school: bool) -> None:
        self.model.level, self.model.in_school = level, in_school
        self.book.apply(self.policy())
        self.model.happened = []

    @rule()
    def restart(self) -> None:
        old = self.book
        self.book = SuspensionBook(self.policy(), new_reference=self.references)
        self.book.restore(old.export(self.now), self.now, old.export_latches(self.now))
        self.model.happened = []
        self.meters, self.model.requests = {}, {}

    @rule(
        seconds=st.sampled_from(
            [
                0.5,
                3.0,
                9.5,
                10.0,
                300.0,
                599.5,
                600.0,
                1799.5,
                1800.0,
                7200.0,
                43_200.0,
                86_400.0,
            ]
        )
    )
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.model.pronounced)
    @rule(data=st.data(), later=st.sampled_from([-0.5, 0.0]), day=st.sampled_from([0, DAY]))
    def time_comes_to_the_edge(self, data: st.DataObject, later: float, day: int) -> None:
        """Where a suspension ends, or is no longer remembered, or just before."""
        edges = [p.end + day + later for p in self.model.pronounced]
        ahead = [edge for edge in edges if edge > self.now]
        if ahead:
            self.now = data.draw(st.sampled_from(ahead))

    @invariant()
    def every_client_is_told_what_the_model_says(self) -> None:
        for address in PREFIX_OF:
            for login in (None, "dupas", "b"):
                for instance in (None, *INSTANCES):
                    verdict = self.book.verdict(address, self.now, login, instance)
                    expected = self.model.refused(address, login, instance, self.now)
                    assert (
                        None
                        if verdict is None
                        else (
                            verdict.cause,
                            verdict.until,
                            verdict.reference,
                            verdict.latched,
                            verdict.login,
                        )
                    ) == expected

    @invariant()
    def the_list_is_what_is_in_force(self) -> None:
        current = self.book.current(self.now)
        in_force = [p for p in self.model.pronounced if not p.lifted and self.now < p.end]
        assert sorted(current, key=lambda s: s.reference) == sorted(
            (p.given for p in in_force), key=lambda s: s.reference
        )
        assert current == sorted(current, key=lambda s: (s.since, s.prefix, s.login or ""))


TestAnyHistory = AnyHistory.TestCase
# How many histories is the profile's choice: 100, or 2 000 with --long.
TestAnyHistory.settings = settings(stateful_step_count=40)
