"""What every reader of timetable files gives back, and how it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import attrs

from pronote_protocol.errors import TransferRefused
from pronote_server.domain.school_data import SchoolData

__all__ = ["ReadTimetable", "Remark", "Remarks", "Summary", "finish", "refuse", "shown"]

LONGEST_QUOTE: Final = 60  # characters of a stranger's file repeated in a sentence
NAMED_IN_A_REMARK: Final = 5


@attrs.frozen
class Remark:
    """Something the reader decided instead of refusing; for the person who transfers."""

    fr: str
    en: str


@attrs.frozen(kw_only=True)
class Summary:
    """The figures shown once the transfer is done."""

    source: str
    teachers: int
    subjects: int
    classes: int
    groups: int
    rooms: int
    lessons: int
    placed_lessons: int


@attrs.frozen
class ReadTimetable:
    """A school that has passed :meth:`SchoolData.check`, and what to tell about it."""

    data: SchoolData
    warnings: tuple[Remark, ...]
    summary: Summary


def refuse(
    fr: str, en: str, *, file: str = "", line: int | None = None, thing: str = ""
) -> NoReturn:
    """
    Raise TransferRefused.

    The details for programs are *file*, *line* (None when the matter is not at one line)
    and *thing*.

    Args:
        fr: What is wrong, in French, without a final stop.
        en: The same in English.
        thing: The element or activity it is about, as the file names it.
    """
    at_fr = "" if line is None else f"ligne {line}"
    at_en = "" if line is None else f"line {line}"
    place_fr = ", ".join(part for part in (shown(file), at_fr, shown(thing)) if part)
    place_en = ", ".join(part for part in (shown(file), at_en, shown(thing)) if part)
    # The texts quote the file, which may hold braces: they go in as values, never as
    # part of the sentence to be filled.
    raise TransferRefused(
        "Transfert refusé : {problem_fr}. La base n'a pas été modifiée.",
        "Transfer refused: {problem_en}. The base was not changed.",
        problem_fr=f"{place_fr} : {fr}" if place_fr else fr,
        problem_en=f"{place_en}: {en}" if place_en else en,
        file=shown(file),
        line=line,
        thing=shown(thing),
    )


def shown(text: str) -> str:
    """Return *text* fit to be quoted in a sentence: short, on one line, printable."""
    clean = "".join(c if c.isprintable() else "·" for c in text[: LONGEST_QUOTE + 1])
    return clean if len(clean) <= LONGEST_QUOTE else clean[: LONGEST_QUOTE - 1] + "…"


class Remarks:
    """Collects remarks; those of one kind become one sentence with a few examples."""

    def __init__(self) -> None:
        self._alone: list[Remark] = []
        self._kinds: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, fr: str, en: str) -> None:
        self._alone.append(Remark(fr, en))

    def about(self, thing: str, fr: str, en: str) -> None:
        """Note *thing* under the sentence *fr*/*en*, which ends before the list."""
        self._kinds.setdefault((fr, en), {})[shown(thing)] = None

    def all(self) -> tuple[Remark, ...]:
        listed = (
            Remark(f"{fr} : {_some(list(things))}", f"{en}: {_some(list(things))}")
            for (fr, en), things in self._kinds.items()
        )
        return (*self._alone, *listed)


def _some(things: Sequence[str]) -> str:
    text = ", ".join(things[:NAMED_IN_A_REMARK])
    return text if len(things) <= NAMED_IN_A_REMARK else f"{text}, … ({len(things)})"


def finish(source: str, data: SchoolData, remarks: Remarks) -> ReadTimetable:
    """
    Return the reading, once the school is known to be consistent.

    The readers refuse what they see, with its line; this is the net under them, so that
    nothing inconsistent ever reaches a base.
    """
    if problems := data.check():
        said = " ; ".join(shown(problem) for problem in problems[:3])
        refuse(f"données incohérentes ({said})", f"inconsistent data ({said})")
    summary = Summary(
        source=source,
        teachers=len(data.teachers),
        subjects=len(data.subjects),
        classes=len(data.classes),
        groups=len(data.groups),
        rooms=len(data.rooms),
        lessons=len(data.lessons),
        placed_lessons=sum(lesson.placed for lesson in data.lessons),
    )
    return ReadTimetable(data, remarks.all(), summary)
