"""The catalogue holds together: whoever adds a call is told what it lacks."""

from __future__ import annotations

import datetime
import enum
import importlib
import pkgutil
import re
import subprocess
import sys
import typing
from typing import Any

import attrs
import pytest

from pronote_protocol import catalogue
from pronote_protocol.catalogue import CATALOGUE, Call, Page, every_call
from pronote_protocol.catalogue.call import ADMINISTRATION
from pronote_protocol.catalogue.resource_calls import ResourceCalls
from pronote_protocol.catalogue.users import UserRow
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Nothing
from pronote_protocol.records import is_row, structure
from pronote_protocol.stages import Saying
from pronote_protocol.words import Mode, Right

EVERY = list(CATALOGUE.values())
# Values for what a call cannot do without.
SOME = {int: 1, str: "x", datetime.date: "2020-09-07"}
READING = ("show", "list", "read", "mine", "rules", "password")


def by_name(call: Call[Any, Any]) -> str:
    return call.name


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_a_call_is_named_family_dot_verb(call: Call[Any, Any]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", call.name)
    assert len(call.name) <= 64


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_a_call_says_what_it_does_in_one_sentence(call: Call[Any, Any]) -> None:
    assert re.fullmatch(r"[A-Z][^.]*(\.[^ ][^.]*)*\.", call.summary)


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_a_call_has_a_right_and_a_mode(call: Call[Any, Any]) -> None:
    assert isinstance(call.right, Right)
    assert call.modes
    assert call.modes <= set(Mode)


@pytest.mark.parametrize("call", EVERY, ids=by_name)
def test_params_travel_as_a_map_and_can_be_read(call: Call[Any, Any]) -> None:
    """
    An array could not gain a field, except at its end, which only clients pass over: a result
    may be a row, params never. A kind that does not travel is found here.
    """
    assert attrs.has(call.params)
    assert not is_row(call.params)
    required = [
        field.name for field in attrs.fields(call.params) if field.default is attrs.NOTHING
    ]
    if not required:
        structure({}, call.params)


@pytest.mark.parametrize("call", [call for call in EVERY if call.writes], ids=by_name)
def test_a_call_that_writes_does_not_only_read(call: Call[Any, Any]) -> None:
    assert call.name.split(".")[1] not in READING
    # What everybody has by being there cannot change the base of a session in consultation.
    assert call.right is not Right.OWN


def test_no_call_has_the_name_of_a_step_of_the_login() -> None:
    """It would never reach the catalogue."""
    assert not {saying.value for saying in Saying} & CATALOGUE.keys()


# What a session may do about the school's daily work; a teacher about his own classes only.
DAILY_WORK = {
    right
    for right in Right
    if right.value.endswith(("-marks", "-notebook", "-documents", "-punishments"))
} | {Right.OWN, Right.TAKE_ROLL, Right.COMMUNICATE}


def test_a_teacher_finds_only_calls_about_himself_and_his_classes() -> None:
    rights = {call.right for call in EVERY if Mode.TEACHER in call.modes}

    assert rights <= DAILY_WORK


def test_every_call_about_others_accounts_is_for_the_office() -> None:
    others = DAILY_WORK | {
        Right.READ_RESOURCES,
        Right.READ_TIMETABLES,
        Right.READ_SCHOOL_LIFE,
        Right.ENTER_SCHOOL_LIFE,
    }
    for call in EVERY:
        if call.right not in others:
            assert call.modes <= ADMINISTRATION, call.name


def test_a_page_asks_for_no_more_rows_than_an_answer_may_carry() -> None:
    for call in EVERY:
        limit = next((f for f in attrs.fields(call.params) if f.name == "limit"), None)
        if limit is None:
            continue
        most = WireLimits().page_rows
        kinds = typing.get_type_hints(call.params)
        required = {
            field.name: next(iter(kinds[field.name])).value
            if issubclass(kinds[field.name], enum.Enum)
            else SOME[kinds[field.name]]
            for field in attrs.fields(call.params)
            if field.default is attrs.NOTHING
        }
        structure({**required, "limit": most}, call.params)
        with pytest.raises(Exception, match="limit"):
            structure({**required, "limit": most + 1}, call.params)
        with pytest.raises(Exception, match="limit"):
            structure({**required, "limit": 0}, call.params)


def test_a_call_declared_twice_is_a_mistake_found_at_import() -> None:
    with pytest.raises(ValueError, match=r"session\.show is declared twice"):
        Call(
            name="session.show",
            params=Nothing,
            result=Page[Any],
            right=Right.OWN,
            summary="Again.",
        )


def test_secrets_of_calls_are_not_in_the_repr() -> None:
    for call in EVERY:
        for kind in (call.params, call.result):
            # The password of a row of users is a state: generated, personalised, unset.
            if not attrs.has(kind) or kind is UserRow:
                continue
            for field in attrs.fields(kind):
                secret = "password" in field.name and field.type in (str, "str")
                assert not (secret and field.repr), f"{kind.__name__}.{field.name}"


def test_every_module_of_the_catalogue_is_known_to_who_lists_all_calls() -> None:
    """A module nobody imports declares calls that no server has."""
    known, package = set(every_call.__all__), catalogue.__name__
    for each in pkgutil.iter_modules(catalogue.__path__):
        calls = [
            value
            for value in vars(importlib.import_module(f"{package}.{each.name}")).values()
            if isinstance(value, Call | ResourceCalls)
        ]
        assert not calls or each.name in known


def test_a_module_of_the_catalogue_is_there_when_it_is_named() -> None:
    code = (
        "import sys\n"
        "from pronote_protocol import catalogue\n"
        "assert {'CATALOGUE', 'Call', 'marks'} <= set(dir(catalogue))\n"
        "assert 'pronote_protocol.catalogue.marks' not in sys.modules\n"
        "assert catalogue.marks.READ_MARKS.name == 'marks.read'\n"
        "assert 'pronote_protocol.catalogue.notebook' not in sys.modules\n"
        "assert 'notebook.show' in catalogue.CATALOGUE or len(catalogue.CATALOGUE) > 100\n"
        "assert not hasattr(catalogue, 'mark') and not hasattr(catalogue, '__wrapped__')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
