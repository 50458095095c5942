"""Which way a message takes, by the settings; in a thread, within a bounded time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from pronote_server.config_delivery import Mail, Sms
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.delivery.mail import send_email
from pronote_server.delivery.sms import send_sms
from pronote_server.delivery.spool import spool_message
from pronote_server.domain.outgoing import Channel, OutgoingMessage, OutgoingState

__all__ = ["Delivers", "Delivery"]

# A relay's conversation has so many steps that each may take the time of one.
_STEPS: Final = 8


class Delivers(Protocol):
    """What the outbox needs."""

    async def deliver(
        self, message: OutgoingMessage, spool: Path, *, only_spool: bool
    ) -> OutgoingState:
        """
        Return how *message* left: sent, or spooled into the folder *spool*.

        Raises:
            DeliveryFailed: It did not, or that is not known.
        """


@attrs.frozen
class Delivery:
    """By relay and gateway where there are any, else into the spool."""

    mail: Mail = attrs.field(factory=Mail)
    sms: Sms = attrs.field(factory=Sms)

    async def deliver(
        self, message: OutgoingMessage, spool: Path, *, only_spool: bool
    ) -> OutgoingState:
        """As in `Delivers`. Cancelled, the attempt is abandoned: it may have succeeded."""
        if message.channel is Channel.EMAIL:
            configured, send = self.mail.host is not None, partial(send_email, self.mail)
            seconds = self.mail.timeout_seconds
        else:
            configured, send = self.sms.url is not None, partial(send_sms, self.sms)
            seconds = self.sms.timeout_seconds
        if only_spool or not configured or message.recipient is None:
            await self._in_thread(partial(spool_message, spool, self.mail, message), seconds)
            return OutgoingState.SPOOLED
        await self._in_thread(partial(send, message), seconds)
        return OutgoingState.SENT

    async def _in_thread(self, act: Callable[[], object], seconds: float) -> None:
        try:
            with trio.fail_after(seconds * _STEPS):
                await trio.to_thread.run_sync(act, abandon_on_cancel=True)
        except trio.TooSlowError:
            raise DeliveryFailed("no answer in time") from None
        except OSError as error:
            raise DeliveryFailed(f"{error.strerror or error}") from None
