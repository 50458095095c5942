"""
The command ``pronote-client``.

`run` does one command from its arguments to its exit status and touches neither the
process nor its streams, which is how tests and other programs use it; `main` is what the
shell calls.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command of this process; never returns."""
    import trio

    from pronote_client.cli.running import INTERRUPTED, run
    from pronote_client.cli.terminal import Terminal

    try:
        status = trio.run(run, sys.argv[1:], Terminal.of_process())
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BaseExceptionGroup as group:
        # Ctrl-C that struck while a background task ran.
        if group.subgroup(KeyboardInterrupt) is None:
            raise
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone, as `head` does; do not complain again on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)
