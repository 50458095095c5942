"""Calls on skills: what evaluations are about."""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.catalogue.sessions import ADMINISTRATIVE
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right

_CODE: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(40))
_NAME: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(200))
_DOMAIN: Final[Any] = attrs.validators.max_len(100)


@row
@attrs.frozen
class SkillRow:
    """A skill, in the domain of the reference frame it stands in."""

    id: int
    code: str
    name: str
    domain: str


@attrs.frozen(kw_only=True)
class ListSkills:
    """By domain, then code; ``search``: words in any order, case and accents ignored."""

    domain: str | None = attrs.field(default=None, validator=attrs.validators.optional(_DOMAIN))
    search: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class CreateSkill:
    """No two skills have the same code."""

    code: str = attrs.field(validator=[*_CODE])
    name: str = attrs.field(validator=[*_NAME])
    domain: str = attrs.field(default="", validator=_DOMAIN)


@attrs.frozen(kw_only=True)
class ChangeSkill:
    """What is nil stays as it is; the code always does."""

    id: int
    name: str | None = attrs.field(default=None, validator=attrs.validators.optional([*_NAME]))
    domain: str | None = attrs.field(default=None, validator=attrs.validators.optional(_DOMAIN))


@attrs.frozen(kw_only=True)
class SkillRef:
    id: int


@attrs.frozen(kw_only=True)
class SkillShown:
    skill: SkillRow


LIST_SKILLS: Final = Call(
    name="skills.list",
    params=ListSkills,
    result=Page[SkillRow],
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="List the skills evaluations can be about.",
)
CREATE_SKILL: Final = Call(
    name="skills.create",
    params=CreateSkill,
    result=SkillShown,
    right=Right.SCHOOL_SETTINGS,
    modes=ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Create a skill.",
)
CHANGE_SKILL: Final = Call(
    name="skills.change",
    params=ChangeSkill,
    result=SkillShown,
    right=Right.SCHOOL_SETTINGS,
    modes=ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Change the name or the domain of a skill.",
)
DELETE_SKILL: Final = Call(
    name="skills.delete",
    params=SkillRef,
    result=Nothing,
    right=Right.SCHOOL_SETTINGS,
    modes=ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Delete a skill no evaluation is about.",
)
