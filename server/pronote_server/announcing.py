"""Being found on the local network (fiche 5, *Recherchez un serveur*): mDNS, when asked."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import structlog
import trio

from pronote_server.hosting.school import School

__all__ = ["SERVICE", "announce"]

log = structlog.get_logger()

SERVICE = "_pronote._tcp.local."


async def announce(host: str, port: int, schools: Sequence[School], *, tls: bool) -> None:
    """
    Announce every school until cancelled; what cannot be announced is logged, no more.

    The library runs a thread of its own; starting and stopping it blocks, hence the threads.
    """
    from zeroconf import IPVersion, ServiceInfo, Zeroconf

    def start() -> Zeroconf:
        addresses = _addresses(host)
        network = Zeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
        for school in schools:
            network.register_service(
                ServiceInfo(
                    SERVICE,
                    f"{school.rne}-{port}.{SERVICE}",
                    addresses=[socket.inet_aton(address) for address in addresses],
                    port=port,
                    properties={
                        "rne": school.rne,
                        "designation": school.name,
                        "v": "1",
                        "tls": "1" if tls else "0",
                    },
                    server=f"pronote-{school.rne.lower()}-{port}.local.",
                ),
                allow_name_change=True,
            )
        return network

    try:
        network = await trio.to_thread.run_sync(start)
    except (OSError, ValueError) as exc:
        log.warning("announcement.failed", error=str(exc))
        return
    try:
        await trio.sleep_forever()
    finally:
        with trio.move_on_after(5, shield=True):
            with contextlib.suppress(OSError):
                await trio.to_thread.run_sync(network.close)


def _addresses(host: str) -> list[str]:
    if host in ("", "0.0.0.0", "::"):
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        return sorted({str(each[4][0]) for each in found})
    return [str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])]
