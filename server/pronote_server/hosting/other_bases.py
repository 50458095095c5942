"""
The bases of a school that are not loaded (fiche 8, *Autres bases*), and the one that is.

Once in service, or sent by the school: each is a file in the folder of the bases, whose header
tells its name. A file that cannot be opened is in the list too, with the reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import attrs
from sqlalchemy import Connection, update

from pronote_protocol.catalogue.bases import BaseHeaderShown, BaseRow
from pronote_protocol.catalogue.sessions import CountersShown
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.words import BaseOrigin
from pronote_server.domain.base_names import base_name, same_name
from pronote_server.domain.base_states import BaseCommand
from pronote_server.hosting.base_opening import read_header_again
from pronote_server.hosting.base_places import (
    bases_folder,
    check_free,
    named_bases,
    names_of_bases,
)
from pronote_server.hosting.base_replacement import open_instead
from pronote_server.hosting.base_service import doing
from pronote_server.hosting.school import School
from pronote_server.storage import base_file
from pronote_server.storage import known_bases as kept
from pronote_server.storage.base_schema import header
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import BaseFileRefused, StorageFailed, saying_it_in_our_words
from pronote_server.storage.sqlite import checkpoint, writing_engine
from pronote_server.storage.whole_files import REAL_DISK, saying_what_the_disk_said

__all__ = ["delete_base", "list_bases", "open_other", "rename_base", "show_header"]


async def show_header(school: School) -> BaseHeaderShown:
    """Return the header of the console (fiche 9), its counters of one moment."""
    supervisor = school.directory.supervisor
    first = supervisor is None or supervisor.credentials is None
    base = school.base
    if base is None:
        return BaseHeaderShown(
            state=school.base_state,
            first_service=first,
            base=None,
            school_year=None,
            created_at=None,
            last_entry_at=None,
            revision=None,
            counters=None,
        )
    said, counted = await base.database.read(
        lambda conn: (base_file.read_header(conn), base_file.counters(conn))
    )
    return BaseHeaderShown(
        state=school.base_state,
        first_service=first,
        base=said.name,
        school_year=said.school_year,
        created_at=said.created_at,
        last_entry_at=said.last_entry_at,
        revision=said.revision,
        counters=CountersShown(**attrs.asdict(counted)),
    )


async def list_bases(school: School) -> list[BaseRow]:
    """Return every base of the school: the one that is loaded first, then by name."""
    known = await school.records.read(kept.known_bases)
    base = school.base
    loaded = {} if base is None else {base.file: base.header}
    rows = await school.in_thread(partial(_rows, bases_folder(school), known, loaded))
    return sorted(rows, key=lambda row: not row.loaded)


def _rows(
    folder: Path,
    known: Mapping[str, kept.KnownBase],
    loaded: Mapping[Path, base_file.BaseHeader],
) -> list[BaseRow]:
    rows = []
    for path, name in names_of_bases(folder, loaded).items():
        said, problem, size = None, None, 0
        try:
            size = path.stat().st_size
            said = loaded.get(path) or base_file.inspect_base(path)
        except BaseFileRefused as refusal:
            problem = refusal.fr
        except (StorageFailed, OSError) as error:
            problem = f"Le disque ne répond pas : {error}."
        noted = known.get(path.name)
        rows.append(
            BaseRow(
                name=name,
                school_year=None if said is None else said.school_year,
                size=size,
                created_at=None if said is None else said.created_at,
                last_entry_at=None if said is None else said.last_entry_at,
                origin=BaseOrigin.FOUND if noted is None else noted.origin,
                added_at=None if noted is None else noted.added_at,
                added_by=None if noted is None else noted.added_by,
                served_at=None if noted is None else noted.served_at,
                loaded=path in loaded,
                problem=problem,
            )
        )
    return rows


async def open_other(school: School, name: str, *, by: str, address: str | None = None) -> None:
    """
    Load the base called *name* (*Ouvrir cette base*); it must then be put in service.

    Raises:
        NotFound: There is none.
        Conflict: It is loaded already, or the server is not stopped.
        BaseFileRefused: It cannot be opened; the one that was loaded still is.
    """
    path = await _find(school, name)
    if school.base is not None and school.base.file == path:
        raise Conflict("Cette base est déjà chargée.", "This base is loaded already.")
    await open_instead(school, path, by=by, address=address)


async def delete_base(
    school: School, name: str, *, by: str, address: str | None = None
) -> None:
    """
    Delete a base that is not loaded, with its documents.

    Raises:
        NotFound: There is none.
        Conflict: It is the one that is loaded, or something is being done to the base.
        StorageFailed: The disk said no; it may have kept the documents.
    """
    with doing(school, BaseCommand.OTHERS, alone=True):
        path = await _find(school, name)
        if school.base is not None and school.base.file == path:
            raise Conflict(
                "La base chargée ne peut pas être supprimée.",
                "The base that is loaded cannot be deleted.",
            )
        await school.in_thread(partial(_delete, path))
        await school.records.write(lambda conn: kept.forget_base(conn, path.name))
        await school.journal.record("base.deleted", by, address, base=name, file=path.name)


async def rename_base(
    school: School, name: str, new_name: str, *, by: str, address: str | None = None
) -> None:
    """
    Give a base another name, in its header; its file keeps its own.

    Raises:
        NotFound: There is none.
        BadRequest: The new name cannot be that of a base.
        Conflict: It is another's, or the base is loaded and the server not stopped.
        BaseFileRefused: It cannot be opened; it keeps its name.
    """
    new_name = base_name(new_name)
    path = await _find(school, name)
    loaded = school.base is not None and school.base.file == path
    command = BaseCommand.RENAME if loaded else BaseCommand.OTHERS
    with doing(school, command, alone=True):
        path = await _find(school, name)
        await check_free(school, new_name, but=path)
        # Once more: only now nothing can come between.
        base = school.base
        if base is not None and base.file == path:
            await base.database.write(partial(_write_name, name=new_name))
            await read_header_again(school)
        else:
            await school.in_thread(partial(_rename, path, new_name))
        await school.journal.record("base.renamed", by, address, base=new_name, before=name)


def _write_name(conn: Connection, name: str) -> None:
    conn.execute(update(header).values(name=name))


def _rename(path: Path, name: str) -> None:
    base_file.inspect_base(path)
    with saying_it_in_our_words(), writing_engine(path).connect() as conn:
        with conn.begin():
            _write_name(conn, name)
        checkpoint(conn)


def _delete(path: Path) -> None:
    with saying_what_the_disk_said():
        for suffix in ("", "-wal", "-shm"):
            REAL_DISK.unlink(path.with_name(path.name + suffix))
        REAL_DISK.sync_folder(path.parent)
        shutil.rmtree(DocumentFiles.beside(path).folder, ignore_errors=True)


async def _find(school: School, name: str) -> Path:
    """Return the file of the base called *name*; no name leads out of the folder."""
    named = await named_bases(school)
    found = next((path for path, each in named.items() if same_name(each, name)), None)
    if found is None:
        raise NotFound(
            "Aucune base ne s'appelle {what}.", "No base is called {what}.", what=name
        )
    return found
