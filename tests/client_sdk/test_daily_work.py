"""The families of the school's daily work, from the SDK to a server in the same process."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from sqlalchemy import Connection

from pronote_client import open_client
from pronote_client.instance import Instance
from pronote_client.settings import ConnectionSettings
from pronote_client.testing import inline
from pronote_client.transport import Transport
from pronote_protocol.catalogue.evaluations import LevelEntry
from pronote_protocol.catalogue.notebook import HomeworkEntry
from pronote_protocol.errors import Conflict, DocumentRefused
from pronote_protocol.words import (
    DocumentOwner,
    FollowUpKind,
    Kinship,
    Level,
    Mode,
    NotebookPublication,
    PeriodKind,
)
from pronote_server.clock import Clock
from pronote_server.domain.school_calendar import Period
from pronote_server.hosting.school import School
from pronote_server.storage import base_periods
from pronote_server.storage.base_services import pupils_of_service, services_of
from pronote_server.testing import PASSWORD, open_test_door, open_test_school, sample_school

NOW: Final = datetime(2020, 9, 5, 10, 0, tzinfo=UTC)
MONDAY: Final = date(2020, 9, 7)
WayIn = Callable[..., dict[str, Any]]


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[tuple[School, WayIn]]:
    """A school at work, and the arguments of `open_client` that lead there."""
    async with (
        open_test_school(tmp_path, data=sample_school(), clock=Clock(NOW)) as school,
        open_test_door(school) as door,
    ):

        async def connect(*_: object) -> Transport:
            await trio.lowlevel.checkpoint()
            ours, theirs = socket.socketpair()
            door.meet(theirs, "192.0.2.1")
            ours.setblocking(False)
            return Transport(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))

        def way_in(login: str, mode: Mode) -> dict[str, Any]:
            return {
                "settings": ConnectionSettings(address="127.0.0.1", tls=False),
                "login": login,
                "password": PASSWORD,
                "mode": mode,
                "instance": Instance(),
                "connector": connect,
                "run": inline,
            }

        yield school, way_in


def looked_up(conn: Connection) -> tuple[int, int]:
    """Return the service of T1, and its first pupil."""
    service = next(line.id for line in services_of(conn) if line.code == "MATH|T1|C:3A")
    return service, pupils_of_service(conn, service)[0].id


async def test_the_office_takes_in_a_pupil_with_his_mother(tmp_path: Path) -> None:
    async with (
        working(tmp_path) as (_, way_in),
        open_client(**way_in("admin", Mode.ADMINISTRATIVE)) as office,
    ):
        (class_,) = await office.classes.list_all(search="3e a")
        pupil = await office.pupils.create(
            last_name="ROUX", first_name="Inès", class_id=class_.id, born=date(2006, 9, 1)
        )
        mother = await office.guardians.create(last_name="ROUX", email="roux@example.org")
        link = await office.guardian_links.put(
            pupil.id, mother.id, kinship=Kinship.MOTHER, legal=True, contact=True
        )
        assert (link.pupil, link.class_name) == ("ROUX Inès", "3e A")
        choir = await office.school_groups.create(name="Chorale")
        assert (await office.group_members.set(choir.id, (pupil.id,))).members == 1
        assert [row.pupil_id for row in (await office.group_members.list(choir.id)).rows] == [
            pupil.id
        ]
        changed = await office.pupils.change(
            id=pupil.id, last_name="ROUX-MEYER", class_id=class_.id, if_revision=pupil.revision
        )
        assert await office.pupils.read(pupil.id) == changed
        with pytest.raises(Conflict) as refused:
            await office.guardians.delete(mother.id)
        assert refused.value.details["relies"] == {"pupil_guardian": 1}
        await office.guardian_links.delete(pupil.id, mother.id)
        await office.guardians.delete(mother.id)
        assert (await office.guardian_links.list(pupil=pupil.id)).total == 0
        year = await office.calendar.read()
        assert (year.school_year, len((await office.time_grid.read()).slots)) == (2020, 10)


async def test_a_teacher_keeps_his_notebook_with_documents(tmp_path: Path) -> None:
    async with working(tmp_path) as (school, way_in):
        service, _ = await school.base_in_service().database.read(looked_up)
        async with open_client(**way_in("teacher", Mode.TEACHER)) as client:
            entry = await client.notebook.enter(
                service,
                MONDAY,
                "Fractions",
                homework=[HomeworkEntry(due_on=date(2020, 9, 14), text="Exercice 3")],
                publication=NotebookPublication.NOT_YET,
            )
            entry = await client.notebook.change(
                entry.id, publication=NotebookPublication.NOW, if_revision=entry.revision
            )
            text = ("Énoncé\n" * 100_000).encode()
            owner = DocumentOwner.NOTEBOOK_ENTRY
            document = await client.documents.add(owner, entry.id, "énoncé.txt", text)

            assert await client.notebook.read(entry.id) == entry
            assert await client.notebook.list_all(first=MONDAY, last=MONDAY) == (entry,)
            assert (await client.homework.list(service_id=service)).total == 1
            assert await client.documents.download(document.id) == text
            assert (await client.documents.list(owner, entry.id)).rows == (document,)
            with pytest.raises(DocumentRefused):
                await client.documents.add(owner, entry.id, "a.pdf", text)
            assert school.document_uploads._uploads == {}
            await client.documents.delete(document.id)
            await client.notebook.delete(entry.id)
            assert await client.notebook.list_all() == ()


async def test_skills_are_evaluated_and_pupils_positioned(tmp_path: Path) -> None:
    async with working(tmp_path) as (school, way_in):
        service, pupil = await school.base_in_service().database.read(looked_up)

        def with_a_period(conn: Connection) -> int:
            for line in base_periods.periods(conn):
                if MONDAY in line.period:
                    return line.id
            days = date(2020, 9, 1), date(2020, 11, 30)
            period = Period("T1", "Trimestre 1", PeriodKind.TRIMESTER, *days)
            return base_periods.insert_periods(conn, [period])[0]

        period = await school.base_in_service().database.write(with_a_period)
        async with open_client(**way_in("admin", Mode.ADMINISTRATIVE)) as office:
            skill = await office.skills.create("N1", "Comparer", domain="Nombres")
            skill = await office.skills.change(skill.id, name="Comparer des nombres")
            spare = await office.skills.create("N2", "Calculer")
            await office.skills.delete(spare.id)
        async with open_client(**way_in("teacher", Mode.TEACHER)) as client:
            assert await client.skills.list_all() == (skill,)
            made = await client.evaluations.create(service, period, MONDAY, [skill.id])
            await client.evaluations.change(made.evaluation.id, title="Contrôle")
            entered = await client.levels.enter(
                made.evaluation.id, [LevelEntry(pupil, skill.id, Level.VERY_GOOD)]
            )

            shown = await client.levels.read(made.evaluation.id)
            assert shown.evaluation.revision == entered.revision
            assert (await client.levels.positions(pupil)).overall.position == 4
            page = await client.evaluations.list(service, period=period)
            assert page.rows == (shown.evaluation,)
            with pytest.raises(Conflict):
                await client.evaluations.delete(made.evaluation.id)
            await client.evaluations.delete(made.evaluation.id, with_levels=True)


async def test_a_photo_goes_there_and_back(tmp_path: Path) -> None:
    async with working(tmp_path) as (school, way_in):
        _, pupil = await school.base_in_service().database.read(looked_up)
        # The smallest thing that says it is a JPEG, and how large.
        picture = bytes.fromhex("ffd8ffe000044a46ffc0000b080001000101011100ffda0002ffd9")
        async with open_client(**way_in("cpe", Mode.SCHOOL_LIFE)) as client:
            photo = await client.photos.put(pupil, picture)

            assert await client.photos.download(pupil) == picture
            assert (await client.photos.list()).rows == (photo,)
            await client.photos.delete(pupil, if_revision=photo.revision)
            assert (await client.photos.list()).total == 0


async def test_lists_of_what_happened_take_what_the_catalogue_declares(tmp_path: Path) -> None:
    async with (
        working(tmp_path) as (_, way_in),
        open_client(**way_in("cpe", Mode.SCHOOL_LIFE)) as client,
    ):
        for number in range(3):
            await client.follow_ups.enter(
                1 + number % 2, MONDAY, FollowUpKind.LETTER, f"{number}"
            )
        page = await client.follow_ups.list(pupil_id=1, limit=1)
        assert (page.total, len(page.rows)) == (2, 1)
        whole = await client.follow_ups.list_all(kind=FollowUpKind.LETTER)
        assert [row.text for row in whole] == ["0", "1", "2"], "oldest first"
        assert "pupil_id" in signature(client.follow_ups.list).parameters
        with pytest.raises(TypeError, match="nobody_has_this"):
            await client.follow_ups.list(nobody_has_this=1)  # type: ignore[call-arg]
