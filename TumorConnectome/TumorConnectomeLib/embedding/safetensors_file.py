"""Reads safetensors files by memory map: a JSON header of names, types, shapes and places, then the numbers."""
from __future__ import annotations

import json
import math
import pathlib

import numpy as np

from ..base.errors import InputError

#: the format's own limit on its header [bytes]
_LONGEST_HEADER = 100_000_000
#: type in the header -> numpy's, little-endian; None for bfloat16, which numpy does not have
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": None, "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "<b1"}
_EXPECTED = "a safetensors file"


def is_safetensors(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with these 9 is in this format."""
    return len(head) >= 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= min(size, _LONGEST_HEADER)


def read_safetensors(path) -> dict[str, np.ndarray]:
    """All tensors, mapped from the file: a tensor is read from disk when its values are used.

    Returns
    -------
    dict of str to np.ndarray
        Name -> array, not writable; bfloat16 as float32.

    Raises
    ------
    InputError
        The header is damaged, or does not fit the file.
    """
    path = pathlib.Path(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size - 8, _LONGEST_HEADER):
                raise InputError(f"its header would have {length} bytes, the file has {size}", source=path, expected=_EXPECTED)
            text = stream.read(length)
        content = np.memmap(path, np.uint8, "r", offset=8 + length) if size > 8 + length else np.zeros(0, np.uint8)
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path, expected=_EXPECTED) from None
    header = _header_of(text, path)
    tensors = {name: _tensor(name, entry, content, path) for name, entry in header.items()}
    # the format wants every byte to belong to one tensor, so that nothing hides in the file and nothing is listed twice
    places = sorted(entry["data_offsets"] for entry in header.values())
    edges = [0, *(edge for place in places for edge in place), content.size]
    if any(edges[at] != edges[at + 1] for at in range(0, len(edges), 2)):
        raise InputError("its tensors overlap, or leave bytes of the file out", source=path, expected=_EXPECTED)
    return tensors


def _header_of(text, path):
    """Name -> {dtype, shape, data_offsets}, as the file has it."""
    def unique(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name occurs twice")
        return dict(pairs)

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"its header can not be read ({type(error).__name__}: {error})"[:200], source=path,
                         expected=_EXPECTED) from None
    if not isinstance(header, dict):
        raise InputError("its header is no list of names", source=path, expected=_EXPECTED)
    header.pop("__metadata__", None)
    return header


def _tensor(name, entry, content, path):
    """The array of one entry; InputError when it does not fit the file."""
    def problem(text):
        return InputError(text, source=path, row=f"tensor {name[:120]}", expected=_EXPECTED)

    try:
        kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        sound = all(type(number) is int and 0 <= number < 2 ** 48 for number in (start, end, *shape)) and len(shape) <= 8
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise problem("dtype, shape and data_offsets are not as they should be")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise problem(f"the type {str(kind)[:20]!r} is not known")
    item = np.dtype(_TYPES[kind] or "<u2")
    if end > content.size:
        raise problem(f"it ends at byte {end} of {content.size}: the file is cut off")
    if end - start != math.prod(shape) * item.itemsize:
        raise problem(f"{end - start} bytes for shape {shape} of {kind}")
    values = content[start:end].view(item) if end > start else np.zeros(0, item)
    return (from_bfloat16(values) if kind == "BF16" else values).reshape(shape)


def from_bfloat16(values: np.ndarray) -> np.ndarray:
    """float32 of bfloat16, which is its upper half: uint16 in, any shape."""
    return (values.astype(np.uint32) << 16).view(np.float32)
