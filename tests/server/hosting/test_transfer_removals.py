"""What a transfer of a timetable says of the entries it removes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from pronote_protocol.catalogue import transfer as calls
from pronote_protocol.catalogue.assessments import CREATE_ASSESSMENT, CreateAssessment
from pronote_protocol.catalogue.marks import ENTER_MARKS, EnterMarks, MarkEntry
from pronote_protocol.words import Application
from pronote_server.clock import Clock
from pronote_server.storage.base_periods import periods
from pronote_server.storage.base_services import pupils_of_service, services_of
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

SAMPLES = Path(__file__).parents[1] / "timetable_files" / "samples"


async def transferred(door: TestDoor) -> calls.TransferDone:
    edt = await WireClient.inside(door, "SPR", hello={"application": Application.EDT})
    files = [(SAMPLES / name) for name in ("school.fet", "school_activities.xml")]
    begun = await edt.call(
        calls.BEGIN_TRANSFER,
        calls.BeginTransfer(
            files=tuple(
                calls.FileAnnounced(name=file.name, size=file.stat().st_size) for file in files
            ),
            modes=(),
        ),
    )
    for number, file in enumerate(files):
        content = file.read_bytes()
        for offset in range(0, len(content), begun.chunk_bytes):
            piece = content[offset : offset + begun.chunk_bytes]
            await edt.call(
                calls.SEND_CHUNK,
                calls.TransferChunk(
                    transfer=begun.transfer, file=number, offset=offset, data=piece
                ),
            )
    done = await edt.call(calls.COMMIT_TRANSFER, calls.TransferRef(transfer=begun.transfer))
    await edt.leave()
    return done


async def test_marks_that_go_with_their_pupils_are_told_once(tmp_path: Path) -> None:
    async with (
        open_test_school(
            tmp_path, data=sample_school(), clock=Clock(datetime(2020, 10, 5, tzinfo=UTC))
        ) as school,
        open_test_door(school) as door,
    ):
        office = await WireClient.inside(door, "admin")

        def ids(conn: Connection) -> tuple[int, int, int]:
            service = next(s for s in services_of(conn) if s.code == "MATH|T1|C:3A")
            return service.id, pupils_of_service(conn, service.id)[0].id, periods(conn)[0].id

        service, pupil, period = await school.base_in_service().database.read(ids)
        made = await office.call(
            CREATE_ASSESSMENT,
            CreateAssessment(service_id=service, period_id=period, date=date(2020, 10, 1)),
        )
        await office.call(
            ENTER_MARKS,
            EnterMarks(
                assessment_id=made.assessment.id, entries=(MarkEntry(pupil, Decimal(12)),)
            ),
        )
        first, second = await transferred(door), await transferred(door)

    [told] = [warning for warning in first.warnings if "supprimées" in warning]
    assert "1 devoirs" in told
    assert "1 notes" in told
    assert not [warning for warning in second.warnings if "supprimées" in warning]
