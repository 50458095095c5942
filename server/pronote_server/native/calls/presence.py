"""Answers on who is there to talk to."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import presence as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import presence
from pronote_server.native.calls.visit import Visit, answers


def list_presence(visit: Visit, wish: calls.ListPresence) -> Page[calls.PresenceRow]:
    return presence.list_presence(visit.school, visit.session, wish)


def set_presence(visit: Visit, wish: calls.SetPresence) -> Nothing:
    presence.set_presence(visit.school, visit.session, wish.presence)
    return Nothing()


ANSWERS: Final = (
    answers(calls.LIST_PRESENCE, list_presence),
    answers(calls.SET_PRESENCE, set_presence),
)
