"""``base``: the console of a hosted school (fiches 4, 8 and 9)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import attrs
from cyclopts import App

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object, items
from pronote_client.client import HostingClient
from pronote_protocol.catalogue.bases import BaseHeaderShown, BreakRow, GridWish
from pronote_protocol.words import BaseOrigin, BaseState, Mode

__all__ = ["add_to", "console"]

_STATES: Final = {
    BaseState.NONE: "Aucune base",
    BaseState.LOADED: "Arrêté",
    BaseState.IN_SERVICE: "En service",
    BaseState.STOPPING: "En cours d'arrêt",
    BaseState.CHANGING: "Opération en cours",
}
_ORIGINS: Final = {
    BaseOrigin.CREATED: "créée",
    BaseOrigin.UPLOADED: "envoyée",
    BaseOrigin.RESTORED: "restaurée",
    BaseOrigin.FOUND: "trouvée",
}


def add_to(base: App) -> None:
    """Add the commands of this module."""
    base.command(show)
    base.command(list_bases, name="list")
    base.command(create)
    base.command(put_in_service)
    base.command(stop)
    base.command(open_other, name="open")
    base.command(rename)
    base.command(delete)


def console(context: Context) -> Any:
    """Come in as the console, whatever ``--mode`` says; it takes no seat."""
    common = attrs.evolve(context.common, mode=Mode.HOSTING, school_year=None)
    return attrs.evolve(context, common=common).open_as(HostingClient)


async def show(*, context: WithContext) -> None:
    """L'état de la base chargée et ses compteurs (fiche 9)."""
    async with console(context) as client:
        shown: BaseHeaderShown = await client.bases.show()
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return
    say = context.terminal.say
    say(f"{_STATES[shown.state]} | Base en cours : {shown.base or '–'}")
    if shown.school_year is None or shown.created_at is None or shown.counters is None:
        return
    last = "–" if shown.last_entry_at is None else f"{shown.last_entry_at:%d/%m/%y %H:%M} UTC"
    say(
        f"{shown.school_year}-{shown.school_year + 1} | "
        f"Créée le {shown.created_at:%d/%m/%y %H:%M} UTC | Dernière saisie le {last}"
    )
    counted = shown.counters
    context.terminal.table(
        "Compteurs",
        ("Ressources", "", "Scolarité", "", "Vie scolaire", ""),
        (
            (
                *("professeurs", counted.teachers, "devoirs", counted.assessments),
                *("sanctions", counted.sanctions),
            ),
            (
                *("classes", counted.classes, "cahiers de textes", counted.homework_notebooks),
                *("absences", counted.absences),
            ),
            (
                *("élèves", counted.pupils, "appréciations", counted.appraisals),
                *("suivis", counted.follow_ups),
            ),
            (
                *("matières", counted.subjects, "notes", counted.marks),
                *("punitions", counted.punishments),
            ),
            (
                *("groupes", counted.groups, "doc. joints", counted.attached_documents),
                *("retards", counted.latenesses),
            ),
            (
                *("anciens élèves", counted.former_pupils),
                *("évaluations", counted.evaluations, "", ""),
            ),
        ),
    )


async def list_bases(*, context: WithContext) -> None:
    """La base chargée et les autres : déjà en service, ou chargées par l'établissement."""
    async with console(context) as client:
        rows = await client.bases.list_all()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        "Bases",
        ("Nom", "", "Année", "Taille", "Dernière saisie", "Origine", "En service", "Problème"),
        (
            (
                row.name,
                "chargée" if row.loaded else "",
                row.school_year,
                f"{row.size // 1024} Ko",
                None if row.last_entry_at is None else f"{row.last_entry_at:%d/%m/%y %H:%M}",
                _ORIGINS[row.origin],
                None if row.served_at is None else f"{row.served_at:%d/%m/%y %H:%M}",
                row.problem,
            )
            for row in rows
        ),
    )


async def create(
    name: str,
    /,
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
    context: WithContext,
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
    hour, minute = _numbers(starts, ":", "--starts", 2)
    grid = GridWish(
        first_day=first_day,
        days=tuple(_numbers(days, ",", "--days")),
        sequences=sequences,
        starts_at=60 * hour + minute,
        sequence_minutes=minutes,
        step_minutes=step,
        breaks=tuple(
            BreakRow(*_numbers(pause, ":", "--breaks", 2))
            for pause in breaks.split(",")
            if pause
        ),
        labels=tuple(label for label in labels.split(",") if label),
    )
    async with console(context) as client:
        state = await client.bases.create(name, school_year=year, grid=grid)
    _tell(context, f"La base {name} est créée et chargée.", state=state)


def _numbers(text: str, mark: str, option: str, count: int | None = None) -> list[int]:
    parts = text.split(mark)
    if not all(part.isdecimal() for part in parts) or len(parts) != (count or len(parts)):
        raise UsageProblem(f"{option} : « {text} » ne se lit pas (cannot be read).")
    return [int(part) for part in parts]


async def put_in_service(
    *, supervisor_password_file: Path | None = None, context: WithContext
) -> None:
    """
    Mettre en service la base chargée (fiche 4).

    Parameters
    ----------
    supervisor_password_file
        Mot de passe du SPR, à la première mise en service.
    """
    password = context.new_password(supervisor_password_file, ask=False)
    async with console(context) as client:
        state = await client.bases.put_in_service(password)
    _tell(context, "La base est en service.", state=state)


async def stop(*, delay: float = 0.0, message: str | None = None, context: WithContext) -> None:
    """
    Arrêter le serveur : les utilisateurs sont prévenus, puis déconnectés.

    Parameters
    ----------
    delay
        Secondes entre l'annonce et l'arrêt, qui ne sont pas attendues.
    message
        Dit à tous.
    """
    async with console(context) as client:
        state = await client.bases.stop(message=message, delay_seconds=delay)
    told = (
        "La base n'est plus en service."
        if state is BaseState.LOADED
        else f"L'arrêt est annoncé ; il aura lieu dans {delay:g} s."
    )
    _tell(context, told, state=state)


async def open_other(name: str, /, *, context: WithContext) -> None:
    """
    Charger une des autres bases (fiche 8) ; le serveur doit être arrêté.

    Parameters
    ----------
    name
        Tel que la liste le donne.
    """
    async with console(context) as client:
        state = await client.bases.open(name)
    _tell(context, f"La base {name} est chargée ; mettez-la en service.", state=state)


async def rename(name: str, new_name: str, /, *, context: WithContext) -> None:
    """
    Renommer une base ; celle qui est chargée, le serveur arrêté.

    Parameters
    ----------
    name
        Tel que la liste le donne.
    new_name
        Le nouveau nom.
    """
    async with console(context) as client:
        await client.bases.rename(name, new_name)
    _tell(context, f"La base {name} s'appelle désormais {new_name}.", name=new_name)


async def delete(name: str, /, *, context: WithContext) -> None:
    """
    Supprimer une des autres bases, avec ses documents ; jamais celle qui est chargée.

    Parameters
    ----------
    name
        Tel que la liste le donne.
    """
    async with console(context) as client:
        await client.bases.delete(name)
    _tell(context, f"La base {name} est supprimée.", deleted=name)


def _tell(context: Context, sentence: str, **values: Any) -> None:
    if context.terminal.json:
        context.terminal.emit(as_object(values))
    else:
        context.terminal.say(sentence)
