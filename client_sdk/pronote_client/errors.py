"""
Every exception the SDK raises on purpose, in one tree with those of the protocol.

* :exc:`PronoteError`
    * :exc:`ClientError`
        * :exc:`InvalidSettings`    the settings file or link cannot be used
        * :exc:`CannotConnect`      no conversation with the server came about
        * :exc:`InsecureConnection` a password would have travelled in clear
        * :exc:`SessionEnded`       the session is over; ``goodbye`` says why
            * :exc:`ConnectionLost`     it was cut, and could not be resumed
        * :exc:`CallTimedOut`       no answer within the call's deadline
        * :exc:`OutcomeUnknown`     cut while a change was being asked: done or not?
    * :exc:`ProtocolError`          the conversation itself is broken
        * :exc:`LocalProtocolError`     a bug of ours
        * :exc:`RemoteProtocolError`    the peer is not what it says
    * :exc:`Refused`                the server said no: one class a code, see
      `pronote_protocol.errors`

After a :exc:`Refused` the session goes on; after a :exc:`SessionEnded` or a
:exc:`ProtocolError` it never does. After a :exc:`CallTimedOut` or an
:exc:`OutcomeUnknown` it does, and only whoever asked can tell what to do next.
"""

from __future__ import annotations

from pronote_protocol.errors import (
    AccountDisabled,
    AddressSuspended,
    BadCredentials,
    BadRequest,
    BaseUnavailable,
    Conflict,
    ContractExpired,
    DocumentRefused,
    ExclusiveUse,
    FrameTooLarge,
    InternalError,
    LocalProtocolError,
    MessageTooLarge,
    ModeNotAllowed,
    NotAllowed,
    NotFound,
    NotInContract,
    NotInService,
    PasswordMustChange,
    PasswordRefused,
    PronoteError,
    ProtocolError,
    ReadOnly,
    Refused,
    RemoteProtocolError,
    ResumeRefused,
    SeatsExhausted,
    ServerBusy,
    ServerStopping,
    StaleRevision,
    TransferRefused,
    Unconfirmed,
    UnknownMethod,
    UnknownSchool,
    VersionUnsupported,
)
from pronote_protocol.messages import Goodbye

__all__ = [
    "AccountDisabled",
    "AddressSuspended",
    "BadCredentials",
    "BadRequest",
    "BaseUnavailable",
    "CallTimedOut",
    "CannotConnect",
    "ClientError",
    "Conflict",
    "ConnectionLost",
    "ContractExpired",
    "DocumentRefused",
    "ExclusiveUse",
    "FrameTooLarge",
    "InsecureConnection",
    "InternalError",
    "InvalidSettings",
    "LocalProtocolError",
    "MessageTooLarge",
    "ModeNotAllowed",
    "NotAllowed",
    "NotFound",
    "NotInContract",
    "NotInService",
    "OutcomeUnknown",
    "PasswordMustChange",
    "PasswordRefused",
    "PronoteError",
    "ProtocolError",
    "ReadOnly",
    "Refused",
    "RemoteProtocolError",
    "ResumeRefused",
    "SeatsExhausted",
    "ServerBusy",
    "ServerStopping",
    "SessionEnded",
    "StaleRevision",
    "TransferRefused",
    "Unconfirmed",
    "UnknownMethod",
    "UnknownSchool",
    "VersionUnsupported",
]


class ClientError(PronoteError):
    """
    Something this side found out by itself.

    Args:
        fr, en: What happened, for people.
    """

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(en)
        self.fr = fr
        self.en = en


class InvalidSettings(ClientError):
    """The connection settings cannot be used; the sentence says where and why."""


class CannotConnect(ClientError):
    """
    No conversation with the server came about; nothing was tried with the password.

    Args:
        where: ``host:port``.
        hint: What to look at, in French, or nothing.
    """

    def __init__(self, where: str, reason_fr: str, reason_en: str, hint: str = "") -> None:
        super().__init__(
            f"Connexion à {where} impossible : {reason_fr}.{' ' if hint else ''}{hint}",
            f"Cannot connect to {where}: {reason_en}.",
        )
        self.where = where
        self.hint = hint


class InsecureConnection(ClientError):
    """A password would travel in clear to another machine; it was not sent."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"La connexion à {where} n'est pas chiffrée : le mot de passe n'a pas été envoyé.",
            f"The connection to {where} is not encrypted: the password was not sent.",
        )


class SessionEnded(ClientError):
    """
    The session is over, for the reason in ``goodbye``; calls in flight get this too.

    Whether a change that was in flight was done is not known; the goodbye's ``advice``
    says whether coming back makes sense.
    """

    def __init__(self, goodbye: Goodbye) -> None:
        super().__init__(
            goodbye.fr or f"Session terminée ({goodbye.code.value}).",
            goodbye.en or f"Session ended ({goodbye.code.value}).",
        )
        self.goodbye = goodbye


class ConnectionLost(SessionEnded):
    """
    The network was cut and the session could not be resumed, or was not resumable.

    The server said nothing: ``goodbye`` was made up here, with code ``lost``. When the
    server refused to resume, that refusal is the ``__cause__``.
    """


class CallTimedOut(ClientError):
    """
    No answer came within the call's deadline. The session goes on; a late answer is dropped.

    Attributes:
        sent: Whether the request left. If it did, what it asks may have been done.
    """

    def __init__(self, method: str, seconds: float, *, sent: bool) -> None:
        super().__init__(
            f"Pas de réponse à {method} en {seconds:g} s.",
            f"No answer to {method} within {seconds:g} s.",
        )
        self.method = method
        self.seconds = seconds
        self.sent = sent


class OutcomeUnknown(ClientError):
    """
    The connection was cut between a change and its answer: it was done, or was not.

    Look before asking again. A request that had not left yet is asked again by the SDK
    and never gives this.
    """

    def __init__(self, method: str) -> None:
        super().__init__(
            f"Connexion coupée pendant {method} : impossible de savoir si c'est fait.",
            f"Connection cut during {method}: whether it was done is not known.",
        )
        self.method = method
