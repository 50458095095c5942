"""How a command asks for its context: as a parameter the command line knows nothing of."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from cyclopts import Parameter

from pronote_client.cli.context import Context

__all__ = ["WithContext"]

WithContext: TypeAlias = Annotated[Context, Parameter(parse=False)]
