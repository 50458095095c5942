"""Records of the protocol as JSON objects and as words for people."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable
from typing import Any, Final

import attrs

from pronote_client.errors import (
    CallTimedOut,
    CannotConnect,
    ClientError,
    ConnectionLost,
    InsecureConnection,
    InvalidSettings,
    OutcomeUnknown,
    PronoteError,
    ProtocolError,
    Refused,
    SessionEnded,
)
from pronote_protocol.messages import Goodbye
from pronote_protocol.words import Access, Mode, SessionState

__all__ = ["as_object", "duration", "goodbye_object", "items", "problem", "word"]

_WORDS: Final[dict[enum.Enum, str]] = {
    Mode.ADMINISTRATIVE: "Administratif",
    Mode.TEACHER: "Enseignant",
    Mode.SCHOOL_LIFE: "Vie scolaire",
    Mode.HOSTING: "-",
    Access.MODIFICATION: "modification",
    Access.CONSULTATION: "consultation",
    SessionState.CONNECTED: "Connecté",
    SessionState.MODIFICATION: "Connecté en modification",
    SessionState.CONSULTATION: "Connecté en consultation",
    SessionState.EXCLUSIVE_USE: "En usage exclusif",
    SessionState.FORCED_CONSULTATION: "Connecté en consultation (usage exclusif)",
    SessionState.CUT: "Coupé",
}


def word(member: enum.Enum) -> str:
    """Return the guide's own word for *member*."""
    return _WORDS.get(member, str(member.value))


def as_object(value: Any) -> Any:
    """Return *value* for JSON: every record, rows too, as an object with named fields."""
    if attrs.has(type(value)):
        return {
            field.name: as_object(getattr(value, field.name))
            for field in attrs.fields(type(value))
        }
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): as_object(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_object(each) for each in value]
    return value


def items(rows: Iterable[Any], **more: Any) -> dict[str, Any]:
    """Return the object that says a list."""
    return {"items": [as_object(row) for row in rows], **as_object(more)}


def duration(seconds: float) -> str:
    """Return *seconds* as the guide writes durations: ``2h05``, ``12 min``."""
    minutes = int(seconds) // 60
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}" if hours else f"{minutes} min"


def goodbye_object(goodbye: Goodbye) -> dict[str, Any]:
    """Return the last line of ``stay --json``."""
    return {
        "event": "goodbye",
        "code": goodbye.code.value,
        "message": goodbye.fr,
        "by": goodbye.by,
        "advice": goodbye.advice.value,
        "after_seconds": goodbye.after_seconds,
        "reference": goodbye.reference,
    }


def problem(exc: PronoteError) -> tuple[int, dict[str, Any], str]:
    """Return the exit status, the object and the sentence that say *exc*."""
    if isinstance(exc, Refused):
        said = {
            "refused": exc.code,
            "message": exc.fr,
            "retry_after": exc.retry_after,
            "reference": exc.reference,
            "details": as_object(dict(exc.details)),
        }
        reference = f" (référence {exc.reference})" if exc.reference else ""
        return 3, said, f"{exc.fr}{reference}"
    if isinstance(exc, SessionEnded) and not isinstance(exc, ConnectionLost):
        return 3, goodbye_object(exc.goodbye), exc.fr
    if isinstance(exc, InvalidSettings):
        return 2, {"error": "invalid_settings", "message": exc.fr}, exc.fr
    sentence = exc.fr if isinstance(exc, ClientError) else f"Protocole rompu : {exc}."
    for kind, name in (
        (CannotConnect, "cannot_connect"),
        (ConnectionLost, "connection_lost"),
        (CallTimedOut, "timed_out"),
        (OutcomeUnknown, "outcome_unknown"),
        (InsecureConnection, "insecure_connection"),
        (ProtocolError, "protocol_error"),
    ):
        if isinstance(exc, kind):
            return 4, {"error": name, "message": sentence}, sentence
    return 4, {"error": "failed", "message": sentence}, sentence
