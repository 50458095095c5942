"""
Proving a password, so that nobody learns who exists.

An unknown login, an account without a password and a wrong password take the same steps,
the same time and the same words. The challenge shows an iteration count, which differs
between generated and personalised passwords: decoys show each of the two as often as the
real accounts do, the same one each time for one login.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

from pronote_protocol.errors import AccountDisabled, BadCredentials
from pronote_protocol.messages import (
    Challenge,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    PasswordRulesShown,
)
from pronote_protocol.scram import Keys, ServerLogin, decoy_keys
from pronote_protocol.words import Mode
from pronote_server.domain.accounts import Account
from pronote_server.domain.passwords import PasswordRules
from pronote_server.domain.search import fold
from pronote_server.hosting import security
from pronote_server.hosting.school import School

__all__ = ["GENERATED_ITERATIONS", "Attempt", "show_rules"]

# A generated password holds more than 80 random bits, and is kept readable until it is
# personalised: stretching it would protect nothing and cost a minute for 140 teachers.
GENERATED_ITERATIONS = 4096


def show_rules(rules: PasswordRules) -> PasswordRulesShown:
    """Return the rules as they travel."""
    return PasswordRulesShown(
        min_length=rules.min_length,
        max_length=rules.max_length,
        need_lower=rules.need_lower,
        need_upper=rules.need_upper,
        need_digit=rules.need_digit,
        need_special=rules.need_special,
    )


class Attempt:
    """One login on one connection: `challenge`, `verify`, then `accept` or `refuse`."""

    def __init__(
        self,
        school: School,
        address: str,
        instance: str,
        certificate_hash: bytes | None,
        start: LoginStart,
    ) -> None:
        self._school = school
        self._address = address
        self._instance = instance
        self._account: Account | None = None
        self._server = ServerLogin(start.mechanism, certificate_hash, self._keys_of)
        self._start = start

    def challenge(self) -> Challenge:
        """
        Return the challenge.

        Raises:
            AddressSuspended: The address, or this account from it, is suspended.
            RemoteProtocolError: The client's text is not SCRAM.
        """
        server_first = self._server.challenge(self._start.client_first)
        security.check(self._school, self._address, self._instance, login=self._server.login)
        return Challenge(server_first=server_first)

    def verify(self, finish: LoginFinish) -> str | None:
        """Return our own proof when the password was proved, else None: go on with `refuse`."""
        try:
            return self._server.verify(finish.client_final)
        except BadCredentials:
            return None

    async def refuse(self) -> NoReturn:
        """
        Count the offence.

        Raises:
            BadCredentials: Wrong password, or no such login; a suspension it leads to is on
                disk when this is raised.
        """
        await security.wrong_password(self._school, self._address, self._server.login)
        raise BadCredentials()

    def accept(self, server_final: str) -> tuple[Account, LoginAccepted]:
        """
        Return the account whose password was proved, which `verify` said.

        Raises:
            BadCredentials: It was changed meanwhile, and so was its password.
            AccountDisabled: The proof was right, but the account is disabled.
        """
        school, account = self._school, self._account
        if account is None:
            raise BadCredentials()
        if not account.active:
            raise AccountDisabled()
        # The account may have changed since the challenge; its password may not have.
        current = school.directory.by_id(account.id)
        if current is None or current.credentials != account.credentials:
            raise BadCredentials()
        school.suspensions.success(self._address, self._server.login, school.clock.timestamp())
        modes = school.directory.modes_of(current)
        return current, LoginAccepted(
            server_final=server_final,
            name=current.name,
            must_change=current.must_change,
            modes=tuple(mode for mode in Mode if mode in modes),
            rules=show_rules(school.rules),
            previous_years=school.previous.years if Mode.ADMINISTRATIVE in modes else (),
        )

    def _keys_of(self, login: str) -> Keys:
        # The decoy is made in any case, so that a login that exists costs what another does.
        name = fold(login)
        decoy = decoy_keys(name, self._school.decoy_secret, self._decoy_iterations(name))
        account = self._school.directory.by_login(login)
        if account is None or account.credentials is None:
            return decoy
        self._account = account
        kept = account.credentials
        return Keys(kept.salt, kept.stored_key, kept.server_key, kept.iterations)

    def _decoy_iterations(self, name: str) -> int:
        """
        Return the count a real account with this name would be likely to show.

        As users personalise their passwords the share of strong counts grows, and decoys
        pass from one count to the other once, as real accounts do.
        """
        digest = hmac.digest(
            self._school.decoy_secret, b"count\0" + name.encode("utf-8", "replace"), "sha256"
        )
        rank = int.from_bytes(digest[:4], "big") / 2**32
        if rank < self._school.directory.personalised_share:
            return self._school.scram_iterations
        return GENERATED_ITERATIONS
