"""Files are recognised by content, and no bytes make anything but a school or a refusal."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol.errors import TransferRefused
from pronote_server.timetable_files import ReadTimetable, read_any

SAMPLES = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[4] / "shared" / "data"
FET = ("school.fet", "school_activities.xml")
STS = ("sts_emp.xml", "emp_sts.xml")


def sample(*names: str) -> list[tuple[str, bytes]]:
    return [(name, (SAMPLES / name).read_bytes()) for name in names]


def school_or_refusal(files: list[tuple[str, bytes]]) -> ReadTimetable | None:
    """Whatever is returned is consistent; nothing but TransferRefused is raised."""
    try:
        reading = read_any(files, school_year=2020)
    except TransferRefused:
        return None
    assert reading.data.check() == []
    return reading


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (FET, "FET"),
        (FET[::-1], "FET"),
        (FET[:1], "FET"),
        (STS, "STS-WEB"),
        (STS[::-1], "STS-WEB"),
    ],
)
def test_files_are_recognised_by_content(names: tuple[str, ...], source: str) -> None:
    plain = sample(*names)
    compressed = [("x", gzip.compress(content)) for _, content in plain]

    assert read_any(plain, school_year=2020).summary.source == source
    assert read_any(compressed, school_year=2020).summary.source == source


@pytest.mark.parametrize(
    ("names", "fr"),
    [
        ((), "0 fichiers reçus"),
        ((*FET, "sts_emp.xml"), "3 fichiers reçus"),
        (STS[:1], "reçu : <STS_EDT>"),
        (STS[1:], "reçu : <EDT_STS>"),
        (FET[1:], "reçu : <Activities_Timetable>"),
        ((FET[0], STS[0]), "reçu : <fet> + <STS_EDT>"),
        ((FET[0], FET[0]), "deux fichiers <fet>"),
    ],
)
def test_what_does_not_go_together_is_refused(names: tuple[str, ...], fr: str) -> None:
    with pytest.raises(TransferRefused) as refusal:
        read_any(sample(*names), school_year=2020)

    assert fr in refusal.value.fr


def test_another_kind_of_xml_is_refused() -> None:
    with pytest.raises(TransferRefused, match="neither from FET nor from STS-WEB"):
        read_any([("x", b"<html><body/></html>")], school_year=2020)


@given(st.lists(st.tuples(st.just("f"), st.binary(max_size=300)), max_size=3))
def test_any_bytes_give_a_school_or_a_refusal(files: list[tuple[str, bytes]]) -> None:
    school_or_refusal(files)


TAGS = ["fet", "Days_List", "Day", "Hours_List", "Hour", "Name", "Activity", "Id", "Duration"]


@given(
    st.recursive(
        st.text(st.characters(exclude_categories=["C"]), max_size=8),
        lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)),
        max_leaves=20,
    )
)
def test_any_tree_of_fet_elements_gives_a_school_or_a_refusal(tree: object) -> None:
    school_or_refusal([("f", f"<fet>{_written(tree)}</fet>".encode())])


def _written(tree: object) -> str:
    if isinstance(tree, tuple):
        tag, inner = tree
        return f"<{tag}>{''.join(map(_written, inner))}</{tag}>"
    return str(tree).replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize("names", [FET, STS])
def test_a_file_with_mistakes_gives_a_school_or_a_refusal(names: tuple[str, ...]) -> None:
    """Two kinds of mistakes: any bytes changed, and texts exchanged in sound XML."""
    outcomes = [
        school_or_refusal(files) is None for files in _with_mistakes(sample(*names), times=300)
    ]

    assert 50 < sum(outcomes) < 600  # both happen, so the mistakes are neither all nor nothing


@pytest.mark.parametrize(
    ("paths", "times"),
    [
        (("fet/GYR.fet.gz", "fet/GYR_activities_solved.xml.gz"), 10),
        (("sts/case1_sts_emp.xml", "sts/case1_emp_sts.xml"), 100),
        (("sts/case2_sts_emp.xml", "sts/case2_emp_sts.xml"), 100),
        (("sts/parsing-error-case_sts_emp.xml", "sts/parsing-error-case_emp_sts.xml"), 20),
    ],
)
def test_a_real_file_with_mistakes_gives_a_school_or_a_refusal(
    paths: tuple[str, ...], times: int
) -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not beside the project")
    real = [(path, (REAL / path).read_bytes()) for path in paths]
    plain = [
        (name, gzip.decompress(content) if name.endswith(".gz") else content)
        for name, content in real
    ]
    for files in _with_mistakes(plain, times=times):
        school_or_refusal(files)


def _with_mistakes(
    files: list[tuple[str, bytes]], *, times: int
) -> list[list[tuple[str, bytes]]]:
    chance = random.Random(2020)
    changed: list[list[tuple[str, bytes]]] = []
    for _ in range(times):
        for mistake in (_bytes_changed, _texts_exchanged):
            which = chance.randrange(len(files))
            name, content = files[which]
            other = [*files]
            other[which] = name, mistake(content, chance)
            changed.append(other)
    return changed


def _bytes_changed(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randint(1, 40)]
            case 2:
                data[place:place] = data[place : place + chance.randint(1, 40)]
            case _:
                data[place] = chance.choice(b"<>/&\"' 09")
    return bytes(data)


def _texts_exchanged(content: bytes, chance: random.Random) -> bytes:
    pieces = content.split(b">")
    texts = [i for i, piece in enumerate(pieces) if piece.partition(b"<")[0].strip()]
    for _ in range(chance.randint(1, 3)):
        one, other = chance.choice(texts), chance.choice(texts)
        text, angle, rest = pieces[one].partition(b"<")
        replaced = chance.choice(
            [pieces[other].partition(b"<")[0], b"", b"-1", b"99999999999", text * 2, b"0"]
        )
        pieces[one] = replaced + angle + rest
    return b">".join(pieces)
