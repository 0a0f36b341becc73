"""Mutual proximity: how sure two patients are to be each other's neighbor, whatever scale each of them lives on.

Schnitzer, Flexer, Schedl and Widmer, "Local and global scaling reduce hubs in space", JMLR 13 (2012) 2871-2902, section 3.2.
This is the exact empirical form: ``MP(x, y)`` is the share of patients j with d(x, j) > d(x, y) and d(y, j) > d(x, y).
"""
from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from .match import Match
from .neighbors import DistanceScale, NeighborLists

#: the work grows with N^3 and the memory with N^2: half a minute and 0.6 GB at this limit
MOST_PATIENTS = 4000
#: elements of a comparison in memory at once
_BLOCK_ELEMENTS = 1 << 20
#: words of eight byte-wide counters that can be added without overflow
_WORDS = 255


def mutual_proximity(distances: np.ndarray) -> np.ndarray:
    """Exact empirical mutual proximity of all pairs.

    Parameters
    ----------
    distances : np.ndarray
        Shape (N, N), symmetric; the diagonal holds the smallest value of each row. N <= MOST_PATIENTS.

    Returns
    -------
    np.ndarray
        int16, shape (N, N), symmetric: number of patients that are farther from both than these two from each other, 0..N-2;
        divided by N it is MP of the paper. The diagonal is 0.

    Raises
    ------
    InputError
        There are too many patients.
    """
    count = len(distances)
    if count > MOST_PATIENTS:
        raise InputError(f"mutual proximity of {count} patients", expected=f"at most {MOST_PATIENTS}: its work grows with N^3")
    ranks = _dense_ranks(distances)
    shared = np.zeros((count, count), np.int16)
    rows = max(1, _BLOCK_ELEMENTS // max(1, ranks.shape[1]))
    for x in range(count):
        for first in range(x + 1, count, rows):
            others = slice(first, min(first + rows, count))
            farther = ranks[x] > ranks[x, others][:, None]
            farther &= ranks[others] > ranks[others, x][:, None]
            shared[x, others] = _count_true(farther)
    return shared + shared.T


def _dense_ranks(distances):
    """Rank of each distance in its row, equal ones equal: int16, (N, columns), filled up with 0 to a multiple of eight.

    Inside a row ranks compare as the distances do, in a quarter of the memory. A rank 0 is farther than nothing.
    """
    count = len(distances)
    ranks = np.zeros((count, -(-count // 8) * 8), np.int16)
    for row, values in enumerate(distances):
        ranks[row, :count] = np.unique(values, return_inverse=True)[1]
    return ranks


def _count_true(flags):
    """True values per row of a C-contiguous bool array whose width is a multiple of eight: int64.

    Adds eight byte-wide counters at once: several times as fast as a sum of bool.
    """
    words = flags.view(np.uint64)
    total = np.zeros(len(words), np.int64)
    for first in range(0, words.shape[1], _WORDS):
        partial = words[:, first:first + _WORDS].sum(axis=1)
        total += partial.view(np.uint8).reshape(-1, 8).sum(axis=1, dtype=np.int64)
    return total


def mutual_proximity_lists(distances: np.ndarray, k: int) -> dict[Match, NeighborLists]:
    """The k nearest and farthest of every patient by the distance ``1 - MP``.

    MP has N - 1 levels, so there are many ties: they go to the model's own distance, then to the smaller row.

    Parameters
    ----------
    distances : np.ndarray
        float64, shape (N, N): as for `mutual_proximity`.
    k : int
        0..N-1 neighbors per patient and direction.

    Returns
    -------
    dict of Match to NeighborLists
        Distances are ``1 - MP``, 0..1; percentiles are among all pairs by it.
    """
    count = len(distances)
    repaired = 1.0 - mutual_proximity(distances) / max(1, count)
    scale = DistanceScale(repaired[np.triu_indices(count, 1)])
    lists = {}
    for match, sign in ((Match.MOST, 1.0), (Match.LEAST, -1.0)):
        indices = np.empty((count, k), np.int32)
        for row in range(count):
            order = np.lexsort((sign * distances[row], sign * repaired[row]))
            indices[row] = order[order != row][:k]
        found = np.take_along_axis(repaired, indices, axis=1)
        lists[match] = NeighborLists(indices, found, scale.percentile(found))
    return lists
