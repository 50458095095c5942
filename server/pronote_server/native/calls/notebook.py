"""Answers on the homework notebook."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import notebook as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import notebook
from pronote_server.native.calls.visit import Visit, answers


async def list_entries(visit: Visit, wish: calls.ListNotebook) -> Page[calls.NotebookRow]:
    return await notebook.list_entries(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.NotebookRef) -> calls.NotebookShown:
    return await notebook.read(visit.school, visit.session, ref.id)


async def enter(visit: Visit, wish: calls.EnterNotebook) -> calls.NotebookShown:
    return await notebook.enter_lesson(visit.school, visit.session, visit.key, wish)


async def change(visit: Visit, wish: calls.ChangeNotebook) -> calls.NotebookShown:
    return await notebook.change(visit.school, visit.session, visit.key, wish)


async def delete(visit: Visit, wish: calls.DeleteNotebook) -> Nothing:
    return await notebook.delete(visit.school, visit.session, visit.key, wish)


async def list_homework(visit: Visit, wish: calls.ListHomework) -> Page[calls.HomeworkDueRow]:
    return await notebook.list_homework(visit.school, visit.session, wish)


ANSWERS: Final = (
    answers(calls.LIST_NOTEBOOK, list_entries),
    answers(calls.READ_NOTEBOOK, read),
    answers(calls.ENTER_NOTEBOOK, enter),
    answers(calls.CHANGE_NOTEBOOK, change),
    answers(calls.DELETE_NOTEBOOK, delete),
    answers(calls.LIST_HOMEWORK, list_homework),
)
