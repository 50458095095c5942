"""
How a trigger is said to each database. The revisions of a base say theirs with it too: what a
trigger keeps may change from one format to the next; how one is written does not.
"""

from __future__ import annotations

__all__ = ["never_emptied", "refusing", "removing"]


def refusing(
    dialect: str, name: str, moment: str, table: str, when: str, why: str
) -> tuple[str, ...]:
    """
    Return the statements that make *table* refuse a row.

    Args:
        moment: ``INSERT``, ``DELETE``, ``UPDATE``, ``UPDATE OF column``.
        when: A condition both databases understand, of ``NEW`` and ``OLD``.
        why: What the error says; no quotes.
    """
    if dialect == "sqlite":
        return (
            f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END",
        )
    body = f"IF {when} THEN {_raise(why)} END IF; "
    body += f"RETURN {'OLD' if moment == 'DELETE' else 'NEW'};"
    return _function(name, body, f"BEFORE {moment} ON {table} FOR EACH ROW")


def removing(dialect: str, name: str, table: str, others: str, which: str) -> tuple[str, ...]:
    """Return the statements by which rows of *others* go with a row of *table*."""
    act = f"DELETE FROM {others} WHERE {which};"
    if dialect == "sqlite":
        return (f"CREATE TRIGGER {name} AFTER DELETE ON {table} BEGIN {act} END",)
    return _function(name, f"{act} RETURN NULL;", f"AFTER DELETE ON {table} FOR EACH ROW")


def never_emptied(dialect: str, name: str, table: str, why: str) -> tuple[str, ...]:
    """Return the statements against TRUNCATE, which no trigger of rows hears of."""
    if dialect == "sqlite":
        return ()
    moment = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
    return _function(name, _raise(why), moment)


def _raise(why: str) -> str:
    # As a broken constraint, which is what it is on SQLite.
    return f"RAISE EXCEPTION '{why}' USING ERRCODE = 'check_violation';"


def _function(name: str, body: str, moment: str) -> tuple[str, ...]:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN {body} END $body$",
        f"CREATE TRIGGER {name} {moment} EXECUTE FUNCTION {name}()",
    )
