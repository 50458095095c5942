"""``login`` and ``stay``: come in, look who one is, hold the place."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any

import trio
from cyclopts import App

from pronote_client.background import background
from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context
from pronote_client.cli.showing import as_object, goodbye_object, word
from pronote_client.client import Client
from pronote_client.events import ClientEvent, SessionCut, SessionResumed
from pronote_protocol.messages import (
    EVENT_NAMES,
    AccessChanged,
    Announcement,
    BaseChanged,
    Entered,
    ExclusiveChanged,
    Goodbye,
    PresenceChanged,
)
from pronote_protocol.words import Farewell

__all__ = ["add_commands"]

_NAMES = {**EVENT_NAMES, SessionCut: "cut", SessionResumed: "resumed"}


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    app.command(login)
    app.command(stay)


def _entered(entered: Entered) -> dict[str, Any]:
    shown = as_object(entered)
    # It would let whoever reads the output take the session over.
    del shown["resume_token"]
    return dict(shown)


async def login(*, context: WithContext) -> None:
    """Se connecter, dire qui l'on est, partir."""
    async with context.open() as client:
        entered = client.entered
        if context.terminal.json:
            context.terminal.emit(_entered(entered))
        else:
            context.terminal.say(_welcome(entered))


def _welcome(entered: Entered) -> str:
    return (
        f"{entered.name} : {word(entered.state)}, mode {word(entered.mode)}, "
        f"base {entered.base} {entered.school_year}-{entered.school_year + 1} "
        f"(session {entered.session})."
    )


async def stay(
    *,
    seconds: float | None = None,
    take_back: bool = False,
    exclusive: bool = False,
    context: WithContext,
) -> int:
    """
    Se connecter et rester, en affichant ce que dit le serveur, jusqu'au départ.

    SIGTERM et SIGINT (Ctrl-C) font partir poliment. Code de sortie : 0 si l'on est parti
    de soi-même, 3 si le serveur a mis fin à la session, 4 si la connexion est perdue.

    Parameters
    ----------
    seconds
        Partir au bout de ce délai.
    take_back
        Garder la licence pendant une coupure et reprendre la session.
    exclusive
        Prendre la base en usage exclusif, le temps de la session.
    """
    watch = _Watch(context)
    with context.terminal.told_to_leave() as signals:
        async with background() as nursery:
            nursery.start_soon(watch.leave_when_told, signals)
            try:
                with watch.scope:
                    await watch.hold(seconds, take_back, exclusive)
            finally:
                nursery.cancel_scope.cancel()
    goodbye = watch.goodbye()
    watch.show_goodbye(goodbye)
    if goodbye.code is Farewell.LOGOUT:
        return 0
    return 4 if goodbye.code is Farewell.LOST else 3


class _Watch:
    """One `stay`."""

    def __init__(self, context: Context) -> None:
        self.scope = trio.CancelScope()
        self._context = context
        self._terminal = context.terminal
        self._client: Client | None = None

    async def leave_when_told(self, signals: AsyncIterator[int]) -> None:
        async for _ in signals:
            self.scope.cancel()

    async def hold(self, seconds: float | None, take_back: bool, exclusive: bool) -> None:
        async with self._context.open(resumable=take_back) as client:
            self._client = client
            if exclusive:
                await client.exclusive.begin()
            if self._terminal.json:
                self._terminal.emit({"event": "entered", **_entered(client.entered)})
            else:
                self._terminal.say(_welcome(client.entered))
            with trio.move_on_after(math.inf if seconds is None else seconds):
                async for event in client.events():
                    if not isinstance(event, Goodbye):
                        self.show(event)

    def goodbye(self) -> Goodbye:
        """Return the last word; ours when we were told to leave before we were in."""
        if self._client is None or self._client.goodbye is None:
            return Goodbye(code=Farewell.LOGOUT)
        return self._client.goodbye

    def show(self, event: ClientEvent) -> None:
        if self._terminal.json:
            said = as_object(event)
            if isinstance(event, SessionResumed):
                said = _entered(event.entered)
            self._terminal.emit({"event": _NAMES[type(event)], **said})
            return
        match event:
            case Announcement():
                delay = f" dans {event.in_seconds:g} s" if event.in_seconds else ""
                self._terminal.say(f"Annonce{_by(event.by)}{delay} : {event.fr}")
            case AccessChanged():
                self._terminal.say(f"Désormais : {word(event.state)}.")
            case ExclusiveChanged(holder=None):
                self._terminal.say("L'usage exclusif est terminé.")
            case ExclusiveChanged():
                self._terminal.say(f"Base en usage exclusif par {event.holder}.")
            case BaseChanged():
                what = ", ".join(event.what)
                self._terminal.say(f"La base a changé (révision {event.revision}) : {what}.")
            case PresenceChanged(presence=None):
                self._terminal.say(f"{event.name} n'est plus là.")
            case PresenceChanged():
                self._terminal.say(f"{event.name} est là.")
            case SessionCut():
                self._terminal.say(
                    f"Connexion coupée ; reprise tentée pendant {event.resume_seconds:g} s."
                )
            case SessionResumed():
                self._terminal.say("Session reprise.")

    def show_goodbye(self, goodbye: Goodbye) -> None:
        if self._terminal.json:
            self._terminal.emit(goodbye_object(goodbye))
            return
        if goodbye.code is Farewell.LOGOUT:
            self._terminal.say("Déconnecté.")
            return
        by = goodbye.by if goodbye.by and goodbye.by not in goodbye.fr else None
        reason = goodbye.fr or f"raison : {goodbye.code.value}"
        self._terminal.say(f"Session terminée{_by(by)} : {reason}")


def _by(who: str | None) -> str:
    return f" par {who}" if who else ""
