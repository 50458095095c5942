"""
What is said besides calls: the welcome, the login, the goodbye, and the events.

They travel in `envelopes`; `conversation` says when each may come.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from pronote_protocol.words import (
    Access,
    Application,
    Farewell,
    Mode,
    Presence,
    ReturnAdvice,
    Right,
    SessionState,
)

__all__ = [
    "EVENTS",
    "AccessChanged",
    "Announcement",
    "BaseChanged",
    "Challenge",
    "Enter",
    "Entered",
    "ExclusiveChanged",
    "Goodbye",
    "Hello",
    "Limits",
    "LoginAccepted",
    "LoginFinish",
    "LoginStart",
    "Nothing",
    "PasswordRulesShown",
    "Personalise",
    "Ping",
    "Pong",
    "PresenceChanged",
    "Resume",
    "Welcome",
]


@attrs.frozen
class Nothing:
    """Params or result with no field."""


@attrs.frozen(kw_only=True)
class Hello:
    """
    The first request, method ``hello``.

    Attributes:
        oldest, newest: The range of protocol versions this client speaks.
        application: What the program is, as the table of connections shows it (fiche 11).
        client: Name and version of the program, for the journal.
        workstation: Name of the machine; column *Poste*.
        instance: 32 hexadecimal digits drawn when the program started. After an address
            is unblocked, a program that was told so must be started again (fiche 11): this
            is how the server recognises that it was.
        rne: The school, or nil for the server's only (or default) one.
    """

    oldest: int
    newest: int
    application: Application
    client: str = attrs.field(validator=attrs.validators.max_len(80))
    workstation: str = attrs.field(validator=attrs.validators.max_len(255))
    instance: str = attrs.field(validator=attrs.validators.matches_re(r"[0-9a-f]{32}"))
    rne: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(20))
    )


@attrs.frozen(kw_only=True)
class Limits:
    """What this server accepts and when it loses patience; seconds and bytes."""

    before_login_bytes: int
    from_client_bytes: int
    from_server_bytes: int
    page_rows: int
    chunk_bytes: int
    login_seconds: float
    heartbeat_seconds: float
    silence_seconds: float
    resume_seconds: float


@attrs.frozen(kw_only=True)
class Welcome:
    """
    The answer to the hello.

    Attributes:
        version: The version of the protocol both will speak.
        server: Name and version of the server.
        mechanisms: SASL mechanisms offered, strongest first.
        modes: The modes that are open.
        in_service: Whether a base is in service; if not, only mode hosting can be entered.
        weak_passwords: True in a demo or a test school: passwords are derived with few
            iterations, so that many clients can log in at once. Never true elsewhere.
    """

    version: int
    server: str
    rne: str
    school: str
    mechanisms: tuple[str, ...]
    modes: tuple[Mode, ...]
    in_service: bool
    weak_passwords: bool
    limits: Limits


@attrs.frozen(kw_only=True)
class LoginStart:
    """Method ``login.start``: the SCRAM client-first message, RFC 5802 text."""

    mechanism: str
    client_first: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Challenge:
    """The SCRAM server-first message. Unknown logins get one like any other."""

    server_first: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class LoginFinish:
    """Method ``login.finish``: the SCRAM client-final message, with the proof."""

    client_final: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PasswordRulesShown:
    """What a new password must satisfy; lengths in characters."""

    min_length: int
    max_length: int
    need_lower: bool
    need_upper: bool
    need_digit: bool
    need_special: bool


@attrs.frozen(kw_only=True)
class LoginAccepted:
    """
    The password was proved; ``server_final`` proves the server knew it too.

    Attributes:
        must_change: Whether ``password.personalise`` must succeed before entering.
        modes: The modes this account may enter.
        previous_years: School years whose bases can be consulted in mode Administratif
            (fiche 5), the latest first: 2019 for 2019-2020.
    """

    server_final: str = attrs.field(repr=False)
    name: str
    must_change: bool
    modes: tuple[Mode, ...]
    rules: PasswordRulesShown
    previous_years: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Personalise:
    """
    Method ``password.personalise``, between login and entering.

    The password travels here (inside TLS, or on loopback), since the server must check it
    against the rules; to log in it never travels.
    """

    new_password: str = attrs.field(repr=False, validator=attrs.validators.max_len(256))


@attrs.frozen(kw_only=True)
class Enter:
    """
    Method ``session.enter``: choose a mode and take a seat.

    Attributes:
        resumable: Whether a cut keeps the seat a while for ``session.resume``; a client
            that will not come back should not ask for it.
        fall_back: Accept consultation when no seat in modification is free.
        school_year: One of the ``previous_years``, in mode Administratif: its base is
            read, with no seat and no right to write; nil: the base in service.
    """

    mode: Mode
    access: Access = Access.MODIFICATION
    resumable: bool = False
    fall_back: bool = False
    school_year: int | None = None


@attrs.frozen(kw_only=True)
class Entered:
    """
    The session has begun, or was resumed.

    Attributes:
        session: Public identifier, as in the table of connections.
        base, school_year, revision: Of the base in service. In mode hosting of the one that
            is loaded, ``-``, 0 and 0 when there is none.
        resume_token: Single use; nil when not resumable. Each resume gives a new one.
    """

    session: str
    mode: Mode
    access: Access
    state: SessionState
    name: str
    base: str
    school_year: int
    revision: int
    rights: tuple[Right, ...]
    resume_token: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Resume:
    """Method ``session.resume``, instead of a login, on a new connection."""

    session: str
    token: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Ping:
    """Event of either end: "are you there?"; answered by `Pong`. Seldom needed by clients."""


@attrs.frozen(kw_only=True)
class Pong:
    """Event of either end: the answer to `Ping`."""


@attrs.frozen(kw_only=True)
class Goodbye:
    """
    Event of either end, and its last.

    Attributes:
        by: Who decided it, when a person did.
        advice: Whether to come back: ``never`` (ask somebody), ``later`` (after
            ``after_seconds``), ``now``. A client decides by this, never by the text.
    """

    code: Farewell
    fr: str = ""
    en: str = ""
    by: str | None = None
    advice: ReturnAdvice = ReturnAdvice.NEVER
    after_seconds: float | None = None
    reference: str | None = None


@attrs.frozen(kw_only=True)
class Announcement:
    """Event: something will happen in ``in_seconds``; finish and save."""

    code: Farewell
    fr: str
    en: str
    in_seconds: float
    by: str | None = None


@attrs.frozen(kw_only=True)
class AccessChanged:
    """Event: this session's access is another one now."""

    access: Access
    state: SessionState


@attrs.frozen(kw_only=True)
class ExclusiveChanged:
    """Event: who holds the base in exclusive use, or nil when nobody any more."""

    holder: str | None


@attrs.frozen(kw_only=True)
class BaseChanged:
    """Event: the base is at a new revision; ``what`` names the families concerned."""

    revision: int
    what: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PresenceChanged:
    """
    Event: somebody shows himself otherwise, comes, or goes (nil, also when he hides).

    Told to sessions that asked for ``presence.list``, of others than themselves.
    """

    account: int
    name: str
    presence: Presence | None


EVENTS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "ping": Ping,
        "pong": Pong,
        "goodbye": Goodbye,
        "announcement": Announcement,
        "access.changed": AccessChanged,
        "exclusive.changed": ExclusiveChanged,
        "base.changed": BaseChanged,
        "presence.changed": PresenceChanged,
    }
)
EVENT_NAMES: Final[Mapping[type[Any], str]] = MappingProxyType(
    {cls: name for name, cls in EVENTS.items()}
)
