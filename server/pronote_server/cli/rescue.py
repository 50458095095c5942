"""``rescue``: what the operator on the machine may always do."""

from __future__ import annotations

import json
from typing import Annotated

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_items

__all__ = ["add_commands"]

rescue = cyclopts.App(
    name="rescue", help="L'accès de secours de l'opérateur, sur la machine du serveur."
)


@rescue.command
def connections(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les utilisateurs connectés et les licences utilisées."""
    answer = ask_server(data, "connections", rne=rne)
    show_items(
        answer,
        json,
        "Utilisateurs connectés",
        {
            "session": "Session",
            "workstation": "Poste",
            "application": "Application",
            "state": "État",
            "mode": "Mode",
            "user": "Utilisateur",
            "base": "Base",
            "seconds": "Durée",
            "address": "Adresse",
        },
    )
    if not json:
        seats = answer["seats"]
        print(
            f"Licences en modification : {seats['modification_used']}/"
            f"{seats['modification_total']} (réservées pour les administrateurs : "
            f"{seats['reserved_for_administrators']})"
        )


@rescue.command
def disconnect(
    *sessions: str,
    user: Annotated[list[str] | None, cyclopts.Parameter(help="Identifiant.")] = None,
    everyone: Annotated[bool, cyclopts.Parameter(negative="")] = False,
    message: str | None = None,
    delay: float = 0.0,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Déconnecter des sessions, des utilisateurs ou tout le monde."""
    answer = ask_server(
        data,
        "disconnect",
        rne=rne,
        sessions=list(sessions),
        users=user or [],
        everyone=everyone,
        message=message,
        delay_seconds=delay,
    )
    say(answer, json, f"{len(answer['sessions'])} session(s) déconnectée(s).")


@rescue.command
def suspensions(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les adresses suspendues."""
    show_items(
        ask_server(data, "suspensions", rne=rne),
        json,
        "Adresses suspendues",
        {
            "address": "Adresse",
            "login": "Compte",
            "cause": "Cause",
            "since": "Depuis",
            "until": "Jusqu'à",
            "accounts": "Comptes essayés",
            "reference": "Référence",
        },
    )


@rescue.command
def lift(
    address: str | None = None, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Débloquer une adresse, un réseau, ou toutes les adresses suspendues."""
    answer = ask_server(data, "lift", rne=rne, address=address)
    say(
        answer,
        json,
        f"{len(answer['addresses'])} adresse(s) débloquée(s). Les utilisateurs doivent fermer "
        "et relancer leur client.",
    )


@rescue.command
def journal(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lire les dernières lignes de l'historique."""
    show_items(
        ask_server(data, "journal", rne=rne),
        json,
        "Historique",
        {
            "at": "Date",
            "kind": "Événement",
            "actor": "Qui",
            "address": "D'où",
            "details": "Détail",
        },
    )


@rescue.command
def statistics(*, data: Data = None) -> None:
    """Afficher les compteurs du serveur (JSON)."""
    print(json.dumps(ask_server(data, "statistics"), ensure_ascii=False, indent=2))


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(rescue)
