"""``account``: the account with the host (fiches 2, 3 and 4)."""

from __future__ import annotations

from pathlib import Path

import attrs
from cyclopts import App

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object
from pronote_protocol.catalogue.account import AccountShown

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    account = App(name="account", help="Mon compte : la licence d'hébergement (fiche 3).")
    app.command(account)
    account.command(show)
    account.command(reserve)
    account.command(supervisor_password)
    account.command(receive_credentials)


async def show(*, context: WithContext) -> None:
    """Référence, formule, options et expiration de la licence d'hébergement."""
    async with context.open() as client:
        shown = await client.account.show()
    _show(context, shown)


async def reserve(number: int, /, *, context: WithContext) -> None:
    """
    Réserver des licences pour les administrateurs, tout de suite (fiche 11).

    Parameters
    ----------
    number
        De 0 au nombre de licences en modification.
    """
    async with context.open() as client:
        shown = await client.account.set_reserved(number)
    _show(context, shown)


async def supervisor_password(
    *,
    current_password_file: Path | None = None,
    new_password_file: Path | None = None,
    context: WithContext,
) -> None:
    """
    Changer le mot de passe du superviseur (Mon compte > Mot de passe, fiche 4).

    Parameters
    ----------
    current_password_file
        Fichier du mot de passe actuel du superviseur ; celui de la connexion sinon.
    new_password_file
        Fichier du nouveau mot de passe.
    """
    context = context.with_asked_password()
    new = context.new_password(new_password_file, ask=True)
    if new is None:
        raise UsageProblem("--new-password-file manque (missing).")
    supervisor = context
    if current_password_file is not None:
        common = attrs.evolve(context.common, password_file=current_password_file)
        supervisor = attrs.evolve(context, common=common, known_password=None)
    current = supervisor.password()
    async with context.open() as client:
        await client.account.change_supervisor_password(current, new)
    if context.terminal.json:
        context.terminal.emit({"done": True})
    else:
        context.terminal.say("Mot de passe du superviseur changé.")


async def receive_credentials(*, context: WithContext) -> None:
    """Recevoir mes identifiants d'hébergement : numéros par e-mail, mot de passe par SMS."""
    async with context.open() as client:
        sent = await client.account.receive_credentials()
    if context.terminal.json:
        context.terminal.emit(as_object(sent))
        return
    kept = "gardé sur le serveur, pour son opérateur"
    context.terminal.say(
        f"Numéros : {sent.email or kept}. Mot de passe : {sent.mobile or kept}."
    )


def _show(context: Context, shown: AccountShown) -> None:
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return
    expires = "jamais" if shown.expires is None else f"le {shown.expires:%d/%m/%Y}"
    teachers = "illimités" if shown.teachers is None else shown.teachers
    context.terminal.table(
        "Mon compte",
        ("", ""),
        (
            ("Référence client", shown.client_reference),
            ("N° d'hébergement", shown.hosting_number),
            ("Licence d'hébergement", f"expire {expires}{' (expirée)' * shown.expired}"),
            ("Administrateurs et modifiants", shown.modification),
            ("Réservées pour les administrateurs", shown.reserved_for_administrators),
            ("Formule", f"Profs {teachers}"),
            ("Connexion EDT", _yes(shown.edt)),
            (
                "Consultation",
                f"EDT : {_yes(shown.consultation_edt)} / PRONOTE : {_yes(shown.consultation)}",
            ),
            ("SMS", f"EDT : {_yes(shown.sms_edt)} / PRONOTE : {_yes(shown.sms)}"),
            ("PRONOTE.net", _yes(shown.pronote_net)),
            ("Responsable de l'hébergement", shown.responsible),
            ("E-mail", shown.email),
            ("Mobile", shown.mobile),
        ),
    )


def _yes(bought: bool) -> str:
    return "OUI" if bought else "NON"
