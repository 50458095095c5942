"""
From the hello to the session: the requests that may come before a session is entered.

One `Doorstep` per connection; it holds what the client has shown of itself so far. Which
request may come when is the conversation's business, not repeated here.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, Protocol

import trio

from pronote_protocol.catalogue.call import ADMINISTRATION
from pronote_protocol.conversation import ServerConversation
from pronote_protocol.errors import (
    AddressSuspended,
    LocalProtocolError,
    Refused,
    ServerBusy,
    ServerStopping,
    UnknownSchool,
)
from pronote_protocol.limits import WireLimits, common_version
from pronote_protocol.messages import (
    Challenge,
    Enter,
    Entered,
    Hello,
    Limits,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    Nothing,
    Personalise,
    Resume,
    Welcome,
)
from pronote_protocol.records import structure
from pronote_protocol.scram import BOUND, PLAIN
from pronote_protocol.words import Farewell, Mode
from pronote_server.config import Limits as PeerLimits
from pronote_server.domain.accounts import Account
from pronote_server.domain.sessions import Link, Session
from pronote_server.domain.suspensions import RequestMeter
from pronote_server.hosting import connections, passwords, previous_years, security
from pronote_server.hosting.connections import Caller
from pronote_server.hosting.hot_answers import Packed
from pronote_server.hosting.login import Attempt
from pronote_server.hosting.school import School

__all__ = ["Doorstep", "Reception"]

SERVER_NAME = "pronote-emulator 0.1.0"


class Reception(Protocol):
    """What a connection needs of the door it came through."""

    limits: PeerLimits
    wire_limits: WireLimits

    def school_for(self, rne: str | None, server_name: str | None) -> School | None:
        """Return the school named by the hello or the TLS server name, or the default."""

    @property
    def is_full(self) -> bool:
        """Whether newcomers are told to come back later."""


# The same for all who come while a school is as it is: few at a time, and a school that
# opens its doors in the morning says it to a whole house within a second.
@lru_cache(maxsize=64)
def _welcome(
    version: int,
    rne: str,
    name: str,
    open_modes: frozenset[Mode],
    in_service: bool,
    weak_passwords: bool,
    resume_seconds: float,
    limits: PeerLimits,
    wire: WireLimits,
    *,
    bound: bool,
) -> Packed:
    return Packed.of(
        Welcome(
            version=version,
            server=SERVER_NAME,
            rne=rne,
            school=name,
            mechanisms=(BOUND, PLAIN) if bound else (PLAIN,),
            modes=tuple(mode for mode in Mode if mode in ADMINISTRATION or mode in open_modes),
            in_service=in_service,
            weak_passwords=weak_passwords,
            limits=Limits(
                before_login_bytes=wire.before_login_bytes,
                from_client_bytes=wire.from_client_bytes,
                from_server_bytes=wire.from_server_bytes,
                page_rows=wire.page_rows,
                chunk_bytes=wire.chunk_bytes,
                login_seconds=limits.login_seconds,
                heartbeat_seconds=limits.heartbeat_seconds,
                silence_seconds=limits.silence_seconds,
                resume_seconds=resume_seconds,
            ),
        )
    )


class Doorstep:
    """
    Args:
        link: Given to the session when there is one.
        certificate_hash: Of the certificate this client was shown; None without TLS.
    """

    def __init__(
        self,
        reception: Reception,
        link: Link,
        address: str,
        certificate_hash: bytes | None,
        server_name: str | None,
    ) -> None:
        self.wire = ServerConversation(reception.wire_limits)
        self.address = address
        self.school: School | None = None
        self.session: Session | None = None
        self.deadline = trio.current_time() + reception.limits.hello_seconds
        self._reception = reception
        self._link = link
        self._certificate_hash = certificate_hash
        self._server_name = server_name
        self._caller: Caller | None = None
        self._attempt: Attempt | None = None
        self._account: Account | None = None
        self._meter: RequestMeter | None = None

    def visited(self) -> tuple[School, Session]:
        """Return whose session this is, and the school it sees; only once there is one."""
        if self.school is None or self.session is None:
            raise LocalProtocolError("no session yet")
        return previous_years.seen_by(self.school, self.session), self.session

    def count_requests(self, requests: int, now: float, *, calls: bool) -> None:
        """
        Count what was just read; too many a second suspend the address, not the session.

        Args:
            now: Transport time.
            calls: Whether calls of the session were among them that nobody has noted yet.
        """
        if self.school is None:
            return
        at = self.school.clock.timestamp(now)
        if calls and self.session is not None:
            self.session.last_call_at = at
        if self._meter is not None:
            suspension = self._meter.count(requests, at)
            if suspension is not None:
                security.suspended_meanwhile(self.school, self.address, suspension)

    def hello(self, params: dict[str, Any]) -> Packed:
        """
        Raises:
            VersionUnsupported, UnknownSchool, ServerBusy, ServerStopping, AddressSuspended:
                They end the connection.
        """
        hello = structure(params, Hello)
        version = common_version(hello.oldest, hello.newest)
        if self._reception.is_full:
            raise ServerBusy(retry_after=5.0)
        school = self._reception.school_for(hello.rne, self._server_name)
        if school is None:
            raise UnknownSchool(rne=hello.rne or self._server_name or "?")
        caller = Caller(self.address, hello)
        connections.receive(school, caller)
        self.school, self._caller = school, caller
        self._meter = school.suspensions.request_meter(self.address)
        limits, wire = self._reception.limits, self._reception.wire_limits
        self.deadline = trio.current_time() + limits.login_seconds
        return _welcome(
            version,
            school.rne,
            school.name,
            school.open_modes,
            school.in_service,
            school.weak_passwords,
            school.resume_seconds,
            limits,
            wire,
            bound=self._certificate_hash is not None,
        )

    def login_start(self, params: dict[str, Any]) -> Challenge:
        """
        Raises:
            AddressSuspended, RemoteProtocolError.
        """
        school, caller = self._greeted()
        self._attempt = Attempt(
            school,
            self.address,
            caller.hello.instance,
            self._certificate_hash,
            structure(params, LoginStart),
        )
        return self._attempt.challenge()

    def login_finish(self, params: dict[str, Any]) -> LoginAccepted | Coroutine[Any, Any, Any]:
        """
        Return the answer to a right proof; to a wrong one, what refuses it, to be awaited.

        Raises:
            BadCredentials, AccountDisabled.
        """
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            raise LocalProtocolError("login.finish without login.start")
        server_final = attempt.verify(structure(params, LoginFinish))
        if server_final is None:
            return attempt.refuse()
        self._account, accepted = attempt.accept(server_final)
        return accepted

    async def personalise(self, params: dict[str, Any]) -> Nothing:
        """
        Raises:
            PasswordRefused.
        """
        school, _ = self._greeted()
        account = self._proved()
        wish = structure(params, Personalise)
        self._account = await passwords.personalise(
            school, account.id, wish.new_password, self.address
        )
        return Nothing()

    def enter(self, params: dict[str, Any]) -> Entered:
        """
        Raises:
            Refused: See `connections.enter`.
        """
        school, caller = self._greeted()
        wish = structure(params, Enter)
        self.session, entered = connections.enter(
            school, caller, self._proved(), wish, self._link
        )
        self._inside()
        return entered

    def resume(self, params: dict[str, Any]) -> Entered:
        """
        Raises:
            ResumeRefused, NotInService, ServerStopping.
        """
        school, caller = self._greeted()
        wish = structure(params, Resume)
        self.session, entered = connections.resume(school, caller, wish, self._link)
        self._inside()
        return entered

    def farewell_of(self, refusal: Refused) -> Farewell:
        """Return the goodbye that follows a refusal which ends the connection."""
        if isinstance(refusal, AddressSuspended):
            return Farewell.SUSPENDED
        if isinstance(refusal, (ServerStopping, ServerBusy)):
            return Farewell.SERVER_STOPPING
        return Farewell.PROTOCOL_ERROR

    def _inside(self) -> None:
        self.deadline = float("inf")
        self._account = None

    def _greeted(self) -> tuple[School, Caller]:
        if self.school is None or self._caller is None:
            raise LocalProtocolError("no hello yet")
        return self.school, self._caller

    def _proved(self) -> Account:
        if self._account is None:
            raise LocalProtocolError("no login yet")
        return self._account
