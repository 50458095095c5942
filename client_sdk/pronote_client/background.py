"""A nursery for work behind the caller's back, invisible to the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

__all__ = ["background"]


@asynccontextmanager
async def background() -> AsyncIterator[trio.Nursery]:
    """
    Give a nursery whose body's exception comes out as it is, in no group.

    ``except BadCredentials`` around ``async with open_client(...)`` must work; that tasks
    run behind it is our affair. Those tasks raise for bugs only, which come out as a group.
    The body must see to it that they end.
    """
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        try:
            yield nursery
        except BaseException as exc:
            raised = exc
    if raised is not None:
        try:
            raise raised
        finally:
            del raised  # its traceback holds this frame, which would hold it
