"""The demo school's holidays: close to the official calendar, invented where zones differ."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from pronote_server.domain.school_calendar import Holiday

__all__ = ["demo_holidays"]

_DAY = datetime.timedelta(days=1)
_LONG = 15 * _DAY  # from a Saturday to the second Sunday after
_SATURDAY = 5


def demo_holidays(school_year: int) -> tuple[Holiday, ...]:
    """Return the holidays of that school year, by day; no two share one."""
    return tuple(sorted(_holidays(school_year), key=lambda holiday: holiday.starts_on))


def _holidays(year: int) -> Iterator[Holiday]:
    date = datetime.date
    for name, from_day in (
        ("Vacances de la Toussaint", date(year, 10, 17)),
        ("Vacances de Noël", date(year, 12, 17)),
        ("Vacances d'hiver", date(year + 1, 2, 8)),
        ("Vacances de printemps", date(year + 1, 4, 8)),
    ):
        saturday = from_day + (_SATURDAY - from_day.weekday()) % 7 * _DAY
        yield Holiday(name, saturday, saturday + _LONG)
    yield _one_day("Armistice de 1918", date(year, 11, 11))
    easter = _easter(year + 1)
    for name, day in (
        ("Fête du Travail", date(year + 1, 5, 1)),
        ("Victoire de 1945", date(year + 1, 5, 8)),
    ):
        # In 2008 the Ascension was on the first of May.
        if day != easter + 39 * _DAY:
            yield _one_day(name, day)
    yield Holiday("Pont de l'Ascension", easter + 39 * _DAY, easter + 40 * _DAY)
    yield _one_day("Lundi de Pentecôte", easter + 50 * _DAY)


def _one_day(name: str, day: datetime.date) -> Holiday:
    return Holiday(name, day, day)


def _easter(year: int) -> datetime.date:
    """Return Easter Sunday (Gregorian, by Butcher's rule)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return datetime.date(year, month, day + 1)
