"""Which calls may be asked again after a cut."""

from __future__ import annotations

from typing import Any, Final

from pronote_protocol.catalogue import Call

__all__ = ["may_repeat"]

_READING: Final = frozenset({"show", "list", "read", "mine", "rules", "password"})


def may_repeat(call: Call[Any, Any]) -> bool:
    """
    Whether asking *call* twice does what asking it once does.

    `Call.writes` does not say it: creating an account or disconnecting somebody changes
    no base and is still not to be done twice. The verb does; an unknown verb is taken for
    a change (``read_grid`` is a ``read``). An entry carries its key, by which the server
    knows it again.
    """
    if call.keyed:
        return True
    return not call.writes and _verb(call) in _READING


def _verb(call: Call[Any, Any]) -> str:
    """Return the verb of *call*, without what it is about."""
    return call.name.partition(".")[2].partition("_")[0]
