"""Reading DICOM files of any origin with bounded memory: lengths in them may be lies, and deflated ones may be bombs."""
from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator

from ..base.errors import InputError

_DEFLATED = b"1.2.840.10008.1.2.1.99"
#: no header or report is larger when unpacked [bytes]
_MOST_INFLATED = 256 * 2**20


class BoundedStream:
    """A binary file whose `read` never asks for more than there is: Python would first reserve what a length claims."""

    def __init__(self, stream):
        self._stream, self.size = stream, os.fstat(stream.fileno()).st_size
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, count: int = -1) -> bytes:
        """Bytes from the current position."""
        left = max(self.size - self._stream.tell(), 0)
        return self._stream.read(left if count is None or count < 0 else min(count, left))


@contextlib.contextmanager
def open_dicom(path) -> Iterator[BoundedStream]:
    """Open a DICOM file for pydicom.

    Raises
    ------
    InputError
        A deflated file unpacks to more than 256 MB.
    """
    with open(path, "rb") as stream:
        bounded = BoundedStream(stream)
        _check_deflated(bounded, path)
        bounded.seek(0)
        yield bounded


def is_bare(stream) -> bool:
    """Whether a stream is a data set without preamble and "DICM", as some export it (PS3.10 wants them).

    It begins with the file meta information (group 0002, always with VRs) or, without that either, with an element of group
    0008: little endian group number, element, then a VR or a short length.
    """
    stream.seek(0)
    head = stream.read(132)
    stream.seek(0)
    if len(head) < 16 or head[128:] == b"DICM" or head[:2] not in (b"\x02\x00", b"\x08\x00") or head[3] != 0:
        return False
    vr, length = head[4:6], int.from_bytes(head[4:8], "little")
    return (vr.isalpha() and vr.isupper()) or head[0] == 8 and length < 1024


def _check_deflated(stream, path):
    """Unpack a deflated file piece by piece, as far as it may go: pydicom would do it in one step."""
    head = stream.read(1024)
    if head[128:132] != b"DICM" or _DEFLATED not in head:
        return
    # (0002,0000) UL 4: length of the group, which the standard wants first
    start = 144 + int.from_bytes(head[140:144], "little") if head[132:136] == b"\x02\x00\x00\x00" else head.index(_DEFLATED)
    stream.seek(min(start, stream.size))
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    data = stream.read(1 << 16)
    with contextlib.suppress(zlib.error):               # pydicom says what is wrong with it
        while data and not inflater.eof:
            total += len(inflater.decompress(data, 1 << 20))
            data = inflater.unconsumed_tail or stream.read(1 << 16)
            if total > _MOST_INFLATED:
                raise InputError(f"unpacks to more than {_MOST_INFLATED >> 20} MB", source=path, expected="a DICOM file")
