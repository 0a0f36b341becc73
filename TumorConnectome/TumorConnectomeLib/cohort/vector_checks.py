"""Looks for vectors that have no direction, and for vectors that all have the same: fast where all is well."""
from __future__ import annotations

import numpy as np

_BLOCK_BYTES = 1 << 22
#: rows that are compared first: real embeddings differ there
_FIRST_ROWS = 64


def unusable_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows with a NaN or infinite value, or with zeros only: int64, ascending.

    The sum of squares of a row tells that all is well in one pass over the memory; only rows of which it does not are looked
    at again (it may overflow, or vanish, where the values do not).

    Parameters
    ----------
    vectors : np.ndarray
        Floating point numbers of shape (R, D).
    """
    found, step = [], max(1, _BLOCK_BYTES // max(1, vectors.itemsize * vectors.shape[1]))
    for first in range(0, len(vectors), step):
        block = vectors[first:first + step]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            squares = np.einsum("ij,ij->i", block, block)
            doubtful = np.flatnonzero(~((squares > 0) & np.isfinite(squares)))
        if len(doubtful):
            rows = block[doubtful]
            found.append(first + doubtful[~(np.isfinite(rows).all(axis=1) & rows.any(axis=1))])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def problem_of(vector: np.ndarray) -> tuple[int | None, str]:
    """Dimension and what is wrong with an unusable vector (D,): None and a phrase about all of it, if it has only zeros."""
    finite = np.isfinite(vector)
    if finite.all():
        return None, "the vector has only zeros"
    place = int(np.argmin(finite))
    return place, "the value is missing (NaN)" if np.isnan(vector[place]) else "the value is infinite"


def is_constant(vectors: np.ndarray) -> bool:
    """Whether usable vectors (R, D), R > 1, all point in one direction: no distance and no map says anything about them."""
    if len(vectors) < 2 or not _same_direction(vectors[:_FIRST_ROWS], vectors[0]):
        return False
    step = max(1, _BLOCK_BYTES // max(1, vectors.itemsize * vectors.shape[1]))
    return all(_same_direction(vectors[first:first + step], vectors[0]) for first in range(0, len(vectors), step))


def _same_direction(block, one):
    block, one = block.astype(np.float64), one.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        block /= np.abs(block).max(axis=1, keepdims=True)               # squares of very large or small numbers would not fit
        one = one / np.abs(one).max()
        cosine = block @ one / (np.linalg.norm(block, axis=1) * np.linalg.norm(one))
    return bool((1 - cosine < 1e-12).all())
