"""R-precision: the precision at R, the number of relevant targets, computed from whole rankings.

Its lists are as long as a category is large, so they are never written down: for a category of n patients the matrix T
marks the first n - 1 targets of every query, and ``y' T y`` with the category's indicator y counts all of its hits at once.
One matrix product then evaluates many labelings.
"""
from __future__ import annotations

import numpy as np

from .ranking import Ranking

#: queries whose contributions are in memory at once
_ROWS = 256


def r_precision_values(labels: np.ndarray, ranking: Ranking) -> np.ndarray:
    """R-precision of every sampled query: float64, shape (S,); NaN without a relevant target."""
    values = np.full(len(ranking.sampled), np.nan)
    for rows, shares in _shares(labels, ranking):
        values[rows] = shares.sum(1)
    return values


def r_precision_means(labelings: np.ndarray, ranking: Ranking, counts: np.ndarray) -> np.ndarray:
    """Mean R-precision of the sampled queries under each labeling.

    Parameters
    ----------
    labelings : np.ndarray
        Integer, shape (B, M), all with the same number of patients per category.
    ranking : Ranking
    counts : np.ndarray
        int64, shape (C,): patients per category.

    Returns
    -------
    np.ndarray
        float64, shape (B,); NaN where no sampled query has a relevant target.
    """
    hits, queries = np.zeros(len(labelings)), np.zeros(len(labelings))
    for category in np.flatnonzero(counts >= 2):
        relevant = counts[category] - 1
        members = (labelings == category).T.astype(np.float32)             # float32 counts exactly up to 2^24
        first = (ranking.ranks < relevant).astype(np.float32)
        asked = members[ranking.sampled]
        hits += ((first @ members) * asked).sum(0, dtype=float) / relevant
        queries += asked.sum(0, dtype=float)
    return np.divide(hits, queries, out=np.full(len(hits), np.nan), where=queries > 0)


def r_precision_shares(labels: np.ndarray, ranking: Ranking, mean: float) -> tuple[np.ndarray, np.ndarray, float]:
    """How far queries and targets pull R-precision from its mean; see `intervals.Pull`.

    Returns
    -------
    as_query : np.ndarray
        float64, shape (M,): value less mean of the sampled queries that have a value, else 0.
    as_target : np.ndarray
        float64, shape (M,): sum of what a patient adds to the queries of others, less what any target would add.
    pairs : float
        Sum of squares over unordered pairs of patients.
    """
    as_query, as_target = np.zeros(len(labels)), np.zeros(len(labels))
    among = np.zeros((len(ranking.sampled), len(ranking.sampled)), np.float32)
    squares = 0.0
    for rows, shares in _shares(labels, ranking):
        listed = ranking.ranks[rows] < _relevant(labels, ranking.sampled[rows])[:, None]
        shares = shares - listed * (mean / np.maximum(1, listed.sum(1)))[:, None]
        as_query[ranking.sampled[rows]] = shares.sum(1)
        as_target += shares.sum(0)
        squares += np.square(shares).sum()
        among[rows] = shares[:, ranking.sampled]
    return as_query, as_target, float(squares + (among * among.T).sum(dtype=float))


def _relevant(labels, queries):
    return np.bincount(labels)[labels[queries]] - 1


def _shares(labels, ranking):
    """Yield rows of the sampled queries that have a relevant target, and what each target adds to them: (rows, M)."""
    relevant = _relevant(labels, ranking.sampled)
    asked = np.flatnonzero(relevant)
    for start in range(0, len(asked), _ROWS):
        rows = asked[start:start + _ROWS]
        hits = (ranking.ranks[rows] < relevant[rows][:, None]) & (labels == labels[ranking.sampled[rows]][:, None])
        yield rows, hits / relevant[rows][:, None]
