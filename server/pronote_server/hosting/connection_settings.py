"""
The file of connection settings that users apply to their clients (fiche 5).

*Paramètres de connexion*: the address, the port, the designation and the school, with the
certificate authority a client must trust. TOML, so that it can be read and typed by hand;
its keys are documented in ``client_sdk/README.md``.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from pronote_server.storage.whole_files import REAL_DISK, Disk, write_whole

__all__ = ["ConnectionSettings", "write_connection_settings"]


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """What a client needs to find and trust the server of a school."""

    designation: str
    rne: str
    address: str
    port: int
    tls: bool
    certificate_authority: str | None = None

    def text(self) -> str:
        """Return the file."""
        lines = [
            "# Paramètres de connexion au serveur PRONOTE (pronote-emulator)",
            f"designation = {_toml_string(self.designation)}",
            f"rne = {_toml_string(self.rne)}",
            f"address = {_toml_string(self.address)}",
            f"port = {self.port}",
            f"tls = {str(self.tls).lower()}",
        ]
        if self.certificate_authority is not None:
            lines.append(f'certificate_authority = """\n{self.certificate_authority}"""')
        return "\n".join(lines) + "\n"


def _toml_string(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else f"\\{c}" if c in '"\\' else c
        for c in text
    )
    return f'"{escaped}"'


def write_connection_settings(
    path: Path, settings: ConnectionSettings, *, disk: Disk = REAL_DISK
) -> None:
    """Write the file in one step: a client never reads half of it. Blocks on the disk."""
    write_whole(path, settings.text().encode(), mode=0o644, disk=disk)
