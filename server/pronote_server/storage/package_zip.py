"""
The zip files packages are: written and read from the first byte to the last.

Any zip program opens one. This reader takes only what this writer makes: members one after the
other, stored or deflated, and a directory that says of them what was found. So nothing in the
file points anywhere, and nothing that is not checked is ever believed; it can be read from a
stream that is being decrypted.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import attrs

__all__ = ["CHUNK", "NotOurZip", "ZipReader", "ZipWriter"]

CHUNK: Final = 64 * 1024

_STORED: Final = 0
_DEFLATED: Final = 8
# Names are UTF-8; sizes of a deflated member come after it.
_UTF8: Final = 0x0800
_SIZES_LATER: Final = 0x0008
# 1 January 1980: a package says in its manifest when it was made.
_DATE: Final = 0x0021
_OWNER_ONLY: Final = 0o100600 << 16
_UNIX: Final = 3 << 8

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_DESCRIPTOR: Final = struct.Struct("<4s3I")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64: Final = struct.Struct("<4sIQI")
_EXTRA_64: Final = struct.Struct("<2HQ")
# What does not fit is told in 64 bits elsewhere, and here in these.
_ELSEWHERE: Final = 0xFFFF_FFFF
_ELSEWHERE_16: Final = 0xFFFF
_MOST_BYTES: Final = 0xFFFF_FFFF
_MOST_MEMBERS: Final = 0xFFFF


class NotOurZip(Exception):
    """These are not the bytes of a package as it was written."""


@attrs.frozen
class _Written:
    name: bytes
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def _flags(method: int) -> int:
    return _UTF8 | (_SIZES_LATER if method == _DEFLATED else 0)


def _local(name: bytes, method: int, crc: int, size: int) -> bytes:
    later = method == _DEFLATED
    known = (0, 0, 0) if later else (crc, size, size)
    return (
        _LOCAL.pack(b"PK\3\4", 20, _flags(method), method, 0, _DATE, *known, len(name), 0)
        + name
    )


def _directory(members: list[_Written], start: int) -> Iterator[bytes]:
    length = 0
    for one in members:
        far = one.offset >= _MOST_BYTES
        extra = _EXTRA_64.pack(1, 8, one.offset) if far else b""
        entry = (
            _CENTRAL.pack(
                b"PK\1\2",
                _UNIX | (45 if far else 20),
                45 if far else 20,
                _flags(one.method),
                one.method,
                0,
                _DATE,
                one.crc,
                one.packed,
                one.size,
                len(one.name),
                len(extra),
                0,
                0,
                0,
                _OWNER_ONLY,
                _ELSEWHERE if far else one.offset,
            )
            + one.name
            + extra
        )
        length += len(entry)
        yield entry
    count = len(members)
    if count >= _MOST_MEMBERS or start >= _MOST_BYTES or length >= _MOST_BYTES:
        yield _END_64.pack(b"PK\6\6", 44, _UNIX | 45, 45, 0, 0, count, count, length, start)
        yield _LOCATOR_64.pack(b"PK\6\7", 0, start + length, 1)
        length = start = _ELSEWHERE
        count = _ELSEWHERE_16
    yield _END.pack(b"PK\5\6", 0, 0, count, count, length, start, 0)


class ZipWriter:
    """Writes members one by one; `finish` writes the directory."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._at = 0
        self._members: list[_Written] = []

    def add(
        self, name: str, pieces: Iterator[bytes], *, crc: int, size: int, compress: bool
    ) -> None:
        """
        Write a member.

        Raises:
            ValueError: *pieces* are not what *crc* and *size* say, or too much for a member.
        """
        if size >= _MOST_BYTES:
            raise ValueError(f"{name} is too large for a package")
        encoded = name.encode()
        method = _DEFLATED if compress else _STORED
        offset = self._at
        self._put(_local(encoded, method, crc, size))
        start = self._at
        seen_crc = seen = 0
        # The fastest level: an hour's work of a school is small, and clients are waiting.
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS) if compress else None
        for piece in pieces:
            seen_crc = zlib.crc32(piece, seen_crc)
            seen += len(piece)
            self._put(piece if packer is None else packer.compress(piece))
        if packer is not None:
            self._put(packer.flush())
        if (seen_crc, seen) != (crc, size):
            raise ValueError(f"{name} changed while it was read")
        packed = self._at - start
        if packed >= _MOST_BYTES:
            raise ValueError(f"{name} is too large for a package")
        if compress:
            self._put(_DESCRIPTOR.pack(b"PK\7\x08", crc, packed, size))
        self._members.append(_Written(encoded, method, crc, packed, size, offset))

    def finish(self) -> None:
        for part in list(_directory(self._members, self._at)):
            self._put(part)

    def _put(self, data: bytes) -> None:
        if data:
            self._write(data)
            self._at += len(data)


class ZipReader:
    """
    Reads members one by one; `finish` checks that nothing else is there.

    Args:
        read: Returns at most so many bytes, empty at the end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._source = read
        self._ahead = b""
        self._at = 0
        self._members: list[_Written] = []

    def small_member(self, name: str, most: int) -> bytes:
        """
        Return the next member, which is stored and called *name*.

        Raises:
            NotOurZip: It is not; or it is longer than *most*.
        """
        offset = self._at
        encoded = name.encode()
        start = self._exactly(_LOCAL.size + len(encoded))
        crc, packed, size = _LOCAL.unpack(start[: _LOCAL.size])[6:9]
        if start != _local(encoded, _STORED, crc, size) or packed != size or size > most:
            raise NotOurZip
        content = self._exactly(size)
        if zlib.crc32(content) != crc:
            raise NotOurZip
        self._members.append(_Written(encoded, _STORED, crc, size, size, offset))
        return content

    def member(self, name: str, size: int, sha256: str) -> Iterator[bytes]:
        """
        Yield the next member, which must be what is said of it, in pieces.

        The last piece comes before it is known to be right: use nothing of it until the end.

        Raises:
            NotOurZip: It is something else, or damaged.
        """
        offset = self._at
        encoded = name.encode()
        start = self._exactly(_LOCAL.size + len(encoded))
        fields = _LOCAL.unpack(start[: _LOCAL.size])
        method, told_crc = fields[3], fields[6]
        if method not in (_STORED, _DEFLATED) or size >= _MOST_BYTES:
            raise NotOurZip
        if start != _local(encoded, method, told_crc, size):
            raise NotOurZip
        begun = self._at
        crc = seen = 0
        digest = hashlib.sha256()
        for piece in self._inflated(size) if method == _DEFLATED else self._stored(size):
            crc = zlib.crc32(piece, crc)
            seen += len(piece)
            if seen > size:
                raise NotOurZip
            digest.update(piece)
            yield piece
        packed = self._at - begun
        if seen != size or digest.hexdigest() != sha256:
            raise NotOurZip
        if method == _DEFLATED:
            if packed >= _MOST_BYTES:
                raise NotOurZip
            told = _DESCRIPTOR.pack(b"PK\7\x08", crc, packed, size)
            if self._exactly(_DESCRIPTOR.size) != told:
                raise NotOurZip
        elif crc != told_crc:
            raise NotOurZip
        self._members.append(_Written(encoded, method, crc, packed, size, offset))

    def finish(self) -> None:
        """
        Raises:
            NotOurZip: What follows is not the directory of what was read, and the end.
        """
        for part in list(_directory(self._members, self._at)):
            if self._exactly(len(part)) != part:
                raise NotOurZip
        if self._some(1):
            raise NotOurZip

    def _stored(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._some(min(size, CHUNK))
            if not piece:
                raise NotOurZip
            size -= len(piece)
            yield piece

    def _inflated(self, size: int) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        data = b""
        made = 0
        try:
            while not unpacker.eof:
                data = unpacker.unconsumed_tail or self._some(CHUNK)
                piece = unpacker.decompress(data, CHUNK)
                if not piece and not data:
                    raise NotOurZip
                made += len(piece)
                if made > size:
                    raise NotOurZip
                if piece:
                    yield piece
        except zlib.error:
            raise NotOurZip from None
        self._give_back(unpacker.unused_data)

    def _some(self, most: int) -> bytes:
        if not self._ahead:
            self._ahead = self._source(CHUNK)
        piece, self._ahead = self._ahead[:most], self._ahead[most:]
        self._at += len(piece)
        return piece

    def _exactly(self, size: int) -> bytes:
        pieces = []
        while size:
            piece = self._some(size)
            if not piece:
                raise NotOurZip
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _give_back(self, data: bytes) -> None:
        self._ahead = data + self._ahead
        self._at -= len(data)
