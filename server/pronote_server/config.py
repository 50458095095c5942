"""
Every setting of the server, with its default and the reason for it.

A TOML file is read first, then the environment (``PRONOTE_LISTEN__PORT=0``), then the
options of the command line; the later one wins. The table in ``server/README.md`` is made
from this module by ``tools/generate``.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import attrs

from .config_delivery import Mail, Sms
from .config_reading import ConfigRefused, Problems, dotted_names, read_settings
from .config_school import Contract, HostingAccountSettings, Passwords, SchoolSettings
from .config_setting import section, setting
from .config_values import (
    Count,
    FilePath,
    Flag,
    Networks,
    NetworksAndRanges,
    Numbers,
    Port,
    Seconds,
    Text,
    one_of,
    whole,
)
from .domain.suspension_policy import (
    SuspensionLevel,
    SuspensionPolicy,
    SuspensionProfile,
)

__all__ = [
    "Announce",
    "ConfigRefused",
    "Contract",
    "Data",
    "HostingAccountSettings",
    "Limits",
    "Listen",
    "Log",
    "Mail",
    "Passwords",
    "SchoolSettings",
    "Settings",
    "Sms",
    "Suspension",
    "Tls",
    "load_settings",
    "settings_table",
]


@attrs.frozen(kw_only=True)
class Listen:
    """Where clients connect."""

    host: Text = setting(
        "127.0.0.1", "A first start is seen by nobody else; `0.0.0.0` or `::` opens it."
    )
    port: Port = setting(49300, "The port of the hosting guide (fiche 5); 0 takes a free one.")
    backlog: Count = setting(
        1024, "Connections the system keeps while the loop is busy; a school at 8 o'clock."
    )
    proxy_protocol_from: Networks = setting(
        (),
        "Peers that must begin with a PROXY v2 header, and are believed: the balancers. "
        "From anybody else such a header is a protocol error.",
    )
    insecure_plain_tcp: Flag = setting(
        False, "Only with this may TLS be off on an address others can reach."
    )
    test_api: Flag = setting(
        False,
        "Lets the operator move the clock, for tests and demonstrations; never on an address "
        "others can reach.",
    )


@attrs.frozen(kw_only=True)
class Tls:
    """How the server proves who it is."""

    enabled: Flag = setting(True, "Names and marks of pupils travel here.")
    certificate: FilePath | None = setting(
        None, "PEM, the chain included. None: an authority is made on first start."
    )
    key: FilePath | None = setting(
        None, "PEM, without a passphrase; goes with the certificate."
    )


@attrs.frozen(kw_only=True)
class Data:
    """What is kept."""

    directory: FilePath = setting(
        Path("pronote-data"), "Bases, accounts, journal, authority; one folder to back up."
    )
    archive_days: Annotated[int, whole(1, 3660)] = setting(
        120, "The guide's list has 116 archives, one a night (fiche 9)."
    )
    key_file: FilePath | None = setting(
        None, "Backups and archives are encrypted with the key in it; without it they are lost."
    )


@attrs.frozen(kw_only=True)
class Limits:
    """What one client may cost, in time and in number."""

    short_reads: Flag = setting(
        True,
        "A page of a list is read where it is asked, which holds everybody a tenth of a "
        "millisecond, and once in half a minute longer where the disk is slow. Off: in a "
        "thread, for bases on a disk of the network.",
    )
    hello_seconds: Seconds = setting(5.0, "A program says hello at once; silence is a probe.")
    tls_seconds: Seconds = setting(5.0, "A handshake takes two round trips.")
    login_seconds: Seconds = setting(
        20.0, "The client derives its key meanwhile, seconds on a slow machine; nobody types."
    )
    frame_seconds: Seconds = setting(10.0, "A frame begun is finished, or its sender is stuck.")
    stall_seconds: Seconds = setting(15.0, "How long a client may refuse to read its answers.")
    farewell_seconds: Seconds = setting(5.0, "For the goodbye of a client that is hung up.")
    max_connections: Count = setting(
        10_000,
        "Several large schools at once; the process needs as many descriptors (`ulimit -n`).",
    )
    max_unauthenticated: Count = setting(
        512, "Whoever has not logged in is nobody yet, and must not fill the house."
    )
    max_unauthenticated_per_address: Count = setting(
        64, "A whole school stands behind one address and starts at 8 o'clock."
    )
    outbox_bytes: Count = setting(1024 * 1024, "One full page; who is further behind is slow.")
    heartbeat_seconds: Seconds = setting(
        30.0, "Shorter than routers remember an idle connection."
    )
    silence_seconds: Seconds = setting(90.0, "Three heartbeats missed: the seat is free again.")
    resume_seconds: Seconds = setting(
        90.0, "A seat is kept so long for a client whose network was cut."
    )
    stop_grace_seconds: Seconds = setting(
        5.0, "From the announcement of a stop to the goodbye."
    )


@attrs.frozen(kw_only=True)
class Suspension:
    """Which addresses are suspended (fiche 11)."""

    level: Annotated[str, one_of("off", "low", "medium", "high")] = setting(
        "medium", "Five wrong passwords in ten minutes cost half an hour."
    )
    profile: Annotated[str, one_of("address", "school")] = setting(
        "address",
        "`school` counts an account at an address before the address: many pupils, one NAT.",
    )
    privileged: NetworksAndRanges = setting(
        (), "Never suspended, for any cause: the school's own office."
    )
    overrides: Numbers = setting(
        MappingProxyType({}), "Numbers of the level to replace, such as `wrong_passwords = 8`."
    )

    def policy(self) -> SuspensionPolicy:
        """Return what the domain judges by; `load_settings` has seen that it can be built."""
        return SuspensionPolicy(
            level=SuspensionLevel(self.level),
            profile=SuspensionProfile(self.profile),
            privileged=self.privileged,
            overrides=self.overrides,
        )


@attrs.frozen(kw_only=True)
class Announce:
    """Being found."""

    mdns: Flag = setting(False, "Search on the local network finds the server; off: not asked.")


@attrs.frozen(kw_only=True)
class Log:
    """What is told on standard error."""

    level: Annotated[str, one_of("debug", "info", "warning", "error")] = setting(
        "info", "`debug` tells of every connection."
    )
    json: Annotated[str, one_of("auto", "always", "never")] = setting(
        "auto", "One object a line for programs; `auto`: unless a person reads at a terminal."
    )


@attrs.frozen(kw_only=True)
class Settings:
    """
    The settings of one server.

    Built in a program they are not checked; :func:`load_settings` checks.
    """

    listen: Listen = section(Listen, "Where clients connect.")
    tls: Tls = section(Tls, "How the server proves who it is.")
    data: Data = section(Data, "What is kept.")
    limits: Limits = section(Limits, "What one client may cost.")
    suspension: Suspension = section(Suspension, "Which addresses are suspended.")
    schools: tuple[SchoolSettings, ...] = setting((), "At least one; the first is the default.")
    mail: Mail = section(Mail, "How e-mails leave.")
    sms: Sms = section(Sms, "How SMS leave.")
    announce: Announce = section(Announce, "Being found.")
    log: Log = section(Log, "What is told.")


def load_settings(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """
    Return the settings that file, environment and options describe, the last one winning.

    Args:
        file: TOML; relative paths in it start from its folder.
        environment: Usually ``os.environ``; ``PRONOTE_LISTEN__PORT`` is ``listen.port``.
        options: Dotted names to values, such as ``{"listen.port": 0}``; None is not given.

    Raises:
        ConfigRefused: With every mistake at once, each with its path.
    """
    return read_settings(
        Settings, _rules, file=file, environment=environment or {}, options=options or {}
    )


def _rules(settings: Settings, problems: Problems) -> None:
    listen, tls, limits = settings.listen, settings.tls, settings.limits
    rule = problems.add_rule
    if not (tls.enabled or listen.insecure_plain_tcp or _is_loopback(listen.host)):
        rule(
            f"without TLS, passwords' proofs and pupils' names could be read on {listen.host}; "
            "enable it, listen on 127.0.0.1, or set listen.insecure_plain_tcp",
            "tls.enabled",
            "listen.host",
            "listen.insecure_plain_tcp",
        )
    if listen.test_api and not _is_loopback(listen.host):
        rule(
            f"moves the clock of every school, and others can reach {listen.host}; "
            "listen on 127.0.0.1, or leave it off",
            "listen.test_api",
            "listen.host",
        )
    if (tls.certificate is None) != (tls.key is None):
        given, other = ("key", "certificate") if tls.key else ("certificate", "key")
        rule(f"missing; it goes with tls.{given}", f"tls.{other}", f"tls.{given}")
    for network in listen.proxy_protocol_from:
        if network.prefixlen == 0:
            rule(
                f"{network} is everybody: each client could choose its own address",
                "listen.proxy_protocol_from",
            )
    for smaller, larger in (
        ("heartbeat_seconds", "silence_seconds"),
        ("max_unauthenticated_per_address", "max_unauthenticated"),
        ("max_unauthenticated", "max_connections"),
    ):
        if getattr(limits, smaller) > getattr(limits, larger):
            rule(
                f"{getattr(limits, smaller):g} is more than limits.{larger}, "
                f"{getattr(limits, larger):g}",
                f"limits.{smaller}",
                f"limits.{larger}",
            )
    if settings.mail.user is not None and settings.mail.security == "none":
        rule(
            "the password would travel in clear; use starttls or tls",
            "mail.security",
            "mail.user",
        )
    if (settings.mail.user is None) != (settings.mail.password_file is None):
        rule("user and password_file go together", "mail.user", "mail.password_file")
    try:
        settings.suspension.policy()
    except ValueError as error:
        rule(str(error), "suspension.overrides", "suspension.level")
    _school_rules(settings.schools, problems)


def _school_rules(schools: tuple[SchoolSettings, ...], problems: Problems) -> None:
    if not schools:
        problems.add_rule("at least one [[schools]] table, with rne and name", "schools")
    counted = Counter(school.rne for school in schools)
    for index, school in enumerate(schools):
        path = f"schools[{index}]"
        if counted[school.rne] > 1:
            problems.add_rule(f"{school.rne} is there more than once", f"{path}.rne")
        for part, smaller, larger in (
            (school.contract, "contract.reserved_for_administrators", "contract.modification"),
            (school.passwords, "passwords.min_length", "passwords.max_length"),
        ):
            low, high = (getattr(part, n.rpartition(".")[2]) for n in (smaller, larger))
            if low > high:
                problems.add_rule(
                    f"{low} is more than {path}.{larger}, {high}",
                    f"{path}.{smaller}",
                    f"{path}.{larger}",
                )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def settings_table() -> str:
    """Return every setting, its default and the reason as a Markdown table."""
    rows = ["| Setting | Default | Why |", "|---|---|---|"]
    for name in dotted_names(Settings):
        cls: Any = Settings
        for step in name.split("."):
            field = attrs.fields_dict(cls)[step.removesuffix("[]")]
            cls = SchoolSettings if step.endswith("[]") else field.type
        rows.append(f"| `{name}` | {_default(field)} | {field.metadata['reason']} |")
    return "\n".join(rows)


def _default(field: Any) -> str:
    match field.default:
        case attrs.NOTHING:
            return "required"
        case bool() as flag:
            return f"`{str(flag).lower()}`"
        case None:
            return '`"unlimited"`' if field.name == "teachers" else "none"
        case () | MappingProxyType():
            return "empty"
        case str() | Path() as text:
            return f'`"{text}"`'
        case int() | float() | date() as number:
            return f"`{number}`"
        case other:
            raise TypeError(f"{field.name}: {other!r}")
