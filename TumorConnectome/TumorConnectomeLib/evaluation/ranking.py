"""Targets of every query in order of distance, kept as short lists and, for a bounded number of queries, as ranks.

Targets at the same distance have no order. Sorting them by their id would let anything that goes with the ids (the date of
enrollment, the hospital) pass for a neighbor. So a tie is kept as a group: its targets share the places that they fill, and
every metric is the mean over all orders within the groups (McSherry & Najork, "Computing information retrieval performance
measures efficiently in the presence of tied scores", ECIR 2008; scikit-learn's ``ndcg_score`` does the same, trec_eval
sorts by document id instead).
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..neighbors.neighbors import smallest_columns

#: R-precision needs whole rankings; beyond so many patients it is the mean over a random sample of so many queries
FULL_RANKINGS = 2000
#: distances that differ by less are the same; they are rounded to 1e-12
TIE = 1.5e-12
#: of a larger group of tied targets at the end of a list only so many, drawn at random, are kept
_WIDEST = 1000


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rankings among M patients, by their place among these (not by cohort row).

    Parameters
    ----------
    nearest : np.ndarray
        int32, shape (M, W): the first targets of each query. W = k unless there are ties; otherwise the group of ties at
        place k is there as a whole, and lists are filled up with the query itself.
    k : int
        Places that count.
    sampled : np.ndarray
        int64, shape (S,): the queries with a whole ranking, ascending.
    ranks : np.ndarray
        uint16 or int32, shape (S, M): number of targets that are closer; the query itself has M - 1.
    starts, sizes : np.ndarray or None
        int32, shape (M, W): targets before the group of ties of a target, and size of this group; of entries that fill a list
        up their column and 1. None when no list has ties.
    rank_sizes : np.ndarray or None
        Shape (S, M): size of the group of ties of each target; None when no sampled query has ties.
    distances : np.ndarray or None
        float64, shape (M, k): distances of the first k targets.
    """

    nearest: np.ndarray
    k: int
    sampled: np.ndarray
    ranks: np.ndarray
    starts: np.ndarray | None = None
    sizes: np.ndarray | None = None
    rank_sizes: np.ndarray | None = None
    distances: np.ndarray | None = None

    @property
    def listed(self) -> np.ndarray:
        """Share of the first k places that each entry of `nearest` takes: float64, shape (M, W)."""
        if self.starts is None:
            return np.ones(self.nearest.shape)
        return np.clip((self.k - self.starts) / self.sizes, 0.0, 1.0)

    def first(self, rows: np.ndarray | slice, length) -> np.ndarray:
        """Share of the first `length` places (a number, or one per row) that each target of sampled queries takes."""
        length = np.asarray(length)
        length = length[:, None] if length.ndim else length
        if self.rank_sizes is None:
            return self.ranks[rows] < length
        return np.clip((length - self.ranks[rows].astype(float)) / self.rank_sizes[rows], 0.0, 1.0)


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
    made = [RankingBuilder(rows, k, sampled) for rows in groups]
    for first, block in blocks:
        for builder in made:
            builder.add(np.arange(first, first + len(block)), block)
    return [builder.ranking() for builder in made]


class RankingBuilder:
    """Collects the Ranking of one group of patients, from blocks of distances and from neighbor lists.

    Parameters
    ----------
    rows : np.ndarray
        int64, ascending cohort rows of the group.
    k, sampled
        As of `rankings`.
    """

    def __init__(self, rows: np.ndarray, k: int, sampled: np.ndarray):
        count = len(rows)
        self._rows, self._k = rows, max(0, min(k, count - 1))
        self._sampled = np.flatnonzero(np.isin(rows, sampled))
        kind = np.uint16 if count <= 1 << 16 else np.int32
        self._nearest, self._distances = np.empty((count, self._k), np.int32), np.empty((count, self._k))
        self._ranks = np.empty((len(self._sampled), count), kind)
        self._sizes = None
        self._tied: dict[int, tuple] = {}

    @property
    def width(self) -> int:
        """Targets of a list that have to be known: one more than count, to see whether the last one is tied with it."""
        return min(self._k + 1, len(self._rows) - 1)

    def add(self, queries: np.ndarray, block: np.ndarray) -> None:
        """Fill in the queries that a block of distances holds: float64, (rows, N), of these ascending cohort rows."""
        rows = self._rows
        own, mine = np.intersect1d(rows, queries, assume_unique=True, return_indices=True)[1:]
        if not len(own):
            return
        distances = block[mine]                         # fancy indexing: a copy
        if len(rows) < block.shape[1]:
            distances = distances[:, rows]
        distances[np.arange(len(own)), own] = np.inf    # a patient is not its own target
        low, high = np.searchsorted(self._sampled, [own[0], own[-1] + 1])
        chosen = np.isin(own, self._sampled[low:high])
        whole = distances[chosen] if not chosen.all() else distances
        order = np.argsort(whole, axis=1)               # not stable, which is faster: tied targets share their places
        ordered = np.take_along_axis(whole, order, axis=1)
        self._add_ranks(low, high, order, ordered)
        if not chosen.all():
            order = smallest_columns(distances, self.width)
            ordered = np.take_along_axis(distances, order, axis=1)
        self._nearest[own], self._distances[own] = order[:, :self._k], ordered[:, :self._k]
        for place in np.flatnonzero((np.diff(ordered[:, :self.width], axis=1) <= TIE).any(1)):
            self._tied[int(own[place])] = _tied_list(distances[place], self._k, int(own[place]))

    def add_lists(self, nearest: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Fill in the first `width` targets of every query, which are exact.

        Parameters
        ----------
        nearest : np.ndarray
            int, shape (M, width): places in the group.
        distances : np.ndarray
            float64, shape (M, width); NaN where a list is not known.

        Returns
        -------
        np.ndarray
            Cohort rows of the queries whose whole distances have to be added, because of ties or of what is not known.
        """
        self._nearest[:], self._distances[:] = nearest[:, :self._k], distances[:, :self._k]
        return self._rows[~((np.diff(distances, axis=1) > TIE).all(1) & ~np.isnan(distances).any(1))]

    def _add_ranks(self, low, high, order, ordered):
        places = np.arange(order.shape[1], dtype=self._ranks.dtype)[None]
        new = np.ones(ordered.shape, bool)
        with np.errstate(invalid="ignore"):
            np.greater(ordered[:, 1:], ordered[:, :-1] + TIE, out=new[:, 1:])
        if new.all():
            np.put_along_axis(self._ranks[low:high], order, places, axis=1)
            return
        starts = np.maximum.accumulate(np.where(new, places, 0), axis=1)
        if self._sizes is None:
            self._sizes = np.ones(self._ranks.shape, self._ranks.dtype)
        groups = np.cumsum(new, axis=1) - 1 + np.arange(len(new))[:, None] * new.shape[1]
        sizes = np.bincount(groups.ravel(), minlength=new.size)[groups]
        np.put_along_axis(self._ranks[low:high], order, starts.astype(self._ranks.dtype), axis=1)
        np.put_along_axis(self._sizes[low:high], order, sizes.astype(self._ranks.dtype), axis=1)

    def ranking(self) -> Ranking:
        """What was collected."""
        if not self._tied:
            return Ranking(self._nearest, self._k, self._sampled, self._ranks, None, None, self._sizes, self._distances)
        count, width = len(self._rows), max(self._k, max(len(found[0]) for found in self._tied.values()))
        nearest = np.repeat(np.arange(count, dtype=np.int32)[:, None], width, axis=1)
        nearest[:, :self._k] = self._nearest
        starts = np.repeat(np.arange(width, dtype=np.int32)[None], count, axis=0)
        sizes = np.ones((count, width), np.int32)
        for row, (targets, begins, lengths) in self._tied.items():
            filled = len(targets)
            nearest[row, :filled], starts[row, :filled], sizes[row, :filled] = targets, begins, lengths
            nearest[row, filled:] = row
        return Ranking(nearest, self._k, self._sampled, self._ranks, starts, sizes, self._sizes, self._distances)


def _tied_list(distances, k, row):
    """Targets up to the end of the group of ties at place k, starts and sizes of their groups."""
    limit = np.partition(distances, k - 1)[k - 1]
    candidates = np.flatnonzero(distances <= limit + 2 * TIE)
    candidates = candidates[np.argsort(distances[candidates], kind="stable")]
    new = np.concatenate([[True], np.diff(distances[candidates]) > TIE])
    later = np.flatnonzero(new[k:])
    candidates, new = (part[:k + later[0]] if len(later) else part for part in (candidates, new))
    starts = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    last = starts[-1]
    if len(candidates) - last > _WIDEST:                # a random part of the last group has the same mean
        kept = np.random.default_rng(row).choice(len(candidates) - last, max(_WIDEST, k - last), replace=False)
        candidates = np.concatenate([candidates[:last], candidates[last:][np.sort(kept)]])
        starts = starts[:len(candidates)]
    return candidates, starts, np.bincount(starts, minlength=len(starts))[starts]
