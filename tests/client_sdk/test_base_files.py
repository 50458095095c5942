"""A base travels from one server to another and comes back equal (fiche 8), by the SDK."""

from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trio
from sqlalchemy import Connection, func, insert, select

from pronote_client import AdminClient, ConnectionSettings, HostingClient, Instance, Mode
from pronote_client.families import BaseFiles
from pronote_client.testing import inline
from pronote_client.transport import Transport
from pronote_protocol.catalogue import base_files as calls
from pronote_protocol.errors import (
    BaseRefused,
    Conflict,
    NoSpace,
    NotAllowed,
    NotFound,
)
from pronote_protocol.words import BaseState, Rank, UploadPurpose
from pronote_server.clock import Clock
from pronote_server.hosting import base_opening
from pronote_server.hosting.bases import STANDARD_GRID
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage import upload_files
from pronote_server.storage.accounts import update_account
from pronote_server.storage.base_comparison import compare_bases
from pronote_server.storage.base_file import create_base
from pronote_server.storage.base_header import FORMAT_VERSION
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.letters import add_letters, read_letters
from pronote_server.storage.packages import (
    BASE_MEMBER,
    Manifest,
    Member,
    PackageKind,
    PackageRefused,
    document_member,
    read_manifest,
    write_package,
)
from pronote_server.storage.sqlite import writing_engine
from pronote_server.testing import (
    PASSWORD,
    TEST_RNE,
    open_test_door,
    open_test_school,
    sample_school,
)

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
BASE, ANNEX, USERS = UploadPurpose.BASE, UploadPurpose.ANNEX, UploadPurpose.USERS


@attrs.frozen
class Server:
    """A school that is served in this process."""

    school: School
    way_in: dict[str, Any]

    def console(self) -> Any:
        return HostingClient.open(**self.way_in)


@asynccontextmanager
async def serving(folder: Path, **options: Any) -> AsyncIterator[Server]:
    async with (
        open_test_school(folder, clock=Clock(NOW), **options) as school,
        open_test_door(school) as door,
        trio.open_nursery() as working,
    ):

        async def connect(*_: object) -> Transport:
            await trio.lowlevel.checkpoint()
            ours, theirs = socket.socketpair()
            door.meet(theirs, "192.0.2.1")
            ours.setblocking(False)
            return Transport(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))

        working.start_soon(school.backups.work.serve)
        yield Server(
            school,
            {
                "settings": ConnectionSettings(address="127.0.0.1", tls=False),
                "login": "SPR",
                "password": PASSWORD,
                "instance": Instance(),
                "connector": connect,
                "run": inline,
            },
        )
        working.cancel_scope.cancel()


async def attach(school: School, content: bytes, name: str = "plan.txt") -> str:
    """Have a document in the base, as a punishment's; return its hash."""
    base = school.base
    assert base is not None
    sha256 = DocumentFiles.beside(base.file).store(content)

    def enter(conn: Connection) -> None:
        conn.execute(
            insert(schema.document),
            {
                "sha256": sha256,
                "size": len(content),
                "media_type": "text/plain",
                "name": name,
                "owner_kind": "pupil",
                "owner_id": conn.execute(select(func.min(schema.pupil.c.id))).scalar_one(),
                "added_by": "account:SPR",
                "added_at": NOW,
                "revision": 1,
            },
        )

    await base.database.write(enter)
    return sha256


async def photograph(school: School, content: bytes) -> str:
    base = school.base
    assert base is not None
    sha256 = DocumentFiles.beside(base.file).store(content)

    def enter(conn: Connection) -> None:
        ident = conn.execute(select(func.min(schema.pupil.c.id))).scalar_one()
        conn.execute(
            insert(schema.photo),
            {
                "pupil_id": ident,
                "sha256": sha256,
                "size": len(content),
                "media_type": "image/png",
                "revision": 1,
            },
        )

    await base.database.write(enter)
    return sha256


async def test_a_base_with_its_annexes_comes_to_another_server_equal_row_by_row(
    tmp_path: Path,
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    async with serving(tmp_path / "a", data=sample_school()) as one:
        plan, face = (
            await attach(one.school, b"plan" * 50_000),
            await photograph(one.school, b"png" * 1000),
        )
        assert one.school.base is not None
        here = one.school.base.file
        async with one.console() as console:
            report = await console.base_files.generate()
            assert {each["kind"] for each in report["files"]} == {
                "hosting-base",
                "documents",
                "photos",
            }
            for row in await console.base_files.list():
                path = await console.base_files.download(row.name, files)
                assert path.stat().st_size == row.size
            users = await console.base_files.download(
                await console.base_files.generate_users(), files
            )
        await one.school.base.database.write(lambda conn: None)

        async with serving(tmp_path / "b") as two, two.console() as console:
            sent = await console.base_files.send(files / "Base.HNOT", BASE)
            assert (sent["base"], sent["name"]) == ("Base (2)", "Base")
            assert two.school.base_state is BaseState.IN_SERVICE
            with pytest.raises(Conflict, match="Stop the server first"):
                await console.bases.open("Base (2)")
            await console.bases.stop()
            await console.bases.open("Base (2)")
            missing = await console.base_files.missing()
            assert {row.sha256 for row in missing} == {plan, face}
            for name in ("Base.HDOCJOINTS", "Base.HPHOTOS"):
                done = await console.base_files.send(files / name, ANNEX)
            assert (done["added"], done["missing"]) == (1, 0)
            assert await console.base_files.missing() == ()
            recovered = await console.base_files.send(users, USERS)
            assert (recovered["added"], recovered["refused"]) == (0, 0)
            assert two.school.base is not None
            there = two.school.base.file
            await base_opening.close_base(two.school)
            tables = compare_bases(here, there)
            assert [each for each in tables if not each.equal] == []
            assert sum(each.same for each in tables) > 50
            stored = DocumentFiles.beside(there)
            assert stored.read(plan, 0, 10) == b"planplanpl"


async def test_letters_travel_and_one_that_is_here_stays_as_it_is(tmp_path: Path) -> None:
    def letter(code: str, body: str) -> dict[str, str]:
        return {"code": code, "name": code, "category": "Absences", "body": body}

    def bodies(conn: Connection) -> dict[str, str]:
        rows = conn.execute(select(schema.letter.c.code, schema.letter.c.body))
        return {row.code: row.body for row in rows}

    async with serving(tmp_path / "a") as one, one.console() as console:
        assert one.school.base is not None
        await one.school.base.database.write(
            lambda conn: add_letters(conn, [letter("L1", "d'ailleurs"), letter("L2", "neuf")])
        )
        await console.base_files.generate()
        path = await console.base_files.download("Base.HCOURRIERS", tmp_path)
    async with serving(tmp_path / "b") as two, two.console() as console:
        assert two.school.base is not None
        base = two.school.base.database
        await base.write(lambda conn: add_letters(conn, [letter("L1", "d'ici")]))
        before = two.school.base.header.revision
        assert (await console.base_files.send(path, ANNEX))["letters"] == 1
        assert await base.read(bodies) == {"L1": "d'ici", "L2": "neuf"}
        assert two.school.base.header.revision == before + 1
        assert (await console.base_files.send(path, ANNEX))["letters"] == 0


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[1]",
        b"[{}]",
        b"x",
        b'[{"code": "", "name": "a", "category": "", "body": ""}]',
        b'[{"code": "a", "name": "a", "category": "", "body": 3}]',
        b'[{"code": "a", "name": "a", "category": "", "body": "", "id": 1}]',
    ],
)
def test_what_is_no_letter_is_refused(data: bytes) -> None:
    with pytest.raises(PackageRefused):
        read_letters(data)


async def test_sending_goes_on_where_it_was_cut_even_after_a_restart(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    path = tmp_path / "x.HNOT"
    path.write_bytes(content)

    class Cut(Exception):
        pass

    seen: list[int] = []

    def cut_halfway(received: int, size: int) -> None:
        if received > size // 2:
            raise Cut

    async with serving(tmp_path / "a") as one, one.console() as console:
        with pytest.raises(Cut):
            await console.base_files.upload(path, BASE, told=cut_halfway)
    async with serving(tmp_path / "a") as one, one.console() as console:
        (kept,) = await console.base_files.sendings()
        assert len(content) // 2 < kept.received < len(content)
        await console.base_files.upload(path, BASE, told=lambda n, _: seen.append(n))
        assert seen[0] > kept.received
        with pytest.raises(BaseRefused):  # whole, and no package
            await console.base_files.finish(kept.upload)
        assert await console.base_files.sendings() == ()


async def test_a_piece_that_comes_twice_is_passed_over_and_a_gap_refused(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as one, one.console() as console:
        begun = await console.call(
            calls.BEGIN_SENDING,
            calls.BeginSending(purpose=BASE, name="x", size=10, sha256="0" * 64),
        )

        async def send(offset: int, data: bytes) -> int:
            piece = calls.SendPiece(upload=begun.upload, offset=offset, data=data)
            taken: calls.PieceTaken = await console.call(calls.SEND_PIECE, piece)
            return taken.received

        assert await send(0, b"abcde") == 5
        assert await send(3, b"defg") == 7
        assert await send(0, b"abc") == 7
        for offset, data in ((8, b"x"), (7, b"xxxx")):
            with pytest.raises(Conflict) as refused:
                await send(offset, data)
            assert refused.value.details["expected"] == 7
        with pytest.raises(Conflict, match="not whole"):
            await console.base_files.finish(begun.upload)
        await send(7, b"hij")
        with pytest.raises(BaseRefused, match="SHA-256"):
            await console.base_files.finish(begun.upload)
        with pytest.raises(NotFound):
            await send(0, b"a")


async def test_what_the_disk_or_the_bounds_do_not_allow_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path) as one, one.console() as console:

        def begin(size: int, number: int = 0) -> Any:
            wish = calls.BeginSending(
                purpose=BASE, name="x", size=size, sha256=f"{number:064x}"
            )
            return console.call(calls.BEGIN_SENDING, wish)

        with pytest.raises(BaseRefused):
            await begin(upload_files.LARGEST_UPLOAD + 1)
        for number in range(4):
            await begin(10, number)
        with pytest.raises(Conflict, match="Other files"):
            await begin(10, 9)
        (first, *_) = await console.base_files.sendings()
        await console.base_files.cancel(first.upload)
        full = partial(attrs.make_class("Usage", ["free"]), free=1024)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: full())
        with pytest.raises(NoSpace):
            await begin(10, 9)


def packages(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield files that are no base of this school, and a word of the refusal."""

    def base(name: str, *, rne: str | None = TEST_RNE, year: int = 2020) -> Path:
        path = folder / f"{name}.not"
        create_base(path, name=name, rne=rne, school_year=year, grid=STANDARD_GRID, now=NOW)
        return path

    def package(name: str, source: Path, *, year: int = 2020, **more: Any) -> Path:
        path = folder / f"{name}.HNOT"
        values: dict[str, Any] = {
            "kind": PackageKind.HOSTING_BASE,
            "rne": TEST_RNE,
            "base": name,
            "school_year": year,
            "base_format": FORMAT_VERSION,
            "revision": 0,
            "made_at": NOW,
            **more,
        }
        write_package(path, Manifest(**values), [Member(BASE_MEMBER, source)])
        return path

    text = folder / "text.HNOT"
    text.write_text("bonjour " * 1000)
    yield "not a package", text, "not made by this program"
    good = package("bon", base("bon"))
    cut = folder / "cut.HNOT"
    cut.write_bytes(good.read_bytes()[:-20])
    yield "truncated", cut, "damaged"
    flipped = bytearray(good.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    damaged = folder / "flipped.HNOT"
    damaged.write_bytes(flipped)
    yield "damaged", damaged, "damaged"
    yield "foreign", package("autre", base("autre", rne="0330001X")), "another school"
    yield "too early", package("tot", base("tot", year=2031), year=2031), "not open yet"
    newer = base("neuve")
    with writing_engine(newer).connect() as conn, conn.begin():
        conn.exec_driver_sql("PRAGMA user_version = 99")
    yield "newer", package("neuve", newer, base_format=99), "later version"
    hostile = base("piege")
    with writing_engine(hostile).connect() as conn, conn.begin():
        conn.exec_driver_sql("CREATE VIEW header2 AS SELECT * FROM header")
    yield "hostile", package("piege", hostile), "does not put there"
    yield "a base without a package", base("nue"), "not made by this program"


async def test_a_file_that_is_no_base_of_this_school_is_refused_and_changes_nothing(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    async with serving(tmp_path / "a") as one, one.console() as console:
        for what, path, word in packages(folder):
            with pytest.raises(BaseRefused) as refused:
                await console.base_files.send(path, BASE)
            assert word in refused.value.en, (what, refused.value.en)
            assert [row.name for row in await console.bases.list_all()] == ["Base"]
        left = {path.name for path in (tmp_path / "a" / "bases").iterdir()}
        assert {name for name in left if "-" not in name} == {"Base.not"}
        assert list((tmp_path / "a" / "uploads").iterdir()) == []
        assert one.school.base_state is BaseState.IN_SERVICE


async def test_documents_of_another_base_are_not_kept_and_a_false_one_refused(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path / "a", data=sample_school()) as one, one.console() as console:
        wanted = await attach(one.school, b"wanted")
        assert one.school.base is not None
        stored = DocumentFiles.beside(one.school.base.file)
        stored.path_of(wanted).unlink()

        def annex(name: str, members: dict[str, bytes]) -> Path:
            path = tmp_path / f"{name}.HDOCJOINTS"
            manifest = Manifest(
                kind=PackageKind.DOCUMENTS,
                rne=TEST_RNE,
                base="Base",
                school_year=2020,
                base_format=4,
                revision=0,
                made_at=NOW,
            )
            write_package(
                path,
                manifest,
                [Member(document_member(sha), content) for sha, content in members.items()],
            )
            return path

        with pytest.raises(BaseRefused, match="damaged"):
            await console.base_files.send(annex("false", {wanted: b"false"}), ANNEX)
        other = hashlib.sha256(b"other").hexdigest()
        done = await console.base_files.send(
            annex("both", {wanted: b"wanted", other: b"other"}), ANNEX
        )
        assert (done["added"], done["unknown"], done["missing"]) == (1, 1, 0)
        assert sorted(stored.stored()) == [wanted]
        again = await console.base_files.send(
            annex("both2", {wanted: b"wanted", other: b"other"}), ANNEX
        )
        assert (again["added"], again["already"]) == (0, 1)
        with pytest.raises(BaseRefused, match="kind"):
            await console.base_files.send(annex("base", {wanted: b"wanted"}), BASE)


async def test_users_are_recovered_and_whoever_is_here_stays_as_he_is(tmp_path: Path) -> None:
    async with serving(tmp_path / "a") as one:
        async with one.console() as console:
            await console.users.create(name="NEUVE Anne", group="Secrétariat")
            await console.users.create(name="CHEF Louis", group="Administration")
        chief = one.school.directory.by_login("chef")
        assert chief is not None
        promoted = attrs.evolve(chief, rank=Rank.SUPERADMINISTRATOR)
        await one.school.records.write(lambda conn: update_account(conn, promoted))
        one.school.directory.put(promoted)
        async with one.console() as console:
            path = await console.base_files.download(
                await console.base_files.generate_users(), tmp_path
            )
    assert PASSWORD.encode() not in path.read_bytes()
    assert read_manifest(path).kind is PackageKind.USERS

    async with serving(tmp_path / "b") as two:
        before = two.school.directory.by_login("admin")
        spr = two.school.directory.supervisor
        async with two.console() as console:
            done = await console.base_files.send(path, USERS)
            assert sorted(done["added_logins"]) == ["chef", "neuve"]
            assert done["kept"] == 14
            assert done["refused"] == 0
            again = await console.base_files.send(path, USERS)
            assert (again["added"], again["kept"]) == (0, 16)
        assert two.school.directory.by_login("admin") == before
        supervisor = two.school.directory.supervisor
        assert spr is not None
        assert supervisor is not None
        assert supervisor.credentials == spr.credentials
        new = two.school.directory.by_login("neuve")
        assert new is not None
        assert new.generated_password is None
        assert new.must_change
        assert new.credentials is not None
        chief = two.school.directory.by_login("chef")
        assert chief is not None
        assert chief.rank is Rank.SUPERADMINISTRATOR
    async with open_test_school(tmp_path / "b", clock=Clock(NOW), inline=True) as school:
        assert school.directory.by_login("neuve") is not None


async def test_an_administrator_without_the_right_sends_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as one:
        way_in = {**one.way_in, "login": "admin"}
        async with AdminClient.open(**way_in) as office:
            assert await office.base_files.missing() == ()
            with pytest.raises(NotAllowed):
                await office.base_files.generate()
        async with AdminClient.open(**one.way_in) as chief:
            assert (await chief.base_files.generate())["base"] == "Base"
        assert isinstance(chief.base_files, BaseFiles)
        assert Mode.HOSTING.value == "hosting"
