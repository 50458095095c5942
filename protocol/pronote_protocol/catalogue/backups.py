"""Calls on backups and archives (fiche 9)."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import ADMINISTRATION, HOSTING_ONLY, Call
from pronote_protocol.catalogue.sessions import CountersShown
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.records import row
from pronote_protocol.words import Right

_NAME: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(200))


@row
@attrs.frozen
class BackupRow:
    """
    A backup (``kind`` ``backup``) or an archive, which brings the documents too.

    ``proven_at`` is when it was last read to its end and its base checked, nil if it never
    was as it is now; ``problem`` says, in French, why it cannot be opened.
    """

    name: str
    kind: str
    made_at: datetime.datetime
    size: int
    base: str | None
    school_year: int | None
    proven_at: datetime.datetime | None
    problem: str | None


@row
@attrs.frozen
class BackupFailureRow:
    """The last backup or archive failed then; gone when one succeeds."""

    kind: str
    at: datetime.datetime
    code: str
    fr: str
    en: str


@attrs.frozen(kw_only=True)
class UndoShown:
    """
    The last opening can be taken back: to the archive ``safety``, which was made before
    ``opened`` was opened.
    """

    safety: str
    opened: str
    at: datetime.datetime


@attrs.frozen(kw_only=True)
class ListBackups:
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class BackupsShown:
    """
    Part of the list, newest first.

    Attributes:
        backups, archives: How many the whole list has, as its title says.
    """

    total: int
    offset: int
    rows: tuple[BackupRow, ...]
    backups: int
    archives: int
    failures: tuple[BackupFailureRow, ...]
    undo: UndoShown | None


@attrs.frozen(kw_only=True)
class BackupRef:
    name: str = attrs.field(validator=[*_NAME])


@attrs.frozen(kw_only=True)
class BackupShown:
    """
    ``counters`` are those of fiche 9, nil when the file cannot be read;
    ``missing_documents`` are those the base of an archive refers to that were lost before.
    """

    backup: BackupRow
    last_entry_at: datetime.datetime | None
    counters: CountersShown | None
    missing_documents: int


@attrs.frozen(kw_only=True)
class OpeningPreview:
    """
    What opening it would change.

    Attributes:
        loaded: The base that is loaded; nil when there is none.
        same_base: Whether it holds that base, at an earlier time.
        entries: How many changes would be lost; none when it is another base's.
        first_at, last_at: When the first and the last of them were entered.
        now: The counters of the base that is loaded.
        must_confirm: Whether ``backups.open`` asks for ``confirm``.
    """

    backup: BackupRow
    loaded: str | None
    same_base: bool
    entries: int
    first_at: datetime.datetime | None
    last_at: datetime.datetime | None
    counters: CountersShown | None
    now: CountersShown | None
    must_confirm: bool


@attrs.frozen(kw_only=True)
class MakeBackup:
    """``archive``: with the documents."""

    archive: bool = False


@attrs.frozen(kw_only=True)
class OpenBackup:
    """``confirm``: what would be lost may be."""

    name: str = attrs.field(validator=[*_NAME])
    confirm: bool = False


@attrs.frozen(kw_only=True)
class UndoOpening:
    """``confirm``: what was entered since the opening may be lost."""

    confirm: bool = False


LIST_BACKUPS: Final = Call(
    name="backups.list",
    params=ListBackups,
    result=BackupsShown,
    right=Right.SEE_BACKUPS,
    modes=ADMINISTRATION,
    summary="List the backups and archives, newest first, and what went wrong.",
)
SHOW_BACKUP: Final = Call(
    name="backups.show",
    params=BackupRef,
    result=BackupShown,
    right=Right.SEE_BACKUPS,
    modes=ADMINISTRATION,
    summary="Show the counters of a backup or archive.",
)
PREVIEW_OPENING: Final = Call(
    name="backups.preview",
    params=BackupRef,
    result=OpeningPreview,
    right=Right.SEE_BACKUPS,
    modes=ADMINISTRATION,
    summary="Say what opening a backup would lose; nothing is changed.",
)
MAKE_BACKUP: Final = Call(
    name="backups.make",
    params=MakeBackup,
    result=WorkShown,
    right=Right.MANAGE_BACKUPS,
    modes=ADMINISTRATION,
    summary="Begin to make a backup, or an archive; its report says name, size and proof.",
)
PROVE_BACKUP: Final = Call(
    name="backups.prove",
    params=BackupRef,
    result=WorkShown,
    right=Right.MANAGE_BACKUPS,
    modes=ADMINISTRATION,
    summary="Begin to read a backup to its end and to check the base in it.",
)
OPEN_BACKUP: Final = Call(
    name="backups.open",
    params=OpenBackup,
    result=WorkShown,
    right=Right.MANAGE_BACKUPS,
    modes=HOSTING_ONLY,
    summary="Begin to replace the base that is loaded by that of a backup (*Ouvrir cette "
    "sauvegarde*), a safety copy first; the server must be stopped.",
)
UNDO_OPENING: Final = Call(
    name="backups.undo",
    params=UndoOpening,
    result=WorkShown,
    right=Right.MANAGE_BACKUPS,
    modes=HOSTING_ONLY,
    summary="Begin to take the last opening of a backup back, once.",
)
