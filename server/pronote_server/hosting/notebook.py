"""
The homework notebook (*cahier de textes*), behind the calls.

A teacher keeps that of his services; the administration, all; school life reads all. Decided
here: whoever works in the school sees an entry before it is published, which is for pupils and
guardians; an entry without a lesson is published as if its lesson were the whole day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import notebook as calls
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import NotebookPublication
from pronote_server.domain.school_data import week_number
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Audience, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.hosting.scope import service_of, services_for
from pronote_server.storage import base_file
from pronote_server.storage import base_notebook as kept
from pronote_server.storage.base_notebook import EntryLine, HomeworkLine
from pronote_server.storage.base_service_settings import teachers_of_service
from pronote_server.storage.base_services import ServiceLine

__all__ = [
    "FAMILY",
    "change",
    "delete",
    "enter_lesson",
    "find",
    "list_entries",
    "list_homework",
    "read",
]

FAMILY: Final = "notebook"
_ENTITY: Final = "notebook_entry"
# Of texts in one page: half of what a frame of the server may hold.
_PAGE_BYTES: Final = 512 * 1024


async def list_entries(
    school: School, session: Session, wish: calls.ListNotebook
) -> Page[calls.NotebookRow]:
    """
    Return a page of what *session* may see; fewer rows than asked for where they are long.

    Raises:
        NotFound: The service is not for it to see.
    """

    def read(conn: Connection) -> Page[calls.NotebookRow]:
        services = _services(conn, session, wish)
        total, lines = kept.entries_of(
            conn, services, wish.first, wish.last, wish.offset, wish.limit
        )
        homework = kept.homework_of(conn, [line.id for line in lines])
        rows: list[calls.NotebookRow] = []
        size = 0
        for line in lines:
            tasks = homework.get(line.id, [])
            texts = [line.content, *(task.text for task in tasks)]
            size += sum(len(text.encode()) for text in texts)
            if rows and size > _PAGE_BYTES:
                break
            rows.append(_row(services[line.service_id], line, tasks))
        return Page(total=total, offset=wish.offset, rows=tuple(rows))

    return await school.base_in_service().database.read(read)


async def read(school: School, session: Session, entry_id: int) -> calls.NotebookShown:
    """
    Raises:
        NotFound: There is none for *session* to see.
    """
    return await school.base_in_service().database.read(
        lambda conn: _shown(conn, *find(conn, session, entry_id))
    )


async def list_homework(
    school: School, session: Session, wish: calls.ListHomework
) -> Page[calls.HomeworkDueRow]:
    """
    Return a page of what is to be done, by the day it is due.

    Raises:
        NotFound: The service is not for *session* to see.
    """

    def read(conn: Connection) -> Page[calls.HomeworkDueRow]:
        services = _services(conn, session, wish)
        total, found = kept.due_homework(
            conn, services, wish.first, wish.last, wish.offset, wish.limit
        )
        rows: list[calls.HomeworkDueRow] = []
        size = 0
        for task, line in found:
            size += len(task.text.encode())
            if rows and size > _PAGE_BYTES:
                break
            service = services[line.service_id]
            rows.append(
                calls.HomeworkDueRow(
                    id=task.id,
                    entry_id=line.id,
                    service_id=service.id,
                    subject=service.subject,
                    teacher=service.teacher,
                    audience=service.audience,
                    given_on=line.date,
                    due_on=task.due_on,
                    text=task.text,
                    published_at=line.published_at,
                )
            )
        return Page(total=total, offset=wish.offset, rows=tuple(rows))

    return await school.base_in_service().database.read(read)


async def enter_lesson(
    school: School, session: Session, key: str | None, wish: calls.EnterNotebook
) -> calls.NotebookShown:
    """
    Write what was done in a lesson.

    Raises:
        NotFound: The service is not for *session* to see.
        BadRequest: A day is impossible, or the lesson is not of that service and day.
        Conflict: The lesson has its entry.
    """
    now = school.now()

    def command(entry: Entry) -> calls.NotebookShown:
        conn = entry.conn
        service = service_of(conn, session, wish.service_id)
        _check_day(conn, wish.date)
        lesson = _lesson(conn, wish)
        line = EntryLine(
            id=0,
            lesson_id=None if lesson is None else lesson.id,
            service_id=service.id,
            date=wish.date,
            content=wish.content,
            published_at=_published_at(wish.publication, wish.date, lesson, now),
            revision=entry.revision,
        )
        line = attrs.evolve(line, id=kept.insert_entry(conn, line))
        _put_homework(entry, line, [], wish.homework)
        return _noted(entry, service, None, line)

    return await enter(school, session, calls.ENTER_NOTEBOOK, key, command)


async def change(
    school: School, session: Session, key: str | None, wish: calls.ChangeNotebook
) -> calls.NotebookShown:
    """
    Change an entry, its homework, or when it is published.

    Raises:
        NotFound: It, or homework that is named, is not for *session* to see.
        StaleRevision: It was changed since.
        BadRequest: Homework is due before it was given.
    """
    now = school.now()

    def command(entry: Entry) -> calls.NotebookShown:
        conn = entry.conn
        service, old = find(conn, session, wish.id)
        entry.check_fresh(_ENTITY, old.id, old.revision, wish.if_revision)
        tasks = kept.homework_of(conn, [old.id]).get(old.id, [])
        before = _audited(old, tasks)
        line = attrs.evolve(old, revision=entry.revision)
        if wish.content is not None:
            line = attrs.evolve(line, content=wish.content)
        if wish.publication is not None:
            lessons = kept.lessons_on(conn, old.service_id, old.date)
            lesson = next((each for each in lessons if each.id == old.lesson_id), None)
            published = _published_at(wish.publication, old.date, lesson, now)
            line = attrs.evolve(line, published_at=published)
        if wish.homework is not None:
            _put_homework(entry, line, tasks, wish.homework)
        if _audited(line, kept.homework_of(conn, [old.id]).get(old.id, [])) == before:
            return _shown(conn, service, old)
        kept.update_entry(conn, line)
        return _noted(entry, service, before, line)

    return await enter(school, session, calls.CHANGE_NOTEBOOK, key, command)


async def delete(
    school: School, session: Session, key: str | None, wish: calls.DeleteNotebook
) -> Nothing:
    """
    Raises:
        NotFound: It is not for *session* to see.
        StaleRevision: It was changed since.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        service, old = find(conn, session, wish.id)
        entry.check_fresh(_ENTITY, old.id, old.revision, wish.if_revision)
        tasks = kept.homework_of(conn, [old.id]).get(old.id, [])
        kept.delete_entry(conn, old.id)
        audience = _audience(conn, service)
        entry.changed(FAMILY, _ENTITY, old.id, _audited(old, tasks), None, audience)
        return Nothing()

    return await enter(school, session, calls.DELETE_NOTEBOOK, key, command)


def find(conn: Connection, session: Session, entry_id: int) -> tuple[ServiceLine, EntryLine]:
    """
    Return an entry and its service.

    Raises:
        NotFound: There is none for *session* to see.
    """
    line = kept.entry_of(conn, entry_id)
    if line is not None:
        services = services_for(conn, session, service_id=line.service_id)
        if services:
            return services[0], line
    raise NotFound(what=f"notebook entry {entry_id}")


def _services(
    conn: Connection, session: Session, wish: calls.ListNotebook | calls.ListHomework
) -> dict[int, ServiceLine]:
    if wish.service_id is not None:
        service_of(conn, session, wish.service_id)  # says so when it is not
    found = services_for(
        conn,
        session,
        class_id=wish.class_id,
        group_id=wish.group_id,
        service_id=wish.service_id,
    )
    return {service.id: service for service in found}


def _check_day(conn: Connection, day: date) -> None:
    if week_number(day, base_file.read_header(conn).school_year) is None:
        raise BadRequest(
            "Le {day} n'est pas de l'année scolaire.",
            "{day} is not of the school year.",
            day=day.isoformat(),
        )


def _lesson(conn: Connection, wish: calls.EnterNotebook) -> kept.LessonTime | None:
    lessons = kept.lessons_on(conn, wish.service_id, wish.date)
    written = kept.lessons_with_entry(conn, wish.service_id, wish.date)
    if wish.lesson_id is None:
        return next((lesson for lesson in lessons if lesson.id not in written), None)
    for lesson in lessons:
        if lesson.id == wish.lesson_id:
            if lesson.id in written:
                raise Conflict(
                    "Ce cours a déjà son cahier de textes ce jour-là.",
                    "This lesson has its notebook entry on that day.",
                )
            return lesson
    raise BadRequest(
        "Ce cours n'est pas de ce service ce jour-là.",
        "This lesson is not of that service on that day.",
    )


def _published_at(
    publication: NotebookPublication,
    day: date,
    lesson: kept.LessonTime | None,
    now: datetime,
) -> datetime | None:
    match publication:
        case NotebookPublication.NOT_YET:
            return None
        case NotebookPublication.NOW:
            return now
        case NotebookPublication.LESSON_START:
            minute = 0 if lesson is None else lesson.start_minute
        case NotebookPublication.LESSON_END:
            minute = 24 * 60 if lesson is None else lesson.end_minute
    # By the clock on the wall, also on the day the clocks change.
    midnight = datetime.combine(day, time())
    return (midnight + timedelta(minutes=minute)).replace(tzinfo=SCHOOL_ZONE)


def _put_homework(
    entry: Entry,
    line: EntryLine,
    there: Iterable[HomeworkLine],
    wanted: Iterable[calls.HomeworkEntry],
) -> None:
    known = {task.id: task for task in there}
    for wish in wanted:
        text = wish.text.strip()
        if not text:
            raise BadRequest(
                "Un travail à faire a besoin d'un texte.", "Homework needs a text."
            )
        _check_day(entry.conn, wish.due_on)
        if wish.due_on < line.date:
            raise BadRequest(
                "Un travail ne peut pas être à faire avant le jour où il est donné.",
                "Homework cannot be due before the day it is given.",
            )
        if wish.id is None:
            kept.insert_homework(entry.conn, line.id, wish.due_on, text)
            continue
        old = known.pop(wish.id, None)
        if old is None:
            raise NotFound(what=f"homework {wish.id}")
        if (old.due_on, old.text) != (wish.due_on, text):
            kept.change_homework(entry.conn, old.id, wish.due_on, text)
    kept.delete_homework(entry.conn, known)


def _noted(
    entry: Entry, service: ServiceLine, before: dict[str, Any] | None, line: EntryLine
) -> calls.NotebookShown:
    tasks = kept.homework_of(entry.conn, [line.id]).get(line.id, [])
    audience = _audience(entry.conn, service)
    entry.changed(FAMILY, _ENTITY, line.id, before, _audited(line, tasks), audience)
    return _shown(entry.conn, service, line)


def _audience(conn: Connection, service: ServiceLine) -> Audience:
    return Audience(school_life=True, teachers=teachers_of_service(conn, service.id))


def _audited(line: EntryLine, tasks: Iterable[HomeworkLine]) -> dict[str, Any]:
    homework = [f"{task.id} {task.due_on.isoformat()} {task.text}" for task in tasks]
    return {**line.values, "homework": homework}


def _shown(conn: Connection, service: ServiceLine, line: EntryLine) -> calls.NotebookShown:
    tasks = kept.homework_of(conn, [line.id]).get(line.id, [])
    return calls.NotebookShown(entry=_row(service, line, tasks))


def _row(
    service: ServiceLine, line: EntryLine, tasks: Iterable[HomeworkLine]
) -> calls.NotebookRow:
    return calls.NotebookRow(
        id=line.id,
        service_id=line.service_id,
        lesson_id=line.lesson_id,
        date=line.date,
        subject=service.subject,
        teacher=service.teacher,
        audience=service.audience,
        content=line.content,
        published_at=line.published_at,
        homework=tuple(calls.HomeworkRow(task.id, task.due_on, task.text) for task in tasks),
        revision=line.revision,
    )
