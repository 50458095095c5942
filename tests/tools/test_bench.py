"""`tools/bench`: it counts what came, says what is invalid, and its short form runs."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import select
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from bench.__main__ import arguments_from, main
from bench.driving.closed_loop import Bytes, Frames, Line, Loop, WrongAnswer
from bench.driving.http2 import Http2, Streams
from bench.driving.open_model import Arrival, OpenLoop, Source, arrivals
from bench.driving.sessions import Account, request, steps
from bench.figures import FIGURES
from bench.measuring.processes import Missing
from bench.measuring.processor import Cores, cpu_seconds
from bench.measuring.rows import Compared, Row, saturated
from bench.measuring.turns import Sample, take_turns
from bench.plan import SHORT, Bench
from bench.report.page import page
from bench.report.plots import percentile_plot
from pronote_protocol.codec import pack, unpack
from pronote_protocol.framing import encode_frame
from pronote_protocol.limits import WireLimits
from pronote_protocol.scram import PLAIN, ServerLogin
from pronote_protocol.testing import LOGIN, PASSWORD, sample_keys
from pronote_protocol.words import Mode

TOOLS: Final = Path(__file__).resolve().parents[2] / "tools"
RESULT: Final = encode_frame(pack([1, 1, None, {"rows": [[1, "MARTIN"]] * 30}]))
EVENT: Final = encode_frame(pack([2, "base.changed", {"revision": 7, "what": ["marks"]}]))
REFUSAL: Final = encode_frame(pack([1, 1, {"code": "not_allowed", "fr": "", "en": ""}, None]))
GOODBYE: Final = encode_frame(pack([2, "goodbye", {"code": "idle"}]))


def row(**changes: Any) -> Row:
    values: dict[str, Any] = {
        "number": 1,
        "name": "hot-read",
        "what": "hot <read>",
        "reference": "raw Trio",
        "unit": "us",
        "ours": [10.0, 12.0, 11.0],
        "theirs": [10.0, 10.0, 10.0],
        "reach": 1.4,
        "aim": 0.6,
    }
    return Row(**{**values, **changes})


def sample(*, generator: float = 0.1, units: int = 10, cpu: float = 0.5) -> Sample:
    return Sample(units=units, cpu=cpu, wall=1.0, generator=generator)


def bench(**changes: Any) -> Bench:
    return Bench(SHORT, Cores(None, None), random.Random(0), **changes)


# ------------------------------------------------------------------------ what is counted


@pytest.mark.parametrize("size", [1, 7, 100, 5_000])
def test_answers_are_counted_however_the_stream_is_cut(size: int) -> None:
    stream, counter = (RESULT + EVENT + RESULT) * 5, Frames()

    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]

    assert sum(map(counter.heard, pieces)) == 10


@pytest.mark.parametrize("wrong", [REFUSAL, GOODBYE], ids=["refusal", "goodbye"])
def test_what_is_no_answer_is_not_counted_as_one(wrong: bytes) -> None:
    with pytest.raises(WrongAnswer):
        Frames().heard(RESULT + wrong)


def test_answers_of_a_known_size_are_counted_by_bursts() -> None:
    counter = Bytes(size=100, depth=8)

    assert [counter.heard(b"x" * 500), counter.heard(b"x" * 300)] == [0, 8]
    with pytest.raises(WrongAnswer):
        counter.heard(b"x" * 801)


def test_a_turn_ends_when_all_that_was_asked_is_answered() -> None:
    """An answer that comes after the time is counted, since its cost is."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop = Loop(os.getpid(), [Line(ours, b"r" * 4, Bytes(len(RESULT), 2), 2)])
        theirs.sendall(RESULT * 2)  # already there: one burst is all there is time for

        turn = loop.drive(0.0)

        assert theirs.recv(100) == b"r" * 4
        assert turn.units == 2
        loop.close()


def test_grpc_answers_are_counted_by_their_trailers() -> None:
    def frame(kind: int, flags: int, body: bytes = b"") -> bytes:
        return len(body).to_bytes(3, "big") + bytes((kind, flags, 0, 0, 0, 1)) + body

    ours, theirs = socket.socketpair()
    with ours, theirs:
        counter = Http2(ours)
        theirs.recv(1000)
        answer = frame(1, 4, b"h") + frame(0, 0, b"message") + frame(1, 5, b"t")

        assert counter.heard(frame(4, 0) + answer[:9]) == 0
        assert counter.heard(answer[9:] + answer) == 2
        assert counter.data_bytes == 2 * len(b"message")
        assert theirs.recv(100) == frame(4, 1)[:5] + bytes(4)
        with pytest.raises(ConnectionError):
            counter.heard(frame(7, 0))


def test_each_grpc_call_is_on_a_stream_of_its_own() -> None:
    first, second = itertools.islice(Streams("/a/B", {"limit": 30}, depth=2), 2)

    assert first != second
    assert len(first) == len(second)


def test_a_login_is_one_that_a_server_takes() -> None:
    server = ServerLogin(PLAIN, None, lambda _: sample_keys())
    play = steps(Account(Mode.TEACHER, LOGIN, PASSWORD))

    def params(frame: bytes) -> Any:
        return unpack(frame[4:], WireLimits())[3]

    next(play)
    first = server.challenge(params(play.send({}))["client_first"])
    server.verify(params(play.send({"server_first": first}))["client_final"])
    entering = unpack(play.send({"must_change": False})[4:], WireLimits())

    assert entering[2:] == ["session.enter", {"mode": "teacher"}]


# ---------------------------------------------------------------------------- open model


def test_arrivals_follow_the_seed_the_rate_and_the_weights() -> None:
    idle: list[Any] = [None] * 4
    sources = [Source(0.9, idle, idle), Source(0.1, idle, idle)]

    plans = [arrivals(random.Random(seed), sources, 100.0, 50.0) for seed in (1, 1, 2)]

    assert plans[0] == plans[1] != plans[2]
    assert 4_500 < len(plans[0]) < 5_500
    assert 400 < sum(each.source for each in plans[0]) < 600
    assert {each.session for each in plans[0]} == {0, 1, 2, 3}


def test_latency_counts_from_the_plan_and_service_from_the_previous_answer() -> None:
    """Two requests at once, answered together: the second one waited for the first."""
    asked = request(1, "a")

    def answer(sock: socket.socket) -> None:
        got = b""
        while len(got) < 2 * len(asked):
            got += sock.recv(1_000)
        sock.sendall(RESULT * 2)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop = OpenLoop([Source(1.0, [ours], [itertools.repeat(asked)])])
        threading.Thread(target=answer, args=(theirs,)).start()

        found = loop.drive([Arrival(0.0, 0, 0), Arrival(0.0, 0, 0)])

        assert len(found.planned) == len(found.service) == len(found.lag) == 2
        assert found.planned[0] == found.planned[1] >= found.service[0]
        assert found.service[1] == 1e-6
        loop.close()


def test_a_saturated_server_always_has_as_many_requests_of_the_mix_on_their_way() -> None:
    """The server answers only when three requests have come, whatever their kind."""
    asked, counts = request(1, "a"), Counter[int]()

    def answer(socks: list[socket.socket]) -> None:
        while True:
            waiting: list[socket.socket] = []
            while len(waiting) < 3:
                for sock in select.select(socks, [], [])[0]:
                    data = sock.recv(len(asked))
                    if not data:
                        return
                    waiting.append(sock)
            for sock in waiting:
                counts[socks.index(sock)] += 1
                sock.sendall(RESULT)

    pairs = [socket.socketpair(), socket.socketpair()]
    with contextlib.ExitStack() as stack:
        for pair in pairs:
            stack.enter_context(pair[0])
            stack.enter_context(pair[1])
        loop = OpenLoop(
            [
                Source(weight, [ours], [itertools.repeat(asked)])
                for weight, (ours, _) in zip((0.9, 0.1), pairs, strict=True)
            ]
        )
        thread = threading.Thread(target=answer, args=([theirs for _, theirs in pairs],))
        thread.start()

        rate = loop.saturate(random.Random(1), 3, 0.2)

        loop.close()
        thread.join()
    assert rate > 0
    assert counts.total() % 3 == 0
    assert counts[0] > counts[1]


# ------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("changes", "value", "verdict"),
    [
        ({}, 1.1, "reached"),
        ({"ours": [5.0, 5.0, 6.0]}, 0.5, "aim"),
        ({"ours": [15.0, 15.0, 15.0]}, 1.5, "missed"),
        ({"ours": [80.0] * 3, "higher_is_better": True, "reach": 8, "aim": 20}, 8, "reached"),
        ({"compared": Compared.DIFFERENCE, "reach": 0.5}, 1.0, "missed"),
        ({"compared": Compared.ALONE, "theirs": (), "reach": 11.0}, 11.0, "reached"),
        ({"reach": None, "aim": None}, 1.1, ""),
        ({"invalid": ("late",)}, 1.1, "INVALID"),
    ],
)
def test_a_row_is_judged_by_the_median_of_its_rounds(
    changes: dict[str, Any], value: float, verdict: str
) -> None:
    judged = row(**changes)

    assert judged.value == pytest.approx(value)
    assert judged.verdict == verdict
    json.dumps(judged.as_json())


def test_a_generator_that_could_not_keep_up_makes_a_figure_invalid() -> None:
    busy = [sample(generator=load) for load in (0.1, 0.9, 0.95)]
    samples = {"ours": busy, "raw": [sample()] * 3}

    assert saturated(samples, "raw") == ()
    (reason,) = saturated(samples, "ours", "raw")
    assert "90%" in reason


def test_contenders_take_turns_and_the_first_round_warms_up() -> None:
    order: list[str] = []

    def turn(name: str) -> Sample:
        order.append(name)
        return sample(units=len(order))

    samples = take_turns(bench(), {name: lambda name=name: turn(name) for name in "abc"})  # type: ignore[misc]

    assert [sorted(order[at : at + 3]) for at in (0, 3, 6)] == [["a", "b", "c"]] * 3
    assert [len(each) for each in samples.values()] == [SHORT.rounds] * 3
    assert min(each.units for turns in samples.values() for each in turns) > 3


def test_the_processor_time_of_a_process_is_that_of_all_its_threads() -> None:
    before = cpu_seconds(os.getpid())
    sum(range(1_000_000))

    assert cpu_seconds(os.getpid()) > before


def test_the_page_is_well_formed_and_says_everything() -> None:
    curves = {"ours, planned": [(0, 1.0), (50, 2.0), (99, 30.0)], "x, service": [(50, 0.5)]}
    shown = page(
        [row(plots={"latency": curves}), row(number=0, reach=None, aim=None, ours=[1, 2, 3])],
        ["grpc: grpc is not installed"],
        {"machine": "<m>"},
    )

    for part in ("hot &lt;read&gt;", "1 reached", "grpc is not installed", "&lt;m&gt;"):
        assert part in shown
    assert shown.count("<svg") == 3
    for piece in shown.split("<svg")[1:]:
        ElementTree.fromstring("<svg" + piece.partition("</svg>")[0] + "</svg>")
    assert "dasharray" in percentile_plot(curves)


# --------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    "given", [["--only", "nothing"], ["--rounds", "0"], ["--seconds", "x"]]
)
def test_bad_usage_is_told_before_anything_starts(given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_from(given)

    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ([row()], 0),
        ([row(reach=0.1)], 0),
        ([row(invalid=("late",))], 98),
        (WrongAnswer("half an answer"), 1),
        (Missing("uvloop is not installed"), 0),
    ],
    ids=["good", "slow", "invalid", "broken", "missing"],
)
def test_the_status_says_broken_or_invalid_and_never_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: Any, status: int
) -> None:
    async def figure(_: Bench) -> list[Row]:
        if isinstance(end, Exception):
            raise end
        rows: list[Row] = end
        return rows

    monkeypatch.setattr("bench.__main__.FIGURES", {"hot-read": figure})
    monkeypatch.setattr(Cores, "share", lambda: Cores(None, None))
    report = tmp_path / "report.json"

    assert main(["--only", "hot-read", "--json", str(report)]) == status
    said = json.loads(report.read_text("utf-8"))
    assert bool(said["missing"]) is isinstance(end, Missing)
    assert bool(said["broken"]) is (status == 1)


@pytest.mark.real_tcp
def test_the_short_form_measures_every_figure(tmp_path: Path) -> None:
    """Whether the bench is sound; not how fast anything is, nor how busy the machine."""
    report, shown = tmp_path / "report.json", tmp_path / "report.html"
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--short", "--json", str(report), "--html", str(shown)],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode in (0, 98), ended.stdout + ended.stderr
    said = json.loads(report.read_text("utf-8"))
    assert said["broken"] == []
    measured = {figure["number"] for figure in said["figures"]}
    missing = {each.partition(":")[0].partition(" ")[0] for each in said["missing"]}
    absent = {2: "pipelined", 3: "grpc", 6: "writes-postgresql", 7: "told"}
    for number in range(1, 15):
        assert number in measured or absent.get(number) in missing, said["missing"]
    for figure in said["figures"]:
        # Memory alone may be found where it was: what comes is less than a page each.
        assert figure["number"] in (11, 13) or min(figure["ours"]) > 0, figure
    assert "</html>" in shown.read_text("utf-8")


def test_every_figure_has_a_name_of_its_own_words() -> None:
    assert all(name.replace("-", "").isalpha() for name in FIGURES)
