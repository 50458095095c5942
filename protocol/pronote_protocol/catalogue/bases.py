"""Calls on the bases of a school, as the console has them (fiches 4, 8 and 9)."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import ADMINISTRATION, HOSTING_ONLY, Call, Page
from pronote_protocol.catalogue.sessions import CountersShown
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import BaseOrigin, BaseState, Right

_NAME: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(60))
_MINUTE: Final[Any] = (attrs.validators.ge(0), attrs.validators.le(1439))
_WEEKDAY: Final[Any] = (attrs.validators.ge(0), attrs.validators.le(6))


@attrs.frozen(kw_only=True)
class BaseHeaderShown:
    """
    The header of the console (fiche 9).

    Attributes:
        first_service: Whether putting into service asks for the supervisor's password.
        base, school_year, created_at, last_entry_at, revision, counters: Of the base that is
            loaded; nil when there is none.
    """

    state: BaseState
    first_service: bool
    base: str | None
    school_year: int | None
    created_at: datetime.datetime | None
    last_entry_at: datetime.datetime | None
    revision: int | None
    counters: CountersShown | None


@attrs.frozen(kw_only=True)
class PutInService:
    """``supervisor_password`` the first time only (fiche 4)."""

    supervisor_password: str | None = attrs.field(
        default=None,
        repr=False,
        validator=attrs.validators.optional(attrs.validators.max_len(256)),
    )


@attrs.frozen(kw_only=True)
class Stop:
    """
    Attributes:
        message: Told to everybody, in the announcement and the goodbye.
        delay_seconds: Between the two.
    """

    message: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(300))
    )
    delay_seconds: float = attrs.field(
        default=0.0, validator=[attrs.validators.ge(0), attrs.validators.le(3600)]
    )


@attrs.frozen(kw_only=True)
class StateShown:
    state: BaseState


@row
@attrs.frozen
class BreakRow:
    """``minutes`` between sequence number ``after`` (from 1) and the next."""

    after: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(47)])
    minutes: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(240)])


@attrs.frozen(kw_only=True)
class GridWish:
    """
    The frame of the week (*grille horaire*) of a new base.

    Attributes:
        first_day: With which the week begins, 0 for Monday.
        days: Working days.
        sequences: A day.
        starts_at: Of the first one, in minutes since midnight.
        sequence_minutes: Length of each.
        step_minutes: What a sequence is divided into; nil: it is not.
        labels: What each sequence is called; none: its hour.
    """

    first_day: int = attrs.field(default=0, validator=[*_WEEKDAY])
    days: tuple[int, ...] = attrs.field(
        default=(0, 1, 2, 3, 4),
        validator=[
            attrs.validators.min_len(1),
            attrs.validators.max_len(7),
            attrs.validators.deep_iterable([*_WEEKDAY]),
        ],
    )
    sequences: int = attrs.field(
        default=10, validator=[attrs.validators.ge(1), attrs.validators.le(48)]
    )
    starts_at: int = attrs.field(default=480, validator=[*_MINUTE])
    sequence_minutes: int = attrs.field(
        default=60, validator=[attrs.validators.ge(5), attrs.validators.le(240)]
    )
    step_minutes: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional([attrs.validators.ge(1), attrs.validators.le(240)]),
    )
    breaks: tuple[BreakRow, ...] = attrs.field(
        default=(), validator=attrs.validators.max_len(47)
    )
    labels: tuple[str, ...] = attrs.field(
        default=(),
        validator=[
            attrs.validators.max_len(48),
            attrs.validators.deep_iterable([*_NAME]),
        ],
    )


@attrs.frozen(kw_only=True)
class CreateBase:
    """
    Attributes:
        name: Of at most 60 characters, and none that a file may not have in its name.
        school_year: 2020 for 2020-2021; nil: the one it is now.
    """

    name: str = attrs.field(validator=[*_NAME])
    school_year: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            [attrs.validators.ge(2000), attrs.validators.le(2099)]
        ),
    )
    grid: GridWish = attrs.field(factory=GridWish)


@attrs.frozen(kw_only=True)
class BaseRef:
    """``name`` is the one of the list."""

    name: str = attrs.field(validator=[*_NAME])


@attrs.frozen(kw_only=True)
class RenameBase:
    name: str = attrs.field(validator=[*_NAME])
    new_name: str = attrs.field(validator=[*_NAME])


@row
@attrs.frozen
class BaseRow:
    """
    A base of the school.

    Attributes:
        size: Of its file, in bytes.
        served_at: When it was last put in service here; nil: never.
        loaded: Whether it is the one that is loaded.
        problem: Why it cannot be opened, in French; nil: nothing is known against it.
    """

    name: str
    school_year: int | None
    size: int
    created_at: datetime.datetime | None
    last_entry_at: datetime.datetime | None
    origin: BaseOrigin
    added_at: datetime.datetime | None
    added_by: str | None
    served_at: datetime.datetime | None
    loaded: bool
    problem: str | None


@attrs.frozen(kw_only=True)
class ListBases:
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


SHOW_BASES: Final = Call(
    name="bases.show",
    params=Nothing,
    result=BaseHeaderShown,
    right=Right.SEE_BASES,
    modes=ADMINISTRATION,
    summary="Show the state of the base that is loaded and its counters (fiche 9).",
)
PUT_IN_SERVICE: Final = Call(
    name="bases.put_in_service",
    params=PutInService,
    result=StateShown,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Let clients enter the base that is loaded (fiche 4, *mettre en service*).",
)
STOP: Final = Call(
    name="bases.stop",
    params=Stop,
    result=StateShown,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Stop the server: clients are warned, and disconnected after the delay, which is "
    "not waited for.",
)
CREATE_BASE: Final = Call(
    name="bases.create",
    params=CreateBase,
    result=StateShown,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Create an empty base and load it; the server must be stopped (fiche 4).",
)
LIST_BASES: Final = Call(
    name="bases.list",
    params=ListBases,
    result=Page[BaseRow],
    right=Right.SEE_BASES,
    modes=ADMINISTRATION,
    summary="List the bases once in service and those that were sent (*Autres bases*).",
)
OPEN_BASE: Final = Call(
    name="bases.open",
    params=BaseRef,
    result=StateShown,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Load one of the other bases; the server must be stopped (*Ouvrir cette base*).",
)
RENAME_BASE: Final = Call(
    name="bases.rename",
    params=RenameBase,
    result=Nothing,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Give a base another name; the one that is loaded only while stopped.",
)
DELETE_BASE: Final = Call(
    name="bases.delete",
    params=BaseRef,
    result=Nothing,
    right=Right.MANAGE_BASES,
    modes=HOSTING_ONLY,
    summary="Delete one of the other bases with its documents; never the one that is loaded.",
)
