"""What a base holds, in the words of fiche 9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["COUNTERS", "counted"]

# As the console of fiche 9 groups them.
COUNTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "Ressources": {
        "teachers": "professeurs",
        "classes": "classes",
        "pupils": "élèves",
        "subjects": "matières",
        "groups": "groupes",
        "former_pupils": "anciens élèves",
    },
    "Scolarité": {
        "assessments": "devoirs",
        "homework_notebooks": "cahiers de textes",
        "appraisals": "appréciations",
        "marks": "notes",
        "attached_documents": "doc. joints",
        "evaluations": "évaluations",
    },
    "Vie scolaire": {
        "sanctions": "sanctions",
        "absences": "absences",
        "follow_ups": "suivis",
        "punishments": "punitions",
        "latenesses": "retards",
    },
}


def counted(name: str) -> str:
    """Return what a counter counts; the name of one that has no words yet."""
    return next((words[name] for words in COUNTERS.values() if name in words), name)
