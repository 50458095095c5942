"""
The SDK of the PRONOTE emulator: connect to a school from Python.

Asynchronous (Trio)::

    async with open_client(settings, login="SPR", password="...") as client:
        seats = await client.seats.show()

or, for scripts, synchronous::

    with SyncClient(settings, login="SPR", password="...") as client:
        seats = client.seats.show()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pronote_client.client import AdminClient, Client, EdtClient, HostingClient, open_client
from pronote_client.discovery import FoundServer, search
from pronote_client.errors import (
    CallTimedOut,
    CannotConnect,
    ClientError,
    ConnectionLost,
    InsecureConnection,
    InvalidSettings,
    OutcomeUnknown,
    PronoteError,
    ProtocolError,
    Refused,
    SessionEnded,
)
from pronote_client.events import SessionCut, SessionResumed
from pronote_client.instance import Instance
from pronote_client.patience import Patience
from pronote_client.servers import RememberedServers
from pronote_client.settings import ConnectionSettings
from pronote_client.sync import SyncClient
from pronote_protocol.on_demand import on_demand
from pronote_protocol.words import (
    Access,
    Application,
    Farewell,
    GroupType,
    Mode,
    ResourceKind,
    Space,
)

if TYPE_CHECKING:
    from pronote_client.families import Progress, SourceFile
else:
    __getattr__, __dir__ = on_demand(
        __name__, dict.fromkeys(("Progress", "SourceFile"), "families")
    )

__all__ = [
    "Access",
    "AdminClient",
    "Application",
    "CallTimedOut",
    "CannotConnect",
    "Client",
    "ClientError",
    "ConnectionLost",
    "ConnectionSettings",
    "EdtClient",
    "Farewell",
    "FoundServer",
    "GroupType",
    "HostingClient",
    "InsecureConnection",
    "Instance",
    "InvalidSettings",
    "Mode",
    "OutcomeUnknown",
    "Patience",
    "Progress",
    "PronoteError",
    "ProtocolError",
    "Refused",
    "RememberedServers",
    "ResourceKind",
    "SessionCut",
    "SessionEnded",
    "SessionResumed",
    "SourceFile",
    "Space",
    "SyncClient",
    "open_client",
    "search",
]
