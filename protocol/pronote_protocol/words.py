"""
The words both ends use for the same things; their values are what travels.

They follow the hosting guide: the modes of fiche 5, the seats (licences) and states of
fiche 11. A word is added here before it is used anywhere else.
"""

from __future__ import annotations

import enum

from pronote_protocol.hosting_words import (
    BaseOrigin,
    BaseState,
    RecoveredPart,
    Space,
    UploadPurpose,
    VersionBase,
    VersionEdition,
    WorkState,
)

__all__ = [
    "Access",
    "Annotation",
    "Application",
    "BaseOrigin",
    "BaseState",
    "DocumentOwner",
    "EvaluatesIn",
    "EventOrder",
    "Farewell",
    "FollowUpKind",
    "GroupType",
    "Half",
    "InformationBox",
    "Kinship",
    "Level",
    "Mode",
    "MotiveKind",
    "NotebookPublication",
    "OffenceCause",
    "PeriodKind",
    "Pool",
    "Population",
    "PositioningMode",
    "Presence",
    "PunishmentKind",
    "PunishmentState",
    "Rank",
    "RecoveredPart",
    "ResourceKind",
    "ResourceOrder",
    "ReturnAdvice",
    "Right",
    "RoundingDirection",
    "SanctionKind",
    "SealedMatter",
    "SessionState",
    "Space",
    "SubServiceUse",
    "UploadPurpose",
    "VersionBase",
    "VersionEdition",
    "WorkState",
]


class Mode(enum.Enum):
    """
    The part of the school's work a user connects for (fiche 5).

    Hosting is the console's: it takes no seat, it is there while no base is in service, and
    it finds the calls about bases, backups and the account only.
    """

    ADMINISTRATIVE = "administrative"
    TEACHER = "teacher"
    SCHOOL_LIFE = "school-life"
    HOSTING = "hosting"

    # A member is itself and no other; Enum's own is a Python function, called at each look-up.
    __hash__ = object.__hash__


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


class Right(enum.Enum):
    """
    What a session may do; each call of the catalogue needs one of them.

    Which account has which is the server's rule; the client learns its own on entering.
    """

    OWN = "own"
    READ_RESOURCES = "read-resources"
    READ_TIMETABLES = "read-timetables"
    SEE_COUNTERS = "see-counters"
    SEE_SEATS = "see-seats"
    SEE_CONNECTIONS = "see-connections"
    DISCONNECT = "disconnect"
    SEE_SUSPENSIONS = "see-suspensions"
    LIFT_SUSPENSIONS = "lift-suspensions"
    MANAGE_SECURITY = "manage-security"
    SEE_USERS = "see-users"
    READ_GENERATED_PASSWORDS = "read-generated-passwords"
    MANAGE_USERS = "manage-users"
    NAME_SUPERADMINISTRATORS = "name-superadministrators"
    EXCLUSIVE_USE = "exclusive-use"
    TRANSFER_TIMETABLE = "transfer-timetable"
    SEE_JOURNAL = "see-journal"
    READ_MARKS = "read-marks"
    ENTER_MARKS = "enter-marks"
    SEAL_PERIODS = "seal-periods"
    READ_SCHOOL_LIFE = "read-school-life"
    ENTER_SCHOOL_LIFE = "enter-school-life"
    TAKE_ROLL = "take-roll"
    GIVE_PUNISHMENTS = "give-punishments"
    READ_NOTEBOOK = "read-notebook"
    ENTER_NOTEBOOK = "enter-notebook"
    READ_DOCUMENTS = "read-documents"
    ADD_DOCUMENTS = "add-documents"
    COMMUNICATE = "communicate"
    SCHOOL_SETTINGS = "school-settings"
    MANAGE_RESOURCES = "manage-resources"
    SERVICE = "service"
    SEE_BASES = "see-bases"
    MANAGE_BASES = "manage-bases"
    SEE_BACKUPS = "see-backups"
    MANAGE_BACKUPS = "manage-backups"
    SEE_ACCOUNT = "see-account"
    MANAGE_ACCOUNT = "manage-account"
    RECEIVE_CREDENTIALS = "receive-credentials"

    __hash__ = object.__hash__  # as of Mode


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


class ResourceOrder(enum.Enum):
    """How resources are listed: by name, by code, or what was last changed first."""

    NAME = "name"
    CODE = "code"
    CHANGED = "changed"


class Kinship(enum.Enum):
    """What a guardian (*responsable*) is to a pupil."""

    MOTHER = "mother"
    FATHER = "father"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    UNCLE_OR_AUNT = "uncle-or-aunt"
    TUTOR = "tutor"
    HOST_FAMILY = "host-family"
    CHILD_WELFARE = "child-welfare"
    HIMSELF = "himself"
    OTHER = "other"


class Annotation(enum.Enum):
    """
    What stands in the place of a mark; in the order of the real product's numbers, 1 to 8.

    The two whose word ends in *zero* stand for a mark of 0, the others for no mark at all.
    """

    ABSENT = "absent"
    EXEMPT = "exempt"
    NOT_GRADED = "not-graded"
    UNFIT = "unfit"
    NOT_SUBMITTED = "not-submitted"
    ABSENT_ZERO = "absent-zero"
    NOT_SUBMITTED_ZERO = "not-submitted-zero"
    CONGRATULATIONS = "congratulations"


class RoundingDirection(enum.Enum):
    """Where an average between two steps goes; the nearest of a middle is the upper."""

    NEAREST = "nearest"
    UP = "up"
    DOWN = "down"


class Level(enum.Enum):
    """How well a skill is mastered; the last four say why nothing can be told."""

    VERY_GOOD = "very-good"
    SATISFACTORY = "satisfactory"
    ALMOST_SATISFACTORY = "almost-satisfactory"
    FRAGILE = "fragile"
    BEGINNING = "beginning"
    INSUFFICIENT = "insufficient"
    ABSENT = "absent"
    EXEMPT = "exempt"
    NOT_EVALUATED = "not-evaluated"
    NOT_SUBMITTED = "not-submitted"


class PositioningMode(enum.Enum):
    """Which results an automatic positioning looks at."""

    ALL = "all"
    LAST_FIVE = "last-five"
    BEST_FIVE = "best-five"
    PROGRESSIVE = "progressive"


class PeriodKind(enum.Enum):
    """How a class divides its year."""

    TRIMESTER = "trimester"
    SEMESTER = "semester"
    CONTINUOUS = "continuous"


class SealedMatter(enum.Enum):
    """What is sealed on its own when a period of a class ends (*clôture*)."""

    MARKS = "marks"
    LEVELS = "levels"
    APPRAISALS = "appraisals"
    SCHOOL_LIFE = "school-life"


class Half(enum.Enum):
    """The halves of a school day, parted by the midday reference."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


class PunishmentKind(enum.Enum):
    """What a teacher or the school life staff may give."""

    EXTRA_HOMEWORK = "extra-homework"
    EXCLUSION_FROM_LESSON = "exclusion-from-lesson"
    DETENTION = "detention"


class PunishmentState(enum.Enum):
    """How far a punishment has come; overdue is one whose day has passed."""

    TO_PROGRAMME = "to-programme"
    PROGRAMMED = "programmed"
    OVERDUE = "overdue"
    CARRIED_OUT = "carried-out"


class SanctionKind(enum.Enum):
    """The scale of sanctions of the Code de l'éducation (R. 511-13)."""

    WARNING = "warning"
    REPRIMAND = "reprimand"
    RESPONSIBILITY_MEASURE = "responsibility-measure"
    EXCLUSION_FROM_CLASS = "exclusion-from-class"
    EXCLUSION = "exclusion"
    PERMANENT_EXCLUSION = "permanent-exclusion"


class EvaluatesIn(enum.Enum):
    """What is entered for a service."""

    MARKS = "marks"
    COMPETENCIES = "competencies"
    BOTH = "both"


class SubServiceUse(enum.Enum):
    """What the average of a service with sub-services (*sous-services*) is made of."""

    AVERAGES = "averages"
    ASSESSMENTS = "assessments"


class NotebookPublication(enum.Enum):
    """From when pupils and guardians see what the notebook says of a lesson."""

    LESSON_START = "lesson-start"
    LESSON_END = "lesson-end"
    NOW = "now"
    NOT_YET = "not-yet"


class MotiveKind(enum.Enum):
    """What a motive can be given for."""

    ABSENCE = "absence"
    LATENESS = "lateness"
    PUNISHMENT = "punishment"
    SANCTION = "sanction"
    FOLLOW_UP = "follow-up"


class EventOrder(enum.Enum):
    """How lists of what happened to pupils are sorted; by pupil is by name, then oldest."""

    OLDEST = "oldest"
    NEWEST = "newest"
    PUPIL = "pupil"


class FollowUpKind(enum.Enum):
    """How a pupil was followed up (*suivi*)."""

    INTERVIEW = "interview"
    PHONE_CALL = "phone-call"
    LETTER = "letter"
    MEETING = "meeting"
    OTHER = "other"


class DocumentOwner(enum.Enum):
    """To what a document can be attached."""

    PUPIL = "pupil"
    ASSESSMENT = "assessment"
    EVALUATION = "evaluation"
    NOTEBOOK_ENTRY = "notebook-entry"
    HOMEWORK = "homework"
    ABSENCE = "absence"
    LATENESS = "lateness"
    PUNISHMENT = "punishment"
    SANCTION = "sanction"
    FOLLOW_UP = "follow-up"
    INFORMATION = "information"
    MESSAGE = "message"


class Population(enum.Enum):
    """Whom an information can be sent to as a whole; an account may be of both."""

    TEACHERS = "teachers"
    STAFF = "staff"


class InformationBox(enum.Enum):
    """Which information a list holds; all is what the session may see."""

    RECEIVED = "received"
    SENT = "sent"
    ALL = "all"


class Presence(enum.Enum):
    """How somebody connected shows himself to the others; invisible is as if he were not."""

    AVAILABLE = "available"
    BUSY = "busy"
    DO_NOT_DISTURB = "do-not-disturb"
    INVISIBLE = "invisible"
