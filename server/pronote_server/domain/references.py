"""Short references that a refused user reads out to the administrator: ``S-7F3K2``."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

from .passwords import Chooser

__all__ = ["counting_references", "random_references"]

# 32 signs, without those that are mistaken for one another over the telephone.
_SIGNS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH: Final = 5
# Odd, so that counting by it goes through every reference before one comes again.
_STRIDE: Final = 20_654_321


def counting_references() -> Callable[[], str]:
    """Return a factory that always gives the same series; nothing comes twice in 33 million."""
    numbers = (n * _STRIDE % len(_SIGNS) ** _LENGTH for n in itertools.count(1))

    def new_reference() -> str:
        number, signs = next(numbers), ""
        for _ in range(_LENGTH):
            number, sign = divmod(number, len(_SIGNS))
            signs = _SIGNS[sign] + signs
        return f"S-{signs}"

    return new_reference


def random_references(random: Chooser) -> Callable[[], str]:
    """
    Return a factory for a server, whose references differ from those before its restart.

    Args:
        random: The module `secrets`, for instance.
    """
    return lambda: "S-" + "".join(random.choice(_SIGNS) for _ in range(_LENGTH))
