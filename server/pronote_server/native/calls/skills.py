"""Answers on skills."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import skills as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import skills
from pronote_server.native.calls.visit import Visit, answers


async def list_skills(visit: Visit, wish: calls.ListSkills) -> Page[calls.SkillRow]:
    return await skills.list_skills(visit.school, wish)


async def create(visit: Visit, wish: calls.CreateSkill) -> calls.SkillShown:
    return await skills.create_skill(visit.school, visit.session, wish, visit.key)


async def change(visit: Visit, wish: calls.ChangeSkill) -> calls.SkillShown:
    return await skills.change_skill(visit.school, visit.session, wish, visit.key)


async def delete(visit: Visit, wish: calls.SkillRef) -> Nothing:
    return await skills.delete_skill(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    answers(calls.LIST_SKILLS, list_skills),
    answers(calls.CREATE_SKILL, create),
    answers(calls.CHANGE_SKILL, change),
    answers(calls.DELETE_SKILL, delete),
)
