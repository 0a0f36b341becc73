"""Bins of a numeric column: limits at round numbers or at quantiles, and their names. Pure numpy."""
from __future__ import annotations

import math

import numpy as np

#: positive values that span more than this ratio (2nd to 98th percentile) are shown on a logarithmic scale
LOGARITHMIC_FROM = 30.0
#: that many bins of round numbers at most
MOST_BINS = 7
_MANTISSAS = (1.0, 2.0, 5.0)


def is_logarithmic(values: np.ndarray) -> bool:
    """Whether numbers are better told apart by their ratio: all positive, and spread over more than LOGARITHMIC_FROM."""
    if not len(values) or values.min() <= 0:
        return False
    low, high = np.quantile(values, [0.02, 0.98])
    return bool(high > LOGARITHMIC_FROM * low)


def round_edges(values: np.ndarray, logarithmic: bool = False) -> tuple[float, ...]:
    """Limits of 1 to MOST_BINS bins at round numbers that hold all values.

    Parameters
    ----------
    values : np.ndarray
        float64, shape (M,), finite, at least one.
    logarithmic : bool
        Limits at 1, 2, 5, 10, ... or at powers of ten instead of at equal steps of 1, 2 or 5 times a power of ten.

    Returns
    -------
    tuple of float
        Ascending, one more than bins.
    """
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        candidates = (_log_grid(low, high, mantissas) for mantissas in (_MANTISSAS, (1.0, 3.0), (1.0,)))
        return next((grid for grid in candidates if len(grid) <= MOST_BINS + 1), None) or _thinned(_log_grid(low, high, (1.0,)))
    power = math.floor(math.log10((high - low) or abs(high) or 1.0)) - 1
    steps = [mantissa * 10.0 ** (power + extra) for extra in range(3) for mantissa in _MANTISSAS]
    for step in steps:
        first = math.floor(low / step)
        last = max(math.ceil(high / step), first + 1)
        if last - first <= MOST_BINS:
            break
    edges = [float(f"{number * step:.12g}") for number in range(first, last + 1)]
    return (min(edges[0], low), *edges[1:-1], max(edges[-1], high))     # 12 digits may not reach around them


def quantile_edges(values: np.ndarray, count: int = 4) -> tuple[float, ...]:
    """Limits of bins with about as many values each: the quantiles; fewer bins where values repeat.

    Parameters
    ----------
    values : np.ndarray
        float64, shape (M,), finite, at least one.
    count : int
        Bins at most.
    """
    edges = np.unique(np.quantile(values, np.arange(count + 1) / count, method="inverted_cdf"))
    return tuple(edges.tolist()) if len(edges) > 1 else (float(edges[0]), float(edges[0]))


def bin_of(values: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Bin of each value: int64, shape (N,), -1 for NaN. A limit belongs to the bin above it, the last one to the last bin."""
    found = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    return np.where(np.isnan(values), -1, found)


def bin_names(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Names of the bins, "10 to 20", with as many digits as tell the limits apart; whole limits as they are."""
    digits = next((digits for digits in range(3, 16) if len({f"{edge:.{digits}g}" for edge in edges}) == len(set(edges))), 16)
    shown = [_shown(edge, digits) for edge in edges]
    return tuple(low if low == high else f"{low} to {high}" for low, high in zip(shown, shown[1:]))


def _shown(edge, digits):
    """A limit without an exponent where it is readable: a year is 1933, not 1.93e+03."""
    if edge == round(edge) and abs(edge) < 1e6:
        return str(int(edge))
    rounded = float(f"{edge:.{digits}g}")
    return f"{rounded:.15g}" if 1e-4 <= abs(rounded) < 1e15 else f"{edge:.{digits}g}"


def _log_grid(low, high, mantissas):
    """The finest run of mantissa times power of ten that encloses low..high."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high)) + 1
    grid = [float(f"{mantissa * 10.0 ** power:.3g}") for power in range(first, last + 1) for mantissa in mantissas]
    start = max(place for place, edge in enumerate(grid) if edge <= low)
    end = min(place for place, edge in enumerate(grid) if edge >= high and place > start)
    return tuple(grid[start:end + 1])


def _thinned(grid):
    """Every n-th limit, so that MOST_BINS bins are left at most."""
    step = math.ceil((len(grid) - 1) / MOST_BINS)
    kept = grid[::step]
    return kept if kept[-1] == grid[-1] else (*kept, grid[-1])
