"""Who is looked at when something is told: nobody whom it cannot concern."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pronote_protocol.words import Mode
from pronote_server.domain.sessions import SessionBook
from pronote_server.hosting.news import EVERYBODY, OFFICE, Audience, FamilyNews, News

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
    heard: int = 0

    def tell(self, frame: bytes) -> None:
        self.heard += 1


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
