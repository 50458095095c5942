"""
Putting the base that is loaded in service, and stopping (fiches 4 and 9).

A base that was created or loaded serves nobody until it is put in service; the first time,
the password of the supervisor (SPR) is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_protocol.words import BaseState, Farewell
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting import connections, exclusive_use, passwords
from pronote_server.hosting.farewells import announcement
from pronote_server.hosting.school import PlannedStop, School
from pronote_server.storage.known_bases import note_service
from pronote_server.storage.settings import put_setting

__all__ = [
    "begin_stop",
    "doing",
    "finish_stop",
    "put_in_service",
    "stop",
    "stop_is_due",
]

log = structlog.get_logger()

# The disk that hangs is told, rather than waited for with the base in between.
_KEEPING_SECONDS: Final = 30.0
_TRY_AGAIN_SECONDS: Final = 5.0


@contextmanager
def doing(school: School, command: BaseCommand, *, alone: bool = False) -> Iterator[None]:
    """
    Have the base to oneself for *command*, as `domain.base_states` rules it.

    Args:
        alone: Also for a command that leaves the base as it is: nothing else begins.

    The check and the claim are one step: no `await` comes between. Only one thing at a time is
    under way, and the state is looked at anew after it, whatever came of it.

    Raises:
        Conflict: It may not begin now; nothing was done.
    """
    rule = begin(school.base_state, command)
    during = BaseState.CHANGING if alone else rule.during
    if during is None:
        yield
        return
    school.base_activity = during
    try:
        yield
    finally:
        school.base_activity = None


async def put_in_service(
    school: School, supervisor_password: str | None, *, by: str, address: str | None = None
) -> None:
    """
    Let clients enter the base that is loaded (fiche 4, *mettre en service*).

    Args:
        supervisor_password: Needed the first time, and refused afterwards.

    Raises:
        Conflict: No base is loaded, it is in service already, or the password is missing
            or not asked for.
        PasswordRefused: The password breaks rules; nothing is changed.
    """
    with doing(school, BaseCommand.PUT_IN_SERVICE):
        supervisor = school.directory.supervisor
        assert supervisor is not None, "a school is created with its supervisor"
        if supervisor.credentials is None:
            if supervisor_password is None:
                raise Conflict(
                    "Première mise en service : définissez le mot de passe du superviseur "
                    "(SPR).",
                    "First putting into service: set the supervisor's (SPR) password.",
                )
            await passwords.personalise(school, supervisor.id, supervisor_password, address)
        elif supervisor_password is not None:
            raise Conflict(
                "Le mot de passe du superviseur est déjà défini.",
                "The supervisor's password is set already.",
            )
        with trio.fail_after(_KEEPING_SECONDS, shield=True):
            assert school.base is not None, "or it could not be put in service"
            file, now = school.base.file.name, school.now()

            def keep(conn: Connection) -> None:
                put_setting(conn, "base.in_service", True)
                note_service(conn, file, now, by)

            await school.records.write(keep)
            school.in_service = True
            await school.journal.record("base.put_in_service", by, address, base=_name(school))


def begin_stop(
    school: School,
    *,
    by: str,
    address: str | None = None,
    delay_seconds: float,
    message: str | None = None,
) -> None:
    """
    Announce that the base is taken out of service; `finish_stop` does it when it `is_due`.

    For who does not wait: an administrator who is cut meanwhile has stopped the server.

    Raises:
        Conflict: It is not in service.
    """
    begin(school.base_state, BaseCommand.STOP)
    school.base_activity = BaseState.STOPPING
    school.planned_stop = PlannedStop(trio.current_time() + delay_seconds, by, address, message)
    exclusive_use.broadcast(
        school, announcement(Farewell.BASE_CLOSED, delay_seconds, message=message)
    )


def stop_is_due(school: School, transport_now: float) -> bool:
    """Whether `finish_stop` is to be called now."""
    planned = school.planned_stop
    return planned is not None and planned.at <= transport_now


async def finish_stop(school: School) -> None:
    """Carry out what was announced; a disk that fails is logged, and it is tried again."""
    planned, school.planned_stop = school.planned_stop, None
    if planned is None:
        return
    try:
        await _take_out(school, planned.by, planned.address, planned.message)
        school.base_activity = None
    except Exception as error:
        log.error("base.not_stopped", exc_info=error)
        again = trio.current_time() + _TRY_AGAIN_SECONDS
        school.planned_stop = PlannedStop(again, planned.by, planned.address, planned.message)


async def stop(
    school: School,
    *,
    by: str,
    address: str | None = None,
    delay_seconds: float = 0.0,
    message: str | None = None,
) -> None:
    """
    Take the base out of service: its sessions are warned, then ended (*Arrêter le serveur*).

    Cancelled before the delay is over, it is called off, and the base stays in service.

    Raises:
        Conflict: It is not in service.
    """
    with doing(school, BaseCommand.STOP):
        if delay_seconds > 0:
            exclusive_use.broadcast(
                school,
                announcement(Farewell.BASE_CLOSED, delay_seconds, message=message),
            )
            await trio.sleep(delay_seconds)
        await _take_out(school, by, address, message)


async def _take_out(school: School, by: str, address: str | None, message: str | None) -> None:
    with trio.fail_after(_KEEPING_SECONDS, shield=True):
        await school.keep("base.in_service", False)
        school.in_service = False
        connections.end_all(school, Farewell.BASE_CLOSED, message=message)
        await school.journal.record("base.stopped", by, address, base=_name(school))


def _name(school: School) -> str | None:
    return school.base.header.name if school.base is not None else None
