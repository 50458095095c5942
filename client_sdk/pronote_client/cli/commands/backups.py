"""``base backups`` and its like: backups and archives of a hosted school (fiche 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from pronote_client.cli.commands.bases import console
from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context
from pronote_client.cli.counting import counted
from pronote_client.cli.showing import as_object
from pronote_protocol.catalogue.backups import BackupRow
from pronote_protocol.catalogue.works import WorkShown

__all__ = ["add_to"]

Confirmed = Annotated[bool, Parameter(negative="", help="Ce qui serait perdu peut l'être.")]
_KINDS = {"backup": "Sauvegarde", "archive": "Archive"}
_STEPS = {
    "": "En attente",
    "copy": "Copie de la base",
    "safety": "Copie de sécurité",
    "pack": "Compression",
    "prove": "Vérification",
    "unpack": "Lecture",
}


def add_to(base: App) -> None:
    """Add the commands of this module."""
    base.command(list_backups, name="backups")
    base.command(show_backup)
    base.command(preview_backup)
    base.command(backup)
    base.command(prove_backup)
    base.command(open_backup)
    base.command(undo_backup)


async def list_backups(*, context: WithContext) -> None:
    """Les sauvegardes et les archives, les plus récentes d'abord."""
    async with console(context) as client:
        shown = await client.backups.list()
        rows = (*shown.rows, *(await client.backups.list_all())[len(shown.rows) :])
    terminal = context.terminal
    if terminal.json:
        said = as_object(shown)
        terminal.emit({**said, "rows": None, "items": [as_object(row) for row in rows]})
        return
    terminal.table(
        f"Sauvegardes ({shown.backups}) et archives ({shown.archives})",
        ("Nom", "Type", "Date", "Taille", "Base", "Prouvée"),
        (
            (
                row.name,
                _KINDS.get(row.kind, row.kind),
                _day(row.made_at),
                f"{row.size // 1024} Ko",
                row.base,
                _proof(row),
            )
            for row in rows
        ),
    )
    for failure in shown.failures:
        terminal.say(f"Échec du {_day(failure.at)} ({_KINDS[failure.kind]}) : {failure.fr}")
    if shown.undo is not None:
        terminal.say(f"L'ouverture de {shown.undo.opened} peut être annulée (undo-backup).")


async def show_backup(name: str, *, context: WithContext) -> None:
    """Les compteurs d'une sauvegarde ou d'une archive."""
    async with console(context) as client:
        shown = await client.backups.show(name)
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return
    context.terminal.table(
        f"{name}, {_day(shown.backup.made_at)}",
        ("Compteur", ""),
        ((counted(each), count) for each, count in as_object(shown.counters or {}).items()),
    )


async def preview_backup(name: str, *, context: WithContext) -> None:
    """Ce que l'ouverture d'une sauvegarde ferait perdre ; rien n'est modifié."""
    async with console(context) as client:
        shown = await client.backups.preview(name)
    terminal = context.terminal
    if terminal.json:
        terminal.emit(as_object(shown))
        return
    counters, now = as_object(shown.counters or {}), as_object(shown.now or {})
    terminal.table(
        f"{name}, {_day(shown.backup.made_at)}",
        ("Compteur", "Sauvegarde", "Base chargée"),
        ((counted(each), count, now.get(each)) for each, count in counters.items()),
    )
    if shown.loaded is not None and not shown.same_base:
        terminal.say(f"C'est une autre base, qui serait chargée au lieu de « {shown.loaded} ».")
    elif shown.entries:
        terminal.say(
            f"Seraient perdues : {shown.entries} saisie(s), du {_day(shown.first_at)} au "
            f"{_day(shown.last_at)}."
        )
    else:
        terminal.say("Rien ne serait perdu.")


async def backup(
    *,
    archive: Annotated[bool, Parameter(negative="", help="Avec les documents.")] = False,
    context: WithContext,
) -> None:
    """Faire une sauvegarde, ou une archive, maintenant."""
    async with console(context) as client:
        with _followed(context) as told:
            made = await client.backups.make(archive=archive, told=told)
    _say(context, made, f"{made['name']} : {made['size'] // 1024} Ko, prouvée.")


async def prove_backup(name: str, *, context: WithContext) -> None:
    """Relire une sauvegarde en entier et vérifier la base qu'elle contient."""
    async with console(context) as client:
        with _followed(context) as told:
            proven = await client.backups.prove(name, told=told)
    _say(context, proven, f"{name} est prouvée.")


async def open_backup(name: str, *, confirm: Confirmed = False, context: WithContext) -> None:
    """Ouvrir une sauvegarde à la place de la base chargée ; le serveur doit être arrêté."""
    async with console(context) as client:
        with _followed(context) as told:
            opened = await client.backups.open(name, confirm=confirm, told=told)
    _say(
        context,
        opened,
        f"{name} est chargée ; mettez la base en service. "
        f"La base d'avant : {opened['safety']} (undo-backup).",
    )


async def undo_backup(*, confirm: Confirmed = False, context: WithContext) -> None:
    """Annuler la dernière ouverture d'une sauvegarde, une fois."""
    async with console(context) as client:
        with _followed(context) as told:
            undone = await client.backups.undo(confirm=confirm, told=told)
    _say(context, undone, "La base est telle qu'avant l'ouverture ; mettez-la en service.")


def _say(context: Context, report: dict[str, Any], sentence: str) -> None:
    if context.terminal.json:
        context.terminal.emit(report)
    else:
        context.terminal.say(sentence)


@contextmanager
def _followed(context: Context) -> Iterator[Callable[[WorkShown], object] | None]:
    """Lend what draws a progress bar, when a person looks."""
    terminal = context.terminal
    if terminal.json or not terminal.err.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=terminal.err), transient=True) as bars:
        bar = bars.add_task("…", total=None)

        def told(work: WorkShown) -> None:
            step = _STEPS.get(work.step, work.step)
            bars.update(bar, description=step, completed=work.done, total=work.total or None)

        yield told


def _proof(row: BackupRow) -> str:
    return row.problem or ("prouvée" if row.proven_at is not None else "non")


def _day(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%d/%m/%y %H:%M} UTC"
