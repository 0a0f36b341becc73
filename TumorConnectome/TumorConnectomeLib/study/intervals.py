"""95 % intervals of study figures, had other queries, and where there are several, other readers been drawn.

A figure is a mean over queries. Its variance has the part that queries bring, and the part that readers bring to all queries
alike. Both hold the noise of single answers, which counts once. Resampling readers and queries at once counts it three times
(Owen, "The pigeonhole bootstrap", Ann Appl Stat 2007;1:386). So figures that are means over answers are taken apart as a
crossed table of readers and queries, and limits are by Student's t with the degrees of freedom of multi-reader studies of
diagnostic accuracy (Hillis, "A comparison of denominator degrees of freedom methods for multiple observer ROC analysis",
Stat Med 2007;26:596): three readers say little about others. A kappa between readers, a mean over pairs of them, becomes such
a table by the jackknife over readers, as in Dorfman, Berbaum & Metz, Invest Radiol 1992;27:723.

A majority is no mean over readers, and the jackknife fails for it. There whole panels of readers are resampled, and only the
covariance between queries is taken from them: what a reader does in one query says nothing about other readers.

When every query gives the same value, resampling gives no width. Then the limits are what a share of queries with any other
value could do, up to the exact binomial bound for such queries (Clopper & Pearson, 1934): 25 of 25 queries leave up to 14 %.
"""
from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
#: resampled panels of readers
PANELS = 1000
#: resamples of queries for a median
RESAMPLES = 2000
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t, 0.5 < probability < 1, for any positive degrees of freedom.

    With ``t = sqrt(freedom) tan(a)`` the density is ``cos(a) ** (freedom - 1)``, which is smooth, so Gauss' rule is exact to
    1e-12; the angle is found by bisection.
    """
    if freedom > 1e6:
        return NormalDist().inv_cdf(probability)
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    low, high = 0.0, math.pi / 2
    for _step in range(60):
        angle = (low + high) / 2
        nodes = angle * (_NODES + 1) / 2
        area = scale * angle / 2 * float(_WEIGHTS @ np.cos(nodes) ** (freedom - 1))
        low, high = (angle, high) if area < probability - 0.5 else (low, angle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def panel_weights(readers: int, seed: int, panels: int = PANELS) -> np.ndarray:
    """How often each reader is in each resampled panel: float64, shape (panels, readers); rows sum to `readers`."""
    random = np.random.default_rng([seed, 3])
    return random.multinomial(readers, np.full(readers, 1 / readers), size=panels).astype(float)


def reader_variance(values: np.ndarray, weights: np.ndarray, readers: int) -> float:
    """Variance of a mean over queries that other readers would bring to all queries alike.

    Parameters
    ----------
    values, weights : np.ndarray
        float64, shape (panels, Q): the figure of each query by resampled panels, and its weight in the mean; NaN and 0 where
        a panel has no figure for a query.
    readers : int
        R readers of whom the panels were drawn.

    Returns
    -------
    float
        0 with a single reader, or when readers differ no more than single answers do.
    """
    totals = weights.sum(1)
    kept = totals > 0
    if readers < 2 or kept.sum() < 2:
        return 0.0
    shares = weights[kept] / totals[kept, None]
    present = np.where(weights[kept] > 0, values[kept], 0.0)
    counts = (weights[kept] > 0).sum(0)
    means = present.sum(0) / np.maximum(counts, 1)
    deviations = np.where(weights[kept] > 0, values[kept] - means, 0.0) * shares
    together, single = deviations.sum(1), (deviations ** 2).sum(1)
    return readers / (readers - 1) * max(0.0, float((together ** 2 - single).mean()))


def mean_interval(values: np.ndarray, weights: np.ndarray, limits: tuple[float, float], among_readers: float = 0.0,
                  readers: int = 1) -> tuple[float, float]:
    """95 % interval of a weighted mean over queries.

    Parameters
    ----------
    values, weights : np.ndarray
        float64, shape (Q,): the figure of each query; weights are positive.
    limits : tuple of float
        Smallest and largest possible figure.
    among_readers : float
        See `reader_variance`; `readers` are those it comes from.

    Returns
    -------
    tuple of float
        NaN without queries.
    """
    count = len(values)
    if not count:
        return float("nan"), float("nan")
    mean = float(values @ weights / weights.sum())
    if among_readers == 0 and np.ptp(values) < 1e-12:
        other = 1 - ((1 - LEVEL) / 2) ** (1 / count)
        return mean - other * (mean - limits[0]), mean + other * (limits[1] - mean)
    if count < 2:
        return limits
    among_queries = count / (count - 1) * float((weights ** 2 @ (values - mean) ** 2) / weights.sum() ** 2)
    variance = among_queries + among_readers
    freedom = variance ** 2 / (among_queries ** 2 / (count - 1) + among_readers ** 2 / max(readers - 1, 1))
    width = t_quantile((1 + LEVEL) / 2, freedom) * math.sqrt(variance)
    return max(limits[0], mean - width), min(limits[1], mean + width)


def crossed_interval(values: np.ndarray, known: np.ndarray, weights: np.ndarray, mean: float,
                     limits: tuple[float, float]) -> tuple[float, float]:
    """95 % interval of a mean over a crossed table of readers and queries, for other readers and other queries.

    Parameters
    ----------
    values : np.ndarray
        float64, shape (R, Q): the figure of each reader's answer, or a pseudo-value.
    known : np.ndarray
        bool, shape (R, Q): where there is one, at least one in each query. The others are taken as the query's mean and the
        reader's mean deviation from it, and are no degrees of freedom.
    weights : np.ndarray
        float64, shape (Q,), positive: of the queries in the mean.
    mean : float
        The figure.
    limits : tuple of float
        Smallest and largest possible figure.
    """
    present = known.any(1)                              # a reader without any says nothing about readers
    values, known = values[present], known[present]
    readers, queries = values.shape
    of_query = np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    if readers < 2 or queries < 2 or not known.any() or np.ptp(np.where(known, values, mean)) < 1e-12:
        return mean_interval(of_query, weights, limits)
    deviations = np.where(known, values - of_query, 0.0).sum(1) / known.sum(1)
    table, shares = np.where(known, values, of_query + deviations[:, None]), weights / weights.sum()
    by_reader, by_query, center = table @ shares, table.mean(0), float(table.mean(0) @ shares)
    rest = table - by_reader[:, None] - by_query + center
    free = max(1, int(known.sum()) - readers - queries + 1)
    of_readers = float(by_reader.var(ddof=1)) / readers
    of_queries = queries / (queries - 1) * float(shares ** 2 @ (by_query - center) ** 2)
    of_answers = queries / readers / free * float((rest ** 2).sum(0) @ shares ** 2)
    more = max(0.0, of_queries - of_answers)            # beyond the noise that the readers' part holds already
    variance = of_readers + more
    if variance <= 0:
        return mean_interval(of_query, weights, limits)
    freedom = variance ** 2 / (of_readers ** 2 / (readers - 1) + more ** 2 / (queries - 1))
    width = t_quantile((1 + LEVEL) / 2, freedom) * math.sqrt(variance)
    return max(limits[0], mean - width), min(limits[1], mean + width)


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share of independent queries: Wilson, J Am Stat Assoc 1927;22:209; NaN without queries."""
    if not total:
        return float("nan"), float("nan")
    z, share = NormalDist().inv_cdf((1 + LEVEL) / 2), count / total
    center = (share + z * z / (2 * total)) / (1 + z * z / total)
    width = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, center - width), min(1.0, center + width)


def median_interval(values: np.ndarray, seed: int) -> tuple[float, float]:
    """95 % interval of the median of times (R, Q), NaN where there is none, by resampling queries; NaN for fewer than two."""
    known = values[:, ~np.isnan(values).all(0)]
    if known.shape[1] < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng([seed, 4]).integers(known.shape[1], size=(RESAMPLES, known.shape[1]))
    medians = np.nanmedian(known[:, drawn], axis=(0, 2))
    return tuple(float(limit) for limit in np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
