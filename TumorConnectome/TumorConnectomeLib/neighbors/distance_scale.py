"""What a distance means within its model: the percent of patient pairs that are farther apart.

Of up to 8 million pairs every distance is kept. Of more pairs, a sample of 4 million is drawn and its quantiles are kept,
which are dense toward both ends because near neighbors lie there.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .blas_threads import one_thread_per_product
from .exact_cosine import distances_of_parts, split

#: pairs above which quantiles are kept instead of every distance
EXACT_PAIRS = 1 << 23
#: pairs that are drawn when there are more than EXACT_PAIRS
SAMPLED_PAIRS = 1 << 22
#: rows that are compared with the same others when pairs are drawn
_SAMPLED_ROWS = 32
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


def _quantiles(ascending):
    """Quantiles of sorted distances at SHARES, by linear interpolation as numpy.quantile, which takes much longer."""
    places = SHARES * (len(ascending) - 1)
    below = places.astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    return ascending[below] + (places - below) * (ascending[above] - ascending[below])


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
    found, memory = [], None
    for first in range(0, count, _SAMPLED_ROWS):
        rows = np.arange(first, min(first + _SAMPLED_ROWS, count))
        others = edges[:-1] + (random.random_sample(width) * np.diff(edges)).astype(np.int64)
        fixed = fixed_of(others)
        if memory is None:
            memory = np.empty_like(fixed), np.empty_like(fixed)
        distances = distances_of_parts(*split(fixed_of(rows)), *split(fixed, memory))
        found.append(distances[rows[:, None] != others])
    return DistanceScale(_quantiles(np.sort(np.concatenate(found))), SHARES)
