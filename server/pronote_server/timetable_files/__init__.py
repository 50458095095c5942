"""
Timetables that other software wrote: bytes in, :class:`SchoolData` out.

Synchronous, no I/O: whoever calls brings the bytes and chooses the thread (the real school
of the tests takes a quarter of a second). The files come from strangers, so each of these
functions returns a consistent school or raises
:exc:`~pronote_protocol.errors.TransferRefused` saying what is wrong and where, in French
and in English; no bytes make it raise anything else.

* :mod:`.fet`: FET 5 to 7, with the timetable its solver writes;
* :mod:`.sts`: the pair of files exchanged with STS-WEB;
* :func:`read_any`: whichever it is, recognised by content;
* :mod:`.document`: XML from strangers, and its limits.
"""

from __future__ import annotations

from pronote_server.timetable_files.fet import read_fet
from pronote_server.timetable_files.reading import ReadTimetable, Remark, Summary
from pronote_server.timetable_files.recognise import read_any
from pronote_server.timetable_files.sts import read_sts

__all__ = ["ReadTimetable", "Remark", "Summary", "read_any", "read_fet", "read_sts"]
