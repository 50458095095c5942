"""Preparing the next year, and recovering from the file in its base (fiche 7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection, insert, select
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import (
    assessments,
    letters,
    marks,
    motives,
    past_results,
    recovery,
    sessions,
)
from pronote_protocol.catalogue.past_results import PastResultRow
from pronote_protocol.messages import Nothing
from pronote_protocol.words import (
    Mode,
    MotiveKind,
    RecoveredPart,
    SessionState,
    UploadPurpose,
)
from pronote_server.clock import Clock
from pronote_server.domain.school_data import Pupil, SchoolData
from pronote_server.hosting import bases
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.hosting_files import exports, generate_files
from pronote_server.hosting.next_year import prepare_next_year
from pronote_server.hosting.school import School
from pronote_server.hosting.sent_files import take_in
from pronote_server.storage import base_schema as schema
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.packages import PackageKind
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

OCTOBER = datetime(2020, 10, 5, 8, 0, tzinfo=UTC)
PHOTO, FILE = b"a photo", b"a document"


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[tuple[School, TestDoor, str]]:
    """In service with 2021, beside the file of 2020: a mark of P1, a letter, a motive."""
    async with (
        open_test_school(
            folder, data=sample_school(), clock=Clock(OCTOBER), inline=True
        ) as school,
        open_test_door(school) as door,
    ):
        await a_year_of_work(school, door)
        made = await prepare_next_year(school, by="test")
        await bases.stop(school, by="test")
        await bases.create_base(school, "Nouvelle", 2021, bases.STANDARD_GRID)
        await bases.fill(school, next_school())
        await bases.put_in_service(school, None, by="test")
        yield school, door, made["name"]


def next_school() -> SchoolData:
    """The year after: P1 with the same code, P3 with another, P2 gone, a newcomer."""
    before = sample_school()
    kept = [pupil for pupil in before.pupils if pupil.code in ("P1", "P4")]
    new = [
        Pupil("Q9", "ZOLA", "Jeanne", "3A", born=date(2006, 3, 4)),
        # The code of somebody else: it is not he.
        Pupil("P2", "NOUVEAU", "Luc", "3A"),
    ]
    return attrs.evolve(before, school_year=2021, pupils=(*kept, *new))


async def a_year_of_work(school: School, door: TestDoor) -> None:
    assert school.base is not None
    store = DocumentFiles.beside(school.base.file)
    hashes = {each: store.store(each) for each in (PHOTO, FILE)}

    def write(conn: Connection) -> dict[str, int]:
        pupil = schema.pupil.c
        conn.execute(
            schema.pupil.update().where(pupil.code == "P3").values(born=date(2006, 3, 4))
        )
        ids = {row.code: row.id for row in conn.execute(select(pupil.code, pupil.id))}
        conn.execute(
            insert(schema.photo),
            [
                {"pupil_id": ids[code], **content(hashes[PHOTO]), "revision": 1}
                for code in ("P1", "P2")
            ],
        )
        conn.execute(
            insert(schema.document).values(
                **content(hashes[FILE]),
                name="Bilan.pdf",
                owner_kind="pupil",
                owner_id=ids["P3"],
                added_by="staff:S1",
                added_at=OCTOBER,
                revision=1,
            )
        )
        service = schema.service.c
        found = conn.execute(select(service.id).where(service.code == "MATH|T1|C:3A"))
        period = conn.execute(
            select(schema.period.c.id).where(
                schema.period.c.kind == "trimester", schema.period.c.starts_on < OCTOBER.date()
            )
        ).scalars()
        return {**ids, "MATH": found.scalar_one(), "T1": next(iter(period))}

    ids = await school.base.database.write(write)
    office = await WireClient.inside(door, "SPR")
    row = await office.call(
        assessments.CREATE_ASSESSMENT,
        assessments.CreateAssessment(
            service_id=ids["MATH"], period_id=ids["T1"], date=OCTOBER.date(), title="1"
        ),
    )
    entries = (
        marks.MarkEntry(ids["P1"], Decimal("15.5")),
        marks.MarkEntry(ids["P2"], Decimal(8)),
    )
    await office.call(
        marks.ENTER_MARKS, marks.EnterMarks(assessment_id=row.assessment.id, entries=entries)
    )
    await office.call(
        letters.LETTERS.create,
        letters.CreateLetter(name="Convocation", category="Vie scolaire", body="Madame, {nom}"),
    )
    await office.call(
        motives.CREATE_MOTIVE,
        motives.CreateMotive(kind=MotiveKind.ABSENCE, name="Rendez-vous", admissible=True),
    )
    await office.leave()


def content(sha256: str) -> dict[str, Any]:
    return {"sha256": sha256, "size": 7, "media_type": "application/pdf"}


async def ids_of(school: School) -> dict[str, int]:
    pupil = schema.pupil.c
    assert school.base is not None
    return await school.base.database.read(
        lambda conn: {row.code: row.id for row in conn.execute(select(pupil.code, pupil.id))}
    )


def part(report: recovery.Recovered, which: RecoveredPart) -> recovery.PartShown:
    return next(each for each in report.parts if each.part is which)


async def test_the_data_of_last_year_is_recovered_and_kept_when_it_is_saved(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (school, door, name):
        assert name == "Base_PreparerLAnneeSuivante.zip"
        chief = await WireClient.inside(door, "SPR")
        report = await chief.call(recovery.RECOVER, recovery.Recover(source=name))

        assert (report.school_year, report.pupils, report.matched) == (2020, 4, 3)
        of_marks = part(report, RecoveredPart.MARKS)
        assert (of_marks.found, of_marks.recovered, of_marks.unmatched) == (2, 1, 1)
        documents = part(report, RecoveredPart.DOCUMENTS)
        assert (documents.found, documents.recovered, documents.unmatched) == (3, 2, 1)
        assert part(report, RecoveredPart.MODELS).recovered == 1
        assert part(report, RecoveredPart.PARAMETERS).recovered >= 1

        me = await chief.ask("session.show", Nothing(), sessions.SessionShown)
        assert me.state is SessionState.EXCLUSIVE_USE
        await chief.call(sessions.END_EXCLUSIVE, sessions.EndExclusiveUse(save=True))

        pupils = await ids_of(school)
        results = await chief.call(
            past_results.LIST_PAST_RESULTS,
            past_results.ListPastResults(pupil_id=pupils["P1"]),
        )
        assert results.rows == (
            PastResultRow(
                2020,
                "3e A",
                "Trimestre 1",
                "Mathématiques",
                "DUPAS Nicole",
                20,
                Decimal("15.50"),
                Decimal("11.75"),
            ),
        )
        (letter,) = (await chief.call(letters.LETTERS.list, letters.LETTERS.wish())).rows
        text = await chief.call(letters.READ_TEXT, letters.READ_TEXT.params(id=letter.id))
        assert text.body == "Madame, {nom}"
        assert school.base is not None
        store = DocumentFiles.beside(school.base.file)
        assert sorted(store.path_of(each).read_bytes() for each in store.stored()) == sorted(
            [PHOTO, FILE]
        )
        of_document = select(schema.document.c.owner_id)
        owner = await school.base.database.read(
            lambda conn: conn.execute(of_document).scalar_one()
        )
        assert owner == pupils["Q9"]


async def test_what_was_recovered_is_given_up_with_the_exclusive_use(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (school, door, name):
        chief = await WireClient.inside(door, "SPR")
        await chief.call(
            recovery.RECOVER,
            recovery.Recover(source=name, parts=(RecoveredPart.MARKS, RecoveredPart.MODELS)),
        )
        await chief.call(sessions.END_EXCLUSIVE, sessions.EndExclusiveUse(save=False))

        pupils = await ids_of(school)
        results = await chief.call(
            past_results.LIST_PAST_RESULTS,
            past_results.ListPastResults(pupil_id=pupils["P1"]),
        )
        assert results.total == 0
        assert (await chief.call(letters.LETTERS.list, letters.LETTERS.wish())).total == 0


async def test_recovering_twice_doubles_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (_, door, name):
        chief = await WireClient.inside(door, "SPR")
        await chief.call(recovery.RECOVER, recovery.Recover(source=name))
        again = await chief.call(recovery.RECOVER, recovery.Recover(source=name))

        for which in (
            RecoveredPart.PARAMETERS,
            RecoveredPart.DOCUMENTS,
            RecoveredPart.MODELS,
        ):
            assert part(again, which).recovered == 0, which
            assert part(again, which).known >= 1, which
        assert part(again, RecoveredPart.MARKS).recovered == 1


async def test_a_source_that_will_not_do_changes_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (school, door, name):
        assert school.base is not None
        chief = await WireClient.inside(door, "SPR")
        damaged = school.folder / "exports" / "Abîmée.HNOT"
        damaged.write_bytes((school.folder / "exports" / name).read_bytes()[:-30])
        before = school.base.header.revision

        refusals: dict[str, type[errors.Refused]] = {
            "Inconnue": errors.NotFound,
            "../../etc/passwd": errors.NotFound,
            "Nouvelle": errors.Conflict,
            "Abîmée.HNOT": errors.BaseRefused,
        }
        for source, refusal in refusals.items():
            with pytest.raises(refusal):
                await chief.call(recovery.RECOVER, recovery.Recover(source=source))

        assert school.base.header.revision == before
        assert not [path for path in school.folder.glob(".*") if path.is_dir()]


async def test_only_who_manages_bases_recovers_and_only_at_the_base_itself(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (_, door, name):
        for login, mode in (("admin", Mode.ADMINISTRATIVE), ("SPR", Mode.HOSTING)):
            client = await WireClient.inside(door, login, mode)
            with pytest.raises(errors.NotAllowed):
                await client.call(recovery.RECOVER, recovery.Recover(source=name))


async def test_a_file_that_is_no_package_is_refused_as_one(tmp_path: Path) -> None:
    from pronote_server.hosting.base_sources import copy_source
    from pronote_server.storage.whole_files import REAL_DISK

    file = tmp_path / "x.archs"
    file.write_bytes(b"PK\3\4 no zip")
    with pytest.raises(BaseFileRefused):
        copy_source(file, tmp_path, rne="0990001N", key=None, disk=REAL_DISK)


async def test_a_prepared_file_travels_and_the_next_generation_leaves_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with prepared(tmp_path) as (school, _, name):
        assert name in [each.name for each in await exports(school)]
        await generate_files(school, by="test")
        there = await exports(school)
        assert {each.kind for each in there} >= {
            PackageKind.NEXT_YEAR,
            PackageKind.HOSTING_BASE,
        }
        file = (school.folder / "exports" / name).replace(tmp_path / "copy.zip")

        asker = Asker("test", None)
        kept = await take_in(school, file, UploadPurpose.NEXT_YEAR, asker)
        assert (kept["name"], kept["school_year"]) == (name, 2020)
        with pytest.raises(BaseFileRefused):
            await take_in(school, file, UploadPurpose.BASE, asker)
        generated = next(each for each in there if each.kind is PackageKind.HOSTING_BASE)
        with pytest.raises(BaseFileRefused):
            await take_in(
                school,
                school.folder / "exports" / generated.name,
                UploadPurpose.NEXT_YEAR,
                asker,
            )
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(BaseFileRefused):
            await take_in(school, file, UploadPurpose.NEXT_YEAR, asker)
