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
#: categories of that many patients are counted pair by pair, larger ones by a matrix product
_FEW = 12
#: as `intervals.FEW_QUERIES`; more of them, because the lists of a rare category are short, too
_FEW_QUERIES = 30


def r_precision_values(labels: np.ndarray, ranking: Ranking) -> np.ndarray:
    """R-precision of every sampled query: float64, shape (S,); NaN without a relevant target."""
    values = np.full(len(ranking.sampled), np.nan)
    for rows, shares in _shares(labels, ranking):
        values[rows] = shares.sum(1)
    return values


class RPrecisionMeans:
    """Mean R-precision of the sampled queries under many labelings of the same category sizes.

    Parameters
    ----------
    ranking : Ranking
    counts : np.ndarray
        int64, shape (C,): patients per category.
    """

    def __init__(self, ranking: Ranking, counts: np.ndarray):
        self._ranking, self._counts = ranking, counts
        self._asked = np.flatnonzero(counts >= 2)
        self._whole = len(ranking.sampled) == counts.sum()
        self._first: dict[int, np.ndarray] = {}
        self._pair = self._pair_form() if self._whole and len(self._asked) == 2 == np.count_nonzero(counts) else None

    def _marks(self, category):
        """float32, shape (S, M): share of the first R places that each target takes, over R."""
        if category not in self._first:
            relevant = int(self._counts[category]) - 1
            marks = self._ranking.first(slice(None), relevant).astype(np.float32)
            np.divide(marks, np.float32(relevant), out=marks)
            if not self._whole:
                return marks                            # several hundred MB for large cohorts: not kept
            self._first[category] = marks
        return self._first[category]

    def _pair_form(self):
        """With two categories the indicator of one is 1 minus that of the other: one matrix for both."""
        one, other = (self._marks(category).astype(float) for category in self._asked)
        self._first.clear()
        return (one + other).astype(np.float32), other.sum(0) + other.sum(1), float(other.sum())

    def means(self, columns: np.ndarray) -> np.ndarray:
        """Means under labelings given as columns of an integer array (M, B): float64, shape (B,); NaN without a query."""
        sampled = self._ranking.sampled
        if self._pair is not None:
            both, linear, constant = self._pair
            members = (columns == self._asked[0]).astype(np.float32)
            quadratic = np.einsum("ij,ij->j", both @ members, members, dtype=float)
            return (quadratic - linear @ members + constant) / self._counts[self._asked].sum()
        total, queries = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
        for category in self._asked:
            if self._whole and self._counts[category] <= _FEW:
                total += self._of_few(columns, category)
                queries += self._counts[category]
                continue
            members = (columns == category).astype(np.float32)
            asked = members if self._whole else members[sampled]
            total += np.einsum("ij,ij->j", self._marks(category) @ members, asked, dtype=float)
            queries += asked.sum(0, dtype=float)
        return np.divide(total, queries, out=np.full(len(total), np.nan), where=queries > 0)

    def _of_few(self, columns, category):
        members = np.nonzero(category == columns.T)[1].reshape(columns.shape[1], -1)
        marks = self._marks(category)
        return marks[members[:, :, None], members[:, None, :]].sum((1, 2), dtype=float)


def r_precision_means(labelings: np.ndarray, ranking: Ranking, counts: np.ndarray) -> np.ndarray:
    """Mean R-precision under each row of `labelings` (B, M): float64, shape (B,); see `RPrecisionMeans`."""
    return RPrecisionMeans(ranking, counts).means(np.ascontiguousarray(labelings.T))


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
    squares, usual = 0.0, _usual(labels, ranking, mean)
    for rows, shares in _shares(labels, ranking):
        queries = ranking.sampled[rows]
        relevant = _relevant(labels, queries)
        as_query[queries] = shares.sum(1) - mean
        shares = shares - ranking.first(rows, relevant) * (usual[labels[queries]] / np.maximum(1, relevant))[:, None]
        as_target += shares.sum(0)
        squares += np.square(shares).sum()
        among[rows] = shares[:, ranking.sampled]
    return as_query, as_target, float(squares + (among * among.T).sum(dtype=float))


def _usual(labels, ranking, mean):
    """R-precision of the queries of each category, drawn to the mean of all: float64, shape (C,)."""
    values = r_precision_values(labels, ranking)
    asked = np.flatnonzero(~np.isnan(values))
    mine, count = labels[ranking.sampled[asked]], labels.max() + 1
    sums = np.bincount(mine, values[asked], count)
    return (sums + _FEW_QUERIES * mean) / (np.bincount(mine, minlength=count) + _FEW_QUERIES)


def _relevant(labels, queries):
    return np.bincount(labels)[labels[queries]] - 1


def _shares(labels, ranking):
    """Yield rows of the sampled queries that have a relevant target, and what each target adds to them: (rows, M)."""
    relevant = _relevant(labels, ranking.sampled)
    asked = np.flatnonzero(relevant)
    for start in range(0, len(asked), _ROWS):
        rows = asked[start:start + _ROWS]
        hits = ranking.first(rows, relevant[rows]) * (labels == labels[ranking.sampled[rows]][:, None])
        yield rows, hits / relevant[rows][:, None]
