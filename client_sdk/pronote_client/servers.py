"""The list of servers this user remembers, as the client's first window shows it."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pronote_client.errors import InvalidSettings
from pronote_client.settings import ConnectionSettings, toml_string

__all__ = ["RememberedServers", "configuration_folder"]


def configuration_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return ``$PRONOTE_CLIENT_HOME``, else ``pronote-client`` in the XDG folder."""
    if home := environ.get("PRONOTE_CLIENT_HOME"):
        return Path(home)
    base = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home(), ".config")
    return Path(base, "pronote-client")


class RememberedServers:
    """
    Names given by the user, each with its connection settings.

    One TOML file, ``servers.toml``; each name is a table, so that it can be written by
    hand too. Read at each question: another process may have added one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or configuration_folder()) / "servers.toml"

    def all(self) -> dict[str, ConnectionSettings]:
        """
        Return every remembered server, by name.

        Raises:
            InvalidSettings: The file cannot be read or holds something else.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as exc:
            raise self._unusable(str(exc)) from None
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise self._unusable(str(exc)) from None
        servers = {}
        for name, table in sorted(tables.items()):
            if not isinstance(table, dict):
                raise self._unusable(name)
            servers[name] = ConnectionSettings.from_table(table)
        return servers

    def get(self, name: str) -> ConnectionSettings:
        """
        Return the server called *name*.

        Raises:
            InvalidSettings: Nobody remembers that one.
        """
        try:
            return self.all()[name]
        except KeyError:
            raise InvalidSettings(
                f"Aucun serveur « {name} » dans la liste.", f"No server {name!r} in the list."
            ) from None

    def add(self, name: str, settings: ConnectionSettings) -> None:
        """Remember *settings* as *name*, instead of what had that name."""
        self._write(self.all() | {name: settings})

    def remove(self, name: str) -> None:
        """
        Forget the server called *name*.

        Raises:
            InvalidSettings: Nobody remembers that one.
        """
        self.get(name)
        self._write({kept: each for kept, each in self.all().items() if kept != name})

    def _write(self, servers: Mapping[str, ConnectionSettings]) -> None:
        text = "\n".join(
            f"[{toml_string(name)}]\n{settings.dumps().partition(chr(10))[2]}"
            for name, settings in sorted(servers.items())
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed: a cut leaves the old list or the new one.
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, delete=False
        ) as file:
            file.write(text)
        Path(file.name).replace(self.path)

    def _unusable(self, problem: str) -> InvalidSettings:
        return InvalidSettings(
            f"Liste de serveurs inutilisable, {self.path} : {problem}.",
            f"Unusable list of servers, {self.path}: {problem}.",
        )
