"""Exact nearest and farthest neighbors by cosine distance, and what a distance means within its model.

Distances are computed in float64 and rounded to 1e-12: the embeddings of some models lie so close together (SUPREME: all
within 0.0074, gaps of 1e-9) that float32 changes the order of neighbors. Ties go to the smaller row, that is the
smaller PatientID. Large cohorts go through `blocked_neighbors`, with the same result in much less time.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .blocked_neighbors import blocked_neighbors
from .distance_scale import EXACT_PAIRS, DistanceScale, sampled_scale, scale_of_pairs
from .exact_cosine import distances_of_parts, fixed_point, split, unit_vectors
from .match import Match

#: rows of the distance matrix in memory at once, in units of elements
_BLOCK_ELEMENTS = 1 << 22
#: more patients than that are searched by float32 products with exact ranking, unless k is a large part of them
BLOCKED_COUNT, _BLOCKED_SHARE = 4096, 32
#: clip of the drawing weight, in decades of "one pair in 10^n is more extreme"
_WEIGHT_DECADES = 4.0


@dataclass(frozen=True, eq=False)
class NeighborLists:
    """For every patient the k nearest (or farthest) others, most extreme first.

    Parameters
    ----------
    indices : np.ndarray
        int32, shape (N, k): rows of the neighbors.
    distances : np.ndarray
        float64, shape (N, k): cosine distance 1 - cos, 0..2.
    percentiles : np.ndarray
        float64, shape (N, k): percent of all patient pairs of this model that are farther apart.
    """

    indices: np.ndarray
    distances: np.ndarray
    percentiles: np.ndarray


def distance_blocks(vectors: np.ndarray):
    """Yield ``(first, distances)``: blocks of rows of the cosine distance matrix of unit vectors (N, D).

    Each block is float64, shape (rows, N), rounded to 1e-12, 0..2.
    """
    high, low = split(fixed_point(vectors))
    rows = max(1, _BLOCK_ELEMENTS // max(1, len(vectors)))
    for first in range(0, len(vectors), rows):
        some = slice(first, first + rows)
        yield first, distances_of_parts(high[some], low[some], high, low)


def neighbor_lists(embedding: np.ndarray, k: int, *, source: str = "embedding") -> dict[Match, NeighborLists]:
    """The k nearest and the k farthest patients of every patient, exact and deterministic.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type; finite, no zero vector.
    k : int
        0..N-1 neighbors per patient and direction.
    source : str
        Name used in error messages.

    Returns
    -------
    dict of Match to NeighborLists

    Raises
    ------
    InputError
        k is out of range, or a vector has no direction.

    Examples
    --------
    >>> lists = neighbor_lists(np.array([[1, 0], [2, 0.1], [0, 1], [-1, 0]]), k=1)
    >>> lists[Match.MOST].indices.ravel().tolist(), lists[Match.LEAST].indices.ravel().tolist()
    ([1, 0, 1, 2], [3, 3, 0, 0])
    """
    return neighbors_and_scale(embedding, k, source=source)[0]


def neighbors_and_scale(embedding: np.ndarray, k: int, *, source: str = "embedding",
                        report=lambda fraction, message="": None) -> tuple[dict[Match, NeighborLists], DistanceScale]:
    """As `neighbor_lists`, and what a distance means; `report` gets the fraction done and a text."""
    count = len(embedding)
    if not 0 <= k <= max(0, count - 1):
        raise InputError(f"k = {k} neighbors", source=source, expected=f"0 to {max(0, count - 1)} for {count} patients")
    if count <= BLOCKED_COUNT or not 0 < k * _BLOCKED_SHARE <= count:
        return _of_blocks(distance_blocks(unit_vectors(embedding, source=source)), count, k)
    found, fixed_of = blocked_neighbors(embedding, k, source=source, report=report)
    scale = sampled_scale(count, fixed_of)
    return {match: NeighborLists(indices, distances, scale.percentile(distances))
            for match, (indices, distances) in found.items()}, scale


def lists_of_blocks(blocks: Iterable[tuple[int, np.ndarray]], count: int, k: int) -> dict[Match, NeighborLists]:
    """The k nearest and the k farthest of every patient by any symmetric distance, given in blocks of rows.

    Parameters
    ----------
    blocks : iterable of (int, np.ndarray)
        First row and float64 distances of shape (rows, N), as `distance_blocks` yields them; own distances are ignored.
    count : int
        N patients.
    k : int
        0..N-1 neighbors per patient and direction.

    Returns
    -------
    dict of Match to NeighborLists
        Ties go to the smaller row; percentiles are among the pairs by the same distance.
    """
    return _of_blocks(blocks, count, k)[0]


def _of_blocks(blocks, count, k):
    indices = {match: np.empty((count, k), np.int32) for match in Match}
    distances = {match: np.empty((count, k)) for match in Match}
    pairs = []
    stride = max(1, (count * (count - 1) // 2) // EXACT_PAIRS)
    for first, block in blocks:
        rows = np.arange(len(block))
        own = first + rows
        upper = block[own[:, None] < np.arange(count)]
        pairs.append(upper[::stride])
        for match, sign in ((Match.MOST, 1.0), (Match.LEAST, -1.0)):
            keys = sign * block
            keys[rows, own] = np.inf                    # a patient is not its own neighbor, at either end
            order = smallest_columns(keys, k)
            indices[match][own] = order
            distances[match][own] = np.take_along_axis(block, order, axis=1)
    scale = scale_of_pairs(np.concatenate(pairs) if pairs else np.empty(0))
    return {match: NeighborLists(indices[match], distances[match], scale.percentile(distances[match]))
            for match in Match}, scale


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

    The percentile itself saturates: among nearest neighbors it is always close to 100.
    """
    share = 1.0 - percentiles / 100.0 if match is Match.MOST else percentiles / 100.0
    return np.clip(-np.log10(np.maximum(share, 10.0 ** -_WEIGHT_DECADES)), 0.0, _WEIGHT_DECADES) / _WEIGHT_DECADES
