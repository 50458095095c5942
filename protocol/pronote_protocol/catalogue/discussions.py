"""Calls on discussions between people of the school."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, SEVERAL
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Population, Right

_SUBJECT: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(200))
_TEXT: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(4000))


@row
@attrs.frozen
class PersonRow:
    """Somebody to talk to; ``account`` is how calls name him."""

    account: int
    name: str
    populations: tuple[Population, ...]


@attrs.frozen(kw_only=True)
class ListPeople:
    """By name, without oneself; ``text`` is looked for in names."""

    text: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@row
@attrs.frozen
class DiscussionRow:
    """
    A discussion this session's person takes part in.

    ``participants`` counts those who have not left, ``unread`` the messages of others after
    what he marked read; ``last_text`` is the beginning of the last message, 100 characters.
    """

    id: int
    subject: str
    created_by: str
    created_at: datetime.datetime
    participants: int
    unread: int
    last_by: str
    last_at: datetime.datetime
    last_text: str
    revision: int


@attrs.frozen(kw_only=True)
class ListDiscussions:
    """Those in which something happened last come first."""

    unread: bool = False
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class DiscussionRef:
    id: int


@row
@attrs.frozen
class ParticipantRow:
    """
    ``read_at`` is the instant of the last message he marked read, nil for none.

    ``account`` is nil when he has none any more.
    """

    account: int | None
    name: str
    read_at: datetime.datetime | None
    left_at: datetime.datetime | None


@attrs.frozen(kw_only=True)
class DiscussionShown:
    """The participants by name, those who left included."""

    discussion: DiscussionRow
    participants: tuple[ParticipantRow, ...]


@row
@attrs.frozen
class MessageRow:
    """``mine`` is whether this session's person wrote it."""

    id: int
    by: str
    mine: bool
    at: datetime.datetime
    text: str


@attrs.frozen(kw_only=True)
class ListMessages:
    """
    The oldest first.

    Attributes:
        id: Of the discussion.
        after: Only messages after this one, by id.
        limit: A page may have fewer rows where they are long.
    """

    id: int
    after: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class StartDiscussion:
    """
    Attributes:
        accounts: With whom, by ids of `discussions.list_people`.
        text: The first message.
    """

    subject: str = attrs.field(validator=[*_SUBJECT])
    accounts: tuple[int, ...] = attrs.field(validator=[*SEVERAL])
    text: str = attrs.field(validator=[*_TEXT])


@attrs.frozen(kw_only=True)
class PostMessage:
    """
    Attributes:
        id: Of the discussion.
    """

    id: int
    text: str = attrs.field(validator=[*_TEXT])


@attrs.frozen(kw_only=True)
class MessageShown:
    message: MessageRow


@attrs.frozen(kw_only=True)
class MarkRead:
    """
    Attributes:
        id: Of the discussion.
        upto: The last message that was read; nil is all there are.
    """

    id: int
    upto: int | None = None


LIST_PEOPLE: Final = Call(
    name="discussions.list_people",
    params=ListPeople,
    result=Page[PersonRow],
    right=Right.COMMUNICATE,
    summary="List the people to talk to.",
)
LIST_DISCUSSIONS: Final = Call(
    name="discussions.list",
    params=ListDiscussions,
    result=Page[DiscussionRow],
    right=Right.COMMUNICATE,
    summary="List the discussions one takes part in.",
)
READ_DISCUSSION: Final = Call(
    name="discussions.read",
    params=DiscussionRef,
    result=DiscussionShown,
    right=Right.COMMUNICATE,
    summary="Read who takes part in a discussion of one's own.",
)
LIST_MESSAGES: Final = Call(
    name="discussions.list_messages",
    params=ListMessages,
    result=Page[MessageRow],
    right=Right.COMMUNICATE,
    summary="List the messages of a discussion of one's own.",
)
START_DISCUSSION: Final = Call(
    name="discussions.start",
    params=StartDiscussion,
    result=DiscussionShown,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Start a discussion with a first message.",
)
POST_MESSAGE: Final = Call(
    name="discussions.post",
    params=PostMessage,
    result=MessageShown,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Post a message in a discussion of one's own.",
)
MARK_READ: Final = Call(
    name="discussions.mark_read",
    params=MarkRead,
    result=Nothing,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Mark the messages of a discussion read.",
)
LEAVE_DISCUSSION: Final = Call(
    name="discussions.leave",
    params=DiscussionRef,
    result=Nothing,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Leave a discussion for good; what one wrote stays.",
)
