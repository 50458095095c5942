"""
Cut the power under a school that enters, backs up and restores; look at what is left.

    tools/power_loss.py --cuts 20 --seed 1

The school works on a file system that forgets what was not fsynced, names included, and is more
forgetful than any disk. After each cut: the base holds what was acknowledged, or also what was
being done, and nothing between; every backup that was acknowledged is there; every one the list
calls proven is proven again. Needs ``/dev/fuse`` and what is not installed for the tests: the
packages fuse3, libfuse3-dev and pkg-config of the system, and ``pip install pyfuse3``.
Exit 1: something was lost. 2: there is no FUSE here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import trio

__all__ = ["main"]

_WORKING: Final = Path(__file__).parent / "losing" / "working.py"
# To come so far, and to look; a slow machine is told, not waited for.
_SECONDS: Final = 120.0


@attrs.define
class _Round:
    calls: int
    cut: bool
    problems: list[str] = attrs.field(factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        from losing.forgetful_files import Forgetful
    except ImportError as error:
        print(f"power_loss: {error}; see the head of this file", file=sys.stderr)
        return 2
    if not Path("/dev/fuse").exists():
        print("power_loss: this system has no /dev/fuse", file=sys.stderr)
        return 2
    del Forgetful
    return trio.run(_cut_again_and_again, options.cuts, options.seed)


async def _cut_again_and_again(cuts: int, seed: int) -> int:
    from losing.forgetful_files import Node

    random = Random(seed)
    root = Node.folder()
    lost = 0
    with tempfile.TemporaryDirectory(prefix="pronote-power-") as name:
        mount = Path(name) / "mount"
        mount.mkdir()
        for number in range(1, cuts + 1):
            after, keep = random.randrange(50, 1500), random.random() < 0.5
            done, root = await _cut_once(mount, root, random.randrange(2**31), after, keep)
            said = "; ".join(done.problems) or "nothing lost"
            print(f"cut {number} after {done.calls} calls: {said}", flush=True)
            lost += bool(done.problems)
    print(f"{cuts} cuts, {lost} with a loss")
    return 1 if lost else 0


async def _cut_once(
    mount: Path, root: Any, seed: int, after: int, keep_names: bool
) -> tuple[_Round, Any]:
    from losing.forgetful_files import Forgetful

    files = Forgetful(root, cut_after=after)
    lines: list[dict[str, Any]] = []
    async with _mounted(mount, files), trio.open_nursery() as nursery:
        worker = await trio.lowlevel.open_process(
            [sys.executable, str(_WORKING), "work", str(mount / "school"), str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        nursery.start_soon(_hear, worker.stdout, lines)
        nursery.start_soon(_hear, worker.stderr, [])
        with trio.move_on_after(_SECONDS):
            await files.cut.wait()
        worker.kill()
        await worker.wait()
    done = _Round(files.calls, files.cut.is_set())
    if not done.cut:
        done.problems.append("the school did not come so far")
    left = files.after_cut(keep_names=keep_names)
    looking = Forgetful(left)
    async with _mounted(mount, looking):
        checked = await trio.run_process(
            [sys.executable, str(_WORKING), "check", str(mount / "school")],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    if checked.returncode != 0:
        last = checked.stderr.decode(errors="replace").strip().splitlines()[-1:]
        done.problems.append(f"it does not open: {last}")
        return done, left
    found = json.loads(checked.stdout.splitlines()[-1])
    # Until the school had opened, nothing was promised.
    allowed = lines[-1]["may"] if lines else None
    if allowed is not None and found["held"] not in allowed:
        done.problems.append(f"the base holds {found['held']}, not one of {allowed}")
    names: list[str] = next((line["names"] for line in reversed(lines) if "names" in line), [])
    gone = set(names) - set(found["names"])
    if gone:
        done.problems.append(f"gone: {sorted(gone)}")
    done.problems += found["wrong"]
    return done, looking.after_cut(keep_names=True)


@asynccontextmanager
async def _mounted(mount: Path, files: Any) -> AsyncIterator[None]:
    import pyfuse3

    options = set(pyfuse3.default_options) | {"fsname=forgetful"}
    pyfuse3.init(files, str(mount), options)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pyfuse3.main)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()
    finally:
        pyfuse3.close(unmount=True)


async def _hear(stream: Any, lines: list[dict[str, Any]]) -> None:
    rest = b""
    async for piece in stream:
        *whole, rest = (rest + bytes(piece)).split(b"\n")
        lines += (json.loads(line) for line in whole if line.startswith(b"{"))


if __name__ == "__main__":
    sys.exit(main())
