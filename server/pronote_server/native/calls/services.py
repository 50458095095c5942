"""Answers on services."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import services as calls
from pronote_protocol.catalogue import sub_services as by_hand
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import services, sub_services
from pronote_server.native.calls.visit import Visit, answers, reads
from pronote_server.storage.short_reads import Query


def list_services(visit: Visit, wish: calls.ListServices) -> Query[Page[calls.ServiceRow]]:
    return services.list_services(visit.session, wish)


def is_short_list(visit: Visit, wish: calls.ListServices) -> bool:
    return services.is_short_list(visit.session, wish)


async def read(visit: Visit, ref: calls.ServiceRef) -> calls.ServiceShown:
    return await services.read_service(visit.school, visit.session, ref.id)


async def change(visit: Visit, wish: calls.ChangeService) -> calls.ServiceShown:
    return await services.change_service(visit.school, visit.session, wish, visit.key)


async def set_coefficient(visit: Visit, wish: calls.SetCoefficient) -> calls.ServiceShown:
    return await services.set_coefficient(visit.school, visit.session, wish, visit.key)


async def create(visit: Visit, wish: by_hand.CreateService) -> calls.ServiceShown:
    return await sub_services.create_service(visit.school, visit.session, wish, visit.key)


async def link(visit: Visit, wish: by_hand.LinkService) -> calls.ServiceShown:
    return await sub_services.link_service(visit.school, visit.session, wish, visit.key)


async def unlink(visit: Visit, ref: ThingRef) -> calls.ServiceShown:
    return await sub_services.unlink_service(visit.school, visit.session, ref, visit.key)


async def delete(visit: Visit, ref: ThingRef) -> Nothing:
    return await sub_services.delete_service(visit.school, visit.session, ref, visit.key)


ANSWERS: Final = (
    reads(calls.LIST_SERVICES, list_services, is_short_list),
    answers(calls.READ_SERVICE, read),
    answers(calls.CHANGE_SERVICE, change),
    answers(calls.SET_COEFFICIENT, set_coefficient),
    answers(by_hand.CREATE_SERVICE, create),
    answers(by_hand.LINK_SERVICE, link),
    answers(by_hand.UNLINK_SERVICE, unlink),
    answers(by_hand.DELETE_SERVICE, delete),
)
