"""
What a document is attached to decides who may read it, add one, and is told.

A session that may not read the marks may not read what is attached to an assessment; and so on
for each thing. A teacher besides stays within his services and pupils; of what happened to a
pupil, he has the punishments he gave. What somebody said to some is theirs: information also
the administration's, a message of a discussion nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import DocumentOwner, Mode, Right
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Audience, who
from pronote_server.hosting.scope import check_pupil, service_of
from pronote_server.storage.base_documents import OwnerFacts, owner
from pronote_server.storage.base_events import teachers_of_pupil
from pronote_server.storage.base_service_settings import teachers_of_service

__all__ = ["audience_of_owner", "check_owner"]

_MARKS: Final = (Right.READ_MARKS, Right.ENTER_MARKS)
_NOTEBOOK: Final = (Right.READ_NOTEBOOK, Right.ENTER_NOTEBOOK)
_SCHOOL_LIFE: Final = (Right.READ_SCHOOL_LIFE, Right.ENTER_SCHOOL_LIFE)
_SAID: Final = (Right.COMMUNICATE, Right.COMMUNICATE)

# What is needed to read, and to add; beside the rights on documents themselves.
_RIGHTS: Final[Mapping[DocumentOwner, tuple[Right, Right]]] = MappingProxyType(
    {
        DocumentOwner.PUPIL: (Right.READ_DOCUMENTS, Right.ADD_DOCUMENTS),
        DocumentOwner.ASSESSMENT: _MARKS,
        DocumentOwner.EVALUATION: _MARKS,
        DocumentOwner.NOTEBOOK_ENTRY: _NOTEBOOK,
        DocumentOwner.HOMEWORK: _NOTEBOOK,
        DocumentOwner.ABSENCE: _SCHOOL_LIFE,
        DocumentOwner.LATENESS: _SCHOOL_LIFE,
        DocumentOwner.PUNISHMENT: _SCHOOL_LIFE,
        DocumentOwner.SANCTION: _SCHOOL_LIFE,
        DocumentOwner.FOLLOW_UP: _SCHOOL_LIFE,
        DocumentOwner.INFORMATION: _SAID,
        DocumentOwner.MESSAGE: _SAID,
    }
)


def check_owner(
    conn: Connection, session: Session, kind: DocumentOwner, owner_id: int, *, adding: bool
) -> OwnerFacts:
    """
    Return what is known of the owner, if *session* may read, or add to, what is attached.

    Raises:
        NotFound: It may not, or there is no such thing.
    """
    facts = owner(conn, kind, owner_id)
    if facts is None or not _may(conn, session, kind, facts, adding):
        raise NotFound(what=f"{kind.value} {owner_id}")
    return facts


def _may(
    conn: Connection, session: Session, kind: DocumentOwner, facts: OwnerFacts, adding: bool
) -> bool:
    me = who(session)
    if kind is DocumentOwner.PUNISHMENT and facts.author == me:
        return True
    if _RIGHTS[kind][adding] not in session.rights:
        return False
    if kind in (DocumentOwner.INFORMATION, DocumentOwner.MESSAGE):
        office = kind is DocumentOwner.INFORMATION and session.mode is Mode.ADMINISTRATIVE
        if adding:
            return facts.author == me
        return office or facts.author == me or me in facts.readers
    try:
        if facts.service_id is not None:
            service_of(conn, session, facts.service_id)
        if facts.pupil_id is not None:
            check_pupil(conn, session, facts.pupil_id)
    except NotFound:
        return False
    return True


def audience_of_owner(conn: Connection, kind: DocumentOwner, facts: OwnerFacts) -> Audience:
    """Return who is told of what happens to its documents, beside mode Administratif."""
    if facts.service_id is not None:
        teachers = teachers_of_service(conn, facts.service_id)
        return Audience(
            school_life=_RIGHTS[kind] is _NOTEBOOK,
            teachers=teachers,
        )
    if kind is DocumentOwner.PUPIL:
        assert facts.pupil_id is not None
        return Audience(school_life=True, teachers=teachers_of_pupil(conn, facts.pupil_id))
    persons = frozenset({*facts.readers, *filter(None, [facts.author])})
    if kind is DocumentOwner.MESSAGE:
        return Audience(persons=persons)
    said = Audience(teachers=_teachers(persons))
    staff = any(person.startswith("staff:") for person in persons)
    return attrs.evolve(said, school_life=_RIGHTS[kind] is _SCHOOL_LIFE or staff)


def _teachers(persons: Iterable[str]) -> frozenset[str]:
    return frozenset(
        person.removeprefix("teacher:") for person in persons if person.startswith("teacher:")
    )
