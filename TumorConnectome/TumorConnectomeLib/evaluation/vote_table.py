"""Votes: do pairs of patients that more models agree on have the same label more often?

A vote is a model that has a target among the k nearest patients of a source; a pair is a source and a target with at least
one vote, as in the neighbor table of the interface. Chance is the share of pairs of the same category among all pairs of
patients of known category: the exact mean over all label permutations, whatever the number of votes.

Whether more votes mean the same label more often is one question, not one per number of votes: `trend` is the slope of the
share over the number of votes (Armitage, "Tests for linear trends in proportions and frequencies", Biometrics 1955;11:375),
its p value by label permutation, because pairs share patients.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.cohort import Cohort
from .cohort_rankings import CohortRankings, facet_seed
from .controls import TESTED, role_of
from .distances import Blocks, cosine_blocks
from .intervals import pair_share_interval
from .permutation import Labelings, Tally, benjamini_hochberg, grow
from .relevance import Relevance
from .table import PERMUTATIONS, check_numbers, cohort_rankings, with_controls

if TYPE_CHECKING:
    import pandas as pd

#: `votes` of `models`. `pairs`: with so many votes, both patients of known category; `patients` in these. `same`: share of
#: pairs of the same category, `ci_low`, `ci_high` its 95 % interval, `chance` its level without any model, `lift` the quotient,
#: `p` one-sided by label permutation, `q` Benjamini-Hochberg over all rows but the controls (each its own family). `trend`: by
#: how much the share rises per vote, `trend_p` one-sided; the same in all rows of a facet.
COLUMNS = ("facet", "k", "votes", "models", "pairs", "patients", "same", "ci_low", "ci_high", "chance", "lift", "p", "q",
           "trend", "trend_p", "role")


def vote_table(cohort: Cohort, facets: Sequence[str] | None = None, *, k: int = 5, permutations: int = PERMUTATIONS,
               seed: int = 0, blocks: Blocks = cosine_blocks, ranked: CohortRankings | None = None,
               report=lambda fraction, message="": None) -> pd.DataFrame:
    """How often pairs with 1, 2, ... votes of all models have the same label.

    Parameters
    ----------
    cohort : Cohort
    facets, k, permutations, seed, blocks, ranked, report
        See `table.evaluate_all`, as for the errors raised.

    Returns
    -------
    pandas.DataFrame
        One row per facet and number of votes 1 to M, controls included; for the columns see `COLUMNS`.
    """
    import pandas as pd

    check_numbers(cohort, k, permutations, seed)
    ranked = ranked or cohort_rankings(cohort, facets, k, seed, blocks)
    chosen, listed = with_controls(cohort, facets, seed), []
    for number, model in enumerate(cohort.models):
        report(0.5 * number / len(cohort.models), f"Votes of {model}")
        listed.append(_listed_pairs(ranked.everybody(model)))
    pairs = _votes(listed, len(cohort.patients))
    found = []
    for number, (key, facet) in enumerate(chosen.items()):
        report(0.5 + 0.5 * number / len(chosen), f"Votes: {facet.title}")
        found.append(_FacetVotes(key, ranked.judged[key], pairs, len(listed), facet_seed(seed, key)))
        found[-1].tally.run(permutations)
    roles = {TESTED: 0}
    families = []
    for one in found:
        family = roles.setdefault(one.family, len(roles))
        families.append(np.array([family] * one.models + [-1]))     # the trend is not one of the shares
    grow([one.tally for one in found], families, report)
    table = pd.DataFrame([{"k": k, **row} for one in found for row in one.rows()], columns=[*COLUMNS, "family"])
    for _name, mine in table.groupby("family"):
        table.loc[mine.index, "q"] = benjamini_hochberg(mine["p"].to_numpy(float))
    return table[list(COLUMNS)].astype({"k": "Int64"})


def _listed_pairs(ranking):
    """Sources, targets and shares of the list places of one model."""
    sources, places = np.nonzero(ranking.listed)
    return sources, ranking.nearest[sources, places].astype(np.int64), ranking.listed[sources, places]


def _votes(listed, count):
    """Pairs with a vote: sources, targets, and votes. Models whose list ends in ties vote for those tied ones that most
    orders have: a pair gets the vote of a model when more than half of the orders of its ties list it."""
    keys = np.concatenate([(sources * count + targets)[shares > 0.5] for sources, targets, shares in listed])
    pairs, counts = np.unique(keys, return_counts=True)
    return pairs // count, pairs % count, counts


class _FacetVotes:
    """The pairs of one facet, by votes, and how permuted labels do against them."""

    def __init__(self, key, relevance: Relevance, pairs, models, seed):
        self.key, self.models, self._labels, self._size = key, models, relevance.labels, len(relevance.labels)
        self.family = role_of(key) if role_of(key) == TESTED else key
        place = np.full(1 + max(pairs[0].max(initial=0), pairs[1].max(initial=0), relevance.rows.max(initial=0)), -1)
        place[relevance.rows] = np.arange(self._size)
        sources, targets = place[pairs[0]], place[pairs[1]]
        known = (sources >= 0) & (targets >= 0)
        sources, targets, counts = sources[known], targets[known], pairs[2][known]
        order = np.argsort(counts, kind="stable")       # pairs of the same number of votes side by side
        self._sources, self._targets, counts = sources[order], targets[order], counts[order]
        self._same = self._labels[self._sources] == self._labels[self._targets]
        self._starts = np.searchsorted(counts, np.arange(1, models + 2))
        self._pairs = np.diff(self._starts)
        self.chance = float((relevance.counts * (relevance.counts - 1)).sum() / (
            self._size * (self._size - 1))) if self._size > 1 else np.nan
        votes = np.arange(1, models + 1)
        away = votes - (self._pairs @ votes / max(1, self._pairs.sum()))
        spread = self._pairs @ away ** 2
        self._slopes = away / spread if spread > 0 else np.full(models, np.nan)
        source = Labelings(self._labels, [*seed, 4])
        self.tally = Tally(self._figures(self._same[:, None])[0], lambda number, which: self._figures(
            self._matches(source.chunk(number)))[:, which])

    def _matches(self, columns):
        return columns[self._sources] == columns[self._targets]

    def _figures(self, same):
        """Share of the same category per number of votes, then the trend: float64, (B, models + 1)."""
        total = np.zeros((self.models, same.shape[1]))
        for vote in np.flatnonzero(self._pairs):
            total[vote] = same[self._starts[vote]:self._starts[vote + 1]].sum(0)
        share = np.divide(total, self._pairs[:, None], out=np.full(total.shape, np.nan), where=self._pairs[:, None] > 0)
        return np.concatenate([share, (self._slopes @ total)[None]]).T

    def rows(self) -> list[Mapping]:
        """Rows of the table."""
        trend, trend_p, rows = float(self.tally.observed[-1]), float(self.tally.p[-1]), []
        for vote in range(1, self.models + 1):
            some = slice(self._starts[vote - 1], self._starts[vote])
            sources, targets, same = self._sources[some], self._targets[some], self._same[some]
            row = {"facet": self.key, "votes": vote, "models": self.models, "pairs": len(same),
                   "patients": len(np.unique([sources, targets])), "role": role_of(self.key), "family": self.family,
                   "trend": trend, "trend_p": trend_p}
            if len(same):
                share = float(same.mean())
                low, high = pair_share_interval(sources, targets, same, self._size)
                row |= {"same": share, "ci_low": low, "ci_high": high, "chance": self.chance,
                        "lift": share / self.chance if self.chance > 0 else np.nan, "p": float(self.tally.p[vote - 1])}
            rows.append(row)
        return rows
