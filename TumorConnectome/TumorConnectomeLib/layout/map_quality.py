"""How far a map can be trusted: trustworthiness, continuity and neighbor recall.

Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001. Trustworthiness falls when patients
stand side by side that are no neighbors, continuity when neighbors are torn apart; 1 is perfect for both.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..neighbors.neighbors import distance_blocks, unit_vectors


@dataclass(frozen=True)
class MapQuality:
    """Quality of a map at one k, each 0..1: `trustworthiness`, `continuity`, and `recall`, the share of each patient's k
    nearest that are among its k nearest on the map. NaN when there are too few patients for that."""

    k: int
    trustworthiness: float
    continuity: float
    recall: float


#: neighbors compared unless told otherwise
MAP_NEIGHBORS = 15
#: beyond so many patients the figures are those of so many patients at random
_MOST_QUERIES = 2000


def usual_k(count: int) -> int:
    """MAP_NEIGHBORS, or as many as are defined for `count` patients; at least 1."""
    return max(1, min(MAP_NEIGHBORS, (count - 1) // 2))


def map_quality(embedding: np.ndarray, positions: np.ndarray, k: int) -> MapQuality:
    """Compare neighbors by cosine distance of an embedding (N, D) with neighbors on a map; see `quality_of_blocks`."""
    if len(positions) != len(embedding):
        raise InputError(f"positions of shape {np.shape(positions)}", expected=f"({len(embedding)}, 2), all finite")
    return quality_of_blocks(distance_blocks(unit_vectors(embedding)), positions, k)


def quality_of_blocks(blocks: Iterable[tuple[int, np.ndarray]], positions: np.ndarray, k: int) -> MapQuality:
    """Compare neighbors by any distance with neighbors on a map, in O(k N^2) with bounded memory.

    Beyond 2,000 patients the figures are means over a random sample of 2,000, each among all the others.

    Parameters
    ----------
    blocks : iterable of (int, np.ndarray)
        First row and rows of the distances (rows, N), as `neighbors.distance_blocks` yields them.
    positions : np.ndarray
        Shape (N, 2): Euclidean distances count. Ties go to the smaller row, in both spaces.
    k : int
        Neighbors compared; trustworthiness and continuity are defined for 1 <= k < N / 2.

    Raises
    ------
    InputError
        k is not in that range (never for N < 3: NaN then), or a position is not finite.
    """
    positions = np.asarray(positions, float)
    count = len(positions)
    if positions.shape != (count, 2) or not np.isfinite(positions).all():
        raise InputError(f"positions of shape {positions.shape}", expected=f"({count}, 2), all finite")
    if count < 3:
        return MapQuality(k, float("nan"), float("nan"), float("nan"))
    if not 1 <= k < count / 2:
        raise InputError(f"k = {k} neighbors", expected=f"1 to {(count - 1) // 2} for {count} patients")
    asked = np.arange(count) if count <= _MOST_QUERIES else np.sort(
        np.random.default_rng(0).choice(count, _MOST_QUERIES, replace=False))
    intruders = missing = common = 0
    for first, block in blocks:
        own = asked[(asked >= first) & (asked < first + len(block))]
        high = block[own - first]                       # a copy
        low = (positions[own, None, 0] - positions[:, 0]) ** 2 + (positions[own, None, 1] - positions[:, 1]) ** 2
        for distances in (high, low):
            distances[np.arange(len(own)), own] = np.inf
        near_high, near_low = (np.argsort(distances, axis=1, kind="stable")[:, :k] for distances in (high, low))
        ranks = _ranks_of(high, near_low)
        intruders += int(np.maximum(ranks - k, 0).sum())
        common += int((ranks <= k).sum())
        missing += int(np.maximum(_ranks_of(low, near_high) - k, 0).sum())
    scale = 2.0 / (len(asked) * k * (2.0 * count - 3.0 * k - 1.0))
    return MapQuality(k, 1.0 - scale * intruders, 1.0 - scale * missing, common / (len(asked) * k))


def _ranks_of(distances, columns):
    """Rank, from 1, of some columns among all columns of each row: int64, shape as `columns`."""
    ranks = np.empty(columns.shape, np.int64)
    places = np.arange(distances.shape[1])
    for i in range(columns.shape[1]):
        column = columns[:, i:i + 1]
        limit = np.take_along_axis(distances, column, axis=1)
        ranks[:, i] = 1 + (distances < limit).sum(axis=1) + ((distances == limit) & (places < column)).sum(axis=1)
    return ranks
