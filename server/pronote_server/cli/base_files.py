"""``bases load``, ``export``, ``complete``, ``users-export``...: the files bases travel in."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Any

from pronote_server.cli.asking import ask_at_length, ask_server
from pronote_server.cli.bases import bases
from pronote_server.cli.options import AsJson, Data, Rne
from pronote_server.cli.showing import say, show_items, show_table

__all__: list[str] = []


@bases.command
def load(file: Path, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Charger une base (.HNOT) parmi les autres bases (fiche 8) ; ouvrez-la ensuite."""
    answer = _long(data, "bases.load", json, rne=rne, file=str(file.absolute()))
    say(answer, json, f"La base est chargée sous le nom {answer['base']} ; ouvrez-la.")


@bases.command
def export(
    *,
    to: Path | None = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Générer les fichiers de la base chargée pour un autre serveur (fiche 8).

    Parameters
    ----------
    to
        Dossier où les écrire ; celui des exports de l'établissement si rien n'est dit.
    """
    folder = None if to is None else str(to.absolute())
    answer = _long(data, "bases.export", json, rne=rne, to=folder)
    if json:
        say(answer, json, "")
        return
    from rich.console import Console

    show_table(
        Console(),
        f"Fichiers générés dans {answer['folder']}",
        ("Nom", "Taille", "SHA-256"),
        [
            (each["name"], f"{each['size'] // 1024} Ko", each["sha256"])
            for each in answer["files"]
        ],
    )
    if answer["missing_documents"]:
        print(f"{answer['missing_documents']} document(s) de la base manquent au serveur.")


@bases.command
def complete(file: Path, *, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Compléter la base chargée par un fichier annexe (fiche 8)."""
    answer = _long(data, "bases.complete", json, rne=rne, file=str(file.absolute()))
    if "letters" in answer:
        say(answer, json, f"{answer['letters']} modèle(s) de lettre ajouté(s).")
        return
    say(
        answer,
        json,
        f"{answer['added']} ajouté(s), {answer['already']} déjà là, {answer['unknown']} "
        f"étranger(s) à la base ; {answer['missing']} manque(nt) encore.",
    )


@bases.command
def missing(*, data: Data = None, rne: Rne = None, json: AsJson = False) -> None:
    """Les documents et photos de la base dont le serveur n'a pas le contenu."""
    answer = ask_server(data, "bases.missing", rne=rne)
    show_items(
        answer,
        json,
        f"Documents manquants, {answer['total']} en tout",
        {"name": "Nom", "kind": "Sorte", "size": "Octets", "sha256": "SHA-256"},
    )


@bases.command(name="users-export")
def users_export(
    *,
    to: Path | None = None,
    data: Data = None,
    rne: Rne = None,
    json: AsJson = False,
) -> None:
    """
    Écrire les utilisateurs et leurs droits dans un fichier .profils.

    Parameters
    ----------
    to
        Dossier où l'écrire ; celui des exports de l'établissement si rien n'est dit.
    """
    folder = None if to is None else str(to.absolute())
    answer = ask_server(data, "bases.users_export", rne=rne, to=folder)
    say(
        answer,
        json,
        f"{answer['accounts']} comptes dans {answer['folder']}/{answer['file']}, "
        "sans le mot de passe du superviseur.",
    )


@bases.command(name="users-import")
def users_import(
    file: Path, *, data: Data = None, rne: Rne = None, json: AsJson = False
) -> None:
    """Récupérer les utilisateurs d'un fichier .profils ; ceux qui sont là le restent."""
    answer = _long(data, "bases.users_import", json, rne=rne, file=str(file.absolute()))
    if json:
        say(answer, json, "")
        return
    print(
        f"{answer['added']} ajouté(s), {answer['kept']} déjà là, "
        f"{answer['refused']} refusé(s) ; {len(answer['groups'])} groupe(s) et "
        f"{len(answer['profiles'])} profil(s) créé(s)."
    )
    for login, why in answer["refusals"]:
        print(f"  {login} : {why}")


@bases.command
def compare(here: Path, there: Path, *, json: AsJson = False) -> None:
    """
    Comparer deux bases ligne par ligne, sans serveur ; état 1 si elles diffèrent.

    Parameters
    ----------
    here, there
        Fichiers .not ou .HNOT.
    """
    import tempfile

    import attrs

    from pronote_server.storage.base_comparison import compare_bases
    from pronote_server.storage.packages import BASE_MEMBER, PackageKind, unpack_package

    kinds = {PackageKind.HOSTING_BASE, PackageKind.BACKUP, PackageKind.ARCHIVE}
    with tempfile.TemporaryDirectory(prefix="pronote-compare-") as folder:
        files = []
        for rank, path in enumerate((here, there)):
            if path.suffix != ".not":
                unpacked = Path(folder) / str(rank)
                unpack_package(path, unpacked, expect=kinds, only=lambda n: n == BASE_MEMBER)
                path = unpacked / BASE_MEMBER
            files.append(path)
        tables = compare_bases(*files)
    differ = [each for each in tables if not each.equal]
    if json:
        said: dict[str, Any] = {
            "equal": not differ,
            "rows": sum(each.same for each in tables),
            "tables": [attrs.asdict(each) for each in tables],
        }
        print(json_text.dumps(said))
    elif not differ:
        print(f"Identiques : {sum(each.same for each in tables)} lignes, {len(tables)} tables.")
    for each in differ if not json else ():
        print(
            f"{each.table} : {each.same} lignes communes, {each.only_here} dans la première "
            f"seulement, {each.only_there} dans la seconde."
        )
    if differ:
        sys.exit(1)


def _long(data: Path | None, command: str, json: bool, **params: Any) -> Any:
    return ask_at_length(data, command, quiet=json, **params)
