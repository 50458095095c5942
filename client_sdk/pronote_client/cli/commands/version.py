"""``version``: the change of version (fiche 3)."""

from __future__ import annotations

import datetime
from typing import Literal, TypeAlias

from cyclopts import App

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object
from pronote_protocol.catalogue.version import VersionShown
from pronote_protocol.words import VersionBase, VersionEdition

__all__ = ["add_commands"]

_Edition: TypeAlias = Literal["pre-version", "official"]

_EDITIONS = {VersionEdition.PRE: "pré-version", VersionEdition.OFFICIAL: "version officielle"}
_BASES = {
    VersionBase.NEW: "une nouvelle base vide",
    VersionBase.IN_SERVICE: "la base en service",
}


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    version = App(name="version", help="Changement de version de PRONOTE (fiche 3).")
    app.command(version)
    version.command(show)
    version.command(plan)
    version.command(cancel)


async def show(*, context: WithContext) -> None:
    """La version installée et le prochain passage."""
    async with context.open() as client:
        shown = await client.version.show()
    _show(context, shown)


async def plan(
    edition: _Edition,
    on: str,
    base: Literal["new", "in-service"],
    /,
    *,
    context: WithContext,
) -> None:
    """
    Demander le passage à la pré-version ou à la version officielle.

    Parameters
    ----------
    edition
        pre-version ou official.
    on
        Date (2027-07-05) : le passage se fait au début de ce jour.
    base
        new (une nouvelle base vide) ou in-service (la base alors en service).
    """
    try:
        day = datetime.date.fromisoformat(on)
    except ValueError:
        raise UsageProblem(f"{on} n'est pas une date comme 2027-07-05 (no date).") from None
    async with context.open() as client:
        shown = await client.version.plan(VersionEdition(edition), day, VersionBase(base))
    _show(context, shown)


async def cancel(edition: _Edition, /, *, context: WithContext) -> None:
    """
    Renoncer à un passage demandé.

    Parameters
    ----------
    edition
        pre-version ou official.
    """
    async with context.open() as client:
        shown = await client.version.cancel(VersionEdition(edition))
    _show(context, shown)


def _show(context: Context, shown: VersionShown) -> None:
    if context.terminal.json:
        context.terminal.emit(as_object(shown))
        return
    say = context.terminal.say
    say(f"PRONOTE {shown.year}, {_EDITIONS[shown.edition]}.")
    for each in shown.planned:
        say(
            f"Demandé par {each.by} : {_EDITIONS[each.edition]} le {each.on:%d/%m/%Y}, avec "
            f"{_BASES[each.base]}."
        )
    how = "automatique" if shown.automatic else "demandé"
    say(
        f"Prochain passage ({how}) : PRONOTE {shown.next_year}, "
        f"{_EDITIONS[shown.next_edition]}, le {shown.next_on:%d/%m/%Y}, avec "
        f"{_BASES[shown.next_base]}."
    )
    if shown.failure is not None:
        say(
            f"Le passage à PRONOTE {shown.failure.year} a échoué : {shown.failure.reason} "
            f"Nouvel essai le {shown.failure.again_on:%d/%m/%Y}."
        )
