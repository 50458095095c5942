"""Calls on the homework notebook (*cahier de textes*)."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import NotebookPublication, Right

_CONTENT: Final[Any] = attrs.validators.max_len(6000)
_TASK: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(1000))
_TASKS: Final[Any] = attrs.validators.max_len(10)


@row
@attrs.frozen
class HomeworkRow:
    """Something to do for a day."""

    id: int
    due_on: datetime.date
    text: str


@row
@attrs.frozen
class NotebookRow:
    """
    What was done in one lesson on one day, and what is to be done for later ones.

    ``lesson_id`` is nil when no lesson of the timetable was found for it, or when a transfer
    removed that lesson. Pupils and guardians see it from ``published_at`` on; nil: not yet
    decided.
    """

    id: int
    service_id: int
    lesson_id: int | None
    date: datetime.date
    subject: str
    teacher: str
    audience: str
    content: str
    published_at: datetime.datetime | None
    homework: tuple[HomeworkRow, ...]
    revision: int


@attrs.frozen(kw_only=True)
class ListNotebook:
    """
    By day, then hour of the lesson; what is given narrows together.

    Attributes:
        class_id: Entries of this class and of its groups.
        first, last: Days, both included; nil does not bound.
        limit: A page may have fewer rows where they are long; go on from ``offset`` and
            their number.
    """

    class_id: int | None = None
    group_id: int | None = None
    service_id: int | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class NotebookRef:
    id: int


@attrs.frozen(kw_only=True)
class NotebookShown:
    entry: NotebookRow


@row
@attrs.frozen
class HomeworkDueRow:
    """Something to do, with the entry that gave it."""

    id: int
    entry_id: int
    service_id: int
    subject: str
    teacher: str
    audience: str
    given_on: datetime.date
    due_on: datetime.date
    text: str
    published_at: datetime.datetime | None


@attrs.frozen(kw_only=True)
class ListHomework:
    """By the day it is due; ``first`` and ``last`` bound that day, both included."""

    class_id: int | None = None
    group_id: int | None = None
    service_id: int | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class HomeworkEntry:
    """
    A task; not due before the day of its entry.

    Attributes:
        id: Of one that is there already and stays, changed or not; nil makes a new one.
    """

    due_on: datetime.date
    text: str = attrs.field(validator=[*_TASK])
    id: int | None = None


@attrs.frozen(kw_only=True)
class EnterNotebook:
    """
    Attributes:
        lesson_id: Must be a lesson of the service on that day. Nil: the first one that has no
            entry yet, if there is any.
        publication: Relative to that lesson; without one, to the beginning or the end of the
            day.
    """

    service_id: int
    date: datetime.date
    lesson_id: int | None = None
    content: str = attrs.field(default="", validator=_CONTENT)
    homework: tuple[HomeworkEntry, ...] = attrs.field(default=(), validator=_TASKS)
    publication: NotebookPublication = NotebookPublication.LESSON_START


@attrs.frozen(kw_only=True)
class ChangeNotebook:
    """
    What is nil stays as it is.

    Attributes:
        if_revision: The revision that was read; nil does not ask.
        homework: All of it: what is not named any more goes, with its documents.
    """

    id: int
    if_revision: int | None = None
    content: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(_CONTENT)
    )
    homework: tuple[HomeworkEntry, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional(_TASKS)
    )
    publication: NotebookPublication | None = None


@attrs.frozen(kw_only=True)
class DeleteNotebook:
    id: int
    if_revision: int | None = None


LIST_NOTEBOOK: Final = Call(
    name="notebook.list",
    params=ListNotebook,
    result=Page[NotebookRow],
    right=Right.READ_NOTEBOOK,
    summary="List what was done in lessons, of a class, a group or a service.",
)
READ_NOTEBOOK: Final = Call(
    name="notebook.read",
    params=NotebookRef,
    result=NotebookShown,
    right=Right.READ_NOTEBOOK,
    summary="Read one entry of the notebook.",
)
ENTER_NOTEBOOK: Final = Call(
    name="notebook.enter",
    params=EnterNotebook,
    result=NotebookShown,
    right=Right.ENTER_NOTEBOOK,
    writes=True,
    keyed=True,
    summary="Enter what was done in a lesson, and homework.",
)
CHANGE_NOTEBOOK: Final = Call(
    name="notebook.change",
    params=ChangeNotebook,
    result=NotebookShown,
    right=Right.ENTER_NOTEBOOK,
    writes=True,
    keyed=True,
    summary="Change or publish an entry of the notebook.",
)
DELETE_NOTEBOOK: Final = Call(
    name="notebook.delete",
    params=DeleteNotebook,
    result=Nothing,
    right=Right.ENTER_NOTEBOOK,
    writes=True,
    keyed=True,
    summary="Delete an entry of the notebook, with its homework and documents.",
)
LIST_HOMEWORK: Final = Call(
    name="homework.list",
    params=ListHomework,
    result=Page[HomeworkDueRow],
    right=Right.READ_NOTEBOOK,
    summary="List what is to be done, by the day it is due.",
)
