"""
What a school's base goes through (fiches 4, 8 and 9), as one table.

A base is *loaded* when the server has it open, and *in service* when clients may enter it. What
replaces the base that is loaded needs the server stopped first, as the guide has it. The two
states in between are those of something under way: nothing else about the base begins then.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pronote_protocol.errors import Conflict
from pronote_protocol.words import BaseState

__all__ = ["COMMANDS", "BaseCommand", "BaseState", "Rule", "begin", "states_table"]


class BaseCommand(enum.Enum):
    """What is done to the base as a whole."""

    CREATE = "create"
    OPEN = "open"
    RESTORE = "restore"
    CHANGE_VERSION = "change-version"
    RENAME = "rename"
    PUT_IN_SERVICE = "put-in-service"
    STOP = "stop"
    EXPORT = "export"
    COMPLETE = "complete"
    OTHERS = "others"


@attrs.frozen
class _No:
    """Why not; ``again`` when it is only a matter of time."""

    fr: str
    en: str
    again: float | None = None


_STOP_FIRST: Final = _No("Arrêtez d'abord le serveur.", "Stop the server first.")
_NO_BASE: Final = _No("Aucune base n'est chargée.", "No base is loaded.")
_NOT_IN_SERVICE: Final = _No("La base n'est pas en service.", "The base is not in service.")
_IN_SERVICE: Final = _No("La base est déjà en service.", "The base is in service already.")
_STOPPING: Final = _No(
    "Le serveur s'arrête : attendez qu'il soit arrêté.",
    "The server is being stopped: wait until it is.",
    1.0,
)
_CHANGING: Final = _No(
    "Une autre opération sur la base est en cours : attendez sa fin.",
    "Something else is being done to the base: wait until it is over.",
    1.0,
)

# In the order of the columns below.
_STATES: Final = tuple(BaseState)
_N, _L, _S, _, _ = _STATES
_Do = BaseCommand

# fmt: off
_TABLE: Final[Mapping[BaseCommand, tuple[BaseState | _No, ...]]] = MappingProxyType({
    #                    no base   loaded           in service   stopping   changing
    _Do.CREATE:         (_L,       _L,              _STOP_FIRST, _STOPPING, _CHANGING),
    _Do.OPEN:           (_L,       _L,              _STOP_FIRST, _STOPPING, _CHANGING),
    _Do.RESTORE:        (_L,       _L,              _STOP_FIRST, _STOPPING, _CHANGING),
    _Do.CHANGE_VERSION: (_L,       _L,              _STOP_FIRST, _STOPPING, _CHANGING),
    _Do.RENAME:         (_NO_BASE, _L,              _STOP_FIRST, _STOPPING, _CHANGING),
    _Do.PUT_IN_SERVICE: (_NO_BASE, _S,              _IN_SERVICE, _STOPPING, _CHANGING),
    _Do.STOP:           (_NO_BASE, _NOT_IN_SERVICE, _L,          _STOPPING, _CHANGING),
    _Do.EXPORT:         (_NO_BASE, _L,              _S,          _STOPPING, _CHANGING),
    _Do.COMPLETE:       (_NO_BASE, _L,              _S,          _STOPPING, _CHANGING),
    _Do.OTHERS:         (_N,       _L,              _S,          _STOPPING, _CHANGING),
})
# fmt: on


@attrs.frozen(kw_only=True)
class Rule:
    """
    One command.

    Attributes:
        after: State by state, the one it leads to, or None where it is refused.
        during: The state while it is under way; None: the state does not change, and other
            commands go on.
        needs: What it asks for, for the documents.
        clients: What connected clients see of it, for the documents.
    """

    command: BaseCommand
    after: Mapping[BaseState, BaseState | None]
    during: BaseState | None
    needs: str
    clients: str


_BUSY: Final = BaseState.CHANGING
_REPLACED: Final = "Nothing: there are none. Consoles stay connected."
_WORDS: Final[Mapping[BaseCommand, tuple[BaseState | None, str, str]]] = MappingProxyType(
    {
        BaseCommand.CREATE: (_BUSY, "a name, a school year, a time grid", _REPLACED),
        BaseCommand.OPEN: (_BUSY, "one of the other bases", _REPLACED),
        BaseCommand.RESTORE: (_BUSY, "a backup or an archive; a safety copy first", _REPLACED),
        BaseCommand.CHANGE_VERSION: (_BUSY, "the date, or the administrator", _REPLACED),
        BaseCommand.RENAME: (_BUSY, "a name nobody has", _REPLACED),
        BaseCommand.PUT_IN_SERVICE: (
            _BUSY,
            "the supervisor's password, the first time",
            "They may enter.",
        ),
        BaseCommand.STOP: (
            BaseState.STOPPING,
            "a delay and a message, if wished",
            "`announcement` at once, and nobody new is let in; after the delay `goodbye` "
            "`base_closed`. Consoles stay connected.",
        ),
        BaseCommand.EXPORT: (None, "room on the disk", "Nothing; they work on."),
        BaseCommand.COMPLETE: (None, "the annexes of the base", "Documents appear."),
        BaseCommand.OTHERS: (
            None,
            "for loading, listing, renaming and deleting other bases: nothing",
            "Nothing; they work on.",
        ),
    }
)

COMMANDS: Final[Mapping[BaseCommand, Rule]] = MappingProxyType(
    {
        command: Rule(
            command=command,
            after=MappingProxyType(
                {
                    state: cell if isinstance(cell, BaseState) else None
                    for state, cell in zip(_STATES, row, strict=True)
                }
            ),
            during=_WORDS[command][0],
            needs=_WORDS[command][1],
            clients=_WORDS[command][2],
        )
        for command, row in _TABLE.items()
    }
)


def begin(state: BaseState, command: BaseCommand) -> Rule:
    """
    Return the rule of *command*, if it may begin in *state*.

    Raises:
        Conflict: It may not; the sentence says what to do.
    """
    cell = _TABLE[command][_STATES.index(state)]
    if isinstance(cell, _No):
        raise Conflict(cell.fr, cell.en, retry_after=cell.again)
    return COMMANDS[command]


def states_table() -> str:
    """Return the table for ``server/README.md``."""
    shown = (BaseState.NONE, BaseState.LOADED, BaseState.IN_SERVICE)
    lines = [
        "| command | "
        + " | ".join(f"{state.value}" for state in shown)
        + " | meanwhile | needs | connected clients |",
        "|---" * (len(shown) + 4) + "|",
    ]
    for rule in COMMANDS.values():
        cells = []
        for state in shown:
            after = rule.after[state]
            cells.append("refused" if after is None else after.value)
        meanwhile = "the same" if rule.during is None else rule.during.value
        lines.append(
            f"| {rule.command.value} | {' | '.join(cells)} | {meanwhile} | {rule.needs} | "
            f"{rule.clients} |"
        )
    return "\n".join(lines)
