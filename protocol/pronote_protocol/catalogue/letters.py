"""Calls on models of letters (*lettres types*); a base can take them from another (fiche 7)."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.resource_calls import (
    REQUIRED,
    SETTINGS_MODES,
    ListThings,
    NewThing,
    resource_calls,
)
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class LetterRow:
    """``characters``: how long the text is, which is read by itself."""

    id: int
    code: str
    name: str
    category: str
    characters: int
    revision: int


@attrs.frozen(kw_only=True, slots=False)
class Letter:
    """
    A model of a letter.

    Attributes:
        category: What it is for, such as ``Absences``; free.
        body: Of at most 8 000 characters; what is between ``{`` and ``}`` is filled in by
            who prints it.
    """

    name: str = attrs.field(validator=[*REQUIRED])
    category: str = attrs.field(default="", validator=attrs.validators.max_len(60))
    body: str = attrs.field(default="", validator=attrs.validators.max_len(8000))


@attrs.frozen(kw_only=True)
class CreateLetter(Letter, NewThing):
    """A model of a letter."""


@attrs.frozen(kw_only=True)
class ChangeLetter(Letter, ThingRef):
    """Everything it shall be from now on."""


@attrs.frozen(kw_only=True)
class LetterText:
    body: str
    revision: int


LETTERS: Final = resource_calls(
    "letters",
    one="a model of a letter",
    several="the models of letters",
    row=LetterRow,
    wish=ListThings,
    new=CreateLetter,
    changed=ChangeLetter,
    unless="",
    reading=Right.SCHOOL_SETTINGS,
    reading_modes=SETTINGS_MODES,
    managing=Right.SCHOOL_SETTINGS,
)
READ_TEXT: Final = Call(
    name="letters.read_text",
    params=ThingRef,
    result=LetterText,
    right=Right.SCHOOL_SETTINGS,
    modes=SETTINGS_MODES,
    summary="Read the text of a model of a letter.",
)
