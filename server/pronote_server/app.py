"""
Composition: clock, schools, doors, opened in that order and closed in the reverse one.

This is the only module that knows all the rooms.
"""

from __future__ import annotations

import gc
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import structlog
import trio

from pronote_server import certificates
from pronote_server.announcing import announce
from pronote_server.clock import Clock, machine_time
from pronote_server.config import Settings
from pronote_server.data_folder import DataRefused, claimed
from pronote_server.delivery.delivery import Delivery
from pronote_server.hosting.backup_schedule import keep_backups
from pronote_server.hosting.connection_settings import (
    ConnectionSettings,
    write_connection_settings,
)
from pronote_server.hosting.housekeeping import keep_house
from pronote_server.hosting.opening import open_school
from pronote_server.hosting.outbox import deliver_outbox
from pronote_server.hosting.school import School
from pronote_server.hosting.version_schedule import keep_version
from pronote_server.listeners import open_listeners
from pronote_server.native.door import Door, Tls
from pronote_server.rescue.commands import rescue_commands
from pronote_server.rescue.door import RescueDoor
from pronote_server.rescue.place import announced, rescue_socket
from pronote_server.storage.encryption import KeyRefused, read_key_file

__all__ = ["App", "open_app", "serve"]

log = structlog.get_logger()

# Descriptors kept for databases, the rescue door and the system's own needs.
_KEPT_DESCRIPTORS = 256
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@attrs.define(eq=False)
class App:
    """A server that runs; what the command line, the tests and the doors are shown of it."""

    settings: Settings
    clock: Clock
    schools: Mapping[str, School]
    door: Door
    host: str
    port: int
    settings_files: Mapping[str, Path]

    @property
    def address(self) -> str:
        """``HOST:PORT``, with brackets around an IPv6 address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def school(self) -> School:
        """The default school."""
        return next(iter(self.schools.values()))

    def stop(self) -> None:
        """Begin to stop; a second call hurries."""
        self.door.stop()

    def statistics(self) -> dict[str, Any]:
        """Return a snapshot of everything that counts something, as plain values."""
        return {
            "door": attrs.asdict(self.door.statistics()),
            "schools": [_plain(school.statistics()) for school in self.schools.values()],
            "clock": _plain(attrs.asdict(self.clock.statistics())),
        }


@asynccontextmanager
async def open_app(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[App]:
    """
    Open the schools and serve them for as long as the block lasts, then stop in order.

    The block may end while clients are connected: they are told goodbye.

    Raises:
        DataRefused, CertificateRefused, PortTaken, StorageFailed: Nothing was served.
    """
    clock = clock or Clock()
    data = settings.data.directory
    settings = _within_descriptors(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(claimed(data))
        listeners = await open_listeners(
            settings.listen.host, settings.listen.port, settings.listen.backlog
        )
        stack.callback(_close, listeners)
        schools = {
            each.rne: await stack.enter_async_context(
                open_school(
                    each,
                    settings.suspension,
                    data / each.rne,
                    clock,
                    resume_seconds=settings.limits.resume_seconds,
                    short_reads=settings.limits.short_reads,
                )
            )
            for each in settings.schools
        }
        key = await trio.to_thread.run_sync(_backup_key, settings.data.key_file)
        for school in schools.values():
            school.backups.folder.archive_days = settings.data.archive_days
            school.backups.folder.key = key
        tls, authority = await trio.to_thread.run_sync(_prepare_tls, settings)
        door = Door(
            schools, settings.limits, tls=tls, proxies=settings.listen.proxy_protocol_from
        )
        port = listeners[0].getsockname()[1]
        host = settings.listen.host
        files = {
            rne: _write_settings(school, settings, port, authority)
            for rne, school in schools.items()
        }
        app = App(settings, clock, schools, door, host, port, files)
        rescue = RescueDoor(
            rescue_socket(data),
            rescue_commands(schools, app.statistics, clock, test_api=settings.listen.test_api),
        )
        async with trio.open_nursery() as background:
            await background.start(rescue.serve)
            if settings.announce.mdns:
                background.start_soon(
                    partial(announce, tls=settings.tls.enabled),
                    app.host,
                    app.port,
                    tuple(schools.values()),
                )
            catching_up = trio.Lock()
            for school in schools.values():
                await background.start(keep_backups, school, catching_up)
                await background.start(keep_house, school)
            delivery = Delivery(settings.mail, settings.sms)
            for school in schools.values():
                background.start_soon(deliver_outbox, school, delivery)
                background.start_soon(keep_version, school)
            with announced(app.address, data):
                async with trio.open_nursery() as serving:
                    await serving.start(door.serve, listeners)
                    log.info("server.ready", address=app.address, schools=list(schools))
                    try:
                        yield app
                    finally:
                        # Once it is stopping, one more call would take the clients' grace away.
                        if not door.stopping:
                            door.stop()
            background.cancel_scope.cancel(reason="server stopped")
        log.info("server.stopped")


async def serve(
    settings: Settings,
    prepare: Callable[[App], Awaitable[None]],
    ready: Callable[[App], None],
    origin: datetime | None = None,
) -> None:
    """
    Serve until SIGTERM or SIGINT; a second signal hurries. These signals stay ours: the
    process is expected to end after this.

    Args:
        prepare: Awaited once, before *ready*.
        ready: Called once, when clients are accepted and the schools are prepared.
        origin: School time at the start; None takes the machine's.
    """
    orders = _Orders()
    # What the receiver puts back when it is left: one more signal must not kill a process
    # that is on its way out.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # Around everything: the second signal comes while the last goodbyes are said.
    with trio.open_signal_receiver(*_SIGNALS) as signals:
        async with trio.open_nursery() as watching:
            watching.start_soon(orders.obey, signals)
            with orders.starting:
                async with open_app(settings, clock=Clock(origin)) as app:
                    await prepare(app)
                    _keep_what_is_alive()
                    orders.app = app
                    ready(app)
                    await app.door.stopped.wait()
            watching.cancel_scope.cancel(reason="stopped")


def _keep_what_is_alive() -> None:
    """
    Take everything there is now out of the collector's sight.

    Programs, schools and accounts stay until the end; walking them at each full collection
    held every client up for 70 ms, and one frame of twenty thousand arrays brings one about.
    """
    gc.collect()
    gc.freeze()


@attrs.define(eq=False)
class _Orders:
    """What the operator's signals mean: before the server is ready, give up starting it."""

    app: App | None = None
    starting: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def obey(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            log.info("server.stopping", signal=signal.Signals(number).name)
            if self.app is None:
                self.starting.cancel(reason="stopped while starting")
            else:
                self.app.stop()


def _prepare_tls(settings: Settings) -> tuple[Tls | None, str | None]:
    """Return what the door shows and the authority clients must trust; blocks on the disk."""
    tls, now = settings.tls, machine_time()
    if not tls.enabled:
        return None, None
    authority = None
    if tls.certificate is not None and tls.key is not None:
        shown = certificates.given_certificate(tls.certificate, tls.key, now)
    else:
        folder = settings.data.directory / "tls"
        own = certificates.ensure_authority(folder, now)
        authority = own.pem()
        names = certificates.names_of_server(
            settings.listen.host, (school.rne for school in settings.schools)
        )
        shown = certificates.ensure_server_certificate(own, folder, names, now)
    context = certificates.server_context(shown.certificate_file, shown.key_file)
    context.sni_callback = _remember_name
    return Tls(context, shown.hash), authority


def _backup_key(file: Path | None) -> bytes | None:
    try:
        return None if file is None else read_key_file(file)
    except KeyRefused as refused:
        raise DataRefused(f"data.key_file: {refused}") from None


def _remember_name(sock: Any, name: str | None, _: Any) -> None:
    sock.asked_name = name


def _write_settings(
    school: School, settings: Settings, port: int, authority: str | None
) -> Path:
    host = settings.listen.host
    path = school.folder / "connexion.toml"
    write_connection_settings(
        path,
        ConnectionSettings(
            designation=school.name,
            rne=school.rne,
            address=socket.gethostname() if host in ("", "0.0.0.0", "::") else host,
            port=port,
            tls=settings.tls.enabled,
            certificate_authority=authority,
        ),
    )
    return path


def _within_descriptors(settings: Settings) -> Settings:
    """Ask for the descriptors needed, and promise no more connections than they hold."""
    limits, unlimited = settings.limits, resource.RLIM_INFINITY
    wanted = limits.max_connections + _KEPT_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == unlimited else min(wanted, hard)
    if soft != unlimited and soft < allowed:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    if soft == unlimited or soft >= wanted:
        return settings
    most = max(1, soft - min(_KEPT_DESCRIPTORS, soft // 2))
    log.warning("server.few_descriptors", max_connections=most, wanted=limits.max_connections)
    return attrs.evolve(
        settings,
        limits=attrs.evolve(
            limits,
            max_connections=most,
            max_unauthenticated=min(limits.max_unauthenticated, most),
        ),
    )


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _plain(value: Any) -> Any:
    """Return statistics as values that travel."""
    if attrs.has(type(value)):
        return _plain(attrs.asdict(value, recurse=False))
    if isinstance(value, Mapping):
        return {str(getattr(key, "value", key)): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    return str(getattr(value, "value", value))
