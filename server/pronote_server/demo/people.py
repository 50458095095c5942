"""People of the demo school: plausible French names, nobody in particular."""

from __future__ import annotations

import csv
import importlib.resources
import itertools
import random

import attrs

__all__ = ["NameDrawer", "Person", "read_rows"]


def read_rows(file_name: str) -> list[dict[str, str]]:
    """Return the rows of one of the packaged tables; `SOURCES.md` says where they are from."""
    data = importlib.resources.files("pronote_server.demo") / "data" / file_name
    lines = data.read_text("utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter=";"))


@attrs.frozen
class Person:
    last_name: str
    first_name: str
    is_woman: bool

    @property
    def civility(self) -> str:
        return "Mme" if self.is_woman else "M."


class NameDrawer:
    """
    Draws people, never the same name twice.

    Args:
        taken: Last and first names that are somebody's already.
    """

    def __init__(self, chance: random.Random, taken: set[tuple[str, str]]) -> None:
        self._chance = chance
        self._taken = taken
        self._surnames = [row["surname"] for row in read_rows("surnames.txt")]
        children = read_rows("first_names.csv")
        self._children = [(row["name"], row["sex"] == "F") for row in children]
        self._births = list(itertools.accumulate(int(row["births"]) for row in children))
        self._adults = [
            (row["name"], row["sex"] == "F") for row in read_rows("adult_first_names.csv")
        ]

    def pupil(self) -> Person:
        """Draw a child, by the frequency of first names."""
        while True:
            ((name, is_woman),) = self._chance.choices(self._children, cum_weights=self._births)
            if person := self._new(name, is_woman):
                return person

    def adult(self) -> Person:
        while True:
            name, is_woman = self._chance.choice(self._adults)
            if person := self._new(name, is_woman):
                return person

    def _new(self, first_name: str, is_woman: bool) -> Person | None:
        last_name = self._chance.choice(self._surnames)
        if (last_name, first_name) in self._taken:
            return None
        self._taken.add((last_name, first_name))
        return Person(last_name, first_name, is_woman)
