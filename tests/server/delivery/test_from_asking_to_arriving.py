"""From a client that asks for the credentials to a relay and a gateway that have them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from pronote_protocol.catalogue import account as calls
from pronote_protocol.messages import Nothing
from pronote_server.config_delivery import Mail, Sms
from pronote_server.delivery.delivery import Delivery
from pronote_server.domain.outgoing import OutgoingState
from pronote_server.hosting import account, outbox
from pronote_server.hosting.asker import Asker
from pronote_server.testing import WireClient, open_test_door, open_test_school

pytestmark = pytest.mark.real_tcp


async def test_the_numbers_arrive_by_email_and_the_password_by_sms(
    relay: Any, gateway: Any, authority_file: Path, tmp_path: Path
) -> None:
    delivery = Delivery(
        Mail(host="127.0.0.1", port=relay.port, certificate_authority=authority_file),
        Sms(url=f"http://127.0.0.1:{gateway.port}/"),
    )
    known = {"email": "responsable@ecole.example", "mobile": "+33639980178"}
    with trio.fail_after(60):
        async with open_test_school(tmp_path) as school, open_test_door(school) as door:
            await account.change_terms(school, known, Asker("test", None))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(outbox.deliver_outbox, school, delivery))
                client = await WireClient.inside(door, "admin")
                await client.call(calls.RECEIVE_CREDENTIALS, Nothing())
                while any(
                    message.state is not OutgoingState.SENT
                    for message in await outbox.list_outgoing(school)
                ):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            identity = school.account.identity

    (email,) = relay.got
    ((sms, _),) = gateway.got
    assert email["To"] == "responsable@ecole.example"
    assert identity.hosting_number in email.get_content()
    assert identity.invoice_number in email.get_content()
    assert sms["to"] == "+33639980178"
    assert identity.console_password in sms["text"]
