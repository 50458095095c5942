"""``backups``: the backups and archives of a school (fiche 9), for the operator."""

from __future__ import annotations

import json as json_text
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import cyclopts

from pronote_server.cli.asking import ask_at_length, ask_server
from pronote_server.cli.counting import counted
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_table

__all__ = ["add_commands"]

backups = cyclopts.App(name="backups", help="Les sauvegardes et les archives.")

Confirmed = Annotated[
    bool,
    cyclopts.Parameter(negative="", help="Ce qui serait perdu peut l'être (voir preview)."),
]
_KINDS = {"backup": "Sauvegarde", "archive": "Archive"}


@backups.command(name="list")
def list_backups(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les sauvegardes et les archives, les plus récentes d'abord."""
    answer = ask_server(data, "backups.list", rne=rne)
    if json:
        print(json_text.dumps(answer, ensure_ascii=False))
        return
    from rich.console import Console

    items = answer["items"]
    count = sum(item["kind"] == "backup" for item in items)
    show_table(
        Console(),
        f"Sauvegardes ({count}) et archives ({len(items) - count})",
        ("Nom", "Type", "Date", "Taille", "Base", "Prouvée"),
        [
            (
                item["name"],
                _KINDS[item["kind"]],
                _day(item["made_at"]),
                f"{item['size'] // 1024} Ko",
                item["base"],
                item["problem"] or ("prouvée" if item["proven_at"] else "non"),
            )
            for item in items
        ],
    )
    for failure in answer["failures"]:
        print(
            f"La dernière {_KINDS[failure['kind']].lower()} a échoué le "
            f"{_day(failure['at'])} : {failure['message']}"
        )
    if answer["undo"] is not None:
        undo = answer["undo"]
        print(f"L'ouverture de {undo['opened']} peut être annulée (backups undo).")


@backups.command
def show(name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Afficher les compteurs d'une sauvegarde ou d'une archive."""
    answer = ask_server(data, "backups.show", rne=rne, name=name)
    if json:
        print(json_text.dumps(answer, ensure_ascii=False))
        return
    _show_counters(f"{name}, {_day(answer['made_at'])}", ("",), [answer["counters"]])


@backups.command
def preview(name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Dire ce que l'ouverture d'une sauvegarde ferait perdre ; rien n'est modifié."""
    answer = ask_server(data, "backups.preview", rne=rne, name=name)
    if json:
        print(json_text.dumps(answer, ensure_ascii=False))
        return
    _show_counters(
        f"{name}, {_day(answer['made_at'])}",
        ("Sauvegarde", "Base chargée"),
        [answer["counters"], answer["now"]],
    )
    if answer["loaded"] is None:
        print("Aucune base n'est chargée : rien ne serait perdu.")
    elif not answer["same_base"]:
        print(f"C'est une autre base, qui serait chargée au lieu de « {answer['loaded']} ».")
    elif answer["entries"]:
        print(
            f"Seraient perdues : {answer['entries']} saisie(s), du "
            f"{_day(answer['first_at'])} au {_day(answer['last_at'])}."
        )
    else:
        print("Rien n'a été saisi depuis : rien ne serait perdu.")


@backups.command
def make(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Faire une sauvegarde maintenant."""
    _made(ask_at_length(data, "backups.make", quiet=json, rne=rne), json)


@backups.command
def archive(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Faire une archive maintenant, avec les documents."""
    _made(ask_at_length(data, "backups.make", quiet=json, rne=rne, archive=True), json)


@backups.command(name="open")
def open_backup(
    name: str,
    *,
    confirm: Confirmed = False,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Ouvrir une sauvegarde ou une archive ; elle remplace la base chargée.

    Le serveur doit être arrêté ; la base doit ensuite être mise en service.
    """
    answer = ask_at_length(
        data, "backups.open", quiet=json, rne=rne, name=name, confirm=confirm or None
    )
    say(answer, json, _opened(answer, f"{name} est chargée"))


@backups.command
def undo(
    *, confirm: Confirmed = False, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Annuler la dernière ouverture d'une sauvegarde, une fois."""
    answer = ask_at_length(data, "backups.undo", quiet=json, rne=rne, confirm=confirm or None)
    say(answer, json, _opened(answer, "La base est telle qu'avant l'ouverture"))


@backups.command
def prove(name: str, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Relire une sauvegarde en entier et vérifier la base qu'elle contient."""
    answer = ask_at_length(data, "backups.prove", quiet=json, rne=rne, name=name)
    say(answer, json, f"{name} est prouvée.")


@backups.command(name="make-key")
def make_key(file: Path, *, json: AsJson = False) -> None:
    """Créer un fichier de clé ; data.key_file fait chiffrer les sauvegardes avec elle."""
    from pronote_server.storage.encryption import make_key_file

    make_key_file(file)
    say(
        {"key_file": str(file.absolute())},
        json,
        f"Clé créée : {file.absolute()}. Sans elle, les sauvegardes chiffrées sont perdues : "
        "gardez-en une copie ailleurs.",
    )


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(backups)


def _made(answer: dict[str, Any], json: bool) -> None:
    say(answer, json, f"{answer['name']} : {answer['size'] // 1024} Ko, prouvée.")


def _opened(answer: dict[str, Any], what: str) -> str:
    words = [f"{what} ; mettez la base en service (bases put-in-service)."]
    if answer["safety"] is not None:
        words.append(f"La base d'avant : {answer['safety']} (backups undo).")
    if answer["missing_documents"]:
        words.append(f"Documents introuvables : {answer['missing_documents']}.")
    return " ".join(words)


def _show_counters(title: str, columns: tuple[str, ...], all_counters: list[Any]) -> None:
    from rich.console import Console

    show_table(
        Console(),
        title,
        ("Compteur", *columns),
        [
            (counted(name), *(counters.get(name) for counters in all_counters))
            for name in dict.fromkeys(name for counters in all_counters for name in counters)
        ],
    )


def _day(text: str | None) -> str:
    if text is None:
        return "–"
    return f"{datetime.fromisoformat(text).astimezone():%d/%m/%y %H:%M}"
