"""
Files that only the holder of a key can read: backups and archives, when the school wants it.

AES-256-GCM over chunks of 64 KiB, as a stream: the nonce is the number of the chunk and whether
it is the last one, so that none can be changed, moved, left out or cut off. Every file has a
key of its own, derived from the school's key and a salt: no nonce is used twice.

    "PRNE1"  key id (8)  salt (16)  { chunk  tag (16) }...
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pronote_server.storage.whole_files import REAL_DISK, Disk, write_whole

__all__ = [
    "MAGIC",
    "Decrypting",
    "DecryptionFailed",
    "Encrypting",
    "KeyRefused",
    "make_key_file",
    "read_key_file",
]

MAGIC: Final = b"PRNE1"
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_KEY_FILE: Final = "pronote-key-1 "


class KeyRefused(Exception):
    """The key file cannot be used; the sentence says why, without the key."""


class DecryptionFailed(Exception):
    """The bytes are not what was written; *wrong_key* says that it was for another key."""

    def __init__(self, *, wrong_key: bool = False) -> None:
        super().__init__("another key" if wrong_key else "damaged")
        self.wrong_key = wrong_key


def make_key_file(path: Path, *, disk: Disk = REAL_DISK) -> None:
    """
    Make a new key, which only the owner of the file can read.

    Raises:
        FileExistsError: Something is there: a key that is replaced is a loss of every backup.
        OSError: The disk said no.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already; a key is never replaced")
    text = _KEY_FILE + base64.b64encode(os.urandom(32)).decode() + "\n"
    write_whole(path, text.encode(), disk=disk)


def read_key_file(path: Path) -> bytes:
    """
    Raises:
        KeyRefused: It cannot be read, or holds no key.
    """
    try:
        with path.open("rb") as file:
            text = file.read(200).decode("ascii").strip()
        if not text.startswith(_KEY_FILE):
            raise ValueError
        key = base64.b64decode(text.removeprefix(_KEY_FILE), validate=True)
    except OSError as error:
        raise KeyRefused(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, binascii.Error):
        raise KeyRefused(f"{path} holds no key of this program") from None
    if len(key) != 32:
        raise KeyRefused(f"{path} holds no key of this program")
    return key


class Encrypting:
    """Encrypts what is written, and hands it on; `finish` ends it."""

    def __init__(self, key: bytes, write: Callable[[bytes], object]) -> None:
        salt = os.urandom(16)
        self._header = MAGIC + _key_id(key) + salt
        self._cipher = AESGCM(_file_key(key, salt))
        self._write = write
        self._waiting = bytearray()
        self._number = 0
        write(self._header)

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        # The last chunk says so: one is kept back until more comes.
        while len(self._waiting) > _CHUNK:
            self._seal(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._write(self._cipher.encrypt(nonce, chunk, self._header))
        self._number += 1


class Decrypting:
    """
    Reads what was encrypted; nothing comes out that was not checked.

    Args:
        read: Returns as many bytes as asked, fewer only at the end; what was read before
            the header is not read again.

    Raises:
        DecryptionFailed: Here, and of `read`.
    """

    def __init__(self, key: bytes, read: Callable[[int], bytes]) -> None:
        self._header = read(len(MAGIC) + 8 + 16)
        if len(self._header) < len(MAGIC) + 24 or not self._header.startswith(MAGIC):
            raise DecryptionFailed()
        if self._header[5:13] != _key_id(key):
            raise DecryptionFailed(wrong_key=True)
        self._cipher = AESGCM(_file_key(key, self._header[13:]))
        self._read = read
        self._ahead = read(_CHUNK + _TAG)
        self._number = 0
        self._finished = False

    def read(self, size: int, /) -> bytes:
        """Return the next piece, of whatever length; empty at the end."""
        if self._finished:
            return b""
        sealed, self._ahead = self._ahead, self._read(_CHUNK + _TAG)
        self._finished = not self._ahead
        try:
            chunk = self._cipher.decrypt(
                _nonce(self._number, last=self._finished), sealed, self._header
            )
        except (InvalidTag, ValueError):
            raise DecryptionFailed() from None
        self._number += 1
        return chunk


def _key_id(key: bytes) -> bytes:
    return _derive(key, b"", b"pronote key id", 8)


def _file_key(key: bytes, salt: bytes) -> bytes:
    return _derive(key, salt, b"pronote file", 32)


def _derive(key: bytes, salt: bytes, what: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, what).derive(key)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
