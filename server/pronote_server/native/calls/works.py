"""Answers on what takes longer than one waits for."""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue import works as calls
from pronote_protocol.words import WorkState
from pronote_server.hosting.long_work import Work
from pronote_server.native.calls.visit import Visit, answers


def show_work(visit: Visit, ref: calls.WorkRef) -> calls.WorkShown:
    return shown(visit.school.backups.work.get(ref.work))


def shown(work: Work) -> calls.WorkShown:
    """Return *work* as it travels."""
    refusal = work.refusal
    return calls.WorkShown(
        work=work.id,
        kind=work.kind,
        by=work.by,
        state=WorkState(work.state.value),
        step=work.step,
        done=work.done,
        total=work.total,
        code=None if refusal is None else refusal.code,
        fr=None if refusal is None else refusal.fr,
        en=None if refusal is None else refusal.en,
        report=_report(work.result),
    )


def _report(result: Any) -> dict[str, Any]:
    if result is None:
        return {}
    if not isinstance(result, dict):
        result = attrs.asdict(result)
    return {name: _plain(value) for name, value in result.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return getattr(value, "value", value)


ANSWERS: Final = (answers(calls.SHOW_WORK, show_work),)
