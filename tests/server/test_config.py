"""Settings: three sources, every mistake at once, each with its path."""

from __future__ import annotations

import string
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_server.config import (
    ConfigRefused,
    Contract,
    Passwords,
    Settings,
    load_settings,
    settings_table,
)
from pronote_server.config_reading import dotted_names
from pronote_server.config_values import check_letter
from pronote_server.domain.passwords import PasswordRules
from pronote_server.domain.seats import SeatPlan
from pronote_server.domain.suspension_policy import SuspensionPolicy, SuspensionProfile

SCHOOL = '[[schools]]\nrne = "0330001X"\nname = "Lycée de la Garonne"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "pronote.toml"
    file.write_text(SCHOOL, encoding="utf-8")
    return file


def problems_of(
    file: Path | None = None,
    text: str | None = None,
    environment: dict[str, str] | None = None,
    options: dict[str, object] | None = None,
) -> list[str]:
    if file is not None and text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigRefused) as refused:
        load_settings(file, environment=environment, options=options)
    return refused.value.problems


def test_a_school_is_all_that_must_be_said(file: Path) -> None:
    settings = load_settings(file)

    assert settings.listen.port == 49300
    assert settings.listen.host == "127.0.0.1"
    assert settings.schools[0].name == "Lycée de la Garonne"
    assert settings.schools[0].contract.modification == 6
    assert settings.schools[0].contract.teachers is None
    assert attrs.evolve(settings, schools=()) == Settings()


def test_options_win_over_the_environment_which_wins_over_the_file(file: Path) -> None:
    file.write_text("[listen]\nport = 1\nbacklog = 1\nhost = '127.0.0.9'\n" + SCHOOL)

    settings = load_settings(
        file,
        environment={"PRONOTE_LISTEN__PORT": "2", "PRONOTE_LISTEN__BACKLOG": "2"},
        options={"listen.port": 3, "listen.backlog": None},
    )

    assert settings.listen.port == 3
    assert settings.listen.backlog == 2
    assert settings.listen.host == "127.0.0.9"


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("LISTEN__PORT", "0", "listen.port", 0),
        ("LISTEN__HOST", "::1", "listen.host", "::1"),
        ("TLS__ENABLED", "false", "tls.enabled", False),
        ("TLS__ENABLED", "true", "tls.enabled", True),
        ("LIMITS__HELLO_SECONDS", "2", "limits.hello_seconds", 2.0),
        ("DATA__DIRECTORY", "12", "data.directory", Path("12")),
        ("SUSPENSION__LEVEL", "high", "suspension.level", "high"),
        (
            "LISTEN__PROXY_PROTOCOL_FROM",
            "10.0.0.0/8, ::1",
            "listen.proxy_protocol_from",
            (ip_network("10.0.0.0/8"), ip_network("::1")),
        ),
        (
            "LISTEN__PROXY_PROTOCOL_FROM",
            '["10.0.0.0/8"]',
            "listen.proxy_protocol_from",
            (ip_network("10.0.0.0/8"),),
        ),
    ],
)
def test_variables_say_what_the_file_says(
    file: Path, variable: str, text: str, path: str, value: object
) -> None:
    read: Any = load_settings(file, environment={f"PRONOTE_{variable}": text})

    for step in path.split("."):
        read = getattr(read, step)
    assert read == value


def test_variables_reach_into_a_school(file: Path) -> None:
    settings = load_settings(
        file,
        environment={
            "PRONOTE_SCHOOLS__0__CONTRACT__TEACHERS": "30",
            "PRONOTE_SCHOOLS__0__CONTRACT__EXPIRES": "2021-07-05",
            "PRONOTE_SCHOOLS__1__RNE": "0350002m",
            "PRONOTE_SCHOOLS__1__NAME": "1914",
        },
    )

    assert settings.schools[0].contract.teachers == 30
    assert settings.schools[0].contract.expires == date(2021, 7, 5)
    assert [(s.rne, s.name) for s in settings.schools] == [
        ("0330001X", "Lycée de la Garonne"),
        ("0350002M", "1914"),
    ]


def test_variables_of_other_programs_are_left_alone(file: Path) -> None:
    environment = {"PRONOTE_PASSWORD": "x", "OTHER__PORT": "y", "PATH": "/bin"}

    assert load_settings(file, environment=environment) == load_settings(file)


def test_every_mistake_is_told_at_once_with_its_path(file: Path) -> None:
    text = """
        extra = 1
        [listen]
        port = "49300"
        bakclog = 5
        proxy_protocol_from = ["10.0.0.1/8"]
        [limits]
        hello_seconds = true
        tls_seconds = -1
        [suspension]
        level = "extreme"
        [tls]
        key = "only.key"
        [[schools]]
        rne = "0330001Y"
        contract = { modification = 2, reserved_for_administrators = 3, expires = 5 }
    """
    told = problems_of(
        file,
        text,
        environment={"PRONOTE_LISTEN__HOST": " "},
        options={"schools.0.passwords.min_length": 0},
    )

    assert sorted(told) == [
        "extra: unknown setting",
        "limits.hello_seconds: expected a number of seconds, got bool True",
        "limits.tls_seconds: expected more than 0 and at most 86400 seconds, got -1",
        "listen.bakclog: unknown setting; did you mean listen.backlog?",
        "listen.host: expected text, got nothing (PRONOTE_LISTEN__HOST)",
        "listen.port: expected int, got str '49300'",
        "listen.proxy_protocol_from: 10.0.0.1/8 is a host inside a network; "
        "did you mean 10.0.0.0/8?",
        "schools[0].contract.expires: expected a day like 2021-07-05, got int 5",
        "schools[0].name: missing; it has no default",
        "schools[0].passwords.min_length: expected 1 to 256, got 0 (command line)",
        "schools[0].rne: 0330001Y cannot be a RNE: the letter of 0330001 is X",
        "suspension.level: expected one of off, low, medium, high, got str 'extreme'",
        "tls.certificate: missing; it goes with tls.key",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listen = 5", "listen: expected a table, got int 5"),
        ("schools = 5", "schools: expected a list of tables, got int 5"),
        ("schools = [5]", "schools[0]: expected a table, got int 5"),
        ("port = 5", "port: unknown setting; did you mean listen.port?"),
        ("[listen]\nport = true", "listen.port: expected int, got bool True"),
        ("[listen]\nport = 65536", "listen.port: expected 0 to 65535, got 65536"),
        ("[listen]\nport = 1.0", "listen.port: expected int, got float 1.0"),
        ("[tls]\nenabled = 1", "tls.enabled: expected true or false, got int 1"),
        ("[data]\ndirectory = 1", "data.directory: expected text, got int 1"),
        (
            "[suspension.overrides]\nlimit = 'x'",
            "suspension.overrides: limit: expected a number, got str 'x'",
        ),
        (
            "[suspension]\nprivileged = ['10.1.1.9-10.1.1.1']",
            "suspension.privileged: ",
        ),
        ("[suspension.overrides]\nlimit = 5", "suspension.overrides: unknown numbers limit; "),
        (
            "[suspension.overrides]\naccounts = 0",
            "suspension.overrides: accounts is 0, not a number above 0",
        ),
    ],
)
def test_a_wrong_value_says_what_was_expected(file: Path, text: str, told: str) -> None:
    assert [problem for problem in problems_of(file, text) if problem.startswith(told)]


def test_a_broken_school_is_not_also_called_missing(file: Path) -> None:
    assert problems_of(file, "[[schools]]\nname = 'A'") == [
        "schools[0].rne: missing; it has no default"
    ]


def test_a_gap_in_a_list_is_refused(file: Path) -> None:
    told = problems_of(file, environment={"PRONOTE_SCHOOLS__7__NAME": "Far"})

    assert told == ["schools[7].name: there is no 7 in a list of 1 (PRONOTE_SCHOOLS__7__NAME)"]


def test_no_school_is_refused() -> None:
    assert problems_of() == ["schools: at least one [[schools]] table, with rne and name"]


def test_a_school_twice_is_refused(file: Path) -> None:
    assert problems_of(file, SCHOOL + SCHOOL) == [
        "schools[0].rne: 0330001X is there more than once",
        "schools[1].rne: 0330001X is there more than once",
    ]


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    (told,) = [p for p in problems_of(tmp_path / "none.toml") if "schools" not in p]

    assert told.startswith(f"{tmp_path / 'none.toml'}: cannot be read: ")


def test_a_file_that_is_not_toml_is_told_with_its_line(file: Path) -> None:
    told = problems_of(file, "[listen\n")

    assert told[0].startswith(f"{file}: is not TOML: ")
    assert "line 1" in told[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_plain_tcp_is_for_loopback(file: Path, host: str) -> None:
    settings = load_settings(file, options={"listen.host": host, "tls.enabled": False})

    assert not settings.tls.enabled


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "school.example"])
def test_plain_tcp_elsewhere_needs_a_flag_that_says_it_is_insecure(
    file: Path, host: str
) -> None:
    options: dict[str, object] = {"listen.host": host, "tls.enabled": False}

    (told,) = problems_of(file, options=options)
    assert told.startswith("tls.enabled: without TLS")
    assert "listen.insecure_plain_tcp" in told

    options["listen.insecure_plain_tcp"] = True
    assert load_settings(file, options=options).listen.insecure_plain_tcp


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_clock_is_moved_on_loopback(file: Path, host: str) -> None:
    options = {"listen.host": host, "listen.test_api": True}

    assert load_settings(file, options=options).listen.test_api


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "school.example"])
def test_the_clock_is_not_moved_where_others_can_reach_it(file: Path, host: str) -> None:
    options = {"listen.host": host, "listen.test_api": True}

    (told,) = problems_of(file, options=options)
    assert told.startswith("listen.test_api: moves the clock")
    assert host in told


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_everybody_is_no_balancer(file: Path, everybody: str) -> None:
    (told,) = problems_of(file, options={"listen.proxy_protocol_from": [everybody]})

    assert told.startswith(f"listen.proxy_protocol_from: {everybody} is everybody")


@pytest.mark.parametrize(
    ("option", "value", "against"),
    [
        ("limits.heartbeat_seconds", 91, "limits.silence_seconds, 90"),
        ("limits.max_unauthenticated_per_address", 513, "limits.max_unauthenticated, 512"),
        ("limits.max_unauthenticated", 10_001, "limits.max_connections, 10000"),
        (
            "schools.0.contract.reserved_for_administrators",
            7,
            "schools[0].contract.modification, 6",
        ),
        ("schools.0.passwords.min_length", 65, "schools[0].passwords.max_length, 64"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    file: Path, option: str, value: int, against: str
) -> None:
    path = option.replace("schools.0", "schools[0]")

    assert problems_of(file, options={option: value}) == [
        f"{path}: {value} is more than {against} (command line)"
    ]


def test_settings_become_what_the_domain_works_with(file: Path) -> None:
    settings = load_settings(
        file,
        options={
            "suspension.profile": "school",
            "suspension.overrides": {"wrong_passwords": 8},
            "suspension.privileged": ["10.1.1.1-10.1.1.2", "::1"],
            "schools.0.contract.teachers": 30,
            "schools.0.passwords.min_length": 8,
        },
    )
    policy = settings.suspension.policy()

    assert policy.thresholds is not None
    assert policy.thresholds.wrong_passwords == 8
    assert policy.profile is SuspensionProfile.SCHOOL
    privileged = ("10.1.1.1", "10.1.1.2", "::1", "10.1.1.3")
    assert [policy.is_privileged(a) for a in privileged] == [True, True, True, False]
    assert settings.schools[0].contract.seat_plan() == SeatPlan(teachers=30)
    assert settings.schools[0].passwords.rules() == PasswordRules(min_length=8)


def test_defaults_agree_with_the_domains() -> None:
    assert Contract().seat_plan() == SeatPlan()
    assert Passwords().rules() == PasswordRules()
    assert Settings().suspension.policy() == SuspensionPolicy()


def test_paths_in_a_file_start_from_its_folder(file: Path) -> None:
    file.write_text(
        "[data]\ndirectory = 'kept'\n[tls]\ncertificate = 'c.pem'\nkey = '/k'\n" + SCHOOL
    )

    settings = load_settings(file)

    assert settings.data.directory == file.parent / "kept"
    assert settings.tls.certificate == file.parent / "c.pem"
    assert settings.tls.key == Path("/k")
    elsewhere = load_settings(file, options={"data.directory": "here"})
    assert elsewhere.data.directory == Path("here")


@pytest.mark.parametrize("rne", ["0330001X", "0350002M", "0330001x"])
def test_a_true_rne_is_accepted_in_either_case(rne: str) -> None:
    options: dict[str, object] = {"schools": [{"rne": rne, "name": "A"}]}

    assert load_settings(options=options).schools[0].rne == rne.upper()


@given(st.text(string.digits, min_size=7, max_size=7), st.sampled_from(string.ascii_uppercase))
def test_only_one_letter_ends_a_rne(digits: str, letter: str) -> None:
    options: dict[str, object] = {"schools": [{"rne": digits + letter, "name": "A"}]}

    if letter == check_letter(digits):
        assert load_settings(options=options).schools[0].rne == digits + letter
    else:
        assert f"is {check_letter(digits)}" in problems_of(options=options)[0]


@pytest.mark.parametrize("rne", ["", "0330001", "330001X", "0330001XX", "٠٣٣٠٠٠١X", "033000²X"])
def test_what_is_no_rne_is_refused(rne: str) -> None:
    told = problems_of(options={"schools": [{"rne": rne, "name": "A"}]})

    assert told[0].startswith("schools[0].rne: expected ")


def test_every_setting_is_in_the_table_with_a_reason() -> None:
    rows = settings_table().splitlines()[2:]

    assert [row.split("`")[1] for row in rows] == dotted_names(Settings)
    assert all(row.count("|") == 4 and len(row.split("|")[3].strip()) > 5 for row in rows)


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().listen.port = 1  # type: ignore[misc]


def test_the_account_of_a_school_is_checked(file: Path) -> None:
    account: dict[str, object] = {
        "email": "resp onsable@ecole.example",
        "mobile": "secret",
        "hosting_number": "12345",
        "invoice_number": "123456789x",
    }
    school = {"rne": "0990001N", "name": "A", "account": account}
    told = "\n".join(problems_of(options={"schools": [school]}))
    for name in account:
        assert f"schools[0].account.{name}: expected" in told

    good = {
        "email": "responsable@ecole.example",
        "mobile": "+33 6 39 98 01 00",
        "hosting_number": "123456789012",
        "invoice_number": "1234567890",
    }
    settings = load_settings(options={"schools": [{**school, "account": good}]})
    assert settings.schools[0].account.mobile == "+33639980100"


@pytest.mark.parametrize(
    "email",
    ["a", "a@", "@b", "a@b\nBcc: c@d.example", "a b@c.example", "é@b.example", "a@b,c"],
)
def test_what_could_break_a_header_is_no_email(email: str) -> None:
    told = problems_of(
        options={"schools": [{"rne": "0990001N", "name": "A", "account": {"email": email}}]}
    )
    assert told[0].startswith("schools[0].account.email: expected an e-mail address")


def test_a_password_for_the_relay_never_travels_in_clear(file: Path) -> None:
    options: dict[str, object] = {
        "mail.host": "relay.example",
        "mail.user": "pronote",
        "mail.password_file": "secret.txt",
        "mail.security": "none",
    }
    (told,) = problems_of(file, options=options)
    assert told.startswith("mail.security: the password would travel in clear")

    (told,) = problems_of(file, options={"mail.user": "pronote"})
    assert told.startswith("mail.user: user and password_file go together")


@pytest.mark.parametrize("url", ["ftp://sms.example", "sms.example/send", "http://", ""])
def test_a_gateway_is_an_address_over_http(file: Path, url: str) -> None:
    (told,) = problems_of(file, options={"sms.url": url})
    assert told.startswith("sms.url: expected")
