"""Answers on the account with the host."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import account as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import account, credentials
from pronote_server.native.calls.visit import Visit, answers


def show_account(visit: Visit, _: Nothing) -> calls.AccountShown:
    return account.show_account(visit.school)


async def set_reserved(visit: Visit, wish: calls.SetReserved) -> calls.AccountShown:
    return await account.set_reserved(
        visit.school, wish.reserved_for_administrators, visit.asker
    )


async def change_supervisor_password(
    visit: Visit, wish: calls.ChangeSupervisorPassword
) -> Nothing:
    await account.change_supervisor_password(
        visit.school, wish.current_password, wish.new_password, visit.asker
    )
    return Nothing()


async def receive_credentials(visit: Visit, _: Nothing) -> calls.CredentialsSent:
    return await credentials.send_credentials(visit.school, visit.asker)


ANSWERS: Final = (
    answers(calls.SHOW_ACCOUNT, show_account),
    answers(calls.SET_RESERVED, set_reserved),
    answers(calls.CHANGE_SUPERVISOR_PASSWORD, change_supervisor_password),
    answers(calls.RECEIVE_CREDENTIALS, receive_credentials),
)
