"""Who only reads settings or words does not pay for the login."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import pronote_protocol

HEAVY: Final = {"scramp", "asn1crypto", "cryptography", "trio", "hypothesis", "rich"}
MODULES: Final = sorted(
    f"pronote_protocol.{file.stem}"
    for file in Path(pronote_protocol.__path__[0]).glob("*.py")
    if file.stem not in ("__init__", "scram", "scram_server", "channel_binding", "testing")
)


def loaded_by(*modules: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after importing these."""
    script = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_only_the_login_imports_cryptography() -> None:
    assert not loaded_by(*MODULES, "pronote_protocol.catalogue") & HEAVY


def test_the_words_and_the_refusals_need_no_library_at_all() -> None:
    """The server's domain imports them and nothing else of ours."""
    loaded = loaded_by("pronote_protocol.words", "pronote_protocol.errors")

    assert not loaded & {"attrs", "attr", "msgpack", *HEAVY}


@pytest.mark.parametrize("module", ["scram", "testing"])
def test_neither_the_login_nor_the_helpers_need_trio(module: str) -> None:
    assert not loaded_by(f"pronote_protocol.{module}") & {"trio", "hypothesis"}
