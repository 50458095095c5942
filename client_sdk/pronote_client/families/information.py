"""Information and surveys, with their receipts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import information as calls
from pronote_protocol.catalogue.information import (
    InformationRow,
    InformationShown,
    ResultsShown,
)
from pronote_protocol.words import InformationBox, Population

__all__ = ["Information"]


class Information(Family):
    """What is told to people, and what they are asked."""

    async def list(
        self,
        box: InformationBox = InformationBox.RECEIVED,
        *,
        unread: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[InformationRow]:
        """Return a page of a box, the latest first."""
        return await self._call(
            calls.LIST_INFORMATION,
            calls.ListInformation(box=box, unread=unread, offset=offset, limit=limit),
        )

    async def list_all(
        self, box: InformationBox = InformationBox.RECEIVED, *, unread: bool = False
    ) -> tuple[InformationRow, ...]:
        """Return all of a box, the latest first."""
        return await every_row(
            lambda offset: self.list(box, unread=unread, offset=offset, limit=500)
        )

    async def read(self, information: int) -> InformationShown:
        """Return the whole text, and the choices of a survey; it stays unread."""
        return await self._call(calls.READ_INFORMATION, calls.InformationRef(id=information))

    async def publish(
        self,
        title: str,
        text: str = "",
        *,
        populations: Iterable[Population] = (),
        accounts: Iterable[int] = (),
        choices: Iterable[str] = (),
        published_at: datetime.datetime | None = None,
    ) -> InformationShown:
        """
        Publish an information; with *choices*, a survey.

        Args:
            accounts: Ids of ``discussions.list_people``.
            published_at: When it is seen; now.
        """
        return await self._call(
            calls.PUBLISH_INFORMATION,
            calls.PublishInformation(
                title=title,
                text=text,
                populations=tuple(populations),
                accounts=tuple(accounts),
                choices=tuple(choices),
                published_at=published_at,
            ),
        )

    async def acknowledge(
        self, information: int, answer: str | None = None
    ) -> InformationShown:
        """Say that it was read; to a survey, answer one of its choices."""
        return await self._call(
            calls.ACKNOWLEDGE_INFORMATION,
            calls.AcknowledgeInformation(id=information, answer=answer),
        )

    async def delete(self, information: int, *, if_revision: int | None = None) -> None:
        """Delete one's own; an administrator, any."""
        await self._call(
            calls.DELETE_INFORMATION,
            calls.DeleteInformation(id=information, if_revision=if_revision),
        )

    async def read_results(
        self, information: int, *, offset: int = 0, limit: int = 100
    ) -> ResultsShown:
        """Return who read it and what was answered, of one's own; an administrator, of any."""
        return await self._call(
            calls.READ_RESULTS,
            calls.ReadResults(id=information, offset=offset, limit=limit),
        )
