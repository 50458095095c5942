"""
How files of older versions become what the schema says today.

There are two families: the school's records and the bases. A new file is made from the schema
at once; only an older one goes through the revisions, with Alembic. To change the schema: edit
the tables, write ``FAMILY/versions/rNNNN_what.py`` by hand after the last one, move *head*. The
tests then compare a file that went through all revisions with a new one, to the letter.

A revision runs inside one command of the writer thread: all of it or nothing. It finds foreign
keys enforced; to rebuild a table that others point to, rebuild those first.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from pronote_server.storage.base_schema import BASE
from pronote_server.storage.errors import NewerThanThisProgram
from pronote_server.storage.school_schema import SCHOOL

__all__ = ["BASE_FAMILY", "SCHOOL_FAMILY", "Family"]

# As Alembic makes it; we write it ourselves so that a new file costs no import of Alembic.
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# Alembic's `op` and `context` are one for the process; schools have a thread each.
_ONE_AT_A_TIME: Final = threading.Lock()


@attrs.frozen
class Family:
    """
    The files of one kind.

    Attributes:
        name: Its folder beside this module.
        head: The last revision, which the schema of today corresponds to.
    """

    name: str
    metadata: MetaData = attrs.field(repr=False)
    head: str

    def create(self, conn: Connection) -> None:
        """Make every table in an empty file."""
        self.metadata.create_all(conn, checkfirst=False)
        _VERSION.create(conn)
        conn.execute(insert(_VERSION), {"version_num": self.head})

    def version(self, conn: Connection) -> str | None:
        """Return the revision of the file; None for one that is not of ours, or empty."""
        if not inspect(conn).has_table(_VERSION.name):
            return None
        return conn.execute(select(_VERSION.c.version_num)).scalar()

    def upgrade(self, conn: Connection, revision: str | None = None) -> None:
        """
        Bring the file to *revision*; to `head`, unless it is said.

        Raises:
            NewerThanThisProgram: Its revision is unknown here; nothing was changed.
        """
        version = self.version(conn)
        if version == self.head:
            return
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config(attributes={"connection": conn, "metadata": self.metadata})
        config.set_main_option("script_location", str(Path(__file__).parent / self.name))
        known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
        if version is not None and version not in known:
            raise NewerThanThisProgram(version)
        with _ONE_AT_A_TIME:
            command.upgrade(config, revision or "head")

    def differences(self, conn: Connection) -> list[Any]:
        """Return what Alembic would still change in the file; for tests."""
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return list(compare_metadata(context, self.metadata))


SCHOOL_FAMILY: Final = Family("school", SCHOOL, head="0003")
BASE_FAMILY: Final = Family("base", BASE, head="0006")
