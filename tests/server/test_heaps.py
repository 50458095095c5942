"""Threads share two heaps of the C library, where it has such a setting."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

from pronote_server import heaps
from pronote_server.heaps import share_heaps

# How many heaps there are once eight threads have allocated at once.
COUNT: Final = """
import ctypes, sys, tempfile, threading
from pronote_server.heaps import share_heaps
print(share_heaps())
met = threading.Barrier(8)
def work():
    kept = [bytes(2000) for _ in range(1000)]
    met.wait(30)
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
with tempfile.NamedTemporaryFile("r") as told:
    file = libc.fopen(told.name.encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    print(told.read().count("<heap "))
"""


@pytest.mark.skipif(not heaps._is_glibc(), reason="another C library than glibc")
@pytest.mark.parametrize(("said", "taken"), [({}, True), ({"MALLOC_ARENA_MAX": "3"}, False)])
def test_threads_share_two_heaps_unless_the_operator_said_something(
    said: dict[str, str], taken: bool
) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in heaps._SAID_BY}
    ended = subprocess.run(
        [sys.executable, "-c", COUNT],
        env=environment | said,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.split() == [str(taken), "2" if taken else "3"]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in heaps._SAID_BY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(heaps, "_is_glibc", lambda: False)

    assert share_heaps() is False
