"""``version``: the change of version, for the operator on the machine."""

from __future__ import annotations

from typing import Any, Literal

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say

__all__ = ["add_commands"]

version = cyclopts.App(name="version", help="Le changement de version (fiche 3).")

_EDITIONS = {"pre-version": "pré-version", "official": "version officielle"}
_BASES = {"new": "une nouvelle base vide", "in-service": "la base en service"}


@version.command
def show(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Afficher la version installée et le prochain passage."""
    _say(ask_server(data, "version.show", rne=rne), json)


@version.command
def plan(
    edition: Literal["pre-version", "official"],
    on: str,
    base: Literal["new", "in-service"],
    *,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Demander un passage.

    Args:
        edition: La pré-version (dès le 1er juillet) ou la version officielle (1er août).
        on: Date, comme 2027-07-05 : le passage se fait au début de ce jour.
        base: Une nouvelle base vide, ou la base alors en service.
    """
    answer = ask_server(data, "version.plan", rne=rne, edition=edition, on=on, base=base)
    _say(answer, json)


@version.command
def cancel(
    edition: Literal["pre-version", "official"],
    *,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Renoncer à un passage demandé."""
    _say(ask_server(data, "version.cancel", rne=rne, edition=edition), json)


def _say(answer: dict[str, Any], as_json: bool) -> None:
    lines = [f"PRONOTE {answer['year']}, {_EDITIONS[answer['edition']]}."]
    lines += [
        f"Demandé par {each['by']} : {_EDITIONS[each['edition']]} le {each['on']}, avec "
        f"{_BASES[each['base']]}."
        for each in answer["planned"]
    ]
    how = "automatique" if answer["automatic"] else "demandé"
    lines.append(
        f"Prochain passage ({how}) : PRONOTE {answer['next_year']}, "
        f"{_EDITIONS[answer['next_edition']]}, le {answer['next_on']}, avec "
        f"{_BASES[answer['next_base']]}."
    )
    if failure := answer["failure"]:
        lines.append(
            f"Le passage à PRONOTE {failure['year']} a échoué : {failure['reason']} "
            f"Nouvel essai le {failure['again_on']}."
        )
    say(answer, as_json, "\n".join(lines))


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(version)
