"""
Who is there to talk to, as the others may know it.

Decided here: a person is there while one of his sessions has its client; cut, he is not.
Invisible is told as not there, in lists and events alike. Only sessions that asked for the list
are told of changes: at the rush of 8:00 everybody would be told of everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import presence as calls
from pronote_protocol.conversation import encode_event
from pronote_protocol.messages import PresenceChanged
from pronote_protocol.words import Mode, Presence
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School

__all__ = ["list_presence", "set_presence", "telling"]


def list_presence(
    school: School, session: Session, wish: calls.ListPresence
) -> Page[calls.PresenceRow]:
    """Return a page of who is there, by name; *session* is told of changes from now on."""
    school.sessions.follow_presence(session)
    there = {
        each.account_id: calls.PresenceRow(each.account_id, each.name, each.presence)
        for each in school.sessions
        if each.account_id == session.account_id or _is_seen(each)
    }
    rows = sorted(there.values(), key=lambda row: (fold(row.name), row.account))
    return Page(
        total=len(rows),
        offset=wish.offset,
        rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
    )


def set_presence(school: School, session: Session, presence: Presence) -> None:
    """Show this session's person so, in all his sessions."""
    with telling(school, session.account_id, session.name):
        for each in school.sessions.of_account(session.account_id):
            each.presence = presence


@contextmanager
def telling(school: School, account_id: int, name: str) -> Iterator[None]:
    """Tell those who follow it if what happens in the block changes who is there."""
    before = _seen(school, account_id)
    yield
    after = _seen(school, account_id)
    if before is after:
        return
    news: bytes | None = None
    for session in school.sessions.followers():
        if session.link is not None and session.account_id != account_id:
            news = news or encode_event(
                PresenceChanged(account=account_id, name=name, presence=after)
            )
            session.link.tell(news)


def _seen(school: School, account_id: int) -> Presence | None:
    """Return how others see that account's person; None: not there."""
    for session in school.sessions.of_account(account_id):
        if _is_seen(session):
            return session.presence
    return None


def _is_seen(session: Session) -> bool:
    # Who is at the console is not in the base, where one talks.
    return (
        session.link is not None
        and session.mode is not Mode.HOSTING
        and session.presence is not Presence.INVISIBLE
    )
