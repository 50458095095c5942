"""E-mails, by SMTP to a relay (RFC 5321, submission with STARTTLS). Blocking."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from pronote_server.config_delivery import Mail
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.domain.outgoing import OutgoingMessage

__all__ = ["as_email", "send_email"]

# The relay says 4xx when later may be better, 5xx when not.
_FINAL: Final = range(500, 600)
# Of the relay's own words, for the operator.
_LONGEST_REASON: Final = 200


def as_email(settings: Mail, message: OutgoingMessage) -> EmailMessage:
    """Return *message* as it travels; its id is the same at every attempt."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = message.recipient or "undisclosed-recipients:;"
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    domain = settings.sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{message.message_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body or "")
    return mail


def send_email(settings: Mail, message: OutgoingMessage) -> None:
    """
    Give *message* to the relay and return once it has taken it.

    Raises:
        DeliveryFailed: It has not, or did not say.
    """
    assert settings.host is not None
    try:
        with _Relay(settings) as relay:
            relay.send_message(as_email(settings, message))
    except smtplib.SMTPAuthenticationError as error:
        # A password that is being changed is no reason to give the message up.
        raise DeliveryFailed(_said(error, message)) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        final = all(code in _FINAL for code in codes)
        reasons = ", ".join(sorted(str(code) for code in codes))
        raise DeliveryFailed(f"recipient refused: {reasons}", final=final) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailed(_said(error, message), final=error.smtp_code in _FINAL) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        reason = str(error)[:_LONGEST_REASON] or type(error).__name__
        raise DeliveryFailed(f"{settings.host}: {reason}") from None


class _Relay:
    """A conversation with the relay; after the message is taken, nothing it says matters."""

    def __init__(self, settings: Mail) -> None:
        self._settings = settings
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> smtplib.SMTP:
        settings = self._settings
        assert settings.host is not None
        context = ssl.create_default_context(cafile=settings.certificate_authority)
        seconds = settings.timeout_seconds
        if settings.security == "tls":
            self._smtp = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=seconds, context=context
            )
        else:
            self._smtp = smtplib.SMTP(settings.host, settings.port, timeout=seconds)
        try:
            if settings.security == "starttls":
                self._smtp.starttls(context=context)
            if settings.user is not None and settings.password_file is not None:
                secret = settings.password_file.read_text(encoding="utf-8").rstrip("\r\n")
                self._smtp.login(settings.user, secret)
        except BaseException:
            self._smtp.close()
            raise
        return self._smtp

    def __exit__(self, kind: object, *_: object) -> None:
        assert self._smtp is not None
        if kind is None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._smtp.close()


def _said(error: smtplib.SMTPResponseException, message: OutgoingMessage) -> str:
    words = error.smtp_error
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    text = " ".join(text.split()).replace(message.recipient or "\n", "…")
    return f"relay said {error.smtp_code} {text}"[:_LONGEST_REASON]
