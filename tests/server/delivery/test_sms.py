"""SMS, against a gateway on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from pronote_server.config_delivery import Sms
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.delivery.sms import send_sms
from pronote_server.domain.outgoing import OutgoingMessage

pytestmark = pytest.mark.real_tcp


@pytest.fixture
def settings(gateway: Any, tmp_path: Path) -> Sms:
    token = tmp_path / "token.txt"
    token.write_text("sms-token\n")
    return Sms(
        url=f"http://127.0.0.1:{gateway.port}/send?account=7",
        token_file=token,
        timeout_seconds=10,
    )


def refused(settings: Sms, sms: OutgoingMessage) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        send_sms(settings, sms)
    for secret in ("123456789012", "33639980178", "sms-token"):
        assert secret not in failed.value.problem
    return failed.value


def test_a_message_is_posted_with_its_id(
    gateway: Any, settings: Sms, sms: OutgoingMessage
) -> None:
    send_sms(settings, sms)

    ((posted, headers),) = gateway.got
    assert posted == {
        "id": "sms-0123456789",
        "to": "+33639980178",
        "text": sms.body,
        "sender": "PRONOTE",
    }
    assert headers["Idempotency-Key"] == "sms-0123456789"
    assert headers["Authorization"] == "Bearer sms-token"


@pytest.mark.parametrize(
    ("status", "final"),
    [
        *((200, None), (204, None)),
        *((302, True), (400, True), (401, True), (404, True)),
        *((408, False), (429, False), (500, False), (503, False), (None, False)),
    ],
)
def test_a_gateway_says_taken_not_now_or_never(
    gateway: Any, settings: Sms, sms: OutgoingMessage, status: int | None, final: bool | None
) -> None:
    gateway.status = status
    if final is None:
        send_sms(settings, sms)
    else:
        assert refused(settings, sms).final is final
    assert len(gateway.got) == 1


def test_a_gateway_proves_itself(
    secure_gateway: Any, sms: OutgoingMessage, authority_file: Path
) -> None:
    stranger = Sms(url=f"https://127.0.0.1:{secure_gateway.port}/", timeout_seconds=10)
    assert not refused(stranger, sms).final
    assert secure_gateway.got == []

    send_sms(attrs.evolve(stranger, certificate_authority=authority_file), sms)
    assert len(secure_gateway.got) == 1


def test_nobody_there_and_no_token_are_for_later(
    settings: Sms, sms: OutgoingMessage, tmp_path: Path
) -> None:
    assert not refused(attrs.evolve(settings, url="http://127.0.0.1:1/"), sms).final
    assert not refused(attrs.evolve(settings, token_file=tmp_path / "gone"), sms).final
