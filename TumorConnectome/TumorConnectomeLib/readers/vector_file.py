"""Vectors in a ``.npy`` file that several processes read by its path, rows in the order of the PatientIDs."""
from __future__ import annotations

import pathlib

import numpy as np

from ..core.errors import InputError
from ..core.files import atomic_file

_BLOCK_ROWS = 4096


def open_vectors(path) -> np.ndarray:
    """The vectors of a ``.npy`` file, memory-mapped: shape (N, D).

    Raises
    ------
    InputError
        It is missing, damaged, or no table of numbers.
    """
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"not readable ({str(error)[:120]})", source=path,
                         expected="a file that numpy.save has written") from None
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or not vectors.size:
        raise InputError(f"it holds {vectors.dtype} of shape {vectors.shape}", source=path, expected="numbers of shape (N, D)")
    return vectors


def write_vectors(path, vectors: np.ndarray, order: np.ndarray | None = None) -> pathlib.Path:
    """Write vectors (N, D), some rows at a time, in one step; with `order` (N,) row i becomes ``vectors[order[i]]``."""
    path = pathlib.Path(path)
    with atomic_file(path) as stream:
        header = np.lib.format.header_data_from_array_1_0(vectors)
        np.lib.format.write_array_header_1_0(stream, {**header, "fortran_order": False})
        for first in range(0, len(vectors), _BLOCK_ROWS):
            rows = slice(first, first + _BLOCK_ROWS) if order is None else order[first:first + _BLOCK_ROWS]
            stream.write(np.ascontiguousarray(vectors[rows]).tobytes())
    return path
