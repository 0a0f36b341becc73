"""How much two rankings of neighbors overlap: Jaccard index and rank-biased overlap, and what chance would give."""
from __future__ import annotations

import math

import numpy as np

from ..base.errors import InputError

#: persistence of rank-biased overlap: the first ten ranks carry 86 % of the weight
RBO_PERSISTENCE = 0.9
_BLOCK_ELEMENTS = 1 << 22


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Common entries of two lists down to every depth.

    Parameters
    ----------
    first, second : np.ndarray
        Integers, shape (N, s): row i of both are rankings without repetition.

    Returns
    -------
    np.ndarray
        int64, shape (N, s): column d - 1 tells how many entries the first d of both have in common.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if first.shape != second.shape:
        raise InputError(f"lists of shapes {first.shape} and {second.shape}", expected="the same patients and depth")
    count, depth = first.shape
    result = np.zeros((count, depth), np.int64)
    rows = max(1, _BLOCK_ELEMENTS // max(1, depth * depth))
    for start in range(0, count, rows):
        row, i, j = np.nonzero(first[start:start + rows, :, None] == second[start:start + rows, None, :])
        np.add.at(result, (start + row, np.maximum(i, j)), 1)
    return np.cumsum(result, axis=1)


def jaccard(common: np.ndarray, k: int) -> float:
    """Mean Jaccard index of the first k, ``|A and B| / |A or B|``, of the `overlaps` of N lists; NaN when they are empty."""
    if not common.size or k == 0:
        return float("nan")
    return float((common[:, k - 1] / (2.0 * k - common[:, k - 1])).mean())


def jaccard_by_chance(k: int, others: int) -> float:
    """Expected Jaccard index of two random sets of k out of `others`: exact (hypergeometric); NaN for empty sets."""
    if not 1 <= k <= others:
        return float("nan")
    ways = math.comb(others, k)
    return sum(math.comb(k, i) * math.comb(others - k, k - i) / ways * i / (2 * k - i) for i in range(k + 1))


def rank_biased_overlap(common: np.ndarray, persistence: float = RBO_PERSISTENCE) -> float:
    """Mean extrapolated rank-biased overlap of the `overlaps` of N lists, 0 (disjoint) to 1 (the same); NaN when empty.

    Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28 (2010), equation 23 for lists of
    the same depth s: ``A_s p^s + (1 - p) / p * sum over d <= s of A_d p^d`` with A_d the overlap at depth d divided by d.
    """
    if not common.size:
        return float("nan")
    return float((common / np.arange(1, common.shape[1] + 1) @ _depth_weights(common.shape[1], persistence)).mean())


def rank_biased_overlap_by_chance(depth: int, others: int, persistence: float = RBO_PERSISTENCE) -> float:
    """Expected rank-biased overlap of two random rankings of `others` patients, seen down to `depth`; NaN when empty."""
    if not 1 <= depth <= others:
        return float("nan")
    return float(np.arange(1, depth + 1) / others @ _depth_weights(depth, persistence))


def _depth_weights(depth, persistence):
    """Weight of the agreement at each depth, with the tail that is not seen put on the last: they sum to 1."""
    powers = persistence ** np.arange(1, depth + 1)
    weights = (1.0 - persistence) / persistence * powers
    weights[-1] += powers[-1]
    return weights
