"""
Search on the local network: who announces a school here?

Servers announce ``_pronote._tcp.local.`` when their operator asks for it, with the texts
``rne``, ``designation``, ``v`` (newest version of the protocol) and ``tls`` (``1`` or
``0``). What answers is not to be trusted more than a poster on a wall: it says where a
server claims to be, and TLS with the school's authority says whether that is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs
import trio

from pronote_client.settings import ConnectionSettings

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

__all__ = ["SERVICE", "FoundServer", "search"]

SERVICE: Final = "_pronote._tcp.local."


@attrs.frozen(kw_only=True)
class FoundServer:
    """
    A server that announces itself.

    Attributes:
        name: What it calls itself, unique on this network.
        version: Newest version of the protocol it speaks, or None if it does not say.
        settings: How to reach it; the certificate authority is not announced.
    """

    name: str
    version: int | None
    settings: ConnectionSettings


async def search(
    seconds: float = 3.0, *, interfaces: Sequence[str] | None = None
) -> tuple[FoundServer, ...]:
    """
    Return the servers that answer within *seconds*, sorted by name.

    Args:
        interfaces: Addresses of this machine to search from; None = all of them.

    Cancelling returns at once; the searching thread ends by itself within *seconds*.

    Raises:
        OSError: The network does not let us search.
    """
    return await trio.to_thread.run_sync(_search, seconds, interfaces, abandon_on_cancel=True)


def _search(seconds: float, interfaces: Sequence[str] | None) -> tuple[FoundServer, ...]:
    # 50 ms of import that only a search needs.
    import threading

    from zeroconf import InterfaceChoice, ServiceBrowser, ServiceListener, Zeroconf

    names: set[str] = set()

    class Names(ServiceListener):
        def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            names.add(name)

        def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            names.add(name)

        def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
            names.discard(name)

    with Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All) as zc:
        browser = ServiceBrowser(zc, SERVICE, Names())
        threading.Event().wait(seconds)
        browser.cancel()
        answers = [zc.get_service_info(SERVICE, name, timeout=500) for name in sorted(names)]
    return tuple(found for info in answers if info and (found := found_server(info)))


def found_server(info: ServiceInfo) -> FoundServer | None:
    """Return what *info* announces, or None when it cannot be reached or understood."""
    texts = {
        key.decode("utf-8", "replace"): (value or b"").decode("utf-8", "replace")
        for key, value in info.properties.items()
    }
    addresses = info.parsed_scoped_addresses()
    if not addresses or not info.port:
        return None
    version = texts.get("v", "")
    return FoundServer(
        name=info.name.removesuffix(f".{SERVICE}"),
        version=int(version) if version.isascii() and version.isdigit() else None,
        settings=ConnectionSettings(
            address=addresses[0],
            port=info.port,
            designation=texts.get("designation", ""),
            rne=texts.get("rne") or None,
            tls=texts.get("tls", "1") != "0",
        ),
    )
