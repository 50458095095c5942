"""The account with the host (fiches 2, 3 and 4)."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import account as calls
from pronote_protocol.catalogue.account import AccountShown, CredentialsSent

__all__ = ["Account"]


class Account(Family):
    """*Mon compte*: contract, responsible, supervisor's password."""

    async def show(self) -> AccountShown:
        """Return the contract and the account."""
        return await self._call(calls.SHOW_ACCOUNT)

    async def set_reserved(self, reserved: int) -> AccountShown:
        """
        Reserve licences for administrators, at once; whoever holds one keeps it.

        Raises:
            BadRequest: There are not so many licences.
        """
        return await self._call(
            calls.SET_RESERVED, calls.SetReserved(reserved_for_administrators=reserved)
        )

    async def change_supervisor_password(self, current: str, new: str) -> None:
        """
        Change the supervisor's password.

        Raises:
            BadCredentials: *current* is not it; one strike.
            PasswordRefused: *new* breaks the rules.
        """
        await self._call(
            calls.CHANGE_SUPERVISOR_PASSWORD,
            calls.ChangeSupervisorPassword(current_password=current, new_password=new),
        )

    async def receive_credentials(self) -> CredentialsSent:
        """
        Have the responsible sent the numbers by e-mail and the console's password by SMS.

        Raises:
            Conflict: It was asked a moment ago; ``retry_after`` says when again.
        """
        return await self._call(calls.RECEIVE_CREDENTIALS)
