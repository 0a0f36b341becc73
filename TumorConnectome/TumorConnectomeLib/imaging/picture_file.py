"""What kind of picture a file's bytes are, whether they are whole, and how large the picture is."""
from __future__ import annotations

import struct

from ..base.errors import InputError

#: largest and smallest side of a picture that is taken, in pixels
_SMALLEST_SIDE, _LARGEST_SIDE = 16, 8192
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
#: start-of-frame markers (ITU-T T.81 table B.1): all SOFn but those numbers that stand for other segments
_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def picture_suffix(data: bytes) -> str:
    """File name suffix of a whole JPEG or PNG picture of sane size: ".jpg" or ".png".

    Raises
    ------
    InputError
        The bytes are something else (an error page), the end is missing, or the size is not believable.
    """
    if data.startswith(_PNG):
        suffix, whole, size = ".png", data.endswith(_PNG_END), struct.unpack(">II", data[16:24].ljust(8, b"\0"))
    elif data.startswith(_JPEG):
        suffix, whole, size = ".jpg", data.rstrip(b"\0").endswith(_JPEG_END), _jpeg_size(data)
    else:
        raise InputError(f"{len(data)} bytes that are no picture", expected="a JPEG or PNG picture")
    if not whole:
        raise InputError(f"a picture that ends after {len(data)} bytes", expected="a whole one")
    if not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in size):
        raise InputError(f"a picture of {size[0]} x {size[1]} pixels",
                         expected=f"{_SMALLEST_SIDE} to {_LARGEST_SIDE} on each side")
    return suffix


def _jpeg_size(data):
    """Width and height from the frame header, (0, 0) when there is none."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0] if marker != 0xFF else 1
    return 0, 0
