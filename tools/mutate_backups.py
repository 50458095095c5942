"""
Open backups that somebody damaged, by chance or with care: each is refused, or proven intact.

    tools/mutate_backups.py                 500 of them
    tools/mutate_backups.py --long          10 000
    tools/mutate_backups.py --seed 7 --only 1234    one again, with its traceback

Half of them have bytes changed, cut, doubled, moved or zeroed. The others are rewritten with
hashes that fit: the base inside is damaged, or the manifest lies. A child does a hundred at a
time, so that a crash of the database is seen and told. Exit 1: something was neither.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs

from mutating.mutations import DAMAGES, repacked
from mutating.samples import Sample, make_samples
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.packages import PackageKind, prove_package, unpack_package

__all__ = ["Outcome", "main", "mutate"]

_BATCH: Final = 100
# Of one file; an honest one takes a few hundredths of a second.
_SECONDS_EACH: Final = 20
_SHORT: Final = 500
_LONG: Final = 10_000


@attrs.define
class Outcome:
    """
    Attributes:
        counted: How many ended how.
        wrong: What was neither refused nor intact, by number.
        peak: Most memory of a child beyond what it began with, in bytes.
    """

    counted: collections.Counter[str] = attrs.field(factory=collections.Counter)
    wrong: dict[int, str] = attrs.field(factory=dict)
    peak: int = 0


def mutate(folder: Path, count: int, seed: int, *, told: Callable[[int], None]) -> Outcome:
    """Try *count* mutations, in children; *told* hears how many are done."""
    samples = make_samples(folder)
    found = Outcome()
    for first in range(0, count, _BATCH):
        numbers = range(first, min(first + _BATCH, count))
        lines = _in_child(partial(_try_all, folder, samples, seed, numbers))
        seen = set()
        for line in lines:
            said = json.loads(line)
            if "peak" in said:
                found.peak = max(found.peak, said["peak"])
                continue
            seen.add(said["number"])
            found.counted[said["how"]] += 1
            if said["how"].startswith("wrong"):
                found.wrong[said["number"]] = said["how"]
        missing = [number for number in numbers if number not in seen]
        if missing:
            found.counted["crash"] += 1
            found.wrong[missing[0]] = "the process ended"
        told(numbers.stop)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=_SHORT)
    parser.add_argument("--long", action="store_true", help=f"{_LONG} of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one of them, in this process")
    options = parser.parse_args(arguments)
    count = _LONG if options.long else options.count
    with tempfile.TemporaryDirectory(prefix="pronote-mutate-") as name:
        folder = Path(name)
        if options.only is not None:
            print(_try_one(folder, make_samples(folder), options.seed, options.only))
            return 0
        started = time.monotonic()

        def tell(done: int) -> None:
            if sys.stderr.isatty():
                print(f"\r{done}/{count}", end="", file=sys.stderr, flush=True)

        found = mutate(folder, count, options.seed, told=tell)
    seconds = time.monotonic() - started
    print(f"{count} backups in {seconds:.0f} s, seed {options.seed}")
    for how, number in found.counted.most_common():
        print(f"  {number:6} {how}")
    print(f"  {found.peak / 2**20:.0f} MiB at most beyond the start")
    for number, how in list(found.wrong.items())[:20]:
        print(f"  number {number}: {how}")
    return 1 if found.wrong else 0


def _try_all(
    folder: Path, samples: list[Sample], seed: int, numbers: range, out: Callable[[Any], None]
) -> None:
    before = _resident()
    for number in numbers:
        signal.alarm(_SECONDS_EACH)
        try:
            how = _try_one(folder, samples, seed, number)
        except Exception:
            how = "wrong: " + traceback.format_exc(limit=-1).strip().splitlines()[-1]
        out({"number": number, "how": how})
    signal.alarm(0)
    out({"peak": _resident() - before})


def _try_one(folder: Path, samples: list[Sample], seed: int, number: int) -> str:
    random = Random(f"{seed}/{number}")
    sample = random.choice(samples)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    path = work / f"mutated{sample.path.suffix}"
    crafted = number % 2 == 1
    key = sample.key
    if crafted:
        path.write_bytes(repacked(sample, random, folder))
        key = None
    else:
        data = bytearray(sample.path.read_bytes())
        for _ in range(random.choice((1, 1, 1, 3))):
            if data:
                random.choice(DAMAGES)(data, random)
        path.write_bytes(data)
    try:
        prove_package(path, key)
    except BaseFileRefused as refused:
        assert [each.name for each in work.iterdir()] == [path.name], "something is left"
        return f"refused: {refused.fr}"
    except StorageFailed as failed:
        return f"wrong: the disk was blamed ({failed.code})"
    same = _opened_alike(path, key, sample, work)
    if same:
        return "intact"
    # Its hashes were made to fit: it must be a sound base, if another one.
    return "sound, of another content" if crafted else "wrong: another content was proven"


def _opened_alike(path: Path, key: bytes | None, sample: Sample, work: Path) -> bool:
    folder = work / "opened"
    try:
        unpack_package(path, folder, expect=set(PackageKind), key=key, sync=False)
        with closing(sqlite3.connect(folder / "base.not")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return all(
            (folder / name).exists() and (folder / name).read_bytes() == content
            for name, content in sample.members.items()
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_child(do: Callable[[Callable[[Any], None]], None]) -> Iterator[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "w", encoding="utf-8") as out:
                do(lambda said: print(json.dumps(said), file=out, flush=True))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as lines:
            yield from lines
    finally:
        os.waitpid(child, 0)


def _resident() -> int:
    """Return the most memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
