"""The smallest lift that a test of P@k would have found: what "no evidence" leaves open.

Under label permutation the number of neighbors of the same category is a join count. Its mean and variance are known exactly
(Cliff & Ord, "Spatial Processes", 1981; Henze, "A multivariate two-sample test based on the number of nearest neighbor type
coincidences", Ann Stat 1988;16:772), so that no permutation is needed here.
"""
from __future__ import annotations

import numpy as np

from .ranking import Ranking
from .relevance import Relevance

#: quantiles of the normal distribution: of a one-sided test at 5 %, and of a power of 80 %
_ONE_SIDED, _POWER = 1.6448536269514722, 0.8416212335729143


def detectable_lift(relevance: Relevance, ranking: Ranking, chance: float, error: float) -> float:
    """Lift of P@k that a one-sided permutation test at .05 (before correction) finds with a probability of 80 %.

    The test's limit follows from the spread under permutation; how far a true lift scatters around itself, in other samples
    of patients, is more than that: `error`, the standard error of the logarithm of the lift. NaN without a query or spread.
    """
    spread = precision_spread(relevance, ranking)
    if not (spread > 0 and chance > 0 and _POWER * error < 1):
        return np.nan
    return (1 + _ONE_SIDED * spread / chance) / (1 - _POWER * error)


def precision_spread(relevance: Relevance, ranking: Ranking) -> float:
    """Exact standard deviation of mean P@k over all labelings with the same category sizes; NaN without a query."""
    counts, size = relevance.counts.astype(float), len(relevance.labels)
    queries = counts[counts >= 2].sum()
    if size < 4 or not queries:
        return np.nan
    rows, places = np.nonzero(ranking.listed)
    targets, shares = ranking.nearest[rows, places].astype(np.int64), ranking.listed[rows, places]
    pairs = np.unique(np.minimum(rows, targets) * size + np.maximum(rows, targets), return_inverse=True)[1]
    total, both = shares.sum(), np.square(np.bincount(pairs, shares)).sum()
    touching = np.square(np.bincount(rows, shares, size) + np.bincount(targets, shares, size)).sum()
    two, three = (_falling(counts, order).sum() / _falling(size, order) for order in (2, 3))
    pairs_of = _falling(counts, 2)
    apart = (_falling(counts, 4).sum() + pairs_of.sum() ** 2 - np.square(pairs_of).sum()) / _falling(size, 4)
    square = both * two + (touching - 2 * both) * three + (total ** 2 - touching + both) * apart
    return float(np.sqrt(max(0.0, square - (total * two) ** 2)) / queries / ranking.k)


def _falling(number, order):
    """number (number - 1) ... of that many factors."""
    result = 1.0
    for step in range(order):
        result = result * (number - step)
    return result
