"""What a person was told of the base, and what he had to ask for after a cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import attrs

from morning.ledger import Ledger
from pronote_client import Mode
from pronote_protocol.catalogue.changes import ChangeRow

__all__ = ["News", "overheard"]


@attrs.define
class News:
    """
    One person's morning, over all his sessions.

    Attributes:
        first: The revision of the base when he came in; None until then.
        until: The last revision that is looked at: when he went home.
        known: Up to which revision he knows what changed.
        heard: How often each revision was told, and of which families it said to be.
        asked: Revisions he read of, having been away.
        visible: All that he may see, as the server says at the end.
        services: Those he teaches, a teacher's; everything else of them is not for him.
    """

    name: str
    mode: Mode
    first: int | None = None
    until: int = 0
    known: int = 0
    heard: Counter[int] = attrs.field(factory=Counter)
    families: dict[int, tuple[str, ...]] = attrs.field(factory=dict)
    asked: set[int] = attrs.field(factory=set)
    visible: set[int] = attrs.field(factory=set)
    services: set[int] = attrs.field(factory=set)

    def came_in(self, revision: int) -> bool:
        """Note a new session; return whether he was here before, and has to ask."""
        if self.first is None:
            self.first = self.known = revision
            return False
        return revision > self.known

    def was_told(self, revision: int, what: tuple[str, ...]) -> None:
        self.heard[revision] += 1
        self.families[revision] = what
        self.known = max(self.known, revision)

    def has_read(self, rows: Iterable[ChangeRow], revision: int) -> None:
        self.asked.update(row.revision for row in rows)
        self.known = max(self.known, revision)

    @property
    def missing(self) -> set[int]:
        """What he may see, and knows nothing of."""
        return self.visible - self.heard.keys() - self.asked

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with it."""
        for revision in sorted(self.missing):
            yield f"{self.name}: revision {revision} was not told"
        for revision, count in sorted(self.heard.items()):
            if count > 1:
                yield f"{self.name}: revision {revision} was told {count} times"
            if revision not in self.visible and revision <= self.until:
                yield f"{self.name}: revision {revision} was told, and is not for him"


def overheard(
    news: Iterable[News], changes: Mapping[int, list[ChangeRow]], ledger: Ledger
) -> Iterator[str]:
    """
    Yield what teachers were told of that only concerns others, as far as we know ourselves.

    The server is not asked: who entered which marks, and that follow-ups are not for teachers,
    is in our own books.
    """
    for each in news:
        if each.mode is not Mode.TEACHER:
            continue
        for revision in sorted(each.heard):
            rows = changes.get(revision, [])
            if each.families[revision] == ("follow_ups",):
                yield f"{each.name}: revision {revision} is a follow-up"
            owners = {
                ledger.services.get(int(row.entity_id.partition("/")[0]))
                for row in rows
                if row.family in ("marks", "assessments") and row.entity_id
            }
            others = owners - {None}
            if others and len(owners) == len(others) and not others & each.services:
                yield f"{each.name}: revision {revision} is of a service of somebody else"
