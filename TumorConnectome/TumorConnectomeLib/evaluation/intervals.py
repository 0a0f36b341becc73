"""Uncertainty of a mean metric and of its lift over chance, had other patients been sampled: patient-bootstrap intervals.

Patients are resampled with replacement, each with all it pulls the figure by: its own query, and its place in the lists of
others. Resampling queries alone ignores the second, and intervals of the metric then cover .6 to .9 instead of .95 (see
Testing/benchmarks/bench_interval_coverage.py), because a hub or a pair of mutual neighbors enters many queries. But the
noise of a pair is then in the pull of both its patients. It is removed as in the dyadic cluster-robust variance of Aronow,
Samii & Assenova, "Cluster-robust variance estimation for dyadic data", Political Analysis 2015;23:564: the spread is
multiplied by ``sqrt(1 - pairs / patients)``, the sums of squares of both, and at least by ``sqrt(1/2)``, for no pair is
counted more than twice. Without this, resampling on both sides is conservative (Owen, "The pigeonhole bootstrap", Ann
Appl Stat 2007;1:386).

The chance level moves with the category sizes of the sample, and the metric with it: the lift's interval takes both from
the same resample. Intervals are percentiles: of the metric on its own scale, of the lift on the logarithmic one.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .metrics import METRICS, R_PRECISION, class_weights, contributions, expected_means
from .r_precision import r_precision_shares
from .ranking import Ranking
from .relevance import Relevance

RESAMPLES = 2000
LEVEL = 0.95
#: how often intervals of the lift hold the true one, by Testing/benchmarks/bench_interval_coverage.py
COVERAGE = ("in simulated cohorts such intervals held the true lift in 92 to 98 % of cases with 289 patients and in 87 to 99 % "
            "with 100, least often where hubs and strong lifts come together")
#: entries of the matrix of resampling weights in memory at once
_ENTRIES = 1 << 22


@dataclass(frozen=True, eq=False)
class Pull:
    """How far each patient pulls a mean metric from its value.

    Parameters
    ----------
    patients : np.ndarray
        float64, shape (M,), sum 0: influence of each patient, as query and as target, on the mean.
    pairs : float
        Sum over unordered pairs of their squared influence, which `patients` holds twice.
    """

    patients: np.ndarray
    pairs: float


@dataclass(frozen=True)
class Interval:
    """Lower and upper limit of a mean metric (`low`, `high`) and of its lift (`lift_low`, `lift_high`); NaN if undefined."""

    low: float
    high: float
    lift_low: float
    lift_high: float


def metric_pull(relevance: Relevance, ranking: Ranking, metric: str, mean: float) -> Pull:
    """The Pull on the mean (over its queries) of a metric that has at least one query."""
    labels, nearest = relevance.labels, ranking.nearest
    if metric == R_PRECISION:
        as_query, as_target, pairs = r_precision_shares(labels, ranking, mean)
        queries = np.count_nonzero(relevance.counts[labels[ranking.sampled]] >= 2)
        return Pull((as_query + as_target) / queries, pairs / queries ** 2)
    weights = class_weights(relevance.counts, relevance.gains, nearest.shape[1])
    asked = weights.asked[metric][labels]
    shares = contributions(labels, nearest, weights, metric)
    shares = np.where(asked[:, None], shares - shares[asked].mean(0), 0.0)     # less what any target at this rank adds
    as_target = np.bincount(nearest.ravel(), shares.ravel(), minlength=len(labels))
    queries = np.count_nonzero(asked)
    return Pull((shares.sum(1) + as_target) / queries, _pair_squares(nearest, shares) / queries ** 2)


def _pair_squares(nearest, shares):
    """Sum over unordered pairs of the squared sum of both directions."""
    count = np.int64(len(nearest))
    own = np.arange(count)[:, None]
    keys, back = (own * count + nearest).ravel(), (nearest * count + own).ravel()
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys, back, sorter=order), len(keys) - 1)]
    both = np.where(keys[found] == back, shares.ravel()[found], 0.0)
    return float((shares.ravel() * (shares.ravel() + both)).sum())


def chance_pulls(relevance: Relevance, k: int) -> dict[str, tuple[float, np.ndarray]]:
    """Exact chance level of every metric, and each patient's influence on it: float64, shape (M,), by the jackknife."""
    counts, targets = relevance.counts, relevance.targets
    level = expected_means(counts, relevance.gains, k)
    influence = {metric: np.zeros(len(counts)) for metric in METRICS}
    for category in np.flatnonzero(counts):
        without = expected_means(counts - (np.arange(len(counts)) == category), relevance.gains, k)
        for metric in METRICS:
            influence[metric][category] = (level[metric] - without[metric]) * targets / (targets + 1)
    return {metric: (level[metric], np.nan_to_num(influence[metric])[relevance.labels]) for metric in METRICS}


def bootstrap_intervals(relevance: Relevance, ranking: Ranking, means: Mapping[str, float], seed: Sequence[int],
                        resamples: int = RESAMPLES) -> dict[str, Interval]:
    """95 % patient-bootstrap intervals of mean metrics.

    Parameters
    ----------
    relevance, ranking
        Judgments and rankings of the same M patients.
    means : mapping of str to float
        Observed mean per metric; NaN without queries.
    seed : sequence of int
        The same seed resamples the same patients.
    resamples : int

    Returns
    -------
    dict of str to Interval
        The limits of the metric are NaN when it has no query; those of the lift also when the metric or its chance level is 0.
    """
    chances = chance_pulls(relevance, ranking.nearest.shape[1])
    pulls = {metric: metric_pull(relevance, ranking, metric, mean) for metric, mean in means.items() if mean == mean}
    columns, scales = [], []
    for metric, pull in pulls.items():
        level, chance_pull = chances[metric]
        lift = means[metric] > 0 and level > 0
        relative = pull.patients / means[metric] - chance_pull / level if lift else np.zeros(len(pull.patients))
        for influence, pairs in ((pull.patients, pull.pairs), (relative, pull.pairs / means[metric] ** 2 if lift else 0.0)):
            columns.append(influence - influence.mean())
            scales.append(_spread_factor(columns[-1], pairs))
    if not columns:
        return {metric: Interval(*[np.nan] * 4) for metric in means}
    drawn = np.concatenate([weights @ np.stack(columns, axis=1) for weights in _weights(len(columns[0]), resamples, seed)])
    tails = np.quantile(drawn * scales, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    intervals = {metric: Interval(*[np.nan] * 4) for metric in means}
    for number, metric in enumerate(pulls):
        mean, level = means[metric], chances[metric][0]
        low, high = np.clip(mean + tails[:, 2 * number], 0.0, 1.0)
        lift = mean / level * np.exp(tails[:, 2 * number + 1]) if mean > 0 and level > 0 else [np.nan, np.nan]
        intervals[metric] = Interval(float(low), float(high), float(lift[0]), float(lift[1]))
    return intervals


def pair_share_interval(sources: np.ndarray, targets: np.ndarray, hits: np.ndarray, count: int, seed: Sequence[int],
                        resamples: int = RESAMPLES) -> tuple[float, float]:
    """95 % patient-bootstrap interval of the share of hits among pairs of patients, by the same method.

    Parameters
    ----------
    sources, targets : np.ndarray
        int, shape (P,): the two patients of each pair, 0..count-1; a pair may be there in both directions.
    hits : np.ndarray
        bool, shape (P,), at least one pair.
    count : int
        Patients that could have been sampled.
    seed, resamples
        See `bootstrap_intervals`.
    """
    share = hits.mean()
    influence = (hits - share) / len(hits)
    pulls = np.bincount(sources, influence, count) + np.bincount(targets, influence, count)
    keys = np.minimum(sources, targets).astype(np.int64) * count + np.maximum(sources, targets)
    both = np.unique(keys, return_inverse=True)[1]
    factor = _spread_factor(pulls, float(np.square(np.bincount(both, influence)).sum()))
    drawn = np.concatenate([weights @ pulls for weights in _weights(count, resamples, seed)])
    low, high = np.clip(share + factor * np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]), 0.0, 1.0)
    return float(low), float(high)


def _spread_factor(influence, pairs):
    """What the spread of resampled patients is multiplied by, because pairs are in it twice."""
    patients = float(influence @ influence)
    return np.sqrt(max(1 - pairs / patients, 0.5)) if patients > 0 else 0.0


def _weights(count, resamples, seed) -> Iterator[np.ndarray]:
    """How often each patient is drawn in each resample: float64, chunks of shape (b, count)."""
    random = np.random.default_rng(seed)
    step = max(1, _ENTRIES // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = random.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(float)
