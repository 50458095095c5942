"""What counts as one address, and what a text about addresses means."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_server.domain.addresses import networks_of, prefix_of, prefixes_of


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("::1", "::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:0DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_ipv4_counts_alone_and_ipv6_by_its_64(address: str, prefix: str) -> None:
    assert prefix_of(address) == prefix


@pytest.mark.parametrize(
    "garbage",
    ["", " ", "localhost", "192.0.2", "192.0.2.256", "192.0.2.01", "192.0.2.1/32", "1.2.3.4 ",
     "2001:db8::/64", "[::1]", "::1::", "@unix", "0x7f.0.0.1", "1" * 5000],
)  # fmt: skip
def test_what_is_no_address_is_refused(garbage: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        prefix_of(garbage)


@given(number=st.integers(0, 2**128 - 1))
def test_every_ipv6_address_is_in_its_prefix_and_so_are_its_neighbours(number: int) -> None:
    address = ipaddress.IPv6Address(number)
    if address.ipv4_mapped is not None:
        return
    prefix = prefix_of(str(address))

    assert address in ipaddress.ip_network(prefix)
    assert prefix_of(str(ipaddress.IPv6Address(number ^ (2**64 - 1)))) == prefix
    assert prefix_of(str(ipaddress.IPv6Address(number ^ 2**64))) != prefix


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("192.0.2.1", ["192.0.2.1/32"]),
        (" 10.1.2.3/8 ", ["10.0.0.0/8"]),
        ("192.0.2.1-192.0.2.4", ["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/32"]),
        ("192.0.2.0 - 192.0.2.255", ["192.0.2.0/24"]),
        ("2001:db8::1", ["2001:db8::1/128"]),
        ("2001:db8::-2001:db8::1", ["2001:db8::/127"]),
        ("fe80::1%eth0", ["fe80::1/128"]),
        ("::ffff:10.0.0.0/104", ["10.0.0.0/8"]),
        ("::ffff:10.0.0.1", ["10.0.0.1/32"]),
    ],
)
def test_address_network_and_range_become_networks(text: str, networks: list[str]) -> None:
    assert [str(network) for network in networks_of(text)] == networks


@pytest.mark.parametrize(
    "garbage",
    ["", "-", "school", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "10.0.0.0/8-11.0.0.0/8",
     "10.0.0.1-::1", "10.0.0.1-", "-10.0.0.1"],
)  # fmt: skip
def test_what_means_no_network_is_refused(garbage: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        networks_of(garbage)


PREFIXES = ["192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::/64", "2001:db8:0:1::/64"]


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        (None, PREFIXES),
        ("192.0.2.1", ["192.0.2.1"]),
        ("::ffff:192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.0/24", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.2-198.51.100.200", ["192.0.2.2", "198.51.100.1"]),
        ("0.0.0.0/0", PREFIXES[:3]),
        ("2001:db8::77", ["2001:db8::/64"]),
        ("2001:db8::77/128", ["2001:db8::/64"]),
        ("2001:db8::/64", ["2001:db8::/64"]),
        ("2001:db8::/32", PREFIXES[3:]),
        ("::/0", PREFIXES[3:]),
        ("203.0.113.0/24", []),
    ],
)
def test_where_means_every_prefix_it_meets(where: str | None, meant: list[str]) -> None:
    assert [prefix for prefix in PREFIXES if prefixes_of(where)(prefix)] == meant


def test_where_that_means_nothing_is_refused_before_any_prefix_is_asked_about() -> None:
    with pytest.raises(ValueError, match="anywhere"):
        prefixes_of("anywhere")
