"""Decodes the arrays of a pickle that was looked at without unpickling it: those of numpy, and texts of pandas and Arrow.

pandas 3 keeps texts in Arrow's memory (https://arrow.apache.org/docs/format/Columnar.html), pickle protocol 5 arrays as
buffers, and protocol 2 bytes as texts.
"""
from __future__ import annotations

import math

import numpy as np

from .pickle_records import Record

#: what a pickle may name -> kind of the record made of it; numpy 2 and pandas 3 moved some of them
NUMPY_NAMES = {
    "numpy.core.multiarray _reconstruct": "Array",
    "numpy._core.multiarray _reconstruct": "Array",
    "numpy.core.numeric _frombuffer": "FromBuffer",
    "numpy._core.numeric _frombuffer": "FromBuffer",
    "numpy.core.multiarray scalar": "Scalar",
    "numpy._core.multiarray scalar": "Scalar",
    "numpy ndarray": "ndarray",
    "numpy dtype": "DType",
    "_codecs encode": "Encoded",
    "builtins bytearray": "Bytes",
    "__builtin__ bytearray": "Bytes",
}
TEXT_NAMES = {
    "pandas.arrays ArrowStringArray": "ArrowTexts",
    "pandas.core.arrays.string_arrow ArrowStringArray": "ArrowTexts",
    "pandas.core.arrays.string_arrow ArrowStringArrayNumpySemantics": "ArrowTexts",
    "pandas StringDtype": "StringDType",
    "pandas.core.arrays.string_ StringDtype": "StringDType",
    "pandas._libs.arrays __pyx_unpickle_NDArrayBacked": "Backed",
    "pandas.arrays StringArray": "StringArray",
    "pandas.core.arrays.string_ StringArray": "StringArray",
    "pyarrow.lib _restore_array": "ArrowArray",
    "pyarrow.lib chunked_array": "ArrowChunks",
    "pyarrow.lib type_for_alias": "ArrowType",
    "pyarrow.lib py_buffer": "ArrowBuffer",
}
#: Arrow's types of texts -> type of the places where they end
_TEXT_TYPES = {"string": "<i4", "utf8": "<i4", "large_string": "<i8", "large_utf8": "<i8"}


def is_array(value) -> bool:
    """Whether a pickle describes a numpy array here."""
    return isinstance(value, Record) and value.kind in ("Array", "FromBuffer")


def decode(array, problem) -> np.ndarray | list:
    """A recorded array: numbers as `np.ndarray`, texts and objects as a flat list.

    Parameters
    ----------
    array : Record
    problem : callable
        Makes the error of a text that says what is wrong.
    """
    kind = array.kind if isinstance(array, Record) else ""
    if kind == "Array":
        try:
            _version, shape, dtype, fortran, data = array.state
        except (TypeError, ValueError):
            raise problem("an array is not in numpy's form") from None
        return _numpy(shape, dtype, fortran is True, data, problem)
    try:
        if kind == "FromBuffer":
            data, dtype, shape, order = array.arguments
            return _numpy(shape, dtype, order == "F", data, problem)
        if kind == "ArrowTexts":                        # once: a million rows may name the same long texts
            array.kind, array.state = "Texts", _arrow_texts(array.state["_pa_array"])
        if array.kind == "Texts":
            return array.state
        if kind == "Backed":
            return decode(next(part for part in array.state if is_array(part)), problem)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError, StopIteration):
        raise problem("an array is not in the form of numpy, pandas or Arrow") from None
    raise problem("an array is not in numpy's form")


def plain(value, problem):
    """The number that a recorded scalar of numpy is; any other value as it is."""
    if not (isinstance(value, Record) and value.kind == "Scalar" and len(value.arguments) == 2):
        return value
    return _numpy((1,), value.arguments[0], False, value.arguments[1], problem).tolist()[0]


def _numpy(shape, dtype, fortran, data, problem):
    try:
        code, order = dtype.arguments[0], dtype.state[1]
        sound = isinstance(code, str) and order in ("<", ">", "=", "|") and isinstance(shape, tuple)
        sound = sound and len(shape) <= 8 and all(type(length) is int and 0 <= length < 2 ** 32 for length in shape)
    except (AttributeError, TypeError, IndexError, KeyError):
        sound = False
    if not sound:
        raise problem("an array is not in numpy's form")
    count = math.prod(shape)
    if code == "O8" and isinstance(data, list) and len(data) == count:
        return data
    data = data if isinstance(data, bytes) else _bytes(data)
    if code in ("f4", "f8", "i8", "i4", "b1") and isinstance(data, bytes) and len(data) == count * int(code[1]):
        values = np.frombuffer(data, np.dtype(("<" if order in "=|" else order) + code))
        return values.reshape(shape, order="F" if fortran else "C")
    raise problem(f"an array of dtype {code[:20]!r} does not match its {count} values")


def _bytes(value):
    """The bytes that a pickle makes of bytes or of a text; None for anything else."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Record) and value.kind == "Bytes" and len(value.arguments) == 1:
        return value.arguments[0] if isinstance(value.arguments[0], bytes) else _bytes(value.arguments[0])
    if isinstance(value, Record) and value.kind == "Encoded" and value.arguments[1:] == ("latin1",):
        return value.arguments[0].encode("latin-1")
    return None


def _arrow_texts(array):
    """The texts of an Arrow array or of its chunks, None for missing ones."""
    if array.kind == "ArrowChunks":
        return [text for part in array.arguments[0] for text in _arrow_texts(part)]
    (kind, length, _missing, offset, buffers, _children, _dictionary), = array.arguments
    known, ends, data = (None if buffer is None else _bytes(buffer.arguments[0]) for buffer in buffers)
    ends = np.frombuffer(ends, _TEXT_TYPES[kind.arguments[0]])[offset:offset + length + 1].tolist()
    data = data or b""
    if min(length, offset) < 0 or len(ends) != length + 1 or ends != sorted(ends) or ends[0] < 0 or ends[-1] > len(data):
        raise ValueError("places of texts outside of their buffer")
    texts = [data[start:end].decode() for start, end in zip(ends, ends[1:])]
    if known is None:
        return texts
    bits = np.unpackbits(np.frombuffer(known, np.uint8), bitorder="little")[offset:offset + length]
    return [text if bit else None for text, bit in zip(texts, bits.tolist(), strict=True)]
