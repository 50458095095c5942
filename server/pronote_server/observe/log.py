"""
Where log entries go: standard error, one JSON object a line unless a person reads there.

Nothing is configured by importing; a program says once how it wants its log, and libraries
and tests keep their own. Events are ``noun.what_happened`` with fields. What must never be
in a log (passwords, tokens, keys) is taken out here, whoever put it in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["REDACTED", "keep_secrets", "set_up_logging"]

REDACTED: Final = "***"

_SECRET_WORDS: Final = (
    "password",
    "passphrase",
    "secret",
    "token",
    "credential",
    "private_key",
)
_DEEPEST: Final = 4

# Without the values of variables, which both renderers show by default: a login that
# crashes holds the password's proof in its frames.
_TRACEBACK: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def set_up_logging(
    *, level: str = "info", json: str = "auto", stream: TextIO | None = None
) -> None:
    """
    Configure structlog for this process.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``; what is below costs nothing.
        json: ``always``, ``never``, or ``auto``: unless *stream* is a terminal.
        stream: Where to write; standard error by default, so that standard output stays
            free for what programs read.
    """
    out = sys.stderr if stream is None else stream
    as_json = not out.isatty() if json == "auto" else json == "always"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        keep_secrets,
    ]
    shown: list[Processor] = (
        [
            structlog.processors.ExceptionRenderer(_TRACEBACK),
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def keep_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """
    Replace the value of every field named after a secret, at any depth that is shown.

    Numbers and booleans stay: how many wrong passwords there were is no secret.
    """
    return {key: _kept(key, value, _DEEPEST) for key, value in event.items()}


def _kept(key: object, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(key, str) and any(word in key.lower() for word in _SECRET_WORDS):
        return REDACTED
    if isinstance(value, Mapping) and depth:
        return {inner: _kept(inner, below, depth - 1) for inner, below in value.items()}
    if isinstance(value, list | tuple) and depth:
        kept = [_kept(None, below, depth - 1) for below in value]
        return tuple(kept) if isinstance(value, tuple) else kept
    return value
