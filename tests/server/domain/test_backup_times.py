"""When backups and archives are due, on the two odd nights too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pronote_server.domain.backup_times import Due, last_due, next_due

PARIS = ZoneInfo("Europe/Paris")


def due_between(start: datetime, end: datetime) -> list[tuple[str, str]]:
    """Return what is due, by the clock on the wall."""
    found = []
    at, due = next_due(start, PARIS)
    while at <= end:
        found.append((at.astimezone(PARIS).strftime("%d %H:%M %Z"), due.value))
        at, due = next_due(at, PARIS)
    return found


def test_a_usual_day_is_that_of_the_guide() -> None:
    start = datetime(2020, 6, 30, tzinfo=PARIS)

    assert due_between(start, start + timedelta(days=1)) == [
        ("30 00:55 CEST", "backup"),
        ("30 02:16 CEST", "archive"),
        *((f"30 {hour:02}:55 CEST", "backup") for hour in range(2, 24, 2)),
    ]


def test_the_night_on_which_the_archive_s_hour_does_not_exist() -> None:
    start = datetime(2021, 3, 28, tzinfo=PARIS)

    assert due_between(start, datetime(2021, 3, 28, 7, tzinfo=PARIS)) == [
        ("28 00:55 CET", "backup"),
        ("28 03:16 CEST", "archive"),
        ("28 03:55 CEST", "backup"),
        ("28 04:55 CEST", "backup"),
        ("28 06:55 CEST", "backup"),
    ]


def test_the_night_on_which_the_archive_s_hour_comes_twice() -> None:
    start = datetime(2020, 10, 25, tzinfo=PARIS)

    assert due_between(start, datetime(2020, 10, 25, 7, tzinfo=PARIS)) == [
        ("25 00:55 CEST", "backup"),
        ("25 02:16 CEST", "archive"),
        ("25 02:55 CEST", "backup"),
        ("25 02:55 CET", "backup"),
        ("25 04:55 CET", "backup"),
        ("25 06:55 CET", "backup"),
    ]


@given(
    st.floats(0, 12 * 365 * 86_400).map(
        lambda seconds: datetime(2019, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
    )
)
def test_something_is_due_within_two_hours_and_one_archive_within_a_day(
    after: datetime,
) -> None:
    at, _ = next_due(after, PARIS)
    assert after < at <= after + timedelta(hours=2)

    archives = []
    while at <= after + timedelta(hours=30):
        at, due = next_due(at, PARIS)
        if due is Due.ARCHIVE:
            archives.append(at.astimezone(PARIS).date())
    assert len(archives) == len(set(archives)) >= 1


@given(
    st.floats(0, 12 * 365 * 86_400).map(
        lambda seconds: datetime(2019, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from(Due),
)
def test_what_was_due_last_is_the_last_of_what_was_due_in_order(
    until: datetime, wanted: Due
) -> None:
    last, at = None, until - timedelta(hours=30)
    while True:
        at, due = next_due(at, PARIS)
        if at > until:
            break
        last = at if due is wanted else last

    assert last_due(until, wanted, PARIS) == last
