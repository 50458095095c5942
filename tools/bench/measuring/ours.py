"""The measured server of ours, whoever started it."""

from __future__ import annotations

from pathlib import Path

import attrs

from loading.demo_server import DemoAccount
from pronote_client import ConnectionSettings

__all__ = ["Ours"]


@attrs.frozen
class Ours:
    """
    Attributes:
        settings_file: In the folder of its first school.
        accounts: Those the demo shows.
    """

    pid: int
    settings: ConnectionSettings
    settings_file: Path
    accounts: tuple[DemoAccount, ...]

    @property
    def certificate(self) -> Path:
        """The file of its certificate and key, where there is TLS."""
        return self.settings_file.parents[1] / "tls" / "server.pem"
