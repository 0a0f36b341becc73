"""Votes: do pairs of patients that more models agree on have the same label more often?

A vote is a model that has a target among the k nearest patients of a source; a pair is a source and a target with at least
one vote, as in the neighbor table of the interface. Chance is the share of pairs of the same category among all pairs of
patients of known category: the exact mean over all label permutations, whatever the number of votes.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.cohort import Cohort
from ..neighbors.consensus import votes
from ..neighbors.match import Match
from ..neighbors.neighbors import lists_of_blocks
from .controls import TESTED, role_of
from .distances import Blocks, cosine_blocks
from .intervals import pair_share_interval
from .permutation import benjamini_hochberg, labelings, p_value
from .relevance import Relevance, relevance_of
from .table import PERMUTATIONS, check_numbers, facet_seed, with_controls

if TYPE_CHECKING:
    import pandas as pd

#: `votes` of `models`. `pairs`: with so many votes, both patients of known category; `patients` in these. `same`: share of
#: pairs of the same category, `same_low`, `same_high` its 95 % patient-bootstrap interval, `chance` its level without any
#: model, `lift` the quotient, `p` one-sided by label permutation, `q` Benjamini-Hochberg over all rows but the controls.
COLUMNS = ("facet", "k", "votes", "models", "pairs", "patients", "same", "same_low", "same_high", "chance", "lift", "p", "q",
           "role")
#: entries of the comparisons of permuted labels in memory at once
_ENTRIES = 1 << 22


def vote_table(cohort: Cohort, facets: Sequence[str] | None = None, *, k: int = 5, permutations: int = PERMUTATIONS,
               seed: int = 0, blocks: Blocks = cosine_blocks, report=lambda fraction, message="": None) -> pd.DataFrame:
    """How often pairs with 1, 2, ... votes of all models have the same label.

    Parameters
    ----------
    cohort : Cohort
    facets, k, permutations, seed, blocks, report
        See `table.evaluate`, as for the errors raised.

    Returns
    -------
    pandas.DataFrame
        One row per facet and number of votes 1 to M, controls included; for the columns see `COLUMNS`.
    """
    import pandas as pd

    check_numbers(cohort, k, permutations, seed)
    chosen, nearest = with_controls(cohort, facets, seed), {}
    for number, model in enumerate(cohort.models):
        report(0.5 * number / len(cohort.models), f"Votes of {model}")
        nearest[model] = lists_of_blocks(blocks(model, cohort.embeddings[model]), len(cohort.patients), k)[Match.MOST]
    pairs, rows = votes(nearest, k), []
    for number, (key, facet) in enumerate(chosen.items()):
        report(0.5 + 0.5 * number / len(chosen), f"Votes: {facet.title}")
        for row in _rows(relevance_of(facet), pairs, len(nearest), permutations, facet_seed(seed, key)):
            rows.append({"facet": key, "k": k, "models": len(nearest), **row, "role": role_of(key)})
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64"})
    tested = (table["role"] == TESTED).to_numpy()
    for family in (tested, ~tested):
        table.loc[family, "q"] = benjamini_hochberg(table.loc[family, "p"].to_numpy(float))
    return table


def _rows(relevance: Relevance, pairs, models, permutations, seed) -> list[Mapping]:
    """Rows of one facet."""
    place = np.full(1 + max(pairs[0].max(initial=0), pairs[1].max(initial=0), relevance.rows.max(initial=0)), -1)
    place[relevance.rows] = np.arange(len(relevance.rows))
    sources, targets = place[pairs[0]], place[pairs[1]]
    known = (sources >= 0) & (targets >= 0)
    sources, targets, counts = sources[known], targets[known], pairs[2][known]
    order = np.argsort(counts, kind="stable")           # pairs of the same number of votes side by side
    sources, targets, counts = sources[order], targets[order], counts[order]
    same = relevance.labels[sources] == relevance.labels[targets]
    size = len(relevance.labels)
    chance = float((relevance.counts * (relevance.counts - 1)).sum() / (size * (size - 1))) if size > 1 else np.nan
    starts = np.searchsorted(counts, np.arange(1, models + 2))
    null = _null(relevance.labels, sources, targets, starts, permutations, [*seed, 4])
    rows = []
    for vote in range(1, models + 1):
        some = slice(starts[vote - 1], starts[vote])
        row = {"votes": vote, "pairs": int(starts[vote] - starts[vote - 1]),
               "patients": len(np.unique([sources[some], targets[some]]))}
        if row["pairs"]:
            share = float(same[some].mean())
            low, high = pair_share_interval(sources[some], targets[some], same[some], size, [*seed, 5])
            row |= {"same": share, "same_low": low, "same_high": high, "chance": chance,
                    "lift": share / chance if chance > 0 else np.nan, "p": p_value(share, null[:, vote - 1])}
        rows.append(row)
    return rows


def _null(labels, sources, targets, starts, permutations, seed):
    """Share of the same category per number of votes under random labelings: float64, (permutations, votes)."""
    sizes = np.maximum(1, np.diff(starts))
    parts, step = [], max(1, _ENTRIES // max(1, len(sources)))
    for chunk in labelings(labels, permutations, seed):
        for first in range(0, len(chunk), step):
            some = chunk[first:first + step]
            total = np.zeros((len(some), len(sources) + 1))
            np.cumsum(some[:, sources] == some[:, targets], axis=1, out=total[:, 1:])
            parts.append(np.diff(total[:, starts], axis=1) / sizes)
    return np.concatenate(parts)
