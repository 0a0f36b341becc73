"""Cosine distances that are the same on every CPU, BLAS and block size: dot products of fixed-point numbers without rounding.

A component u of a unit vector is rounded to a multiple of 2^-46 and becomes ``high + low``, multiples of 2^-26 and of 2^-46.
Every product and every partial sum of a dot product of such numbers fits into the 53 bits of a float64 (up to 2^14
components), so the order of summation does not matter, and duplicates are really ties. The product of two lows, at most
D * 2^-54, is left out.
"""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..base.errors import InputError

#: adding and subtracting them rounds numbers of -1..1 to multiples of 2^-26 and of 2^-46, to even as `numpy.rint`
_TO_HIGH, _TO_FIXED = 1.5 * 2.0 ** 26, 1.5 * 2.0 ** 6
#: vectors of candidates that are split at once, in units of elements: 1 MB, which stays in the cache of the processor
_GATHERED_ELEMENTS = 1 << 17
#: parts in which a dot product of candidates is summed
_GROUPS = 8


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


def fixed_point(vectors: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Unit vectors (N, D) rounded to multiples of 2^-46: float64, shape (N, D); in `out`, if given."""
    fixed = np.add(vectors, _TO_FIXED, out=out)
    fixed -= _TO_FIXED
    return fixed


def split(fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highs and the lows of vectors in `fixed_point` form: float64, of their shape each; their sum is the vector."""
    high = fixed + _TO_HIGH
    high -= _TO_HIGH
    return high, fixed - high


def distances_of_parts(high: np.ndarray, low: np.ndarray, other_high: np.ndarray, other_low: np.ndarray) -> np.ndarray:
    """Cosine distances of all pairs from two sets in the parts of `split`: float64, shape (N, M), rounded to 1e-12, 0..2."""
    return _distances(high @ other_high.T, high @ other_low.T + low @ other_high.T)


def exact_distances(fixed: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine distances of all pairs from two sets in `fixed_point` form: float64, shape (N, M), rounded to 1e-12, 0..2."""
    return distances_of_parts(*split(fixed), *split(others))


def _distances(high_products, mixed_products):
    return rounded_distances(1.0 - (high_products + mixed_products))


def rounded_distances(distances: np.ndarray) -> np.ndarray:
    """Distances rounded to 1e-12, 0..2."""
    return np.clip(np.round(distances, 12), 0.0, 2.0) + 0.0     # no negative zero


def candidate_distances(fixed: np.ndarray, candidates: np.ndarray,
                        fixed_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Cosine distances of every row to candidates of its own, bit-equal to `exact_distances`.

    Parameters
    ----------
    fixed : np.ndarray
        float64, shape (N, D): the rows, as `fixed_point` gives them.
    candidates : np.ndarray
        Integers, shape (N, c): which vectors to compare each row with.
    fixed_of : callable
        Gives the vectors of an index array (M,) in `fixed_point` form, shape (M, D).

    Returns
    -------
    np.ndarray
        float64, shape (N, c).
    """
    count, width = candidates.shape
    length = fixed.shape[1]
    found = np.empty((count, width))
    rows = max(1, _GATHERED_ELEMENTS // max(1, width * length))
    groups = math.gcd(length, _GROUPS)
    margin = rounding_margin(length, groups)
    unsure = []
    for first in range(0, count, rows):
        some = slice(first, first + rows)
        own, others = fixed[some], fixed_of(candidates[some].ravel()).reshape(-1, width, length)
        sums = (others.reshape(len(own), width, groups, -1).transpose(0, 2, 1, 3) @ own.reshape(len(own), groups, -1, 1))
        steps = (1.0 - sums[..., 0].sum(axis=1)) * 1e12
        nearest = np.rint(steps)
        found[some] = np.clip(nearest / 1e12, 0.0, 2.0) + 0.0
        unsure.append(np.flatnonzero(np.abs(steps - nearest) >= 0.5 - margin) + first * width)
    unsure = np.concatenate(unsure) if unsure else np.empty(0, np.int64)
    pairs = max(1, _GATHERED_ELEMENTS // max(1, length))
    for first in range(0, len(unsure), pairs):
        some = unsure[first:first + pairs]
        found.ravel()[some] = _distances_of_pairs(fixed[some // width], fixed_of(candidates.ravel()[some]))
    return found


def rounding_margin(length: int, groups: int = 1) -> float:
    """How far a dot product with rounding is at most from what `exact_distances` rounds, in steps of 1e-12.

    A sum of n products in groups, in any order, loses at most n / groups + groups roundings of 2^-53, for unit vectors. The
    product of two lows, which exact distances leave out, is at most n 2^-54, and the rest is for ``1 - sum`` and the step.
    """
    return 1e12 * (length / groups + groups + 0.5 * length + 16) * 2.0 ** -53 + 1e-3


def _distances_of_pairs(fixed, others):
    (high, low), (other_high, other_low) = split(fixed), split(others)
    return _distances(np.einsum("md,md->m", high, other_high),
                      np.einsum("md,md->m", high, other_low) + np.einsum("md,md->m", low, other_high))
