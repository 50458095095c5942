"""Who is looked at when something is told: nobody whom it cannot concern."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from pronote_protocol.codec import unpack
from pronote_protocol.envelopes import Event, from_wire
from pronote_protocol.framing import FrameDecoder
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import ExclusiveChanged
from pronote_protocol.words import Access, Mode
from pronote_server.domain.exclusive import ExclusiveUse
from pronote_server.domain.sessions import SessionBook
from pronote_server.hosting import exclusive_use
from pronote_server.hosting.news import EVERYBODY, OFFICE, Audience, FamilyNews, News
from pronote_server.observe.testing import Logs

ONE_TEACHER = Audience(teachers=frozenset({"T1"}))


@attrs.define(eq=False)
class Hearing:
    """As much of a session, and of its link, as telling wants."""

    id: str
    mode: Mode
    person: str | None
    account_id: int = 1
    login: str = ""
    year: int | None = None
    seat: Any = None
    token: Any = None
    ended: bool = False
    link: Any = attrs.field(default=attrs.Factory(lambda me: me, takes_self=True))
    exclusive: bool = False
    forced: bool = False
    access: Access = Access.CONSULTATION
    heard: int = 0
    frames: bytes = b""
    held: bytes = b""
    on_heard: Callable[[], object] | None = None

    def tell(self, frame: bytes) -> None:
        self.heard += 1
        self.frames += self.held + frame
        self.held = b""
        if self.on_heard is not None:
            self.on_heard()

    def hold(self, frame: bytes) -> None:
        self.held += frame


def a_school() -> tuple[SessionBook, dict[str, Hearing]]:
    book = SessionBook()
    sessions = [
        Hearing("office", Mode.ADMINISTRATIVE, None),
        Hearing("teacher", Mode.TEACHER, "teacher:T1"),
        Hearing("again", Mode.TEACHER, "teacher:T1"),
        Hearing("other", Mode.TEACHER, "teacher:T2"),
        Hearing("at the desk", Mode.ADMINISTRATIVE, "teacher:T1"),
        Hearing("in the yard", Mode.SCHOOL_LIFE, "teacher:T1"),
        Hearing("in the past", Mode.TEACHER, "teacher:T1", year=2019),
        Hearing("hosting", Mode.HOSTING, None),
    ]
    for each in sessions:
        book.begin(each)  # type: ignore[arg-type]
    return book, {each.id: each for each in sessions}


@pytest.mark.parametrize(
    ("audience", "hear"),
    [
        (ONE_TEACHER, {"office", "at the desk", "teacher", "again"}),
        (OFFICE, {"office", "at the desk"}),
        (EVERYBODY, {"office", "at the desk", "teacher", "again", "other", "in the yard"}),
        (Audience(school_life=True), {"office", "at the desk", "in the yard"}),
        (Audience(persons=frozenset({"teacher:T2"})), {"other"}),
    ],
)
def test_each_hears_once_what_is_for_him(audience: Audience, hear: set[str]) -> None:
    book, sessions = a_school()
    news = News(book)
    news.add(1, [FamilyNews("marks", audience)])
    news.tell()
    assert {name: each.heard for name, each in sessions.items() if each.heard} == (
        dict.fromkeys(hear, 1)
    )


def test_who_has_left_is_found_no_more() -> None:
    book, sessions = a_school()
    for each in sessions.values():
        assert book.end(each, "logout")  # type: ignore[arg-type]
    assert not [*book, *book.of_account(1), *book.of_person("teacher:T1")]
    assert not any(book.of_mode(mode) for mode in Mode)


# ------------------------------------------------------------------------ a big school


def a_crowd(count: int = 2_500) -> tuple[News, list[Hearing]]:
    """Return what tells so many teachers, all of whom hear everything."""
    book = SessionBook()
    crowd = [Hearing(f"{n}", Mode.TEACHER, f"teacher:T{n}") for n in range(count)]
    for each in crowd:
        book.begin(each)  # type: ignore[arg-type]
    return News(book), crowd


def events(session: Hearing) -> list[Event]:
    decoder, found = FrameDecoder(4_096), list[Event]()
    decoder.feed(session.frames)
    while (payload := decoder.next_payload()) is not None:
        event = from_wire(unpack(payload, WireLimits()))
        assert isinstance(event, Event)
        found.append(event)
    return found


def revisions(session: Hearing) -> list[int]:
    return [each.params["revision"] for each in events(session)]


def names(session: Hearing) -> list[str]:
    return [each.name for each in events(session)]


NEWS = [FamilyNews("marks", EVERYBODY)]


async def test_a_thousand_are_told_and_then_others_have_their_turn() -> None:
    news, crowd = a_crowd()
    news.add(1, NEWS)
    news.tell()
    turns = [sum(each.heard for each in crowd)]
    while turns[-1] < len(crowd):
        await trio.testing.wait_all_tasks_blocked()
        turns.append(sum(each.heard for each in crowd))
        assert len(turns) < 5
    assert turns[0] == 1_000
    assert {each.heard for each in crowd} == {1}


async def test_everybody_hears_of_commits_in_their_order() -> None:
    news, crowd = a_crowd()
    for revision in range(1, 6):
        news.add(revision, NEWS)
        news.tell()
    await trio.testing.wait_all_tasks_blocked()
    assert all(revisions(each) == [1, 2, 3, 4, 5] for each in crowd)


async def test_who_wrote_hears_with_his_answer_and_of_what_was_before() -> None:
    """The last of the crowd writes while he was not told of the first commit."""
    news, crowd = a_crowd()
    last: Any = crowd[-1]
    news.add(1, NEWS)
    news.tell()
    news.add(2, NEWS, answered=last)
    news.tell()
    assert not last.heard
    last.tell(b"")  # his answer
    assert revisions(last) == [1, 2]
    await trio.testing.wait_all_tasks_blocked()
    assert all(revisions(each) == [1, 2] for each in crowd)


async def test_what_must_not_be_overtaken_is_told_first() -> None:
    news, crowd = a_crowd()
    for revision in (1, 2):
        news.add(revision, NEWS)
        news.tell()
    news.finish()
    assert all(revisions(each) == [1, 2] for each in crowd)
    await trio.testing.wait_all_tasks_blocked()
    assert all(revisions(each) == [1, 2] for each in crowd)


async def test_somebody_who_is_hung_up_meanwhile_may_have_all_told_at_once() -> None:
    news, crowd = a_crowd()
    crowd[10].on_heard = news.finish
    for revision in (1, 2):
        news.add(revision, NEWS)
        news.tell()
    await trio.testing.wait_all_tasks_blocked()
    assert all(revisions(each) == [1, 2] for each in crowd)


async def test_commits_that_are_still_being_told_are_few() -> None:
    news, crowd = a_crowd(12_000)
    for revision in range(1, 11):
        news.add(revision, NEWS)
        news.tell()
    assert revisions(crowd[-1]) == [1, 2]
    await trio.testing.wait_all_tasks_blocked()
    assert all(revisions(each) == [*range(1, 11)] for each in crowd)


async def test_a_link_that_breaks_while_the_others_wait_breaks_nothing_else(logs: Logs) -> None:
    def broken() -> None:
        raise RuntimeError("a link of ours")

    news, crowd = a_crowd()
    crowd[1_500].on_heard = broken
    news.add(1, NEWS)
    news.tell()
    await trio.testing.wait_all_tasks_blocked()
    logs.expect("news.telling_failed")
    assert {each.heard for each in crowd} == {1}


def no_exclusive_use(school: Any) -> None:
    exclusive_use.leave_exclusive(school, school.sessions.get("0"))


def another_event(school: Any) -> None:
    exclusive_use.broadcast(school, ExclusiveChanged(holder=None))


@pytest.mark.parametrize("say", [no_exclusive_use, another_event])
async def test_what_is_said_of_the_base_comes_after_what_was_entered_before(
    say: Callable[[Any], None],
) -> None:
    news, crowd = a_crowd()
    exclusive = ExclusiveUse()
    exclusive.begin("0", "DUPAS")
    school = SimpleNamespace(news=news, sessions=news._sessions, exclusive=exclusive, base=None)
    news.add(1, NEWS)
    news.tell()
    assert not crowd[-1].frames

    say(school)

    assert names(crowd[-1]) == ["base.changed", "exclusive.changed"]
    await trio.testing.wait_all_tasks_blocked()
    assert len(names(crowd[-1])) == 2
