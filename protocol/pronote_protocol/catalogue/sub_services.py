"""Calls that make services by hand, and sub-services (*sous-services*) of services."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.catalogue.services import ServiceShown
from pronote_protocol.messages import Nothing
from pronote_protocol.words import EvaluatesIn, Mode, Right

_ADMINISTRATIVE: Final = frozenset({Mode.ADMINISTRATIVE})


@attrs.frozen(kw_only=True)
class CreateService:
    """
    A service that no lesson makes; a transfer of a timetable leaves it alone.

    Attributes:
        teacher_id: Nil: of nobody yet; a sub-service has its parent's then.
        class_id, group_id: Exactly one of them; of a sub-service neither: it has its
            parent's.
        parent_id: Makes it a sub-service of that one.
    """

    subject_id: int
    teacher_id: int | None = None
    class_id: int | None = None
    group_id: int | None = None
    parent_id: int | None = None
    coefficient: Decimal = Decimal(1)
    evaluates_in: EvaluatesIn = EvaluatesIn.BOTH


@attrs.frozen(kw_only=True)
class LinkService(ThingRef):
    """
    Make the service a part of another of the same class or group.

    There is one level only: a part has no parts. The parent is the older one of the two.
    """

    parent_id: int


CREATE_SERVICE: Final = Call(
    name="services.create",
    params=CreateService,
    result=ServiceShown,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Create a service by hand, or a sub-service of one.",
)
LINK_SERVICE: Final = Call(
    name="services.link",
    params=LinkService,
    result=ServiceShown,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Make a service a sub-service of another, in whose average it counts.",
)
UNLINK_SERVICE: Final = Call(
    name="services.unlink",
    params=ThingRef,
    result=ServiceShown,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Make a sub-service a service of its own again.",
)
DELETE_SERVICE: Final = Call(
    name="services.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Delete a service of no lesson, for which nothing was entered.",
)
