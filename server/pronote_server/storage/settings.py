"""What a school was set to: a few values by name, as JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from pronote_server.storage.school_schema import setting

__all__ = ["get_setting", "put_setting"]


def get_setting(conn: Connection, key: str, default: Any = None) -> Any:
    """Return what was last put under *key*; *default* when nothing was."""
    row = conn.execute(select(setting.c.value).where(setting.c.key == key)).first()
    return default if row is None else row.value


def put_setting(conn: Connection, key: str, value: Any) -> None:
    """
    Raises:
        TypeError: JSON cannot say *value*.
    """
    conn.execute(delete(setting).where(setting.c.key == key))
    conn.execute(insert(setting), {"key": key, "value": value})
