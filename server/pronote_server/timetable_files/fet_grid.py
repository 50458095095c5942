"""FET's days and hours, which are only names, as days and minutes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from pronote_server.domain.school_data import TimeGrid
from pronote_server.domain.search import fold
from pronote_server.timetable_files.document import Element
from pronote_server.timetable_files.reading import Remarks, shown

__all__ = ["FetGrid"]

_DAY_NAMES: Final[tuple[tuple[str, ...], ...]] = (
    ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
_SHORTEST_DAY: Final = 2
_FIRST_SLOT_MINUTE: Final = 8 * 60
_SLOT_MINUTES: Final = 60
_LATEST_MINUTE: Final = 24 * 60
_TIME: Final = r"([0-9]{1,2})\s?(?:[:.h]\s?([0-5][0-9])|h)"
_HOUR: Final = re.compile(rf"{_TIME}(?:\s*(?:-|–|a|to|bis)\s*{_TIME})?")


@attrs.frozen
class FetGrid:
    """
    The week of a FET file.

    Args:
        weekdays: Weekday (0 = Monday) of each FET day.
        starts: Minutes since midnight of each FET hour.
    """

    time_grid: TimeGrid
    weekdays: tuple[int, ...]
    starts: tuple[int, ...]
    _days: Mapping[str, int] = attrs.field(repr=False)
    _hours: Mapping[str, int] = attrs.field(repr=False)

    @classmethod
    def of(cls, fet: Element, remarks: Remarks) -> FetGrid:
        days = _names(fet, "Days_List", "Day")
        hours = _names(fet, "Hours_List", "Hour")
        weekdays = _weekdays(fet, list(days), [name for _, name in days.values()])
        clock = _times(list(hours)) or _times([name for _, name in hours.values()])
        if clock is None:
            starts, slot_minutes = _numbered(fet, len(hours))
            remarks.add(
                f"les heures n'ont pas d'horaires : créneaux de {slot_minutes} minutes "
                "à partir de 8h00",
                f"the hours are not times: slots of {slot_minutes} minutes from 8:00",
            )
        else:
            starts, slot_minutes = clock
        return cls(
            TimeGrid(tuple(sorted(weekdays)), starts, slot_minutes, tuple(hours)),
            weekdays,
            starts,
            {name: index for name, (index, _) in days.items()},
            {name: index for name, (index, _) in hours.items()},
        )

    def time(
        self, element: Element, day_tags: Sequence[str], hour_tags: Sequence[str]
    ) -> tuple[int, int] | None:
        """Return the indexes of day and hour that *element* names, None when it has none."""
        day = next(filter(None, map(element.text_of, day_tags)), "")
        hour = next(filter(None, map(element.text_of, hour_tags)), "")
        if not day and not hour:
            return None
        if day not in self._days or hour not in self._hours:
            element.refuse(
                f"jour « {shown(day)} » ou heure « {shown(hour)} » absents du fichier FET",
                f'day "{shown(day)}" or hour "{shown(hour)}" is not in the FET file',
            )
        return self._days[day], self._hours[hour]

    def span(
        self, time: tuple[int, int] | None, slots: int, activity: Element, number: str
    ) -> tuple[int | None, int | None, int]:
        """
        Return weekday, start and length in minutes of an activity of *slots* hours.

        The length is from the start of its first hour to the end of its last one, breaks
        between them included.
        """
        if not 0 < slots <= len(self.starts):
            activity.refuse(
                f"activité {shown(number)} : durée de {slots} heures impossible",
                f"activity {shown(number)}: impossible duration of {slots} hours",
            )
        slot_minutes = self.time_grid.slot_minutes
        if time is None:
            return None, None, slots * slot_minutes
        day, first = time
        if first + slots > len(self.starts):
            activity.refuse(
                f"activité {shown(number)} : dépasse la fin de la journée",
                f"activity {shown(number)}: goes past the end of the day",
            )
        start = self.starts[first]
        return self.weekdays[day], start, self.starts[first + slots - 1] + slot_minutes - start


def _names(fet: Element, list_tag: str, tag: str) -> dict[str, tuple[int, str]]:
    """Return index and long name of each day or hour by its name."""
    names: dict[str, tuple[int, str]] = {}
    for index, element in enumerate(fet.list_of(list_tag, tag)):
        name = element.required("Name")
        if name in names:
            element.refuse(f"{shown(name)} existe deux fois", f"{shown(name)} is there twice")
        names[name] = index, element.text_of("Long_Name") or name
    if not names:
        fet.refuse(f"<{list_tag}> est absent ou vide", f"<{list_tag}> is missing or empty")
    return names


def _weekdays(fet: Element, names: list[str], long_names: list[str]) -> tuple[int, ...]:
    if len(names) > 7:
        fet.refuse(
            f"semaine de {len(names)} jours : 7 au plus",
            f"a week of {len(names)} days: 7 at most",
        )
    for spelling in (names, long_names):
        for language in _DAY_NAMES:
            found = [_day_in(language, name) for name in spelling]
            if None not in found and len(set(found)) == len(found):
                return tuple(day for day in found if day is not None)
    return tuple(range(len(names)))


def _day_in(language: Sequence[str], name: str) -> int | None:
    key = fold(name).removesuffix(".")
    if len(key) < _SHORTEST_DAY:
        return None
    matching = [day for day, full in enumerate(language) if full.startswith(key)]
    return matching[0] if len(matching) == 1 else None


def _times(names: Sequence[str]) -> tuple[tuple[int, ...], int] | None:
    """Return starts and slot length when every name is a time and they ascend."""
    starts: list[int] = []
    lengths: list[int] = []
    for name in names:
        match = _HOUR.fullmatch(fold(name))
        if match is None:
            return None
        start = _minute(match[1], match[2])
        starts.append(start)
        if match[3] is not None:
            lengths.append(_minute(match[3], match[4]) - start)
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    # Without ends, slots fill the shortest gap: a break makes gaps longer, never shorter.
    slot_minutes = min(lengths + gaps, default=_SLOT_MINUTES)
    if slot_minutes <= 0 or starts[-1] + slot_minutes > _LATEST_MINUTE:
        return None
    return tuple(starts), slot_minutes


def _minute(hour: str, minute: str | None) -> int:
    return int(hour) * 60 + int(minute or 0)


def _numbered(fet: Element, count: int) -> tuple[tuple[int, ...], int]:
    """Return slots from 8:00; shorter than an hour when a day has more than 16 of them."""
    slot_minutes = min(_SLOT_MINUTES, (_LATEST_MINUTE - _FIRST_SLOT_MINUTE) // count)
    if slot_minutes < 5:
        fet.refuse(f"{count} heures par jour : c'est trop", f"{count} hours a day: too many")
    return (
        tuple(_FIRST_SLOT_MINUTE + index * slot_minutes for index in range(count)),
        slot_minutes,
    )
