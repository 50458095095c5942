"""``edt transfer``: the timetable made by EDT goes into the base (fiche 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object
from pronote_client.client import EdtClient
from pronote_client.families import Progress
from pronote_protocol.words import Mode, Space

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    edt = App(name="edt", help="Ce que fait l'application EDT.")
    app.command(edt)
    edt.command(transfer)


def _listed(kind: type[Mode] | type[Space], text: str | None) -> tuple[object, ...]:
    words = [each for each in (text or "").split(",") if each]
    try:
        return tuple(kind(each) for each in words)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise UsageProblem(f"{text} : attendu {known} (expected, with commas).") from None


async def transfer(
    *files: Path,
    modes: str = "teacher",
    spaces: str | None = None,
    commit_timeout: Annotated[float, Parameter(name="--commit-timeout")] = 120.0,
    context: WithContext,
) -> None:
    """
    Transférer un emploi du temps : remplace les ressources et les cours de la base.

    Parameters
    ----------
    files
        Un fichier FET et son emploi du temps résolu, ou une paire STS-WEB.
    modes
        Modes ouverts aux arrivants, séparés par des virgules : teacher,school-life.
    spaces
        Espaces à publier dès le transfert, séparés par des virgules.
    commit_timeout
        Délai de la dernière étape, en secondes.
    """
    if not files:
        raise UsageProblem("Nommez les fichiers à transférer (name the files).")
    for file in files:
        if not file.is_file():  # before anything is connected
            raise UsageProblem(f"{file} : pas un fichier (no such file).")
    opened = _listed(Mode, modes)
    published = _listed(Space, spaces)
    async with context.open_as(EdtClient) as client:
        with _progress(context) as show:
            done = await client.transfer.run(
                files,
                modes=opened,  # type: ignore[arg-type]
                spaces=published,  # type: ignore[arg-type]
                progress=show,
                commit_seconds=commit_timeout,
            )
    if context.terminal.json:
        context.terminal.emit(as_object(done))
        return
    context.terminal.table(
        f"Transfert terminé ({done.format}), révision {done.revision}",
        ("Donnée", "Nombre"),
        (
            ("Professeurs", done.teachers),
            ("Matières", done.subjects),
            ("Classes", done.classes),
            ("Groupes", done.groups),
            ("Élèves", done.pupils),
            ("Salles", done.rooms),
            ("Personnels", done.staff),
            ("Cours", f"{done.lessons}, dont {done.placed_lessons} placés"),
            ("Comptes créés", done.accounts_created),
        ),
    )
    for warning in done.warnings:
        context.terminal.say(f"Attention : {warning}")


@contextmanager
def _progress(context: Context) -> Iterator[Callable[[Progress], object] | None]:
    """Give what draws a bar for a person, or nothing when only a program looks."""
    if context.terminal.json or not context.terminal.console.is_terminal:
        yield None
        return
    from rich.progress import Progress as Bars

    with Bars(console=context.terminal.console, transient=True) as bars:
        task = bars.add_task("Envoi", total=None)

        def show(progress: Progress) -> None:
            bars.update(
                task,
                description=progress.name or "Remplacement des données",
                completed=progress.sent_bytes,
                total=progress.total_bytes,
            )

        yield show
