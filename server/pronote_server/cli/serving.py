"""``serve`` and ``demo``: the server itself."""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import cyclopts

from pronote_server.cli.options import AsJson, At, Data, Host, Port, TestApi
from pronote_server.cli.showing import show_table

__all__ = ["add_commands"]


@contextmanager
def _starting() -> Iterator[None]:
    """
    Look for no garbage until the server is ready: what is imported and made stays to its end.

    Looking through it again and again, as it grows, is a tenth of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def serve(
    *,
    config: Path | None = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    test_api: TestApi = False,
    at: At = None,
    json: AsJson = False,
) -> None:
    """Servir les établissements décrits par un fichier de configuration (TOML)."""
    with _starting():
        from pronote_server.config import load_settings

        settings = load_settings(
            config,
            environment=os.environ,
            options={
                "listen.host": host,
                "listen.port": port,
                "listen.test_api": test_api or None,
                "data.directory": data,
            },
        )
        _run(settings, as_json=json, at=at)


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
    test_api: TestApi = False,
    at: At = None,
    json: AsJson = False,
) -> None:
    """Servir un établissement de démonstration complet, avec des comptes prêts à l'emploi."""
    with _starting():
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
                    "listen.test_api": test_api or None,
                    "data.directory": Path(directory),
                    "tls.enabled": not plain,
                    "announce.mdns": announce or None,
                    "schools": [
                        {
                            "rne": DEMO_RNE,
                            "name": DEMO_SCHOOL_NAME,
                            # Nobody's: a reserved name, and a number kept for fiction.
                            "account": {
                                "responsible": "Responsable de la démonstration",
                                "email": "responsable@lande.example",
                                "mobile": "+33639980100",
                            },
                            "passwords": {"scram_iterations": 4096},
                        }
                    ],
                },
            )
            _run(settings, as_json=json, seed=seed, at=at)


def _run(settings: Any, *, as_json: bool, at: str | None, seed: int | None = None) -> None:
    origin = _origin(settings, at)
    _serve(settings, as_json=as_json, seed=seed, origin=origin)


def _origin(settings: Any, at: str | None) -> datetime | None:
    """Return when school time starts; None leaves it to the machine."""
    if at is None:
        return None
    from pronote_server.config import ConfigRefused
    from pronote_server.hosting.time_travel import read_instant

    if not settings.listen.test_api:
        raise ConfigRefused(["--at: only with --test-api does a server live at another date"])
    return read_instant(at)


def _serve(settings: Any, *, as_json: bool, seed: int | None, origin: datetime | None) -> None:
    import trio

    from pronote_server.app import App, serve
    from pronote_server.collector import freezing_what_stays
    from pronote_server.heaps import share_heaps
    from pronote_server.hosting.demo import demo_accounts, fill_demo
    from pronote_server.observe.log import set_up_logging

    set_up_logging(level=settings.log.level, json=settings.log.json)
    share_heaps()

    async def prepare(running: App) -> None:
        if seed is not None:
            await fill_demo(running.school, seed)

    def ready(running: App) -> None:
        gc.freeze()
        gc.enable()
        accounts = demo_accounts(running.school) if seed is not None else []
        if as_json:
            print(json.dumps(_ready_line(running, accounts), ensure_ascii=False), flush=True)
        else:
            _show_accounts(accounts)
            _show_consoles(running)
            state = "en service" if running.school.in_service else "base non mise en service"
            print(
                f"Prêt : {running.school.name} ({running.school.rne}), {state}, sur "
                f"{running.address} ; paramètres de connexion : "
                f"{running.settings_files[running.school.rne]}",
                flush=True,
            )

    with freezing_what_stays():
        trio.run(serve, settings, prepare, ready, origin, strict_exception_groups=True)


def _ready_line(running: Any, accounts: list[Any]) -> dict[str, Any]:
    return {
        "ready": True,
        "address": running.address,
        "rne": running.school.rne,
        "settings_file": str(running.settings_files[running.school.rne]),
        "data": str(running.settings.data.directory),
        "in_service": running.school.in_service,
        "schools": [
            {
                "rne": rne,
                "name": school.name,
                "settings_file": str(running.settings_files[rne]),
                "console": _console(school),
            }
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


def _console(school: Any) -> dict[str, str] | None:
    """Return what the console asks for, at the first start of a school only."""
    if not school.identity_is_new:
        return None
    identity = school.account.identity
    return {
        "hosting_number": identity.hosting_number,
        "invoice_number": identity.invoice_number,
        "password": identity.console_password,
    }


def _show_consoles(running: Any) -> None:
    for rne, school in running.schools.items():
        if console := _console(school):
            print(
                f"Console de {rne}, montré une seule fois : n° d'hébergement "
                f"{console['hosting_number']}, n° de facture {console['invoice_number']}, "
                f"mot de passe {console['password']}"
            )


def _show_accounts(accounts: list[Any]) -> None:
    if not accounts:
        return
    from rich.console import Console

    show_table(
        Console(),
        "Comptes de démonstration",
        ("Mode", "Identifiant", "Mot de passe", "Utilisateur"),
        [
            (each.mode.value, each.login, each.password or "(personnalisé)", each.name)
            for each in accounts
        ],
    )


def add_commands(app: cyclopts.App) -> None:
    """Add them to *app*."""
    app.command(serve)
    app.command(demo)
