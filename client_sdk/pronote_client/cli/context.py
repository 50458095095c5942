"""What every command gets: where to write, and how to come in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

import attrs

from pronote_client.cli.terminal import Terminal
from pronote_client.client import Client
from pronote_client.patience import Patience
from pronote_client.servers import RememberedServers, configuration_folder
from pronote_client.settings import DEFAULT_PORT, ConnectionSettings
from pronote_protocol.words import Access, Application, Mode

__all__ = ["Common", "Context", "UsageProblem"]

C = TypeVar("C", bound=Client)


class UsageProblem(Exception):
    """The command line asks for something that makes no sense; exit status 2."""


@attrs.frozen(kw_only=True)
class Common:
    """The options before the command; see `pronote_client.cli.running` for their meaning."""

    settings: Path | None = None
    server: str | None = None
    link: str | None = None
    address: str | None = None
    port: int | None = None
    rne: str | None = None
    ca: Path | None = None
    plain: bool = False
    login: str | None = None
    password_file: Path | None = None
    new_password_file: Path | None = None
    mode: Mode = Mode.ADMINISTRATIVE
    access: Access = Access.MODIFICATION
    fall_back: bool = False
    school_year: int | None = None
    application: Application | None = None
    workstation: str | None = None
    timeout: float | None = None


@attrs.frozen(kw_only=True)
class Context:
    """
    Attributes:
        more: Further arguments of `Client.open`; tests come in by other ways.
    """

    terminal: Terminal
    common: Common
    more: Mapping[str, Any] = attrs.field(factory=dict)
    known_password: str | None = attrs.field(default=None, repr=False)

    @property
    def servers(self) -> RememberedServers:
        """The remembered list of this user."""
        return RememberedServers(configuration_folder(self.terminal.environ))

    def settings(self) -> ConnectionSettings:
        """
        Return where to connect, as the options say.

        Raises:
            UsageProblem: They say nothing, or several things.
            InvalidSettings: What they name cannot be used.
        """
        common, environ = self.common, self.terminal.environ
        ways = [common.settings, common.server, common.link, common.address]
        if sum(way is not None for way in ways) > 1:
            raise UsageProblem(
                "--settings, --server, --link et --address s'excluent (choose one)."
            )
        if common.address is not None:
            chosen = ConnectionSettings(
                address=common.address,
                port=DEFAULT_PORT if common.port is None else common.port,
            )
        elif common.server is not None:
            chosen = self.servers.get(common.server)
        elif common.link is not None:
            chosen = ConnectionSettings.from_link(common.link)
        elif path := common.settings or environ.get("PRONOTE_SETTINGS"):
            chosen = ConnectionSettings.read(path)
        else:
            raise UsageProblem(
                "Dites où vous connecter : --settings, --server, --link ou --address "
                "(say where to connect)."
            )
        changes: dict[str, Any] = {}
        if common.port is not None:
            changes["port"] = common.port
        if common.rne is not None:
            changes["rne"] = common.rne
        if common.plain:
            changes["tls"] = False
        if common.ca is not None:
            changes["certificate_authority"] = _read(common.ca)
        return attrs.evolve(chosen, **changes)

    def password(self) -> str:
        """
        Return the password: from the file, the environment or the person.

        Raises:
            UsageProblem: None of them has it.
        """
        if self.known_password is not None:
            return self.known_password
        if self.common.password_file is not None:
            return _secret(self.common.password_file)
        if password := self.terminal.environ.get("PRONOTE_PASSWORD"):
            return password
        if self.terminal.ask_password is not None:
            return self.terminal.ask_password(f"Mot de passe de {self.common.login} : ")
        raise UsageProblem(
            "Aucun mot de passe : --password-file, PRONOTE_PASSWORD ou un terminal "
            "(no password)."
        )

    def with_asked_password(self) -> Context:
        """Return this context knowing the password, so that nobody is asked twice."""
        return attrs.evolve(self, known_password=self.password())

    def new_password(self, file: Path | None, *, ask: bool) -> str | None:
        """Return the new password, asked for twice when *ask* and a person is there."""
        file = file or self.common.new_password_file
        if file is not None:
            return _secret(file)
        if not ask or self.terminal.ask_password is None:
            return None
        first = self.terminal.ask_password("Nouveau mot de passe : ")
        if self.terminal.ask_password("Nouveau mot de passe, encore : ") != first:
            raise UsageProblem("Les deux saisies diffèrent (they differ).")
        return first

    def open(self, *, resumable: bool = False) -> AbstractAsyncContextManager[Client]:
        """Come in, as the options say."""
        return self.open_as(Client, resumable=resumable)

    def open_as(
        self, kind: type[C], *, resumable: bool = False
    ) -> AbstractAsyncContextManager[C]:
        """Come in as a client of another kind."""
        common = self.common
        settings = self.settings()
        if common.login is None:
            raise UsageProblem("--login manque (missing).")
        patience = Patience()
        if common.timeout is not None:
            patience = attrs.evolve(patience, call_seconds=common.timeout)
        options: dict[str, Any] = {
            "mode": common.mode,
            "access": common.access,
            "fall_back": common.fall_back,
            "school_year": common.school_year,
            "workstation": common.workstation,
            "patience": patience,
        }
        if common.application is not None:
            options["application"] = common.application
        options |= self.more
        return kind.open(
            settings,
            login=common.login,
            password=self.password(),
            new_password=self.new_password(None, ask=False),
            resumable=resumable,
            **options,
        )


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageProblem(f"{path} : {exc}") from None


def _secret(path: Path) -> str:
    """Return the first line of *path*: editors add line ends, passwords have none."""
    lines = _read(path).splitlines()
    if not lines or not lines[0]:
        raise UsageProblem(f"{path} : fichier vide (empty).")
    return lines[0]
