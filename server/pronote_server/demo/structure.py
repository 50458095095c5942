"""
The demo school on paper: levels, classes, groups and what each class learns.

A *cité scolaire* of the guide's size (fiche 9): collège and lycée, 53 classes, 205 groups.
Classes of a level form blocks of three or four that share *bars* (barrettes): at the same
time all pupils of the block leave their classes for groups, of language or speciality.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pronote_server.domain.school_data import Class_, Group

__all__ = [
    "DEPARTMENT_OF",
    "LABORATORY_OF",
    "LEVELS",
    "ROOM_KIND_OF",
    "Bar",
    "Block",
    "Level",
    "blocks_of",
    "halves_of",
]


@attrs.frozen
class Course:
    """A subject of a whole class: the length of each weekly lesson, in slots."""

    subject: str
    lengths: tuple[int, ...]
    fortnightly: bool = False


@attrs.frozen
class Bar:
    """
    Groups that meet at the same time.

    Args:
        subjects: One group each, for a block of four classes; smaller blocks take the last
            ones.
        for_some: Only some pupils have it, the others are free at that time.
    """

    code: str
    subjects: tuple[str, ...]
    lengths: tuple[int, ...]
    for_some: bool = False


@attrs.frozen(kw_only=True)
class Level:
    """
    Args:
        age: Of a pupil who never repeated a year, on 31 December after the school year
            began.
        bars: For each block of the level, its bars.
        halves: The two subjects that half classes have in turn.
    """

    name: str
    age: int
    class_codes: tuple[str, ...]
    courses: tuple[Course, ...]
    bars: tuple[tuple[Bar, ...], ...]
    halves: tuple[str, str]

    def classes(self) -> Iterator[Class_]:
        return (Class_(code, code, self.name) for code in self.class_codes)


@attrs.frozen
class Block:
    """Classes that share bars, with the groups of each bar."""

    class_codes: tuple[str, ...]
    bars: tuple[tuple[Bar, tuple[tuple[Group, str], ...]], ...]


def blocks_of(level: Level) -> Iterator[Block]:
    """Yield the blocks: four classes, then the rest."""
    size = len(level.class_codes)
    firsts = (0, 4) if size > 4 else (0,)
    for number, (first, bars) in enumerate(zip(firsts, level.bars, strict=True), start=1):
        codes = level.class_codes[first : first + 4]
        yield Block(
            codes,
            tuple((bar, tuple(_groups_of(bar, codes, level, number))) for bar in bars),
        )


def _groups_of(
    bar: Bar, class_codes: tuple[str, ...], level: Level, block: int
) -> Iterator[tuple[Group, str]]:
    subjects = bar.subjects[-(len(class_codes) + 1) :]
    for number, subject in enumerate(subjects, start=1):
        code = f"{level.name}-{bar.code}{block}{number}"
        name = f"{level.name} {subject} gr. {block}.{number}"
        yield Group(code, name, class_codes), subject


def halves_of(class_code: str) -> tuple[Group, Group]:
    return (
        Group(f"{class_code}-G1", f"{class_code} groupe 1", (class_code,)),
        Group(f"{class_code}-G2", f"{class_code} groupe 2", (class_code,)),
    )


def _codes(prefix: str, letters: str) -> tuple[str, ...]:
    return tuple(prefix + letter for letter in letters)


def _course(subject: str, *lengths: int) -> Course:
    return Course(subject, lengths)


_EMC: Final = Course("EMC", (1,), fortnightly=True)
_LV2: Final = Bar("LV2", ("ESP2", "ESP2", "ESP2", "ALL2", "ITA2"), (1, 1, 1))
_LV2_LYCEE: Final = attrs.evolve(_LV2, lengths=(1, 1))
_LATIN: Final = Bar("LAT", ("LATIN",), (1,), for_some=True)
_SPECIALITIES: Final = (
    Bar("SPE", ("SPEMA", "SPEPC", "SPESV", "SPEAN"), (2, 2, 2)),
    Bar("SPE", ("SPESE", "SPEHG", "SPEHL", "SPENS"), (2, 2, 2)),
)
_COLLEGE: Final = (
    _course("FRANC", 1, 1, 1, 1),
    _course("MATHS", 1, 1, 1, 1),
    _course("HIGEO", 1, 1, 1),
    _EMC,
    _course("A-PLA", 1),
    _course("EDMUS", 1),
    _course("VICLA", 1),
)
_CYCLE_4: Final = (
    *_COLLEGE,
    _course("AGL1", 1, 1, 1),
    _course("SVT", 1),
    _course("PH-CH", 1),
    _course("TECHN", 1),
    _course("EPS", 2, 1),
)
_LYCEE: Final = (
    _course("HIGEO", 1, 1, 1),
    _EMC,
    _course("AGL1", 1, 1, 1),
    _course("EPS", 2),
)
_CYCLE_TERMINAL: Final = (*_LYCEE, _course("MATHS", 1, 1, 1), _course("ENSCI", 1, 1))
_SCIENCES: Final = ("PH-CH", "SVT")
_CYCLE_4_BARS: Final = ((_LV2, _LATIN), (_LV2, _LATIN))

LEVELS: Final[tuple[Level, ...]] = (
    Level(
        name="6EME",
        age=11,
        class_codes=_codes("6", "ABCDEFG"),
        courses=(*_COLLEGE, _course("SVT", 1, 1), _course("EPS", 2, 2)),
        bars=(
            (
                Bar("LV1", ("AGL1", "AGL1", "AGL1", "AGL1", "ALL1"), (1, 1, 1, 1)),
                Bar("CHO", ("CHORA",), (1,), for_some=True),
            ),
        )
        * 2,
        halves=("SVT", "TECHN"),
    ),
    Level(
        name="5EME",
        age=12,
        class_codes=_codes("5", "ABCDEFG"),
        courses=_CYCLE_4,
        bars=_CYCLE_4_BARS,
        halves=_SCIENCES,
    ),
    Level(
        name="4EME",
        age=13,
        class_codes=_codes("4", "ABCDEFG"),
        courses=_CYCLE_4,
        bars=_CYCLE_4_BARS,
        halves=_SCIENCES,
    ),
    Level(
        name="3EME",
        age=14,
        class_codes=_codes("3", "ABCDEFG"),
        courses=_CYCLE_4,
        bars=_CYCLE_4_BARS,
        halves=_SCIENCES,
    ),
    Level(
        name="3EME PREPA-METIERS",
        age=14,
        class_codes=("3PM",),
        courses=(
            *_COLLEGE,
            _course("AGL1", 1, 1, 1),
            _course("ESP2", 1, 1),
            _course("DECPR", 2, 2, 1),
            _course("PSE", 1),
            _course("EPS", 2, 1),
        ),
        bars=((Bar("ATE", ("DECPR",), (2,), for_some=True),),),
        halves=_SCIENCES,
    ),
    Level(
        name="2NDE",
        age=15,
        class_codes=_codes("2", "ABCDEFGH"),
        courses=(
            *_LYCEE,
            _course("FRANC", 1, 1, 2),
            _course("MATHS", 1, 1, 1, 1),
            _course("SES", 1, 1),
            _course("SNT", 1),
            _course("PH-CH", 1, 1),
            _course("SVT", 1),
        ),
        bars=(
            (_LV2_LYCEE, Bar("OPT", ("OPART", "OPEPS", "OPMGT", "OPLAT"), (2, 1))),
            (_LV2_LYCEE, Bar("OPT", ("OPMUS", "OPSIN", "OPMGT", "OPART"), (2, 1))),
        ),
        halves=_SCIENCES,
    ),
    Level(
        name="1ERE",
        age=16,
        class_codes=_codes("1", "ABCDEFGH"),
        courses=(*_CYCLE_TERMINAL, _course("FRANC", 1, 1, 2)),
        bars=tuple((_LV2_LYCEE, bar) for bar in _SPECIALITIES),
        halves=_SCIENCES,
    ),
    Level(
        name="TERMINALE",
        age=17,
        class_codes=_codes("T", "ABCDEFGH"),
        courses=(*_CYCLE_TERMINAL, _course("PHILO", 2, 2)),
        bars=tuple((_LV2_LYCEE, bar) for bar in _SPECIALITIES),
        halves=_SCIENCES,
    ),
)

# Who can teach what: teachers belong to one department and take any of its subjects.
DEPARTMENT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        subject: department
        for department, subjects in {
            "lettres": ("FRANC", "LATIN", "OPLAT", "VICLA", "SPEHL"),
            "mathématiques": ("MATHS", "SPEMA"),
            "histoire-géographie": ("HIGEO", "EMC", "SPEHG"),
            "anglais": ("AGL1", "SPEAN"),
            "allemand": ("ALL1", "ALL2"),
            "espagnol": ("ESP2",),
            "italien": ("ITA2",),
            "sciences de la vie": ("SVT", "SPESV", "PSE"),
            "physique-chimie": ("PH-CH", "SPEPC", "ENSCI"),
            "technologie": ("TECHN", "OPSIN", "DECPR"),
            "numérique": ("SNT", "SPENS"),
            "sport": ("EPS", "OPEPS"),
            "arts": ("A-PLA", "OPART"),
            "musique": ("EDMUS", "CHORA", "OPMUS"),
            "économie": ("SES", "SPESE", "OPMGT"),
            "philosophie": ("PHILO",),
        }.items()
        for subject in subjects
    }
)

# What is taught elsewhere than in the class's own room.
ROOM_KIND_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EPS": "sport",
        "OPEPS": "sport",
        "A-PLA": "arts",
        "OPART": "arts",
        "EDMUS": "musique",
        "CHORA": "musique",
        "OPMUS": "musique",
        "TECHN": "technologie",
        "OPSIN": "technologie",
        "SNT": "informatique",
        "SPENS": "informatique",
        "SPEPC": "physique",
        "SPESV": "sciences",
    }
)
# Half classes work in the laboratories; whole classes have science in their own room.
LABORATORY_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"PH-CH": "physique", "SVT": "sciences", "TECHN": "technologie"}
)
