"""One module a subject of commands; each adds its own."""

from __future__ import annotations

from cyclopts import App

from pronote_client.cli.commands import (
    account,
    base,
    connection,
    edt,
    office,
    school,
    security,
    servers,
    users,
    version,
)

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add every command to *app*, in the order of the help."""
    for module in (
        *(servers, connection, office, account, version, base, security, users, school, edt),
    ):
        module.add_commands(app)
