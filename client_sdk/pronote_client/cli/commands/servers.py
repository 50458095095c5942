"""``servers search|add|list|remove``: where one can connect to."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.showing import items
from pronote_client.settings import ConnectionSettings

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    servers = App(name="servers", help="Serveurs retenus, et recherche sur le réseau local.")
    app.command(servers)
    servers.command(search)
    servers.command(add)
    servers.command(list_, name="list")
    servers.command(remove)


async def search(*, seconds: float = 3.0, context: WithContext) -> None:
    """Chercher les serveurs qui s'annoncent sur le réseau local."""
    from pronote_client.discovery import search as search_network

    found = await search_network(seconds)
    if context.terminal.json:
        context.terminal.emit(
            {
                "items": [
                    {"name": each.name, "version": each.version, **_shown(each.settings)}
                    for each in found
                ]
            }
        )
        return
    context.terminal.table(
        "Serveurs trouvés",
        ("Nom", "Établissement", "RNE", "Adresse", "TLS"),
        (
            (
                each.name,
                each.settings.designation,
                each.settings.rne,
                each.settings.where,
                "oui" if each.settings.tls else "non",
            )
            for each in found
        ),
    )


async def add(name: str, file: Path | None = None, /, *, context: WithContext) -> None:
    """
    Retenir un serveur : un fichier de paramètres, ou ce que disent les options communes.

    Parameters
    ----------
    name
        Le nom à lui donner.
    file
        Fichier de paramètres de connexion.
    """
    settings = context.settings() if file is None else ConnectionSettings.read(file)
    context.servers.add(name, settings)
    if context.terminal.json:
        context.terminal.emit({"name": name, **_shown(settings)})
    else:
        context.terminal.say(f"{name} : {settings.where}, retenu.")


async def list_(*, context: WithContext) -> None:
    """Lister les serveurs retenus."""
    servers = context.servers.all()
    if context.terminal.json:
        context.terminal.emit(
            items({"name": name, **_shown(each)} for name, each in servers.items())
        )
        return
    context.terminal.table(
        "Serveurs retenus",
        ("Nom", "Établissement", "RNE", "Adresse", "TLS"),
        (
            (name, each.designation, each.rne, each.where, "oui" if each.tls else "non")
            for name, each in servers.items()
        ),
    )


async def remove(name: str, /, *, context: WithContext) -> None:
    """Oublier un serveur retenu."""
    context.servers.remove(name)
    if context.terminal.json:
        context.terminal.emit({"done": True})
    else:
        context.terminal.say(f"{name} : oublié.")


def _shown(settings: ConnectionSettings) -> dict[str, object]:
    return {
        "designation": settings.designation,
        "rne": settings.rne,
        "address": settings.address,
        "port": settings.port,
        "tls": settings.tls,
        "link": settings.link(),
    }
