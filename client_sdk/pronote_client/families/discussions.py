"""Discussions between people of the school."""

from __future__ import annotations

from collections.abc import Iterable

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import discussions as calls
from pronote_protocol.catalogue.discussions import (
    DiscussionRow,
    DiscussionShown,
    MessageRow,
    PersonRow,
)

__all__ = ["Discussions"]


class Discussions(Family):
    """
    One's own discussions; nobody else reads them.

    Of a new message the event ``base.changed`` tells at once, with ``discussions`` among what
    changed.
    """

    async def list_people(
        self, text: str | None = None, *, offset: int = 0, limit: int = 100
    ) -> Page[PersonRow]:
        """Return a page of the people to talk to, by name."""
        return await self._call(
            calls.LIST_PEOPLE, calls.ListPeople(text=text, offset=offset, limit=limit)
        )

    async def list(
        self, *, unread: bool = False, offset: int = 0, limit: int = 100
    ) -> Page[DiscussionRow]:
        """Return a page of one's discussions, the last changed first."""
        return await self._call(
            calls.LIST_DISCUSSIONS,
            calls.ListDiscussions(unread=unread, offset=offset, limit=limit),
        )

    async def read(self, discussion: int) -> DiscussionShown:
        """Return who takes part in it."""
        return await self._call(calls.READ_DISCUSSION, calls.DiscussionRef(id=discussion))

    async def list_messages(
        self,
        discussion: int,
        *,
        after: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[MessageRow]:
        """Return a page of messages, the oldest first; it may have fewer than *limit*."""
        return await self._call(
            calls.LIST_MESSAGES,
            calls.ListMessages(id=discussion, after=after, offset=offset, limit=limit),
        )

    async def list_every_message(
        self, discussion: int, *, after: int | None = None
    ) -> tuple[MessageRow, ...]:
        """Return all messages, or those after that one, the oldest first."""
        return await every_row(
            lambda offset: self.list_messages(discussion, after=after, offset=offset, limit=500)
        )

    async def start(self, subject: str, accounts: Iterable[int], text: str) -> DiscussionShown:
        """Start a discussion with those accounts, with a first message."""
        return await self._call(
            calls.START_DISCUSSION,
            calls.StartDiscussion(subject=subject, accounts=tuple(accounts), text=text),
        )

    async def post(self, discussion: int, text: str) -> MessageRow:
        """Post a message."""
        shown = await self._call(
            calls.POST_MESSAGE, calls.PostMessage(id=discussion, text=text)
        )
        return shown.message

    async def mark_read(self, discussion: int, upto: int | None = None) -> None:
        """Mark it read up to that message, or all of it."""
        await self._call(calls.MARK_READ, calls.MarkRead(id=discussion, upto=upto))

    async def leave(self, discussion: int) -> None:
        """Leave it for good."""
        await self._call(calls.LEAVE_DISCUSSION, calls.DiscussionRef(id=discussion))
