"""Uncertainty of a mean metric and of its lift over chance, had other patients been sampled.

Each patient pulls a figure by its own query and by its place in the lists of others; looking at queries alone ignores the
second, and intervals of the metric then cover .6 to .9 instead of .95 (see Testing/benchmarks/bench_interval_coverage.py),
because a hub or a pair of mutual neighbors enters many queries. The variance is the sum of the squared pulls (infinitesimal
jackknife). But the noise of a pair is in the pull of both its patients: it is taken out once, as in the dyadic cluster-robust
variance of Aronow, Samii & Assenova, "Cluster-robust variance estimation for dyadic data", Political Analysis 2015;23:564,
though at least half of the variance is left, for no pair is counted more than twice. A target pulls by what it adds beyond the
one that would be there instead, a usual one for queries of that category: by the mean of all queries, every target of a rare
category's queries would pull, and intervals of 9 : 1 categories hold the true lift too often, those of related ones too rarely.
The lists of R-precision hold so much of a cohort that their pairs are drawn without replacement, which leaves them less noise.

Chance and the best that is possible move with the category sizes of the sample, and the metric with them: lifts and shares of
what is possible take all of them into account (delta method; pulls on chance by leaving one patient out). Limits are those of
Student's t with as many degrees of freedom as the pulls leave (Satterthwaite, "An approximate distribution of estimates of
variance components", Biometrics Bull 1946;2:110): where a few hubs or the few patients of a rare category hold most of the
variance, it is itself uncertain. Their skewness shifts the limits (Hall, "On the removal of skewness by transformation", J R
Stat Soc B 1992;54:221): with few patients of a category by chance, the figure and its spread are both too small. In R-precision
pairs add to it (Helmers, "On the Edgeworth expansion and the bootstrap approximation for a studentized U-statistic", Ann Stat
1991;19:470). The lift's interval is made on the logarithmic scale.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .metrics import (
    AVERAGE_PRECISION,
    METRICS,
    NDCG,
    PRECISION,
    R_PRECISION,
    best_means,
    class_weights,
    contributions,
    expected_means,
    expected_values,
    place_discounts,
)
from .r_precision import r_precision_shares
from .ranking import Ranking
from .relevance import Relevance

LEVEL = 0.95
#: bootstrap samples of figures that have no such pulls
RESAMPLES = 2000
#: how often intervals of the lift hold the true one, by Testing/benchmarks/bench_interval_coverage.py
COVERAGE = "in simulated cohorts of 289 and of 100 patients such intervals of P@k held the true lift in 92 to 99 % of cases"
#: what a usual target adds to the queries of a category is the mean of these and of so many queries of the mean lift: the few
#: queries of a rare category, taken by themselves, leave no spread
FEW_QUERIES = 3
#: R-precision has no interval where its lists hold more than this share of all patients: one category is nearly all of them,
#: the figure hardly varies, and its few others decide how much, too few to tell
MOST_LISTED = 0.75
#: with fewer patients outside of the largest category there are no intervals, or none of the share of what is possible, which
#: varies with their number most: each of them decides
FEWEST_OTHERS, FEWEST_FOR_SHARE = 3, 10
#: no variance is known better than this, nor worse
_MOST_FREEDOM, _LEAST_FREEDOM = 1e6, 3.0
#: a spread below this is none: sums are rounded
_NO_SPREAD = 1e-9
_NORMAL = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Pull:
    """How far each patient pulls a figure from its value.

    Parameters
    ----------
    patients : np.ndarray
        float64, shape (M,): influence of each patient, as query and as target.
    pairs : float
        Sum over unordered pairs of their squared influence, which `patients` holds twice.
    means : int
        How many means the pulls were taken from, which makes them smaller than they are in other samples.
    both : np.ndarray or None
        Shape (M, M), symmetric: influence of every pair, where lists are so long that it adds to the skewness.
    """

    patients: np.ndarray
    pairs: float = 0.0
    means: int = 1
    both: np.ndarray | None = None

    def plus(self, others: np.ndarray) -> Pull:
        """This plus pulls of no pair."""
        return replace(self, patients=self.patients + others)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the standard error."""
        return self._error_and_freedom()[1]

    @property
    def error(self) -> float:
        """Standard error of the figure."""
        return self._error_and_freedom()[0]

    @property
    def quantile(self) -> float:
        """97.5 % quantile of Student's t that belongs to the error."""
        return student_quantile(self._error_and_freedom()[1])

    def limits(self) -> np.ndarray:
        """Distances of the limits of the 95 % interval from the figure, the lower one negative; NaN when nothing varies."""
        error, freedom = self._error_and_freedom()
        if not error > _NO_SPREAD:
            return np.full(2, np.nan)
        pulls = self.patients - self.patients.mean()
        scale = (pulls ** 2).sum() ** 1.5
        skewness, joint = (pulls ** 3).sum() / scale, 0.0
        if self.both is not None:
            along = self.both.mean(axis=1, dtype=float)     # what each patient has in all its pairs is in `patients`, too
            own = ((2 * along - along.mean()) * pulls ** 2).sum()
            joint = float(pulls @ (self.both @ pulls) + own) / scale
        return -error * _unskewed(np.array([1.0, -1.0]) * student_quantile(freedom), skewness, joint)

    def _error_and_freedom(self):
        pulls = self.patients - self.patients.mean()
        squares = pulls ** 2
        total, count = squares.sum(), len(pulls)
        if not total > 0:
            return 0.0, _MOST_FREEDOM
        kept = max(1 - self.pairs / total, 0.5)
        rest = (squares ** 2).sum() - total ** 2 / count
        freedom = min(2 * total ** 2 / rest if rest > 0 else _MOST_FREEDOM, count - 1)
        error = np.sqrt(total * kept * count / max(1, count - self.means))
        return float(error), float(np.clip(freedom, _LEAST_FREEDOM, _MOST_FREEDOM))


def edge_pull(sources: np.ndarray, targets: np.ndarray, influence: np.ndarray, count: int) -> Pull:
    """The Pull of `count` patients on a sum over edges: patients of each edge, and its influence, float64, shape (E,)."""
    pulls = np.bincount(sources, influence, count) + np.bincount(targets, influence, count)
    keys = np.minimum(sources, targets).astype(np.int64) * count + np.maximum(sources, targets)
    both = np.unique(keys, return_inverse=True)[1]
    return Pull(pulls, float(np.square(np.bincount(both, influence)).sum()))


def two_sided_p(figure: float, error: float, freedom: float) -> float:
    """Two-sided p value of figure / error by Student's t, within 0.001; NaN without error.

    Wallace, "Bounds on normal approximations to Student's and the chi-square distributions", Ann Math Stat 1959;30:1121.
    """
    if not error > 0:
        return np.nan
    squared = (figure / error) ** 2
    z = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(squared / freedom))
    return math.erfc(z / math.sqrt(2))


def _unskewed(quantiles, skewness, joint=0.0):
    """Quantiles of the studentized figure from those without skewness, by Hall's monotone cubic transformation.

    `skewness` is that of the sum of the pulls, `joint` what pairs add to it: the sum over pairs of the product of the pulls of
    both patients and of the pair, with the coefficients of a studentized U statistic (Helmers 1991, see above).
    """
    bend, shift = skewness / 3 + joint / 2, skewness / 6 + joint / 2
    if abs(bend) < 1e-6:
        return quantiles - shift
    return (np.cbrt(1 + 3 * bend * (quantiles - shift)) - 1) / bend


def student_quantile(freedom: float) -> float:
    """97.5 % quantile of Student's t with 3 degrees of freedom or more, within 0.3 % (Abramowitz & Stegun 26.7.5)."""
    z, n = _NORMAL, freedom
    return (z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2)
            + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3)
            + (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92160 * n ** 4))


@dataclass(frozen=True)
class Interval:
    """Limits of a mean metric (`low`, `high`), of its lift (`lift_...`) and of its share of what is possible (`share_...`).

    NaN where the figure is not defined, or where nothing varies: an interval of width 0 would claim certainty. `lift_error` is
    the standard error of the logarithm of the lift.
    """

    low: float = np.nan
    high: float = np.nan
    lift_low: float = np.nan
    lift_high: float = np.nan
    share_low: float = np.nan
    share_high: float = np.nan
    lift_error: float = np.nan


@dataclass(frozen=True, eq=False)
class Levels:
    """Chance level of a metric and the best that is possible, with each patient's pull on them: float64, shape (M,)."""

    chance: float
    chance_pull: np.ndarray
    best: float
    best_pull: np.ndarray


def metric_pull(relevance: Relevance, ranking: Ranking, metric: str, mean: float) -> Pull:
    """The Pull on the mean (over its queries) of a metric that has at least one query."""
    labels, counts = relevance.labels, relevance.counts
    if metric == R_PRECISION:
        as_query, as_target, pairs, both = r_precision_shares(labels, ranking, mean, FEW_QUERIES)
        queries = np.count_nonzero(counts[labels[ranking.sampled]] >= 2)
        pulls = (_with_partners(as_query, relevance) + as_target) / queries
        whole = len(ranking.sampled) == len(labels)
        return Pull(pulls, pairs / queries ** 2, _present(labels), both / queries if whole else None)
    weights = class_weights(counts, relevance.gains, ranking.k)
    asked = weights.asked[metric][labels]
    expected = expected_values(counts, relevance.gains, ranking.k)[metric]
    if metric == AVERAGE_PRECISION and ranking.starts is None:
        return _average_precision_pull(ranking, relevance, weights.average_precision[labels], asked, expected)
    shares = contributions(labels, ranking, weights, metric)
    return list_pull(ranking, shares, asked, metric, relevance, expected)


def list_pull(ranking: Ranking, shares: np.ndarray, asked: np.ndarray, metric: str = PRECISION,
              relevance: Relevance | None = None, expected: np.ndarray | None = None, usual: float | None = None) -> Pull:
    """The Pull on the mean over the queries `asked` (bool, (M,)) of what targets add: `shares`, (M, W).

    A target pulls by what it adds beyond the one that would be there instead: `usual`, or by default what a usual one adds to
    queries of the same category of `relevance` (to all queries by default). `expected` (C,) are what the categories' queries
    have by chance.
    """
    queries = np.count_nonzero(asked)
    if usual is not None:
        usual = usual * ranking.listed
    elif ranking.starts is None:
        usual = _group_means(shares, asked, relevance, expected)    # of any target at this place
    else:
        places = np.broadcast_to(place_discounts(ranking) if metric != PRECISION else ranking.listed, shares.shape)
        totals = _group_means(shares.sum(1)[:, None], asked, relevance, expected)
        usual = places * (totals / np.maximum(1e-300, _group_means(places.sum(1)[:, None], asked, relevance)))
    as_query = np.where(asked, shares.sum(1) - shares[asked].sum() / queries, 0.0)
    as_target = np.where(asked[:, None], shares - usual, 0.0)
    if relevance is not None and (metric != NDCG or np.array_equal(relevance.gains, np.eye(len(relevance.gains)))):
        as_query = _with_partners(as_query, relevance)
    return _pull_of(ranking, as_query / queries, as_target / queries, relevance)


def _with_partners(as_query, relevance):
    """Pulls of queries, where a category has two patients those of both: without one, the other has no relevant target."""
    for category in np.flatnonzero(relevance.counts == 2):
        both = relevance.labels == category
        as_query = np.where(both, as_query[both].sum(), as_query)
    return as_query


def _average_precision_pull(ranking, relevance, factors, asked, expected):
    """The Pull on mAP@k of a ranking without ties: a target also changes the precision at the places behind its own.

    `factors` (M,) are 1 / min(R, k) of the queries.
    """
    labels = relevance.labels
    same = labels[ranking.nearest] == labels[:, None]
    inverse = 1 / np.arange(1, ranking.k + 1)
    hits = same * inverse
    before = np.cumsum(same, axis=1) - same
    behind = hits.sum(1, keepdims=True) - np.cumsum(hits, axis=1)
    slopes = ((before + 1) * inverse + behind) * factors[:, None]
    value = np.where(asked, (same * (before + 1) * inverse).sum(1) * factors, 0.0)
    queries = np.count_nonzero(asked)
    rate = _group_means(same.mean(1)[:, None], asked, relevance, np.maximum(0, relevance.counts - 1))
    as_query = _with_partners(np.where(asked, value - value.sum() / queries, 0.0), relevance)
    return _pull_of(ranking, as_query / queries, np.where(asked[:, None], slopes * (same - rate), 0.0) / queries, relevance)


def _group_means(values, asked, relevance, expected=None):
    """Means over the queries `asked` of each category, as float64 (M, W), in small ones drawn a little to the mean of all.

    With `expected` (C,), what queries of each have by chance, drawn to as many times of that as all queries have.
    """
    overall = values[asked].mean(0)
    if relevance is None:
        return np.broadcast_to(overall, values.shape)
    labels, categories = relevance.labels, len(relevance.counts)
    sizes, sums = np.bincount(labels[asked], minlength=categories), np.zeros((categories, values.shape[1]))
    np.add.at(sums, labels[asked], values[asked])
    level = expected[labels[asked]].mean() if expected is not None else 0.0
    weight = (expected / level if level > 0 else np.ones(len(sizes)))[:, None]
    return ((sums + FEW_QUERIES * overall * weight) / (sizes + FEW_QUERIES)[:, None])[labels]


def _pull_of(ranking, as_query, as_target, relevance):
    """The Pull of queries (M,) and of the places of their lists (M, W)."""
    there = np.bincount(ranking.nearest.ravel(), as_target.ravel(), minlength=len(as_query))
    means = 1 if relevance is None else _present(relevance.labels)
    return Pull(as_query + there, _pair_squares(ranking.nearest, as_target), means)


def _present(groups):
    """Number of groups that there are."""
    return int(np.count_nonzero(np.bincount(groups)))


def _pair_squares(nearest, shares):
    """Sum over unordered pairs of the squared sum of both directions."""
    count = np.int64(len(nearest))
    own = np.broadcast_to(np.arange(count)[:, None], nearest.shape)
    there = shares.ravel() != 0
    one, other, shares = own.ravel()[there], nearest.ravel()[there].astype(np.int64), shares.ravel()[there]
    keys = np.minimum(one, other) * count + np.maximum(one, other)
    order = np.argsort(keys)
    keys = keys[order]
    if not len(keys):
        return 0.0
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    return float(np.square(np.add.reduceat(shares[order], starts)).sum())


@functools.lru_cache(maxsize=64)
def levels(relevance: Relevance, k: int) -> dict[str, Levels]:
    """Exact chance level and best mean of every metric, and the pulls on them by the jackknife."""
    counts, targets = relevance.counts, relevance.targets
    chance, best = expected_means(counts, relevance.gains, k), best_means(counts, k)
    pulls = {metric: np.zeros((2, len(counts))) for metric in METRICS}
    for category in np.flatnonzero(counts):
        without = counts - (np.arange(len(counts)) == category)
        fewer, worse = expected_means(without, relevance.gains, k), best_means(without, k)
        for metric in METRICS:
            pulls[metric][:, category] = chance[metric] - fewer[metric], best[metric] - worse[metric]
    factor, labels = targets / (targets + 1), relevance.labels
    found = {metric: np.nan_to_num(both) * factor for metric, both in pulls.items()}
    return {metric: Levels(chance[metric], found[metric][0][labels], best[metric], found[metric][1][labels])
            for metric in METRICS}


def interval_of(value: float, pull: Pull, level: Levels) -> Interval:
    """The intervals of one figure."""
    low, high = np.clip(value + pull.limits(), 0.0, 1.0)
    lift_low = lift_high = share_low = share_high = error = np.nan
    if value > 0 and level.chance > 0:
        relative = pull.plus(-level.chance_pull * value / level.chance)
        error = relative.error / value
        lift_low, lift_high = value / level.chance * np.exp(relative.limits() / value)
    room = level.best - level.chance
    if room > _NO_SPREAD and level.best - value > _NO_SPREAD:       # all of what is possible in any sample of such lists
        share = (value - level.chance) / room
        away = pull.plus(-level.chance_pull - share * (level.best_pull - level.chance_pull)).limits() / room
        share_low, share_high = np.minimum(1.0, share + away)
    return Interval(*map(float, (low, high, lift_low, lift_high, share_low, share_high, error)))


def metric_intervals(relevance: Relevance, ranking: Ranking, means: Mapping[str, float]) -> dict[str, Interval]:
    """95 % intervals of mean metrics.

    Parameters
    ----------
    relevance, ranking
        Judgments and rankings of the same M patients.
    means : mapping of str to float
        Observed mean per metric; NaN without queries.
    """
    known, found = levels(relevance, ranking.k), {}
    others = relevance.counts.sum() - relevance.counts.max(initial=0)
    for metric, mean in means.items():
        given = others >= FEWEST_OTHERS and mean == mean and not (metric == R_PRECISION and known[metric].chance > MOST_LISTED)
        pull = metric_pull(relevance, ranking, metric, mean) if given else None
        found[metric] = Interval() if pull is None else interval_of(mean, pull, known[metric])
        if others < FEWEST_FOR_SHARE:
            found[metric] = replace(found[metric], share_low=np.nan, share_high=np.nan)
    return found


def pair_share_interval(sources: np.ndarray, targets: np.ndarray, hits: np.ndarray, count: int) -> tuple[float, float]:
    """95 % interval of the share of hits among pairs of patients, by the same method; NaN when nothing varies.

    Parameters
    ----------
    sources, targets : np.ndarray
        int, shape (P,): the two patients of each pair, 0..count-1; a pair may be there in both directions.
    hits : np.ndarray
        bool, shape (P,), at least one pair.
    count : int
        Patients that could have been sampled.
    """
    share = hits.mean()
    low, high = np.clip(share + edge_pull(sources, targets, (hits - share) / len(hits), count).limits(), 0.0, 1.0)
    return float(low), float(high)
