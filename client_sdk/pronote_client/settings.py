"""
Where a school is and how to trust it: what fiche 5 lets one download and apply.

The file is written by the server and read here; it can also be a ``pronote://`` link,
which is short enough to be typed or scanned and therefore carries no authority.
"""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import attrs

from pronote_client.errors import InvalidSettings

__all__ = ["DEFAULT_PORT", "ConnectionSettings", "toml_string"]

DEFAULT_PORT: Final = 49300
_HEADER: Final = "# Paramètres de connexion au serveur PRONOTE (pronote-emulator)"
_SCHEME: Final = "pronote"
_LONGEST_FILE: Final = 256 * 1024


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """
    Attributes:
        address: Name or IP address, without brackets; the server's certificate must name it.
        designation: What people call the school; only shown.
        rne: Which school of the server, or None for its only (or default) one.
        tls: False only on loopback, or where an operator insisted.
        certificate_authority: PEM to trust for this server and nothing else; None = the
            system's authorities.
    """

    address: str
    port: int = DEFAULT_PORT
    designation: str = ""
    rne: str | None = None
    tls: bool = True
    certificate_authority: str | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.address or any(c.isspace() or c in "[]/@" for c in self.address):
            raise _invalid(f"adresse {self.address!r}", f"address {self.address!r}")
        if not 1 <= self.port <= 65535:
            raise _invalid(f"port {self.port}", f"port {self.port}")

    @property
    def where(self) -> str:
        """``host:port``, for people and as the server's identity in this process."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether what is sent never leaves this machine."""
        if self.address == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return False

    @classmethod
    def read(cls, path: Path | str) -> ConnectionSettings:
        """
        Return the settings in the file at *path*.

        Raises:
            InvalidSettings: There is no such file, or it cannot be used.
        """
        try:
            with Path(path).open("rb") as file:
                data = file.read(_LONGEST_FILE + 1)
            text = data.decode("utf-8-sig")
        except OSError as exc:
            raise _invalid(f"{path} : {exc.strerror}", f"{path}: {exc.strerror}") from None
        except UnicodeDecodeError:
            raise _invalid(f"{path} : pas en UTF-8", f"{path}: not in UTF-8") from None
        if len(data) > _LONGEST_FILE:
            raise _invalid(f"{path} : trop long", f"{path}: too long")
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> ConnectionSettings:
        """
        Return the settings in *text*, the content of a settings file.

        Keys of a newer server are ignored; what is absent has a safe default.

        Raises:
            InvalidSettings: It is no TOML, or a value cannot be used.
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise _invalid(f"fichier illisible ({exc})", f"unreadable file ({exc})") from None
        return cls.from_table(table)

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> ConnectionSettings:
        """Return the settings in *table*, parsed TOML."""
        kinds: dict[str, type] = {
            "designation": str,
            "rne": str,
            "address": str,
            "port": int,
            "tls": bool,
            "certificate_authority": str,
        }
        wrong = [
            key for key, kind in kinds.items() if key in table and type(table[key]) is not kind
        ]
        if "address" not in table:
            wrong.insert(0, "address")
        if wrong:
            names = ", ".join(wrong)
            raise _invalid(f"absent ou incorrect : {names}", f"absent or wrong: {names}")
        return cls(**{key: table[key] for key in kinds if key in table})

    def dumps(self) -> str:
        """Return the content of a settings file that says this."""
        lines = [_HEADER, f"designation = {toml_string(self.designation)}"]
        if self.rne is not None:
            lines.append(f"rne = {toml_string(self.rne)}")
        lines += [
            f"address = {toml_string(self.address)}",
            f"port = {self.port}",
            f"tls = {'true' if self.tls else 'false'}",
        ]
        if self.certificate_authority is not None:
            pem = self.certificate_authority.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
            lines.append(f'certificate_authority = """\n{pem}"""')
        return "\n".join(lines) + "\n"

    @classmethod
    def from_link(cls, link: str) -> ConnectionSettings:
        """
        Return the settings in a ``pronote://RNE@host:port/?designation=...&tls=1`` link.

        Raises:
            InvalidSettings: It is no such link.
        """
        try:
            parts = urlsplit(link.strip())
            host, port, rne = parts.hostname, parts.port, parts.username
        except ValueError as exc:
            raise _invalid(f"lien incorrect ({exc})", f"wrong link ({exc})") from None
        if parts.scheme != _SCHEME or not host or parts.password is not None:
            raise _invalid("ce n'est pas un lien pronote://", "this is no pronote:// link")
        query = parse_qs(parts.query)
        tls = query.get("tls", ["1"])[-1]
        if tls not in ("0", "1"):
            raise _invalid(f"lien incorrect (tls={tls})", f"wrong link (tls={tls})")
        return cls(
            address=host,
            port=DEFAULT_PORT if port is None else port,
            rne=rne or None,
            designation=query.get("designation", [""])[-1],
            tls=tls == "1",
        )

    def link(self) -> str:
        """Return the ``pronote://`` link of these settings; the authority stays behind."""
        school = f"{quote(self.rne, safe='')}@" if self.rne else ""
        query = {"designation": self.designation} if self.designation else {}
        query["tls"] = "1" if self.tls else "0"
        return f"{_SCHEME}://{school}{self.where}/?{urlencode(query)}"


def toml_string(text: str) -> str:
    """Return *text* as a basic string of TOML."""
    escaped = "".join(
        f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else f"\\{c}" if c in '"\\' else c
        for c in text
    )
    return f'"{escaped}"'


def _invalid(fr: str, en: str) -> InvalidSettings:
    return InvalidSettings(
        f"Paramètres de connexion inutilisables : {fr}.", f"Unusable connection settings: {en}."
    )
