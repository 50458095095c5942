"""pronote-client without a process: arguments in, text and status out."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_client import ConnectionSettings, Instance
from pronote_client.cli.running import COMMON, FLAGS, build_app, run, split
from pronote_client.cli.terminal import Terminal
from pronote_client.testing import ScriptedServer, inline, scripted_server
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.account import (
    AccountShown,
    ChangeSupervisorPassword,
    CredentialsSent,
    SetReserved,
)
from pronote_protocol.catalogue.resources import (
    LessonRow,
    ListResources,
    ReadTimetable,
    ResourceRow,
    TimetableShown,
)
from pronote_protocol.catalogue.security import (
    InactivityRow,
    InactivityShown,
    JournalPage,
    JournalRow,
    Lifted,
    SetInactivity,
    SuspensionRow,
)
from pronote_protocol.catalogue.sessions import (
    BaseShown,
    ChangePassword,
    ConnectionRow,
    CountersShown,
    Disconnect,
    Disconnected,
    ExclusiveShown,
    SeatsShown,
    SessionShown,
)
from pronote_protocol.catalogue.transfer import TransferBegun, TransferDone
from pronote_protocol.catalogue.users import (
    ChangeUser,
    CreateUser,
    GeneratedPassword,
    GroupRow,
    GroupsShown,
    ListUsers,
    ProfileRow,
    ProfilesShown,
    UserRef,
    UserRow,
)
from pronote_protocol.catalogue.version import (
    CancelVersion,
    PlannedVersion,
    PlanVersion,
    VersionFailure,
    VersionShown,
)
from pronote_protocol.errors import AddressSuspended, NotAllowed, NotFound, SeatsExhausted
from pronote_protocol.messages import Announcement, Goodbye, Nothing
from pronote_protocol.words import (
    Access,
    Application,
    Farewell,
    GroupType,
    Mode,
    OffenceCause,
    Rank,
    ResourceKind,
    SessionState,
    VersionBase,
    VersionEdition,
)

NOON = datetime.datetime(2020, 10, 5, 12, 0, tzinfo=datetime.UTC)
SEATS = SeatsShown(
    modification_used=1,
    modification_total=6,
    reserved_for_administrators=1,
    consultation_used=None,
    teachers=3,
    teachers_total=None,
    school_life=2,
)
CONNECTION = ConnectionRow(
    session="s-7",
    workstation="POSTE-2",
    application=Application.EDT,
    state=SessionState.MODIFICATION,
    mode=Mode.ADMINISTRATIVE,
    user="DUPAS Nicole",
    base="Base",
    seconds=7500.0,
    login="dupas",
    address="10.1.0.7",
    since=NOON,
    idle_seconds=3.0,
)
SUSPENSION = SuspensionRow(
    address="10.1.0.9",
    login=None,
    cause=OffenceCause.WRONG_PASSWORDS,
    since=NOON,
    until=NOON + datetime.timedelta(minutes=30),
    offences=1,
    accounts=("dupas",),
    reference="S-12",
)
USER = UserRow(
    id=4,
    login="dupas",
    name="DUPAS Nicole",
    rank=Rank.USER,
    modes=(Mode.TEACHER,),
    group=None,
    teacher_profile="Professeurs",
    staff_profile=None,
    password="generated",
    must_change=True,
    active=True,
    last_login_at=None,
)
LESSON = LessonRow(1, 8 * 60, 55, "ANGLAIS", "DUPAS N.", "6A", "S12", 0)
KICKED = Goodbye(
    code=Farewell.DISCONNECTED_BY_ADMINISTRATOR,
    fr="Un administrateur vous a déconnecté.",
    en="An administrator disconnected you.",
    by="SUPERVISEUR",
)


@attrs.define
class Outcome:
    status: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@attrs.define
class Shell:
    """Runs the command against the scripted server."""

    server: ScriptedServer
    home: Path
    environ: dict[str, str] = attrs.field(factory=lambda: {"PRONOTE_PASSWORD": "secret"})
    answers: list[str] | None = None
    signals: trio.MemoryReceiveChannel[int] | None = None
    out: io.StringIO = attrs.field(factory=io.StringIO)

    def terminal(self) -> Terminal:
        @contextmanager
        def told() -> Iterator[AsyncIterator[int]]:
            yield _Never() if self.signals is None else self.signals

        answers = self.answers
        return Terminal(
            out=self.out,
            err=io.StringIO(),
            environ={"PRONOTE_CLIENT_HOME": str(self.home), **self.environ},
            ask_password=None if answers is None else lambda _: answers.pop(0),
            told_to_leave=told,
        )

    async def raw(self, *arguments: str, **more: Any) -> Outcome:
        self.out = io.StringIO()
        terminal = self.terminal()
        way_in = {
            "connector": self.server.connect,
            "run": inline,
            "instance": Instance(),
            **more,
        }
        status = await run(arguments, terminal, way_in)
        assert isinstance(terminal.err, io.StringIO)
        return Outcome(status, self.out.getvalue(), terminal.err.getvalue())

    async def __call__(self, *arguments: str) -> Outcome:
        return await self.raw("--address", "127.0.0.1", "--plain", "--login", "SPR", *arguments)

    async def json(self, *arguments: str) -> Any:
        outcome = await self("--json", *arguments)
        assert (outcome.status, outcome.err) == (0, "")
        return outcome.said


class _Never(AsyncIterator[int]):
    async def __anext__(self) -> int:
        await trio.sleep_forever()
        raise AssertionError


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with scripted_server() as server:
        yield Shell(server, tmp_path)


def echo(kind: type[Any], seen: list[Any], answer: Any) -> Any:
    def take(params: Any) -> Any:
        assert isinstance(params, kind)
        seen.append(params)
        return answer

    return take


async def test_login_says_who_and_keeps_the_token_to_itself(shell: Shell) -> None:
    said = await shell.json("login")
    assert said["name"] == "SUPERVISEUR"
    assert said["mode"] == "administrative"
    assert "resume_token" not in said

    outcome = await shell("login")
    assert (outcome.status, outcome.err) == (0, "")
    assert "SUPERVISEUR : Connecté en modification, mode Administratif" in outcome.out
    assert shell.server.seated == {}


async def test_seats_are_shown_as_in_the_guide(shell: Shell) -> None:
    shell.server.answers["seats.show"] = SEATS
    assert (await shell.json("seats"))["modification_total"] == 6
    shown = (await shell("seats")).out
    assert "1/6" in shown
    assert "aucune" in shown


async def test_rows_are_objects_with_named_fields(shell: Shell) -> None:
    shell.server.answers["connections.list"] = Page(total=1, offset=0, rows=(CONNECTION,))
    said = await shell.json("connections")
    assert said["total"] == 1
    assert said["items"][0]["user"] == "DUPAS Nicole"
    assert said["items"][0]["application"] == "EDT"
    assert said["items"][0]["since"] == "2020-10-05T12:00:00Z"
    shown = (await shell("connections")).out
    assert "POSTE-2" in shown
    assert "2h05" in shown


async def test_disconnect_names_sessions_or_everyone(shell: Shell) -> None:
    seen: list[Disconnect] = []
    answer = Disconnected(sessions=("s-7",), total=1)
    shell.server.answers["connections.disconnect"] = echo(Disconnect, seen, answer)
    said = await shell.json("disconnect", "s-7", "--message", "Maintenance", "--delay", "5")
    assert said == {"sessions": ["s-7"]}
    assert seen == [Disconnect(sessions=("s-7",), message="Maintenance", delay_seconds=5.0)]
    await shell.json("disconnect", "--everyone")
    assert seen[1].everyone
    assert (await shell("disconnect")).status == 2
    assert (await shell("disconnect", "s-1", "--everyone")).status == 2


async def test_suspensions_and_lift(shell: Shell) -> None:
    shell.server.answers["suspensions.list"] = Page(total=1, offset=0, rows=(SUSPENSION,))
    shell.server.answers["suspensions.lift"] = lambda params: Lifted(
        addresses=(params.address or "toutes",), total=1
    )
    assert (await shell.json("suspensions"))["items"][0]["cause"] == "wrong_passwords"
    assert "Mots de passe erronés" in (await shell("suspensions")).out
    assert await shell.json("lift", "10.1.0.9") == {"addresses": ["10.1.0.9"]}
    assert "toutes" in (await shell("lift")).out


async def test_users(shell: Shell) -> None:
    seen: list[Any] = []
    made = GeneratedPassword(id=4, login="dupas", password="Abcd-efgh-2345")
    answers = shell.server.answers
    answers["users.list"] = echo(ListUsers, seen, Page(total=1, offset=0, rows=(USER,)))
    answers["users.create"] = echo(CreateUser, seen, made)
    answers["users.change"] = echo(ChangeUser, seen, USER)
    answers["users.delete"] = echo(UserRef, seen, Nothing())
    answers["users.password"] = echo(UserRef, seen, made)
    answers["users.reset_password"] = echo(UserRef, seen, made)

    said = await shell.json("users", "list", "--mode", "teacher", "--search", "dup")
    assert said["items"][0]["modes"] == ["teacher"]
    assert seen.pop() == ListUsers(search="dup", mode=Mode.TEACHER)
    assert (await shell.json("users", "list", "--all"))["total"] == 1
    assert "généré" in (await shell("users", "list")).out
    seen.clear()
    assert (await shell.json("users", "create", "DUPAS Nicole", "--group", "Secrétariat"))[
        "password"
    ] == "Abcd-efgh-2345"
    assert seen.pop() == CreateUser(name="DUPAS Nicole", group="Secrétariat")
    await shell.json("users", "change", "dupas", "--no-active", "--group", "")
    assert seen.pop() == ChangeUser(user=UserRef(login="dupas"), active=False, group="")
    await shell.json("users", "delete", "4")
    assert seen.pop() == UserRef(id=4)
    await shell.json("users", "password", "dupas")
    await shell.json("users", "reset-password", "dupas")
    assert "Abcd-efgh-2345" in (await shell("users", "password", "dupas")).out


async def test_groups_and_profiles(shell: Shell) -> None:
    group = GroupRow(2, "Secrétariat", GroupType.MODIFICATION, False, 3)
    profile = ProfileRow(1, "Professeurs", Mode.TEACHER, True, 141)
    shell.server.answers |= {
        "groups.list": GroupsShown(rows=(group,)),
        "groups.create": group,
        "groups.delete": Nothing(),
        "profiles.list": ProfilesShown(rows=(profile,)),
    }
    assert (await shell.json("groups", "list"))["items"][0]["type"] == "modification"
    assert (await shell.json("groups", "create", "X", "--type", "consultation"))["id"] == 2
    assert await shell.json("groups", "delete", "X") == {"done": True}
    assert (await shell.json("profiles"))["items"][0]["members"] == 141
    for command in (("groups", "list"), ("profiles",)):
        assert "Membres" in (await shell(*command)).out


async def test_inactivity(shell: Shell) -> None:
    seen: list[SetInactivity] = []
    row = InactivityRow("group", 2, "Secrétariat", Mode.ADMINISTRATIVE, None)
    shell.server.answers["inactivity.list"] = InactivityShown(rows=(row,))
    shell.server.answers["inactivity.set"] = echo(SetInactivity, seen, Nothing())
    assert (await shell.json("inactivity", "list"))["items"][0]["minutes"] is None
    assert "jamais" in (await shell("inactivity", "list")).out
    await shell.json("inactivity", "set", "group", "2", "30")
    await shell.json("inactivity", "set", "profile", "1", "never")
    assert [(each.kind, each.id, each.minutes) for each in seen] == [
        ("group", 2, 30),
        ("profile", 1, None),
    ]
    assert (await shell("inactivity", "set", "group", "2", "0")).status == 2
    assert (await shell("inactivity", "set", "group", "2", "bientôt")).status == 2


async def test_journal(shell: Shell) -> None:
    row = JournalRow(9, NOON, "session.opened", "SPR", "127.0.0.1", {"mode": "x"})
    shell.server.answers["journal.read"] = JournalPage(rows=(row,), next_before=9)
    said = await shell.json("journal", "--limit", "1")
    assert said["next_before"] == 9
    assert said["items"][0]["details"] == {"mode": "x"}
    shown = (await shell("journal")).out
    assert "session.opened" in shown
    assert "journal --before 9" in shown


async def test_base_access_exclusive_and_password_rules(shell: Shell) -> None:
    from pronote_client.testing import RULES

    counters = CountersShown(**{field.name: 7 for field in attrs.fields(CountersShown)})
    shell.server.answers |= {
        "base.show": BaseShown(
            in_service=True,
            base="Base",
            school_year=2020,
            created_at=NOON,
            last_entry_at=None,
            revision=3,
            counters=counters,
        ),
        "session.show": SessionShown(
            session="s-1",
            login="SPR",
            name="SUPERVISEUR",
            rank=Rank.SUPERVISOR,
            mode=Mode.ADMINISTRATIVE,
            access=Access.CONSULTATION,
            state=SessionState.CONSULTATION,
            base="Base",
            seconds=1.0,
            idle_minutes=None,
        ),
        "exclusive.show": ExclusiveShown(holder=None),
        "password.rules": RULES,
    }
    assert (await shell.json("base"))["counters"]["marks"] == 7
    assert "Cahiers de textes" in (await shell("base")).out
    assert (await shell.json("access"))["access"] == "consultation"
    assert "consultation" in (await shell("access")).out
    assert await shell.json("exclusive") == {"holder": None}
    assert "personne" in (await shell("exclusive")).out
    assert (await shell.json("password", "rules"))["min_length"] == 12
    assert "une majuscule" in (await shell("password", "rules")).out


async def test_resources_and_timetables(shell: Shell) -> None:
    room = ResourceRow(3, "S12", "Salle 12", "")
    pages: list[ListResources] = []
    shell.server.answers["resources.list"] = echo(
        ListResources, pages, Page(total=1, offset=0, rows=(room,))
    )
    shell.server.answers["timetable.mine"] = TimetableShown(owner="Moi", rows=(LESSON,))
    said = await shell.json("resources", "list", "former-pupils", "--search", "x")
    assert said["items"] == [{"id": 3, "code": "S12", "name": "Salle 12", "detail": ""}]
    assert pages[0].kind is ResourceKind.FORMER_PUPILS
    assert (await shell.json("resources", "list", "rooms", "--all"))["total"] == 1
    assert "Salle 12" in (await shell("resources", "list", "rooms")).out
    said = await shell.json("timetable", "mine")
    assert said["owner"] == "Moi"
    assert said["items"][0]["subject"] == "ANGLAIS"
    assert "mardi" in (await shell("timetable", "mine")).out


async def test_a_timetable_is_found_by_code_or_by_name(shell: Shell) -> None:
    def read(params: ReadTimetable) -> TimetableShown:
        if params.code == "6A" or params.id == 3:
            return TimetableShown(owner="6A", rows=(LESSON,))
        raise NotFound(what=str(params.code))

    found: list[Any] = [ResourceRow(3, "6A", "Sixième A", "")]
    shell.server.answers["timetable.read"] = read
    shell.server.answers["resources.list"] = lambda _: Page(
        total=len(found), offset=0, rows=tuple(found)
    )
    assert (await shell.json("timetable", "of", "classes", "6A"))["owner"] == "6A"
    assert (await shell.json("timetable", "of", "classes", "sixième"))["owner"] == "6A"
    found.append(ResourceRow(4, "6B", "Sixième B", ""))
    outcome = await shell("--json", "timetable", "of", "classes", "sixième")
    assert outcome.status == 3
    assert outcome.said["refused"] == "not_found"
    assert "Sixième B" in outcome.said["message"]
    found.clear()
    assert (await shell("timetable", "of", "classes", "septième")).status == 3


async def test_edt_transfer_sends_the_files_and_sums_up(shell: Shell) -> None:
    seen: list[Any] = []
    done = TransferDone(
        format="fet",
        teachers=82,
        subjects=1,
        classes=31,
        groups=0,
        pupils=0,
        rooms=0,
        staff=0,
        lessons=1477,
        placed_lessons=1470,
        accounts_created=82,
        warnings=("Un doute.",),
        revision=2,
    )

    def begin(params: Any) -> TransferBegun:
        seen.append(params)
        return TransferBegun(transfer="t", chunk_bytes=4096)

    shell.server.answers |= {
        "transfer.begin": begin,
        "transfer.chunk": Nothing(),
        "transfer.commit": done,
    }
    files = [shell.home / "a.fet", shell.home / "b.xml"]
    for file in files:
        file.write_bytes(b"x" * 5000)
    names = [str(file) for file in files]
    said = await shell.json(
        "edt", "transfer", *names, "--modes", "teacher,school-life", "--spaces", "pupils"
    )
    assert said["placed_lessons"] == 1470
    assert [file.name for file in seen[0].files] == ["a.fet", "b.xml"]
    assert seen[0].modes == (Mode.TEACHER, Mode.SCHOOL_LIFE)
    assert shell.server.hellos[0].application is Application.EDT
    shown = (await shell("edt", "transfer", *names)).out
    assert "1470" in shown
    assert "Un doute." in shown
    assert (await shell("edt", "transfer", names[0], "--modes", "magie")).status == 2
    assert (await shell("edt", "transfer", "absent.fet")).status == 2
    assert (await shell("edt", "transfer")).status == 2


async def test_password_change_asks_a_person_or_reads_a_file(shell: Shell) -> None:
    seen: list[ChangePassword] = []
    shell.server.answers["password.change"] = echo(ChangePassword, seen, Nothing())
    file = shell.home / "new"
    file.write_text("Nouveau-2020!\n", "utf-8")
    await shell.json("password", "change", "--new-password-file", str(file))
    shell.environ = {}
    shell.answers = ["secret", "Autre-2020-!", "Autre-2020-!"]
    assert (await shell("password", "change")).status == 0
    assert [(each.current_password, each.new_password) for each in seen] == [
        ("secret", "Nouveau-2020!"),
        ("secret", "Autre-2020-!"),
    ]
    shell.answers = ["secret", "un", "deux"]
    assert (await shell("password", "change")).status == 2


async def test_a_refusal_is_an_object_for_programs_and_a_sentence_for_people(
    shell: Shell,
) -> None:
    shell.server.answers["seats.show"] = NotAllowed()
    shell.server.refusals["session.enter"] = SeatsExhausted(total=5)
    outcome = await shell("--json", "seats")
    assert outcome.status == 3
    assert outcome.said["refused"] == "seats_exhausted"
    assert outcome.said["details"] == {"total": 5}
    outcome = await shell("seats")
    assert (outcome.status, outcome.out) == (3, "")
    assert "Toutes les licences disponibles (5)" in outcome.err


async def test_refusals_at_the_door_and_wrong_passwords_exit_3(shell: Shell) -> None:
    shell.server.refusals["hello"] = AddressSuspended(retry_after=1800.0, reference="S-1")
    outcome = await shell("--json", "login")
    assert outcome.status == 3
    assert outcome.said["refused"] == "address_suspended"
    assert outcome.said["retry_after"] == 1800
    assert "(référence S-1)" in (await shell("login")).err

    del shell.server.refusals["hello"]
    shell.environ["PRONOTE_PASSWORD"] = "wrong"
    assert (await shell("--json", "login")).said["refused"] == "bad_credentials"


async def test_a_password_to_personalise_is_refused_until_a_new_one_is_given(
    shell: Shell,
) -> None:
    shell.server.must_change.add("SPR")
    outcome = await shell("--json", "login")
    assert (outcome.status, outcome.said["refused"]) == (3, "password_must_change")
    file = shell.home / "new"
    file.write_text("Nouveau-2020!\n", "utf-8")
    assert (await shell("--new-password-file", str(file), "login")).status == 0
    assert shell.server.accounts["SPR"] == "Nouveau-2020!"


async def test_what_cannot_be_connected_to_exits_4(shell: Shell) -> None:
    shell.server.reachable = False
    outcome = await shell("--json", "login")
    assert outcome.status == 4
    assert outcome.said["error"] == "cannot_connect"
    outcome = await shell("login")
    assert (outcome.status, outcome.out) == (4, "")
    assert "impossible" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--json",),
        ("nothing",),
        ("users",),
        ("--mode", "magic", "seats"),
        ("--bogus", "seats"),
        ("seats", "--bogus"),
        ("--server", "x", "--link", "pronote://h/", "--login", "SPR", "seats"),
        ("--login", "SPR", "seats"),
        ("--address", "127.0.0.1", "seats"),
        ("--link", "http://h/", "--login", "SPR", "seats"),
        ("--settings", "/absent", "--login", "SPR", "seats"),
        ("--port", "70000", "--address", "h", "--login", "SPR", "seats"),
    ],
)
async def test_bad_usage_exits_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert (await shell.raw(*arguments)).status == 2
    assert shell.server.connections == 0


async def test_an_option_on_the_wrong_side_is_pointed_out(shell: Shell) -> None:
    outcome = await shell("seats", "--json")
    assert outcome.status == 2
    assert "--json se place avant la commande" in outcome.err


async def test_no_password_anywhere_is_bad_usage(shell: Shell) -> None:
    shell.environ = {}
    assert (await shell("seats")).status == 2
    shell.answers = ["secret"]
    shell.server.answers["seats.show"] = SEATS
    assert (await shell("seats")).status == 0


async def test_help_exits_0(shell: Shell) -> None:
    for arguments in (("--help",), ("users", "--help"), ("users", "list", "-h")):
        outcome = await shell.raw(*arguments)
        assert outcome.status == 0
        assert "Usage:" in outcome.out
    assert (await shell.raw("--version")).status == 0


def test_the_same_option_means_two_things_on_the_two_sides() -> None:
    assert split(["--mode", "teacher", "--json", "users", "list", "--mode", "x"]) == (
        ["--mode", "teacher", "--json"],
        ["users", "list", "--mode", "x"],
    )
    assert split(["--mode=teacher", "seats"]) == (["--mode=teacher"], ["seats"])
    assert split(["--login"]) == (["--login"], [])


def test_the_options_without_a_value_are_known() -> None:
    """`split` would else take a command for a value."""
    arguments = build_app().meta.assemble_argument_collection()
    flags = {
        name
        for argument in arguments
        if argument.hint is bool
        for name in argument.names
        if name.startswith("--")
    }
    assert flags == FLAGS - {"--help", "-h", "--version"}
    assert {argument.name for argument in arguments} == COMMON


async def test_servers_are_remembered_under_a_name(shell: Shell) -> None:
    settings = ConnectionSettings(address="127.0.0.1", designation="Lycée", tls=False)
    file = shell.home / "lycee.toml"
    file.write_text(settings.dumps(), "utf-8")
    assert (await shell.raw("servers", "add", "lycee", str(file))).status == 0
    outcome = await shell.raw("--json", "servers", "list")
    assert outcome.said["items"][0]["designation"] == "Lycée"
    assert "Lycée" in (await shell.raw("servers", "list")).out
    shell.server.answers["seats.show"] = SEATS
    arguments = ("--server", "lycee", "--login", "SPR", "seats")
    assert (await shell.raw(*arguments)).status == 0
    assert (await shell.raw("servers", "remove", "lycee")).status == 0
    assert (await shell.raw(*arguments)).status == 2
    link = "pronote://0330001X@h/?tls=0"
    assert (await shell.raw("--link", link, "servers", "add", "typed")).status == 0
    assert (await shell.raw("--json", "servers", "list")).said["items"][0]["rne"] == "0330001X"


async def test_stay_prints_one_object_a_line_and_leaves_when_its_time_is_over(
    shell: Shell, autojump_clock: MockClock
) -> None:
    outcome = await shell("--json", "stay", "--seconds", "60")
    assert outcome.status == 0
    first, last = outcome.lines
    assert first["event"] == "entered"
    assert first["session"].startswith("s-")
    assert "resume_token" not in first
    assert (last["event"], last["code"], last["message"]) == ("goodbye", "logout", "Au revoir.")
    assert trio.current_time() == 60
    assert shell.server.seated == {}


async def test_stay_tells_who_ended_it_and_exits_3(shell: Shell) -> None:
    soon = Announcement(
        code=Farewell.DISCONNECTED_BY_ADMINISTRATOR,
        fr="Maintenance.",
        en="Maintenance.",
        in_seconds=0.0,
        by="SUPERVISEUR",
    )
    for flags in (["--json"], []):
        outcomes: list[Outcome] = []

        async def stay(flags: list[str], outcomes: list[Outcome]) -> None:
            outcomes.append(await shell(*flags, "stay"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stay, flags, outcomes)
            await wait_all_tasks_blocked()
            assert shell.out.getvalue().count("\n") == 1  # flushed line by line
            await shell.server.peer.say(soon)
            await shell.server.peer.hang_up(KICKED)
        (outcome,) = outcomes
        assert outcome.status == 3
        if flags:
            assert [line["event"] for line in outcome.lines] == [
                "entered",
                "announcement",
                "goodbye",
            ]
            last = outcome.lines[-1]
            assert last["code"] == "disconnected_by_administrator"
            assert last["by"] == "SUPERVISEUR"
            assert last["message"] == KICKED.fr
        else:
            assert "par SUPERVISEUR" in outcome.out
            assert KICKED.fr in outcome.out


async def test_stay_leaves_politely_when_told_by_a_signal(shell: Shell) -> None:
    tell, shell.signals = trio.open_memory_channel[int](1)
    outcomes: list[Outcome] = []

    async def stay() -> None:
        outcomes.append(await shell("--json", "stay", "--take-back"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay)
        await wait_all_tasks_blocked()
        await tell.send(15)
    (outcome,) = outcomes
    assert outcome.status == 0
    assert outcome.lines[-1]["code"] == "logout"
    assert len(shell.server.goodbyes) == 1
    assert shell.server.seated == {}


async def test_stay_takes_its_session_back_after_a_cut(
    shell: Shell, autojump_clock: MockClock
) -> None:
    outcomes: list[Outcome] = []

    async def stay() -> None:
        outcomes.append(await shell("--json", "stay", "--take-back", "--seconds", "60"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay)
        await wait_all_tasks_blocked(0.01)
        await shell.server.peer.cut()
    (outcome,) = outcomes
    assert [line["event"] for line in outcome.lines] == ["entered", "cut", "resumed", "goodbye"]
    assert outcome.status == 0
    assert "token" not in outcome.out


async def test_stay_that_loses_its_connection_exits_4(shell: Shell) -> None:
    outcomes: list[Outcome] = []

    async def stay() -> None:
        outcomes.append(await shell("--json", "stay"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stay)
        await wait_all_tasks_blocked()
        await shell.server.peer.cut()
    (outcome,) = outcomes
    assert (outcome.status, outcome.lines[-1]["code"]) == (4, "lost")


async def test_stay_may_hold_the_exclusive_use(shell: Shell, autojump_clock: MockClock) -> None:
    shell.server.answers["exclusive.begin"] = ExclusiveShown(holder="SUPERVISEUR")
    outcome = await shell("--json", "stay", "--exclusive", "--seconds", "5")
    assert outcome.status == 0
    assert "exclusive.begin" in shell.server.methods()


async def test_stay_that_is_refused_says_so_like_any_command(shell: Shell) -> None:
    shell.server.refusals["session.enter"] = SeatsExhausted(total=5)
    outcome = await shell("--json", "stay")
    assert outcome.status == 3
    assert outcome.said["refused"] == "seats_exhausted"


async def test_a_command_disconnected_in_the_middle_says_by_whom(shell: Shell) -> None:
    async def kick(_: object) -> SeatsShown:
        await shell.server.peer.hang_up(KICKED)
        await trio.sleep_forever()
        raise AssertionError

    shell.server.answers["seats.show"] = kick
    outcome = await shell("--json", "seats")
    assert outcome.status == 3
    assert outcome.said["code"] == "disconnected_by_administrator"
    assert KICKED.fr in (await shell("seats")).err


async def test_the_account_is_shown_reserved_and_its_credentials_sent(shell: Shell) -> None:
    shown = AccountShown(
        client_reference="1234567",
        hosting_number="123456789012",
        expires=datetime.date(2021, 7, 5),
        expired=True,
        modification=6,
        reserved_for_administrators=1,
        teachers=None,
        edt=True,
        consultation=False,
        consultation_edt=False,
        sms=True,
        sms_edt=True,
        pronote_net=True,
        responsible="Mme B",
        email="r•••••@ecole.example",
        mobile=None,
    )
    seen: list[Any] = []
    shell.server.answers["account.show"] = shown
    shell.server.answers["account.set_reserved"] = echo(SetReserved, seen, shown)
    shell.server.answers["account.receive_credentials"] = CredentialsSent(
        email="r•••••@ecole.example", mobile=None
    )
    text = (await shell("account", "show")).out
    for expected in ("05/07/2021 (expirée)", "Profs illimités", "EDT : NON / PRONOTE : NON"):
        assert expected in text
    assert (await shell.json("account", "reserve", "2"))["hosting_number"] == "123456789012"
    assert seen == [SetReserved(reserved_for_administrators=2)]

    sent = (await shell("account", "receive-credentials")).out
    assert sent.startswith("Numéros : r•••••@ecole.example. Mot de passe : gardé")


async def test_the_supervisors_password_is_changed_from_files(shell: Shell) -> None:
    seen: list[Any] = []
    answer = echo(ChangeSupervisorPassword, seen, Nothing())
    shell.server.answers["account.change_supervisor_password"] = answer
    for name in ("current", "new"):
        (shell.home / name).write_text(f"{name} one\n")
    change = ("account", "supervisor-password", "--new-password-file", str(shell.home / "new"))

    assert (await shell.json(*change)) == {"done": True}
    current = str(shell.home / "current")
    assert (await shell(*change, "--current-password-file", current)).status == 0
    assert [(each.current_password, each.new_password) for each in seen] == [
        ("secret", "new one"),
        ("current one", "new one"),
    ]


async def test_a_change_of_version_is_planned_and_given_up(shell: Shell) -> None:
    planned = PlannedVersion(
        edition=VersionEdition.PRE,
        on=datetime.date(2027, 7, 5),
        base=VersionBase.IN_SERVICE,
        by="SPR",
    )
    shown = VersionShown(
        year=2026,
        edition=VersionEdition.OFFICIAL,
        installed_at=None,
        base_year=2026,
        planned=(planned,),
        next_year=2027,
        next_edition=VersionEdition.PRE,
        next_on=datetime.date(2027, 7, 5),
        next_base=VersionBase.IN_SERVICE,
        automatic=False,
        pre_version_from=datetime.date(2027, 7, 1),
        official_from=datetime.date(2027, 8, 1),
        failure=VersionFailure(
            at=NOON,
            year=2027,
            edition=VersionEdition.PRE,
            reason="Disque plein.",
            again_on=datetime.date(2027, 7, 6),
        ),
    )
    seen: list[Any] = []
    shell.server.answers["version.show"] = shown
    shell.server.answers["version.plan"] = echo(PlanVersion, seen, shown)
    shell.server.answers["version.cancel"] = echo(CancelVersion, seen, shown)
    text = (await shell("version", "plan", "pre-version", "2027-07-05", "in-service")).out
    assert (await shell.json("version", "cancel", "pre-version"))["next_on"] == "2027-07-05"
    assert (await shell.json("version", "show"))["planned"][0]["base"] == "in-service"

    for expected in ("PRONOTE 2026", "Demandé par SPR", "la base en service", "Disque plein."):
        assert expected in text
    assert seen == [
        PlanVersion(
            edition=VersionEdition.PRE,
            on=datetime.date(2027, 7, 5),
            base=VersionBase.IN_SERVICE,
        ),
        CancelVersion(edition=VersionEdition.PRE),
    ]
    assert (await shell("version", "plan", "pre-version", "juillet", "new")).status == 2
