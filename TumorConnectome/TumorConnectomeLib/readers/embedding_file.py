"""What every reader makes of a file, and the checks that all vectors pass."""
from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..base.errors import InputError

_BLOCK_BYTES = 1 << 24
#: a file that says that it holds more than this is believed only if it is not absurdly smaller itself
_TRUSTED_BYTES, _LARGEST_RATIO = 1 << 28, 100


@dataclass(frozen=True, eq=False)
class EmbeddingFile:
    """The rows of one file, in file order.

    Parameters
    ----------
    path : pathlib.Path
    ids : list of str
        R patient ids, as `patient_table.as_text` writes them; not empty. They may repeat, see `refuse_repeated`.
    models : dict of str to np.ndarray
        Model name to float32 or float64 array of shape (R, D), finite, no zero vector; empty for a patient table. Who joins
        the files may take the arrays out.
    columns : mapping of str to sequence
        Other columns by the names they have in the cohort: R values each.
    rows : sequence of int
        Row number of each record in the file, for errors.
    id_column : str
        Where the ids stand, for errors.
    notes : tuple of str
        What the user should know, one sentence each.

    Attributes
    ----------
    has_vectors : bool
        Whether it has any model.
    """

    path: pathlib.Path
    ids: list[str]
    models: dict[str, np.ndarray]
    columns: Mapping[str, Sequence]
    rows: Sequence[int]
    id_column: str
    notes: tuple[str, ...] = ()
    has_vectors: bool = field(init=False, default=False)

    def __post_init__(self):
        object.__setattr__(self, "has_vectors", bool(self.models))


def checked_ids(values: Sequence[str], path, rows: Sequence[int], column: str) -> list[str]:
    """The ids of a file's rows; InputError for an empty or unprintable one."""
    if not len(values):
        raise InputError("it has no rows", source=path, expected="at least one patient")
    for row, text in zip(rows, values):
        if not text or not text.isprintable():
            raise InputError(f"the id is {text[:40]!r}", source=path, row=place(row, column),
                             expected="a text that can be printed")
    return list(values)


def refuse_repeated(file: EmbeddingFile) -> None:
    """InputError when a patient has several rows."""
    if len(set(file.ids)) == len(file.ids):
        return
    places: dict[str, int] = {}
    for row, patient in zip(file.rows, file.ids):
        if patient in places:
            expected = "one row per patient" + (", or another rule for patients with several rows" if file.has_vectors else "")
            raise InputError(f"id {patient[:60]!r} stands in row {places[patient]} already", source=file.path,
                             row=place(row, file.id_column), expected=expected)
        places[patient] = row


def place(row: int, column: str) -> str:
    """A cell in words, for errors."""
    return f"row {row}, column {column!r}"


def checked_vectors(vectors: np.ndarray, path, rows: Sequence[int], column_of: Callable[[int], str]) -> np.ndarray:
    """Vectors (R, D) as float32 or float64, the type kept if it is one of these; InputError for what has no direction.

    Parameters
    ----------
    vectors : np.ndarray
        Numbers, shape (R, D).
    path, rows
        File, and the number of each row in it.
    column_of : callable
        Name of a dimension, for errors.
    """
    if vectors.dtype not in (np.float32, np.float64):
        vectors = vectors.astype(np.float32 if vectors.dtype == np.float16 else np.float64)
    step = max(1, _BLOCK_BYTES // max(1, vectors.itemsize * vectors.shape[1]))
    for first in range(0, len(vectors), step):          # in blocks: a mask of all values would take a quarter of their memory
        block = vectors[first:first + step]
        finite = np.isfinite(block)
        if not finite.all():
            row, column = np.argwhere(~finite)[0].tolist()
            raise InputError(f"the value is {_word(block[row, column])}", source=path,
                             row=place(rows[first + row], column_of(column)), expected="a finite number")
        zero = ~block.any(axis=1)
        if zero.any():
            raise InputError("the vector has only zeros", source=path, row=int(rows[first + int(np.argmax(zero))]),
                             expected="a vector with a direction")
    return vectors


def _word(value):
    return "missing (NaN)" if np.isnan(value) else "infinite"


def checked_size(declared: int, stored: int, path) -> None:
    """Refuse a file of `stored` bytes that says it holds absurdly many: a "zip bomb" would fill the memory.

    Embeddings hardly compress: real files hold less than ten times their size.
    """
    if declared > _TRUSTED_BYTES and declared > _LARGEST_RATIO * max(stored, 1):
        raise InputError(f"refused, because its {stored:,} bytes claim to hold {declared:,}", source=path,
                         expected="an embedding file, which compresses little")


def empty_vectors(shape: tuple[int, int], dtype, path) -> np.ndarray:
    """Room for vectors; InputError when the memory does not suffice."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError):
        raise InputError(f"{shape[0]:,} vectors of {shape[1]:,} numbers do not fit into the memory", source=path) from None
