"""The settings of what leaves for the responsible of a school: e-mails and SMS."""

from __future__ import annotations

from typing import Annotated

import attrs

from .config_setting import setting
from .config_values import Email, FilePath, Port, Seconds, Text, Url, one_of

__all__ = ["Mail", "Sms"]


@attrs.frozen(kw_only=True)
class Mail:
    """How e-mails leave; without a host they are written into the spool of the school."""

    host: Text | None = setting(None, "None: e-mails are spooled.")
    port: Port = setting(587, "Submission with STARTTLS.")
    security: Annotated[str, one_of("starttls", "tls", "none")] = setting(
        "starttls", "`tls` from the first byte is port 465; `none` is for a relay on loopback."
    )
    certificate_authority: FilePath | None = setting(
        None, "PEM that the relay's certificate is checked by; none: the system's."
    )
    user: Text | None = setting(None, "None: the relay knows us by our address.")
    password_file: FilePath | None = setting(
        None, "A file of its own, so that the settings can be shown to anybody."
    )
    sender: Email = setting("hebergement@localhost", "Whom the responsible answers.")
    timeout_seconds: Seconds = setting(30.0, "For each step; a relay that greylists is slow.")


@attrs.frozen(kw_only=True)
class Sms:
    """How SMS leave, by a gateway over HTTP; without one they are spooled."""

    url: Url | None = setting(
        None, "A JSON object is posted there: id, to, text, sender; none: SMS are spooled."
    )
    certificate_authority: FilePath | None = setting(
        None, "PEM that the gateway's certificate is checked by; none: the system's."
    )
    token_file: FilePath | None = setting(
        None, "Sent as `Authorization: Bearer`; a file of its own, as above."
    )
    sender: Text = setting("PRONOTE", "What the telephone shows; gateways take 11 letters.")
    timeout_seconds: Seconds = setting(30.0, "For each step.")
