"""Answers on discussions."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import discussions as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import discussions
from pronote_server.native.calls.visit import Visit, answers


def list_people(visit: Visit, wish: calls.ListPeople) -> Page[calls.PersonRow]:
    return discussions.list_people(visit.school, visit.session, wish)


async def list_discussions(
    visit: Visit, wish: calls.ListDiscussions
) -> Page[calls.DiscussionRow]:
    return await discussions.list_discussions(visit.school, visit.session, wish)


async def read(visit: Visit, ref: calls.DiscussionRef) -> calls.DiscussionShown:
    return await discussions.read(visit.school, visit.session, ref.id)


async def list_messages(visit: Visit, wish: calls.ListMessages) -> Page[calls.MessageRow]:
    return await discussions.list_messages(visit.school, visit.session, wish)


async def start(visit: Visit, wish: calls.StartDiscussion) -> calls.DiscussionShown:
    return await discussions.start(visit.school, visit.session, visit.key, wish)


async def post(visit: Visit, wish: calls.PostMessage) -> calls.MessageShown:
    return await discussions.post(visit.school, visit.session, visit.key, wish)


async def mark_read(visit: Visit, wish: calls.MarkRead) -> Nothing:
    return await discussions.mark_read(visit.school, visit.session, visit.key, wish)


async def leave(visit: Visit, ref: calls.DiscussionRef) -> Nothing:
    return await discussions.leave(visit.school, visit.session, visit.key, ref)


ANSWERS: Final = (
    answers(calls.LIST_PEOPLE, list_people),
    answers(calls.LIST_DISCUSSIONS, list_discussions),
    answers(calls.READ_DISCUSSION, read),
    answers(calls.LIST_MESSAGES, list_messages),
    answers(calls.START_DISCUSSION, start),
    answers(calls.POST_MESSAGE, post),
    answers(calls.MARK_READ, mark_read),
    answers(calls.LEAVE_DISCUSSION, leave),
)
