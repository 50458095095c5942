"""Assessments, marks and appraisals of the demo school's term; evaluations of competencies."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from typing import Any, Final

from pronote_protocol.words import Annotation, Level
from pronote_server.demo.school import DEMO_TEACHER_CODES
from pronote_server.demo.term import Term
from pronote_server.domain.school_data import Pupil
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import ServiceKey

__all__ = ["abilities", "fill_appraisals", "fill_evaluations", "fill_marks"]

# Assessments of a service in a full term. Less than real teachers give: the demo must be
# ready in a moment.
_MANY: Final = 2.4
_SOME: Final = 1.2
_MUCH_MARKED: Final = frozenset({"FRANC", "MATHS", "HIGEO", "AGL1", "PHILO", "ESP2"})
# Those whose passwords are printed have something to show.
_SHOWN: Final = 4

_TITLES: Final = (
    "Contrôle de connaissances",
    "Devoir surveillé",
    "Interrogation écrite",
    "Devoir maison",
    "Exposé oral",
    "Travaux pratiques",
    "Évaluation de fin de chapitre",
)
_SCALES: Final = (20, 20, 20, 20, 20, 10, 10, 5, 40)
_COEFFICIENTS: Final = ("1", "1", "1", "2", "0.5", "3")
_ANNOTATIONS: Final = (
    *(Annotation.ABSENT,) * 8,
    *(Annotation.NOT_SUBMITTED,) * 3,
    Annotation.EXEMPT,
    Annotation.NOT_GRADED,
    Annotation.UNFIT,
    Annotation.ABSENT_ZERO,
    Annotation.NOT_SUBMITTED_ZERO,
    Annotation.CONGRATULATIONS,
)
_ANNOTATED: Final = 0.04
_HALVES: Final = tuple(Decimal(half) / 2 for half in range(81))

_SKILLS: Final = (
    ("D1.1", "Comprendre, s'exprimer en utilisant la langue française", "Langages"),
    ("D1.2", "Comprendre, s'exprimer en utilisant une langue étrangère", "Langages"),
    ("D1.3", "Utiliser les langages mathématiques, scientifiques", "Langages"),
    ("D1.4", "Utiliser les langages des arts et du corps", "Langages"),
    ("D2.1", "Organiser son travail personnel", "Méthodes et outils pour apprendre"),
    ("D2.2", "Rechercher et traiter l'information", "Méthodes et outils pour apprendre"),
    ("D3.1", "Maîtriser l'expression de sa sensibilité", "Formation de la personne"),
    ("D3.2", "Connaître et comprendre la règle et le droit", "Formation de la personne"),
    ("D4.1", "Mener une démarche scientifique", "Systèmes naturels et techniques"),
    ("D4.2", "Concevoir des objets et systèmes techniques", "Systèmes naturels et techniques"),
    ("D5.1", "Se situer dans l'espace et dans le temps", "Représentations du monde"),
    ("D5.2", "Raisonner, imaginer, élaborer, produire", "Représentations du monde"),
)
_EVALUATING: Final = 0.1  # of the services
_LEVELS: Final = (
    (16.0, Level.VERY_GOOD),
    (12.5, Level.SATISFACTORY),
    (10.0, Level.ALMOST_SATISFACTORY),
    (7.5, Level.FRAGILE),
    (5.0, Level.BEGINNING),
    (0.0, Level.INSUFFICIENT),
)

_APPRAISALS: Final = (
    (15.0, ("Excellent trimestre.", "Très bon travail, continuez ainsi.", "Très bien.")),
    (12.0, ("Bon ensemble, participation active.", "Bon travail.", "Bilan satisfaisant.")),
    (9.5, ("Ensemble correct, des efforts à poursuivre.", "Résultats moyens mais sérieux.")),
    (0.0, ("Des difficultés : il faut travailler davantage.", "Résultats insuffisants.")),
)
# Of the services, once the trimester's class councils are near; before, and of a full term.
_APPRAISED: Final = 0.25
_EARLY: Final = 0.03
_COUNCILS: Final = datetime.timedelta(days=14)


def abilities(term: Term) -> dict[str, float]:
    """Return what each pupil is worth out of 20, so that his marks resemble each other."""
    dice = term.dice("abilities")
    return {pupil.code: min(18.5, max(3.0, dice.gauss(12.2, 2.9))) for pupil in term.pupils}


def fill_marks(term: Term, worth: dict[str, float]) -> None:
    """Write the assessments of every service and nearly all their marks."""
    dice = term.dice("marks")
    assessments: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    pupil_ids = {pupil.code: term.id_of(schema.pupil, pupil.code) for pupil in term.pupils}
    for service in term.services:
        members = term.members(service)
        if not members:
            continue
        days = sorted(term.day_of(service, dice) for _ in range(_how_many(term, service, dice)))
        for number, day in enumerate(days):
            row = _assessment(term, service, day, dice, len(assessments) + 1)
            # The first of a service counts, so that there is an average.
            if number and dice.random() < 0.06:
                row["optional" if dice.random() < 0.6 else "bonus"] = True
            assessments.append(row)
            easy = dice.gauss(0, 1.2)
            scale = int(row["scale"])
            for pupil in members:
                points = worth[pupil.code] + easy + dice.gauss(0, 2.0)
                annotation = None
                if dice.random() < _ANNOTATED:
                    annotation = dice.choice(_ANNOTATIONS).value
                marks.append(
                    {
                        "assessment_id": row["id"],
                        "pupil_id": pupil_ids[pupil.code],
                        "value": _HALVES[round(min(20.0, max(0.0, points)) * scale / 10)]
                        if annotation is None
                        else None,
                        "annotation": annotation,
                        "revision": term.revision,
                    }
                )
    term.insert(schema.assessment, assessments)
    term.insert(schema.mark, marks)


def _how_many(term: Term, service: ServiceKey, dice: random.Random) -> int:
    rate = _MANY if service.subject_code in _MUCH_MARKED else _SOME
    drawn = int(rate * term.share + dice.random())
    return max(_SHOWN, drawn) if service.teacher_code in DEMO_TEACHER_CODES else drawn


def _assessment(
    term: Term, service: ServiceKey, day: datetime.date, dice: random.Random, ident: int
) -> dict[str, Any]:
    return {
        "id": ident,
        "service_id": term.id_of(schema.service, service.code),
        "period_id": term.id_of(schema.period, term.trimester_of(day).code),
        "date": day,
        "title": dice.choice(_TITLES),
        "scale": Decimal(dice.choice(_SCALES)),
        "coefficient": Decimal(dice.choice(_COEFFICIENTS)),
        "optional": False,
        "bonus": False,
        "bring_to_20": dice.random() < 0.15,
        "published_on": day + datetime.timedelta(days=dice.choice((2, 5, 7, 10))),
        "revision": term.revision,
    }


def fill_appraisals(term: Term, worth: dict[str, float]) -> None:
    """Write appraisals of trimesters: few at first, many when class councils are near."""
    dice = term.dice("appraisals")
    rows: list[dict[str, Any]] = []
    for period in term.trimesters:
        near = term.until.date() + _COUNCILS > period.ends_on
        period_id = term.id_of(schema.period, period.code)

        def write(pupil: Pupil, service_id: int | None, period_id: int = period_id) -> None:
            texts = next(each for least, each in _APPRAISALS if worth[pupil.code] >= least)
            rows.append(
                {
                    "pupil_id": term.id_of(schema.pupil, pupil.code),
                    "service_id": service_id,
                    "period_id": period_id,
                    "text": dice.choice(texts),
                    "revision": term.revision,
                }
            )

        for service in term.services:
            if dice.random() < (_APPRAISED if near else _EARLY):
                for pupil in term.members(service):
                    write(pupil, term.id_of(schema.service, service.code))
        if near:
            for pupil in term.pupils:
                write(pupil, None)
    term.insert(schema.appraisal, rows)


def fill_evaluations(term: Term, worth: dict[str, float]) -> None:
    """Write the skills, and evaluations of them in some services of the collège."""
    dice = term.dice("evaluations")
    skills = [
        {"id": number, "code": code, "name": name, "domain": domain}
        for number, (code, name, domain) in enumerate(_SKILLS, start=1)
    ]
    term.insert(schema.skill, skills)
    evaluations: list[dict[str, Any]] = []
    about: list[dict[str, Any]] = []
    levels: list[dict[str, Any]] = []
    for service in term.services:
        collège = (service.class_code or service.group_code or "")[:1] in "3456"
        if not collège or dice.random() >= _EVALUATING:
            continue
        for _ in range(max(1, round(2 * term.share))):
            day = term.day_of(service, dice)
            ident = len(evaluations) + 1
            evaluations.append(
                {
                    "id": ident,
                    "service_id": term.id_of(schema.service, service.code),
                    "period_id": term.id_of(schema.period, term.trimester_of(day).code),
                    "date": day,
                    "title": dice.choice(_TITLES),
                    "coefficient": Decimal(1),
                    "published_on": day + datetime.timedelta(days=3),
                    "revision": term.revision,
                }
            )
            for skill in sorted(dice.sample(range(1, len(skills) + 1), 2)):
                about.append({"evaluation_id": ident, "skill_id": skill})
                levels += [
                    {
                        "evaluation_id": ident,
                        "skill_id": skill,
                        "pupil_id": term.id_of(schema.pupil, pupil.code),
                        "level": _level(worth[pupil.code], dice).value,
                        "revision": term.revision,
                    }
                    for pupil in term.members(service)
                ]
    term.insert(schema.evaluation, evaluations)
    term.insert(schema.evaluation_skill, about)
    term.insert(schema.evaluation_level, levels)


def _level(worth: float, dice: random.Random) -> Level:
    if dice.random() < 0.03:
        return dice.choice((Level.ABSENT, Level.EXEMPT, Level.NOT_EVALUATED))
    points = max(0.0, worth + dice.gauss(0, 2.5))
    return next(level for least, level in _LEVELS if points >= least)
