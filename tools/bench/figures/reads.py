"""Figures 1, 2, 3: a hot read of thirty rows, beside servers that only answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import attrs

from bench.driving.closed_loop import Bytes, Line, Loop, WrongAnswer
from bench.driving.http2 import Http2, Streams
from bench.driving.sessions import Account, Address, account_of, ask, come_in, request
from bench.measuring.ours import Ours
from bench.measuring.processes import Missing, our_server, reference
from bench.measuring.rows import Row, details, saturated
from bench.measuring.turns import take_turns
from bench.plan import Bench
from pronote_protocol.codec import pack
from pronote_protocol.framing import encode_frame
from pronote_protocol.words import Mode

__all__ = ["HOT", "Hot", "beside_grpc", "hot_read", "pipelined", "same_bytes"]

HOT: Final = {"kind": "pupils", "search": None, "offset": 90, "limit": 30}
_METHOD: Final = "resources.list"


@attrs.frozen
class Hot:
    """
    The same thirty pupils, asked for again and again by school life.

    Attributes:
        request, answer: Frames, of one call.
    """

    account: Account
    result: dict[str, Any]
    request: bytes
    answer: bytes

    @classmethod
    def of(cls, server: Ours) -> Hot:
        account = account_of(server, Mode.SCHOOL_LIFE)
        with come_in(Address.of(server), account) as sock:
            result = ask(sock, _METHOD, **HOT)
            if len(result["rows"]) != HOT["limit"]:
                raise WrongAnswer(f"{len(result['rows'])} rows")
        answer = encode_frame(pack([1, 1, None, result]))
        return cls(account, result, request(1, _METHOD, HOT), answer)

    def loop(self, bench: Bench, server: Ours, depth: int = 1) -> Loop:
        """Return sessions that ask for it, each answer of the first burst compared."""
        address, lines = Address.of(server), []
        for _ in range(bench.plan.connections):
            sock = come_in(address, self.account)
            sock.sendall(self.request * depth)
            _expect(sock, self.answer * depth)
            lines.append(
                Line(sock, self.request * depth, Bytes(len(self.answer), depth), depth)
            )
        return Loop(server.pid, lines)

    def spec(self) -> dict[str, Any]:
        """What references are told."""
        return {
            "request_bytes": len(self.request),
            "reply": self.answer.hex(),
            "result": self.result,
            "bytes": len(self.answer),
        }


def _expect(sock: Any, answer: bytes) -> None:
    got = b""
    while len(got) < len(answer) and (more := sock.recv(1 << 18)):
        got += more
    if got != answer:
        raise WrongAnswer(f"{got[:200]!r} instead of {answer[:200]!r}")


def same_bytes(bench: Bench, pid: int, port: int, hot: Hot, depth: int = 1) -> Loop:
    """Return connections to a reference that is asked, and answers, the same bytes."""
    address, lines = Address("127.0.0.1", port), []
    for _ in range(bench.plan.connections):
        sock = address.connect()
        sock.sendall(hot.request * depth)
        _expect(sock, hot.answer * depth)
        lines.append(Line(sock, hot.request * depth, Bytes(len(hot.answer), depth), depth))
    return Loop(pid, lines)


def _grpc(bench: Bench, pid: int, port: int, hot: Hot, depth: int) -> Loop:
    address, lines = Address("127.0.0.1", port), []
    for _ in range(bench.plan.connections):
        sock = address.connect()
        counter = Http2(sock)
        bursts = iter(Streams("/school.Resources/List", HOT, depth))
        sock.sendall(next(bursts))
        answers = 0
        while answers < depth:
            answers += counter.heard(sock.recv(1 << 18))
        expected = depth * (5 + len(pack(hot.result)))
        if counter.data_bytes != expected:
            raise WrongAnswer(f"gRPC answered {counter.data_bytes} bytes, not {expected}")
        lines.append(Line(sock, bursts, counter, depth))
    return Loop(pid, lines)


def _valkey(bench: Bench, pid: int, port: int, hot: Hot, depth: int) -> Loop:
    address, get = Address("127.0.0.1", port), b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
    size = len(hot.answer) + len(f"${len(hot.answer)}\r\n\r\n")
    lines = [
        Line(address.connect(), get * depth, Bytes(size, depth), depth)
        for _ in range(bench.plan.connections)
    ]
    return Loop(pid, lines)


Opening = Callable[[Bench, int, int, Hot, int], Loop]
_OPENINGS: Final[dict[str, Opening]] = {"grpc_unary": _grpc, "valkey_get": _valkey}
_SHOWN: Final = {
    "raw_trio": "raw Trio SocketStream, same bytes",
    "asyncio_streams": "asyncio streams + msgpack, same rows",
    "uvloop_msgpack": "uvloop protocol + msgpack, same rows",
    "grpc_unary": "grpcio (asyncio server), same rows",
    "valkey_get": "Valkey GET, same size",
}


async def _beside(
    bench: Bench,
    depth: int,
    judged: tuple[int, str, str, float, float],
    shown: tuple[str, ...] = (),
) -> list[Row]:
    """
    Return a row for each reference that is installed here.

    Args:
        judged: Number and name of the figure, its reference, what to reach and to aim at.
        shown: Other references, for information.
    """
    number, figure, first, reach, aim = judged
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        hot = Hot.of(server)
        loops = {"ours": hot.loop(bench, server, depth)}
        for name in (first, *shown):
            try:
                other = await stack.enter_async_context(reference(bench, name, hot.spec()))
            except Missing as exc:
                bench.missing.append(f"{figure} beside {name}: {exc}")
                continue
            opening = _OPENINGS.get(name, same_bytes)
            loops[name] = opening(bench, other.pid, other.port, hot, depth)
        for loop in loops.values():
            stack.callback(loop.close)
        samples = take_turns(
            bench, {name: loop.turn(bench.plan.seconds) for name, loop in loops.items()}
        )
    return [
        Row(
            number=number if name == first else 0,
            name=figure if name == first else f"{figure}-{name}",
            what=f"hot read, {HOT['limit']} rows, {depth} in flight",
            reference=_SHOWN[name],
            unit="us CPU/call",
            ours=[each.us for each in samples["ours"]],
            theirs=[each.us for each in samples[name]],
            reach=reach if name == first else None,
            aim=aim if name == first else None,
            invalid=saturated(samples, *(("ours", name) if name == first else ())),
            details=details(samples, "ours", name),
        )
        for name in samples
        if name != "ours"
    ]


async def hot_read(bench: Bench) -> list[Row]:
    """Figure 1."""
    others = ("uvloop_msgpack", "asyncio_streams", "valkey_get")
    return await _beside(bench, 1, (1, "hot-read", "raw_trio", 1.4, 0.6), others)


async def pipelined(bench: Bench) -> list[Row]:
    """Figure 2."""
    others = ("raw_trio", "asyncio_streams", "valkey_get")
    return await _beside(bench, 8, (2, "pipelined", "uvloop_msgpack", 1.2, 0.6), others)


async def beside_grpc(bench: Bench) -> list[Row]:
    """Figure 3."""
    return await _beside(bench, 1, (3, "grpc", "grpc_unary", 0.12, 0.06))
