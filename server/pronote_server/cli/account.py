"""``account`` and ``outbox``: the account with the host, and what leaves for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_items, show_table

__all__ = ["add_commands"]

account = cyclopts.App(name="account", help="Mon compte : contrat et responsable (fiche 3).")
outbox = cyclopts.App(name="outbox", help="Les messages qui partent vers le responsable.")

_SHOWN = {
    "client_reference": "Référence client",
    "hosting_number": "N° d'hébergement",
    "expires": "Expire le",
    "expired": "Expirée",
    "modification": "Administrateurs et modifiants",
    "reserved_for_administrators": "Réservées pour les administrateurs",
    "teachers": "Professeurs",
    "edt": "Connexion EDT",
    "consultation_edt": "Consultation EDT",
    "consultation": "Consultation PRONOTE",
    "sms_edt": "SMS EDT",
    "sms": "SMS PRONOTE",
    "pronote_net": "PRONOTE.net",
    "responsible": "Responsable",
    "email": "E-mail",
    "mobile": "Mobile",
}
_NONE = {"expires": "jamais", "teachers": "illimités"}


@account.command
def show(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Afficher le contrat et le compte, et ce qui y a été changé depuis server.toml."""
    _show(ask_server(data, "account.show", rne=rne), json)


@account.command(name="set")
def change(
    *terms: str,
    unset: Annotated[
        list[str] | None, cyclopts.Parameter(help="Revenir à server.toml pour ce terme.")
    ] = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Changer des termes du contrat ou du compte, tout de suite et jusqu'à --unset.

    Args:
        terms: NOM=VALEUR : modification=8, reserved=2, teachers=50 ou unlimited,
            consultation=oui, consultation_edt, edt, sms, sms_edt, pronote_net,
            expires=2027-07-05, responsible, email, mobile, client_reference,
            hosting_number, invoice_number.
    """
    from pronote_server.config_reading import ConfigRefused

    named = {}
    for each in terms:
        name, equals, value = each.partition("=")
        if not equals:
            raise ConfigRefused([f"{each} : il faut NOM=VALEUR, comme modification=8"])
        named[name.strip()] = value
    answer = ask_server(data, "account.set", rne=rne, terms=named, unset=unset or [])
    _show(answer, json)


@account.command(name="console-password")
def console_password(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Donner un nouveau mot de passe à la console ; il n'est montré qu'ici."""
    answer = ask_server(data, "account.console_password", rne=rne)
    say(
        answer,
        json,
        f"N° d'hébergement : {answer['hosting_number']}\n"
        f"N° de facture : {answer['invoice_number']}\n"
        f"Mot de passe de la console : {answer['password']}",
    )


@account.command(name="supervisor-password")
def supervisor_password(
    *,
    password_file: Annotated[Path, cyclopts.Parameter(help="Le nouveau mot de passe.")],
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Changer le mot de passe du superviseur, SPR (Mon compte > Mot de passe, fiche 4)."""
    password = password_file.read_text(encoding="utf-8").rstrip("\r\n")
    answer = ask_server(data, "account.supervisor_password", rne=rne, password=password)
    say(answer, json, "Mot de passe du superviseur changé.")


@outbox.command(name="list")
def list_messages(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les messages, du plus récent au plus ancien."""
    answer = ask_server(data, "outbox.list", rne=rne)
    show_items(answer, json, "Messages", _COLUMNS)
    if not json:
        print(f"Dossier des messages gardés : {answer['spool']}")


@outbox.command(name="show")
def show_message(
    message: str, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """
    Afficher un message en entier, tant qu'il n'est pas parti.

    Args:
        message: Son numéro, ou le début.
    """
    answer = ask_server(data, "outbox.show", rne=rne, message=message)
    say(
        answer,
        json,
        f"{answer['channel']} pour {answer['recipient'] or '?'} : {answer['subject']}\n\n"
        f"{answer['body'] or '(parti : il n’en reste rien)'}",
    )


@outbox.command
def retry(
    message: str | None = None,
    *,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Réessayer tout de suite un message, ou tous ceux qui attendent ou ont été abandonnés.

    Args:
        message: Son numéro, ou le début.
    """
    answer = ask_server(data, "outbox.retry", rne=rne, message=message)
    show_items(answer, json, "Messages", _COLUMNS)


_COLUMNS = {
    "id": "N°",
    "channel": "Voie",
    "recipient": "Pour",
    "state": "État",
    "attempts": "Essais",
    "created_at": "Demandé",
    "problem": "Problème",
}


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say(answer, True, "")
        return
    from rich.console import Console

    changed = ", ".join(f"{name}={text}" for name, text in answer["changed"].items())
    rows = [(label, _cell(name, answer[name])) for name, label in _SHOWN.items()]
    show_table(Console(), "Mon compte", ("", ""), rows)
    if changed:
        print(f"Changé depuis server.toml : {changed}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return _NONE.get(name, "–")
    return {True: "OUI", False: "NON"}[value] if isinstance(value, bool) else str(value)


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(account)
    app.command(outbox)
