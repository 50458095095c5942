"""Skills: the school's list of what evaluations can be about."""

from __future__ import annotations

from typing import Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import skills as calls
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import EVERYBODY, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage import base_skills as kept

__all__ = ["change_skill", "create_skill", "delete_skill", "list_skills", "skill_row"]

_FAMILY: Final = "skills"


def skill_row(line: kept.SkillLine) -> calls.SkillRow:
    return calls.SkillRow(**attrs.asdict(line))


async def list_skills(school: School, wish: calls.ListSkills) -> Page[calls.SkillRow]:
    """Return a page of the skills, by domain and code."""

    def read(conn: Connection) -> Page[calls.SkillRow]:
        words = fold(wish.search or "").split()
        lines = [
            line
            for line in kept.skills(conn)
            if (wish.domain is None or fold(line.domain) == fold(wish.domain))
            and all(word in fold(f"{line.code} {line.name} {line.domain}") for word in words)
        ]
        page = lines[wish.offset : wish.offset + wish.limit]
        return Page(total=len(lines), offset=wish.offset, rows=tuple(map(skill_row, page)))

    return await school.base_in_service().database.read(read)


async def create_skill(
    school: School, session: Session, wish: calls.CreateSkill, key: str | None
) -> calls.SkillShown:
    """
    Raises:
        BadRequest: The code or the name is blank.
        Conflict: Another one has that code.
    """

    def command(entry: Entry) -> calls.SkillShown:
        code, name, domain = _text(wish.code), _text(wish.name), wish.domain.strip()
        if kept.skill_with_code(entry.conn, code) is not None:
            raise Conflict(
                "La compétence {taken} existe déjà.", "Skill {taken} exists.", taken=code
            )
        id_ = kept.insert_skill(entry.conn, code, name, domain)
        line = kept.SkillLine(id=id_, code=code, name=name, domain=domain)
        _note(entry, None, line)
        return calls.SkillShown(skill=skill_row(line))

    return await enter(school, session, calls.CREATE_SKILL, key, command)


async def change_skill(
    school: School, session: Session, wish: calls.ChangeSkill, key: str | None
) -> calls.SkillShown:
    """
    Raises:
        NotFound: There is none.
        BadRequest: The name is blank.
    """

    def command(entry: Entry) -> calls.SkillShown:
        old = _the_skill(entry.conn, wish.id)
        new = attrs.evolve(
            old,
            name=old.name if wish.name is None else _text(wish.name),
            domain=old.domain if wish.domain is None else wish.domain.strip(),
        )
        if new != old:
            kept.update_skill(entry.conn, new)
            _note(entry, old, new)
        return calls.SkillShown(skill=skill_row(new))

    return await enter(school, session, calls.CHANGE_SKILL, key, command)


async def delete_skill(
    school: School, session: Session, wish: calls.SkillRef, key: str | None
) -> Nothing:
    """
    Raises:
        NotFound: There is none.
        Conflict: Evaluations are about it.
    """

    def command(entry: Entry) -> Nothing:
        old = _the_skill(entry.conn, wish.id)
        count = kept.evaluations_with(entry.conn, old.id)
        if count:
            raise Conflict(
                "{count} évaluations portent sur cette compétence.",
                "{count} evaluations are about this skill.",
                count=count,
            )
        kept.delete_skill(entry.conn, old.id)
        _note(entry, old, None)
        return Nothing()

    return await enter(school, session, calls.DELETE_SKILL, key, command)


def _the_skill(conn: Connection, skill_id: int) -> kept.SkillLine:
    found = kept.skill(conn, skill_id)
    if found is None:
        raise NotFound(what=f"skill {skill_id}")
    return found


def _text(given: str) -> str:
    text = given.strip()
    if not text:
        raise BadRequest(
            "Une compétence a besoin d'un code et d'un nom.",
            "A skill needs a code and a name.",
        )
    return text


def _note(entry: Entry, old: kept.SkillLine | None, new: kept.SkillLine | None) -> None:
    line = new or old
    assert line is not None
    entry.changed(
        _FAMILY,
        "skill",
        line.id,
        None if old is None else attrs.asdict(old),
        None if new is None else attrs.asdict(new),
        EVERYBODY,
    )
