"""
Documents of the demo school's term: papers of tests, sheets of lessons, certificates.

A few invented files, each attached many times: the same bytes are kept once. Rows are written
here; whoever fills a base keeps the bytes, all of `contents`, beside it first.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from typing import Any, Final

import attrs
from sqlalchemy import Table, select

from pronote_protocol.words import DocumentOwner
from pronote_server.demo.term import Term
from pronote_server.storage import base_schema as schema

__all__ = ["contents", "fill_documents"]

_PAGE: Final = "0 0 595 842"  # A4, in points
_WITH_PAPER: Final = 0.12  # of the assessments
_WITH_SHEET: Final = 0.06  # of the entries of the notebook
_WITH_CERTIFICATE: Final = 0.1  # of the justified absences


@attrs.frozen
class _Kind:
    """A file as it is attached: what it is called, what it is, whose."""

    name: str
    lines: tuple[str, ...]
    text: bool = False

    @property
    def media_type(self) -> str:
        return "text/plain" if self.text else "application/pdf"

    @property
    def content(self) -> bytes:
        if self.text:
            return ("\n".join(self.lines) + "\n").encode()
        return _pdf(self.lines)


_PAPER: Final = _Kind(
    "Sujet.pdf",
    ("Contrôle", "Exercice 1 : cours (5 points)", "Exercice 2 : application (15 points)"),
)
_SHEET: Final = _Kind(
    "Fiche de travail.pdf", ("Fiche de travail", "À compléter en classe, puis à relire.")
)
_PLAN: Final = _Kind(
    "Plan du cours.txt", ("I. Ce que l'on sait", "II. Ce que l'on cherche"), text=True
)
_CERTIFICATE: Final = _Kind(
    "Certificat.pdf", ("Certificat", "Document de démonstration, sans valeur.")
)
_CALL: Final = _Kind(
    "Ordre du jour.txt", ("1. Accueil", "2. Calendrier", "3. Questions diverses"), text=True
)
_KINDS: Final = (_PAPER, _SHEET, _PLAN, _CERTIFICATE, _CALL)


def contents() -> list[bytes]:
    """Return the bytes of every document of a demo school, the same for all of them."""
    return [kind.content for kind in _KINDS]


def fill_documents(term: Term) -> None:
    """Attach documents to what was entered; see `contents` for their bytes."""
    dice = term.dice("documents")
    described = {
        kind: {
            "sha256": hashlib.sha256(kind.content).hexdigest(),
            "size": len(kind.content),
            "media_type": kind.media_type,
            "name": kind.name,
        }
        for kind in _KINDS
    }
    rows: list[dict[str, Any]] = []

    def attach(
        kind: _Kind, owner: DocumentOwner, ident: int, by: str, day: datetime.date
    ) -> None:
        at = min(term.moment(day, dice.randrange(480, 1080)), term.until)
        rows.append(
            {
                **described[kind],
                "owner_kind": owner.value,
                "owner_id": ident,
                "added_by": by,
                "added_at": term.instant(at),
                "revision": term.revision,
            }
        )

    for ident, by, day in _by_teachers(term, schema.assessment):
        if dice.random() < _WITH_PAPER:
            attach(_PAPER, DocumentOwner.ASSESSMENT, ident, by, day)
    for ident, by, day in _by_teachers(term, schema.notebook_entry):
        if dice.random() < _WITH_SHEET:
            kind = dice.choice((_SHEET, _PLAN))
            attach(kind, DocumentOwner.NOTEBOOK_ENTRY, ident, by, day)
    office = next(f"staff:{each.code}" for each in term.data.staff)
    absence, information = schema.absence.c, schema.information.c
    justified = (
        select(absence.id, absence.ends_at)
        .where(absence.justified, absence.ends_at.is_not(None))
        .order_by(absence.id)
    )
    for ident, end in term.conn.execute(justified):
        if dice.random() < _WITH_CERTIFICATE:
            attach(_CERTIFICATE, DocumentOwner.ABSENCE, ident, office, end.date())
    told = select(information.id, information.by, information.published_at)
    for ident, by, at in term.conn.execute(told.order_by(information.id)):
        attach(_CALL, DocumentOwner.INFORMATION, ident, by, at.date())
    term.insert(schema.document, rows)


def _by_teachers(term: Term, table: Table) -> Iterator[tuple[int, str, datetime.date]]:
    """Yield id, teacher and day of what belongs to a service somebody teaches."""
    service, teacher = schema.service.c, schema.teacher.c
    query = (
        select(table.c.id, teacher.code, table.c.date)
        .join_from(table, schema.service, service.id == table.c.service_id)
        .join(schema.teacher, teacher.id == service.teacher_id)
        .order_by(table.c.id)
    )
    for ident, code, day in term.conn.execute(query):
        yield ident, f"teacher:{code}", day


def _pdf(lines: tuple[str, ...]) -> bytes:
    """Return a page with these lines, as small as a PDF can be."""
    shown = " T* ".join(f"({_escaped(line)}) Tj" for line in lines)
    drawn = f"BT /F1 14 Tf 20 TL 72 770 Td {shown} ET".encode("cp1252")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{_PAGE}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    made = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, content in enumerate(objects, start=1):
        starts.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % start for start in starts)
    made += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
    )
    return bytes(made)


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
