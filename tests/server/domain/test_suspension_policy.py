"""The levels and their numbers, written out a second time; and what a policy refuses."""

from __future__ import annotations

import ipaddress

import attrs
import pytest

from pronote_server.domain.suspension_policy import (
    LEVELS,
    SuspensionLevel,
    SuspensionPolicy,
    Thresholds,
)

# wrong passwords in s, unauthorised calls in s, connections in s, requests in s, accounts,
# first and longest suspension in s
TABLE = {
    SuspensionLevel.LOW: (10, 600, 50, 600, 1000, 10, 50_000, 10, 4, 600, 43_200),
    SuspensionLevel.MEDIUM: (5, 600, 20, 600, 400, 10, 20_000, 10, 4, 1800, 43_200),
    SuspensionLevel.HIGH: (3, 1800, 10, 1800, 200, 10, 10_000, 10, 4, 3600, 43_200),
}


@pytest.mark.parametrize("level", TABLE)
def test_numbers_of_a_level(level: SuspensionLevel) -> None:
    assert attrs.astuple(LEVELS[level]) == TABLE[level]
    assert SuspensionPolicy(level=level).thresholds == LEVELS[level]


def test_default_is_medium_and_off_has_no_numbers() -> None:
    assert SuspensionPolicy().level is SuspensionLevel.MEDIUM
    assert SuspensionPolicy(level=SuspensionLevel.OFF).thresholds is None
    assert set(LEVELS) == set(SuspensionLevel) - {SuspensionLevel.OFF}


def test_each_level_is_stricter_than_the_one_before() -> None:
    low, medium, high = (LEVELS[level] for level in TABLE)
    for name in ("wrong_passwords", "unauthorised_calls", "connections", "requests"):
        assert getattr(low, name) > getattr(medium, name) > getattr(high, name)


def test_suspensions_double_up_to_twelve_hours() -> None:
    minutes = [LEVELS[SuspensionLevel.MEDIUM].suspension_seconds(n) / 60 for n in range(7)]

    assert minutes == [30, 60, 120, 240, 480, 720, 720]
    assert LEVELS[SuspensionLevel.MEDIUM].suspension_seconds(10**9) == 43_200


def test_override_replaces_one_number_of_the_level() -> None:
    policy = SuspensionPolicy(overrides={"wrong_passwords": 7})

    assert policy.thresholds == attrs.evolve(LEVELS[SuspensionLevel.MEDIUM], wrong_passwords=7)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"wrong_pasword": 7, "b": 1}, "unknown numbers b, wrong_pasword; known: accounts"),
        ({"wrong_passwords": 0}, "wrong_passwords is 0, not a number above 0"),
        ({"connection_seconds": -1}, "not a number above 0"),
        ({"connection_seconds": float("nan")}, "not a number above 0"),
        ({"requests": 2.5}, "requests is 2.5, not a whole number"),
        ({"requests": float("inf")}, "requests is inf, not a number above 0"),
        ({"first_suspension_seconds": 599}, r"outside 600\.0\.\.43200\.0"),
        ({"wrong_password_seconds": 1801}, r"outside 1801\.\.43200\.0"),
        ({"longest_suspension_seconds": 1799}, "outside"),
    ],
)
def test_override_that_cannot_be_is_refused(overrides: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SuspensionPolicy(overrides=overrides)


def test_unknown_override_is_refused_even_when_the_level_is_off() -> None:
    with pytest.raises(ValueError, match="unknown numbers"):
        SuspensionPolicy(level=SuspensionLevel.OFF, overrides={"nothing": 1})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.200.0.1", True),
        ("::ffff:10.200.0.1", True),
        ("11.0.0.1", False),
        ("192.0.2.4", False),
        ("192.0.2.5", True),
        ("192.0.2.9", True),
        ("192.0.2.10", False),
        ("2001:db8::5", True),
        ("2001:db8::6", False),
        ("fd00::1", True),
        ("fe80::1%eth0", False),
    ],
)
def test_privileged_is_by_address_not_by_prefix(address: str, expected: bool) -> None:
    policy = SuspensionPolicy(
        privileged=(
            "10.0.0.0/8",
            "192.0.2.5-192.0.2.9",
            "2001:db8::5",
            ipaddress.ip_network("fd00::/8"),
        )
    )

    assert policy.is_privileged(address) is expected


def test_nobody_is_privileged_by_default() -> None:
    assert not SuspensionPolicy().is_privileged("127.0.0.1")


def test_privileged_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="office"):
        SuspensionPolicy(privileged=("office",))


def test_thresholds_are_given_by_name_only() -> None:
    with pytest.raises(TypeError):
        Thresholds(5)  # type: ignore[call-arg]  # the point of the test
