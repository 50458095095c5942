"""Answers on assessments."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import assessments as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import assessments
from pronote_server.native.calls.visit import Visit, answers


async def list_assessments(
    visit: Visit, wish: calls.ListAssessments
) -> Page[calls.AssessmentRow]:
    return await assessments.list_assessments(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.AssessmentRef) -> calls.AssessmentShown:
    return await assessments.read_assessment(visit.school, visit.session, ref.id)


async def create(visit: Visit, wish: calls.CreateAssessment) -> calls.AssessmentShown:
    return await assessments.create_assessment(visit.school, visit.session, wish, visit.key)


async def change(visit: Visit, wish: calls.ChangeAssessment) -> calls.AssessmentShown:
    return await assessments.change_assessment(visit.school, visit.session, wish, visit.key)


async def delete(visit: Visit, wish: calls.DeleteAssessment) -> Nothing:
    return await assessments.delete_assessment(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    answers(calls.LIST_ASSESSMENTS, list_assessments),
    answers(calls.READ_ASSESSMENT, read),
    answers(calls.CREATE_ASSESSMENT, create),
    answers(calls.CHANGE_ASSESSMENT, change),
    answers(calls.DELETE_ASSESSMENT, delete),
)
