"""
The bounds of the wire; the server sends its own in the welcome.

Each number has a reason. A client may not send more than the welcome says; a server that
reads these defaults is safe on a machine of one gigabyte.
"""

from __future__ import annotations

import attrs

from pronote_protocol.errors import VersionUnsupported

__all__ = ["NEWEST_VERSION", "OLDEST_VERSION", "WireLimits", "common_version"]

# The versions of the protocol this package speaks. Both ends announce a range in the
# hello; the newest common one is used.
OLDEST_VERSION = 1
NEWEST_VERSION = 1


def common_version(oldest: int, newest: int) -> int:
    """
    Return the newest version both this package and a peer of that range speak.

    Raises:
        VersionUnsupported: There is none; the refusal says what this package speaks.
    """
    version = min(newest, NEWEST_VERSION)
    if version < max(oldest, OLDEST_VERSION):
        raise VersionUnsupported(oldest=OLDEST_VERSION, newest=NEWEST_VERSION)
    return version


@attrs.frozen(kw_only=True)
class WireLimits:
    """
    How much one frame may cost.

    Attributes:
        before_login_bytes: Longest frame of a client that has not entered. A hello and
            a SCRAM proof are under 1 KiB.
        from_client_bytes: Longest frame of a client that has entered. The worst msgpack
            of this size unpacks to 2 MiB of Python objects, under the 8 MiB promised.
        from_server_bytes: Longest frame of a server; longer results are paged.
        depth: Deepest nesting of arrays and maps, the envelope included.
        containers: Most arrays and maps in one frame. Nine in ten of the cost of a
            hostile frame is in its empty containers.
        values: Most values in one frame: elements of arrays, keys and values of maps. Keeps
            the worst frame of a server under the 8 MiB too; the longest page has 6 000.
        page_rows: Most rows one answer may carry.
        chunk_bytes: Longest piece of an uploaded file in one call.
    """

    before_login_bytes: int = 8 * 1024
    from_client_bytes: int = 32 * 1024
    from_server_bytes: int = 1024 * 1024
    depth: int = 16
    containers: int = 20_000
    values: int = 32_768
    page_rows: int = 500
    chunk_bytes: int = 24 * 1024
