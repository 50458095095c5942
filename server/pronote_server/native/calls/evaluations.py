"""Answers on evaluations, levels and positions."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import evaluations as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import evaluations, levels
from pronote_server.native.calls.visit import Visit, answers


async def list_evaluations(
    visit: Visit, wish: calls.ListEvaluations
) -> Page[calls.EvaluationRow]:
    return await evaluations.list_evaluations(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.EvaluationRef) -> calls.EvaluationShown:
    return await evaluations.read_evaluation(visit.school, visit.session, ref.id)


async def create(visit: Visit, wish: calls.CreateEvaluation) -> calls.EvaluationShown:
    return await evaluations.create_evaluation(visit.school, visit.session, wish, visit.key)


async def change(visit: Visit, wish: calls.ChangeEvaluation) -> calls.EvaluationShown:
    return await evaluations.change_evaluation(visit.school, visit.session, wish, visit.key)


async def delete(visit: Visit, wish: calls.DeleteEvaluation) -> Nothing:
    return await evaluations.delete_evaluation(visit.school, visit.session, wish, visit.key)


async def read_levels(visit: Visit, wish: calls.ReadLevels) -> calls.LevelsShown:
    return await levels.read_levels(visit.school, visit.session, wish)


async def enter_levels(visit: Visit, wish: calls.EnterLevels) -> calls.LevelsEntered:
    return await levels.enter_levels(visit.school, visit.session, wish, visit.key)


async def read_positions(visit: Visit, wish: calls.ReadPositions) -> calls.PositionsShown:
    return await levels.read_positions(visit.school, visit.session, wish)


ANSWERS: Final = (
    answers(calls.LIST_EVALUATIONS, list_evaluations),
    answers(calls.READ_EVALUATION, read),
    answers(calls.CREATE_EVALUATION, create),
    answers(calls.CHANGE_EVALUATION, change),
    answers(calls.DELETE_EVALUATION, delete),
    answers(calls.READ_LEVELS, read_levels),
    answers(calls.ENTER_LEVELS, enter_levels),
    answers(calls.READ_POSITIONS, read_positions),
)
