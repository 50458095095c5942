"""Calls on who is there to talk to."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Presence, Right


@row
@attrs.frozen
class PresenceRow:
    """Somebody connected; ``account`` is as in ``discussions.list_people``."""

    account: int
    name: str
    presence: Presence


@attrs.frozen(kw_only=True)
class ListPresence:
    """By name: oneself, and those who are connected and not invisible."""

    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class SetPresence:
    """
    How one shows oneself, in all one's sessions, until the last of them ends.

    Whoever enters with no other session is available.
    """

    presence: Presence


LIST_PRESENCE: Final = Call(
    name="presence.list",
    params=ListPresence,
    result=Page[PresenceRow],
    right=Right.COMMUNICATE,
    summary="List who is connected; from then on presence.changed tells this session more.",
)
SET_PRESENCE: Final = Call(
    name="presence.set",
    params=SetPresence,
    result=Nothing,
    right=Right.COMMUNICATE,
    summary="Choose how one shows oneself to the others.",
)
