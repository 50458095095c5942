"""The homework notebook (*cahier de textes*)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import notebook as calls
from pronote_protocol.catalogue.notebook import HomeworkDueRow, HomeworkEntry, NotebookRow
from pronote_protocol.words import NotebookPublication

__all__ = ["Homework", "Notebook"]


class Notebook(Family):
    """What was done in lessons; a teacher sees that of his services."""

    async def list(
        self,
        *,
        class_id: int | None = None,
        group_id: int | None = None,
        service_id: int | None = None,
        first: datetime.date | None = None,
        last: datetime.date | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[NotebookRow]:
        """Return a page of entries, by day; it may have fewer rows than *limit*."""
        return await self._call(
            calls.LIST_NOTEBOOK,
            calls.ListNotebook(
                class_id=class_id,
                group_id=group_id,
                service_id=service_id,
                first=first,
                last=last,
                offset=offset,
                limit=limit,
            ),
        )

    async def list_all(
        self,
        *,
        class_id: int | None = None,
        group_id: int | None = None,
        service_id: int | None = None,
        first: datetime.date | None = None,
        last: datetime.date | None = None,
    ) -> tuple[NotebookRow, ...]:
        """Return all entries, by day."""
        return await every_row(
            lambda offset: self.list(
                class_id=class_id,
                group_id=group_id,
                service_id=service_id,
                first=first,
                last=last,
                offset=offset,
                limit=500,
            )
        )

    async def read(self, entry: int) -> NotebookRow:
        """Return one entry."""
        return (await self._call(calls.READ_NOTEBOOK, calls.NotebookRef(id=entry))).entry

    async def enter(
        self,
        service: int,
        date: datetime.date,
        content: str = "",
        *,
        lesson: int | None = None,
        homework: Iterable[HomeworkEntry] = (),
        publication: NotebookPublication = NotebookPublication.LESSON_START,
    ) -> NotebookRow:
        """Enter what was done; without *lesson*, in the first of that day without an entry."""
        shown = await self._call(
            calls.ENTER_NOTEBOOK,
            calls.EnterNotebook(
                service_id=service,
                date=date,
                lesson_id=lesson,
                content=content,
                homework=tuple(homework),
                publication=publication,
            ),
        )
        return shown.entry

    async def change(
        self,
        entry: int,
        *,
        content: str | None = None,
        homework: Iterable[HomeworkEntry] | None = None,
        publication: NotebookPublication | None = None,
        if_revision: int | None = None,
    ) -> NotebookRow:
        """Change what is given; homework that is not named any more goes."""
        shown = await self._call(
            calls.CHANGE_NOTEBOOK,
            calls.ChangeNotebook(
                id=entry,
                if_revision=if_revision,
                content=content,
                homework=None if homework is None else tuple(homework),
                publication=publication,
            ),
        )
        return shown.entry

    async def delete(self, entry: int, *, if_revision: int | None = None) -> None:
        """Delete an entry, its homework and its documents."""
        await self._call(
            calls.DELETE_NOTEBOOK, calls.DeleteNotebook(id=entry, if_revision=if_revision)
        )


class Homework(Family):
    """What is to be done; entered with `Notebook`."""

    async def list(
        self,
        *,
        class_id: int | None = None,
        group_id: int | None = None,
        service_id: int | None = None,
        first: datetime.date | None = None,
        last: datetime.date | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[HomeworkDueRow]:
        """Return a page of what is due from *first* to *last*; maybe fewer than *limit*."""
        return await self._call(
            calls.LIST_HOMEWORK,
            calls.ListHomework(
                class_id=class_id,
                group_id=group_id,
                service_id=service_id,
                first=first,
                last=last,
                offset=offset,
                limit=limit,
            ),
        )
