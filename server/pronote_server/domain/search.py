"""How text is compared when somebody searches: without regard to case and accents."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["fold"]

# Letters and signs that Unicode does not decompose, though every French reader does.
_PLAIN: Final = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "‐": "-",
        "‑": "-",
    }
)


def fold(text: str) -> str:
    """
    Return the search key of *text*: two texts a reader takes for the same share it.

    Case, accents, ligatures, typographic apostrophes and the amount of white space do not
    count. Folding a key gives the same key, so that stored keys may be compared with a
    folded question.
    """
    plain = _without_marks(text).casefold().translate(_PLAIN)
    return " ".join(plain.split())


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
