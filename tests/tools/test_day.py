"""`tools/day.py`: a morning passes its own check, also when the server dies in it."""

from __future__ import annotations

import datetime
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from day import arguments_from, play
from morning.averages import mean_of, median_of, pupil_average
from morning.ledger import Ledger
from morning.news import News, overheard
from pronote_protocol.catalogue.assessments import AssessmentRow
from pronote_protocol.catalogue.changes import ChangeRow
from pronote_protocol.catalogue.services import RoundingRow, ServiceRow, ServiceShown
from pronote_protocol.words import (
    Annotation,
    EvaluatesIn,
    Mode,
    RoundingDirection,
    SubServiceUse,
)

DAY: Final = Path(__file__).resolve().parents[2] / "tools" / "day.py"
NEAREST: Final = RoundingRow(Decimal("0.01"), RoundingDirection.NEAREST)
SERVICE: Final = ServiceShown(
    service=ServiceRow(
        id=1,
        subject="MATHS",
        teacher="",
        class_id=1,
        group_id=None,
        audience="3A",
        parent_id=None,
        evaluates_in=EvaluatesIn.BOTH,
        coefficient=Decimal(1),
        orphan=False,
        revision=1,
    ),
    bring_to_20=False,
    above_average_only=False,
    highest_weight=Decimal(1),
    lowest_weight=Decimal(1),
    rounding_pupil=NEAREST,
    rounding_class=NEAREST,
    out_of=20,
    bonus_malus=False,
    sub_services=SubServiceUse.AVERAGES,
    coefficients=(),
)


def out_of(scale: int, **options: Any) -> AssessmentRow:
    row = AssessmentRow(
        id=1,
        service_id=1,
        period_id=1,
        date=datetime.date(2020, 10, 1),
        title="",
        scale=Decimal(scale),
        coefficient=Decimal(1),
        optional=False,
        bonus=False,
        bring_to_20=False,
        published_on=None,
        revision=1,
    )
    return attrs.evolve(row, **options)


def average(
    *marks: tuple[int | Annotation, AssessmentRow], service: ServiceShown = SERVICE
) -> Decimal | None:
    values = [None if isinstance(mark, Annotation) else Decimal(mark) for mark, _ in marks]
    annotations = [mark if isinstance(mark, Annotation) else None for mark, _ in marks]
    return pupil_average(service, [each for _, each in marks], values, annotations)


def test_the_published_examples_come_out() -> None:
    marks = ((18, out_of(20)), (2, out_of(10)), (1, out_of(5)))
    brought = attrs.evolve(SERVICE, bring_to_20=True)

    assert average(*marks) == 12
    assert average(*marks, service=brought) == Decimal("8.67")
    assert average((12, out_of(20)), (16, out_of(20)), (17, out_of(20, bonus=True))) == Decimal(
        "17.5"
    )


def test_annotations_optional_marks_and_nothing_at_all() -> None:
    ten, optional = (10, out_of(20)), out_of(20, optional=True)

    assert average() is average((Annotation.ABSENT, out_of(20))) is None
    assert average(ten, (Annotation.ABSENT, out_of(20))) == 10
    assert average(ten, (Annotation.ABSENT_ZERO, out_of(20))) == 5
    assert average(ten, (4, optional)) == 10
    assert average(ten, (18, optional), (12, optional)) == 14
    assert average((18, optional)) is None


def test_the_highest_and_lowest_marks_weigh_what_the_service_says() -> None:
    service = attrs.evolve(SERVICE, highest_weight=Decimal(2), lowest_weight=Decimal(0))

    assert average((5, out_of(20)), (11, out_of(20)), (14, out_of(20)), service=service) == 13
    assert average((11, out_of(20)), (11, out_of(20)), service=service) == 11


def test_means_and_medians_are_rounded_as_the_class_rounds() -> None:
    averages = [Decimal(8), None, Decimal("12.5"), Decimal("10.01")]

    assert mean_of(averages, NEAREST) == Decimal("10.17")
    assert median_of(averages, NEAREST) == Decimal("10.01")
    assert mean_of([None], NEAREST) is median_of([], NEAREST) is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--demo", "--settings", "x"],
        ["--settings", "x"],
        ["--settings", "x", "--accounts", "y", "--kill", "1"],
        ["--demo", "--sessions", "0"],
        ["--demo", "--for", "soon"],
    ],
)
def test_bad_usage_is_told_before_anything_starts(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_from(arguments)

    assert ended.value.code == 2


@pytest.mark.real_tcp
def test_a_morning_in_which_the_server_is_killed_loses_and_doubles_nothing() -> None:
    few = ["--demo", "--sessions", "16", "--for", "4s", "--kill", "1", "--seed", "3"]
    ended = subprocess.run(
        [sys.executable, str(DAY), *few],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the server killed 1 times" in ended.stdout
    assert "2 wrong passwords" in ended.stdout
    assert ended.stdout.endswith("\nok\n")


@pytest.mark.real_tcp
async def test_a_write_that_is_lost_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the ledger has and the base has not: an assessment, a follow-up."""

    def boasting(**known: Any) -> Ledger:
        return Ledger(**known, titles={"never made": 1}, follow_ups=["never said"])

    monkeypatch.setattr("day.Ledger", boasting)

    options = ["--demo", "--plain", "--sessions", "9", "--for", "1s", "--seed", "3"]
    assert not await play(arguments_from(options))
    said = capsys.readouterr().out
    assert "WRONG: assessment never made: 0 times" in said
    assert "WRONG: follow-up never said: 0 times" in said


def news_of(mode: Mode, *told: int, visible: tuple[int, ...], until: int = 9) -> News:
    news = News("somebody", mode)
    news.came_in(0)
    for revision in told:
        news.was_told(revision, ("marks",))
    news.visible, news.until = set(visible), until
    return news


@pytest.mark.parametrize(
    ("told", "visible", "said"),
    [
        ((1, 2), (1, 2), None),
        ((1, 10), (1,), None),  # after he went home
        ((1,), (1, 2), "revision 2 was not told"),
        ((1, 1), (1,), "revision 1 was told 2 times"),
        ((1, 2), (1,), "revision 2 was told, and is not for him"),
    ],
)
def test_each_change_is_told_once_to_whom_it_is_for(
    told: tuple[int, ...], visible: tuple[int, ...], said: str | None
) -> None:
    problems = list(news_of(Mode.TEACHER, *told, visible=visible).problems())

    assert problems == ([] if said is None else [f"somebody: {said}"])


def test_what_was_asked_for_after_a_cut_need_not_be_told() -> None:
    news = news_of(Mode.TEACHER, 1, visible=(1, 2, 3))
    assert news.came_in(3), "he has to ask"
    news.has_read([ChangeRow(2, "marks", "1/1"), ChangeRow(3, "marks", "1/1")], 3)

    assert list(news.problems()) == []
    assert not news.came_in(3)


def test_a_teacher_who_hears_of_somebody_else_s_marks_is_found_without_asking_the_server() -> (
    None
):
    ledger = Ledger(run="", period_id=1, first=datetime.date(2020, 9, 1), day=None)
    ledger.services = {12: 1, 13: 2}
    news = news_of(Mode.TEACHER, 1, 2, visible=(1, 2))
    news.services = {1}
    changes = {
        1: [ChangeRow(1, "marks", "12/345")],
        2: [ChangeRow(2, "assessments", "13")],
    }

    assert [*overheard([news], changes, ledger)] == [
        "somebody: revision 2 is of a service of somebody else"
    ]
    news.families[1] = ("follow_ups",)
    assert len([*overheard([news], changes, ledger)]) == 2
    news.mode = Mode.ADMINISTRATIVE
    assert [*overheard([news], changes, ledger)] == []
