"""
Putting the base that is loaded in service, and stopping (fiches 4 and 9).

A base that was created or loaded serves nobody until it is put in service; the first time,
the password of the supervisor (SPR) is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import trio

from pronote_protocol.errors import Conflict
from pronote_protocol.words import Farewell
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting import connections, exclusive_use, passwords
from pronote_server.hosting.farewells import announcement
from pronote_server.hosting.school import School

__all__ = ["doing", "put_in_service", "stop"]

# The disk that hangs is told, rather than waited for with the base in between.
_KEEPING_SECONDS: Final = 30.0


@contextmanager
def doing(school: School, command: BaseCommand) -> Iterator[None]:
    """
    Have the base to oneself for *command*, as `domain.base_states` rules it.

    The check and the claim are one step: no `await` comes between. Only one thing at a time is
    under way, and the state is looked at anew after it, whatever came of it.

    Raises:
        Conflict: It may not begin now; nothing was done.
    """
    rule = begin(school.base_state, command)
    if rule.during is None:
        yield
        return
    school.base_activity = rule.during
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
            await school.keep("base.in_service", True)
            school.in_service = True
            await school.journal.record("base.put_in_service", by, address, base=_name(school))


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
        with trio.fail_after(_KEEPING_SECONDS, shield=True):
            await school.keep("base.in_service", False)
            school.in_service = False
            connections.end_all(school, Farewell.BASE_CLOSED, message=message)
            await school.journal.record("base.stopped", by, address, base=_name(school))


def _name(school: School) -> str | None:
    return school.base.header.name if school.base is not None else None
