"""``base years``, ``base recover``...: what goes from one year to another (fiches 5 and 7)."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from pronote_client.cli.commands.bases import console
from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import UsageProblem
from pronote_client.cli.showing import as_object, items
from pronote_client.client import AdminClient
from pronote_protocol.words import RecoveredPart

__all__ = ["add_to"]

_PARTS = {
    RecoveredPart.MARKS: "Notes (suivi pluriannuel)",
    RecoveredPart.PARAMETERS: "Paramètres",
    RecoveredPart.DOCUMENTS: "Documents et photos",
    RecoveredPart.MODELS: "Modèles de lettres",
}


def add_to(base: App) -> None:
    """Add the commands of this module."""
    base.command(years)
    base.command(load_year)
    base.command(remove_year)
    base.command(prepare_next_year)
    base.command(recover)


async def years(*, context: WithContext) -> None:
    """Les années précédentes que l'on peut consulter (--school-year)."""
    async with console(context) as client:
        rows = await client.years.list()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        f"Années précédentes ({len(rows)})",
        ("Année", "Base", "Taille", "Lecteurs"),
        (
            (
                f"{row.school_year}-{row.school_year + 1}",
                row.base,
                f"{row.size // 1024} Ko",
                row.readers,
            )
            for row in rows
        ),
    )


async def load_year(source: str, /, *, context: WithContext) -> None:
    """
    Charger la base d'une des cinq années précédentes, pour la consulter.

    Parameters
    ----------
    source
        Une autre base, une sauvegarde ou une archive, par son nom.
    """
    async with console(context) as client:
        row = await client.years.load(source)
    if context.terminal.json:
        context.terminal.emit(as_object(row))
        return
    context.terminal.say(
        f"L'année {row.school_year}-{row.school_year + 1} peut être consultée."
    )


async def remove_year(school_year: int, /, *, context: WithContext) -> None:
    """Retirer une année précédente ; ce dont elle a été chargée reste."""
    async with console(context) as client:
        await client.years.remove(school_year)
    if context.terminal.json:
        context.terminal.emit({"removed": school_year})
        return
    context.terminal.say(f"L'année {school_year}-{school_year + 1} est retirée.")


async def prepare_next_year(*, context: WithContext) -> None:
    """Faire le fichier d'où la base de l'an prochain récupérera les données de celle-ci."""
    async with console(context) as client:
        work = await client.recovery.prepare_next_year()
        done = await client.works.finish(work.work)
    if context.terminal.json:
        context.terminal.emit(as_object(done.report))
        return
    context.terminal.say(f"{done.report['name']} : {done.report['size'] // 1024} Ko.")


async def recover(
    source: str,
    /,
    *,
    part: Annotated[list[RecoveredPart] | None, Parameter(negative="")] = None,
    discard: Annotated[bool, Parameter(negative="")] = False,
    context: WithContext,
) -> None:
    """
    Récupérer les données d'une autre base, en usage exclusif, puis en sortir.

    Parameters
    ----------
    source
        Une autre base, une sauvegarde, une archive ou un fichier généré, par son nom ; ou
        une année précédente qui est chargée.
    part
        Ce qui est pris ; tout, sans cette option.
    discard
        Montrer le rapport et rendre la base telle qu'elle était.
    """
    if context.common.school_year is not None:
        raise UsageProblem("--school-year : on ne récupère que dans la base en service.")
    async with context.open_as(AdminClient) as client:
        report = await client.recovery.recover(source, part or ())
        await client.exclusive.end(save=not discard)
    if context.terminal.json:
        context.terminal.emit({**as_object(report), "saved": not discard})
        return
    context.terminal.table(
        f"{report.base} {report.school_year}-{report.school_year + 1} : "
        f"{report.matched} élève(s) sur {report.pupils} reconnus",
        ("", "Trouvés", "Récupérés", "Déjà là", "D'autres élèves", "Perdus"),
        (
            (
                _PARTS[each.part],
                each.found,
                each.recovered,
                each.known,
                each.unmatched,
                each.missing,
            )
            for each in report.parts
        ),
    )
    context.terminal.say(
        "La base est rendue telle qu'elle était." if discard else "Enregistré."
    )
