"""
Every exception this project raises on purpose.

* :exc:`PronoteError`
    * :exc:`ProtocolError`          the conversation itself is broken
        * :exc:`LocalProtocolError`     we were about to break it (a bug of ours)
            * :exc:`MessageTooLarge`
        * :exc:`RemoteProtocolError`    the peer broke it (hang up)
            * :exc:`FrameTooLarge`
    * :exc:`Refused`                a well-formed request we say no to, one class a code

The split answers one question at the call site: *does this connection survive?* After a
:exc:`ProtocolError` it never does. After a :exc:`Refused` it does, except for the few said
on the doorstep, whose class says ``ends = True`` and which a goodbye follows at once.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pronote_protocol.protocol_errors import (
    FrameTooLarge,
    LocalProtocolError,
    MessageTooLarge,
    PronoteError,
    ProtocolError,
    RemoteProtocolError,
)

__all__ = [
    "REFUSALS",
    "AccountDisabled",
    "AddressSuspended",
    "BadCredentials",
    "BadRequest",
    "BaseRefused",
    "BaseUnavailable",
    "Conflict",
    "ContractExpired",
    "DiskFailed",
    "DocumentRefused",
    "ExclusiveUse",
    "FrameTooLarge",
    "InternalError",
    "LocalProtocolError",
    "MessageTooLarge",
    "ModeNotAllowed",
    "NoSpace",
    "NotAllowed",
    "NotFound",
    "NotInContract",
    "NotInService",
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
    "StaleRevision",
    "TransferRefused",
    "Unconfirmed",
    "UnknownMethod",
    "UnknownSchool",
    "VersionUnsupported",
    "refusal_from_wire",
]


class Refused(PronoteError):
    """
    A request that is understood and denied.

    The class carries the code and its two sentences; the instance carries what varies.
    ``details`` fills the sentences' ``{placeholders}`` and travels with them, so that a
    program never has to parse prose.

    Args:
        fr: Replaces the class's French sentence.
        en: Replaces the class's English sentence.
        retry_after: Seconds before another try makes sense, or None.
        reference: What to quote to an administrator, or None.
        details: Values for programs: strings, numbers, booleans, words, lists of them.
    """

    code: ClassVar[str] = "refused"
    ends: ClassVar[bool] = False
    french: ClassVar[str] = "Demande refusée."
    english: ClassVar[str] = "Request refused."

    def __init__(
        self,
        fr: str | None = None,
        en: str | None = None,
        *,
        retry_after: float | None = None,
        reference: str | None = None,
        **details: Any,
    ) -> None:
        self.fr = _fill(self.french, details, "?") if fr is None else _fill(fr, details)
        self.en = _fill(self.english, details, "?") if en is None else _fill(en, details)
        super().__init__(self.en)
        self.retry_after = retry_after
        self.reference = reference
        self.details: Mapping[str, Any] = MappingProxyType(details)


_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def _fill(sentence: str, details: Mapping[str, Any], absent: str | None = None) -> str:
    """
    Return *sentence* with its placeholders filled, once; *absent* stands for no detail.

    `str.format` would also follow attributes, and fail on a brace; a sentence may hold
    what somebody typed.
    """

    def value_of(found: re.Match[str]) -> str:
        value = details.get(found[1], found[0] if absent is None else absent)
        return str(value.value if isinstance(value, enum.Enum) else value)

    return _PLACEHOLDER.sub(value_of, sentence) if "{" in sentence else sentence


class BadRequest(Refused):
    """The parameters do not have the declared shape."""

    code = "bad_request"
    french = "Paramètres incorrects : {problems}."
    english = "Wrong parameters: {problems}."


class UnknownMethod(Refused):
    """No call has this name in this version."""

    code = "unknown_method"
    french = "Appel inconnu : {method}."
    english = "Unknown call: {method}."


class InternalError(Refused):
    """Our fault; the reference finds the traceback in the server's log."""

    code = "internal"
    french = "Erreur interne du serveur ; citez la référence à votre administrateur."
    english = "Internal server error; quote the reference to your administrator."


class VersionUnsupported(Refused):
    """The client speaks no version of the protocol that this server speaks."""

    code = "version_unsupported"
    ends = True
    french = "Version du protocole non prise en charge : ce serveur parle {oldest} à {newest}."
    english = "Unsupported protocol version: this server speaks {oldest} to {newest}."


class UnknownSchool(Refused):
    """No school of this server has that RNE."""

    code = "unknown_school"
    ends = True
    french = "Aucun établissement {rne} sur ce serveur."
    english = "No school {rne} on this server."


class ServerBusy(Refused):
    """A bound on connections is reached; nothing was tried."""

    code = "server_busy"
    ends = True
    french = "Le serveur reçoit trop de connexions ; réessayez dans un instant."
    english = "The server has too many connections; try again in a moment."


class ServerStopping(Refused):
    """The server stops; nobody new is let in."""

    code = "server_stopping"
    ends = True
    french = "Le serveur s'arrête."
    english = "The server is stopping."


class AddressSuspended(Refused):
    """Fiche 11: the address is suspended; lifting needs the client to start again."""

    code = "address_suspended"
    ends = True
    french = (
        "Votre adresse IP est provisoirement suspendue. Une fois débloquée, fermez et "
        "relancez votre client."
    )
    english = (
        "Your IP address is suspended for now. Once it is lifted, close and start your "
        "client again."
    )


class BadCredentials(Refused):
    """Unknown account or wrong password; deliberately not saying which."""

    code = "bad_credentials"
    french = "Votre identifiant ou votre mot de passe est incorrect."
    english = "Your login or your password is wrong."


class AccountDisabled(Refused):
    """Said only to somebody who has just proved the password."""

    code = "account_disabled"
    french = "Ce compte est désactivé."
    english = "This account is disabled."


class PasswordMustChange(Refused):
    """The password was generated or reset: personalise it first."""

    code = "password_must_change"
    french = "Vous devez personnaliser votre mot de passe avant d'entrer."
    english = "You must personalise your password before entering."


class PasswordRefused(Refused):
    """The new password breaks rules; ``broken`` lists them."""

    code = "password_refused"
    french = "Mot de passe refusé : {reasons_fr}."
    english = "Password refused: {reasons_en}."


class NotInService(Refused):
    """No base is in service (fiche 4: *mettre en service*)."""

    code = "not_in_service"
    french = "Aucune base n'est en service."
    english = "No base is in service."


class BaseUnavailable(Refused):
    """The base was closed while the request waited."""

    code = "base_unavailable"
    french = "La base n'est plus disponible."
    english = "The base is no longer available."


class ModeNotAllowed(Refused):
    """This account may not use that mode."""

    code = "mode_not_allowed"
    french = "Ce compte n'est pas autorisé en mode {mode}."
    english = "This account may not use mode {mode}."


class ContractExpired(Refused):
    """The hosting contract has expired: nobody new gets in."""

    code = "contract_expired"
    french = "La licence d'hébergement a expiré."
    english = "The hosting contract has expired."


class NotInContract(Refused):
    """The option was not bought (fiche 3)."""

    code = "not_in_contract"
    french = "L'option {option} n'est pas comprise dans votre licence d'hébergement."
    english = "The option {option} is not part of the hosting contract."


class SeatsExhausted(Refused):
    """Fiche 11: no seat this user may take is free."""

    code = "seats_exhausted"
    french = "Toutes les licences disponibles ({total}) sont utilisées."
    english = "Every seat this user may take ({total}) is in use."


class ReadOnly(Refused):
    """A write by a session in consultation."""

    code = "read_only"
    french = "Vous êtes connecté en consultation."
    english = "You are connected in consultation."


class ExclusiveUse(Refused):
    """Somebody else holds the base in exclusive use."""

    code = "exclusive_use"
    french = "La base est en usage exclusif par {holder} : consultation seulement."
    english = "The base is in exclusive use by {holder}: consultation only."


class NotAllowed(Refused):
    """Outside this session's rights; counts as an unauthorised call (fiche 11)."""

    code = "not_allowed"
    french = "Vous n'êtes pas autorisé à faire cela."
    english = "You are not allowed to do that."


class NotFound(Refused):
    """What the request names does not exist (or is not for this user to see)."""

    code = "not_found"
    french = "Introuvable : {what}."
    english = "Not found: {what}."


class Conflict(Refused):
    """The state of the school does not allow this now."""

    code = "conflict"
    french = "Impossible dans l'état actuel."
    english = "Not possible in the present state."


class StaleRevision(Refused):
    """The entry was changed since the revision the client had read: read it again."""

    code = "stale_revision"
    french = "Cette saisie a été modifiée entre-temps (révision {revision})."
    english = "This entry was changed meanwhile (revision {revision})."


class ResumeRefused(Refused):
    """The session is gone, or the token was already used: log in again."""

    code = "resume_refused"
    french = "La session ne peut pas être reprise ; identifiez-vous à nouveau."
    english = "The session cannot be resumed; log in again."


class TransferRefused(Refused):
    """The timetable files cannot be used; the base is as it was."""

    code = "transfer_refused"
    french = "Transfert refusé : {problem}. La base n'a pas été modifiée."
    english = "Transfer refused: {problem}. The base was not changed."


class Unconfirmed(Refused):
    """
    The disk did not answer in time: it may have been done, or be done yet.

    Ask again with the same key (``key``, of an entry): it is answered, and not done twice.
    What has no key is looked at first.
    """

    code = "unconfirmed"
    french = (
        "Le disque du serveur n'a pas répondu à temps : la demande a peut-être été exécutée. "
        "Renouvelez-la avec la même clé ; sans clé, vérifiez d'abord."
    )
    english = (
        "The server's disk did not answer in time: the request may have been carried out. "
        "Ask again with the same key; without one, look first."
    )


class DocumentRefused(Refused):
    """The file cannot be kept: its size, its kind or what is in it; nothing was changed."""

    code = "document_refused"
    french = "Document refusé : {problem}."
    english = "Document refused: {problem}."


class BaseRefused(Refused):
    """A file is no base, package or backup that can be used; nothing was changed."""

    code = "base_refused"
    french = "Fichier refusé : {problem} Rien n'a été modifié."
    english = "File refused: {problem} Nothing was changed."


class DiskFailed(Refused):
    """The server's disk refuses to read or to write; what was there is as it was."""

    code = "disk_failed"
    french = "Le disque du serveur a refusé l'opération ({disk_code}). Rien n'a été modifié."
    english = "The server's disk refused the operation ({disk_code}). Nothing was changed."


class NoSpace(Refused):
    """The server's disk has no room for it; nothing was changed."""

    code = "no_space"
    french = "Il n'y a plus assez de place sur le disque du serveur. Rien n'a été modifié."
    english = "There is not enough room left on the server's disk. Nothing was changed."


def _tree(cls: type[Refused]) -> list[type[Refused]]:
    return [
        cls,
        *(leaf for below in cls.__subclasses__() for leaf in _tree(below)),
    ]


REFUSALS: Final[Mapping[str, type[Refused]]] = MappingProxyType(
    {cls.code: cls for cls in _tree(Refused)}
)


def refusal_from_wire(
    code: str,
    fr: str,
    en: str,
    retry_after: float | None = None,
    reference: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Refused:
    """Return the exception for *code*; a code of a newer server gives plain `Refused`."""
    cls = REFUSALS.get(code, Refused)
    refusal = cls.__new__(cls)
    Exception.__init__(refusal, en)
    refusal.fr, refusal.en = fr, en
    refusal.retry_after, refusal.reference = retry_after, reference
    refusal.details = MappingProxyType(dict(details or {}))
    if cls is Refused:
        refusal.code = code  # type: ignore[misc]  # an unknown code still says its name
    return refusal
