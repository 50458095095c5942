"""
``pronote-server``: serving a school, showing the demo, and the operator's way in.

Exit status: 0 done, 2 bad usage or settings, 3 refused, 4 no server answers.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, NoReturn

import cyclopts
import trio

from pronote_protocol.errors import Refused

__all__ = ["main"]

app = cyclopts.App(
    name="pronote-server",
    help="Un serveur qui se comporte comme un serveur PRONOTE hébergé.",
    version="0.1.0",
    result_action="return_value",
)
rescue = cyclopts.App(
    name="rescue", help="L'accès de secours de l'opérateur, sur la machine du serveur."
)
base = cyclopts.App(name="base", help="La base en service.")
app.command(rescue)
app.command(base)

Host = Annotated[str | None, cyclopts.Parameter(help="Adresse d'écoute.")]
Port = Annotated[int | None, cyclopts.Parameter(help="Port TCP ; 0 en prend un libre.")]
AsJson = Annotated[
    bool, cyclopts.Parameter(name="--json", negative="", help="Pour les programmes.")
]
Data = Annotated[Path | None, cyclopts.Parameter(help="Dossier des données du serveur.")]
Rne = Annotated[str | None, cyclopts.Parameter(help="Établissement, s'il y en a plusieurs.")]


@app.command
def serve(
    *,
    config: Path | None = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Servir les établissements décrits par un fichier de configuration (TOML)."""
    from pronote_server.config import load_settings

    settings = load_settings(
        config,
        environment=os.environ,
        options={"listen.host": host, "listen.port": port, "data.directory": data},
    )
    _run(settings, as_json=json)


@app.command
def demo(
    *,
    seed: int = 0,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    plain: Annotated[
        bool, cyclopts.Parameter(negative="", help="Sans TLS (boucle locale).")
    ] = False,
    announce: Annotated[
        bool, cyclopts.Parameter(negative="", help="S'annoncer sur le réseau local.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Servir un établissement de démonstration complet, avec des comptes prêts à l'emploi."""
    from pronote_server.config import load_settings
    from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME

    folder = (
        tempfile.TemporaryDirectory(prefix="pronote-demo-")
        if data is None
        else nullcontext(str(data))
    )
    with folder as directory:
        settings = load_settings(
            None,
            environment={
                name: value
                for name, value in os.environ.items()
                if not name.startswith("PRONOTE_SCHOOLS")
            },
            options={
                "listen.host": host,
                "listen.port": port,
                "data.directory": Path(directory),
                "tls.enabled": not plain,
                "announce.mdns": announce or None,
                "schools": [
                    {
                        "rne": DEMO_RNE,
                        "name": DEMO_SCHOOL_NAME,
                        "passwords": {"scram_iterations": 4096},
                    }
                ],
            },
        )
        _run(settings, as_json=json, seed=seed)


def _run(settings: Any, *, as_json: bool, seed: int | None = None) -> None:
    from pronote_server.app import App, serve
    from pronote_server.hosting.demo import demo_accounts, fill_demo
    from pronote_server.observe.log import set_up_logging

    set_up_logging(level=settings.log.level, json=settings.log.json)

    async def prepare(running: App) -> None:
        if seed is not None:
            await fill_demo(running.school, seed)

    def ready(running: App) -> None:
        accounts = demo_accounts(running.school) if seed is not None else []
        if as_json:
            print(json.dumps(_ready_line(running, accounts), ensure_ascii=False), flush=True)
        else:
            _show_accounts(accounts)
            state = "en service" if running.school.in_service else "base non mise en service"
            print(
                f"Prêt : {running.school.name} ({running.school.rne}), {state}, sur "
                f"{running.address} ; paramètres de connexion : "
                f"{running.settings_files[running.school.rne]}",
                flush=True,
            )

    trio.run(serve, settings, prepare, ready, strict_exception_groups=True)


def _ready_line(running: Any, accounts: list[Any]) -> dict[str, Any]:
    return {
        "ready": True,
        "address": running.address,
        "rne": running.school.rne,
        "settings_file": str(running.settings_files[running.school.rne]),
        "data": str(running.settings.data.directory),
        "in_service": running.school.in_service,
        "schools": [
            {"rne": rne, "name": school.name, "settings_file": str(running.settings_files[rne])}
            for rne, school in running.schools.items()
        ],
        "accounts": [
            {
                "mode": each.mode.value,
                "login": each.login,
                "password": each.password,
                "name": each.name,
            }
            for each in accounts
        ],
    }


def _show_accounts(accounts: list[Any]) -> None:
    if not accounts:
        return
    from rich.console import Console

    _table(
        Console(),
        "Comptes de démonstration",
        ("Mode", "Identifiant", "Mot de passe", "Utilisateur"),
        [
            (each.mode.value, each.login, each.password or "(personnalisé)", each.name)
            for each in accounts
        ],
    )


def _table(console: Any, title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title)
    for rank, column in enumerate(columns):
        # The first one is what other commands take: it is shown whole, however narrow the
        # terminal.
        table.add_column(column, overflow="fold", no_wrap=rank == 0)
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    console.print(table)


# ------------------------------------------------------------------------- the operator


def _ask(data: Path | None, command: str, *, seconds: float = 30.0, **params: Any) -> Any:
    from pronote_server.rescue.client import ask
    from pronote_server.rescue.place import rescue_socket

    wanted = {name: value for name, value in params.items() if value is not None}
    return ask(rescue_socket(_data_of(data)), command, wanted, seconds=seconds)


def _data_of(data: Path | None) -> Path:
    from pronote_server.rescue.client import NoServer
    from pronote_server.rescue.place import running_servers

    if data is not None:
        return data
    running = running_servers()
    if len(running) == 1:
        return running[0].data
    if not running:
        raise NoServer("no server of this user is running; name its folder with --data")
    listed = ", ".join(f"{each.data} ({each.address})" for each in running)
    raise NoServer(f"several servers are running; choose one with --data: {listed}")


def _print(answer: dict[str, Any], as_json: bool, title: str, columns: dict[str, str]) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    from rich.console import Console

    rows = [[_cell(item.get(key)) for key in columns] for item in answer["items"]]
    _table(Console(), f"{title} ({len(rows)})", tuple(columns.values()), rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        minutes, seconds = divmod(int(value), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


@rescue.command
def connections(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les utilisateurs connectés et les licences utilisées."""
    answer = _ask(data, "connections", rne=rne)
    _print(
        answer,
        json,
        "Utilisateurs connectés",
        {
            "session": "Session",
            "workstation": "Poste",
            "application": "Application",
            "state": "État",
            "mode": "Mode",
            "user": "Utilisateur",
            "base": "Base",
            "seconds": "Durée",
            "address": "Adresse",
        },
    )
    if not json:
        seats = answer["seats"]
        print(
            f"Licences en modification : {seats['modification_used']}/"
            f"{seats['modification_total']} (réservées pour les administrateurs : "
            f"{seats['reserved_for_administrators']})"
        )


@rescue.command
def disconnect(
    *sessions: str,
    user: Annotated[list[str] | None, cyclopts.Parameter(help="Identifiant.")] = None,
    everyone: Annotated[bool, cyclopts.Parameter(negative="")] = False,
    message: str | None = None,
    delay: float = 0.0,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Déconnecter des sessions, des utilisateurs ou tout le monde."""
    answer = _ask(
        data,
        "disconnect",
        rne=rne,
        sessions=list(sessions),
        users=user or [],
        everyone=everyone,
        message=message,
        delay_seconds=delay,
    )
    _say(answer, json, f"{len(answer['sessions'])} session(s) déconnectée(s).")


@rescue.command
def suspensions(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lister les adresses suspendues."""
    _print(
        _ask(data, "suspensions", rne=rne),
        json,
        "Adresses suspendues",
        {
            "address": "Adresse",
            "login": "Compte",
            "cause": "Cause",
            "since": "Depuis",
            "until": "Jusqu'à",
            "accounts": "Comptes essayés",
            "reference": "Référence",
        },
    )


@rescue.command
def lift(
    address: str | None = None, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Débloquer une adresse, un réseau, ou toutes les adresses suspendues."""
    answer = _ask(data, "lift", rne=rne, address=address)
    _say(
        answer,
        json,
        f"{len(answer['addresses'])} adresse(s) débloquée(s). Les utilisateurs doivent fermer "
        "et relancer leur client.",
    )


@rescue.command
def journal(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Lire les dernières lignes de l'historique."""
    _print(
        _ask(data, "journal", rne=rne),
        json,
        "Historique",
        {
            "at": "Date",
            "kind": "Événement",
            "actor": "Qui",
            "address": "D'où",
            "details": "Détail",
        },
    )


@rescue.command
def statistics(*, data: Data = None) -> None:
    """Afficher les compteurs du serveur (JSON)."""
    print(json.dumps(_ask(data, "statistics"), ensure_ascii=False, indent=2))


@base.command(name="put-in-service")
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
    answer = _ask(data, "put_in_service", rne=rne, password=password)
    _say(answer, json, "La base est en service.")


@base.command
def stop(
    *,
    delay: float = 0.0,
    message: str | None = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """Arrêter le service de la base ; les utilisateurs sont prévenus puis déconnectés."""
    answer = _ask(
        data, "stop", seconds=delay + 30.0, rne=rne, delay_seconds=delay, message=message
    )
    _say(answer, json, "La base n'est plus en service.")


def _say(answer: Any, as_json: bool, sentence: str) -> None:
    print(json.dumps(answer, ensure_ascii=False) if as_json else sentence)


# ------------------------------------------------------------------------ the way out


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command line; what is refused is told in one sentence, without a traceback.

    Args:
        arguments: Without the name of the program; those of the process by default.
    """
    from pronote_server.certificates import CertificateRefused
    from pronote_server.config import ConfigRefused
    from pronote_server.data_folder import DataRefused
    from pronote_server.listeners import PortTaken
    from pronote_server.rescue.client import NoServer
    from pronote_server.storage.errors import StorageFailed

    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        app(arguments)
    except* Refused as group:
        refusal = _first(group)
        _leave(
            3,
            refusal.fr,
            as_json,
            refused=refusal.code,
            message=refusal.fr,
            retry_after=refusal.retry_after,
        )
    except* NoServer as group:
        _leave(4, str(_first(group)), as_json, error="no_server")
    except* (ConfigRefused, CertificateRefused, DataRefused, PortTaken, StorageFailed) as group:
        _leave(2, str(_first(group)), as_json, error="cannot_start")
    except* OSError as group:
        _leave(2, str(_first(group)), as_json, error="cannot_start")
    except* KeyboardInterrupt:
        sys.exit(130)


def _first(group: BaseExceptionGroup[Any]) -> Any:
    inner: Any = group
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner


def _leave(status: int, sentence: str, as_json: bool, **fields: Any) -> NoReturn:
    if as_json:
        print(json.dumps({**fields, "message": sentence}, ensure_ascii=False), flush=True)
    else:
        print(f"pronote-server: {sentence}", file=sys.stderr)
    sys.exit(status)
