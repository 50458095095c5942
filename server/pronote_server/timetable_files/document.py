"""
XML from strangers, read into a small tree that remembers its lines.

defusedxml forbids document types, and with them every entity. The rest of the bounds are
ours: nothing here takes more memory or time than a school's timetable needs, whatever the
bytes, and the only exception is TransferRefused.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NoReturn
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors as expat_errors

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from pronote_server.timetable_files.reading import refuse, shown

__all__ = ["MAX_DOCUMENT_BYTES", "Element", "inflated", "parse_document"]

# The real school of the tests: 1.4 MB, 46 000 elements, depth 5, tags of 60 bytes.
MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
MAX_NODES: Final = 300_000  # elements and attributes; each costs some 150 bytes
MAX_DEPTH: Final = 32
MAX_TOKEN_BYTES: Final = 1024 * 1024  # a tag or comment expat must hold whole
MAX_TEXT_CHARACTERS: Final = 500  # of a name or code that we keep
_CHUNK_BYTES: Final = 64 * 1024
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_GZIP: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_DECLARED: Final = re.compile(
    rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.-]{1,40})["']"""
)
# Only these: a stranger does not choose among all codecs Python knows.
_CODECS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "us-ascii": "ascii",
        "iso-8859-1": "iso-8859-1",
        "iso-8859-15": "iso-8859-15",
        "windows-1252": "cp1252",
    }
)

_SYNTAX: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        expat_errors.codes[name]: said
        for name, said in {
            expat_errors.XML_ERROR_NO_ELEMENTS: (
                "le fichier s'arrête avant la fin",
                "the file stops before its end",
            ),
            expat_errors.XML_ERROR_UNCLOSED_TOKEN: (
                "le fichier s'arrête au milieu d'une balise",
                "the file stops in the middle of a tag",
            ),
            expat_errors.XML_ERROR_TAG_MISMATCH: (
                "cette balise fermante ne correspond pas à l'élément ouvert",
                "this closing tag does not match the open element",
            ),
            expat_errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: (
                "du texte suit la fin du document",
                "text follows the end of the document",
            ),
            expat_errors.XML_ERROR_DUPLICATE_ATTRIBUTE: (
                "un attribut est écrit deux fois",
                "an attribute is written twice",
            ),
            expat_errors.XML_ERROR_UNDEFINED_ENTITY: (
                "entité inconnue (&…;)",
                "undefined entity (&…;)",
            ),
        }.items()
    }
)


class Element:
    """One element: its own text (children's left out), children, line in the file."""

    __slots__ = ("_pieces", "attributes", "children", "file", "line", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str], file: str, line: int) -> None:
        self.tag = tag
        self.attributes = attributes or _NOTHING
        # Most elements have either text or children: the lists are made when needed.
        self.children: Sequence[Element] = ()
        self.file = file
        self.line = line
        self._pieces: Sequence[str] = ()

    def add(self, child: Element) -> None:
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def say(self, text: str) -> None:
        if isinstance(self._pieces, list):
            self._pieces.append(text)
        else:
            self._pieces = [text]

    @property
    def text(self) -> str:
        """The text, trimmed, with every run of white space made one space."""
        return " ".join("".join(self._pieces).split())

    def refuse(self, fr: str, en: str) -> NoReturn:
        refuse(fr, en, file=self.file, line=self.line, thing=f"<{self.tag}>")

    def child(self, tag: str) -> Element | None:
        return next((child for child in self.children if child.tag == tag), None)

    def children_named(self, tag: str) -> Iterator[Element]:
        return (child for child in self.children if child.tag == tag)

    def list_of(self, *path: str) -> Iterator[Element]:
        """Yield the elements at *path* below this one, in the order of the file."""
        if not path:
            yield self
            return
        for child in self.children_named(path[0]):
            yield from child.list_of(*path[1:])

    def text_of(self, tag: str) -> str:
        """Return the text of the first child *tag*, "" when there is none."""
        child = self.child(tag)
        return "" if child is None else child.bounded_text()

    def bounded_text(self) -> str:
        return self._bounded(self.text)

    def required(self, tag: str) -> str:
        return self.text_of(tag) or self.refuse(f"<{tag}> manque", f"<{tag}> is missing")

    def attribute(self, name: str) -> str:
        """Return the attribute *name*, trimmed; it must be there and say something."""
        value = self._bounded(" ".join(self.attributes.get(name, "").split()))
        return value or self.refuse(f"l'attribut {name} manque", f"attribute {name} is missing")

    def _bounded(self, text: str) -> str:
        if len(text) > MAX_TEXT_CHARACTERS:
            self.refuse(
                f"texte de {len(text)} caractères ({MAX_TEXT_CHARACTERS} au plus)",
                f"text of {len(text)} characters ({MAX_TEXT_CHARACTERS} at most)",
            )
        return text


def parse_document(content: bytes, file: str) -> Element:
    """
    Return the root element of *content*, XML or XML compressed by gzip.

    Args:
        file: What to call the file in a refusal.

    Raises:
        TransferRefused: It is not XML, is broken, too large, or has a document type.
    """
    text = _decode(inflated(content, file), file)
    tree = _Tree(file)
    parser = DefusedXMLParser(target=tree, encoding="utf-8", forbid_dtd=True)
    tree.line = lambda: int(parser.parser.CurrentLineNumber)
    data = text.encode()
    try:
        for start in range(0, len(data), _CHUNK_BYTES):
            parser.feed(data[start : start + _CHUNK_BYTES])
            if start - parser.parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                tree.refuse("balise ou commentaire trop long", "tag or comment too long")
        root = parser.close()
    except ParseError as error:
        tree.refuse_syntax(error)
    except DTDForbidden as error:
        if str(error.name).lower() == "html":
            tree.refuse("c'est une page HTML", "this is an HTML page")
        tree.refuse("type de document interdit (DOCTYPE)", "forbidden document type (DOCTYPE)")
    except DefusedXmlException:
        tree.refuse("entité interdite", "forbidden entity")
    assert isinstance(root, Element)
    return root


def inflated(content: bytes, file: str) -> bytes:
    """Return *content*, decompressed when it is gzip, never more than the limit."""
    if content.startswith(_GZIP):
        content = _inflate(content, file)
    if len(content) > MAX_DOCUMENT_BYTES:
        _refuse_size(file)
    if not content.strip():
        refuse("le fichier est vide", "the file is empty", file=file)
    return content


def _inflate(content: bytes, file: str) -> bytes:
    pieces: list[bytes] = []
    room = MAX_DOCUMENT_BYTES + 1
    try:
        while content:
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            piece = member.decompress(content, room)
            pieces.append(piece)
            room -= len(piece)
            if room <= 0:
                _refuse_size(file)
            if not member.eof:
                refuse(
                    "fichier gzip incomplet", "the gzip file stops before its end", file=file
                )
            content = member.unused_data.lstrip(b"\0")  # padding, as gzip itself allows
    except zlib.error:
        refuse("fichier gzip abîmé", "the gzip file is damaged", file=file)
    return b"".join(pieces)


def _refuse_size(file: str) -> NoReturn:
    limit = MAX_DOCUMENT_BYTES // 1024 // 1024
    refuse(f"plus de {limit} Mio de texte", f"more than {limit} MiB of text", file=file)


def _decode(content: bytes, file: str) -> str:
    if content.startswith(_UTF16_MARKS):
        codec = "utf-16"
    elif content.startswith(_UTF8_MARK):
        codec, content = "utf-8", content[len(_UTF8_MARK) :]
    else:
        declared = _DECLARED.match(content)
        name = declared[1].decode("ascii", "replace").lower() if declared else "utf-8"
        if name not in _CODECS:
            refuse(
                f"encodage {shown(name)} non pris en charge",
                f"unsupported encoding {shown(name)}",
                file=file,
            )
        codec = _CODECS[name]
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        refuse(
            f"ce n'est pas du texte {codec} (octet {error.start})",
            f"this is not {codec} text (byte {error.start})",
            file=file,
            line=line,
        )


class _Tree:
    """The parser's target: builds the elements and keeps the bounds."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[Element] = []
        self._root: Element | None = None
        self._nodes = 0
        self.line: Callable[[], int] = lambda: 1

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = Element(tag, attributes, self._file, self.line())
        self._nodes += 1 + len(attributes)
        if self._nodes > MAX_NODES:
            element.refuse("trop d'éléments", "too many elements")
        if len(self._open) >= MAX_DEPTH:
            element.refuse("éléments trop imbriqués", "elements nested too deep")
        if self._open:
            self._open[-1].add(element)
        else:
            self._root = element
        self._open.append(element)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].say(text)

    def close(self) -> Element | None:
        return self._root

    def refuse(self, fr: str, en: str) -> NoReturn:
        refuse(fr, en, file=self._file, line=self.line())

    def refuse_syntax(self, error: ParseError) -> NoReturn:
        fr, en = _SYNTAX.get(error.code, ("écriture XML incorrecte", "malformed XML"))
        if self._root is None:
            fr, en = "ce n'est pas un fichier XML", "this is not an XML file"
        elif self._open:
            left = self._open[-1]
            fr += f" ; <{shown(left.tag)}> ouvert à la ligne {left.line} n'est pas fermé"
            en += f"; <{shown(left.tag)}> opened on line {left.line} is not closed"
        refuse(fr, en, file=self._file, line=error.position[0])
