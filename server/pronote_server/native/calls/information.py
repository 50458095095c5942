"""Answers on information and surveys."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import information as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import information
from pronote_server.native.calls.visit import Visit, answers


async def list_information(
    visit: Visit, wish: calls.ListInformation
) -> Page[calls.InformationRow]:
    return await information.list_information(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.InformationRef) -> calls.InformationShown:
    return await information.read(visit.school, visit.session, ref.id)


async def publish(visit: Visit, wish: calls.PublishInformation) -> calls.InformationShown:
    return await information.publish(visit.school, visit.session, visit.key, wish)


async def acknowledge(
    visit: Visit, wish: calls.AcknowledgeInformation
) -> calls.InformationShown:
    return await information.acknowledge(visit.school, visit.session, visit.key, wish)


async def delete(visit: Visit, wish: calls.DeleteInformation) -> Nothing:
    return await information.delete(visit.school, visit.session, visit.key, wish)


async def read_results(visit: Visit, wish: calls.ReadResults) -> calls.ResultsShown:
    return await information.read_results(visit.school, visit.session, wish)


ANSWERS: Final = (
    answers(calls.LIST_INFORMATION, list_information),
    answers(calls.READ_INFORMATION, read),
    answers(calls.PUBLISH_INFORMATION, publish),
    answers(calls.ACKNOWLEDGE_INFORMATION, acknowledge),
    answers(calls.DELETE_INFORMATION, delete),
    answers(calls.READ_RESULTS, read_results),
)
