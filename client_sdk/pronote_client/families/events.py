"""
What the families of what happens to pupils share: part of a list, and all of it.

Both are made from a call of the catalogue, and take the fields of its parameters, typed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Call, Page
from pronote_protocol.words import EventOrder

__all__ = ["listing", "listing_all"]

R = TypeVar("R")
L = ParamSpec("L")


def listing(
    call: Call[Any, Page[R]], wish: Callable[L, Any]
) -> Callable[Concatenate[Any, L], Coroutine[Any, Any, Page[R]]]:
    """Return the method that asks for part of a list."""

    async def list(self: Family, /, *args: L.args, **kwargs: L.kwargs) -> Page[R]:
        """Return part of the list."""
        return await self._call(call, wish(*args, **kwargs))

    _taking(list, wish)
    return list


def listing_all(
    call: Call[Any, Page[R]], wish: Callable[L, Any]
) -> Callable[Concatenate[Any, L], Coroutine[Any, Any, tuple[R, ...]]]:
    """Return the method that asks for a whole list; of *wish* only what narrows it counts."""

    async def list_all(self: Family, /, *args: L.args, **kwargs: L.kwargs) -> tuple[R, ...]:
        """Return the whole list, oldest first."""

        async def page_from(offset: int) -> Page[R]:
            paged = {**kwargs, "order": EventOrder.OLDEST, "offset": offset, "limit": 500}
            return await self._call(call, call.params(*args, **paged))

        return await every_row(page_from)

    _taking(list_all, wish)
    return list_all


def _taking(method: Any, wish: Callable[..., Any]) -> None:
    """Have ``help()`` and completion show what the method takes."""
    taken = inspect.signature(wish).parameters.values()
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = inspect.Signature([first, *taken])
