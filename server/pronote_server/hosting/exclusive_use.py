"""
Exclusive use of the base, and what it does to everybody else's session.

The holder writes; the others are put into consultation and keep their seats, since they
write again afterwards. Whoever is concerned is told at once.
"""

from __future__ import annotations

from pronote_protocol.conversation import encode_event
from pronote_protocol.errors import ReadOnly
from pronote_protocol.messages import AccessChanged, BaseChanged, ExclusiveChanged
from pronote_protocol.words import Access, Mode
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School
from pronote_server.storage.copying import copy_beside

__all__ = [
    "begin_exclusive",
    "broadcast",
    "check_may_write",
    "end_exclusive",
    "forget_copy",
    "is_forced",
    "leave_exclusive",
]


def check_may_write(school: School, session: Session) -> None:
    """
    Raises:
        ReadOnly: The session is in consultation.
        ExclusiveUse: Somebody else has the base for himself.
    """
    if session.access is Access.CONSULTATION:
        raise ReadOnly()
    school.exclusive.check_write(session.id)


def begin_exclusive(school: School, session: Session) -> None:
    """
    Give *session* the base for itself; everybody else is told and reads only.

    Raises:
        ExclusiveUse, Conflict: Somebody has it, or the session already does.
    """
    school.exclusive.begin(session.id, session.name)
    session.exclusive = True
    school.journal.note("exclusive.began", session.name, session.address, session=session.id)
    _tell(school)


def end_exclusive(school: School, session: Session) -> None:
    """
    Let the others write again.

    Raises:
        Conflict: This session does not have the base for itself.
    """
    school.exclusive.end(session.id)
    session.exclusive = False
    forget_copy(school)
    school.journal.note("exclusive.ended", session.name, session.address, session=session.id)
    _tell(school)


def is_forced(school: School, session: Session) -> bool:
    return (
        school.exclusive.holder not in (None, session.id)
        and session.access is Access.MODIFICATION
        and session.mode is not Mode.HOSTING
    )


def _tell(school: School) -> None:
    school.news.finish()  # of what was entered before
    news = encode_event(ExclusiveChanged(holder=school.exclusive.holder_name))
    for session in school.sessions:
        if session.year is not None:
            continue
        session.exclusive = session.id == school.exclusive.holder
        forced = is_forced(school, session)
        if session.link is not None:
            session.link.tell(news)
        if forced is not session.forced:
            session.forced = forced
            if session.link is not None:
                changed = AccessChanged(access=session.access, state=session.state)
                session.link.tell(encode_event(changed))


def leave_exclusive(school: School, session: Session) -> None:
    """End the exclusive use of a session that ends, if it has it."""
    if school.exclusive.leave(session.id):
        session.exclusive = False
        forget_copy(school)
        _tell(school)


def forget_copy(school: School) -> None:
    """
    Remove the copy of the base that `exclusive_work` may have made.

    By the writer, behind the last entry and ahead of the next copy: nobody waits for it.
    """
    if school.base is not None:
        copy = copy_beside(school.base.file)
        school.base.database.post(lambda conn: copy.unlink(missing_ok=True))


def broadcast(school: School, event: object) -> None:
    """Tell every connected session *event*, encoded once; a previous year never changes."""
    school.news.finish()  # of what was entered before
    frame = encode_event(event)
    of_the_base = isinstance(event, BaseChanged)
    for session in school.sessions:
        if session.link is not None and not (of_the_base and session.year is not None):
            session.link.tell(frame)
