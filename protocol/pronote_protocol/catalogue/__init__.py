"""
The catalogue: every call, declared once.

A module of it, and with it the classes of a family, is imported when it is first named;
`CATALOGUE`, which finds every call by its name, imports them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pronote_protocol.catalogue.call import Call as Call
from pronote_protocol.catalogue.call import Page as Page
from pronote_protocol.on_demand import on_demand

if TYPE_CHECKING:
    from pronote_protocol.catalogue.every_call import *  # noqa: F403  # all of its __all__
else:
    __getattr__, __dir__ = on_demand(__name__, {"CATALOGUE": "every_call"})
