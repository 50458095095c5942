"""The homework notebook of the demo school's term."""

from __future__ import annotations

import datetime
from typing import Any, Final

from pronote_server.demo.term import Term
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import services_of_lessons

__all__ = ["fill_notebook"]

# Of the lessons: the last days are full, of the others samples are enough to look at.
_LATELY: Final = 8
_NOTED_LATELY: Final = 0.5
_NOTED: Final = 0.04
_WITH_HOMEWORK: Final = 0.45
_WEEKEND: Final = datetime.timedelta(days=2)

_CONTENTS: Final = (
    "Correction des exercices ; suite du chapitre.",
    "Introduction du nouveau chapitre : lecture et commentaire de documents.",
    "Travail en groupes, mise en commun au tableau.",
    "Leçon : trace écrite et application.",
    "Révisions avant l'évaluation.",
    "Évaluation écrite.",
    "Rendu et correction du devoir.",
    "Activité pratique et compte rendu.",
)
_TASKS: Final = (
    "Apprendre la leçon.",
    "Finir les exercices commencés en classe.",
    "Lire le texte distribué et répondre aux questions.",
    "Réviser pour le contrôle.",
    "Préparer un exposé de cinq minutes.",
    "Rédiger un paragraphe d'une dizaine de lignes.",
    "Apporter le matériel demandé.",
)


def fill_notebook(term: Term) -> None:
    """Write what was done in some lessons, published when they began, and homework."""
    dice = term.dice("notebook")
    entries: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    lately = frozenset(term.days[-_LATELY:])
    for day in term.days:
        rate = _NOTED_LATELY if day in lately else _NOTED
        for lesson in term.lessons_on(day):
            if dice.random() >= rate:
                continue
            service = services_of_lessons([lesson])[0]
            entries.append(
                {
                    "id": len(entries) + 1,
                    "lesson_id": term.id_of(schema.lesson, lesson.code),
                    "service_id": term.id_of(schema.service, service.code),
                    "date": day,
                    "content": dice.choice(_CONTENTS),
                    "published_at": term.instant(term.moment(day, lesson.start_minute or 0)),
                    "revision": term.revision,
                }
            )
            if dice.random() < _WITH_HOMEWORK:
                due = day + datetime.timedelta(days=dice.choice((1, 2, 3, 7, 7)))
                due_on = due if term.calendar.is_working(due) else due + _WEEKEND
                tasks.append(
                    {
                        "notebook_entry_id": entries[-1]["id"],
                        "due_on": due_on,
                        "text": dice.choice(_TASKS),
                    }
                )
    term.insert(schema.notebook_entry, entries)
    term.insert(schema.homework, tasks)
