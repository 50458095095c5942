"""``bases``: the bases of a school, for the operator on the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cyclopts

from pronote_server.cli.asking import ask_server
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say

__all__ = ["add_commands"]

bases = cyclopts.App(name="bases", help="Les bases d'un établissement.")


@bases.command(name="put-in-service")
def put_in_service(
    *,
    password_file: Annotated[
        Path | None,
        cyclopts.Parameter(help="Mot de passe du SPR, demandé à la première mise en service."),
    ] = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Mettre en service la base chargée (fiche 4)."""
    password = None
    if password_file is not None:
        password = password_file.read_text(encoding="utf-8").rstrip("\r\n")
    answer = ask_server(data, "put_in_service", rne=rne, password=password)
    say(answer, json, "La base est en service.")


@bases.command
def stop(
    *,
    delay: float = 0.0,
    message: str | None = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Arrêter le service de la base ; les utilisateurs sont prévenus puis déconnectés."""
    answer = ask_server(
        data, "stop", seconds=delay + 30.0, rne=rne, delay_seconds=delay, message=message
    )
    say(answer, json, "La base n'est plus en service.")


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(bases)
