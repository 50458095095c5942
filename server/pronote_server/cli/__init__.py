"""
``pronote-server``: serving a school, showing the demo, and the operator's way in.

Exit status: 0 done, 2 bad usage or settings, 3 refused, 4 no server answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import attrs
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
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    ending: _Ending | None = None
    try:
        app(arguments)
    except* Refused as group:
        refusal = _first(group)
        said = {"refused": refusal.code, "retry_after": refusal.retry_after}
        ending = _Ending(3, refusal.fr, said)
    except* _base_refused() as group:
        ending = _Ending(3, _first(group).fr, {"refused": "base_refused"})
    except* _no_server() as group:
        ending = _Ending(4, str(_first(group)), {"error": "no_server"})
    except* _unable() as group:
        ending = _Ending(2, str(_first(group)), {"error": "cannot_start"})
    except* KeyboardInterrupt:
        ending = _Ending(130)
    # Not in there: Python 3.11.2, which is Debian 12's, puts what leaves such a clause into a
    # group of its own, and a group has no exit status.
    if ending is not None:
        _leave(ending, as_json)


# Asked only once something was raised: whoever wants help does not wait for databases and
# certificates to be imported.


def _base_refused() -> type[Any]:
    from pronote_server.storage.errors import BaseFileRefused

    return BaseFileRefused


def _no_server() -> type[Any]:
    from pronote_server.rescue.client import NoServer

    return NoServer


def _unable() -> tuple[type[Exception], ...]:
    from pronote_server.certificates import CertificateRefused
    from pronote_server.config import ConfigRefused
    from pronote_server.data_folder import DataRefused
    from pronote_server.listeners import PortTaken
    from pronote_server.storage.errors import StorageFailed

    return (ConfigRefused, CertificateRefused, DataRefused, PortTaken, StorageFailed, OSError)


@attrs.frozen
class _Ending:
    status: int
    sentence: str | None = None
    said: dict[str, Any] = attrs.field(factory=dict)


def _first(group: BaseExceptionGroup[Any]) -> Any:
    inner: Any = group
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner


def _leave(ending: _Ending, as_json: bool) -> NoReturn:
    if ending.sentence is not None and as_json:
        said = {**ending.said, "message": ending.sentence}
        print(json.dumps(said, ensure_ascii=False), flush=True)
    elif ending.sentence is not None:
        print(f"pronote-server: {ending.sentence}", file=sys.stderr)
    sys.exit(ending.status)
