"""Suspensions: the cases that have a name. Any order of events: `test_suspensions_model`."""

from __future__ import annotations

import itertools
import secrets

import attrs
import pytest

from pronote_protocol.errors import Conflict
from pronote_protocol.words import OffenceCause
from pronote_server.domain.suspensions import (
    LEVELS,
    Suspension,
    SuspensionBook,
    SuspensionLevel,
    SuspensionPolicy,
    SuspensionProfile,
    Verdict,
    counting_references,
    prefix_of,
    random_references,
)

HOST = "192.0.2.1"
OTHER = "198.51.100.7"
MINUTE, HOUR = 60.0, 3600.0
# Noon of the guide's day; any instant would do.
NOON = 1_593_604_800.0


@pytest.fixture
def book() -> SuspensionBook:
    return SuspensionBook(SuspensionPolicy())


@pytest.fixture
def school() -> SuspensionBook:
    return SuspensionBook(SuspensionPolicy(profile=SuspensionProfile.SCHOOL))


def fail(
    book: SuspensionBook,
    times: int,
    now: float = NOON,
    address: str = HOST,
    login: str = "dupas",
) -> Suspension | None:
    """Give *times* wrong passwords at once; return what the last one led to."""
    outcomes = [book.wrong_password(address, login, now) for _ in range(times)]
    assert not any(outcomes[:-1])
    return outcomes[-1]


def suspended(book: SuspensionBook, now: float = NOON, address: str = HOST) -> Suspension:
    suspension = fail(book, 5, now, address)
    assert suspension is not None
    return suspension


def test_fifth_wrong_password_in_ten_minutes_suspends_for_half_an_hour(
    book: SuspensionBook,
) -> None:
    assert fail(book, 4) is None
    assert book.verdict(HOST, NOON) is None

    suspension = book.wrong_password(HOST, "Dupas", NOON + 599)

    assert suspension == Suspension(
        prefix=HOST,
        login=None,
        cause=OffenceCause.WRONG_PASSWORDS,
        since=NOON + 599,
        until=NOON + 599 + 30 * MINUTE,
        offences=5,
        recidive=0,
        accounts=("dupas",),
        reference=suspension.reference if suspension else "",
    )
    assert book.verdict(HOST, NOON + 600) == Verdict(
        cause=OffenceCause.WRONG_PASSWORDS,
        until=suspension.until,
        reference=suspension.reference,
        latched=False,
        login=None,
    )
    assert book.current(NOON + 600) == [suspension]
    assert book.verdict(HOST, suspension.until - 0.001) is not None
    assert book.verdict(HOST, suspension.until) is None
    assert book.current(suspension.until) == []


def test_wrong_password_of_ten_minutes_ago_is_forgotten(book: SuspensionBook) -> None:
    fail(book, 4)

    assert fail(book, 1, NOON + 600) is None
    assert fail(book, 3, NOON + 600) is None
    assert fail(book, 1, NOON + 600) is not None


def test_nobody_else_is_refused(book: SuspensionBook) -> None:
    suspended(book)

    assert book.verdict(OTHER, NOON, "dupas") is None


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_suspends_at_its_own_numbers(level: SuspensionLevel) -> None:
    numbers = LEVELS[level]

    def first(offence: str) -> tuple[int, Suspension]:
        book = SuspensionBook(SuspensionPolicy(level=level))
        meter = book.request_meter(HOST)
        for count in itertools.count(1):
            made = {
                "wrong_passwords": lambda: book.wrong_password(HOST, "dupas", NOON),
                "unauthorised_calls": lambda: book.unauthorised_call(HOST, "dupas", NOON),
                "connections": lambda: book.connection(HOST, NOON),
                "requests": lambda: meter.count(1, NOON),
            }[offence]()
            if made is not None:
                assert made.until - made.since == numbers.first_suspension_seconds
                assert made.offences == count
                return count, made
        raise AssertionError

    count, made = first("wrong_passwords")
    assert (count, made.cause) == (numbers.wrong_passwords, OffenceCause.WRONG_PASSWORDS)
    count, made = first("unauthorised_calls")
    assert (count, made.cause) == (numbers.unauthorised_calls, OffenceCause.UNAUTHORISED_CALLS)
    count, made = first("connections")
    assert (count, made.cause) == (numbers.connections + 1, OffenceCause.SATURATION)
    count, made = first("requests")
    assert (count, made.cause) == (numbers.requests + 1, OffenceCause.SATURATION)


def test_level_off_counts_nothing() -> None:
    book = SuspensionBook(SuspensionPolicy(level=SuspensionLevel.OFF))
    meter = book.request_meter(HOST)

    for _ in range(2000):
        assert book.wrong_password(HOST, "dupas", NOON) is None
        assert book.unauthorised_call(HOST, "dupas", NOON) is None
        assert book.connection(HOST, NOON) is None
        assert meter.count(10**9, NOON) is None

    assert book.verdict(HOST, NOON, "dupas") is None
    assert book.statistics().tracked == 0


def test_causes_are_counted_apart(book: SuspensionBook) -> None:
    for _ in range(4):
        assert book.wrong_password(HOST, "dupas", NOON) is None
    for _ in range(19):
        assert book.unauthorised_call(HOST, "dupas", NOON) is None
    for _ in range(400):
        assert book.connection(HOST, NOON) is None

    assert book.verdict(HOST, NOON) is None


def test_unknown_users_and_wrong_passwords_are_the_same_offence(book: SuspensionBook) -> None:
    for login in ("dupas", "nobody", "", "\0", "x" * 100_000):
        last = book.wrong_password(HOST, login, NOON)

    assert last is not None
    assert last.accounts == ("dupas", "nobody", "", "\0", "x" * 64)


def test_host_that_only_probes_is_never_suspended(book: SuspensionBook) -> None:
    """A monitoring host that connects and closes every second, for a week."""
    for second in range(7 * 24 * 3600 // 10):
        assert book.connection(HOST, NOON + second * 10) is None

    assert book.verdict(HOST, NOON + 7 * 24 * HOUR) is None


def test_school_that_restarts_all_its_posts_is_not_suspended(book: SuspensionBook) -> None:
    for post in range(180):
        for attempt in range(2):
            assert book.connection(HOST, NOON + post / 100 + attempt) is None


def test_windows_of_connections_begin_with_their_first(book: SuspensionBook) -> None:
    for _ in range(400):
        assert book.connection(HOST, NOON + 9.5) is None
    assert book.connection(OTHER, NOON + 9.5) is None

    for _ in range(400):
        assert book.connection(HOST, NOON + 19.5) is None
    assert book.connection(HOST, NOON + 29.4) is not None


def test_requests_are_counted_by_connection(book: SuspensionBook) -> None:
    one, two = book.request_meter(HOST), book.request_meter(HOST)

    assert one.count(20_000, NOON) is None
    assert two.count(20_000, NOON) is None
    assert one.count(20_000, NOON + 10) is None
    suspension = one.count(1, NOON + 19)

    assert suspension is not None
    assert (suspension.cause, suspension.offences) == (OffenceCause.SATURATION, 20_001)
    assert two.count(10**6, NOON + 19) is None, "already suspended: nothing is counted"


def test_success_forgives_only_that_account(book: SuspensionBook) -> None:
    """Else one good account would let its owner try all the others for ever."""
    fail(book, 2, login="leroy")
    fail(book, 2, login="Dupas")
    book.success(HOST, "DUPAS", NOON)
    book.success(OTHER, "leroy", NOON)
    fail(book, 2, login="dupas")

    assert fail(book, 1, login="dupas") is not None


def test_forgetful_user_who_succeeds_starts_again_from_nothing(book: SuspensionBook) -> None:
    for _ in range(50):
        assert fail(book, 4) is None
        book.success(HOST, "dupas", NOON)


def test_recidive_doubles_up_to_twelve_hours_and_is_forgotten_after_a_day(
    book: SuspensionBook,
) -> None:
    now, hours = NOON, []
    for recidive in range(7):
        suspension = suspended(book, now)
        assert suspension.recidive == recidive
        hours.append((suspension.until - suspension.since) / HOUR)
        now = suspension.until + 24 * HOUR - 1
    assert hours == [0.5, 1, 2, 4, 8, 12, 12]

    assert suspended(book, now + 1).recidive == 0


def test_offences_during_a_suspension_do_not_lengthen_it(book: SuspensionBook) -> None:
    """Sessions that were open go on; what they do is not counted against the address."""
    suspension = suspended(book)

    for _ in range(1000):
        assert book.wrong_password(HOST, "dupas", NOON + 1) is None
        assert book.unauthorised_call(HOST, "dupas", NOON + 1) is None
        assert book.connection(HOST, NOON + 1) is None

    assert book.current(NOON + 1) == [suspension]
    assert fail(book, 4, suspension.until) is None


def test_accounts_shown_are_the_first_eight_that_were_tried() -> None:
    book = SuspensionBook(SuspensionPolicy(overrides={"wrong_passwords": 20}))
    for number in range(20):
        suspension = book.wrong_password(HOST, f"user{number % 10}", NOON)

    assert suspension is not None
    assert suspension.offences == 20
    assert suspension.accounts == tuple(f"user{number}" for number in range(8))


# -- addresses ---------------------------------------------------------------------------


def test_ipv6_host_that_changes_its_address_inside_its_64_is_one_host(
    book: SuspensionBook,
) -> None:
    for number in range(4):
        assert book.wrong_password(f"2001:db8::{number:x}:1", "dupas", NOON) is None

    suspension = book.wrong_password("2001:db8::dead:beef:0:1", "dupas", NOON)

    assert suspension is not None
    assert suspension.prefix == "2001:db8::/64"
    assert all(book.verdict(f"2001:db8::{n:x}", NOON) for n in range(0, 65_536, 997))
    assert book.verdict("2001:db8:0:1::1", NOON) is None
    assert book.statistics().tracked == 1


def test_mapped_ipv4_address_is_that_ipv4_address(book: SuspensionBook) -> None:
    for address in (HOST, f"::ffff:{HOST}", HOST, "::ffff:c000:201"):
        assert book.wrong_password(address, "dupas", NOON) is None
    suspension = book.wrong_password(f"::ffff:{HOST}", "dupas", NOON)

    assert suspension is not None
    assert suspension.prefix == HOST
    assert book.verdict(HOST, NOON) is not None
    assert [s.prefix for s in book.lift(f"::ffff:{HOST}", NOON)] == [HOST]


@pytest.mark.parametrize("garbage", ["", "post-12.school.example", "192.0.2.300"])
def test_what_is_no_address_is_a_mistake_on_every_path(
    book: SuspensionBook, garbage: str
) -> None:
    for path in (
        lambda: book.wrong_password(garbage, "dupas", NOON),
        lambda: book.success(garbage, "dupas", NOON),
        lambda: book.unauthorised_call(garbage, "dupas", NOON),
        lambda: book.connection(garbage, NOON),
        lambda: book.request_meter(garbage),
        lambda: book.verdict(garbage, NOON),
        lambda: book.told("instance", garbage, NOON),
        lambda: book.suspend(garbage, OffenceCause.SATURATION, NOON, 60),
        lambda: book.lift(garbage, NOON),
    ):
        with pytest.raises(ValueError, match=r".+"):
            path()


def test_privileged_address_is_exempt_on_every_path() -> None:
    office, neighbour = "2001:db8::5", "2001:db8::6"
    book = SuspensionBook(SuspensionPolicy(privileged=(office, "10.0.0.0/8")))
    meter = book.request_meter("10.1.1.1")
    for _ in range(1000):
        assert book.wrong_password(office, "dupas", NOON) is None
        assert book.wrong_password("10.1.1.1", "dupas", NOON) is None
        assert book.unauthorised_call("10.1.1.1", "dupas", NOON) is None
        assert book.connection("::ffff:10.1.1.1", NOON) is None
        assert meter.count(10**6, NOON) is None
    assert book.statistics().tracked == 0

    suspended(book, address=neighbour)

    assert book.verdict(neighbour, NOON, instance="i") is not None
    assert book.verdict(office, NOON, "dupas", "i") is None
    assert book.told("i", office, NOON) is False
    assert book.told("i", neighbour, NOON) is True
    book.lift(None, NOON)
    assert book.verdict(neighbour, NOON, instance="i") is not None
    assert book.verdict(office, NOON, instance="i") is None
    with pytest.raises(Conflict):
        book.suspend(office, OffenceCause.SATURATION, NOON, 60)


# -- a school behind one address ---------------------------------------------------------


def test_forgetful_user_does_not_shut_out_the_180_behind_the_same_address(
    school: SuspensionBook,
) -> None:
    for user in range(180):
        school.success(HOST, f"user{user}", NOON + user)
    suspension = fail(school, 5, NOON + 200, login="Forgetful")

    assert suspension is not None
    assert (suspension.prefix, suspension.login) == (HOST, "forgetful")
    verdict = school.verdict(HOST, NOON + 200, "FORGETFUL")
    assert verdict is not None
    assert verdict.login == "forgetful"
    assert school.verdict(HOST, NOON + 200) is None
    assert all(school.verdict(HOST, NOON + 200, f"user{n}") is None for n in range(180))
    assert school.verdict(OTHER, NOON + 200, "forgetful") is None, "from home, he may try"


def test_one_password_tried_on_200_accounts_suspends_the_address(
    school: SuspensionBook,
) -> None:
    outcomes = [school.wrong_password(HOST, f"user{n}", NOON + n) for n in range(200)]

    assert [n for n, outcome in enumerate(outcomes) if outcome] == [4]
    (suspension,) = school.current(NOON + 200)
    assert suspension.login is None
    assert suspension.accounts == ("user0", "user1", "user2", "user3", "user4")


def test_three_accounts_are_not_enough_to_suspend_the_address(school: SuspensionBook) -> None:
    for login in ("a", "b", "c"):
        fail(school, 5, login=login)
    assert school.verdict(HOST, NOON) is None
    assert len(school.current(NOON)) == 3

    suspension = fail(school, 1, login="d")

    assert suspension is not None
    assert suspension.login is None
    assert suspension.offences == 16


def test_other_causes_suspend_the_whole_address_in_profile_school(
    school: SuspensionBook,
) -> None:
    for _ in range(20):
        last = school.unauthorised_call(HOST, "dupas", NOON)

    assert last is not None
    assert last.login is None
    assert last.accounts == ("dupas",)


def test_suspended_account_is_not_counted_further_from_there(school: SuspensionBook) -> None:
    fail(school, 5)

    for _ in range(100):
        assert school.wrong_password(HOST, "dupas", NOON) is None
    assert school.current(NOON)[0].offences == 5


def test_recidive_is_of_the_account_not_of_its_neighbours(school: SuspensionBook) -> None:
    first = fail(school, 5, login="a")
    assert first is not None
    again = fail(school, 5, first.until, login="a")
    other = fail(school, 5, first.until, login="b")

    assert again is not None
    assert other is not None
    assert (again.recidive, other.recidive) == (1, 0)


# -- lifting -----------------------------------------------------------------------------


def test_lifting_one_address_leaves_the_others(book: SuspensionBook) -> None:
    one, other = suspended(book), suspended(book, address=OTHER)

    assert book.lift(HOST, NOON) == [one]

    assert book.verdict(HOST, NOON) is None
    assert book.current(NOON) == [other]
    assert book.lift(HOST, NOON) == []


@pytest.mark.parametrize("where", [None, "0.0.0.0/0", "192.0.2.1-198.51.100.7"])
def test_lifting_all_or_a_network_or_a_range(book: SuspensionBook, where: str | None) -> None:
    both = [suspended(book, NOON - 1), suspended(book, address=OTHER)]
    six = suspended(book, NOON + 1, "2001:db8::1")

    lifted = book.lift(where, NOON + 1)

    assert lifted == ([*both, six] if where is None else both)


def test_lifting_by_a_network_smaller_than_a_prefix_lifts_the_prefix(
    book: SuspensionBook,
) -> None:
    suspended(book, address="2001:db8::1")

    assert [s.prefix for s in book.lift("2001:db8::9/128", NOON)] == ["2001:db8::/64"]


def test_lifting_counts_again_from_nothing_but_remembers_recidive(
    book: SuspensionBook,
) -> None:
    suspended(book)
    fail(book, 4, address=OTHER)
    book.lift(None, NOON)

    assert fail(book, 4, address=OTHER) is None
    again = suspended(book)
    assert again.recidive == 1

    book.lift(HOST, NOON, forget_recidive=True)
    assert suspended(book).recidive == 0


def test_recidive_is_remembered_for_a_day_from_the_lifting(book: SuspensionBook) -> None:
    suspended(book)
    book.lift(None, NOON + 60)
    assert suspended(book, NOON + 60 + 24 * HOUR - 1).recidive == 1

    other = SuspensionBook(SuspensionPolicy())
    suspended(other)
    other.lift(None, NOON + 60)
    assert suspended(other, NOON + 60 + 24 * HOUR).recidive == 0


def test_lifting_an_address_lifts_its_accounts_and_one_account_can_be_lifted_alone(
    school: SuspensionBook,
) -> None:
    for login in ("a", "b", "c"):
        fail(school, 5, login=login)

    assert [s.login for s in school.lift(HOST, NOON, login="B")] == ["b"]
    assert [s.login for s in school.current(NOON)] == ["a", "c"]
    assert fail(school, 4, login="b") is None, "its failures were forgotten too"
    assert [s.login for s in school.lift(HOST, NOON)] == ["a", "c"]


def test_lifting_one_account_keeps_what_the_others_did(school: SuspensionBook) -> None:
    fail(school, 4, login="a")
    fail(school, 4, login="b")
    for _ in range(19):
        school.unauthorised_call(OTHER, "a", NOON)

    assert school.lift(None, NOON, login="a") == []

    assert fail(school, 4, login="a") is None
    assert fail(school, 1, login="b") is not None
    assert school.unauthorised_call(OTHER, "a", NOON) is not None


def test_client_that_was_told_stays_refused_after_a_lifting_until_it_is_started_again(
    book: SuspensionBook,
) -> None:
    """Fiche 11: the user must close his client and start it again."""
    suspension = suspended(book)
    assert book.told("running", HOST, NOON) is True
    book.lift(HOST, NOON + 60)

    refused = book.verdict(HOST, NOON + 61, instance="running")

    assert refused == Verdict(
        cause=OffenceCause.WRONG_PASSWORDS,
        until=NOON + 24 * HOUR,
        reference=suspension.reference,
        latched=True,
        login=None,
    )
    assert book.told("running", HOST, NOON + 61) is False, "telling again does not prolong it"
    assert book.verdict(HOST, NOON + 61, instance="started again") is None
    assert book.verdict(HOST, NOON + 61) is None
    assert book.verdict(OTHER, NOON + 61, instance="running") is None
    # Even after the suspension would have ended by itself; but not for ever.
    assert book.verdict(HOST, NOON + 12 * HOUR, instance="running") is not None
    assert book.verdict(HOST, NOON + 24 * HOUR, instance="running") is None


def test_client_that_was_told_is_welcome_after_the_natural_end(book: SuspensionBook) -> None:
    suspension = suspended(book)
    book.told("running", HOST, NOON)

    book.lift(None, suspension.until)

    assert book.verdict(HOST, suspension.until, instance="running") is None


def test_client_told_before_the_cause_was_changed_is_refused_for_the_last_one(
    book: SuspensionBook,
) -> None:
    """It is one incident, with one reference, and the journal knows its last cause."""
    suspended(book)
    book.told("before", HOST, NOON)
    last = book.suspend(HOST, OffenceCause.SATURATION, NOON, 60)
    book.told("after", HOST, NOON)
    book.lift(HOST, NOON)

    for instance in ("before", "after"):
        refused = book.verdict(HOST, NOON, instance=instance)
        assert refused is not None
        assert (refused.cause, refused.reference) == (last.cause, last.reference)


def test_client_that_was_not_told_is_not_latched(book: SuspensionBook) -> None:
    assert book.told("welcome", HOST, NOON) is False
    suspended(book)
    book.lift(None, NOON)

    assert book.verdict(HOST, NOON, instance="welcome") is None


def test_latch_of_an_account_refuses_that_account_only(school: SuspensionBook) -> None:
    fail(school, 5)
    school.told("running", HOST, NOON, "Dupas")
    assert school.told("running", HOST, NOON, "leroy") is False
    school.lift(None, NOON)

    assert school.verdict(HOST, NOON, instance="running") is None
    assert school.verdict(HOST, NOON, "leroy", "running") is None
    refused = school.verdict(HOST, NOON, "dupas", "running")
    assert refused is not None
    assert (refused.latched, refused.login) == (True, "dupas")


def test_client_told_about_the_address_is_latched_whoever_logs_in(
    book: SuspensionBook,
) -> None:
    suspended(book)
    book.told("running", HOST, NOON, "dupas")
    book.lift(None, NOON)

    for login in (None, "dupas", "leroy"):
        assert book.verdict(HOST, NOON, login, "running") is not None


def test_latches_of_yesterday_are_forgotten(book: SuspensionBook) -> None:
    suspended(book)
    book.told("yesterday", HOST, NOON)
    latches = book.export_latches(NOON)
    tomorrow = NOON + 24 * HOUR
    book.suspend(HOST, OffenceCause.SATURATION, tomorrow, 60)

    book.told("today", HOST, tomorrow)
    again = SuspensionBook(SuspensionPolicy())
    again.restore((), tomorrow, latches)

    assert book.statistics().latched == 1
    assert again.statistics().latched == 0
    assert book.export_latches(tomorrow + 24 * HOUR) == []


def test_latches_are_bounded_and_the_oldest_go(book: SuspensionBook) -> None:
    suspended(book)
    for number in range(65_536 + 10):
        book.told(f"instance{number}", HOST, NOON + number / 1000)
    book.told("x" * 10_000, HOST, NOON + 100)
    book.lift(None, NOON + 100)

    assert book.statistics().latched == 65_536
    assert book.verdict(HOST, NOON + 100, instance="instance10") is None
    assert book.verdict(HOST, NOON + 100, instance="instance11") is not None
    assert all(len(latch.instance) <= 64 for latch in book.export_latches(NOON + 100))


# -- by hand -----------------------------------------------------------------------------


def test_suspending_by_hand_works_at_every_level_and_is_no_recidive() -> None:
    book = SuspensionBook(SuspensionPolicy(level=SuspensionLevel.OFF))
    made = book.suspend(HOST, OffenceCause.SATURATION, NOON, 90)

    assert (made.until, made.offences, made.recidive) == (NOON + 90, 0, 0)
    assert book.verdict(HOST, NOON + 89) is not None
    assert book.verdict(HOST, NOON + 90) is None

    book.apply(SuspensionPolicy())
    assert suspended(book, NOON + 90).recidive == 0


def test_suspending_by_hand_changes_the_end_of_one_in_force(book: SuspensionBook) -> None:
    first = suspended(book)
    book.told("running", HOST, NOON)

    changed = book.suspend(HOST, OffenceCause.SATURATION, NOON, 10 * HOUR)

    assert book.current(NOON) == [changed]
    assert changed.reference == first.reference
    assert changed.recidive == 1
    book.lift(None, NOON)
    assert book.verdict(HOST, NOON, instance="running") is not None
    assert suspended(book).recidive == 1


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_suspending_for_no_time_is_a_mistake(book: SuspensionBook, seconds: float) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        book.suspend(HOST, OffenceCause.SATURATION, NOON, seconds)


def test_new_policy_counts_from_nothing_and_keeps_what_is_in_force(
    book: SuspensionBook,
) -> None:
    suspension = suspended(book)
    fail(book, 4, address=OTHER)

    book.apply(SuspensionPolicy(level=SuspensionLevel.LOW))

    assert book.policy.level is SuspensionLevel.LOW
    assert book.current(NOON) == [suspension]
    assert fail(book, 9, address=OTHER) is None
    assert fail(book, 1, address=OTHER) is not None


def test_new_policy_watches_as_long_as_its_own_windows() -> None:
    book = SuspensionBook(SuspensionPolicy(level=SuspensionLevel.LOW))
    book.apply(SuspensionPolicy(level=SuspensionLevel.HIGH))
    fail(book, 2)

    for number in range(100):
        fail(book, 1, NOON + 15 * MINUTE, ipv4(number))

    assert fail(book, 1, NOON + 15 * MINUTE) is not None


# -- restart -----------------------------------------------------------------------------


def restarted(book: SuspensionBook, now: float) -> SuspensionBook:
    again = SuspensionBook(book.policy)
    again.restore(book.export(now), now, book.export_latches(now))
    return again


def test_restart_keeps_suspensions_recidive_and_latches_but_no_counter(
    school: SuspensionBook,
) -> None:
    fail(school, 5, login="dupas")
    school.told("running", HOST, NOON, "dupas")
    suspended_address = school.suspend(OTHER, OffenceCause.SATURATION, NOON, 600)
    fail(school, 4, login="leroy")

    again = restarted(school, NOON)
    twice = restarted(again, NOON)

    assert again.current(NOON) == school.current(NOON)
    assert suspended_address in again.current(NOON)
    assert twice.export(NOON) == again.export(NOON) == school.export(NOON)
    assert twice.export_latches(NOON) == school.export_latches(NOON)
    again.lift(None, NOON)
    assert again.verdict(HOST, NOON, "dupas", "running") is not None
    assert fail(again, 4, login="leroy") is None, "counters are forgiven"
    once_more = fail(again, 5, login="dupas")
    assert once_more is not None
    assert once_more.recidive == 1


def test_suspension_lifted_before_a_restart_stays_lifted_and_its_latch_too(
    book: SuspensionBook,
) -> None:
    suspended(book)
    book.told("running", HOST, NOON)
    book.lift(None, NOON + 60)

    again = restarted(book, NOON + 60)

    assert again.current(NOON + 60) == []
    assert again.verdict(HOST, NOON + 60, instance="running") is not None
    assert again.verdict(HOST, NOON + 60, instance="new") is None
    assert suspended(again, NOON + 60 + 24 * HOUR - 1).recidive == 1


def test_suspension_that_ran_out_while_the_server_was_down_is_over_but_remembered(
    book: SuspensionBook,
) -> None:
    suspension = suspended(book)
    records = book.export(NOON)
    again = SuspensionBook(SuspensionPolicy())

    again.restore(records, NOON + 23 * HOUR)

    assert again.current(NOON + 23 * HOUR) == []
    assert again.statistics().remembered == 1, "it is let go before any live counter"
    assert suspended(again, suspension.until + 24 * HOUR - 1).recidive == 1

    later = SuspensionBook(SuspensionPolicy())
    later.restore(records, suspension.until + 24 * HOUR)
    assert later.statistics().tracked == 0


def test_record_holds_nothing_that_storage_cannot_keep(book: SuspensionBook) -> None:
    suspended(book)
    (record,) = book.export(NOON)

    assert attrs.asdict(record) == {
        "prefix": HOST,
        "login": None,
        "cause": OffenceCause.WRONG_PASSWORDS,
        "since": NOON,
        "until": NOON + 30 * MINUTE,
        "offences": 5,
        "recidive": 0,
        "accounts": ("dupas",),
        "reference": record.reference,
        "earned": 1,
        "ended": None,
    }


# -- bounds ------------------------------------------------------------------------------


def ipv4(number: int) -> str:
    return f"{number >> 24 & 255}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def test_table_of_three_lets_the_least_dangerous_go_first() -> None:
    book = SuspensionBook(SuspensionPolicy(), most_tracked=3)
    suspended(book, address="10.0.0.1")
    fail(book, 2, address="10.0.0.2")
    book.connection("10.0.0.3", NOON)

    fail(book, 1, address="10.0.0.4")  # in place of the one that only connected
    fail(book, 1, address="10.0.0.5")  # in place of the one with a single failure
    fail(book, 4, NOON + 1, address="10.0.0.5")

    assert [s.prefix for s in book.current(NOON + 1)] == ["10.0.0.1", "10.0.0.5"]
    assert book.statistics().tracked == 3
    assert fail(book, 3, NOON + 1, address="10.0.0.2") is not None, "it was still counted"


def test_memory_of_a_past_suspension_goes_before_a_live_counter() -> None:
    book = SuspensionBook(SuspensionPolicy(), most_tracked=2)
    suspended(book, address="10.0.0.1")
    book.lift(None, NOON)
    fail(book, 1, address="10.0.0.2")

    fail(book, 1, address="10.0.0.3")

    assert book.statistics().remembered == 0
    assert book.statistics().counted == 2


def test_table_full_of_suspensions_counts_no_newcomer_and_refuses_nobody_else() -> None:
    book = SuspensionBook(SuspensionPolicy(), most_tracked=2)
    suspended(book, address="10.0.0.1")
    suspended(book, address="10.0.0.2")

    for _ in range(50):
        assert book.wrong_password("10.0.0.3", "dupas", NOON) is None

    assert [s.prefix for s in book.current(NOON)] == ["10.0.0.1", "10.0.0.2"]
    assert book.verdict("10.0.0.3", NOON) is None
    assert book.statistics().untracked == 50


def test_suspension_in_a_full_table_replaces_the_one_that_ends_first() -> None:
    book = SuspensionBook(SuspensionPolicy(), most_tracked=2)
    suspended(book, address="10.0.0.1")
    book.lift(None, NOON)
    suspended(book, address="10.0.0.1")  # a recidivist
    suspended(book, NOON + 1, address="10.0.0.2")
    meter = book.request_meter("10.0.0.3")

    assert meter.count(10**6, NOON + 2) is not None

    assert [s.prefix for s in book.current(NOON + 2)] == ["10.0.0.1", "10.0.0.3"]


def test_what_is_over_makes_room_before_what_is_not() -> None:
    """
    Entries of high ranks that have had their time must not crowd out live counters.

    They are found little by little, as newcomers come.
    """
    book = SuspensionBook(SuspensionPolicy(), most_tracked=50)
    for number in range(50):
        suspended(book, address=ipv4(number))
    later = NOON + 30 * MINUTE

    for number in range(1000, 1150):
        fail(book, 2, later, address=ipv4(number))

    figures = book.statistics()
    assert (figures.suspended, figures.remembered, figures.counted) == (0, 0, 50)
    assert figures.untracked == 0


def test_counter_of_long_ago_does_not_outlast_a_live_one() -> None:
    book = SuspensionBook(SuspensionPolicy(), most_tracked=10)
    for number in range(10):
        fail(book, 4, address=ipv4(number))
    later = NOON + 10 * MINUTE
    newcomers = [ipv4(number) for number in range(1000, 1080)]

    for address in newcomers:
        fail(book, 1, later, address)

    assert all(fail(book, 4, later, address) for address in newcomers[-10:])


def test_million_prefixes_stay_within_the_bound() -> None:
    """And a forgotten user's real suspension outlives the flood."""
    book = SuspensionBook(SuspensionPolicy())
    suspension = suspended(book, address="203.0.113.9")
    for number in range(1 << 24, (1 << 24) + 1_000_000, 5):
        book.wrong_password(ipv4(number), "dupas", NOON + number % 600)

    assert book.statistics().tracked == 65_536
    assert book.current(NOON) == [suspension]
    assert book.verdict("198.51.100.99", NOON, "dupas", "instance") is None


# -- references and figures --------------------------------------------------------------


def test_references_are_short_readable_and_deterministic() -> None:
    one, two = counting_references(), counting_references()
    series = [one() for _ in range(10_000)]

    assert len(set(series)) == 10_000
    assert series == [two() for _ in range(10_000)]
    drawn = random_references(secrets)()
    for reference in (*series[:50], drawn):
        assert len(reference) == 7
        assert reference.startswith("S-")
        assert not set(reference[2:]) & set("01IO")


def test_injected_references_are_used() -> None:
    numbers = itertools.count(1)
    book = SuspensionBook(SuspensionPolicy(), new_reference=lambda: f"INC-{next(numbers)}")

    assert [suspended(book).reference, suspended(book, address=OTHER).reference] == [
        "INC-1",
        "INC-2",
    ]


def test_statistics_say_what_the_tables_hold(book: SuspensionBook) -> None:
    suspended(book)
    suspended(book, address=OTHER)
    book.lift(OTHER, NOON)
    fail(book, 1, address="203.0.113.1")
    book.told("running", HOST, NOON)

    figures = book.statistics()

    assert (figures.suspended, figures.remembered, figures.counted) == (1, 1, 1)
    assert (figures.tracked, figures.latched, figures.let_go, figures.untracked) == (3, 1, 0, 0)
    assert figures.pronounced[OffenceCause.WRONG_PASSWORDS] == 2
    assert figures.pronounced[OffenceCause.SATURATION] == 0


def test_prefix_is_what_the_suspension_is_listed_under(book: SuspensionBook) -> None:
    assert suspended(book, address="2001:db8::5").prefix == prefix_of("2001:db8::6")
