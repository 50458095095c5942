"""Answers on the change of version."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import version as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import version_plans
from pronote_server.native.calls.visit import Visit, answers


def show_version(visit: Visit, _: Nothing) -> calls.VersionShown:
    return version_plans.show_version(visit.school)


async def plan_version(visit: Visit, wish: calls.PlanVersion) -> calls.VersionShown:
    return await version_plans.plan_version(visit.school, wish, visit.asker)


async def cancel_version(visit: Visit, wish: calls.CancelVersion) -> calls.VersionShown:
    return await version_plans.cancel_version(visit.school, wish, visit.asker)


ANSWERS: Final = (
    answers(calls.SHOW_VERSION, show_version),
    answers(calls.PLAN_VERSION, plan_version),
    answers(calls.CANCEL_VERSION, cancel_version),
)
