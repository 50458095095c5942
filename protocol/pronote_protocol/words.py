"""
The words both ends use for the same things; their values are what travels.

They follow the hosting guide: the modes of fiche 5, the seats (licences) and states of
fiche 11. A word is added here before it is used anywhere else.
"""

from __future__ import annotations

import enum

__all__ = [
    "Access",
    "Application",
    "Farewell",
    "GroupType",
    "Mode",
    "OffenceCause",
    "Pool",
    "Rank",
    "ResourceKind",
    "ReturnAdvice",
    "SessionState",
]


class Mode(enum.Enum):
    """The part of the school's work a user connects for (fiche 5)."""

    ADMINISTRATIVE = "administrative"
    TEACHER = "teacher"
    SCHOOL_LIFE = "school-life"


class Access(enum.Enum):
    """Whether a session may write (fiche 11: *Connecté en modification*)."""

    MODIFICATION = "modification"
    CONSULTATION = "consultation"


class Pool(enum.Enum):
    """What the contract counts separately (fiche 11)."""

    MODIFICATION = "modification"
    CONSULTATION = "consultation"
    TEACHER = "teacher"
    SCHOOL_LIFE = "school-life"


class Application(enum.Enum):
    """The program at the other end; column *Application connectée* of fiche 11."""

    PRONOTE = "PRONOTE"
    EDT = "EDT"
    PRONOTE_NET = "PRONOTE.net"
    OTHER = "other"


class SessionState(enum.Enum):
    """Column *État* of fiche 11, and what the guide does not show of it."""

    CONNECTED = "connected"
    MODIFICATION = "modification"
    CONSULTATION = "consultation"
    EXCLUSIVE_USE = "exclusive-use"
    FORCED_CONSULTATION = "forced-consultation"
    CUT = "cut"


class Rank(enum.Enum):
    """What an account is before any group or profile is looked at."""

    SUPERVISOR = "supervisor"
    SUPERADMINISTRATOR = "superadministrator"
    USER = "user"


class GroupType(enum.Enum):
    """The three types of groups of administrative users."""

    ADMIN = "admin"
    MODIFICATION = "modification"
    CONSULTATION = "consultation"


class OffenceCause(enum.Enum):
    """Why an address becomes suspect (fiche 11, *Sécurité*); counted apart."""

    WRONG_PASSWORDS = "wrong_passwords"
    SATURATION = "saturation"
    UNAUTHORISED_CALLS = "unauthorised_calls"


class Farewell(enum.Enum):
    """Why a session ends; the code of the goodbye."""

    LOGOUT = "logout"
    DISCONNECTED_BY_ADMINISTRATOR = "disconnected_by_administrator"
    IDLE = "idle"
    SERVER_STOPPING = "server_stopping"
    BASE_CLOSED = "base_closed"
    SUSPENDED = "suspended"
    TOO_SLOW = "too_slow"
    PROTOCOL_ERROR = "protocol_error"
    LOST = "lost"
    SUPERSEDED = "superseded"


class ReturnAdvice(enum.Enum):
    """Whether a client told goodbye should come back."""

    NEVER = "never"
    LATER = "later"
    NOW = "now"


class ResourceKind(enum.Enum):
    """The resources of a base that can be listed and searched (fiche 9)."""

    TEACHERS = "teachers"
    SUBJECTS = "subjects"
    CLASSES = "classes"
    GROUPS = "groups"
    PUPILS = "pupils"
    FORMER_PUPILS = "former-pupils"
    ROOMS = "rooms"
    STAFF = "staff"
