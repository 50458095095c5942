"""
Information and surveys, behind the calls.

Decided here: whoever may communicate may publish, to populations and to people; who receives it
is settled when it is published, so that an account made later has not received it. Its author
and the administrators see who read it and what was answered, and may delete it; those who
received it see neither. What is not published yet only its author sees.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import information as calls
from pronote_protocol.errors import BadRequest, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import InformationBox
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
from pronote_server.storage import base_information as kept
from pronote_server.storage.base_information import InformationLine, Seen

__all__ = [
    "FAMILY",
    "acknowledge",
    "delete",
    "list_information",
    "publish",
    "read",
    "read_results",
]

FAMILY: Final = "information"
_ENTITY: Final = "information"
_LISTED_CHARACTERS: Final = 200
_FARTHEST: Final = timedelta(days=366)


async def list_information(
    school: School, session: Session, wish: calls.ListInformation
) -> Page[calls.InformationRow]:
    """Return a page of a box; the box of all is, for most, received and sent together."""
    accounts, seen = accounts_by_person(school), _seen(school, session)

    def read(conn: Connection) -> Page[calls.InformationRow]:
        total, lines = kept.list_information(
            conn,
            seen,
            received=wish.box is not InformationBox.SENT,
            sent=wish.box is not InformationBox.RECEIVED,
            unread=wish.unread,
            offset=wish.offset,
            limit=wish.limit,
        )
        names = named(conn, accounts, [line.by for line in lines])
        rows = tuple(_row(line, names[line.by], seen.person) for line in lines)
        return Page(total=total, offset=wish.offset, rows=rows)

    return await school.base_in_service().database.read(read)


async def read(school: School, session: Session, information_id: int) -> calls.InformationShown:
    """
    Raises:
        NotFound: There is none for *session* to see.
    """
    accounts, seen = accounts_by_person(school), _seen(school, session)

    def read(conn: Connection) -> calls.InformationShown:
        line = _find(conn, seen, information_id)
        return _shown(line, named(conn, accounts, [line.by])[line.by], seen.person)

    return await school.base_in_service().database.read(read)


async def publish(
    school: School, session: Session, key: str | None, wish: calls.PublishInformation
) -> calls.InformationShown:
    """
    Raises:
        BadRequest: Nobody would receive it, or it makes no sense.
        NotFound: An account is not of those one can write to.
    """
    now, me = school.now(), who(session)
    title, choices = wish.title.strip(), tuple(choice.strip() for choice in wish.choices)
    if not title:
        raise BadRequest("Une information a besoin d'un titre.", "Information needs a title.")
    if len(choices) == 1 or len(set(choices)) < len(choices) or not all(choices):
        raise BadRequest(
            "Un sondage a au moins deux choix, tous différents.",
            "A survey has two choices or more, all of them different.",
        )
    published_at = now if wish.published_at is None else max(now, wish.published_at)
    if published_at > now + _FARTHEST:
        raise BadRequest(
            "La date de publication est trop lointaine.",
            "It cannot be published that late.",
        )
    populations = set(wish.populations)
    everybody = correspondents(school) if populations else []
    receivers = {
        person_of(account)
        for account in (*chosen(school, wish.accounts), *everybody)
        if account.id in wish.accounts or populations & set(populations_of(school, account))
    } - {me}
    if not receivers:
        raise BadRequest("Il n'y a aucun destinataire.", "Nobody would receive it.")

    def command(entry: Entry) -> calls.InformationShown:
        conn = entry.conn
        information_id = kept.insert_information(
            conn,
            title=title,
            text=wish.text,
            published_at=published_at,
            by=me,
            choices=choices,
            revision=entry.revision,
        )
        kept.add_receipts(conn, information_id, receivers)
        seen = Seen(person=me, since=None, now=now)
        line = _find(conn, seen, information_id)
        after = {**_audited(line), "receivers": sorted(receivers)}
        audience = Audience(persons=frozenset({*receivers, me}))
        entry.changed(FAMILY, _ENTITY, information_id, None, after, audience)
        return _shown(line, session.name, me)

    shown = await enter(school, session, calls.PUBLISH_INFORMATION, key, command)
    school.planned.set()
    return shown


async def acknowledge(
    school: School, session: Session, key: str | None, wish: calls.AcknowledgeInformation
) -> calls.InformationShown:
    """
    Note that it was read, the first time, and the answer, if one is given.

    Raises:
        NotFound: It was not sent to this session's person.
        BadRequest: It does not ask, or the answer is none of its choices.
    """
    accounts, seen = accounts_by_person(school), _seen(school, session)

    def command(entry: Entry) -> calls.InformationShown:
        conn = entry.conn
        line = _find(conn, seen, wish.id)
        if not line.received or line.published_at > seen.now:
            raise NotFound(what=f"information {wish.id}")
        if wish.answer is not None and wish.answer not in line.choices:
            raise BadRequest(
                "Cette réponse n'est pas un des choix.", "That answer is none of the choices."
            )
        answer = line.answer if wish.answer is None else wish.answer
        read_at = line.read_at or seen.now
        before = {"read_at": line.read_at, "answer": line.answer}
        after = {"read_at": read_at, "answer": answer}
        if before != after:
            kept.put_receipt(conn, line.id, seen.person, read_at, answer)
            entry.changed(
                FAMILY,
                "receipt",
                f"{line.id}/{seen.person}",
                before,
                after,
                Audience(persons=frozenset({seen.person, line.by})),
            )
        line = _find(conn, seen, wish.id)
        return _shown(line, named(conn, accounts, [line.by])[line.by], seen.person)

    return await enter(school, session, calls.ACKNOWLEDGE_INFORMATION, key, command)


async def delete(
    school: School, session: Session, key: str | None, wish: calls.DeleteInformation
) -> Nothing:
    """
    Raises:
        NotFound: It is not this session's to delete.
        StaleRevision: It was changed since.
    """
    seen = _seen(school, session)

    def command(entry: Entry) -> Nothing:
        line = _own(entry.conn, seen, wish.id)
        entry.check_fresh(_ENTITY, line.id, line.revision, wish.if_revision)
        receivers = [receipt.person for receipt in kept.receipts_of(entry.conn, line.id)]
        kept.delete_information(entry.conn, line.id)
        audience = Audience(persons=frozenset({*receivers, line.by, seen.person}))
        entry.changed(FAMILY, _ENTITY, line.id, _audited(line), None, audience)
        return Nothing()

    return await enter(school, session, calls.DELETE_INFORMATION, key, command)


async def read_results(
    school: School, session: Session, wish: calls.ReadResults
) -> calls.ResultsShown:
    """
    Raises:
        NotFound: It is neither this session's own, nor is it an administrator's.
    """
    accounts, seen = accounts_by_person(school), _seen(school, session)

    def read(conn: Connection) -> calls.ResultsShown:
        line = _own(conn, seen, wish.id)
        receipts = kept.receipts_of(conn, line.id)
        names = named(conn, accounts, [receipt.person for receipt in receipts])
        receipts.sort(key=lambda receipt: (fold(names[receipt.person]), receipt.person))
        answers = [receipt.answer for receipt in receipts]
        return calls.ResultsShown(
            read=sum(receipt.read_at is not None for receipt in receipts),
            choices=tuple(
                calls.ChoiceRow(choice, answers.count(choice)) for choice in line.choices
            ),
            receipts=Page(
                total=len(receipts),
                offset=wish.offset,
                rows=tuple(
                    calls.ReceiptRow(names[each.person], each.read_at, each.answer)
                    for each in receipts[wish.offset : wish.offset + wish.limit]
                ),
            ),
        )

    return await school.base_in_service().database.read(read)


def _seen(school: School, session: Session) -> Seen:
    return Seen(
        person=who(session),
        since=since(school, session),
        now=school.now(),
        everything=session.administrator,
    )


def _find(conn: Connection, seen: Seen, information_id: int) -> InformationLine:
    line = kept.information_of(conn, seen, information_id)
    if line is None:
        raise NotFound(what=f"information {information_id}")
    return line


def _own(conn: Connection, seen: Seen, information_id: int) -> InformationLine:
    line = _find(conn, seen, information_id)
    if line.by != seen.person and not seen.everything:
        raise NotFound(what=f"information {information_id}")
    return line


def _audited(line: InformationLine) -> dict[str, Any]:
    return {
        "title": line.title,
        "text": line.text,
        "published_at": line.published_at,
        "by": line.by,
        "survey": list(line.choices),
    }


def _row(line: InformationLine, name: str, person: str) -> calls.InformationRow:
    return calls.InformationRow(
        id=line.id,
        title=line.title,
        text=line.text[:_LISTED_CHARACTERS],
        by=name,
        published_at=line.published_at,
        survey=bool(line.choices),
        sent=line.by == person,
        received=line.received,
        read_at=line.read_at,
        answer=line.answer,
        revision=line.revision,
    )


def _shown(line: InformationLine, name: str, person: str) -> calls.InformationShown:
    return calls.InformationShown(
        information=_row(line, name, person), text=line.text, choices=line.choices
    )
