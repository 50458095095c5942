"""Calls on suspended addresses, inactivity and the journal (fiche 11, *Sécurité*)."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Mode, OffenceCause, Right


@row
@attrs.frozen
class SuspensionRow:
    """
    An address that is suspended, or one account from one address.

    ``address`` is an IPv4 address or an IPv6 /64; ``login`` is nil when the whole address
    is concerned; ``accounts`` are the logins that were tried.
    """

    address: str
    login: str | None
    cause: OffenceCause
    since: datetime.datetime
    until: datetime.datetime
    offences: int
    accounts: tuple[str, ...]
    reference: str


@attrs.frozen(kw_only=True)
class ListSuspensions:
    offset: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    limit: int = attrs.field(
        default=500, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@attrs.frozen(kw_only=True)
class LiftSuspensions:
    """
    Attributes:
        address: An address or a network (``10.1.0.0/16``); nil lifts them all, as the
            button *Débloquer les IP suspendues* does.
    """

    address: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(64))
    )


@attrs.frozen(kw_only=True)
class Lifted:
    """
    What was lifted; their users must close and start their clients again.

    Attributes:
        addresses: The first five hundred of ``total``.
    """

    addresses: tuple[str, ...]
    total: int


@row
@attrs.frozen
class InactivityRow:
    """``kind`` is ``group`` (mode Administratif) or ``profile``; nil minutes = never."""

    kind: str
    id: int
    name: str
    mode: Mode
    minutes: int | None


@attrs.frozen(kw_only=True)
class InactivityShown:
    rows: tuple[InactivityRow, ...]


@attrs.frozen(kw_only=True)
class SetInactivity:
    """Disconnect users of a group or profile after *minutes* without a call; nil = never."""

    kind: str = attrs.field(validator=attrs.validators.in_(("group", "profile")))
    id: int
    minutes: int | None = attrs.field(
        validator=attrs.validators.optional([attrs.validators.ge(1), attrs.validators.le(1440)])
    )


@row
@attrs.frozen
class JournalRow:
    """``kind`` is ``noun.what_happened``; ``details`` are for people and programs."""

    id: int
    at: datetime.datetime
    kind: str
    actor: str
    address: str | None
    details: dict[str, Any]


@attrs.frozen(kw_only=True)
class ReadJournal:
    """
    Newest first.

    Attributes:
        before: Only entries older than this id; nil begins at the newest.
        kind: Only this kind, or a family (``session.``).
        search: Only entries holding this text.
    """

    before: int | None = None
    limit: int = attrs.field(
        default=100, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )
    kind: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(64))
    )
    search: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )


@attrs.frozen(kw_only=True)
class JournalPage:
    """``next_before`` continues the reading; nil at the end."""

    rows: tuple[JournalRow, ...]
    next_before: int | None


LIST_SUSPENSIONS: Final = Call(
    name="suspensions.list",
    params=ListSuspensions,
    result=Page[SuspensionRow],
    right=Right.SEE_SUSPENSIONS,
    modes=ADMINISTRATION,
    summary="List the suspended addresses, with cause and end.",
)
LIFT_SUSPENSIONS: Final = Call(
    name="suspensions.lift",
    params=LiftSuspensions,
    result=Lifted,
    right=Right.LIFT_SUSPENSIONS,
    modes=ADMINISTRATION,
    summary="Unblock suspended addresses (fiche 11, *Débloquer les IP suspendues*).",
)
LIST_INACTIVITY: Final = Call(
    name="inactivity.list",
    params=Nothing,
    result=InactivityShown,
    right=Right.SEE_USERS,
    modes=ADMINISTRATION,
    summary="Show after how long each group and profile is disconnected when inactive.",
)
SET_INACTIVITY: Final = Call(
    name="inactivity.set",
    params=SetInactivity,
    result=Nothing,
    right=Right.MANAGE_SECURITY,
    modes=ADMINISTRATION,
    summary="Set the inactivity delay of a group or profile; off by default.",
)
READ_JOURNAL: Final = Call(
    name="journal.read",
    params=ReadJournal,
    result=JournalPage,
    right=Right.SEE_JOURNAL,
    modes=ADMINISTRATION,
    summary="Read the journal (*Historique*), newest first.",
)
