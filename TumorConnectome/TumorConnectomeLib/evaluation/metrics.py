"""Ranking metrics of one query, as shares that each target of its list contributes, so that they can be summed anywhere.

A query is a patient, its list all other patients of known category, nearest first, ties by PatientID (see
`neighbors.neighbors`). R is the number of its relevant targets. Definitions (Manning, Raghavan & Schutze, "Introduction to
Information Retrieval", 2008, chapter 8; the table shows means over queries):

P@k
    Relevant targets among the first k, divided by k (it can not reach 1 when R < k).
mAP@k
    Mean of average precision at k: the precisions at the ranks r <= k of relevant targets, summed and divided by
    min(R, k). With k = M - 1 this is scikit-learn's ``average_precision_score``.
nDCG@k
    Sum of gain / log2(r + 1) over r <= k, divided by the largest sum that any order could have (Jarvelin & Kekalainen,
    "Cumulated gain-based evaluation of IR techniques", ACM TOIS 2002;20:422), as in scikit-learn's ``ndcg_score``. The gain
    is graded for ordered facets (see `relevance`).
R-precision
    Relevant targets among the first R, divided by R.

Queries without a relevant target (the only patient of a category; for nDCG: no target of positive gain) have no defined
value and are left out. A k above the number of targets M - 1 is cut to it. Tied targets share their places: the value is the
mean over all orders of the tied ones (see `ranking`).
"""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from .ranking import Ranking

PRECISION, AVERAGE_PRECISION, NDCG, R_PRECISION = METRICS = ("P@k", "mAP@k", "nDCG@k", "R-precision")
#: metrics of the first k ranks
LIST_METRICS = METRICS[:3]


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """What the metrics need to know about the categories; label permutations do not change it.

    Parameters
    ----------
    counts : np.ndarray
        int64, shape (C,): patients per category.
    k : int
        Length of the lists, 1..M-1.
    average_precision : np.ndarray
        float64, shape (C,): 1 / min(R, k) of queries of a category.
    ndcg : np.ndarray
        float64, shape (C, C): gain of a target (column) for a query (row) over the query's ideal sum.
    asked : dict of str to np.ndarray
        Per metric, bool, shape (C,): whether queries of a category have a relevant target.
    """

    counts: np.ndarray
    k: int
    average_precision: np.ndarray
    ndcg: np.ndarray
    asked: dict[str, np.ndarray]

    def queries(self, metric: str) -> int:
        """Number of queries that a metric is the mean of."""
        return int(self.counts[self.asked[metric]].sum())


def discounts(k: int) -> np.ndarray:
    """1 / log2(rank + 1) of the ranks 1..k."""
    return 1.0 / np.log2(np.arange(2, k + 2))


def class_weights(counts: np.ndarray, gains: np.ndarray, k: int) -> ClassWeights:
    """ClassWeights of categories with these counts (C,) and gains (C, C)."""
    return _class_weights(counts.astype(np.int64).tobytes(), gains.astype(float).tobytes(), k)


@functools.lru_cache(maxsize=256)
def _class_weights(counts, gains, k):
    counts = np.frombuffer(counts, np.int64)
    gains = np.frombuffer(gains, float).reshape(len(counts), len(counts))
    relevant = counts - 1
    ideal = np.zeros(len(counts))
    for category in np.flatnonzero(counts):
        others = counts - (np.arange(len(counts)) == category)
        best = np.argsort(-gains[category], kind="stable")
        ordered = np.repeat(gains[category][best], np.minimum(others[best], k))[:k]
        ideal[category] = ordered @ discounts(k)[:len(ordered)]
    several, some = counts >= 2, ideal > 0
    average_precision = np.divide(1.0, np.minimum(relevant, k), out=np.zeros(len(counts)), where=several)
    ndcg = np.divide(gains, ideal[:, None], out=np.zeros(gains.shape), where=some[:, None])
    return ClassWeights(counts, k, average_precision, ndcg,
                        {PRECISION: several, AVERAGE_PRECISION: several, NDCG: some, R_PRECISION: several})


def contributions(labels: np.ndarray, ranking: Ranking, weights: ClassWeights, metric: str) -> np.ndarray:
    """What each target of each list adds to its query's value of one of LIST_METRICS.

    Parameters
    ----------
    labels : np.ndarray
        Integer, shape (..., M): one or more labelings of the patients.
    ranking : Ranking
        Of these M patients; its lists are W long.
    weights : ClassWeights
    metric : str

    Returns
    -------
    np.ndarray
        float64, shape (..., M, W). The sum over the last axis is the value of each query, 0 where it has none.
    """
    own, found = labels[..., None], labels[..., ranking.nearest]
    if metric == NDCG:
        flat = own.astype(np.intp) * len(weights.ndcg) + found
        return weights.ndcg.ravel()[flat] * place_discounts(ranking)
    same = own == found
    if metric == PRECISION:
        return same * (ranking.listed / weights.k)
    if ranking.starts is None:
        precision = np.cumsum(same, axis=-1, dtype=np.int32) * same / np.arange(1, weights.k + 1)
    else:
        precision = _tied_precision(same, ranking)
    return precision * weights.average_precision[own]


def place_discounts(ranking: Ranking) -> np.ndarray:
    """Discount of each entry of the lists, the mean over the places of its group of ties: float64, shape (W,) or (M, W)."""
    if ranking.starts is None:
        return discounts(ranking.k)
    return _mean_over_places(ranking, discounts(ranking.k))


def _mean_over_places(ranking, values):
    """Mean of a value per place 1..k, 0 beyond, over the places that the group of each entry fills."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.minimum(ranking.starts + ranking.sizes, ranking.k)
    return (total[ends] - total[np.minimum(ranking.starts, ranking.k)]) / ranking.sizes


def _tied_precision(same, ranking):
    """Mean over the orders of the ties of the precision at the place of each relevant target, 0 beyond the first k places.

    With c relevant targets before the group and m in it, the j-th place of the group has after a relevant target that stands
    there c + 1 + (j - 1) (m - 1) / (g - 1) relevant ones, of start + j.
    """
    starts, sizes, k = ranking.starts, ranking.sizes, ranking.k
    total = np.concatenate([np.zeros((*same.shape[:-1], 1), np.int32), np.cumsum(same, axis=-1, dtype=np.int32)], axis=-1)
    rows, last = np.arange(len(starts))[:, None], same.shape[-1]
    before = total[..., rows, starts]
    among = total[..., rows, np.minimum(starts + sizes, last)] - before
    inverse = _mean_over_places(ranking, 1 / np.arange(1, k + 1))
    inside = (np.minimum(starts + sizes, k) - np.minimum(starts, k)) / sizes - (starts + 1) * inverse
    others = np.divide(inside, sizes - 1, out=np.zeros(inside.shape), where=sizes > 1)
    return same * ((before + 1) * inverse + (among - 1) * others)


def best_means(counts: np.ndarray, k: int) -> dict[str, float]:
    """The largest mean of every metric that any ranking could reach with these categories; NaN where no query has a value.

    It is 1, but for P@k, where a query has fewer than k relevant targets.
    """
    asked = counts >= 2
    if not asked.any():
        return dict.fromkeys(METRICS, np.nan)
    reach = np.minimum(counts - 1, k) / max(1, k)
    return {**dict.fromkeys(METRICS, 1.0), PRECISION: float(reach[asked] @ counts[asked] / counts[asked].sum())}


def expected_values(counts: np.ndarray, gains: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """As `expected_means`, of the queries of each category: float64, shape (C,); k at most the number of targets.

    A random order has each target relevant at a rank with probability R / (M - 1), and two ranks with
    R (R - 1) / ((M - 1) (M - 2)).
    """
    targets = counts.sum() - 1
    weights = class_weights(counts, gains, k)
    share = (counts - 1) / targets
    pair = (counts - 2) / max(1, targets - 1)
    ranks = np.arange(1, k + 1)
    average = share * ((1 + (ranks - 1) * pair[:, None]) / ranks).sum(1) * weights.average_precision
    mean_gain = (weights.ndcg @ counts - np.diag(weights.ndcg)) / targets
    return {PRECISION: share, AVERAGE_PRECISION: average, NDCG: mean_gain * discounts(k).sum(), R_PRECISION: share}


def expected_means(counts: np.ndarray, gains: np.ndarray, k: int) -> dict[str, float]:
    """Exact mean of every metric over all orders (or, the same, all labelings): the chance level; NaN without a query."""
    targets = counts.sum() - 1
    if targets < 1:
        return dict.fromkeys(METRICS, np.nan)
    k = min(k, targets)
    weights, means = class_weights(counts, gains, k), {}
    for metric, values in expected_values(counts, gains, k).items():
        asked, queries = weights.asked[metric], weights.queries(metric)
        means[metric] = float(values[asked] @ counts[asked] / queries) if queries else np.nan
    return means
