"""
SMS, by a gateway over HTTP. Blocking.

What is posted is one JSON object, ``{"id", "to", "text", "sender"}``; the id is also the
``Idempotency-Key``, and the same at every attempt. An answer of 2xx means taken. Gateways
that speak otherwise have a small relay of their own before them.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Final
from urllib.parse import urlsplit

from pronote_server.config_delivery import Sms
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.domain.outgoing import OutgoingMessage

__all__ = ["send_sms"]

# Not now, by their own meaning: timeout, conflict with itself, too early, too many.
_LATER: Final = frozenset({408, 409, 425, 429})


def send_sms(settings: Sms, message: OutgoingMessage) -> None:
    """
    Give *message* to the gateway and return once it has taken it.

    Raises:
        DeliveryFailed: It has not, or did not say.
    """
    assert settings.url is not None
    parts = urlsplit(settings.url)
    assert parts.hostname is not None
    posted = {
        "id": message.message_id,
        "to": message.recipient,
        "text": message.body,
        "sender": settings.sender,
    }
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.message_id}
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection: http.client.HTTPConnection
    seconds = settings.timeout_seconds
    try:
        if settings.token_file is not None:
            token = settings.token_file.read_text(encoding="utf-8").strip()
            headers["Authorization"] = f"Bearer {token}"
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                parts.hostname,
                parts.port,
                timeout=seconds,
                context=ssl.create_default_context(cafile=settings.certificate_authority),
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
        try:
            connection.request("POST", path, json.dumps(posted).encode(), headers)
            # The status is all that counts; a body without end is not read.
            status = connection.getresponse().status
        finally:
            connection.close()
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = str(error)[:200] or type(error).__name__
        raise DeliveryFailed(f"{parts.hostname}: {reason}") from None
    if not 200 <= status < 300:
        # Also a redirection: what was posted would not follow it.
        final = 300 <= status < 500 and status not in _LATER
        raise DeliveryFailed(f"gateway said {status}", final=final)
