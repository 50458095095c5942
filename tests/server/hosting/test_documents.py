"""Documents and photos, over the wire."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import attrs
import pytest
import trio
from sqlalchemy import Connection, insert, select
from trio.testing import MockClock

from pronote_protocol.catalogue import documents as calls
from pronote_protocol.catalogue.documents import (
    AttachDocument,
    BeginUpload,
    DeleteDocument,
    DeletePhoto,
    DocumentRow,
    ListDocuments,
    ListPhotos,
    PutPhoto,
    ReadDocument,
    ReadPhoto,
    UploadChunk,
    UploadRef,
)
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    DocumentRefused,
    NotAllowed,
    NotFound,
    StaleRevision,
)
from pronote_protocol.records import unstructure
from pronote_protocol.words import DocumentOwner, Mode
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.hosting import documents, exclusive_use
from pronote_server.hosting.school import School
from pronote_server.hosting.uploads import SILENT_SECONDS
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import services_of
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

NOW: Final = datetime(2020, 9, 5, 10, 0, tzinfo=UTC)
TEXT: Final = b"Exercices 1 a 4\n" * 4000


def png(note: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", b"note\0" + note)
        + chunk(b"IEND", b"")
    )


@attrs.frozen
class Work:
    """
    A school at work.

    Attributes:
        entry, other: Notebook entries of T1 and of T2.
    """

    school: School
    door: TestDoor
    pupils: dict[str, int]
    entry: int
    other: int

    @property
    def files(self) -> DocumentFiles:
        return DocumentFiles.beside(self.school.base_in_service().file)

    async def teacher(self) -> WireClient:
        return await WireClient.inside(self.door, "teacher", Mode.TEACHER)

    async def life(self) -> WireClient:
        return await WireClient.inside(self.door, "cpe", Mode.SCHOOL_LIFE)

    async def office(self, login: str = "admin") -> WireClient:
        return await WireClient.inside(self.door, login)


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[Work]:
    async with (
        open_test_school(
            tmp_path,
            data=sample_school(),
            inline=True,
            clock=Clock(NOW),
            contract=Contract(modification=20),
        ) as school,
        open_test_door(school) as door,
    ):

        def prepare(conn: Connection) -> tuple[dict[str, int], list[int]]:
            services = {line.code: line.id for line in services_of(conn)}
            rows = conn.execute(select(schema.pupil.c.code, schema.pupil.c.id))
            entries: list[int] = []
            for code in ("MATH|T1|C:3A", "ALL|T2|C:3B"):
                key = conn.execute(
                    insert(schema.notebook_entry).values(
                        service_id=services[code],
                        date=date(2020, 9, 7),
                        content="",
                        revision=1,
                    )
                ).inserted_primary_key
                assert key is not None
                entries.append(key[0])
            return {row.code: row.id for row in rows}, entries

        pupils, (entry, other) = await school.base_in_service().database.write(prepare)
        yield Work(school, door, pupils, entry, other)


async def sent(client: WireClient, content: bytes) -> str:
    """Upload *content* and return the name of the upload."""
    begun = await client.call(calls.BEGIN_UPLOAD, BeginUpload(size=len(content)))
    for offset in range(0, len(content), begun.chunk_bytes):
        piece = content[offset : offset + begun.chunk_bytes]
        await client.call(
            calls.SEND_CHUNK, UploadChunk(upload=begun.upload, offset=offset, data=piece)
        )
    return begun.upload


async def attached(
    client: WireClient,
    owner_id: int,
    content: bytes = TEXT,
    name: str = "devoir.txt",
    owner: DocumentOwner = DocumentOwner.NOTEBOOK_ENTRY,
) -> DocumentRow:
    upload = await sent(client, content)
    wish = AttachDocument(upload=upload, owner_kind=owner, owner_id=owner_id, name=name)
    return (await client.call(calls.ATTACH_DOCUMENT, wish)).document


def listing(
    owner_id: int, owner: DocumentOwner = DocumentOwner.NOTEBOOK_ENTRY
) -> ListDocuments:
    return ListDocuments(owner_kind=owner, owner_id=owner_id)


async def test_a_document_is_sent_in_pieces_and_read_in_ranges(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()

        made = await attached(client, work.entry)

        assert (made.name, made.media_type, made.size) == ("devoir.txt", "text/plain", 64000)
        assert (made.added_by, made.added_at) == ("teacher:T1", NOW)
        first = await client.call(calls.READ_DOCUMENT, ReadDocument(id=made.id, length=100))
        rest = await client.call(calls.READ_DOCUMENT, ReadDocument(id=made.id, offset=100))
        end = await client.call(calls.READ_DOCUMENT, ReadDocument(id=made.id, offset=2**62))
        assert first.data + rest.data == TEXT
        assert (end.data, end.size, end.sha256) == (b"", made.size, made.sha256)
        page = await client.call(calls.LIST_DOCUMENTS, listing(work.entry))
        assert page.rows == (made,)


async def test_the_same_bytes_are_kept_once_and_go_with_the_last_who_refers_to_them(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        office = await work.office()
        one = await attached(office, work.entry)
        two = await attached(office, work.other, name="autre.txt")
        assert list(work.files.stored()) == [one.sha256] == [two.sha256]

        await office.call(calls.DELETE_DOCUMENT, DeleteDocument(id=one.id))
        assert await documents.collect(work.school) == 0
        shown = await office.call(calls.READ_DOCUMENT, ReadDocument(id=two.id))
        assert shown.data == TEXT

        await office.call(calls.DELETE_DOCUMENT, DeleteDocument(id=two.id))
        assert await documents.collect(work.school) == 1
        assert list(work.files.stored()) == []


async def test_nothing_is_collected_while_the_base_may_be_put_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        office = await work.office()
        made = await attached(office, work.entry)
        await office.call(calls.DELETE_DOCUMENT, DeleteDocument(id=made.id))
        (session,) = work.school.sessions
        exclusive_use.begin_exclusive(work.school, session)

        assert await documents.collect(work.school) == 0
        exclusive_use.end_exclusive(work.school, session)
        assert await documents.collect(work.school) == 1


async def test_bytes_that_are_missing_are_said_to_be(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        office = await work.office()
        made = await attached(office, work.entry)
        work.files.collect(set())

        with pytest.raises(Conflict, match="missing on the server"):
            await office.call(calls.READ_DOCUMENT, ReadDocument(id=made.id))


async def test_a_retry_of_attaching_makes_one_document(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        wish = AttachDocument(
            upload=await sent(client, TEXT),
            owner_kind=DocumentOwner.NOTEBOOK_ENTRY,
            owner_id=work.entry,
            name="a.txt",
        )
        keyed = {**unstructure(wish), "key": "k"}

        first, second = [
            await client.ask("documents.attach", keyed, calls.DocumentShown) for _ in range(2)
        ]

        assert first == second
        assert (await client.call(calls.LIST_DOCUMENTS, listing(work.entry))).total == 1
        with pytest.raises(NotFound):
            await client.call(calls.ATTACH_DOCUMENT, wish)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\0\x03", "a.txt"),
        (TEXT, "a.pdf"),
        (TEXT, "../a.txt"),
        (png(), "a.jpg"),
        (b"PK\x03\x04" + b"\0" * 50, "a.odt"),
    ],
)
async def test_what_is_no_document_is_refused_and_leaves_nothing(
    tmp_path: Path, autojump_clock: MockClock, content: bytes, name: str
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()

        with pytest.raises(DocumentRefused):
            await attached(client, work.entry, content, name)

        assert list(work.files.stored()) == []
        assert (await client.call(calls.LIST_DOCUMENTS, listing(work.entry))).total == 0


async def test_an_upload_is_bounded_in_size_and_order(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, other = await work.teacher(), await work.life()
        with pytest.raises(ValueError, match="size"):
            BeginUpload(size=calls.LARGEST_DOCUMENT + 1)
        with pytest.raises(BadRequest):
            await client.ask(
                "uploads.begin", {"size": calls.LARGEST_DOCUMENT + 1}, calls.UploadBegun
            )
        begun = await client.call(calls.BEGIN_UPLOAD, BeginUpload(size=10))

        def piece(offset: int, data: bytes) -> UploadChunk:
            return UploadChunk(upload=begun.upload, offset=offset, data=data)

        await client.call(calls.SEND_CHUNK, piece(0, b"12345"))
        for wrong in (piece(0, b"12345"), piece(6, b"1"), piece(5, b"123456"), piece(-5, b"1")):
            with pytest.raises(Conflict):
                await client.call(calls.SEND_CHUNK, wrong)
        with pytest.raises(NotFound):
            await other.call(calls.SEND_CHUNK, piece(5, b"67890"))
        incomplete = AttachDocument(
            upload=begun.upload,
            owner_kind=DocumentOwner.NOTEBOOK_ENTRY,
            owner_id=work.entry,
            name="a.txt",
        )
        with pytest.raises(DocumentRefused, match="missing"):
            await client.call(calls.ATTACH_DOCUMENT, incomplete)
        await client.call(calls.CANCEL_UPLOAD, UploadRef(upload=begun.upload))
        with pytest.raises(NotFound):
            await client.call(calls.SEND_CHUNK, piece(5, b"67890"))


async def test_those_who_fall_silent_make_room(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        for n in range(1, 9):
            client = await work.office(f"sec{n}")
            await client.call(calls.BEGIN_UPLOAD, BeginUpload(size=10))
        client = await work.teacher()

        with pytest.raises(Conflict) as full:
            await client.call(calls.BEGIN_UPLOAD, BeginUpload(size=10))
        assert full.value.retry_after == 5.0
        await trio.sleep(SILENT_SECONDS + 1)
        await client.call(calls.BEGIN_UPLOAD, BeginUpload(size=10))


async def test_what_a_session_had_sent_goes_with_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client = await work.teacher()
        await sent(client, TEXT)
        await client.leave()

        assert work.school.document_uploads._uploads == {}


async def test_a_teacher_has_the_documents_of_his_services_and_pupils_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        pupil = DocumentOwner.PUPIL
        made = [
            await attached(office, work.other),
            await attached(office, work.pupils["P3"], owner=pupil),
        ]
        mine = await attached(office, work.pupils["P1"], owner=pupil)
        upload = await sent(client, TEXT)

        for document in made:
            with pytest.raises(NotFound):
                await client.call(calls.READ_DOCUMENT, ReadDocument(id=document.id))
            with pytest.raises(NotFound):
                await client.call(calls.DELETE_DOCUMENT, DeleteDocument(id=document.id))
            with pytest.raises(NotFound):
                await client.call(
                    calls.LIST_DOCUMENTS, listing(document.owner_id, document.owner_kind)
                )
            with pytest.raises(NotFound):
                await client.call(
                    calls.ATTACH_DOCUMENT,
                    AttachDocument(
                        upload=upload,
                        owner_kind=document.owner_kind,
                        owner_id=document.owner_id,
                        name="a.txt",
                    ),
                )
        await client.call(calls.READ_DOCUMENT, ReadDocument(id=mine.id))
        # Not his to delete: the administration has added it.
        with pytest.raises(Conflict):
            await client.call(calls.DELETE_DOCUMENT, DeleteDocument(id=mine.id))


@pytest.mark.parametrize("owner", list(DocumentOwner))
async def test_a_document_of_nothing_is_not_found(
    tmp_path: Path, autojump_clock: MockClock, owner: DocumentOwner
) -> None:
    async with working(tmp_path) as work:
        office = await work.office()

        with pytest.raises(NotFound):
            await attached(office, 999, owner=owner)
        with pytest.raises(NotFound):
            await office.call(calls.LIST_DOCUMENTS, listing(999, owner))


async def test_school_life_reads_the_notebooks_documents_and_adds_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        life, client = await work.life(), await work.teacher()
        made = await attached(client, work.entry)

        await life.call(calls.READ_DOCUMENT, ReadDocument(id=made.id))
        with pytest.raises(NotFound):
            await attached(life, work.entry)
        await attached(life, work.pupils["P1"], owner=DocumentOwner.PUPIL)


async def test_a_document_of_a_message_is_of_those_who_take_part(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:

        def say(conn: Connection) -> None:
            people = ("teacher:T1", "staff:S1")
            at = {"created_at": NOW, "revision": 1}
            conn.execute(
                insert(schema.discussion).values(
                    id=1, subject="P1", created_by="teacher:T1", **at
                )
            )
            for person in people:
                conn.execute(insert(schema.participant).values(discussion_id=1, person=person))
            conn.execute(
                insert(schema.message).values(
                    id=1, discussion_id=1, by="teacher:T1", at=NOW, text="Bonjour"
                )
            )

        await work.school.base_in_service().database.write(say)
        client, office = await work.teacher(), await work.office()

        made = await attached(client, 1, owner=DocumentOwner.MESSAGE)

        with pytest.raises(NotFound):
            await office.call(calls.READ_DOCUMENT, ReadDocument(id=made.id))
        with pytest.raises(NotFound):
            await office.call(calls.DELETE_DOCUMENT, DeleteDocument(id=made.id))
        assert office.events == []


# Photos


def put(upload: str, pupil: int, if_revision: int | None = None) -> PutPhoto:
    return PutPhoto(upload=upload, pupil_id=pupil, if_revision=if_revision)


async def test_a_pupil_has_one_photo(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with working(tmp_path) as work:
        life, pupil = await work.life(), work.pupils["P1"]
        first = await life.call(calls.PUT_PHOTO, put(await sent(life, png()), pupil))
        new = png(b"new")

        second = await life.call(calls.PUT_PHOTO, put(await sent(life, new), pupil))

        piece = await life.call(calls.READ_PHOTO, ReadPhoto(pupil_id=pupil))
        assert (piece.data, piece.media_type) == (new, "image/png")
        page = await life.call(calls.LIST_PHOTOS, ListPhotos())
        assert page.rows == (second.photo,)
        assert second.photo.pupil == "ALBERT Zoé"
        stale = put(await sent(life, png()), pupil, first.photo.revision)
        with pytest.raises(StaleRevision):
            await life.call(calls.PUT_PHOTO, stale)
        assert await documents.collect(work.school) == 1
        await life.call(calls.DELETE_PHOTO, DeletePhoto(pupil_id=pupil))
        with pytest.raises(NotFound):
            await life.call(calls.READ_PHOTO, ReadPhoto(pupil_id=pupil))


@pytest.mark.parametrize("content", [TEXT, png(b"x" * calls.LARGEST_PHOTO), b"%PDF-1.4 %%EOF"])
async def test_a_photo_is_a_small_picture(
    tmp_path: Path, autojump_clock: MockClock, content: bytes
) -> None:
    async with working(tmp_path) as work:
        life = await work.life()

        with pytest.raises(DocumentRefused):
            await life.call(calls.PUT_PHOTO, put(await sent(life, content), work.pupils["P1"]))


async def test_a_teacher_sees_the_photos_of_his_pupils_and_gives_none(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        client, office = await work.teacher(), await work.office()
        for code in ("P1", "P3"):
            await office.call(
                calls.PUT_PHOTO, put(await sent(office, png()), work.pupils[code])
            )

        page = await client.call(calls.LIST_PHOTOS, ListPhotos())
        assert [row.pupil_id for row in page.rows] == [work.pupils["P1"]]
        with pytest.raises(NotFound):
            await client.call(calls.READ_PHOTO, ReadPhoto(pupil_id=work.pupils["P3"]))
        with pytest.raises(NotAllowed):
            await client.call(calls.DELETE_PHOTO, DeletePhoto(pupil_id=work.pupils["P1"]))


async def test_a_photo_of_nobody_is_not_found(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as work:
        office = await work.office()

        with pytest.raises(NotFound):
            await office.call(calls.PUT_PHOTO, put(await sent(office, png()), 999))
        with pytest.raises(NotFound):
            await office.call(calls.PUT_PHOTO, put("t-0", work.pupils["P1"]))
