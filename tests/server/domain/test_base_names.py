"""The name of a base is also that of its file."""

from __future__ import annotations

import pytest

from pronote_protocol.errors import BadRequest
from pronote_server.domain.base_names import base_name, same_name


@pytest.mark.parametrize("name", ["Base", "Base 2020-2021", "Collège d'été", "a" * 60, "x.y"])
def test_a_plain_name_is_kept(name: str) -> None:
    assert base_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "..",
        ".",
        ".cache",
        "x.",
        "a/b",
        "../x",
        "a\\b",
        "C:x",
        "a\nb",
        "a\0b",
        "é" * 61,
    ]
    + [f"a{each}b" for each in '*?"<>|'],
)
def test_a_name_that_would_leave_the_folder_or_hide_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="name: "):
        base_name(name)


def test_the_two_ways_to_write_an_accent_are_one_name() -> None:
    assert base_name("e\u0301te\u0301") == "été"


def test_case_and_accents_do_not_make_another_base() -> None:
    assert same_name("Été", "ete")
    assert not same_name("Base", "Base 2")
