"""Seats, who is connected, disconnecting them, the base, one's access (fiche 11)."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import UsageProblem
from pronote_client.cli.counting import counted
from pronote_client.cli.showing import as_object, duration, items, word
from pronote_protocol.words import Access

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    for command in (seats, connections, disconnect, access, exclusive):
        app.command(command)


async def seats(*, context: WithContext) -> None:
    """Licences utilisées."""
    async with context.open() as client:
        shown = await client.seats.show()
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return

    def of(used: int | None, total: int | None) -> str:
        return "aucune" if used is None else f"{used}/{'∞' if total is None else total}"

    reserved = shown.reserved_for_administrators
    context.terminal.table(
        "Licences utilisées",
        ("Licence", "Utilisées"),
        (
            (
                f"Modification (dont {reserved} réservée(s) aux administrateurs)",
                of(shown.modification_used, shown.modification_total),
            ),
            ("Consultation", of(shown.consultation_used, None)),
            ("Mode Enseignant", of(shown.teachers, shown.teachers_total)),
            ("Mode Vie scolaire", shown.school_life),
        ),
    )


async def connections(*, context: WithContext) -> None:
    """Liste des utilisateurs connectés."""
    async with context.open() as client:
        rows = await client.connections.list_all()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        "Utilisateurs connectés",
        (
            "Session",
            "Poste",
            "Application",
            "État",
            "Mode",
            "Utilisateur",
            "Base",
            "Durée",
            "Adresse",
        ),
        (
            (
                row.session,
                row.workstation,
                row.application.value,
                word(row.state),
                word(row.mode),
                row.user,
                row.base,
                duration(row.seconds),
                row.address,
            )
            for row in rows
        ),
    )


async def disconnect(
    *sessions: str,
    everyone: Annotated[bool, Parameter(negative="")] = False,
    message: str | None = None,
    delay: float = 0.0,
    context: WithContext,
) -> None:
    """
    Déconnecter un, plusieurs ou tous les autres utilisateurs.

    Parameters
    ----------
    sessions
        Les sessions, comme les montre la commande connections.
    everyone
        Toutes, sauf la vôtre.
    message
        Ce qui leur est dit.
    delay
        Secondes entre l'annonce et la déconnexion.
    """
    if bool(sessions) == everyone:
        raise UsageProblem("Nommez des sessions, ou --everyone (sessions or --everyone).")
    async with context.open() as client:
        ended = await client.connections.disconnect(
            sessions, everyone=everyone, message=message, delay_seconds=delay
        )
    if context.terminal.json:
        context.terminal.emit({"sessions": list(ended)})
    else:
        context.terminal.say(f"{len(ended)} session(s) : {', '.join(ended) or 'aucune'}.")


async def base(*, context: WithContext) -> None:
    """La base en service et ses compteurs."""
    async with context.open() as client:
        shown = await client.base.show()
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return
    state = "en service" if shown.in_service else "arrêtée"
    counters = as_object(shown.counters)
    context.terminal.table(
        f"Base {shown.base} {shown.school_year}-{shown.school_year + 1}, {state}",
        ("Compteur", "Nombre"),
        ((counted(name), count) for name, count in counters.items()),
    )


async def access(wanted: Access | None = None, /, *, context: WithContext) -> None:
    """
    Dire l'accès de la session, après en avoir changé si on le demande.

    Parameters
    ----------
    wanted
        modification ou consultation.
    """
    async with context.open() as client:
        if wanted is not None:
            await client.session.change_access(wanted)
        shown = await client.session.show()
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
    else:
        context.terminal.say(f"{shown.name} : {word(shown.state)}.")


async def exclusive(*, context: WithContext) -> None:
    """Qui a la base en usage exclusif ; pour la prendre : stay --exclusive."""
    async with context.open() as client:
        shown = await client.exclusive.show()
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
    else:
        context.terminal.say(f"Usage exclusif : {shown.holder or 'personne'}.")
