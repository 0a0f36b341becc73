"""R-precision: the precision at R, the number of relevant targets, computed from whole rankings.

Its lists are as long as a category is large, so they are never written down: for a category of n patients the matrix T
marks the first n - 1 targets of every query, and ``y' T y`` with the category's indicator y counts all of its hits at once.
One matrix product then evaluates many labelings.
"""
from __future__ import annotations

import numpy as np

from ..neighbors.blas_threads import one_thread_per_product
from .ranking import Ranking

#: queries that are looked at in one go, so few that their sum fits into a byte
_ROWS = 255
#: categories of that many patients are counted pair by pair, larger ones by a matrix product
_FEW = 24
#: where not all queries are looked at, the same for categories of up to this share of the patients
_FEW_SHARE = 0.07
#: so many marks of a category at most are kept
_KEPT_MARKS = 1 << 18


def r_precision_values(labels: np.ndarray, ranking: Ranking) -> np.ndarray:
    """R-precision of every sampled query: float64, shape (S,); NaN without a relevant target."""
    values = np.full(len(ranking.sampled), np.nan)
    for _category, rows, members in _queries(labels, ranking):
        relevant = len(members) - 1
        values[rows] = ranking.first(rows, relevant)[:, members].sum(1) / relevant
    return values


class RPrecisionMeans:
    """Mean R-precision of the sampled queries under many labelings of the same category sizes.

    Hits of a category are ``y' T y`` (see above), by a matrix product. Where it has few patients its pairs are looked up one by
    one; where it has nearly all of them, those of the few others are, and the rest follows from the sums of T.

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
        self._listed: dict[int, np.ndarray] = {}
        two, exact = len(self._asked) == 2 == np.count_nonzero(counts), ranking.rank_sizes is None
        self._pair = self._pair_form() if self._whole and two else None
        self._joined = two and exact and not self._whole and counts[self._asked].min() > _FEW_SHARE * counts.sum()
        self._place = np.full(int(counts.sum()), -1)
        self._place[ranking.sampled] = np.arange(len(ranking.sampled))

    def _marks(self, category, rows=slice(None), out=None):
        """float32, shape (S, M): share of the first R places that each target takes, over R; in `out` if there is room."""
        if category in self._first:
            return self._first[category][rows]
        relevant = int(self._counts[category]) - 1
        first = self._ranking.first(rows, relevant)
        marks = np.empty(first.shape, np.float32) if out is None else out[:len(first)]
        np.multiply(first, np.float32(1), out=marks, casting="same_kind")
        np.divide(marks, np.float32(relevant), out=marks)
        if self._whole and marks.size <= _KEPT_MARKS:   # of larger cohorts all of them are several hundred MB
            self._first[category] = marks
        return marks

    def _pair_form(self):
        """With two categories the indicator of one is 1 minus that of the other: one matrix for both."""
        one, other = (self._marks(category).astype(float) for category in self._asked)
        self._first.clear()
        return (one + other).astype(np.float32), other.sum(0) + other.sum(1), float(other.sum())

    @one_thread_per_product()                           # threads wait for each other longer than these products take
    def means(self, columns: np.ndarray) -> np.ndarray:
        """Means under labelings given as columns of an integer array (M, B): float64, shape (B,); NaN without a query."""
        if self._pair is not None:
            both, linear, constant = self._pair
            members = (columns == self._asked[0]).astype(np.float32)
            quadratic = np.einsum("ij,ij->j", both @ members, members, dtype=float)
            return (quadratic - linear @ members + constant) / self._counts[self._asked].sum()
        if self._joined:
            total = self._of_both(columns)
        else:
            total = sum((self._hits(columns, category) for category in self._asked), np.zeros(columns.shape[1]))
        if self._whole:
            queries = np.full(columns.shape[1], float(self._counts[self._asked].sum()))
        else:
            sampled = columns[self._ranking.sampled]
            queries = sum(((sampled == category).sum(0, dtype=float) for category in self._asked), np.zeros(columns.shape[1]))
        return np.divide(total, queries, out=np.full(columns.shape[1], np.nan), where=queries > 0)

    def _hits(self, columns, category):
        """Sum over the queries of a category of their R-precision: float64, shape (B,)."""
        count, size = int(self._counts[category]), int(self._counts.sum())
        if self._whole:
            return self._of_few(columns, category) if count <= _FEW else self._product(columns, category)
        exact = self._ranking.rank_sizes is None
        if exact and count <= _FEW_SHARE * size:
            return self._looked_up(columns == category, category)
        if exact and size - count <= _FEW_SHARE * size:
            others, relevant = columns != category, count - 1
            of_queries = others[self._ranking.sampled].sum(0, dtype=float)
            all_pairs = len(self._ranking.sampled) - of_queries - self._column_sums(category) @ others / relevant
            return all_pairs + self._looked_up(others, category)
        return self._product(columns, category)

    def _product(self, columns, category):
        members, sampled = (columns == category).astype(np.float32), self._ranking.sampled
        if self._whole:
            return np.einsum("ij,ij->j", self._marks(category) @ members, members, dtype=float)
        total, memory = np.zeros(columns.shape[1]), np.empty((_ROWS, len(columns)), np.float32)
        for start in range(0, len(sampled), _ROWS):
            rows = slice(start, start + _ROWS)
            marks = self._marks(category, rows, memory)
            total += np.einsum("ij,ij->j", marks @ members, members[sampled[rows]], dtype=float)
        return total

    def _of_both(self, columns):
        """As `_pair_form`, block by block."""
        (one, other), sampled = self._asked, self._ranking.sampled
        members, total = (columns == one).astype(np.float32), np.zeros(columns.shape[1])
        memory = np.empty((2, _ROWS, len(columns)), np.float32)
        for start in range(0, len(sampled), _ROWS):
            rows = slice(start, start + _ROWS)
            marks = self._marks(one, rows, memory[0])
            marks += self._marks(other, rows, memory[1])
            total += np.einsum("ij,ij->j", marks @ members, members[sampled[rows]], dtype=float)
        rest = len(sampled) - members[sampled].sum(0, dtype=float)
        return total + rest - self._column_sums(other) @ members / (int(self._counts[other]) - 1)

    def _of_few(self, columns, category):
        members = np.nonzero(category == columns.T)[1].reshape(columns.shape[1], -1)
        places = members[:, :, None], members[:, None, :]
        if self._ranking.rank_sizes is not None:
            return self._marks(category)[places].sum((1, 2), dtype=float)
        relevant = int(self._counts[category]) - 1
        return np.count_nonzero(self._ranking.ranks[places] < relevant, axis=(1, 2)) / relevant

    def _looked_up(self, chosen, category):
        """Sum of T over pairs of the patients chosen (bool, (M, B)), the first a sampled query: float64, shape (B,)."""
        relevant, found = int(self._counts[category]) - 1, np.zeros(chosen.shape[1])
        ranks, width = self._ranking.ranks.ravel(), self._ranking.ranks.shape[1]
        for number, mine in enumerate(np.ascontiguousarray(chosen.T)):
            members = np.flatnonzero(mine)
            rows = self._place[members]
            rows = rows[rows >= 0]
            found[number] = np.count_nonzero(ranks.take(rows[:, None] * width + members, mode="clip") < relevant)
        return found / relevant

    def _column_sums(self, category):
        """In how many queries' first R places each target is: float64, shape (M,)."""
        if category not in self._listed:
            ranks, relevant = self._ranking.ranks, int(self._counts[category]) - 1
            self._listed[category] = sum((ranks[start:start + _ROWS] < relevant).sum(0, dtype=float)
                                         for start in range(0, len(ranks), _ROWS))
        return self._listed[category]


def r_precision_shares(labels: np.ndarray, ranking: Ranking, mean: float,
                       few: float) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """How far queries and targets pull R-precision from its mean; see `intervals.Pull`.

    A list holds a share f of all targets, which are drawn without replacement: to be in it or not makes a pair pull by
    (1 - f) or -f of what its target adds.

    Parameters
    ----------
    labels, ranking
    mean : float
        Over the sampled queries that have a value.
    few : float
        See `intervals.FEW_QUERIES`.

    Returns
    -------
    as_query : np.ndarray
        float64, shape (M,): value less mean of the sampled queries that have a value, else 0.
    as_target : np.ndarray
        float64, shape (M,): sum of what a patient adds to the queries of others, less what any target would add.
    pairs : float
        Sum of squares over unordered pairs of patients.
    both : np.ndarray
        float32, shape (S, S): what pairs of sampled queries pull, both directions together.
    """
    as_query, as_target, sampled = np.zeros(len(labels)), np.zeros(len(labels)), ranking.sampled
    among, squares = np.zeros((len(sampled), len(sampled)), np.float32), 0.0
    values, targets = r_precision_values(labels, ranking), len(labels) - 1
    asked = ~np.isnan(values)
    as_query[sampled[asked]] = values[asked] - mean
    usual = _usual(labels, sampled[asked], values[asked], mean, few)
    for category, rows, members in _queries(labels, ranking):
        relevant, first = len(members) - 1, ranking.first(rows, len(members) - 1)
        # a target in the list adds 1 / R if it is relevant, less what a usual one adds
        here, there = (1 - usual[category]) / relevant, -usual[category] / relevant
        added, share = np.full(len(labels), there), relevant / targets
        added[members] = here
        as_target += _column_sums(first) * added
        weights = first if first.dtype == bool else np.square(first)
        hits, hit_weight = (part[:, members].sum(dtype=float) for part in (first, weights))
        missed, missed_weight = (_column_sums(part).sum() - mine for part, mine in ((first, hits), (weights, hit_weight)))
        squares += here ** 2 * (hit_weight - 2 * share * hits + share ** 2 * relevant * len(rows))
        squares += there ** 2 * (missed_weight - 2 * share * missed + share ** 2 * (targets - relevant) * len(rows))
        among[rows] = (first[:, sampled] - share) * added[sampled]
    np.fill_diagonal(among, 0.0)
    return as_query, as_target, float(squares + (among * among.T).sum(dtype=float)), among + among.T


def _usual(labels, queries, values, mean, few):
    """R-precision of the queries of each category, drawn to the one that chance and the mean lift give: float64, shape (C,)."""
    counts = np.bincount(labels)
    share = np.maximum(0, counts - 1) / max(1, len(labels) - 1)
    chance = share[labels[queries]].mean()
    expected = np.minimum(1.0, share * (mean / chance))
    sums, sizes = (np.bincount(labels[queries], weights, len(counts)) for weights in (values, None))
    return (sums + few * expected) / (sizes + few)


def _column_sums(first):
    """Sums of marks (rows, M), bool or float64, of up to _ROWS rows: float64, shape (M,)."""
    if first.dtype != bool:
        return first.sum(0)
    return first.view(np.uint8).sum(0, dtype=np.uint8).astype(float)


def _queries(labels, ranking):
    """Yield category, up to _ROWS of the sampled queries of it, and its patients, for all that have a relevant target."""
    of_queries = labels[ranking.sampled]
    for category in np.flatnonzero(np.bincount(labels) >= 2):
        members, mine = np.flatnonzero(labels == category), np.flatnonzero(of_queries == category)
        for start in range(0, len(mine), _ROWS):
            yield category, mine[start:start + _ROWS], members
