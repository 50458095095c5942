"""From a fresh connection to a session: hello, password, mode and seat; or resume."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

import attrs
import trio

from pronote_client.connection import Connection, answered_as, plain
from pronote_client.errors import InsecureConnection, PasswordMustChange, RemoteProtocolError
from pronote_protocol.messages import (
    Challenge,
    Enter,
    Entered,
    Hello,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    Nothing,
    Personalise,
    Resume,
    Welcome,
)

__all__ = ["Credentials", "InThread", "authenticate", "enter", "greet", "in_thread", "resume"]

T = TypeVar("T")

InThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
_DERIVATIONS: Final = trio.lowlevel.RunVar[trio.CapacityLimiter]("pronote_client.derivations")


@attrs.frozen(kw_only=True)
class Credentials:
    """
    Attributes:
        new_password: Given if the server wants the password personalised; else unused.
    """

    login: str
    password: str = attrs.field(repr=False)
    new_password: str | None = attrs.field(default=None, repr=False)


async def in_thread(work: Callable[[], T]) -> T:
    """
    Run *work* beside the loop: a derivation takes half a second of processor.

    As many at a time as there are processors, not the forty threads Trio keeps for files
    and names. Cancelling does not wait for it.
    """
    try:
        limiter = _DERIVATIONS.get()
    except LookupError:
        limiter = trio.CapacityLimiter(os.cpu_count() or 1)
        _DERIVATIONS.set(limiter)
    return await trio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=True)


async def _say(connection: Connection, method: str, record: Any, answer: type[T]) -> T:
    return answered_as(await connection.ask(method, plain(record)), answer)


async def greet(connection: Connection, hello: Hello) -> Welcome:
    """Say *hello*, and respect what the welcome announces."""
    welcome = await _say(connection, "hello", hello, Welcome)
    if not hello.oldest <= welcome.version <= hello.newest:
        raise RemoteProtocolError(f"the server chose version {welcome.version}")
    connection.obey(welcome.limits)
    return welcome


async def authenticate(
    connection: Connection,
    welcome: Welcome,
    credentials: Credentials,
    *,
    password_may_travel: bool,
    where: str,
    run: InThread = in_thread,
) -> LoginAccepted:
    """
    Prove the password, have the server prove that it knew it, personalise if it must be.

    Raises:
        BadCredentials: One strike; this is never tried again by itself.
        PasswordMustChange: And no new password was given; its details hold the rules.
        PasswordRefused: The new one breaks a rule.
        InsecureConnection: A new password would travel in clear.
        RemoteProtocolError: This is not the server it says it is.
    """
    # Imported here: 50 ms that a program which only reads settings does not need.
    from pronote_protocol.scram import ClientLogin

    login = ClientLogin(
        credentials.login,
        credentials.password,
        mechanisms=welcome.mechanisms,
        certificate_hash=connection.transport.certificate_hash,
    )
    start = LoginStart(mechanism=login.mechanism, client_first=login.first())
    challenge = await _say(connection, "login.start", start, Challenge)
    proof = await run(functools.partial(login.final, challenge.server_first))
    accepted = await _say(
        connection, "login.finish", LoginFinish(client_final=proof), LoginAccepted
    )
    login.check(accepted.server_final)
    if accepted.must_change:
        if credentials.new_password is None:
            raise PasswordMustChange(**attrs.asdict(accepted.rules))
        if not password_may_travel:
            raise InsecureConnection(where)
        personal = Personalise(new_password=credentials.new_password)
        await _say(connection, "password.personalise", personal, Nothing)
    return accepted


async def enter(connection: Connection, wish: Enter) -> Entered:
    """Choose a mode and take a seat."""
    return await _say(connection, "session.enter", wish, Entered)


async def resume(connection: Connection, session: str, token: str) -> Entered:
    """Take the session back; the token is spent, `Entered` has the next one."""
    request = Resume(session=session, token=token)
    return await _say(connection, "session.resume", request, Entered)
