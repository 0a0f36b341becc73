"""What a distance means within its model: the percent of patient pairs that are farther apart.

Of up to 8 million pairs every distance is kept. Of more pairs, a sample of 4 million is drawn and its quantiles are kept,
which are dense toward both ends because near neighbors lie there.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .blas_threads import one_thread_per_product
from .exact_cosine import candidate_distances, exact_distances, rounded_distances, rounding_margin

#: pairs above which quantiles are kept instead of every distance
EXACT_PAIRS = 1 << 23
#: pairs that are drawn when there are more than EXACT_PAIRS
SAMPLED_PAIRS = 1 << 22
#: rows that are compared with the same others when pairs are drawn
_SAMPLED_ROWS = 32
#: buckets of distances, by which few are found quickly, and distances that are looked at together
_BUCKETS = 1 << 16
#: distances with larger errors (of vectors with more than some 1,500 components), in steps of 1e-12, are computed exactly
_MOST_MARGIN = 0.25
#: pairs that are computed exactly at once
_EXACT_AT_ONCE = 4096
_TAIL = np.logspace(-6, -2, 97)
#: shares of pairs, ascending from 0 to 1, whose distances a table of quantiles holds
SHARES = np.unique(np.concatenate([[0.0, 1.0], _TAIL, np.linspace(0.01, 0.99, 809), 1.0 - _TAIL]))


class DistanceScale:
    """What a distance means within one model: the percent of its patient pairs that are farther apart.

    Parameters
    ----------
    distances : np.ndarray
        float64, shape (P,): all pairwise distances, each pair once, in any order; or, with `shares`, quantiles, ascending.
    shares : np.ndarray, optional
        float64, shape (P,): the share of pairs, 0..1 ascending, that are at most as far apart as each quantile.
    """

    def __init__(self, distances: np.ndarray, shares: np.ndarray | None = None):
        self.shares = None if shares is None else np.asarray(shares, float)
        self._sorted = np.sort(np.asarray(distances, float))

    def percentile(self, distances: np.ndarray) -> np.ndarray:
        """Percent of pairs strictly farther apart than each distance, 0..100 (50: as a random pair); NaN without pairs."""
        if not len(self._sorted):
            return np.full(np.shape(distances), np.nan)
        if self.shares is None:
            closer = np.searchsorted(self._sorted, distances, side="right")
            return 100.0 * (len(self._sorted) - closer) / len(self._sorted)
        # of equal quantiles the last one counts: pairs at the same distance are not farther apart
        last = np.append(self._sorted[1:] != self._sorted[:-1], True)
        return 100.0 * (1.0 - np.interp(distances, self._sorted[last], self.shares[last], left=0.0, right=1.0))

    def quantiles(self) -> tuple[np.ndarray, np.ndarray]:
        """A table of about 1,000 quantiles: shares of pairs, and the distance that each share does not exceed; (S,) each."""
        if self.shares is not None:
            return self.shares, self._sorted
        if not len(self._sorted):
            return np.empty(0), np.empty(0)
        return SHARES, _quantiles(self._sorted)


def scale_of_pairs(distances: np.ndarray) -> DistanceScale:
    """A DistanceScale of pairwise distances (P,), thinned to quantiles when there are more than EXACT_PAIRS."""
    if len(distances) > EXACT_PAIRS:
        return DistanceScale(_quantiles(np.sort(distances)), SHARES)
    return DistanceScale(distances)


def _quantiles(ascending, of=lambda distances: distances):
    """Quantiles of sorted distances at SHARES, by linear interpolation as numpy.quantile, which takes much longer."""
    below, above, weight = _places(len(ascending))
    low, high = of(ascending[below]), of(ascending[above])
    return low + weight * (high - low)


def _places(count):
    """Between which two of sorted distances the quantiles at SHARES lie, and where between them."""
    places = SHARES * (count - 1)
    below = places.astype(np.int64)
    return below, np.minimum(below + 1, count - 1), places - below


@one_thread_per_product()
def sampled_scale(count: int, fixed_of: Callable[[np.ndarray], np.ndarray]) -> DistanceScale:
    """A DistanceScale from SAMPLED_PAIRS pairs of very many patients.

    Every patient is in the sample equally often: groups of 32 are each compared with others drawn one from every stretch of
    the rows (a stratified sample, the same in every run). By the Dvoretzky-Kiefer-Wolfowitz inequality percentiles from 4
    million independent pairs are within 0.08 of a percentage point with 99 % confidence; pairs that share a patient make
    that about 0.1 in a cohort of distinct groups.

    Parameters
    ----------
    count : int
        N patients.
    fixed_of : callable
        Gives the vectors of an index array (M,) in the form of `exact_cosine.fixed_point`.
    """
    random = np.random.RandomState(20240229)            # its stream is frozen, other than that of np.random.Generator
    width = min(count - 1, -(-SAMPLED_PAIRS // count))
    edges = np.linspace(0, count, width + 1).astype(np.int64)
    found, drawn = np.empty((count, width)), []
    rough = rounding_margin(len(fixed_of(np.arange(1))[0])) < _MOST_MARGIN
    for first in range(0, count, _SAMPLED_ROWS):
        rows = np.arange(first, min(first + _SAMPLED_ROWS, count))
        others = edges[:-1] + (random.random_sample(width) * np.diff(edges)).astype(np.int64)
        own, fixed = fixed_of(rows), fixed_of(others)
        found[rows] = np.where(rows[:, None] == others, np.inf, 1.0 - own @ fixed.T if rough else exact_distances(own, fixed))
        drawn.append(others)
    if rough:
        _make_exact(found, np.stack(drawn), fixed_of)
    ascending = found.ravel()
    ascending.sort()
    return DistanceScale(_quantiles(ascending[:np.searchsorted(ascending, np.inf)], rounded_distances), SHARES)


def _make_exact(found, drawn, fixed_of):
    """Make exact what the quantiles need, of the distances `found` (N, width) of sampled pairs from products with rounding.

    An order statistic moves by no more than its numbers do. So where one is not close to the middle between two steps of
    1e-12, the exact one is rounded to the same step; where it is, the pairs that are as close to it are computed exactly.
    """
    ascending = np.sort(found, axis=None)
    below, above, _weight = _places(np.searchsorted(ascending, np.inf))
    steps = 1e12 * ascending[np.union1d(below, above)]
    margin = rounding_margin(len(fixed_of(np.arange(1))[0]))
    middles = np.unique(np.floor(steps[np.abs(steps - np.rint(steps)) >= 0.5 - margin]) + 0.5)
    pair = _close_to(found.ravel(), middles / 1e12, margin / 1e12)
    for first in range(0, len(pair), _EXACT_AT_ONCE):
        row, place = np.divmod(pair[first:first + _EXACT_AT_ONCE], found.shape[1])
        others = drawn[row // _SAMPLED_ROWS, place]
        found[row, place] = candidate_distances(fixed_of(row), others[:, None], fixed_of)[:, 0]


def _close_to(values, middles, margin):
    """Places of values (V,) that lie within the margin of one of the middles, which ascend; infinity lies nowhere."""
    if not len(middles):
        return np.empty(0, np.int64)
    low = middles[0] - margin
    scale = min(_BUCKETS / (middles[-1] + margin - low), 0.4 / margin)     # two buckets hold all that is close to a middle

    def bucket(distances):
        return np.clip((distances - low) * scale, 0, _BUCKETS).astype(np.int32)

    flagged = np.zeros(_BUCKETS + 1, bool)              # tells most that do not
    for end in (-margin, margin):
        flagged[bucket(middles + end)] = True
    found = []
    for first in range(0, len(values), _BUCKETS):
        place = first + np.flatnonzero(flagged[bucket(values[first:first + _BUCKETS])])
        some, after = values[place], np.searchsorted(middles, values[place])
        distance = np.minimum(np.abs(some - middles[np.minimum(after, len(middles) - 1)]),
                              np.abs(some - middles[np.maximum(after - 1, 0)]))
        found.append(place[distance <= margin])
    return np.concatenate(found)
