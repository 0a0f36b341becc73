"""Exact nearest and farthest neighbours by cosine distance, and what a distance means within its model.

Distances are computed in float64 and rounded to 1e-12: the embeddings of some models lie so close together (SUPREME: all
within 0.0074, gaps of 1e-9) that float32 changes the order of neighbours. Ties go to the smaller row, that is the
smaller PatientID. Dot products are split so that their sums are exact: the same on every CPU, BLAS and block size, and
for duplicates really a tie.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .connectome import Match
from .errors import InputError

#: rows of the distance matrix in memory at once, in units of elements
_BLOCK_ELEMENTS = 1 << 22
#: pairs above which the distance scale keeps quantiles instead of every distance
_EXACT_PAIRS = 1 << 22
_QUANTILES = 10_001
#: clip of the drawing weight, in decades of "one pair in 10^n is more extreme"
_WEIGHT_DECADES = 4.0


@dataclass(frozen=True, eq=False)
class NeighborLists:
    """For every patient the k nearest (or farthest) others, most extreme first.

    Parameters
    ----------
    indices : np.ndarray
        int32, shape (N, k): rows of the neighbours.
    distances : np.ndarray
        float64, shape (N, k): cosine distance 1 - cos, 0..2.
    percentiles : np.ndarray
        float64, shape (N, k): percent of all patient pairs of this model that are farther apart.
    """

    indices: np.ndarray
    distances: np.ndarray
    percentiles: np.ndarray


class DistanceScale:
    """What a distance means within one model: the percent of its patient pairs that are farther apart.

    Parameters
    ----------
    distances : np.ndarray
        float64, shape (P,): all pairwise distances, each pair once, or quantiles of them; any order.
    """

    def __init__(self, distances: np.ndarray):
        self._sorted = np.sort(np.asarray(distances, float))

    def percentile(self, distances: np.ndarray) -> np.ndarray:
        """Percent of pairs strictly farther apart than each distance, 0..100 (50: as a random pair)."""
        if not len(self._sorted):
            return np.full(np.shape(distances), np.nan)
        closer = np.searchsorted(self._sorted, distances, side="right")
        return 100.0 * (len(self._sorted) - closer) / len(self._sorted)


def unit_vectors(embedding: np.ndarray, *, source: str = "embedding") -> np.ndarray:
    """Rows scaled to length 1: float64, shape (N, D).

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
            raise InputError(f"the vector has {name}", source=source, row=int(np.flatnonzero(bad)[0]) + 1,
                             expected="finite, non-zero vectors")
    vectors = vectors / largest[:, None]                # keeps the squares of tiny and huge vectors in range
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def distance_blocks(vectors: np.ndarray):
    """Yield ``(first, distances)``: blocks of rows of the cosine distance matrix of unit vectors (N, D).

    Each block is float64, shape (rows, N), rounded to 1e-12, 0..2.
    """
    # With u = high + low on the grids 2^-26 and 2^-46 every product and partial sum below fits into 53 bits (up to
    # D = 2^14), so the order of summation does not matter. The product of two lows, at most D * 2^-54, is left out.
    high = np.ldexp(np.rint(np.ldexp(vectors, 26)), -26)
    low = np.ldexp(np.rint(np.ldexp(vectors - high, 46)), -46)
    rows = max(1, _BLOCK_ELEMENTS // max(1, len(vectors)))
    for first in range(0, len(vectors), rows):
        some = slice(first, first + rows)
        cosines = high[some] @ high.T + (high[some] @ low.T + low[some] @ high.T)
        yield first, np.clip(np.round(1.0 - cosines, 12), 0.0, 2.0)


def neighbor_lists(embedding: np.ndarray, k: int, *, source: str = "embedding") -> dict[Match, NeighborLists]:
    """The k nearest and the k farthest patients of every patient, exact and deterministic.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type; finite, no zero vector.
    k : int
        0..N-1 neighbours per patient and direction.
    source : str
        Name used in error messages.

    Returns
    -------
    dict of Match to NeighborLists

    Raises
    ------
    InputError
        k is out of range, or a vector has no direction.
    """
    vectors = unit_vectors(embedding, source=source)
    count = len(vectors)
    if not 0 <= k <= max(0, count - 1):
        raise InputError(f"k = {k} neighbors", source=source, expected=f"0 to {max(0, count - 1)} for {count} patients")
    return lists_of_blocks(distance_blocks(vectors), count, k)


def lists_of_blocks(blocks: Iterable[tuple[int, np.ndarray]], count: int, k: int) -> dict[Match, NeighborLists]:
    """The k nearest and the k farthest of every patient by any symmetric distance, given in blocks of rows.

    Parameters
    ----------
    blocks : iterable of (int, np.ndarray)
        First row and float64 distances of shape (rows, N), as `distance_blocks` yields them; own distances are ignored.
    count : int
        N patients.
    k : int
        0..N-1 neighbours per patient and direction.

    Returns
    -------
    dict of Match to NeighborLists
        Ties go to the smaller row; percentiles are among the pairs by the same distance.
    """
    indices = {match: np.empty((count, k), np.int32) for match in Match}
    distances = {match: np.empty((count, k)) for match in Match}
    pairs = []
    stride = max(1, (count * (count - 1) // 2) // _EXACT_PAIRS)
    for first, block in blocks:
        rows = np.arange(len(block))
        own = first + rows
        upper = block[own[:, None] < np.arange(count)]
        pairs.append(upper[::stride])
        for match, sign in ((Match.MOST, 1.0), (Match.LEAST, -1.0)):
            keys = sign * block
            keys[rows, own] = np.inf                    # a patient is not its own neighbour, at either end
            order = smallest_columns(keys, k)
            indices[match][own] = order
            distances[match][own] = np.take_along_axis(block, order, axis=1)
    scale = distance_scale(np.concatenate(pairs) if pairs else np.empty(0))
    return {match: NeighborLists(indices[match], distances[match], scale.percentile(distances[match])) for match in Match}


def distance_scale(distances: np.ndarray) -> DistanceScale:
    """A DistanceScale of pairwise distances (P,), thinned to quantiles when there are very many."""
    if len(distances) > _EXACT_PAIRS:
        distances = np.quantile(distances, np.linspace(0, 1, _QUANTILES))
    return DistanceScale(distances)


def smallest_columns(keys, k):
    """Columns of the k smallest of each row of `keys` (rows, N), ascending; equal keys by column: int64, shape (rows, k)."""
    if k == 0:
        return np.empty((len(keys), 0), np.int64)
    if keys.shape[1] <= 4 * k + 64:
        return np.argsort(keys, axis=1, kind="stable")[:, :k]
    result = np.empty((len(keys), k), np.int64)
    kth = np.partition(keys, k - 1, axis=1)[:, k - 1]
    for row, (values, limit) in enumerate(zip(keys, kth)):
        candidates = np.flatnonzero(values <= limit)    # ascending columns, so a stable sort breaks ties by column
        result[row] = candidates[np.argsort(values[candidates], kind="stable")[:k]]
    return result


def edge_weights(percentiles: np.ndarray, match: Match) -> np.ndarray:
    """Drawing weight of pairs, 0..1: ``-log10`` of the share of pairs that are more extreme, clipped at 4 decades.

    The percentile itself saturates: among nearest neighbours it is always close to 100.
    """
    share = 1.0 - percentiles / 100.0 if match is Match.MOST else percentiles / 100.0
    return np.clip(-np.log10(np.maximum(share, 10.0 ** -_WEIGHT_DECADES)), 0.0, _WEIGHT_DECADES) / _WEIGHT_DECADES
