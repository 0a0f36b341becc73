"""Cosine distances that are the same on every CPU, BLAS and block size: dot products of fixed-point numbers without rounding.

A component u of a unit vector becomes ``high * 2^-26 + low * 2^-46`` with whole numbers high and low. Every product and
every partial sum of a dot product of such numbers fits into the 53 bits of a float64 (up to 2^14 components), so the order
of summation does not matter, and duplicates are really ties. The product of two lows, at most D * 2^-54, is left out.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.errors import InputError

_HIGH, _LOW = 26, 46
#: candidates whose vectors are converted at once, in units of elements
_GATHERED_ELEMENTS = 1 << 21


def unit_vectors(embedding: np.ndarray, *, source: str = "embedding", first_row: int = 0) -> np.ndarray:
    """Rows scaled to length 1: float64, shape (N, D).

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type.
    source : str
        Name used in error messages.
    first_row : int
        Row number of the first row in the whole, from 0, when `embedding` is a part.

    Raises
    ------
    InputError
        A row has a NaN, an infinite value, or only zeros (it has no direction).
    """
    vectors = np.asarray(embedding, np.float64)
    if vectors.ndim != 2:
        raise InputError(f"embedding has shape {vectors.shape}", source=source, expected="(N, D)")
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    for name, bad in (("a NaN or infinite value", ~np.isfinite(largest)), ("only zeros", largest == 0)):
        if bad.any():
            raise InputError(f"the vector has {name}", source=source, row=first_row + int(np.flatnonzero(bad)[0]) + 1,
                             expected="finite, non-zero vectors")
    vectors = vectors / largest[:, None]                # keeps the squares of tiny and huge vectors in range
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def split(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highs and the lows of unit vectors (N, D): whole numbers in float64, shape (N, D) each."""
    scaled = np.ldexp(vectors, _HIGH)
    high = np.rint(scaled)
    return high, np.rint(np.ldexp(scaled - high, _LOW - _HIGH))


def fixed_point(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors (N, D) in half the memory: int32, shape (N, 2 D), the highs, then the lows."""
    return np.concatenate(split(vectors), axis=1).astype(np.int32)


def distances_of_parts(high: np.ndarray, low: np.ndarray, other_high: np.ndarray, other_low: np.ndarray) -> np.ndarray:
    """Cosine distances of all pairs from two sets in the parts of `split`: float64, shape (N, M), rounded to 1e-12, 0..2."""
    return _distances(high @ other_high.T, high @ other_low.T + low @ other_high.T)


def exact_distances(fixed: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine distances of all pairs from two sets in `fixed_point` form: float64, shape (N, M), rounded to 1e-12, 0..2."""
    return distances_of_parts(*_parts(fixed), *_parts(others))


def _parts(fixed):
    length = fixed.shape[1] // 2
    return fixed[:, :length].astype(float), fixed[:, length:].astype(float)


def _distances(high_products, mixed_products):
    cosines = np.ldexp(high_products, -2 * _HIGH) + np.ldexp(mixed_products, -_HIGH - _LOW)
    return np.clip(np.round(1.0 - cosines, 12), 0.0, 2.0)


def candidate_distances(fixed: np.ndarray, candidates: np.ndarray,
                        fixed_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Cosine distances of every row to candidates of its own, bit-equal to `exact_distances`.

    Parameters
    ----------
    fixed : np.ndarray
        int32, shape (N, 2 D): the rows, as `fixed_point` gives them.
    candidates : np.ndarray
        Integers, shape (N, c): which vectors to compare each row with.
    fixed_of : callable
        Gives the vectors of an index array (M,) in `fixed_point` form, shape (M, 2 D).

    Returns
    -------
    np.ndarray
        float64, shape (N, c).
    """
    count, width = candidates.shape
    length = fixed.shape[1] // 2
    found = np.empty((count, width))
    rows = max(1, _GATHERED_ELEMENTS // max(1, width * 2 * length))
    for first in range(0, count, rows):
        some = slice(first, first + rows)
        own = fixed[some].astype(float)[:, :, None]
        high, low = (part.reshape(len(own), width, length) for part in _parts(fixed_of(candidates[some].ravel())))
        own_high, own_low = own[:, :length], own[:, length:]
        found[some] = _distances(high @ own_high, low @ own_high + high @ own_low)[:, :, 0]
    return found
