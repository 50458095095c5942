"""Guardians, information and discussions of the demo school's term."""

from __future__ import annotations

import datetime
import random
from typing import Any, Final

from pronote_server.demo.people import read_rows
from pronote_server.demo.term import Term
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema

__all__ = ["fill_talk"]

_WITH_TWO: Final = 0.35  # of the pupils, with two guardians written down
_DISCUSSIONS: Final = 60  # of a full term

_INFORMATION: Final = (
    ("Réunion de rentrée des professeurs", "La réunion plénière a lieu en salle polyvalente."),
    ("Photographies de classe", "Le planning est affiché en salle des professeurs."),
    ("Exercice d'évacuation", "Un exercice aura lieu ce mois-ci ; merci de vérifier l'appel."),
    ("Conseils de classe", "Merci de saisir les appréciations avant la date indiquée."),
    ("Portes ouvertes", "Les volontaires sont les bienvenus pour accueillir les familles."),
)
_SURVEY: Final = ("Formation du mercredi", "Serez-vous présent ?", ("Oui", "Non"))
_SUBJECTS: Final = (
    "Élève souvent absent le lundi",
    "Organisation de la sortie",
    "Devoir commun",
    "Salle à changer",
    "Suivi d'un élève",
)
_SENTENCES: Final = (
    "Bonjour, pouvez-vous me dire ce qui a été convenu ?",
    "Je m'en occupe cette semaine.",
    "Merci pour votre retour.",
    "La famille a été prévenue.",
    "D'accord, je vous tiens au courant.",
)


def fill_talk(term: Term) -> None:
    """Write who answers for pupils, and what was told and said."""
    _fill_guardians(term)
    _fill_information(term)
    _fill_discussions(term)


def _fill_guardians(term: Term) -> None:
    dice = term.dice("guardians")
    first_names = [row["name"] for row in read_rows("adult_first_names.csv")]
    guardians: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for pupil in term.pupils:
        for _ in range(1 + (dice.random() < _WITH_TWO)):
            ident = len(guardians) + 1
            code, first_name = f"R{ident:04}", dice.choice(first_names)
            name = f"{pupil.last_name} {first_name}"
            guardians.append(
                {
                    "id": ident,
                    "code": code,
                    "last_name": pupil.last_name,
                    "first_name": first_name,
                    # Nobody's: the first is reserved for examples, the second for fiction.
                    "email": f"{code.lower()}@example.org",
                    "phone": f"06 39 98 {ident // 100 % 100:02} {ident % 100:02}",
                    "sort_name": fold(name),
                    "search": fold(f"{name} {code}"),
                }
            )
            links.append(
                {
                    "pupil_id": term.id_of(schema.pupil, pupil.code),
                    "guardian_id": ident,
                    "legal": True,
                }
            )
    term.insert(schema.guardian, guardians)
    term.insert(schema.pupil_guardian, links)


def _fill_information(term: Term) -> None:
    dice = term.dice("information")
    by = _head(term)
    told: list[tuple[str, str, list[str] | None]] = [
        (title, text, None) for title, text in _INFORMATION
    ]
    told.append((_SURVEY[0], _SURVEY[1], list(_SURVEY[2])))
    days = sorted(dice.choice(term.days) for _ in told)
    rows: list[dict[str, Any]] = []
    receipts: list[dict[str, Any]] = []
    for ident, (day, (title, text, survey)) in enumerate(zip(days, told, strict=True), start=1):
        at = _instant(term, day, dice)
        rows.append(
            {
                "id": ident,
                "title": title,
                "text": text,
                "published_at": at,
                "by": by,
                "survey": survey,
                "revision": term.revision,
            }
        )
        for teacher in term.data.teachers:
            read = dice.random() < 0.7
            answered = survey is not None and read and dice.random() < 0.8
            receipts.append(
                {
                    "information_id": ident,
                    "person": f"teacher:{teacher.code}",
                    "read_at": at if read else None,
                    "answer": dice.choice(survey) if survey and answered else None,
                }
            )
    term.insert(schema.information, rows)
    term.insert(schema.receipt, receipts)


def _fill_discussions(term: Term) -> None:
    dice = term.dice("discussions")
    people = [f"teacher:{each.code}" for each in term.data.teachers]
    people += [f"staff:{each.code}" for each in term.data.staff]
    discussions, participants, messages = [], [], []
    for ident in range(1, max(2, round(_DISCUSSIONS * term.share)) + 1):
        at = _instant(term, dice.choice(term.days), dice)
        talking = dice.sample(people, dice.choice((2, 2, 3, 4)))
        discussions.append(
            {
                "id": ident,
                "subject": dice.choice(_SUBJECTS),
                "created_by": talking[0],
                "created_at": at,
                "revision": term.revision,
            }
        )
        participants += [
            {"discussion_id": ident, "person": each, "read_at": None, "left_at": None}
            for each in talking
        ]
        messages += [
            {
                "discussion_id": ident,
                "by": talking[number % len(talking)],
                "at": at + datetime.timedelta(minutes=number),
                "text": dice.choice(_SENTENCES),
            }
            for number in range(dice.choice((1, 2, 3, 4)))
        ]
    term.insert(schema.discussion, discussions)
    term.insert(schema.participant, participants)
    term.insert(schema.message, messages)


def _head(term: Term) -> str:
    return next(f"staff:{each.code}" for each in term.data.staff if each.code.startswith("D"))


def _instant(term: Term, day: datetime.date, dice: random.Random) -> datetime.datetime:
    """Draw an instant of *day* that has passed."""
    return term.instant(min(term.moment(day, dice.randrange(480, 1080)), term.until))
