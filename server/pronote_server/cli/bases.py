"""``bases``: the bases of a school, for the operator on the machine."""

from __future__ import annotations

import json as json_text
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.counting import COUNTERS
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_items

__all__ = ["add_commands", "bases"]

bases = cyclopts.App(name="bases", help="Les bases d'un établissement.")

_STATES = {
    "none": "Aucune base",
    "loaded": "Arrêté",
    "in-service": "En service",
    "stopping": "En cours d'arrêt",
    "changing": "Opération en cours",
}


@bases.command
def show(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """L'état de la base chargée et ses compteurs (fiche 9)."""
    answer = ask_server(data, "bases.show", rne=rne)
    if json:
        print(json_text.dumps(answer, ensure_ascii=False))
        return
    print(f"{_STATES[answer['state']]} | Base en cours : {answer.get('base') or '–'}")
    if answer.get("base") is None:
        return
    year = answer["school_year"]
    print(
        f"{year}-{year + 1} | Créée le {_day(answer['created_at'])} | "
        f"Dernière saisie le {_day(answer.get('last_entry_at'))}"
    )
    counters = answer["counters"]
    for title, words in COUNTERS.items():
        print(
            f"{title} : " + ", ".join(f"{counters[key]} {word}" for key, word in words.items())
        )


def _day(text: str | None) -> str:
    """Return an instant as the guide writes it, in the school's time."""
    from pronote_server.hosting.school_time import local

    return "–" if text is None else f"{local(datetime.fromisoformat(text)):%d/%m/%y %H:%M}"


@bases.command(name="list")
def list_bases(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """La base chargée et les autres : déjà en service, ou chargées par l'établissement."""
    answer = ask_server(data, "bases.list", rne=rne)
    if not json:
        for item in answer["items"]:
            item["loaded"] = "chargée" if item["loaded"] else ""
            item["origin"] = _ORIGINS.get(item["origin"], item["origin"])
            item["size"] = f"{item['size'] // 1024} Ko"
            for key in ("last_entry_at", "served_at"):
                item[key] = _day(item[key])
    show_items(
        answer,
        json,
        "Bases",
        {
            "name": "Nom",
            "loaded": "",
            "school_year": "Année",
            "size": "Taille",
            "last_entry_at": "Dernière saisie",
            "origin": "Origine",
            "served_at": "Mise en service",
            "problem": "Problème",
        },
    )


_ORIGINS = {
    "created": "créée",
    "uploaded": "envoyée",
    "restored": "restaurée",
    "found": "trouvée",
}


@bases.command
def create(
    name: str,
    *,
    year: int | None = None,
    first_day: int = 0,
    days: str = "0,1,2,3,4",
    sequences: int = 10,
    starts: str = "08:00",
    minutes: int = 60,
    step: int | None = None,
    breaks: str = "",
    labels: str = "",
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Créer une base vide et la charger (fiche 4) ; le serveur doit être arrêté.

    Parameters
    ----------
    name
        Nom de la base.
    year
        Année scolaire : 2020 pour 2020-2021 ; celle en cours si rien n'est dit.
    first_day
        Premier jour de la semaine, 0 pour lundi.
    days
        Jours ouvrés, 0 pour lundi.
    sequences
        Séquences par jour.
    starts
        Heure de la première.
    minutes
        Durée d'une séquence.
    step
        Pas horaire, en minutes.
    breaks
        Pauses : « 2:15,4:90 » pour 15 minutes après la 2e séquence et 90 après la 4e.
    labels
        Libellés des séquences, séparés par des virgules ; leur heure si rien n'est dit.
    """
    grid: dict[str, Any] = {
        "first_day": first_day,
        "days": [_number(day, "--days") for day in days.split(",")],
        "sequences": sequences,
        "starts_at": _minute(starts),
        "sequence_minutes": minutes,
        "step_minutes": step,
        "breaks": [
            [_number(part, "--breaks") for part in pause.split(":")]
            for pause in breaks.split(",")
            if pause
        ],
        "labels": [label for label in labels.split(",") if label],
    }
    answer = ask_server(data, "bases.create", rne=rne, name=name, school_year=year, grid=grid)
    say(answer, json, f"La base {answer['base']} est créée et chargée.")


def _number(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError:
        _bad_usage(f"{option} : « {text} » n'est pas un nombre")


def _minute(text: str) -> int:
    hour, colon, minute = text.partition(":")
    if not colon:
        _bad_usage(f"--starts : « {text} » n'est pas une heure, comme 08:00")
    return 60 * _number(hour, "--starts") + _number(minute, "--starts")


def _bad_usage(sentence: str) -> NoReturn:
    print(f"pronote-server: {sentence}", file=sys.stderr)
    sys.exit(2)


@bases.command(name="put-in-service")
def put_in_service(
    *,
    password_file: Annotated[
        Path | None,
        cyclopts.Parameter(help="Mot de passe du SPR, demandé à la première mise en service."),
    ] = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Mettre en service la base chargée (fiche 4)."""
    password = None
    if password_file is not None:
        password = password_file.read_text(encoding="utf-8").rstrip("\r\n")
    answer = ask_server(data, "put_in_service", rne=rne, password=password)
    say(answer, json, "La base est en service.")


@bases.command
def stop(
    *,
    delay: float = 0.0,
    message: str | None = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Arrêter le service de la base ; les utilisateurs sont prévenus puis déconnectés."""
    answer = ask_server(
        data, "stop", seconds=delay + 30.0, rne=rne, delay_seconds=delay, message=message
    )
    say(answer, json, "La base n'est plus en service.")


@bases.command(name="open")
def open_other(name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Charger une des autres bases (fiche 8) ; le serveur doit être arrêté."""
    answer = ask_server(data, "bases.open", seconds=180.0, rne=rne, name=name)
    say(answer, json, f"La base {answer['base']} est chargée ; mettez-la en service.")


@bases.command
def rename(
    name: str, new_name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Renommer une base."""
    answer = ask_server(data, "bases.rename", rne=rne, name=name, new_name=new_name)
    say(answer, json, f"La base {name} s'appelle désormais {new_name}.")


@bases.command
def delete(name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Supprimer une des autres bases, avec ses documents ; jamais celle qui est chargée."""
    answer = ask_server(data, "bases.delete", rne=rne, name=name)
    say(answer, json, f"La base {name} est supprimée.")


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    from pronote_server.cli import base_files as base_files

    app.command(bases)
