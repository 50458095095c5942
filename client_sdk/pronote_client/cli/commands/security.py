"""``suspensions``, ``lift``, ``inactivity``, ``journal`` (fiche 11, *Sécurité*)."""

from __future__ import annotations

from typing import Literal

from cyclopts import App

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import UsageProblem
from pronote_client.cli.showing import items, word
from pronote_protocol.words import OffenceCause

__all__ = ["add_commands"]

_CAUSES = {
    OffenceCause.WRONG_PASSWORDS: "Mots de passe erronés",
    OffenceCause.SATURATION: "Saturation",
    OffenceCause.UNAUTHORISED_CALLS: "Appels non autorisés",
}


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    app.command(suspensions)
    app.command(lift)
    inactivity = App(name="inactivity", help="Déconnexion des utilisateurs inactifs.")
    app.command(inactivity)
    inactivity.command(list_inactivity, name="list")
    inactivity.command(set_inactivity, name="set")
    app.command(journal)


async def suspensions(*, context: WithContext) -> None:
    """Adresses IP suspendues."""
    async with context.open() as client:
        rows = await client.suspensions.list_all()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        "Adresses IP suspendues",
        ("Adresse", "Compte", "Cause", "Depuis", "Jusqu'à", "Fois", "Comptes", "Référence"),
        (
            (
                row.address,
                row.login,
                _CAUSES[row.cause],
                f"{row.since:%d/%m %H:%M} UTC",
                f"{row.until:%d/%m %H:%M} UTC",
                row.offences,
                ", ".join(row.accounts),
                row.reference,
            )
            for row in rows
        ),
    )


async def lift(address: str | None = None, /, *, context: WithContext) -> None:
    """
    Débloquer les IP suspendues ; leurs utilisateurs doivent ensuite relancer leur client.

    Parameters
    ----------
    address
        Une adresse ou un réseau ; toutes si rien n'est dit.
    """
    async with context.open() as client:
        lifted = await client.suspensions.lift(address)
    if context.terminal.json:
        context.terminal.emit({"addresses": list(lifted)})
    else:
        context.terminal.say(f"Débloqué : {', '.join(lifted) or 'rien'}.")


async def list_inactivity(*, context: WithContext) -> None:
    """Délai d'inactivité de chaque groupe et profil."""
    async with context.open() as client:
        rows = await client.inactivity.list()
    if context.terminal.json:
        context.terminal.emit(items(rows))
        return
    context.terminal.table(
        "Déconnexion automatique",
        ("Type", "N°", "Nom", "Mode", "Minutes"),
        (
            (
                "Groupe" if row.kind == "group" else "Profil",
                row.id,
                row.name,
                word(row.mode),
                "jamais" if row.minutes is None else row.minutes,
            )
            for row in rows
        ),
    )


async def set_inactivity(
    kind: Literal["group", "profile"], id: int, minutes: str, /, *, context: WithContext
) -> None:
    """
    Régler le délai d'un groupe ou d'un profil.

    Parameters
    ----------
    kind
        group ou profile.
    id
        Son numéro, comme le montre inactivity list.
    minutes
        De 1 à 1440, ou never.
    """
    if minutes != "never" and not minutes.isdecimal():
        raise UsageProblem(f"{minutes} : un nombre de minutes ou never (minutes or never).")
    async with context.open() as client:
        await client.inactivity.set(kind, id, None if minutes == "never" else int(minutes))
    if context.terminal.json:
        context.terminal.emit({"done": True})
    else:
        context.terminal.say("Réglé.")


async def journal(
    *,
    limit: int = 100,
    before: int | None = None,
    kind: str | None = None,
    search: str | None = None,
    context: WithContext,
) -> None:
    """
    L'historique, du plus récent au plus ancien.

    Parameters
    ----------
    limit
        Nombre d'entrées, 500 au plus.
    before
        Seulement celles d'avant ce numéro.
    kind
        Seulement ce genre, ou une famille (session.).
    search
        Seulement celles qui contiennent ce texte.
    """
    async with context.open() as client:
        page = await client.journal.read(limit=limit, before=before, kind=kind, search=search)
    if context.terminal.json:
        context.terminal.emit(items(page.rows, next_before=page.next_before))
        return
    context.terminal.table(
        "Historique",
        ("N°", "Date", "Genre", "Qui", "Adresse", "Détails"),
        (
            (
                row.id,
                f"{row.at:%d/%m/%Y %H:%M:%S} UTC",
                row.kind,
                row.actor,
                row.address,
                ", ".join(f"{key}={value}" for key, value in row.details.items()),
            )
            for row in page.rows
        ),
    )
    if page.next_before is not None:
        context.terminal.say(f"Suite : journal --before {page.next_before}")
