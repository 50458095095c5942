"""E-mails, against a relay on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from pronote_server.config_delivery import Mail
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.delivery.mail import send_email
from pronote_server.domain.outgoing import OutgoingMessage

pytestmark = pytest.mark.real_tcp


@pytest.fixture
def settings(relay: Any, authority_file: Path, tmp_path: Path) -> Mail:
    secret = tmp_path / "relay.txt"
    secret.write_text("relay-password\n")
    return Mail(
        host="127.0.0.1",
        port=relay.port,
        certificate_authority=authority_file,
        user="pronote",
        password_file=secret,
        sender="hebergement@ecole.example",
        timeout_seconds=10,
    )


def refused(settings: Mail, email: OutgoingMessage) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        send_email(settings, email)
    # One line, for lists and logs; nothing of what was to be told is in it.
    assert "\n" not in failed.value.problem
    assert "123456789012" not in failed.value.problem
    assert "ecole.example" not in failed.value.problem
    return failed.value


def test_a_message_is_given_inside_tls_with_its_id(
    relay: Any, settings: Mail, email: OutgoingMessage
) -> None:
    send_email(settings, email)

    (got,) = relay.got
    assert got["Message-ID"] == "<email-0123456789@ecole.example>"
    assert got["To"] == "responsable@ecole.example"
    assert got["Subject"] == "Identifiants d'hébergement"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().splitlines() == (email.body or "").splitlines()
    assert relay.heard == [
        *("EHLO", "STARTTLS"),
        *("EHLO*", "AUTH*", "MAIL*", "RCPT*", "DATA*", "QUIT*"),
    ]


def test_tls_from_the_first_byte_and_no_tls_at_all(
    relay: Any, settings: Mail, email: OutgoingMessage
) -> None:
    relay.tls = True
    send_email(attrs.evolve(settings, security="tls"), email)
    relay.tls = False
    send_email(attrs.evolve(settings, security="none", user=None, password_file=None), email)

    assert len(relay.got) == 2
    assert relay.heard[-4:] == ["MAIL", "RCPT", "DATA", "QUIT"]


def test_nothing_is_said_to_a_relay_that_cannot_prove_itself(
    relay: Any, settings: Mail, email: OutgoingMessage, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    failed = refused(attrs.evolve(settings, certificate_authority=stranger), email)
    relay.starttls = False
    without = refused(settings, email)

    assert (failed.final, without.final) == (False, False)
    assert "ertificate" in failed.problem
    assert {"AUTH", "AUTH*", "MAIL", "MAIL*"}.isdisjoint(relay.heard)
    assert relay.got == []


@pytest.mark.parametrize(
    ("verb", "said", "final"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "451 greylisted", False),
        ("MAIL", "552 too large", True),
        ("DATA.", "554 spam for responsable@ecole.example", True),
        ("DATA.", "452 disk full", False),
        ("HELLO", "421 busy", False),
        ("AUTH", "535 changed", False),
        ("EHLO", None, False),
        ("DATA", None, False),
    ],
)
def test_a_relay_says_now_not_or_never(
    relay: Any,
    settings: Mail,
    email: OutgoingMessage,
    verb: str,
    said: str | None,
    final: bool,
) -> None:
    relay.says[verb] = said

    assert refused(settings, email).final is final


def test_a_relay_that_hangs_up_after_the_message_may_have_taken_it(
    relay: Any, settings: Mail, email: OutgoingMessage
) -> None:
    relay.says["DATA."] = None
    assert not refused(settings, email).final
    relay.says.clear()
    send_email(settings, email)

    first, second = relay.got
    assert first["Message-ID"] == second["Message-ID"]


def test_what_a_relay_does_after_taking_it_does_not_matter(
    relay: Any, settings: Mail, email: OutgoingMessage
) -> None:
    relay.says["QUIT"] = None
    send_email(settings, email)

    assert len(relay.got) == 1


@pytest.mark.parametrize("verb", ["HELLO", "EHLO", "DATA."])
def test_a_silent_relay_is_not_waited_for(
    relay: Any, settings: Mail, email: OutgoingMessage, verb: str
) -> None:
    relay.says[verb] = "..."

    assert not refused(attrs.evolve(settings, timeout_seconds=0.05), email).final


def test_nobody_there_and_no_password_file_are_for_later(
    relay: Any, settings: Mail, email: OutgoingMessage, tmp_path: Path
) -> None:
    assert not refused(attrs.evolve(settings, port=1), email).final
    gone = attrs.evolve(settings, password_file=tmp_path / "gone")
    assert not refused(gone, email).final
