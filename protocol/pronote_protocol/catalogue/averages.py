"""Calls that read averages; they are computed from the marks and kept nowhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.marks import StatisticsRow
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.records import row
from pronote_protocol.words import Mode, Right

_ADMINISTRATIVE: Final = frozenset({Mode.ADMINISTRATIVE})


@attrs.frozen(kw_only=True)
class ReadAverage:
    pupil_id: int
    service_id: int
    period_id: int


@attrs.frozen(kw_only=True)
class AverageShown:
    """
    One pupil's average in a service and a period.

    Attributes:
        average: Nil: there is none, which is not 0.
        statistics: Of the averages of all pupils of the service.
    """

    average: Decimal | None
    out_of: int
    statistics: StatisticsRow


@attrs.frozen(kw_only=True)
class ReadServiceAverages:
    service_id: int
    period_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@row
@attrs.frozen
class AverageRow:
    pupil_id: int
    pupil: str
    average: Decimal | None


@attrs.frozen(kw_only=True)
class AveragesShown:
    """Each pupil's average, by name; ``statistics`` is of all of them."""

    out_of: int
    statistics: StatisticsRow
    total: int
    offset: int
    rows: tuple[AverageRow, ...]


@attrs.frozen(kw_only=True)
class ReadPupilReport:
    pupil_id: int
    period_id: int


@row
@attrs.frozen
class ReportRow:
    """
    One service in a report; ``statistics`` is of all its pupils.

    ``coefficient`` is that of the period, and averages are out of ``out_of``. ``average`` is
    the pupil's, or in the report of a class that of the class's own pupils.
    """

    service_id: int
    subject: str
    teacher: str
    coefficient: Decimal
    average: Decimal | None
    statistics: StatisticsRow
    out_of: int


@attrs.frozen(kw_only=True)
class PupilReportShown:
    """The averages of a pupil in a period; ``general`` is that of the services' ones."""

    general: Decimal | None
    out_of: int
    rows: tuple[ReportRow, ...]


@attrs.frozen(kw_only=True)
class ReadClassReport:
    class_id: int
    period_id: int


@attrs.frozen(kw_only=True)
class ClassReportShown:
    """
    The averages of a class in a period.

    Attributes:
        general: Of the averages of the class in each service, with their coefficients.
        statistics: Of the general averages of its pupils.
        rows: One service each.
        pupils: Each pupil's general average, by name.
    """

    general: Decimal | None
    out_of: int
    statistics: StatisticsRow
    rows: tuple[ReportRow, ...]
    pupils: tuple[AverageRow, ...]


@row
@attrs.frozen
class YearPeriodRow:
    id: int
    name: str


@attrs.frozen(kw_only=True)
class ReadPupilYear:
    pupil_id: int


@row
@attrs.frozen
class YearReportRow:
    """One service: its average in each of the periods, in their order, and in the year."""

    service_id: int
    subject: str
    teacher: str
    out_of: int
    averages: tuple[Decimal | None, ...]
    year: Decimal | None


@attrs.frozen(kw_only=True)
class PupilYearShown:
    """
    A pupil's year: that of his class, trimesters or semesters or the whole.

    Attributes:
        generals: The general average of each period.
        general: Of the year: the mean of those, to which each period counts the same.
    """

    periods: tuple[YearPeriodRow, ...]
    out_of: int
    generals: tuple[Decimal | None, ...]
    general: Decimal | None
    rows: tuple[YearReportRow, ...]


@attrs.frozen(kw_only=True)
class ReadServiceYear:
    service_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@row
@attrs.frozen
class PupilYearRow:
    """A pupil's averages; nil in the periods his class does not divide its year into."""

    pupil_id: int
    pupil: str
    averages: tuple[Decimal | None, ...]
    year: Decimal | None


@attrs.frozen(kw_only=True)
class ServiceYearShown:
    """
    The year of a service, pupil by pupil, by name.

    Attributes:
        statistics: Of the averages of the year.
    """

    periods: tuple[YearPeriodRow, ...]
    out_of: int
    statistics: StatisticsRow
    total: int
    offset: int
    rows: tuple[PupilYearRow, ...]


READ_AVERAGE: Final = Call(
    name="averages.read",
    params=ReadAverage,
    result=AverageShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read the average of a pupil in a service and a period.",
)
READ_SERVICE_AVERAGES: Final = Call(
    name="averages.read_service",
    params=ReadServiceAverages,
    result=AveragesShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read the averages of all pupils of a service in a period.",
)
READ_PUPIL_REPORT: Final = Call(
    name="averages.read_pupil",
    params=ReadPupilReport,
    result=PupilReportShown,
    right=Right.READ_MARKS,
    modes=_ADMINISTRATIVE,
    summary="Read the general average of a pupil, and those it is made of.",
)
READ_CLASS_REPORT: Final = Call(
    name="averages.read_class",
    params=ReadClassReport,
    result=ClassReportShown,
    right=Right.READ_MARKS,
    modes=_ADMINISTRATIVE,
    summary="Read the general averages of a class and of its pupils.",
)
READ_PUPIL_YEAR: Final = Call(
    name="averages.read_pupil_year",
    params=ReadPupilYear,
    result=PupilYearShown,
    right=Right.READ_MARKS,
    modes=_ADMINISTRATIVE,
    summary="Read the averages of a pupil in each period and in the year.",
)
READ_SERVICE_YEAR: Final = Call(
    name="averages.read_service_year",
    params=ReadServiceYear,
    result=ServiceYearShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read the averages of all pupils of a service in each period and in the year.",
)
