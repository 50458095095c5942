"""
STS-WEB: how French public schools exchange structures and services with their ministry.

Two files make a pair. *Down* (``sts_emp``, root ``STS_EDT``) comes from STS-WEB: the
school, its nomenclatures, people, divisions and groups. *Up* (``emp_sts``, root
``EDT_STS``) is written by timetable software: hours, alternations, rooms, and the lessons
below each division or group. The pair must be of the same school (UAJ) and year.

The two are written by different programs at different moments, so the up file names
things the down file does not know; in the examples of other open software every pair does.
What is decided here:

* **Unknown subject, teacher, division, group or room**: made on the fly, its code as its
  name, with a warning. To refuse would refuse most real pairs.
* **Unknown alternation, impossible day or time**: refused, with the line. A lesson cannot
  be put in weeks nobody knows.
* **Alternations** become ``weeks``: bit n is set when a date of the alternation is in
  school week n, counted from :func:`~pronote_server.domain.school_data.first_monday`.
  Dates outside the school year are ignored, with a warning; an alternation without a date
  inside gives lessons of every week, with a warning.
* **The same lesson under several teachers** of one service (same weeks, time and room) is
  co-teaching: one lesson with several teachers.
* **Who teaches**: functions ``ENS`` and ``DOC``, and whoever has lessons; other people are
  staff.
* **Slots** of the grid: from the first opening to the last closing, as long as most lessons
  are. Lessons need not start on one.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pronote_server.domain.school_data import (
    Class_,
    Group,
    Room,
    SchoolData,
    Staff,
    Subject,
    Teacher,
    week_number,
)
from pronote_server.timetable_files.document import Element, parse_document
from pronote_server.timetable_files.reading import ReadTimetable, Remarks, finish, shown
from pronote_server.timetable_files.sts_lessons import StsLessons

__all__ = ["DOWN_ROOT", "UP_ROOT", "read_sts", "read_sts_documents"]

DOWN_ROOT: Final = "STS_EDT"
UP_ROOT: Final = "EDT_STS"
_TEACHING: Final = ("ENS", "DOC", "")
_UAJ: Final = re.compile(r"[0-9]{7}[A-Z]")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")


def read_sts(
    sts_emp: bytes,
    emp_sts: bytes,
    *,
    file_names: tuple[str, str] = (DOWN_ROOT, UP_ROOT),
) -> ReadTimetable:
    """
    Read an STS-WEB pair; the two files are told apart by their roots, not by their order.

    Raises:
        TransferRefused: Either cannot be used, or they are not a pair.
    """
    return read_sts_documents(
        parse_document(sts_emp, file_names[0]), parse_document(emp_sts, file_names[1])
    )


def read_sts_documents(one: Element, other: Element) -> ReadTimetable:
    """Do the same for files that were parsed already."""
    down, up = (other, one) if one.tag == UP_ROOT else (one, other)
    for document, root in ((down, DOWN_ROOT), (up, UP_ROOT)):
        if document.tag != root:
            document.refuse(
                f"la racine devrait être <{root}>", f"the root element should be <{root}>"
            )
    rne, school_year = _same_school_and_year(down, up)
    remarks = Remarks()
    people = _People(down)
    subjects = _subjects(down)
    structure = _Structure(down)
    structure.complete_from(up, remarks)
    rooms = {
        code: Room(code, code)
        for code in (
            e.attribute("CODE") for e in up.list_of("DONNEES", "SALLES_COURS", "SALLE_COURS")
        )
    }
    lessons = StsLessons.of(up, _weeks_by_alternation(up, school_year, remarks))
    for code in lessons.subject_codes():
        if code not in subjects:
            subjects[code] = Subject(code, code)
            remarks.about(code, "matières inconnues, créées", "unknown subjects, created")
    for code in lessons.room_codes():
        if code not in rooms:
            rooms[code] = Room(code, code)
            remarks.about(code, "salles inconnues, créées", "unknown rooms, created")
    for code in lessons.teacher_codes():
        people.make_teacher(code, remarks)
    data = SchoolData(
        name=_school_name(down) or rne,
        rne=rne,
        school_year=school_year,
        grid=lessons.grid,
        teachers=tuple(people.teachers.values()),
        subjects=tuple(subjects.values()),
        classes=tuple(structure.classes.values()),
        groups=tuple(structure.groups.values()),
        rooms=tuple(rooms.values()),
        staff=tuple(people.staff.values()),
        lessons=lessons.lessons,
    )
    return finish("STS-WEB", data, remarks)


def _same_school_and_year(down: Element, up: Element) -> tuple[str, int]:
    parameters, up_parameters = _part(down, "PARAMETRES"), _part(up, "PARAMETRES")
    school = _part(parameters, "UAJ")
    rne = school.attribute("CODE").upper()
    if not _UAJ.fullmatch(rne):
        school.refuse(f"UAJ impossible : {shown(rne)}", f"impossible UAJ: {shown(rne)}")
    other_rne = up_parameters.required("UAJ").upper()
    if other_rne != rne:
        up_parameters.refuse(
            f"l'établissement {shown(other_rne)} n'est pas celui de l'autre fichier ({rne})",
            f"school {shown(other_rne)} is not that of the other file ({rne})",
        )
    year = _part(parameters, "ANNEE_SCOLAIRE")
    text, other_text = year.attribute("ANNEE"), up_parameters.required("ANNEE_SCOLAIRE")
    if not _YEAR.fullmatch(text):
        year.refuse(f"année impossible : {shown(text)}", f"impossible year: {shown(text)}")
    if other_text != text:
        up_parameters.refuse(
            f"l'année scolaire {shown(other_text)} n'est pas celle de l'autre fichier ({text})",
            f"school year {shown(other_text)} is not that of the other file ({text})",
        )
    return rne, int(text)


def _part(element: Element, tag: str) -> Element:
    return element.child(tag) or element.refuse(f"<{tag}> manque", f"<{tag}> is missing")


def _school_name(down: Element) -> str:
    school = _part(_part(down, "PARAMETRES"), "UAJ")
    return " ".join(filter(None, map(school.text_of, ("DENOM_PRINC", "DENOM_COMPL"))))


def _subjects(down: Element) -> dict[str, Subject]:
    subjects: dict[str, Subject] = {}
    for element in down.list_of("NOMENCLATURES", "MATIERES", "MATIERE"):
        code = element.attribute("CODE")
        name = (
            element.text_of("LIBELLE_EDITION")
            or element.text_of("LIBELLE_LONG")
            or element.text_of("LIBELLE_COURT")
        )
        subjects[code] = Subject(code, name or code)
    return subjects


def _weeks_by_alternation(up: Element, school_year: int, remarks: Remarks) -> Mapping[str, int]:
    """Return the weeks of each alternation as bits; 0, every week, when none is known."""
    weeks: dict[str, int] = {}
    for element in up.list_of("DONNEES", "ALTERNANCES", "ALTERNANCE"):
        code = element.attribute("CODE")
        bits = 0
        for date in element.list_of("SEMAINES", "DATE_DEBUT_SEMAINE"):
            text = date.bounded_text()
            try:
                day = datetime.date.fromisoformat(text)
            except ValueError:
                date.refuse(
                    f"date impossible : {shown(text)}", f"impossible date: {shown(text)}"
                )
            week = week_number(day, school_year)
            if week is None:
                remarks.about(
                    text,
                    "semaines hors de l'année scolaire, ignorées",
                    "weeks outside the school year, ignored",
                )
            else:
                bits |= 1 << week
        if not bits:
            remarks.about(
                code,
                "alternances sans semaine dans l'année, cours mis chaque semaine",
                "alternations without a week in the year, lessons put in every week",
            )
        weeks[code] = bits
    return weeks


class _People:
    """Teachers and staff, by code."""

    def __init__(self, down: Element) -> None:
        self.teachers: dict[str, Teacher] = {}
        self.staff: dict[str, Staff] = {}
        civilities = {
            element.attribute("CODE"): element.text_of("LIBELLE_LONG")
            for element in down.list_of("NOMENCLATURES", "CIVILITES", "CIVILITE")
        }
        for element in down.list_of("DONNEES", "INDIVIDUS", "INDIVIDU"):
            code = StsLessons.person_code(element)
            last_name = element.text_of("NOM_USAGE") or element.text_of("NOM_PATRONYMIQUE")
            first_name = element.text_of("PRENOM")
            function = element.text_of("FONCTION")
            if function in _TEACHING:
                civility = civilities.get(element.text_of("CIVILITE"), "")
                self.teachers[code] = Teacher(code, last_name or code, first_name, civility)
            else:
                self.staff[code] = Staff(code, last_name or code, first_name, function)

    def make_teacher(self, code: str, remarks: Remarks) -> None:
        """Make sure that *code*, who has lessons, is a teacher."""
        if code in self.teachers:
            return
        if known := self.staff.get(code):  # a head of school who teaches is both
            self.teachers[code] = Teacher(code, known.last_name, known.first_name)
            return
        self.teachers[code] = Teacher(code, code)
        remarks.about(code, "professeurs inconnus, créés", "unknown teachers, created")


class _Structure:
    """Classes and groups, by code."""

    def __init__(self, down: Element) -> None:
        self.classes: dict[str, Class_] = {}
        self.groups: dict[str, Group] = {}
        levels = {
            element.attribute("CODE"): element.text_of("LIBELLE_EDITION")
            or element.text_of("FORMATION")
            for element in down.list_of("NOMENCLATURES", "MEFS", "MEF")
        }
        for element in _divisions(down):
            code = element.attribute("CODE")
            level = next(
                (
                    levels.get(mef.attribute("CODE"), "")
                    for mef in element.list_of("MEFS_APPARTENANCE", "MEF_APPARTENANCE")
                ),
                "",
            )
            self.classes[code] = Class_(code, element.text_of("LIBELLE_LONG") or code, level)
        for element in _groups(down):
            self._add_group(element)

    def complete_from(self, up: Element, remarks: Remarks) -> None:
        """Add what only the up file has, and classes that groups name but nobody declares."""
        for element in _divisions(up):
            self._need_class(element.attribute("CODE"), remarks)
        for element in _groups(up):
            if element.attribute("CODE") not in self.groups:
                remarks.about(
                    element.attribute("CODE"),
                    "groupes inconnus, créés",
                    "unknown groups, created",
                )
            self._add_group(element)
        for group in self.groups.values():
            for code in group.class_codes:
                self._need_class(code, remarks)

    def _add_group(self, element: Element) -> None:
        code = element.attribute("CODE")
        known = self.groups.get(code)
        name = element.text_of("LIBELLE_LONG") or (known.name if known else code)
        classes = dict.fromkeys(known.class_codes if known else ())
        for division in element.list_of("DIVISIONS_APPARTENANCE", "DIVISION_APPARTENANCE"):
            classes[division.attribute("CODE")] = None
        self.groups[code] = Group(code, name, tuple(classes))

    def _need_class(self, code: str, remarks: Remarks) -> None:
        if code not in self.classes:
            self.classes[code] = Class_(code, code)
            remarks.about(code, "classes inconnues, créées", "unknown classes, created")


def _divisions(document: Element) -> Iterator[Element]:
    return document.list_of("DONNEES", "STRUCTURE", "DIVISIONS", "DIVISION")


def _groups(document: Element) -> Iterator[Element]:
    return document.list_of("DONNEES", "STRUCTURE", "GROUPES", "GROUPE")
