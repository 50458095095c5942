"""
Addresses as suspension sees them: who counts as one, and which networks a text means.

An IPv6 host changes its address at will inside its /64, so that the /64 counts as one; an IPv4
address counts alone, also when it comes mapped into IPv6 (``::ffff:192.0.2.1``), as a socket
listening on both families gives it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeAlias

__all__ = ["Network", "networks_of", "prefix_of", "prefixes_of"]

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_IPV6_PREFIX_BITS: Final = 64
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=4096)  # a flood comes from few addresses, and asks this at each turn
def prefix_of(address: str) -> str:
    """
    Return what *address* is counted as: itself for IPv4, its /64 for IPv6.

    ``192.0.2.1`` gives ``192.0.2.1``; ``2001:db8::1%eth0`` gives ``2001:db8::/64``.

    Raises:
        ValueError: *address* is no IP address.
    """
    if ":" not in address:
        # What this accepts is already written the only way it can be.
        ipaddress.IPv4Address(address)
        return address
    parsed = ipaddress.IPv6Address(address)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - _IPV6_PREFIX_BITS
    prefix = ipaddress.IPv6Address(int(parsed) >> host_bits << host_bits)
    return f"{prefix}/{_IPV6_PREFIX_BITS}"


def networks_of(text: str) -> tuple[Network, ...]:
    """
    Return the networks meant by an address, a network (``10.0.0.0/8``) or a range.

    A range is ``first-last``, as in the product's own address lists. Host bits set in a
    network and a scope id are ignored; mapped IPv4 becomes IPv4.

    Raises:
        ValueError: *text* is none of these.
    """
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash:
        return (_plain(ipaddress.ip_network(_without_scope(text.strip()), strict=False)),)
    ends = [_plain(ipaddress.ip_network(_without_scope(end))) for end in (first, last)]
    if any(end.num_addresses != 1 for end in ends):
        raise ValueError(f"{text!r} is no range of addresses")
    low, high = (end.network_address for end in ends)
    if isinstance(low, ipaddress.IPv4Address) and isinstance(high, ipaddress.IPv4Address):
        return tuple(ipaddress.summarize_address_range(low, high))
    if isinstance(low, ipaddress.IPv6Address) and isinstance(high, ipaddress.IPv6Address):
        return tuple(ipaddress.summarize_address_range(low, high))
    raise ValueError(f"{text!r} begins and ends in different families")


def prefixes_of(where: str | None) -> Callable[[str], bool]:
    """
    Return the test of the prefixes that *where* means, wholly or in part.

    Args:
        where: An address, which means its prefix; what `networks_of` takes; None for all.

    Raises:
        ValueError: *where* is none of these.
    """
    if where is None:
        return lambda prefix: True
    try:
        alone = prefix_of(where.strip())
    except ValueError:
        reaches = [_reach_of(network) for network in networks_of(where)]
        return lambda prefix: _meets(prefix, reaches)
    return lambda prefix: prefix == alone


_Reach: TypeAlias = tuple[int, int, int]  # version, first and last address


def _reach_of(network: Network) -> _Reach:
    return network.version, int(network.network_address), int(network.broadcast_address)


def _meets(prefix: str, reaches: Iterable[_Reach]) -> bool:
    # Plain numbers: this is asked of every prefix there is, and networks take thrice as long.
    if ":" in prefix:
        version, first = 6, int(ipaddress.IPv6Address(prefix.partition("/")[0]))
        last = first | (1 << 128 - _IPV6_PREFIX_BITS) - 1
    else:
        version, first = 4, int(ipaddress.IPv4Address(prefix))
        last = first
    return any(v == version and low <= last and first <= high for v, low, high in reaches)


def _without_scope(text: str) -> str:
    return text.partition("%")[0]


def _plain(network: Network) -> Network:
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        first = ipaddress.IPv4Address(int(network.network_address) & 0xFFFFFFFF)
        return ipaddress.IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network
