"""
Calls on the people of a base: teachers, pupils, guardians, staff and its functions.

A change says everything the thing shall be from now on; its code stays. Nothing is deleted
that something else relies on: the refusal (``conflict``) counts in ``relies`` what does, by
table.
"""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.resource_calls import (
    REQUIRED,
    SETTINGS_MODES,
    ListThings,
    NewThing,
    resource_calls,
)
from pronote_protocol.catalogue.school_life import OFFICE, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Kinship, Right

_SHORT: Final[Any] = attrs.validators.max_len(60)
_ADDRESS: Final[Any] = attrs.validators.optional(
    [attrs.validators.min_len(1), attrs.validators.max_len(120)]
)


# ---------------------------------------------------------------------------- teachers


@row
@attrs.frozen
class TeacherRow:
    id: int
    code: str
    last_name: str
    first_name: str
    civility: str
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class Teacher:
    """``civility``: ``M.``, ``Mme``, or whatever the school writes."""

    last_name: str = attrs.field(validator=[*REQUIRED])
    first_name: str = attrs.field(default="", validator=_SHORT)
    civility: str = attrs.field(default="", validator=_SHORT)


@attrs.frozen(kw_only=True)
class CreateTeacher(Teacher, NewThing):
    """A teacher who has no account and no lesson yet."""


@attrs.frozen(kw_only=True)
class ChangeTeacher(Teacher, ThingRef):
    """Everything he shall be from now on."""


TEACHERS: Final = resource_calls(
    "teachers",
    one="a teacher",
    several="teachers",
    row=TeacherRow,
    wish=ListThings,
    new=CreateTeacher,
    changed=ChangeTeacher,
    unless=", unless he has lessons, services or an account, or entered something",
)


# ------------------------------------------------------------------------------- pupils


@row
@attrs.frozen
class PupilRow:
    """``class_name`` is empty without a class; with ``left_on`` he is a former pupil."""

    id: int
    code: str
    last_name: str
    first_name: str
    class_id: int | None
    class_name: str
    born: datetime.date | None
    left_on: datetime.date | None
    revision: int


@attrs.frozen(kw_only=True)
class ListPupils(ListThings):
    """
    Present pupils, or former ones.

    Attributes:
        class_id, group_id: Only of this class; only members of this group.
        former: Those who have left, instead of those who are there.
    """

    class_id: int | None = None
    group_id: int | None = None
    former: bool = False


@attrs.frozen(kw_only=True, slots=False)
class Pupil:
    """
    What a pupil is.

    Attributes:
        class_id: Who changes class leaves the groups that are of other classes only.
        left_on: Who has left is in no class, and leaves all groups.
    """

    last_name: str = attrs.field(validator=[*REQUIRED])
    first_name: str = attrs.field(default="", validator=_SHORT)
    class_id: int | None = None
    born: datetime.date | None = None
    left_on: datetime.date | None = None


@attrs.frozen(kw_only=True)
class CreatePupil(Pupil, NewThing):
    """A pupil; his guardians and groups are given to him apart."""


@attrs.frozen(kw_only=True)
class ChangePupil(Pupil, ThingRef):
    """Everything he shall be from now on."""


PUPILS: Final = resource_calls(
    "pupils",
    one="a pupil",
    several="pupils",
    row=PupilRow,
    wish=ListPupils,
    new=CreatePupil,
    changed=ChangePupil,
    unless=", unless something was entered about him; his links to groups and guardians, his "
    "photo and his documents go with him",
)


# ---------------------------------------------------------------------------- guardians


@row
@attrs.frozen
class GuardianRow:
    """``pupils``: how many he answers for."""

    id: int
    code: str
    last_name: str
    first_name: str
    email: str | None
    phone: str | None
    pupils: int
    revision: int


@attrs.frozen(kw_only=True)
class ListGuardians(ListThings):
    """``pupil_id``: only those of this pupil."""

    pupil_id: int | None = None


@attrs.frozen(kw_only=True, slots=False)
class Guardian:
    """Somebody who answers for pupils (*responsable*)."""

    last_name: str = attrs.field(validator=[*REQUIRED])
    first_name: str = attrs.field(default="", validator=_SHORT)
    email: str | None = attrs.field(default=None, validator=_ADDRESS)
    phone: str | None = attrs.field(default=None, validator=_ADDRESS)


@attrs.frozen(kw_only=True)
class CreateGuardian(Guardian, NewThing):
    """A guardian; ``guardian_links.put`` says of whom."""


@attrs.frozen(kw_only=True)
class ChangeGuardian(Guardian, ThingRef):
    """Everything he shall be from now on."""


GUARDIANS: Final = resource_calls(
    "guardians",
    one="a guardian",
    several="guardians",
    row=GuardianRow,
    wish=ListGuardians,
    new=CreateGuardian,
    changed=ChangeGuardian,
    unless=", unless he is somebody's: delete the links first",
)


@row
@attrs.frozen
class GuardianLinkRow:
    """A guardian of a pupil; see ``guardian_links.put``."""

    pupil_id: int
    pupil: str
    class_name: str
    guardian_id: int
    guardian: str
    kinship: Kinship
    legal: bool
    contact: bool
    revision: int


@attrs.frozen(kw_only=True)
class ListGuardianLinks:
    """By pupil, then guardian; ``pupil_id``, ``guardian_id``: only of these."""

    pupil_id: int | None = None
    guardian_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class PutGuardianLink:
    """
    What the guardian is to the pupil, instead of what he was; a pupil has at most 10.

    Attributes:
        legal: He holds parental authority (*responsable légal*); a pupil has at most two.
        contact: The school writes to him, and calls him, about this pupil.
        if_revision: The revision the link was read at; 0: there was none.
    """

    pupil_id: int
    guardian_id: int
    kinship: Kinship = Kinship.OTHER
    legal: bool = False
    contact: bool = False
    if_revision: int | None = None


@attrs.frozen(kw_only=True)
class GuardianLinkRef:
    """``if_revision``: the revision the link was read at; nil does not ask."""

    pupil_id: int
    guardian_id: int
    if_revision: int | None = None


LIST_GUARDIAN_LINKS: Final = Call(
    name="guardian_links.list",
    params=ListGuardianLinks,
    result=Page[GuardianLinkRow],
    right=Right.READ_RESOURCES,
    modes=OFFICE,
    summary="List who is whose guardian.",
)
PUT_GUARDIAN_LINK: Final = Call(
    name="guardian_links.put",
    params=PutGuardianLink,
    result=GuardianLinkRow,
    right=Right.MANAGE_RESOURCES,
    modes=SETTINGS_MODES,
    writes=True,
    keyed=True,
    summary="Make somebody a pupil's guardian, or change what he is to the pupil.",
)
DELETE_GUARDIAN_LINK: Final = Call(
    name="guardian_links.delete",
    params=GuardianLinkRef,
    result=Nothing,
    right=Right.MANAGE_RESOURCES,
    modes=SETTINGS_MODES,
    writes=True,
    keyed=True,
    summary="Say that somebody is a pupil's guardian no more.",
)


# -------------------------------------------------------------------------------- staff


@row
@attrs.frozen
class FunctionRow:
    id: int
    code: str
    name: str
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class Function:
    """What members of the staff are (*fonction*): CPE, nurse, secretary."""

    name: str = attrs.field(validator=[*REQUIRED])


@attrs.frozen(kw_only=True)
class CreateFunction(Function, NewThing):
    """A function, of nobody yet."""


@attrs.frozen(kw_only=True)
class ChangeFunction(Function, ThingRef):
    """What it shall be called, by all who have it."""


FUNCTIONS: Final = resource_calls(
    "functions",
    one="a function",
    several="the functions of the staff",
    row=FunctionRow,
    wish=ListThings,
    new=CreateFunction,
    changed=ChangeFunction,
    unless=", unless somebody has it",
)


@row
@attrs.frozen
class StaffRow:
    """``function`` is the name of the function, empty without one."""

    id: int
    code: str
    last_name: str
    first_name: str
    function_id: int | None
    function: str
    revision: int


@attrs.frozen(kw_only=True)
class ListStaff(ListThings):
    """``function_id``: only who has this function."""

    function_id: int | None = None


@attrs.frozen(kw_only=True, slots=False)
class StaffMember:
    """A member of the staff (*personnel*)."""

    last_name: str = attrs.field(validator=[*REQUIRED])
    first_name: str = attrs.field(default="", validator=_SHORT)
    function_id: int | None = None


@attrs.frozen(kw_only=True)
class CreateStaffMember(StaffMember, NewThing):
    """A member of the staff who has no account yet."""


@attrs.frozen(kw_only=True)
class ChangeStaffMember(StaffMember, ThingRef):
    """Everything he shall be from now on."""


STAFF: Final = resource_calls(
    "staff",
    one="a member of the staff",
    several="the staff",
    row=StaffRow,
    wish=ListStaff,
    new=CreateStaffMember,
    changed=ChangeStaffMember,
    unless=", unless he has an account or entered something",
)
