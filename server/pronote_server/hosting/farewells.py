"""What is said to a client that is sent away: one sentence for each reason, and advice."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pronote_protocol.conversation import encode_event
from pronote_protocol.messages import Announcement, Goodbye
from pronote_protocol.words import Farewell, ReturnAdvice

__all__ = ["announcement", "goodbye", "last_words"]


@attrs.frozen
class _Wording:
    fr: str
    en: str
    advice: ReturnAdvice
    after_seconds: float | None = None


_WORDINGS: Final[Mapping[Farewell, _Wording]] = MappingProxyType(
    {
        Farewell.LOGOUT: _Wording("Au revoir.", "Goodbye.", ReturnAdvice.NOW),
        Farewell.DISCONNECTED_BY_ADMINISTRATOR: _Wording(
            "Vous avez été déconnecté par un administrateur.",
            "You were disconnected by an administrator.",
            ReturnAdvice.LATER,
            60.0,
        ),
        Farewell.IDLE: _Wording(
            "Vous avez été déconnecté pour inactivité.",
            "You were disconnected for inactivity.",
            ReturnAdvice.NOW,
        ),
        Farewell.SERVER_STOPPING: _Wording(
            "Le serveur s'arrête.", "The server is stopping.", ReturnAdvice.LATER, 30.0
        ),
        Farewell.BASE_CLOSED: _Wording(
            "La base n'est plus en service.",
            "The base is no longer in service.",
            ReturnAdvice.LATER,
            60.0,
        ),
        Farewell.SUSPENDED: _Wording(
            "Votre adresse IP est provisoirement suspendue.",
            "Your IP address is suspended for now.",
            ReturnAdvice.NEVER,
        ),
        Farewell.TOO_SLOW: _Wording(
            "Votre poste ne lit pas assez vite ce que le serveur lui envoie.",
            "Your workstation does not read fast enough what the server sends.",
            ReturnAdvice.LATER,
            5.0,
        ),
        Farewell.PROTOCOL_ERROR: _Wording(
            "Le serveur ne comprend pas ce client.",
            "The server does not understand this client.",
            ReturnAdvice.NEVER,
        ),
        Farewell.LOST: _Wording(
            "La connexion a été perdue.", "The connection was lost.", ReturnAdvice.NOW
        ),
        Farewell.SUPERSEDED: _Wording(
            "Cette session a été reprise depuis une autre connexion.",
            "This session was taken over by another connection.",
            ReturnAdvice.NEVER,
        ),
    }
)


def goodbye(
    code: Farewell,
    *,
    by: str | None = None,
    message: str | None = None,
    detail: str | None = None,
    reference: str | None = None,
) -> Goodbye:
    """
    Return the goodbye for *code*.

    Args:
        by: The person who decided it, shown to the client.
        message: That person's own words, added to the sentence.
        detail: What is technically wrong, for the author of the client; added too.
    """
    wording = _WORDINGS[code]
    fr, en = wording.fr, wording.en
    if by is not None:
        fr = f"{fr[:-1]} ({by})."
        en = f"{en[:-1]} ({by})."
    for words in (message, detail):
        if words:
            fr, en = f"{fr} {words}", f"{en} {words}"
    return Goodbye(
        code=code,
        fr=fr,
        en=en,
        by=by,
        advice=wording.advice,
        after_seconds=wording.after_seconds,
        reference=reference,
    )


@functools.cache
def last_words(code: Farewell) -> bytes:
    """Return the frame of the goodbye for *code*, with nobody's own words in it."""
    return encode_event(goodbye(code))


def announcement(code: Farewell, in_seconds: float, **words: str | None) -> Announcement:
    """Return the announcement of the goodbye that `goodbye` would say with these words."""
    said = goodbye(code, **words)
    return Announcement(code=code, fr=said.fr, en=said.en, in_seconds=in_seconds, by=said.by)
