"""Power cuts under a school, on a file system that forgets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from power_loss import main


def test_without_fuse_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyfuse3", None)
    monkeypatch.delitem(sys.modules, "losing.forgetful_files", raising=False)

    assert main(["--cuts", "1"]) == 2
    assert "pyfuse3" in capsys.readouterr().err


@pytest.mark.long
def test_nothing_acknowledged_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyfuse3", reason="needs fuse3, libfuse3-dev, pkg-config and pyfuse3")
    if not Path("/dev/fuse").exists():
        pytest.skip("this system has no /dev/fuse")

    assert main(["--cuts", "10"]) == 0
    assert "10 cuts, 0 with a loss" in capsys.readouterr().out
