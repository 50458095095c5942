"""The words of the hosting of a school: bases, files, versions; `words` has them all."""

from __future__ import annotations

import enum

__all__ = [
    "BaseOrigin",
    "BaseState",
    "RecoveredPart",
    "Space",
    "UploadPurpose",
    "VersionBase",
    "VersionEdition",
    "WorkState",
]


class BaseState(enum.Enum):
    """
    Where the base of a school is in its life; the guide's header shows the second and third.

    The last two are of something under way: nothing else about the base begins then.
    """

    NONE = "none"
    LOADED = "loaded"
    IN_SERVICE = "in-service"
    STOPPING = "stopping"
    CHANGING = "changing"


class BaseOrigin(enum.Enum):
    """How a base came to the server (fiches 4, 8 and 9); found is one put there by hand."""

    CREATED = "created"
    UPLOADED = "uploaded"
    RESTORED = "restored"
    FOUND = "found"


class UploadPurpose(enum.Enum):
    """
    What a large file is sent for (fiche 8).

    A base (``.HNOT``) lands among the other bases. An annex (``.HDOCJOINTS``, ``.HPHOTOS``,
    ``.HCOURRIERS``) completes the base that is loaded. Users (``.profils``) are recovered. A
    file that was prepared for the next year lands among the generated files, from which data
    are recovered (fiche 7).
    """

    BASE = "base"
    ANNEX = "annex"
    USERS = "users"
    NEXT_YEAR = "next-year"


class WorkState(enum.Enum):
    """How far something has come that takes longer than one waits for an answer."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RecoveredPart(enum.Enum):
    """What a base can take from another (fiche 7)."""

    MARKS = "marks"
    PARAMETERS = "parameters"
    DOCUMENTS = "documents"
    MODELS = "models"


class VersionEdition(enum.Enum):
    """Which of a year's versions: the one of early July, or the official one (fiche 3)."""

    PRE = "pre-version"
    OFFICIAL = "official"


class VersionBase(enum.Enum):
    """What is in service after a change of version: an empty base, or the one before."""

    NEW = "new"
    IN_SERVICE = "in-service"


class Space(enum.Enum):
    """The Spaces of PRONOTE.net that can be published (fiche 10)."""

    COMMON_PAGE = "common-page"
    MANAGEMENT = "management"
    TEACHERS = "teachers"
    SCHOOL_LIFE = "school-life"
    PARENTS = "parents"
    ASSISTANTS = "assistants"
    PUPILS = "pupils"
    COMPANY = "company"
    ACADEMY = "academy"
