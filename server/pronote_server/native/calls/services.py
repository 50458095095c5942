"""Answers on services."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import services as calls
from pronote_server.hosting import services
from pronote_server.native.calls.visit import Visit, answers


async def list_services(visit: Visit, wish: calls.ListServices) -> Page[calls.ServiceRow]:
    return await services.list_services(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.ServiceRef) -> calls.ServiceShown:
    return await services.read_service(visit.school, visit.session, ref.id)


async def change(visit: Visit, wish: calls.ChangeService) -> calls.ServiceShown:
    return await services.change_service(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    answers(calls.LIST_SERVICES, list_services),
    answers(calls.READ_SERVICE, read),
    answers(calls.CHANGE_SERVICE, change),
)
