"""Answers on marks, averages and appraisals."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import appraisals as appraisal_calls
from pronote_protocol.catalogue import averages as average_calls
from pronote_protocol.catalogue import bonus_malus as bonus_calls
from pronote_protocol.catalogue import marks as calls
from pronote_server.hosting import appraisals, averages, bonus_malus, marks, year_averages
from pronote_server.native.calls.visit import Visit, answers, reads
from pronote_server.storage.short_reads import Query


def read(visit: Visit, wish: calls.ReadMarks) -> Query[calls.MarksShown]:
    return marks.read_marks(visit.session, wish)


async def read_grid(visit: Visit, wish: calls.ReadGrid) -> calls.GridShown:
    return await marks.read_grid(visit.school, visit.session, wish)


async def enter(visit: Visit, wish: calls.EnterMarks) -> calls.MarksEntered:
    return await marks.enter_marks(visit.school, visit.session, wish, visit.key)


async def average(visit: Visit, wish: average_calls.ReadAverage) -> average_calls.AverageShown:
    return await averages.read_average(visit.school, visit.session, wish)


async def service_table(
    visit: Visit, wish: average_calls.ReadServiceAverages
) -> average_calls.AveragesShown:
    return await averages.service_table(visit.school, visit.session, wish)


async def pupil_report(
    visit: Visit, wish: average_calls.ReadPupilReport
) -> average_calls.PupilReportShown:
    return await averages.pupil_report(visit.school, wish)


async def class_report(
    visit: Visit, wish: average_calls.ReadClassReport
) -> average_calls.ClassReportShown:
    return await averages.class_report(visit.school, wish)


async def pupil_year(
    visit: Visit, wish: average_calls.ReadPupilYear
) -> average_calls.PupilYearShown:
    return await year_averages.pupil_year(visit.school, wish)


async def service_year(
    visit: Visit, wish: average_calls.ReadServiceYear
) -> average_calls.ServiceYearShown:
    return await year_averages.service_year(visit.school, visit.session, wish)


async def list_bonus(visit: Visit, wish: bonus_calls.ListBonus) -> Page[bonus_calls.BonusRow]:
    return await bonus_malus.list_bonus(visit.school, visit.session, wish)


async def enter_bonus(visit: Visit, wish: bonus_calls.EnterBonus) -> bonus_calls.BonusEntered:
    return await bonus_malus.enter_bonus(visit.school, visit.session, wish, visit.key)


async def list_appraisals(
    visit: Visit, wish: appraisal_calls.ListAppraisals
) -> appraisal_calls.AppraisalsShown:
    return await appraisals.list_appraisals(visit.school, visit.session, wish)


async def enter_appraisals(
    visit: Visit, wish: appraisal_calls.EnterAppraisals
) -> appraisal_calls.AppraisalsEntered:
    return await appraisals.enter_appraisals(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    reads(calls.READ_MARKS, read),
    answers(calls.READ_GRID, read_grid),
    answers(calls.ENTER_MARKS, enter),
    answers(average_calls.READ_AVERAGE, average),
    answers(average_calls.READ_SERVICE_AVERAGES, service_table),
    answers(average_calls.READ_PUPIL_REPORT, pupil_report),
    answers(average_calls.READ_CLASS_REPORT, class_report),
    answers(average_calls.READ_PUPIL_YEAR, pupil_year),
    answers(average_calls.READ_SERVICE_YEAR, service_year),
    answers(bonus_calls.LIST_BONUS, list_bonus),
    answers(bonus_calls.ENTER_BONUS, enter_bonus),
    answers(appraisal_calls.LIST_APPRAISALS, list_appraisals),
    answers(appraisal_calls.ENTER_APPRAISALS, enter_appraisals),
)
