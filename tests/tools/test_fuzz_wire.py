"""`tools/fuzz_wire.py`: what it sends is what it says, and it sees what goes wrong."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import trio
from trio.testing import MockClock

from fuzz_wire import Run, arguments_from
from fuzzing import frames, witness
from fuzzing.attacker import Attack, Counts, Finding
from fuzzing.frames import Frame, Lane, Script, script
from fuzzing.grammar import METHODS, mangled, valid_params
from loading.demo_server import DemoServer
from pronote_client import ConnectionSettings, Mode
from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Request, Response, from_wire
from pronote_protocol.errors import BadRequest, InternalError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import WireLimits
from pronote_protocol.records import structure
from pronote_protocol.testing import request, says

FUZZ: Final = Path(__file__).resolve().parents[2] / "tools" / "fuzz_wire.py"
LIMITS: Final = WireLimits()
MANY: Final = [script(1, number) for number in range(1500)]


def sent(kind: str) -> list[Frame]:
    return [f for each in MANY for burst in each.bursts for f in burst if f.kind == kind]


def soft(each: Script) -> list[Frame]:
    return [frame for burst in each.bursts for frame in burst if not frame.hard]


def message_in(frame: Frame) -> Any:
    decoder = FrameDecoder(LIMITS.from_client_bytes)
    decoder.feed(frame.data)
    payload = decoder.next_payload()
    assert payload is not None
    assert decoder.finished or decoder.buffered == 0
    return from_wire(unpack(payload, LIMITS))


# ------------------------------------------------------------------------- what is sent


def test_a_connection_is_made_again_from_its_seed_and_number() -> None:
    assert script(1, 77) == MANY[77]
    assert script(2, 77) != MANY[77]


def test_every_lane_every_method_and_every_kind_is_sent() -> None:
    asked = {
        message.method
        for each in MANY
        for frame in soft(each)
        if isinstance(message := message_in(frame), Request)
    }
    kinds = {frame.kind for each in MANY for burst in each.bursts for frame in burst}

    assert {each.lane for each in MANY} == set(Lane)
    assert set(METHODS) <= asked
    assert kinds >= {kind for kind, _ in frames._HARD} | {
        "grammar.valid",
        "grammar.params",
        "grammar.method",
        "event",
    }


def test_soft_frames_are_in_form_so_that_each_is_answered() -> None:
    """Otherwise what follows them in a burst would never be looked at."""
    for each in MANY:
        for frame in soft(each):
            message = message_in(frame)
            assert frame.ident == (message.id if isinstance(message, Request) else None)


def test_a_hard_frame_is_alone_and_the_last_of_its_connection() -> None:
    for each in MANY:
        for number, burst in enumerate(each.bursts):
            if len(burst) > 1:
                assert not any(frame.kind in dict(frames._HARD) for frame in burst)
            if burst[0].kind in dict(frames._HARD):
                assert number == len(each.bursts) - 1


def test_heavy_frames_keep_to_the_size_allowed() -> None:
    """They are meant to be decoded; what is too long is refused at its header."""
    for frame in sent("heavy"):
        assert 1000 < len(frame.data) <= LIMITS.from_client_bytes + 4 or b"\x91" in frame.data


def test_the_run_keeps_its_own_accounts() -> None:
    """A teacher whose password is reset takes his lane out of the run, in silence."""
    for each in MANY:
        for frame in soft(each):
            message = message_in(frame)
            if isinstance(message, Request) and message.method.startswith("users."):
                text = repr(message.params)
                ids = [message.params.get("id")]
                if isinstance(user := message.params.get("user"), dict):
                    ids.append(user.get("id"))
                assert not any(type(i) is int and 0 < i < 10_000 for i in ids), text
                assert "dupas" not in text
                assert "garnier" not in text


def test_a_password_that_is_personalised_is_refused_even_with_bits_flipped() -> None:
    """A text with one letter in lower case had become a good one, at frame 100 000."""
    draw = Random(1)
    for _ in range(200):
        assert len(valid_params("password.personalise", draw)["new_password"]) < 8


@pytest.mark.parametrize("method", METHODS)
def test_the_grammar_knows_what_the_server_accepts(method: str) -> None:
    """When the catalogue changes, the fuzzer must still get past the first check."""
    draw, accepted = Random(1), 0
    for _ in range(200):
        try:
            structure(valid_params(method, draw), METHODS[method])
        except BadRequest:
            continue
        accepted += 1

    assert accepted >= 20


def test_mangling_leaves_the_original_alone_and_always_gives_what_travels() -> None:
    draw = Random(1)
    for method in METHODS:
        params = valid_params(method, draw)
        before = repr(params)
        for _ in range(50):
            mangled(params, draw)
        assert repr(params) == before


# ------------------------------------------------------------------------ what is seen


def run_of(**changes: Any) -> Run:
    options = arguments_from(["--seed", "1", "--frames", "100000"])
    vars(options).update(changes)
    run = Run(options, witness={"calls": 1, "slow_own": 0, "longest_own": 0.0})
    run.counts.frames["x"] = 100_000
    return run


def test_a_run_without_findings_is_good_once_all_was_sent() -> None:
    run = run_of()
    assert (run.findings, run.status) == ([], 0)

    run.counts.frames["x"] = 99_999
    assert run.status == 98


def test_a_finding_says_how_to_see_it_again() -> None:
    run = run_of()
    run.counts.findings.append(Finding(12, "an internal error"))

    assert run.status == 1
    assert "tools/fuzz_wire.py --seed 1 --connection 12" in run.findings[0]


def test_a_slow_witness_fails_the_run_only_when_asked_to() -> None:
    for asked, status in ((False, 0), (True, 1)):
        run = run_of(witness=asked)
        run.witness = {"calls": 9, "slow_own": 1, "longest_own": 0.06}
        assert run.status == status


def test_a_witness_that_saw_nothing_proves_nothing() -> None:
    run = run_of()
    run.witness = {}

    assert run.status == 1


def memory_of(sizes: list[float], frames: int = 200_000) -> list[tuple[int, int]]:
    """Return samples of a whole run, of so many MiB."""
    return [(frames * n // (len(sizes) - 1), int(size * 2**20)) for n, size in enumerate(sizes)]


# As it was measured every 10 000 frames: caches that fill, then what the C library keeps.
FILLING: Final = [
    *(109.4, 124.8, 129.5, 133.4, 136.8, 142.0, 144.9, 146.9, 149.2, 149.7, 151.5),
    *(151.6, 151.7, 151.7, 152.7, 154.5, 155.4, 155.5, 155.5, 156.9, 156.9),
]


def leaking(bytes_a_frame: int, frames: int = 200_000, flat: float = 150.0) -> list[float]:
    return [flat + bytes_a_frame * frames * n / 40 / 2**20 for n in range(41)]


@pytest.mark.parametrize(
    ("sizes", "grows"),
    [
        pytest.param([110.0, 150.0, *[160.0] * 19], False, id="caches that fill"),
        pytest.param(FILLING, False, id="measured"),
        pytest.param([*[150.0] * 40, 400.0], False, id="one large answer"),
        pytest.param(leaking(100), False, id="too little to tell"),
        pytest.param(leaking(150), True, id="a leak"),
        pytest.param([*[150.0] * 28, *[175.0] * 13], True, id="a step late in the run"),
    ],
)
def test_growth_is_judged_once_the_caches_are_full(sizes: list[float], grows: bool) -> None:
    run = run_of()
    run.counts.frames["x"] = 200_000
    run.memory = memory_of(sizes)

    assert run.status == grows
    assert any("grows with its caches full" in line for line in run.findings) == grows


def test_a_long_run_finds_a_leak_of_a_few_bytes_and_says_how_many() -> None:
    run = run_of(frames=10_000_000)
    run.counts.frames["x"] = 10_000_000
    run.memory = memory_of(leaking(3, 10_000_000), 10_000_000)

    (found,) = run.findings
    assert "3 bytes a frame" in found


def test_a_short_run_says_nothing_of_growth() -> None:
    """Neither that there is some nor that there is none."""
    run = run_of(frames=99_000)
    run.counts.frames["x"] = 99_000
    run.memory = memory_of(leaking(10_000, 99_000), 99_000)

    assert (run.findings, run.growth()) == ([], None)


def test_what_the_witness_waited_for_a_processor_is_told_apart() -> None:
    notes = witness.Notes()
    notes.note(0.0, 0.080, witness=0.020, server=0.030, ran=0.010)
    notes.note(1.0, 0.080, witness=0.0, server=0.010, ran=0.070)

    assert (notes.calls, notes.slow, notes.slow_own) == (2, 2, 1)
    assert notes.longest_own == pytest.approx(0.070)
    assert len(notes.stalls) == 2


def test_errors_and_tracebacks_in_a_log_are_complaints(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    lines = [
        '{"event": "server.ready", "level": "info"}',
        '{"event": "call.crashed", "level": "error"}',
        "Traceback (most recent call last):",
        '{"event": "queue.full", "level": "warning"}',
        "",
    ]
    log.write_text("\n".join(lines), "utf-8")
    process: Any = None
    server = DemoServer(process, ConnectionSettings(address="::1"), tmp_path, (), log)

    assert server.complaints() == lines[1:3]


Answerer = Callable[[trio.SocketStream], Awaitable[None]]


async def findings_of(nursery: trio.Nursery, answer: Answerer, frame: Frame) -> list[str]:
    """Return what an attack finds on a server that does *answer* to each connection."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    nursery.start_soon(partial(trio.serve_listeners, answer, [listener]))
    counts = Counts()
    player = Script(0, Lane.GREETING, False, False, False, 0, ((frame,),), True)
    settings = ConnectionSettings(address="127.0.0.1", port=port, tls=False)
    await Attack(player, settings, {mode: [] for mode in Mode}, counts).run()
    assert counts.frames == Counter({frame.kind: 1})
    return [finding.what for finding in counts.findings]


SOFT: Final = Frame("soft", says(request("hello", ident=5)), hard=False, ident=5)
HARD: Final = Frame("hard", b"\0\0\0\1\xc1", hard=True)


@pytest.mark.real_tcp
@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (says(Response(5, BadRequest(problems="x"), None)), None),
        (b"", None),
        (says(Response(5, InternalError(reference="E-1"), None)), "internal error"),
        (says(Response(4, None, {})), "out of order"),
        (encode_frame(pack({"not": "a message"})), "no server may say"),
        (b"\xff\xff\xff\xff", "no server may say"),
    ],
)
async def test_what_a_server_may_not_answer_is_found(
    nursery: trio.Nursery, answer: bytes, found: str | None
) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        if answer:
            await stream.send_all(answer)
        await stream.send_eof()

    seen = await findings_of(nursery, serve, SOFT)

    assert len(seen) == (found is not None)
    assert found is None or found in seen[0]


@pytest.mark.real_tcp
@pytest.mark.parametrize("frame", [SOFT, HARD], ids=["soft", "hard"])
async def test_a_server_that_falls_silent_is_found(
    nursery: trio.Nursery, autojump_clock: MockClock, frame: Frame
) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    (seen,) = await findings_of(nursery, serve, frame)

    assert "no answer and no end" in seen


# --------------------------------------------------------------------- the whole of it


@pytest.mark.parametrize("arguments", [["--frames", "0"], ["--at-most", "5"]])
def test_bad_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_from(arguments)

    assert ended.value.code == 2
    assert "usage: tools/fuzz_wire.py" in capsys.readouterr().err


def test_the_long_form_sends_ten_million() -> None:
    options: argparse.Namespace = arguments_from(["--long"])

    assert (options.frames, options.at_most) == (10_000_000, 43_200)


@pytest.mark.real_tcp
def test_the_server_survives_what_no_friend_would_send(tmp_path: Path, long_form: bool) -> None:
    """The seed is fixed: what CI finds, everybody can find. --long sends 200 000."""
    summary = tmp_path / "summary.json"
    ended = subprocess.run(
        [
            *(sys.executable, str(FUZZ), "--seed", "1", "--json", str(summary)),
            *(("--frames", "200000", "--witness") if long_form else ("--frames", "2000")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = json.loads(summary.read_text("utf-8"))

    assert said["frames"] >= said["asked"]
    assert set(said["lanes"]) == {lane.value for lane in Lane}
    assert said["goodbyes"]["protocol_error"] > 0
    assert said["refusals"]["bad_request"] > 0
    assert said["results"] > 0
    assert said["not_admitted"] == {}
    assert said["witness"]["calls"] > 0
