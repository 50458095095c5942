"""Which way a message takes, and the spool."""

from __future__ import annotations

import stat
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_server.config_delivery import Mail, Sms
from pronote_server.delivery.delivery import Delivery
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.delivery.spool import spooled_as
from pronote_server.domain.outgoing import OutgoingMessage, OutgoingState

pytestmark = pytest.mark.real_tcp


async def test_without_relay_and_gateway_the_operator_finds_them_in_the_spool(
    tmp_path: Path, email: OutgoingMessage, sms: OutgoingMessage
) -> None:
    spool = tmp_path / "spool"
    for message in (email, sms, email):
        state = await Delivery().deliver(message, spool, only_spool=False)
        assert state is OutgoingState.SPOOLED

    files = sorted(spool.iterdir())
    assert [file.name for file in files] == [
        "20210301T080000Z-email-0123456789.eml",
        "20210301T080000Z-sms-0123456789.sms.txt",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    mail = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert mail["To"] == "responsable@ecole.example"
    assert files[1].read_text("utf-8") == f"To: +33639980178\n\n{sms.body}\n"


async def test_each_goes_its_way(
    relay: Any,
    gateway: Any,
    authority_file: Path,
    tmp_path: Path,
    email: OutgoingMessage,
    sms: OutgoingMessage,
) -> None:
    delivery = Delivery(
        Mail(host="127.0.0.1", port=relay.port, certificate_authority=authority_file),
        Sms(url=f"http://127.0.0.1:{gateway.port}/"),
    )
    spool = tmp_path / "spool"
    for message in (email, sms):
        assert await delivery.deliver(message, spool, only_spool=False) is OutgoingState.SENT
    assert (len(relay.got), len(gateway.got)) == (1, 1)

    assert await delivery.deliver(sms, spool, only_spool=True) is OutgoingState.SPOOLED
    unknown = attrs.evolve(email, recipient=None)
    assert await delivery.deliver(unknown, spool, only_spool=False) is OutgoingState.SPOOLED
    assert (len(relay.got), len(gateway.got)) == (1, 1)
    assert set(spool.iterdir()) == {
        spooled_as(spool, sms),
        spooled_as(spool, unknown),
    }


async def test_a_spool_that_cannot_be_written_is_tried_again(
    tmp_path: Path, email: OutgoingMessage
) -> None:
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(DeliveryFailed) as failed:
        await Delivery().deliver(email, tmp_path / "spool", only_spool=False)
    assert not failed.value.final


async def test_a_silent_relay_is_for_later(
    relay: Any, tmp_path: Path, email: OutgoingMessage
) -> None:
    relay.says["HELLO"] = "..."
    delivery = Delivery(Mail(host="127.0.0.1", port=relay.port, timeout_seconds=0.05))
    with pytest.raises(DeliveryFailed) as failed:
        await delivery.deliver(email, tmp_path, only_spool=False)
    assert not failed.value.final
