"""``resources`` and ``timetable`` (fiche 9)."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context
from pronote_client.cli.showing import items
from pronote_client.client import Client
from pronote_client.errors import NotFound
from pronote_protocol.catalogue.resources import TimetableShown
from pronote_protocol.words import ResourceKind

__all__ = ["add_commands"]

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_KINDS = {
    ResourceKind.TEACHERS: "Professeurs",
    ResourceKind.SUBJECTS: "Matières",
    ResourceKind.CLASSES: "Classes",
    ResourceKind.GROUPS: "Groupes",
    ResourceKind.PUPILS: "Élèves",
    ResourceKind.FORMER_PUPILS: "Anciens élèves",
    ResourceKind.ROOMS: "Salles",
    ResourceKind.STAFF: "Personnels",
}


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    resources = App(name="resources", help="Professeurs, matières, classes, élèves, salles...")
    app.command(resources)
    resources.command(list_resources, name="list")
    timetable = App(name="timetable", help="Emplois du temps.")
    app.command(timetable)
    timetable.command(mine)
    timetable.command(of)


async def list_resources(
    kind: ResourceKind,
    /,
    *,
    search: str | None = None,
    offset: int = 0,
    limit: int = 30,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    context: WithContext,
) -> None:
    """
    Lister ou chercher.

    Parameters
    ----------
    search
        Des mots, dans n'importe quel ordre, sans égard aux accents.
    offset
        Rang de la première ligne.
    limit
        Nombre de lignes, 500 au plus.
    all_
        Toutes les lignes.
    """
    async with context.open() as client:
        if all_:
            rows = await client.resources.list_all(kind, search=search)
            offset, total = 0, len(rows)
        else:
            page = await client.resources.list(kind, search=search, offset=offset, limit=limit)
            rows, total = page.rows, page.total
    if context.terminal.json:
        context.terminal.emit(items(rows, total=total, offset=offset))
        return
    context.terminal.table(
        f"{_KINDS[kind]} ({len(rows)} sur {total})",
        ("N°", "Code", "Nom", "Précision"),
        ((row.id, row.code, row.name, row.detail) for row in rows),
    )


async def mine(*, week: int | None = None, context: WithContext) -> None:
    """
    Sa propre semaine, en mode Enseignant.

    Parameters
    ----------
    week
        Semaine de l'année scolaire ; une semaine type si rien n'est dit.
    """
    async with context.open() as client:
        shown = await client.timetable.mine(week=week)
    _show(context, shown)


async def of(
    kind: ResourceKind, who: str, /, *, week: int | None = None, context: WithContext
) -> None:
    """
    La semaine d'un professeur, d'une classe, d'un groupe, d'une salle ou d'un élève.

    Parameters
    ----------
    kind
        Le genre de ressource.
    who
        Son code, ou des mots de son nom.
    week
        Semaine de l'année scolaire ; une semaine type si rien n'est dit.
    """
    async with context.open() as client:
        try:
            shown = await client.timetable.read(kind, who, week=week)
        except NotFound:
            shown = await client.timetable.read(kind, await _one(client, kind, who), week=week)
    _show(context, shown)


async def _one(client: Client, kind: ResourceKind, who: str) -> int:
    """Return the id of the only resource whose name fits."""
    found = await client.resources.list(kind, search=who, limit=6)
    if found.total == 1:
        return found.rows[0].id
    if not found.total:
        raise NotFound(what=who)
    names = ", ".join(f"{row.name} ({row.code})" for row in found.rows)
    raise NotFound(
        f"« {who} » n'est pas unique : {names}{'…' if found.total > 6 else ''}.",
        f"{who!r} is not unique: {names}.",
        what=who,
    )


def _show(context: Context, shown: TimetableShown) -> None:
    rows = sorted(shown.rows, key=lambda row: (row.day, row.start_minute, row.subject))
    if context.terminal.json:
        context.terminal.emit(items(rows, owner=shown.owner))
        return
    context.terminal.table(
        f"Emploi du temps : {shown.owner}",
        ("Jour", "Heure", "Durée", "Matière", "Professeurs", "Classes", "Salles"),
        (
            (
                _DAYS[row.day % 7],
                _hour(row.start_minute),
                _hour(row.duration_minutes),
                row.subject,
                row.teachers,
                row.audience,
                row.rooms,
            )
            for row in rows
        ),
    )


def _hour(minutes: int) -> str:
    return f"{minutes // 60}h{minutes % 60:02d}"
