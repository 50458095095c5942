"""
``pronote-server``: serving a school, showing the demo, and the operator's way in.

Exit status: 0 done, 2 bad usage or settings, 3 refused, 4 no server answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import cyclopts

from pronote_protocol.errors import Refused
from pronote_server.cli import account, backups, bases, clock, rescue, serving, version, years

__all__ = ["main"]

app = cyclopts.App(
    name="pronote-server",
    help="Un serveur qui se comporte comme un serveur PRONOTE hébergé.",
    version="0.1.0",
    result_action="return_value",
)
for _subject in (serving, rescue, bases, backups, account, version, clock, years):
    _subject.add_commands(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command line; what is refused is told in one sentence, without a traceback.

    Args:
        arguments: Without the name of the program; those of the process by default.
    """
    from pronote_server.certificates import CertificateRefused
    from pronote_server.config import ConfigRefused
    from pronote_server.data_folder import DataRefused
    from pronote_server.listeners import PortTaken
    from pronote_server.rescue.client import NoServer
    from pronote_server.storage.errors import BaseFileRefused, StorageFailed

    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        app(arguments)
    except* Refused as group:
        refusal = _first(group)
        _leave(
            3,
            refusal.fr,
            as_json,
            refused=refusal.code,
            message=refusal.fr,
            retry_after=refusal.retry_after,
        )
    except* BaseFileRefused as group:
        _leave(3, _first(group).fr, as_json, refused="base_refused")
    except* NoServer as group:
        _leave(4, str(_first(group)), as_json, error="no_server")
    except* (ConfigRefused, CertificateRefused, DataRefused, PortTaken, StorageFailed) as group:
        _leave(2, str(_first(group)), as_json, error="cannot_start")
    except* OSError as group:
        _leave(2, str(_first(group)), as_json, error="cannot_start")
    except* KeyboardInterrupt:
        sys.exit(130)


def _first(group: BaseExceptionGroup[Any]) -> Any:
    inner: Any = group
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner


def _leave(status: int, sentence: str, as_json: bool, **fields: Any) -> NoReturn:
    if as_json:
        print(json.dumps({**fields, "message": sentence}, ensure_ascii=False), flush=True)
    else:
        print(f"pronote-server: {sentence}", file=sys.stderr)
    sys.exit(status)
