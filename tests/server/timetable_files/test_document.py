"""XML from strangers: what it may cost, and how it is refused."""

from __future__ import annotations

import gzip

import pytest

from pronote_protocol.errors import TransferRefused
from pronote_server.timetable_files.document import MAX_DOCUMENT_BYTES, parse_document

LIMIT = MAX_DOCUMENT_BYTES


def gzipped(content: bytes) -> bytes:
    """Without the time, which would be in the names of the tests."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "fr", "en"),
    [
        (b"", "le fichier est vide", "the file is empty"),
        (b" \r\n ", "le fichier est vide", "the file is empty"),
        (gzipped(b""), "le fichier est vide", "the file is empty"),
        (b"Nom;Classe\nA;3A\n", "ce n'est pas un fichier XML", "this is not an XML file"),
        (b"PK\x03\x04\x14\x00", "ce n'est pas un fichier XML", "this is not an XML file"),
        (b"<fet>\n<a>", "<a> ouvert à la ligne 2 n'est pas fermé", "<a> opened on line 2"),
        (b"<fet><a></fet>", "ne correspond pas", "does not match"),
        (b"<fet/><fet/>", "du texte suit la fin", "text follows the end"),
        (b"<fet>&nbsp;</fet>", "entité inconnue", "undefined entity"),
        (b"<!DOCTYPE html><html></html>", "c'est une page HTML", "this is an HTML page"),
        (b'<!DOCTYPE fet SYSTEM "http://x/y"><fet/>', "DOCTYPE", "DOCTYPE"),
        (
            b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
            "DOCTYPE",
            "DOCTYPE",
        ),
        (b"<fet>\n\xe9</fet>", "ligne 2 : ce n'est pas du texte utf-8", "line 2: this is not"),
        (b"<?xml version='1.0' encoding='zlib'?><a/>", "encodage zlib", "encoding zlib"),
        (gzipped(b"<fet/>")[:-9], "gzip incomplet", "stops before its end"),
        (b"\x1f\x8b\x08\x00garbage....", "gzip abîmé", "is damaged"),
        (gzipped(b"a" * (LIMIT + 1)), "plus de 16 Mio", "more than 16 MiB"),
        (gzipped(b"a" * LIMIT) + gzipped(b"a"), "plus de 16", "more than 16"),
        # The bound is on all members together, and stops before the next one is looked at.
        (gzipped(b"a" * LIMIT) + gzipped(b"a") + b"no gzip", "plus de 16", "16"),
        (b"a" * (LIMIT + 1), "plus de 16 Mio", "more than 16 MiB"),
        (b"<a>" * 40, "trop imbriqués", "nested too deep"),
        (b"<a>" + b"<b/>" * 300_001, "trop d'éléments", "too many elements"),
        (b"<a>" + b"<b c='' d=''/>" * 100_001, "trop d'éléments", "too many elements"),
        (b"<a><!--" + b"x" * 2_000_000 + b"--></a>", "trop long", "too long"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_in_both_languages(
    content: bytes, fr: str, en: str
) -> None:
    with pytest.raises(TransferRefused) as refusal:
        parse_document(content, "emploi.xml")

    assert fr in refusal.value.fr
    assert en in refusal.value.en
    assert refusal.value.fr.startswith("Transfert refusé : emploi.xml")
    assert refusal.value.fr.endswith("La base n'a pas été modifiée.")


@pytest.mark.parametrize(
    "content",
    [
        "<?xml version='1.0' encoding='ISO-8859-15'?><a>Œuvre à 3 €</a>".encode("iso-8859-15"),
        "<?xml version='1.0' encoding='windows-1252'?><a>Œuvre à 3 €</a>".encode("cp1252"),
        "<?xml version='1.0' encoding='UTF-8'?><a>Œuvre à 3 €</a>".encode(),
        "\ufeff<a>Œuvre à 3 €</a>".encode(),
        "<?xml version='1.0' encoding='UTF-16'?><a>Œuvre à 3 €</a>".encode("utf-16"),
        gzipped("<a>Œuvre à 3 €</a>".encode()),
        gzipped("<a>Œuvre ".encode()) + gzipped("à 3 €</a>".encode()) + bytes(9),
        "<a>\n  Œuvre\n  à 3 <!-- --> €\t</a>".encode(),
    ],
)
def test_the_declared_encoding_and_white_space_do_not_change_the_text(content: bytes) -> None:
    assert parse_document(content, "f").text == "Œuvre à 3 €"


def test_braces_in_a_file_do_not_disturb_the_sentence() -> None:
    with pytest.raises(TransferRefused) as refusal:
        parse_document(b"<fet>", "{0}{problem_fr!r:>99}{").refuse("{x}", "{y}")

    assert "{problem_fr!r:>99}{" in refusal.value.fr


def test_elements_know_their_lines() -> None:
    root = parse_document(b"<a>\n<b>\n<c/></b>\n<b x=' 1 '/></a>", "f")

    assert [(b.line, len(b.children)) for b in root.children_named("b")] == [(2, 1), (4, 0)]
    assert [c.line for c in root.list_of("b", "c")] == [3]
    assert list(root.children_named("b"))[1].attribute("x") == "1"
