"""From the arguments to the exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import attrs
import trio
from cyclopts import App, CycloptsError, Parameter, UnknownOptionError

from pronote_client.cli.commands import add_commands
from pronote_client.cli.context import Common, Context, UsageProblem
from pronote_client.cli.showing import problem
from pronote_client.cli.terminal import Terminal
from pronote_client.errors import PronoteError
from pronote_protocol.words import Access, Application, Mode

__all__ = ["INTERRUPTED", "build_app", "run"]

DONE: Final = 0
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130

COMMON: Final = frozenset(
    f"--{field.name.replace('_', '-')}" for field in attrs.fields(Common)
) | {"--json"}
# Options before the command that take no value; everything else that begins with a dash
# there takes the next argument. A test keeps this equal to the signature of `launch`.
FLAGS: Final = frozenset({"--json", "--plain", "--fall-back", "--help", "-h", "--version"})


def build_app() -> App:
    """Return the command line: ``meta`` has the common options, the rest the commands."""
    app = App(
        name="pronote-client",
        help="Se connecter à un serveur PRONOTE (émulateur). Connect to a PRONOTE server.",
        version=_version,
        usage="Usage: pronote-client [OPTIONS] COMMAND [...]\n",
        group_commands="Commandes",
        group_parameters="Paramètres",
        group_arguments="Arguments",
        help_format="plaintext",
    )
    app.meta.group_parameters = "Options, avant la commande (before the command)"
    add_commands(app)

    @app.meta.default
    def launch(
        *,
        settings: Path | None = None,
        server: str | None = None,
        link: str | None = None,
        address: str | None = None,
        port: int | None = None,
        rne: str | None = None,
        ca: Path | None = None,
        plain: Annotated[bool, Parameter(negative="")] = False,
        login: str | None = None,
        password_file: Path | None = None,
        new_password_file: Path | None = None,
        mode: Mode = Mode.ADMINISTRATIVE,
        access: Access = Access.MODIFICATION,
        fall_back: Annotated[bool, Parameter(negative="")] = False,
        school_year: int | None = None,
        application: Application | None = None,
        workstation: str | None = None,
        timeout: float | None = None,
        json: Annotated[bool, Parameter(negative="")] = False,
    ) -> Common:
        """
        Parameters
        ----------
        settings
            Fichier de paramètres de connexion (ou PRONOTE_SETTINGS).
        server
            Nom dans la liste des serveurs retenus.
        link
            Lien pronote://…
        address
            Adresse saisie à la main.
        port
            Port, 49300 par défaut.
        rne
            Établissement, si le serveur en héberge plusieurs.
        ca
            Autorité de certification (PEM).
        plain
            Sans TLS : sur cette machine seulement.
        login
            Identifiant.
        password_file
            Fichier du mot de passe, « - » pour l'entrée standard (ou PRONOTE_PASSWORD).
        new_password_file
            Nouveau mot de passe, si le serveur exige de le personnaliser.
        mode
            Mode de connexion.
        access
            Modification ou consultation.
        fall_back
            Accepter la consultation si aucune licence en modification n'est libre.
        school_year
            Une année précédente à consulter, 2019 pour 2019-2020, sans licence.
        application
            Application annoncée au serveur.
        workstation
            Nom de poste annoncé au serveur.
        timeout
            Délai de chaque appel, en secondes (30).
        json
            Un objet JSON par réponse, pour les programmes.
        """
        return Common(
            settings=settings,
            server=server,
            link=link,
            address=address,
            port=port,
            rne=rne,
            ca=ca,
            plain=plain,
            login=login,
            password_file=password_file,
            new_password_file=new_password_file,
            mode=mode,
            access=access,
            fall_back=fall_back,
            school_year=school_year,
            application=application,
            workstation=workstation,
            timeout=timeout,
        )

    return app


async def run(
    arguments: Sequence[str], terminal: Terminal, more: Mapping[str, Any] | None = None
) -> int:
    """
    Do one command; return its exit status.

    Args:
        arguments: Without the name of the program.
        more: Further arguments of `Client.open`, which win over the options.
    """
    options, command = split(arguments)
    # A mistake before --json is understood is told in the way that was asked for.
    terminal = attrs.evolve(terminal, json="--json" in options)
    try:
        return await _run(options, command, terminal, more or {})
    except (CycloptsError, UsageProblem, ValueError) as exc:
        message = _usage_message(exc)
        return _tell(
            terminal,
            BAD_USAGE,
            {"error": "usage", "message": message},
            f"{message}\npronote-client --help",
        )
    except PronoteError as exc:
        return _tell(terminal, *problem(exc))
    except OSError as exc:
        return _tell(terminal, 1, {"error": "failed", "message": str(exc)}, str(exc))


async def _run(
    options: Sequence[str],
    arguments: Sequence[str],
    terminal: Terminal,
    more: Mapping[str, Any],
) -> int:
    app = build_app()
    app.console = terminal.console
    quietly: dict[str, Any] = {"exit_on_error": False, "print_error": False}
    if not options and not arguments:
        app.meta(["--help"], result_action="return_value", **quietly)
        return BAD_USAGE
    common = app.meta(list(options), result_action="return_value", **quietly)
    if common is None:  # --help or --version
        return DONE
    if not arguments:
        raise UsageProblem("Il manque une commande (no command).")
    command, bound, ignored = app.parse_args(list(arguments), **quietly)
    if command == app.help_print and not {"--help", "-h"} & set(arguments):
        command(*bound.args, **bound.kwargs)
        return BAD_USAGE  # a family of commands, and none of them
    context = Context(terminal=terminal, common=common, more=more)
    result = command(*bound.args, **bound.kwargs, **dict.fromkeys(ignored, context))
    status = await result if hasattr(result, "__await__") else None
    await trio.lowlevel.checkpoint()
    return status if isinstance(status, int) else DONE


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """
    Return the options before the command, and the rest.

    The two are parsed apart, so that ``users list --mode teacher`` is about the list and
    ``--mode teacher users list`` about the session.
    """
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        whole = arguments[at] in FLAGS or "=" in arguments[at]
        at += 1 if whole else 2
    return list(arguments[:at]), list(arguments[at:])


def _tell(terminal: Terminal, status: int, said: Mapping[str, Any], sentence: str) -> int:
    if terminal.json:
        terminal.emit(said)
    else:
        terminal.complain(sentence)
    return status


def _usage_message(exc: Exception) -> str:
    if isinstance(exc, UnknownOptionError):
        name = (exc.token.keyword or exc.token.value).partition("=")[0]
        if name in COMMON:
            return f"{name} se place avant la commande (goes before the command)."
    if isinstance(exc, ValueError) and exc.args:
        # A value the catalogue does not allow, said by an attrs validator.
        return str(exc.args[0])
    return str(exc)


def _version() -> str:
    from importlib.metadata import version

    return version("pronote-emulator")
