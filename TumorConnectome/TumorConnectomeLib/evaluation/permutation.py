"""The label-permutation null: what a model that knows nothing about a facet would score on this cohort.

Labels are shuffled among the patients of known category while the rankings stay, which keeps everything else: category
sizes, hubs, and that queries share neighbors (a t-test over queries would take them as independent). Under the null, that
labels and embeddings are unrelated, all shuffles are equally likely, so ``(1 + #{null >= observed}) / (1 + B)`` is a valid
one-sided p value for any metric and any B (Phipson & Smyth, "Permutation P-values should never be zero", 2010).
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .metrics import LIST_METRICS, R_PRECISION, class_weights, contributions
from .r_precision import r_precision_means, r_precision_values
from .ranking import Ranking
from .relevance import Relevance

#: labelings in memory at once; also bounds the right-hand side of the matrix product for R-precision
_LABELINGS = 256
#: list entries of all these labelings that are looked at in one go (fits into the cache)
_ENTRIES = 1 << 18
#: means that differ by less are the same: sums in another order round differently
_SAME = 1e-9


def labelings(labels: np.ndarray, count: int, seed: Sequence[int], strata: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Random permutations of labels, in chunks.

    Parameters
    ----------
    labels : np.ndarray
        Integer, shape (M,).
    count : int
        B permutations.
    seed : sequence of int
        The same seed gives the same permutations, whatever they are used for.
    strata : np.ndarray, optional
        Integer, shape (M,): labels are exchanged only between patients of the same stratum.

    Yields
    ------
    np.ndarray
        Shape (b, M), dtype of `labels`.
    """
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(strata == s) for s in np.unique(strata)] if strata is not None else [np.arange(len(labels))]
    for start in range(0, count, _LABELINGS):
        chunk = np.empty((min(_LABELINGS, count - start), len(labels)), labels.dtype)
        for group in groups:
            chunk[:, group] = random.permuted(np.broadcast_to(labels[group], (len(chunk), len(group))), axis=1)
        yield chunk


def query_values(relevance: Relevance, ranking: Ranking, metric: str) -> np.ndarray:
    """Value of a metric for every query: float64, shape (M,) or, for R-precision, (S,); NaN where there is none."""
    if metric == R_PRECISION:
        return r_precision_values(relevance.labels, ranking)
    weights = class_weights(relevance.counts, relevance.gains, ranking.nearest.shape[1])
    values = contributions(relevance.labels, ranking.nearest, weights, metric).sum(-1)
    return np.where(weights.asked[metric][relevance.labels], values, np.nan)


def null_means(relevance: Relevance, ranking: Ranking, metrics: Sequence[str], count: int, seed: Sequence[int],
               strata: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Means of metrics over the queries under random labelings: float64, shape (count,) each.

    Parameters
    ----------
    relevance, ranking
        Judgments and rankings of the same M patients.
    metrics : sequence of str
    count, seed, strata
        See `labelings`.
    """
    k = ranking.nearest.shape[1]
    weights = class_weights(relevance.counts, relevance.gains, k)
    step = max(1, _ENTRIES // max(1, ranking.nearest.size))
    means = {metric: [] for metric in metrics}
    for chunk in labelings(relevance.labels, count, seed, strata):
        for metric in metrics:
            if metric == R_PRECISION:
                means[metric].append(r_precision_means(chunk, ranking, relevance.counts))
        listed = [metric for metric in metrics if metric in LIST_METRICS]
        for start in range(0, len(chunk), step):
            some = chunk[start:start + step]
            for metric in listed:
                total = contributions(some, ranking.nearest, weights, metric).sum((-2, -1))
                means[metric].append(total / max(1, weights.queries(metric)))
    return {metric: np.concatenate(parts) for metric, parts in means.items()}


def p_value(observed: float, null: np.ndarray) -> float:
    """One-sided permutation p value: the share of labelings, the observed one among them, that score at least as high."""
    return float((1 + np.count_nonzero(null >= observed - _SAME)) / (1 + len(null)))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """q values: the smallest false discovery rate at which each of these tests is a discovery.

    Benjamini & Hochberg, "Controlling the false discovery rate", J R Stat Soc B 1995;57:289.

    Parameters
    ----------
    p : np.ndarray
        float64, shape (T,): p values; NaN means that there was no test.

    Returns
    -------
    np.ndarray
        float64, shape (T,); NaN where p is.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    falling = tested[np.argsort(-p[tested], kind="stable")]
    ranks = np.arange(len(falling), 0, -1)
    q[falling] = np.minimum(1.0, np.minimum.accumulate(p[falling] * len(falling) / ranks))
    return q
