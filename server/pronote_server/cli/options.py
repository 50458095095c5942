"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cyclopts

__all__ = ["AsJson", "At", "Data", "Host", "Port", "Rne", "TestApi"]

Host = Annotated[str | None, cyclopts.Parameter(help="Adresse d'écoute.")]
Port = Annotated[int | None, cyclopts.Parameter(help="Port TCP ; 0 en prend un libre.")]
AsJson = Annotated[
    bool, cyclopts.Parameter(name="--json", negative="", help="Pour les programmes.")
]
Data = Annotated[Path | None, cyclopts.Parameter(help="Dossier des données du serveur.")]
TestApi = Annotated[
    bool,
    cyclopts.Parameter(negative="", help="Laisser déplacer l'horloge (boucle locale)."),
]
At = Annotated[
    str | None,
    cyclopts.Parameter(
        help="Date à laquelle l'horloge des établissements démarre, comme "
        "2020-08-20T18:00 ; avec --test-api."
    ),
]
Rne = Annotated[str | None, cyclopts.Parameter(help="Établissement, s'il y en a plusieurs.")]
