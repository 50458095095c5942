"""Calls on information and surveys, with their receipts."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import InformationBox, Population, Right

_TITLE: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(200))
_TEXT: Final[Any] = attrs.validators.max_len(10_000)
_CHOICES: Final[tuple[Any, ...]] = (
    attrs.validators.max_len(20),
    attrs.validators.deep_iterable(
        attrs.validators.and_(attrs.validators.min_len(1), attrs.validators.max_len(100))
    ),
)
_ACCOUNTS: Final[Any] = attrs.validators.max_len(500)


@row
@attrs.frozen
class InformationRow:
    """
    An information, or a survey; ``text`` is its beginning, 200 characters at most.

    ``sent`` is whether this session's person wrote it, ``received`` whether it was sent to
    him; then ``read_at`` is when he acknowledged it (nil: unread) and ``answer`` the choice he
    made.
    """

    id: int
    title: str
    text: str
    by: str
    published_at: datetime.datetime
    survey: bool
    sent: bool
    received: bool
    read_at: datetime.datetime | None
    answer: str | None
    revision: int


@attrs.frozen(kw_only=True)
class ListInformation:
    """The latest published first."""

    box: InformationBox = InformationBox.RECEIVED
    unread: bool = False
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class InformationRef:
    id: int


@attrs.frozen(kw_only=True)
class InformationShown:
    """
    Attributes:
        information: With its beginning.
        text: The whole of it.
        choices: Of a survey, in its order; none of what only informs.
    """

    information: InformationRow
    text: str
    choices: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PublishInformation:
    """
    Everybody named at the time of the call is sent it, once; its author is not.

    Attributes:
        populations: All of these; both of them are everybody.
        accounts: Ids of `discussions.list_people`.
        choices: Two or more make it a survey.
        published_at: When it is seen; nil, or an instant that has passed, is now. Nobody is
            told at an instant to come: clients find it when they list.
    """

    title: str = attrs.field(validator=[*_TITLE])
    text: str = attrs.field(default="", validator=_TEXT)
    populations: tuple[Population, ...] = ()
    accounts: tuple[int, ...] = attrs.field(default=(), validator=_ACCOUNTS)
    choices: tuple[str, ...] = attrs.field(default=(), validator=[*_CHOICES])
    published_at: datetime.datetime | None = None


@attrs.frozen(kw_only=True)
class AcknowledgeInformation:
    """
    Attributes:
        answer: One of the choices of a survey; it replaces the one given before. Nil only
            says that it was read.
    """

    id: int
    answer: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )


@attrs.frozen(kw_only=True)
class DeleteInformation:
    id: int
    if_revision: int | None = None


@row
@attrs.frozen
class ChoiceRow:
    """How many chose it."""

    choice: str
    count: int


@row
@attrs.frozen
class ReceiptRow:
    """Somebody it was sent to."""

    name: str
    read_at: datetime.datetime | None
    answer: str | None


@attrs.frozen(kw_only=True)
class ReadResults:
    """A page of receipts, by name."""

    id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class ResultsShown:
    """
    Attributes:
        read: How many of the ``receipts.total`` acknowledged it.
        choices: Of a survey, in its order, with those nobody chose.
    """

    read: int
    choices: tuple[ChoiceRow, ...]
    receipts: Page[ReceiptRow]


LIST_INFORMATION: Final = Call(
    name="information.list",
    params=ListInformation,
    result=Page[InformationRow],
    right=Right.COMMUNICATE,
    summary="List information and surveys received, sent, or, for administrators, all.",
)
READ_INFORMATION: Final = Call(
    name="information.read",
    params=InformationRef,
    result=InformationShown,
    right=Right.COMMUNICATE,
    summary="Read an information or a survey; it stays unread until it is acknowledged.",
)
PUBLISH_INFORMATION: Final = Call(
    name="information.publish",
    params=PublishInformation,
    result=InformationShown,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Publish an information or a survey to populations and accounts.",
)
ACKNOWLEDGE_INFORMATION: Final = Call(
    name="information.acknowledge",
    params=AcknowledgeInformation,
    result=InformationShown,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Acknowledge an information that was received, or answer a survey.",
)
DELETE_INFORMATION: Final = Call(
    name="information.delete",
    params=DeleteInformation,
    result=Nothing,
    right=Right.COMMUNICATE,
    writes=True,
    keyed=True,
    summary="Delete an information with its receipts: for its author and administrators.",
)
READ_RESULTS: Final = Call(
    name="information.read_results",
    params=ReadResults,
    result=ResultsShown,
    right=Right.COMMUNICATE,
    summary="Tell who read and what was answered: for the author and administrators.",
)
