"""
The five calls that resources of every kind have; it declares none itself.

A kind is described by four records: a row of lists, what narrows a list, what one is made of,
and what it shall be after a change. The calls, the server's answers and the SDK's methods
follow from them.

What the parameters of creating and changing share is a class of its own, without slots: two
classes with slots have no child.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, ParamSpec, TypeVar

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, CODE, FROM_0, NAME
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import OFFICE, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, ResourceOrder, Right

__all__ = [
    "REQUIRED",
    "SETTINGS_MODES",
    "ListThings",
    "NewThing",
    "ResourceCalls",
    "resource_calls",
]

R = TypeVar("R")
L = ParamSpec("L")
N = ParamSpec("N")
C = ParamSpec("C")

SETTINGS_MODES: Final = frozenset({Mode.ADMINISTRATIVE})
# A name; the server wants something else than spaces.
REQUIRED: Final[tuple[Any, ...]] = NAME


@attrs.frozen(kw_only=True)
class ListThings:
    """
    Part of a list.

    Attributes:
        search: Words in any order, case and accents ignored.
        order: What was last changed comes first, names and codes in their order.
    """

    search: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    order: ResourceOrder = ResourceOrder.NAME
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class NewThing:
    """
    Attributes:
        code: Unique within its kind, and never changed: accounts and services name things
            by it. Nil makes one.
    """

    code: str | None = attrs.field(default=None, validator=attrs.validators.optional([*CODE]))


@attrs.frozen(kw_only=True)
class ResourceCalls(Generic[R, L, N, C]):
    """
    The calls on one kind of resources.

    Attributes:
        family: The first part of their names, and what clients are told has changed.
        row: Of a list.
        wish, new, changed: Make the parameters of listing, creating and changing.
    """

    family: str
    row: type[R]
    wish: Callable[L, Any]
    new: Callable[N, Any]
    changed: Callable[C, Any]
    list: Call[Any, Page[R]]
    read: Call[ThingRef, R]
    create: Call[Any, R]
    change: Call[Any, R]
    delete: Call[ThingRef, Nothing]


def resource_calls(
    family: str,
    *,
    one: str,
    several: str,
    row: type[R],
    wish: Callable[L, Any],
    new: Callable[N, Any],
    changed: Callable[C, Any],
    unless: str,
    reading: Right = Right.READ_RESOURCES,
    reading_modes: frozenset[Mode] = OFFICE,
    managing: Right = Right.MANAGE_RESOURCES,
) -> ResourceCalls[R, L, N, C]:
    """
    Declare them.

    Args:
        one, several: What the summaries call them.
        unless: When one is not deleted.
    """

    def declared(verb: str, params: Any, result: Any, summary: str) -> Call[Any, Any]:
        writes = verb not in ("list", "read")
        return Call(
            name=f"{family}.{verb}",
            params=params,
            result=result,
            right=managing if writes else reading,
            modes=SETTINGS_MODES if writes else reading_modes,
            writes=writes,
            keyed=writes,
            summary=summary,
        )

    page: Any = Page[row]  # type: ignore[valid-type]
    return ResourceCalls(
        family=family,
        row=row,
        wish=wish,
        new=new,
        changed=changed,
        list=declared("list", wish, page, f"List {several}."),
        read=declared("read", ThingRef, row, f"Read {one}."),
        create=declared("create", new, row, f"Create {one}."),
        change=declared("change", changed, row, f"Change {one}."),
        delete=declared("delete", ThingRef, Nothing, f"Delete {one}{unless}."),
    )
