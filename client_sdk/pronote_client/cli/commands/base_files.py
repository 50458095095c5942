"""``base load``, ``base export``...: the files a base travels in (fiche 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cyclopts import App

from pronote_client.cli.commands.bases import console
from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object, items
from pronote_protocol.words import UploadPurpose

__all__ = ["add_to"]


def add_to(base: App) -> None:
    """Add the commands of this module."""
    base.command(load)
    base.command(complete)
    base.command(missing)
    base.command(export)
    base.command(files)
    base.command(fetch)
    base.command(users_export)
    base.command(users_import)
    base.command(send_prepared)


async def load(file: Path, /, *, context: WithContext) -> None:
    """
    Envoyer une base (.HNOT), qui vient parmi les autres bases ; interrompu, l'envoi reprend.

    Parameters
    ----------
    file
        Le fichier généré par l'autre serveur.
    """
    done = await _send(file, UploadPurpose.BASE, context)
    _tell(context, done, f"La base est chargée sous le nom {done['base']} ; ouvrez-la.")


async def complete(file: Path, /, *, context: WithContext) -> None:
    """
    Compléter la base hébergée par un fichier annexe ; interrompu, l'envoi reprend.

    Parameters
    ----------
    file
        .HDOCJOINTS, .HPHOTOS ou .HCOURRIERS.
    """
    done = await _send(file, UploadPurpose.ANNEX, context)
    if "letters" in done:
        _tell(context, done, f"{done['letters']} modèle(s) de lettre ajouté(s).")
        return
    _tell(
        context,
        done,
        f"{done['added']} ajouté(s), {done['already']} déjà là, {done['unknown']} étranger(s) "
        f"à la base ; {done['missing']} manque(nt) encore.",
    )


async def missing(*, context: WithContext) -> None:
    """Les documents et photos de la base que le serveur n'a pas."""
    async with console(context) as client:
        rows = await client.base_files.missing()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        f"Documents manquants ({len(rows)})",
        ("Nom", "Sorte", "Octets", "SHA-256"),
        ((row.name, row.kind, row.size, row.sha256) for row in rows),
    )


async def export(*, to: Path | None = None, context: WithContext) -> None:
    """
    Générer les fichiers de la base pour un autre serveur, et les rapporter.

    Parameters
    ----------
    to
        Dossier où les rapporter ; sans lui, ils restent sur le serveur (base fetch).
    """
    async with console(context) as client:
        with _bar(context, "Génération") as told:
            done = await client.base_files.generate(lambda work: told(work.done, work.total))
        if to is not None:
            for each in done["files"]:
                with _bar(context, each["name"]) as told:
                    await client.base_files.download(each["name"], to, told=told)
    if context.terminal.json:
        context.terminal.emit(as_object(done))
        return
    context.terminal.table(
        "Fichiers générés",
        ("Nom", "Taille", "SHA-256"),
        (
            (each["name"], f"{each['size'] // 1024} Ko", each["sha256"])
            for each in done["files"]
        ),
    )
    if done["missing_documents"]:
        context.terminal.say(f"{done['missing_documents']} document(s) manquent au serveur.")


async def files(*, context: WithContext) -> None:
    """Les fichiers générés qui sont sur le serveur."""
    async with console(context) as client:
        rows = await client.base_files.list()
    if context.terminal.json:
        context.terminal.emit(items(rows, total=len(rows)))
        return
    context.terminal.table(
        f"Fichiers générés ({len(rows)})",
        ("Nom", "Taille", "Date", "SHA-256"),
        (
            (row.name, f"{row.size // 1024} Ko", f"{row.made_at:%d/%m/%y %H:%M}", row.sha256)
            for row in rows
        ),
    )


async def fetch(name: str, to: Path = Path(), /, *, context: WithContext) -> None:
    """
    Rapporter un fichier généré ; interrompu, il reprend.

    Parameters
    ----------
    name
        Tel que la liste le donne.
    to
        Dossier.
    """
    async with console(context) as client:
        with _bar(context, name) as told:
            path = await client.base_files.download(name, to, told=told)
    _tell(context, {"file": str(path)}, f"{path}")


async def users_export(*, to: Path = Path(), context: WithContext) -> None:
    """
    Rapporter les utilisateurs et leurs droits dans un fichier .profils.

    Parameters
    ----------
    to
        Dossier.
    """
    async with console(context) as client:
        name = await client.base_files.generate_users()
        path = await client.base_files.download(name, to)
    _tell(context, {"file": str(path)}, f"{path}, sans le mot de passe du superviseur.")


async def users_import(file: Path, /, *, context: WithContext) -> None:
    """
    Récupérer les utilisateurs ; ceux qui sont là restent tels quels.

    Parameters
    ----------
    file
        Le fichier .profils.
    """
    done = await _send(file, UploadPurpose.USERS, context)
    _tell(
        context,
        done,
        f"{done['added']} ajouté(s), {done['kept']} déjà là, {done['refused']} refusé(s) ; "
        f"{len(done['groups'])} groupe(s) et {len(done['profiles'])} profil(s) créé(s).",
    )
    if not context.terminal.json:
        for login, why in done["refusals"]:
            context.terminal.say(f"  {login} : {why}")


async def send_prepared(file: Path, /, *, context: WithContext) -> None:
    """
    Envoyer un fichier préparé pour l'année suivante, d'où l'on récupère ensuite (recover).

    Parameters
    ----------
    file
        ..._PreparerLAnneeSuivante.zip
    """
    done = await _send(file, UploadPurpose.NEXT_YEAR, context)
    _tell(context, done, f"{done['name']} est sur le serveur : base recover {done['name']}")


async def _send(file: Path, purpose: UploadPurpose, context: Context) -> dict[str, Any]:
    if not file.is_file():  # noqa: ASYNC240  # before anything is asked of anybody
        raise UsageProblem(f"{file} : il n'y a pas de fichier de ce nom (no such file).")
    async with console(context) as client:
        with _bar(context, "Envoi") as told:
            upload = await client.base_files.upload(file, purpose, told=told)
        with _bar(context, "Vérification") as told:
            report: dict[str, Any] = await client.base_files.finish(
                upload.upload, lambda work: told(work.done, work.total)
            )
    return report


@contextmanager
def _bar(context: Context, what: str) -> Iterator[Callable[[int, int], None]]:
    """Lend what shows how much is done, when a person looks."""
    if context.terminal.json or not context.terminal.err.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=context.terminal.err), transient=True) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total or None)


def _tell(context: Context, done: dict[str, Any], sentence: str) -> None:
    if context.terminal.json:
        context.terminal.emit(as_object(done))
    else:
        context.terminal.say(sentence)
