"""``base``: everything of the console; one module a subject adds its commands."""

from __future__ import annotations

from cyclopts import App

from pronote_client.cli.commands import backups, base_files, bases, office, years

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of the console; without one, the base in service is shown."""
    base = App(
        name="base",
        help="La base en service ; et la console (mode hosting, sans licence) : bases, "
        "sauvegardes.",
    )
    app.command(base)
    base.default(office.base)
    for module in (bases, base_files, backups, years):
        module.add_to(base)
