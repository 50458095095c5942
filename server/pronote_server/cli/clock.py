"""``clock``: moving school time on a server that was started with ``--test-api``."""

from __future__ import annotations

from typing import Annotated, Any, Final

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data
from pronote_server.cli.showing import say

__all__ = ["add_commands"]

clock = cyclopts.App(
    name="clock", help="L'horloge des établissements (serveur démarré avec --test-api)."
)


_SCHEDULES: Final = {
    "backups": "sauvegarde ou archive",
    "version": "changement de version",
}


@clock.command
def show(*, data: Data = None, json: AsJson = False) -> None:
    """Afficher l'heure des établissements et la prochaine échéance."""
    answer = ask_server(data, "clock.show")
    _say(answer, json)


@clock.command
def advance(duration: str, *, data: Data = None, json: AsJson = False) -> None:
    """
    Avancer l'horloge ; ce qui arrive à échéance en chemin est fait, dans l'ordre.

    La réponse vient quand sauvegardes, archives et changement de version sont faits, ou dit
    après 20 s ce qui est encore en cours.

    Args:
        duration: 90s, 15m, 2h, 3d ou 1d12h.
    """
    _say(ask_server(data, "clock.advance", duration=duration), json)


@clock.command
def until(
    date: str,
    *,
    back: Annotated[
        bool, cyclopts.Parameter(negative="", help="Accepter une date passée.")
    ] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """
    Mettre l'horloge à une date.

    Args:
        date: 2027-08-21 ou 2027-08-21T02:16, à l'heure de Paris sauf indication contraire.
    """
    _say(ask_server(data, "clock.until", date=date, back=back), json)


@clock.command
def freeze(*, data: Data = None, json: AsJson = False) -> None:
    """Arrêter l'horloge ; elle peut encore être déplacée."""
    _say(ask_server(data, "clock.freeze"), json)


@clock.command
def resume(*, data: Data = None, json: AsJson = False) -> None:
    """Laisser l'horloge repartir d'où elle est."""
    _say(ask_server(data, "clock.resume"), json)


def _say(answer: Any, as_json: bool) -> None:
    state = " (arrêtée)" if answer["frozen"] else ""
    following = answer["next_instant"]
    due = "" if following is None else f" ; prochaine échéance : {following}"
    say(answer, as_json, f"Il est {answer['now']}{state}{due}.")
    if not as_json:
        for each in answer["under_way"]:
            what = _SCHEDULES.get(each["schedule"], each["schedule"])
            print(f"Encore en cours à {each['rne']} : {what} du {each['due']}.")


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(clock)
