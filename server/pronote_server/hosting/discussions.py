"""
Discussions between people of the school, behind the calls.

Decided here: a discussion is between those it was started with, and nobody else reads it,
not even an administrator; nor does the audit hold its subject or what was said, only who wrote
when. Nobody joins later. Who leaves no longer sees it, and what he wrote stays with his name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import discussions as calls
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.correspondents import (
    accounts_by_person,
    chosen,
    correspondents,
    named,
    person_of,
    populations_of,
    since,
)
from pronote_server.hosting.entries import Audience, Entry, enter, who
from pronote_server.hosting.school import School
from pronote_server.storage import base_discussions as kept
from pronote_server.storage.base_discussions import DiscussionLine, MessageLine

__all__ = [
    "FAMILY",
    "leave",
    "list_discussions",
    "list_messages",
    "list_people",
    "mark_read",
    "post",
    "read",
    "start",
]

FAMILY: Final = "discussions"
_ENTITY: Final = "discussion"
_LISTED_CHARACTERS: Final = 100
# Of texts in one page: half of what a frame of the server may hold.
_PAGE_BYTES: Final = 512 * 1024


def list_people(
    school: School, session: Session, wish: calls.ListPeople
) -> Page[calls.PersonRow]:
    """Return a page of those this session may write to, by name."""
    words = fold(wish.text or "").split()
    found = [
        account
        for account in correspondents(school)
        if account.id != session.account_id
        and all(word in fold(account.name) for word in words)
    ]
    return Page(
        total=len(found),
        offset=wish.offset,
        rows=tuple(
            calls.PersonRow(account.id, account.name, populations_of(school, account))
            for account in found[wish.offset : wish.offset + wish.limit]
        ),
    )


async def list_discussions(
    school: School, session: Session, wish: calls.ListDiscussions
) -> Page[calls.DiscussionRow]:
    """Return a page of the discussions this session's person takes part in."""
    accounts, me, begin = accounts_by_person(school), who(session), since(school, session)

    def read(conn: Connection) -> Page[calls.DiscussionRow]:
        total, lines = kept.list_discussions(
            conn, me, begin, unread=wish.unread, offset=wish.offset, limit=wish.limit
        )
        persons = {person for line in lines for person in (line.created_by, line.last.by)}
        names = named(conn, accounts, persons)
        rows = tuple(_row(line, names) for line in lines)
        return Page(total=total, offset=wish.offset, rows=rows)

    return await school.base_in_service().database.read(read)


async def read(school: School, session: Session, discussion_id: int) -> calls.DiscussionShown:
    """
    Raises:
        NotFound: This session's person does not take part in it.
    """
    show = _Shower(school, session)
    return await school.base_in_service().database.read(lambda conn: show(conn, discussion_id))


async def list_messages(
    school: School, session: Session, wish: calls.ListMessages
) -> Page[calls.MessageRow]:
    """
    Return a page of messages, the oldest first; fewer than asked for where they are long.

    Raises:
        NotFound: This session's person does not take part in it.
    """
    accounts, me, begin = accounts_by_person(school), who(session), since(school, session)

    def read(conn: Connection) -> Page[calls.MessageRow]:
        _find(conn, me, begin, wish.id)
        total, lines = kept.messages_of(conn, wish.id, wish.after, wish.offset, wish.limit)
        names = named(conn, accounts, [line.by for line in lines])
        rows: list[calls.MessageRow] = []
        size = 0
        for line in lines:
            size += len(line.text.encode())
            if rows and size > _PAGE_BYTES:
                break
            rows.append(_message(line, names[line.by], me))
        return Page(total=total, offset=wish.offset, rows=tuple(rows))

    return await school.base_in_service().database.read(read)


async def start(
    school: School, session: Session, key: str | None, wish: calls.StartDiscussion
) -> calls.DiscussionShown:
    """
    Raises:
        NotFound: An account is not of those one can write to.
        BadRequest: It would be with nobody, or without subject or text.
    """
    now, me, show = school.now(), who(session), _Shower(school, session)
    subject, text = wish.subject.strip(), _text(wish.text)
    others = {person_of(account) for account in chosen(school, wish.accounts)} - {me}
    if not others or not subject:
        raise BadRequest(
            "Une discussion a un objet, et au moins un autre participant.",
            "A discussion has a subject, and somebody else to talk to.",
        )
    persons = frozenset({me, *others})

    def command(entry: Entry) -> calls.DiscussionShown:
        conn = entry.conn
        discussion_id = kept.insert_discussion(
            conn, subject=subject, by=me, at=now, revision=entry.revision, persons=persons
        )
        line = kept.post(conn, discussion_id, me, now, text)
        after = {"created_by": me, "created_at": now, "participants": sorted(persons)}
        audience = Audience(persons=persons)
        entry.changed(FAMILY, _ENTITY, discussion_id, None, after, audience)
        _note_message(entry, line, audience)
        return show(conn, discussion_id)

    return await enter(school, session, calls.START_DISCUSSION, key, command)


async def post(
    school: School, session: Session, key: str | None, wish: calls.PostMessage
) -> calls.MessageShown:
    """
    Raises:
        NotFound: This session's person does not take part in it.
        Conflict: Everybody else has left.
        BadRequest: The text is blank.
    """
    now, me, begin = school.now(), who(session), since(school, session)
    text = _text(wish.text)

    def command(entry: Entry) -> calls.MessageShown:
        conn = entry.conn
        discussion = _find(conn, me, begin, wish.id)
        if discussion.participants < 2:
            raise Conflict(
                "Tous les autres ont quitté cette discussion.",
                "Everybody else has left this discussion.",
            )
        line = kept.post(conn, discussion.id, me, now, text)
        kept.touch(conn, discussion.id, entry.revision)
        _note_message(entry, line, _audience(conn, discussion.id))
        return calls.MessageShown(message=_message(line, session.name, me))

    return await enter(school, session, calls.POST_MESSAGE, key, command)


async def mark_read(
    school: School, session: Session, key: str | None, wish: calls.MarkRead
) -> Nothing:
    """
    Note up to where it was read; never back. Only one's own sessions are told.

    Raises:
        NotFound: This session's person does not take part in it.
    """
    me, begin = who(session), since(school, session)

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        before = _find(conn, me, begin, wish.id)
        kept.mark_read(conn, before.id, me, wish.upto)
        after = _find(conn, me, begin, wish.id)
        entry.changed(
            FAMILY,
            "participant",
            f"{before.id}/{me}",
            {"read_at": before.read_at},
            {"read_at": after.read_at},
            Audience(persons=frozenset({me})),
        )
        return Nothing()

    return await enter(school, session, calls.MARK_READ, key, command)


async def leave(
    school: School, session: Session, key: str | None, wish: calls.DiscussionRef
) -> Nothing:
    """
    Raises:
        NotFound: This session's person does not take part in it.
    """
    now, me, begin = school.now(), who(session), since(school, session)

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        discussion = _find(conn, me, begin, wish.id)
        audience = _audience(conn, discussion.id)
        kept.leave(conn, discussion.id, me, now)
        kept.touch(conn, discussion.id, entry.revision)
        entry.changed(
            FAMILY,
            "participant",
            f"{discussion.id}/{me}",
            {"left_at": None},
            {"left_at": now},
            audience,
        )
        return Nothing()

    return await enter(school, session, calls.LEAVE_DISCUSSION, key, command)


class _Shower:
    """Shows a discussion to one session; made before the command that ends with it."""

    def __init__(self, school: School, session: Session) -> None:
        self._accounts = accounts_by_person(school)
        self._me, self._since = who(session), since(school, session)

    def __call__(self, conn: Connection, discussion_id: int) -> calls.DiscussionShown:
        line = _find(conn, self._me, self._since, discussion_id)
        participants = kept.participants_of(conn, discussion_id)
        names = named(conn, self._accounts, [each.person for each in participants])
        participants.sort(key=lambda each: (fold(names[each.person]), each.person))
        rows = []
        for each in participants:
            account = self._accounts.get(each.person)
            rows.append(
                calls.ParticipantRow(
                    None if account is None else account.id,
                    names[each.person],
                    each.read_at,
                    each.left_at,
                )
            )
        return calls.DiscussionShown(discussion=_row(line, names), participants=tuple(rows))


def _find(
    conn: Connection, person: str, begin: datetime | None, discussion_id: int
) -> DiscussionLine:
    line = kept.discussion_of(conn, person, begin, discussion_id)
    if line is None:
        raise NotFound(what=f"discussion {discussion_id}")
    return line


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise BadRequest("Un message a besoin d'un texte.", "A message needs a text.")
    return text


def _audience(conn: Connection, discussion_id: int) -> Audience:
    participants = kept.participants_of(conn, discussion_id)
    return Audience(
        persons=frozenset(each.person for each in participants if each.left_at is None)
    )


def _note_message(entry: Entry, line: MessageLine, audience: Audience) -> None:
    after = {"discussion_id": line.discussion_id, "by": line.by, "at": line.at}
    entry.changed(FAMILY, "message", line.id, None, after, audience)


def _row(line: DiscussionLine, names: dict[str, str]) -> calls.DiscussionRow:
    return calls.DiscussionRow(
        id=line.id,
        subject=line.subject,
        created_by=names[line.created_by],
        created_at=line.created_at,
        participants=line.participants,
        unread=line.unread,
        last_by=names[line.last.by],
        last_at=line.last.at,
        last_text=line.last.text[:_LISTED_CHARACTERS],
        revision=line.revision,
    )


def _message(line: MessageLine, name: str, me: str) -> calls.MessageRow:
    return calls.MessageRow(line.id, name, line.by == me, line.at, line.text)
