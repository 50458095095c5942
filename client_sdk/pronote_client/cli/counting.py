"""What a base holds, in the words of fiche 9."""

from __future__ import annotations

from typing import Final

__all__ = ["counted"]

_COUNTERS: Final = {
    "teachers": "Professeurs",
    "subjects": "Matières",
    "classes": "Classes",
    "groups": "Groupes",
    "pupils": "Élèves",
    "former_pupils": "Anciens élèves",
    "assessments": "Devoirs",
    "marks": "Notes",
    "homework_notebooks": "Cahiers de textes",
    "attached_documents": "Documents joints",
    "appraisals": "Appréciations",
    "evaluations": "Évaluations",
    "sanctions": "Sanctions",
    "punishments": "Punitions",
    "absences": "Absences",
    "latenesses": "Retards",
    "follow_ups": "Suivis",
}


def counted(name: str) -> str:
    """Return what a counter counts; the name of one that has no words yet."""
    return _COUNTERS.get(name, name)
