"""The label-permutation null: what a model that knows nothing about a facet would score on this cohort.

Labels are shuffled among the patients of known category while the rankings stay, which keeps everything else: category
sizes, hubs, and that queries share neighbors (a t-test over queries would take them as independent). Under the null, that
labels and embeddings are unrelated, all shuffles are equally likely, so ``(1 + #{null >= observed}) / (1 + B)`` is a valid
one-sided p value for any metric and any B (Phipson & Smyth, "Permutation P-values should never be zero", 2010).

How many shuffles a figure needs depends on it (sequential Monte Carlo; Besag & Clifford, "Sequential Monte Carlo p-values",
Biometrika 1991;78:301): one that `ENOUGH` of them reach on both sides is settled, and one that none reaches needs more than B,
because p can not fall below 1 / (1 + B), which may be too large for a correction for many tests. See `grow`.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .metrics import (
    AVERAGE_PRECISION,
    LIST_METRICS,
    NDCG,
    PRECISION,
    R_PRECISION,
    class_weights,
    contributions,
    place_discounts,
)
from .r_precision import RPrecisionMeans, r_precision_values
from .ranking import Ranking
from .relevance import Relevance

#: labelings in memory at once; also bounds the right-hand side of the matrix product for R-precision
CHUNK = 256
#: list entries of all these labelings that are looked at in one go (fits into the cache)
_ENTRIES = 1 << 18
#: values that are added in float32, and queries of all labelings in memory at once: what fits into the cache
_EXACT, _PATIENTS = 256, 1024
#: labelings that are kept for the next model, as long as they are no more bytes
_KEPT_BYTES = 1 << 25
#: means that differ by less are the same: sums in another order, and in float32, round differently
SAME = 3e-6
#: a p value that so many labelings reach, and so many do not, is known well enough
ENOUGH = 100
#: a p value that would matter after correction is looked at until so many labelings reach it
RARE = 10
ALPHA = 0.05
#: key of what `NullMeans.means` finds for each category
CLASSES = "classes"


class Labelings:
    """Random permutations of labels, in chunks of CHUNK, the same ones whenever they are asked for.

    Parameters
    ----------
    labels : np.ndarray
        Integer, shape (M,).
    seed : sequence of int
        The same seed gives the same permutations, whatever they are used for.
    strata : np.ndarray, optional
        Integer, shape (M,): labels are exchanged only between patients of the same stratum.
    """

    def __init__(self, labels: np.ndarray, seed: Sequence[int], strata: np.ndarray | None = None):
        self._labels = labels.astype(np.int8) if labels.max(initial=0) < 128 else labels
        self._seed = seed
        self._groups = [np.arange(len(labels))] if strata is None else [
            group for s in np.unique(strata) if len(np.unique(labels[group := np.flatnonzero(strata == s)])) > 1]
        self._kept: list[np.ndarray] = []
        self._random, self._drawn = np.random.default_rng(seed), 0

    def chunk(self, number: int) -> np.ndarray:
        """Labelings CHUNK * number to CHUNK * (number + 1) as columns: int8 (or as the labels are), shape (M, CHUNK)."""
        if number < len(self._kept):
            return self._kept[number]
        if number < self._drawn:
            self._random, self._drawn = np.random.default_rng(self._seed), 0
        while True:
            rows = self._draw()
            self._drawn += 1
            if self._drawn > number:
                break
        columns = np.ascontiguousarray(rows.T)
        if number == len(self._kept) and (number + 1) * columns.nbytes <= _KEPT_BYTES:
            self._kept.append(columns)
        return columns

    def _draw(self):
        rows = np.broadcast_to(self._labels, (CHUNK, len(self._labels))).copy()
        for group in self._groups:
            if len(group) == len(self._labels):
                return self._random.permuted(rows, axis=1)
            rows[:, group] = self._random.permuted(rows[:, group], axis=1)
        return rows


class NullMeans:
    """Means of metrics over the queries under many labelings of the same patients.

    Parameters
    ----------
    relevance, ranking
        Judgments and rankings of the same M patients.
    """

    def __init__(self, relevance: Relevance, ranking: Ranking):
        self._relevance, self._ranking = relevance, ranking
        self._weights = class_weights(relevance.counts, relevance.gains, max(1, ranking.k))
        self._r_precision = None
        span = len(relevance.gains) - 1
        steps = np.arange(len(relevance.gains))
        self._binary = np.array_equal(relevance.gains, np.eye(len(steps)))
        self._linear = span > 0 and np.allclose(relevance.gains, 1 - np.abs(steps[:, None] - steps) / max(1, span))
        shape = ranking.nearest.shape
        self._targets = np.ascontiguousarray(ranking.nearest.T)
        self._listed = ranking.listed.astype(np.float32).T[:, :, None]
        factors = np.broadcast_to(place_discounts(ranking), shape).T[:, :, None]
        self._most = factors.sum(0, dtype=np.float32)
        self._factors = (factors if self._binary else factors / max(1, span)).astype(np.float32)

    def means(self, columns: np.ndarray, metrics: Sequence[str], categories: Sequence[int] = ()) -> dict[str, np.ndarray]:
        """Mean of each metric under labelings given as columns (M, B): float64, shape (B,) each.

        With `categories` also P@k of the queries of each of them, under the key CLASSES: float64, shape (B, len(categories));
        NaN for one without a relevant target.
        """
        found = {}
        if len(categories) or PRECISION in metrics or any(metric in metrics for metric in LIST_METRICS):
            found = self._of_lists(columns, [metric for metric in metrics if metric in LIST_METRICS], categories)
        if R_PRECISION in metrics:
            self._r_precision = self._r_precision or RPrecisionMeans(self._ranking, self._relevance.counts)
            found[R_PRECISION] = self._r_precision.means(columns)
        return found

    def _of_lists(self, columns, metrics, categories):
        tied = self._ranking.starts is not None
        general = [metric for metric in metrics if metric == AVERAGE_PRECISION and tied
                   or metric == NDCG and not (self._binary or self._linear)]
        found = self._general(columns, general) if general else {}
        rest, size = [metric for metric in metrics if metric not in general], columns.shape[1]
        totals = {name: np.zeros(size) for name in rest} | {category: np.zeros(size) for category in categories}
        for first in range(0, len(columns), _PATIENTS):
            self._add_block(totals, columns, slice(first, first + _PATIENTS))
        for metric in rest:
            found[metric] = totals[metric] / max(1, self._weights.queries(metric))
        if len(categories):
            counts = self._relevance.counts[categories]
            hits = np.stack([totals[category] for category in categories], axis=1) / self._weights.k
            found[CLASSES] = np.divide(hits, counts, out=np.full(hits.shape, np.nan), where=counts >= 2)
        return found

    def _add_block(self, totals, columns, some):
        """Add to the sums over the queries what a slice of them has: of metrics, and of hits by category."""
        ranking, mine = self._ranking, columns[some]
        tied, precise, gained = ranking.starts is not None, AVERAGE_PRECISION in totals, NDCG in totals
        hits = np.zeros(mine.shape, np.float32 if tied else np.uint8 if ranking.k < 256 else np.uint16)
        precision, gain = (np.zeros(mine.shape, np.float32) if wanted else None for wanted in (precise, gained))
        away, same, term = np.empty_like(mine), np.empty(mine.shape, bool), np.empty(mine.shape, np.float32)
        for place in range(ranking.nearest.shape[1]):
            np.take(columns, self._targets[place, some], axis=0, out=away, mode="clip")
            np.equal(away, mine, out=same)
            ones, factors = same.view(np.uint8), self._factors[place, some]
            hits += np.multiply(ones, self._listed[place, some], out=term) if tied else ones
            if precise:
                precision += np.multiply(hits * ones, np.float32(1 / (place + 1)), out=term)
            if gained and not self._binary:
                np.abs(np.subtract(away, mine, out=away), out=away)
                gain -= np.multiply(away, factors, out=term)
            elif gained:
                gain += np.multiply(ones, factors, out=term)
        if gained and not self._binary:
            gain += self._most[some]
        hits = hits.astype(np.float32)
        for name, total in totals.items():
            if name == PRECISION:
                _add_totals(total, hits, 1 / self._weights.k)
            elif name == AVERAGE_PRECISION:
                self._add_weighted(total, precision, mine, self._weights.average_precision, name)
            elif name == NDCG:
                self._add_weighted(total, gain, mine, np.diag(self._weights.ndcg), name)
            else:
                _add_totals(total, hits * (mine == name))

    def _add_weighted(self, total, values, mine, factors, metric):
        """Add to the sum over queries values (rows, B) times a factor per category of the query."""
        used = np.unique(factors[self._weights.asked[metric]])
        if len(used) == 1:                              # queries that are not asked have no relevant target: 0
            _add_totals(total, values, used[0])
        else:
            _add_totals(total, values * factors.astype(np.float32)[mine])

    def _general(self, columns, metrics):
        rows = columns.T
        step = max(1, _ENTRIES // max(1, self._ranking.nearest.size))
        found = {metric: [] for metric in metrics}
        for start in range(0, len(rows), step):
            for metric in metrics:
                total = contributions(rows[start:start + step], self._ranking, self._weights, metric).sum((-2, -1))
                found[metric].append(total / max(1, self._weights.queries(metric)))
        return {metric: np.concatenate(parts) for metric, parts in found.items()}


def _add_totals(total, values, factor=1.0):
    """Add the sum over the patients of float32 values (rows, B), times a factor, to a total, float64, (B,)."""
    for first in range(0, len(values), _EXACT):
        total += values[first:first + _EXACT].sum(0).astype(float) * factor


def query_values(relevance: Relevance, ranking: Ranking, metric: str) -> np.ndarray:
    """Value of a metric for every query: float64, shape (M,) or, for R-precision, (S,); NaN where there is none."""
    if metric == R_PRECISION:
        return r_precision_values(relevance.labels, ranking)
    weights = class_weights(relevance.counts, relevance.gains, ranking.k)
    values = contributions(relevance.labels, ranking, weights, metric).sum(-1)
    return np.where(weights.asked[metric][relevance.labels], values, np.nan)


@dataclass(eq=False)
class Tally:
    """How many labelings reach some observed figures, and how many stay at or below them.

    Parameters
    ----------
    observed : np.ndarray
        float64, shape (F,): the figures; NaN where there is none.
    draw : callable
        ``draw(number, which)`` gives the figures `which` (indices) under the labelings of a chunk: float64, shape (B, W).
    """

    observed: np.ndarray
    draw: Callable[[int, np.ndarray], np.ndarray]
    above: np.ndarray = field(init=False)
    below: np.ndarray = field(init=False)
    seen: np.ndarray = field(init=False)

    def __post_init__(self):
        self.observed = np.asarray(self.observed, float)
        self.above, self.below, self.seen = (np.zeros(len(self.observed), np.int64) for _ in range(3))

    def run(self, count: int, which: np.ndarray | None = None, enough: int = ENOUGH) -> None:
        """Look at labelings up to `count`, of the figures `which` (all by default), until both sides have `enough`."""
        known = ~np.isnan(self.observed)
        which = np.flatnonzero(known if which is None else known & np.isin(np.arange(len(known)), which))
        while len(which := which[(self.seen[which] < count) & ~self._settled(which, enough)]):
            number = int(self.seen[which].min()) // CHUNK
            some = which[self.seen[which] // CHUNK == number]
            done = self.seen[some] - number * CHUNK     # of the chunk, where an earlier run ended within it
            found = self.draw(number, some)[:count - number * CHUNK]
            fresh = np.arange(len(found))[:, None] >= done
            close = SAME * np.maximum(1e-3, np.abs(self.observed[some]))
            self.above[some] += (fresh & (found >= self.observed[some] - close)).sum(0)
            self.below[some] += (fresh & (found <= self.observed[some] + close)).sum(0)
            self.seen[some] += len(found) - done

    def _settled(self, which, enough):
        return np.minimum(self.above[which], self.below[which]) >= enough

    @property
    def p(self) -> np.ndarray:
        """One-sided p values of a figure as large: float64, shape (F,); NaN where none was looked at."""
        return np.where(self.seen > 0, (1 + self.above) / (1 + self.seen), np.nan)

    @property
    def p_below(self) -> np.ndarray:
        """One-sided p values of a figure as small: float64, shape (F,); NaN where none was looked at."""
        return np.where(self.seen > 0, (1 + self.below) / (1 + self.seen), np.nan)


def grow(tallies: Sequence[Tally], families: Sequence[np.ndarray], report=lambda fraction, message="": None) -> None:
    """Add permutations where p is too near its floor to tell whether a test holds after correction.

    A test that q calls no discovery, although fewer than RARE labelings reached its figure, gets four times as many,
    again and again, until it is one, or RARE labelings reached it. At ``RARE / ALPHA`` permutations per test of its family the
    floor decides nothing any more.

    Parameters
    ----------
    tallies : sequence of Tally
    families : sequence of np.ndarray
        For each tally, an integer per figure: figures of the same number are corrected together, -1 for none.
    """
    family = np.concatenate([np.asarray(one) for one in families]) if families else np.empty(0, int)
    owners = np.concatenate([np.full(len(one.observed), number) for number, one in enumerate(tallies)] or [np.empty(0, int)])
    places = np.concatenate([np.arange(len(one.observed)) for one in tallies] or [np.empty(0, int)])
    while True:
        p, above, seen = (np.concatenate([getattr(one, name) for one in tallies] or [np.empty(0)])
                          for name in ("p", "above", "seen"))
        open_ = np.zeros(len(p), bool)
        for number in np.unique(family[family >= 0]):
            mine = np.flatnonzero((family == number) & ~np.isnan(p))
            q = benjamini_hochberg(p[mine])
            open_[mine] = (q > ALPHA) & (above[mine] < RARE) & (seen[mine] < RARE / ALPHA * len(mine))
        if not open_.any():
            return
        for number in np.unique(owners[open_]):
            report(1.0, "More permutations where p is at its floor")
            mine = open_ & (owners == number)
            tallies[number].run(4 * int(seen[mine].max()), places[mine], enough=RARE)


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
