"""Following what takes longer than one waits for an answer."""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import FROM_0
from pronote_protocol.catalogue.call import ADMINISTRATION, Call
from pronote_protocol.words import Right, WorkState


@attrs.frozen(kw_only=True)
class WorkRef:
    work: int = attrs.field(validator=FROM_0)


@attrs.frozen(kw_only=True)
class WorkShown:
    """
    Work that was begun: ask again until it is ``done`` or has ``failed``.

    Attributes:
        kind: What it is for.
        by: Who began it.
        step: What is being done now, for a person.
        done, total: Of the step, in a unit of its own; ``total`` 0: not known.
        code, fr, en: The refusal, when it failed.
        report: What came of it; the call that begins it tells the fields.
    """

    work: int
    kind: str
    by: str
    state: WorkState
    step: str
    done: int
    total: int
    code: str | None = None
    fr: str | None = None
    en: str | None = None
    report: dict[str, Any] = attrs.field(factory=dict)


SHOW_WORK: Final = Call(
    name="works.show",
    params=WorkRef,
    result=WorkShown,
    right=Right.SEE_BASES,
    modes=ADMINISTRATION,
    summary="Tell how far something that takes long has come; the last 32 are remembered.",
)
