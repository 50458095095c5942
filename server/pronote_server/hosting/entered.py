"""What a client is told that has come in."""

from __future__ import annotations

import functools
from typing import Final

from pronote_protocol.messages import Entered
from pronote_protocol.words import Mode, Right
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School

__all__ = ["NO_BASE", "shown"]

# What the session of a console says of its base, and of none.
NO_BASE: Final = "-"


@functools.lru_cache
def _in_order(rights: frozenset[Right]) -> tuple[Right, ...]:
    return tuple(sorted(rights, key=lambda right: right.value))


def shown(school: School, session: Session) -> Entered:
    """Return what a client is told whose *session* has begun, or goes on."""
    # A console is told of the base that is loaded, and of none.
    loaded = school.base if session.mode is Mode.HOSTING else school.base_in_service()
    if session.year is not None:
        loaded = school.previous.base_of(session.year)
    return Entered(
        session=session.id,
        mode=session.mode,
        access=session.access,
        state=session.state,
        name=session.name,
        base=NO_BASE if loaded is None else loaded.shown_name,
        school_year=0 if loaded is None else loaded.header.school_year,
        revision=0 if loaded is None else loaded.header.revision,
        rights=_in_order(session.rights),
        resume_token=session.token,
    )
