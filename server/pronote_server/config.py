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
from typing import Annotated, Any, Final

import attrs

from .config_reading import ConfigRefused, Problems, dotted_names, read_settings
from .config_values import (
    Count,
    Day,
    FilePath,
    Flag,
    Networks,
    NetworksAndRanges,
    Numbers,
    Port,
    Rne,
    Seconds,
    TeacherCap,
    Text,
    one_of,
    whole,
)
from .domain.passwords import PasswordRules
from .domain.seats import SeatPlan
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
    "Limits",
    "Listen",
    "Log",
    "Passwords",
    "SchoolSettings",
    "Settings",
    "Suspension",
    "Tls",
    "load_settings",
    "settings_table",
]

LONGEST_PASSWORD: Final = 256


def _setting(default: Any, reason: str) -> Any:
    return attrs.field(default=default, metadata={"reason": reason})


def _section(cls: type, reason: str) -> Any:
    return attrs.field(factory=cls, metadata={"reason": reason})


@attrs.frozen(kw_only=True)
class Listen:
    """Where clients connect."""

    host: Text = _setting(
        "127.0.0.1", "A first start is seen by nobody else; `0.0.0.0` or `::` opens it."
    )
    port: Port = _setting(49300, "The port of the hosting guide (fiche 5); 0 takes a free one.")
    backlog: Count = _setting(
        1024, "Connections the system keeps while the loop is busy; a school at 8 o'clock."
    )
    proxy_protocol_from: Networks = _setting(
        (),
        "Peers that must begin with a PROXY v2 header, and are believed: the balancers. "
        "From anybody else such a header is a protocol error.",
    )
    insecure_plain_tcp: Flag = _setting(
        False, "Only with this may TLS be off on an address others can reach."
    )
    test_api: Flag = _setting(
        False,
        "Lets the operator move the clock, for tests and demonstrations; never on an address "
        "others can reach.",
    )


@attrs.frozen(kw_only=True)
class Tls:
    """How the server proves who it is."""

    enabled: Flag = _setting(True, "Names and marks of pupils travel here.")
    certificate: FilePath | None = _setting(
        None, "PEM, the chain included. None: an authority is made on first start."
    )
    key: FilePath | None = _setting(
        None, "PEM, without a passphrase; goes with the certificate."
    )


@attrs.frozen(kw_only=True)
class Data:
    """What is kept."""

    directory: FilePath = _setting(
        Path("pronote-data"), "Bases, accounts, journal, authority; one folder to back up."
    )


@attrs.frozen(kw_only=True)
class Limits:
    """What one client may cost, in time and in number."""

    hello_seconds: Seconds = _setting(5.0, "A program says hello at once; silence is a probe.")
    tls_seconds: Seconds = _setting(5.0, "A handshake takes two round trips.")
    login_seconds: Seconds = _setting(
        20.0, "The client derives its key meanwhile, seconds on a slow machine; nobody types."
    )
    frame_seconds: Seconds = _setting(
        10.0, "A frame begun is finished, or its sender is stuck."
    )
    stall_seconds: Seconds = _setting(15.0, "How long a client may refuse to read its answers.")
    farewell_seconds: Seconds = _setting(5.0, "For the goodbye of a client that is hung up.")
    max_connections: Count = _setting(
        10_000,
        "Several large schools at once; the process needs as many descriptors (`ulimit -n`).",
    )
    max_unauthenticated: Count = _setting(
        512, "Whoever has not logged in is nobody yet, and must not fill the house."
    )
    max_unauthenticated_per_address: Count = _setting(
        64, "A whole school stands behind one address and starts at 8 o'clock."
    )
    outbox_bytes: Count = _setting(1024 * 1024, "One full page; who is further behind is slow.")
    heartbeat_seconds: Seconds = _setting(
        30.0, "Shorter than routers remember an idle connection."
    )
    silence_seconds: Seconds = _setting(
        90.0, "Three heartbeats missed: the seat is free again."
    )
    resume_seconds: Seconds = _setting(
        90.0, "A seat is kept so long for a client whose network was cut."
    )
    stop_grace_seconds: Seconds = _setting(
        5.0, "From the announcement of a stop to the goodbye."
    )


@attrs.frozen(kw_only=True)
class Suspension:
    """Which addresses are suspended (fiche 11)."""

    level: Annotated[str, one_of("off", "low", "medium", "high")] = _setting(
        "medium", "Five wrong passwords in ten minutes cost half an hour."
    )
    profile: Annotated[str, one_of("address", "school")] = _setting(
        "address",
        "`school` counts an account at an address before the address: many pupils, one NAT.",
    )
    privileged: NetworksAndRanges = _setting(
        (), "Never suspended, for any cause: the school's own office."
    )
    overrides: Numbers = _setting(
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
class Contract:
    """What the school bought (fiche 3, *Mon compte*)."""

    modification: Annotated[int, whole(0, 10_000)] = _setting(
        6, "Administrators and modifiers of the guide's school; the standard contract has 4."
    )
    reserved_for_administrators: Annotated[int, whole(0, 10_000)] = _setting(
        1, "An administrator always gets in (fiche 11)."
    )
    teachers: TeacherCap = _setting(
        None, 'At the same time: 30, 50, 80, or `"unlimited"`, which the guide\'s school has.'
    )
    consultation: Flag = _setting(False, "An option; the guide's school has none.")
    edt: Flag = _setting(True, "*Connexion EDT*: timetables may be transferred (fiche 6).")
    expires: Day | None = _setting(None, "The last day on which somebody new gets in.")

    def seat_plan(self) -> SeatPlan:
        """Return the seats it amounts to."""
        return SeatPlan(
            modification=self.modification,
            reserved_for_administrators=self.reserved_for_administrators,
            teachers=self.teachers,
            consultation=self.consultation,
        )


@attrs.frozen(kw_only=True)
class Passwords:
    """What a personal password must be, and what guessing it costs."""

    min_length: Annotated[int, whole(1, LONGEST_PASSWORD)] = _setting(
        12, "The CNIL's advice for a password that stands alone."
    )
    max_length: Annotated[int, whole(1, LONGEST_PASSWORD)] = _setting(
        64, "A sentence fits; a file does not."
    )
    need_lower: Flag = _setting(True, "The CNIL's advice: four kinds of characters.")
    need_upper: Flag = _setting(True, "As above.")
    need_digit: Flag = _setting(True, "As above.")
    need_special: Flag = _setting(True, "As above.")
    scram_iterations: Annotated[int, whole(4096, 10_000_000)] = _setting(
        600_000, "OWASP's figure for PBKDF2-SHA-256; paid by the client. 4096 is SCRAM's floor."
    )

    def rules(self) -> PasswordRules:
        """Return what personal passwords are judged by."""
        return PasswordRules(
            min_length=self.min_length,
            max_length=self.max_length,
            need_lower=self.need_lower,
            need_upper=self.need_upper,
            need_digit=self.need_digit,
            need_special=self.need_special,
        )


@attrs.frozen(kw_only=True)
class SchoolSettings:
    """One hosted school; a server may have several."""

    rne: Rne = attrs.field(
        metadata={"reason": "Seven digits and a check letter; it names the school to clients."}
    )
    name: Text = attrs.field(metadata={"reason": "What clients show."})
    contract: Contract = _section(Contract, "What it bought.")
    passwords: Passwords = _section(Passwords, "Its rules.")


@attrs.frozen(kw_only=True)
class Announce:
    """Being found."""

    mdns: Flag = _setting(
        False, "Search on the local network finds the server; off: not asked."
    )


@attrs.frozen(kw_only=True)
class Log:
    """What is told on standard error."""

    level: Annotated[str, one_of("debug", "info", "warning", "error")] = _setting(
        "info", "`debug` tells of every connection."
    )
    json: Annotated[str, one_of("auto", "always", "never")] = _setting(
        "auto", "One object a line for programs; `auto`: unless a person reads at a terminal."
    )


@attrs.frozen(kw_only=True)
class Settings:
    """
    The settings of one server.

    Built in a program they are not checked; :func:`load_settings` checks.
    """

    listen: Listen = _section(Listen, "Where clients connect.")
    tls: Tls = _section(Tls, "How the server proves who it is.")
    data: Data = _section(Data, "What is kept.")
    limits: Limits = _section(Limits, "What one client may cost.")
    suspension: Suspension = _section(Suspension, "Which addresses are suspended.")
    schools: tuple[SchoolSettings, ...] = _setting(
        (), "At least one; the first is the default."
    )
    announce: Announce = _section(Announce, "Being found.")
    log: Log = _section(Log, "What is told.")


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
        for section, smaller, larger in (
            (school.contract, "contract.reserved_for_administrators", "contract.modification"),
            (school.passwords, "passwords.min_length", "passwords.max_length"),
        ):
            low, high = (getattr(section, n.rpartition(".")[2]) for n in (smaller, larger))
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
