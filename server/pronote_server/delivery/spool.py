"""The spool: a folder of the school where the operator finds what could not leave. Blocking."""

from __future__ import annotations

from pathlib import Path

from pronote_server.config_delivery import Mail
from pronote_server.delivery.mail import as_email
from pronote_server.domain.outgoing import Channel, OutgoingMessage
from pronote_server.storage.whole_files import REAL_DISK, Disk, write_whole

__all__ = ["spool_message", "spooled_as"]


def spooled_as(folder: Path, message: OutgoingMessage) -> Path:
    """Return the file of *message*, the same at every attempt."""
    at = message.created_at.strftime("%Y%m%dT%H%M%SZ")
    ending = "eml" if message.channel is Channel.EMAIL else "sms.txt"
    return folder / f"{at}-{message.message_id}.{ending}"


def spool_message(
    folder: Path, settings: Mail, message: OutgoingMessage, *, disk: Disk = REAL_DISK
) -> Path:
    """
    Write *message* into *folder*, readable by the server's owner only; return its file.

    Raises:
        OSError: The disk said no; nothing is left.
    """
    file = spooled_as(folder, message)
    if message.channel is Channel.EMAIL:
        content = as_email(settings, message).as_bytes()
    else:
        content = f"To: {message.recipient or '?'}\n\n{message.body}\n".encode()
    disk.make_folder(folder)
    write_whole(file, content, disk=disk)
    return file
