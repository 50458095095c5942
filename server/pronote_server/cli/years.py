"""``years``: the bases of previous years, for the operator on the machine."""

from __future__ import annotations

from typing import Annotated

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_items

__all__ = ["add_commands"]

years = cyclopts.App(name="years", help="Les bases des années précédentes (fiche 5).")


@years.command(name="list")
def list_years(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les années précédentes que l'on peut consulter."""
    show_items(
        ask_server(data, "years.list", rne=rne),
        json,
        "Années précédentes",
        {
            "school_year": "Année",
            "base": "Base",
            "size": "Taille (octets)",
            "last_entry_at": "Dernière saisie",
            "readers": "Lecteurs",
        },
    )


@years.command
def load(
    source: Annotated[
        str,
        cyclopts.Parameter(
            help="Une autre base, une sauvegarde ou une archive, par son nom ; "
            "ou le chemin d'un fichier."
        ),
    ],
    *,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Charger la base d'une des cinq années précédentes, pour la consulter."""
    from pathlib import Path

    file = "/" in source
    wanted = str(Path(source).resolve()) if file else source
    answer = ask_server(data, "years.load", seconds=600.0, rne=rne, source=wanted, file=file)
    year = answer["school_year"]
    say(answer, json, f"L'année {year}-{year + 1} peut être consultée.")


@years.command
def remove(
    school_year: int, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Retirer une année précédente ; ce dont elle a été chargée reste."""
    answer = ask_server(data, "years.remove", rne=rne, school_year=school_year)
    say(answer, json, f"L'année {school_year}-{school_year + 1} est retirée.")


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(years)
