"""
What of the base a session may touch: a teacher his services and their pupils, others all.

What is not for a session to see does not exist for it: it is *not found*, like what really
does not exist, so that asking tells nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import Mode
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import teacher_code
from pronote_server.storage.base_services import ServiceLine, pupils_of_service, services_of

__all__ = ["check_pupil", "service_of", "services_for"]


def services_for(
    conn: Connection,
    session: Session,
    *,
    class_id: int | None = None,
    group_id: int | None = None,
    service_id: int | None = None,
) -> list[ServiceLine]:
    """Return the services *session* may see, narrowed as `services_of` does."""
    code = teacher_code(session)
    if session.mode is Mode.TEACHER and code is None:
        return []
    return services_of(
        conn,
        teacher_code=code if session.mode is Mode.TEACHER else None,
        class_id=class_id,
        group_id=group_id,
        service_id=service_id,
    )


def service_of(conn: Connection, session: Session, service_id: int) -> ServiceLine:
    """
    Return that service, if it is for *session* to see.

    Raises:
        NotFound: It is not, or there is none.
    """
    found = services_for(conn, session, service_id=service_id)
    if not found:
        raise NotFound(what=f"service {service_id}")
    return found[0]


def check_pupil(
    conn: Connection, session: Session, pupil_id: int, service_id: int | None = None
) -> None:
    """
    Make sure that *session* may touch this pupil.

    Args:
        service_id: The pupil must be of this service, whoever asks.

    Raises:
        NotFound: He is not for *session* to see.
    """
    if service_id is not None:
        services = [service_id]
    elif session.mode is Mode.TEACHER:
        services = [service.id for service in services_for(conn, session)]
    else:
        return
    for each in services:
        if any(pupil.id == pupil_id for pupil in pupils_of_service(conn, each)):
            return
    raise NotFound(what=f"pupil {pupil_id}")
