"""Targets of every query in order of distance, kept as short lists and, for a bounded number of queries, as ranks."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..neighbors.neighbors import smallest_columns

#: R-precision needs whole rankings; beyond so many patients it is the mean over a random sample of so many queries
FULL_RANKINGS = 2000


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rankings among M patients, by their place among these (not by cohort row).

    Parameters
    ----------
    nearest : np.ndarray
        int32, shape (M, k): the first k targets of each query.
    sampled : np.ndarray
        int64, shape (S,): the queries with a whole ranking, ascending.
    ranks : np.ndarray
        uint16 or int32, shape (S, M): rank of each target from 0; the query itself has M - 1, the last.
    """

    nearest: np.ndarray
    sampled: np.ndarray
    ranks: np.ndarray


def sampled_rows(count: int, seed: int) -> np.ndarray:
    """Cohort rows whose whole rankings are kept: all, or FULL_RANKINGS at random; int64, ascending."""
    if count <= FULL_RANKINGS:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 1]).choice(count, FULL_RANKINGS, replace=False))


def rankings(blocks: Iterable[tuple[int, np.ndarray]], groups: Sequence[np.ndarray], k: int,
             sampled: np.ndarray) -> list[Ranking]:
    """One Ranking for each group of patients, in one pass over the distances.

    Parameters
    ----------
    blocks : iterable of (int, np.ndarray)
        First row and float64 rows of the distance matrix (rows, N), as `neighbors.neighbors.distance_blocks` yields them.
    groups : sequence of np.ndarray
        int64, ascending cohort rows: the patients that are queries and targets.
    k : int
        Length of the short lists; cut to the number of targets of a group.
    sampled : np.ndarray
        int64, ascending cohort rows whose whole rankings are kept.
    """
    made = []
    for rows in groups:
        chosen = np.flatnonzero(np.isin(rows, sampled))
        kind = np.uint16 if len(rows) <= 1 << 16 else np.int32
        made.append(Ranking(np.empty((len(rows), max(0, min(k, len(rows) - 1))), np.int32), chosen,
                            np.empty((len(chosen), len(rows)), kind)))
    for first, block in blocks:
        for rows, ranking in zip(groups, made):
            _add_block(ranking, rows, first, block)
    return made


def _add_block(ranking, rows, first, block):
    """Fill in the queries that a block of distances holds."""
    begin, end = np.searchsorted(rows, [first, first + len(block)])
    own = np.arange(begin, end)
    if begin == end:
        return
    mine = block[rows[begin:end] - first]
    distances = mine[:, rows] if len(rows) < block.shape[1] else mine   # fancy indexing: a copy either way
    distances[np.arange(len(own)), own] = np.inf        # a patient is not its own target
    ranking.nearest[begin:end] = smallest_columns(distances, ranking.nearest.shape[1])
    low, high = np.searchsorted(ranking.sampled, [begin, end])
    some = ranking.sampled[low:high]
    order = np.argsort(distances[some - begin], axis=1, kind="stable")
    np.put_along_axis(ranking.ranks[low:high], order, np.arange(len(rows), dtype=ranking.ranks.dtype)[None], axis=1)
