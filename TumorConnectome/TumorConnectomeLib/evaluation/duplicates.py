"""Ids with almost the same vector: one tumor that is there twice finds itself, and every label seems to be seen."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..cohort.cohort import Cohort
from ..neighbors.consensus import CONSENSUS
from .cohort_rankings import CohortRankings
from .controls import TESTED
from .metrics import PRECISION

#: distances below this share of the median distance to the nearest are those of duplicates
CLOSE = 0.01
#: ids of a group that are named
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Pairs of rows that are as good as the same.

    Parameters
    ----------
    pairs : np.ndarray
        int64, shape (P, 2), first row smaller, sorted.
    kept : np.ndarray
        int64, ascending: the first row of each group of duplicates, and all other rows.
    groups : tuple of tuple of int
        Rows of each group of duplicates, ascending.
    """

    pairs: np.ndarray
    kept: np.ndarray
    groups: tuple[tuple[int, ...], ...] = ()

    def named(self, ids: Sequence[str]) -> str:
        """How many there are, with an example: "2 pairs of ids (A and B, ...)", or how many ids of how many tumors."""
        count, example = len(self.groups), [ids[row] for row in self.groups[0][:_NAMED]]
        more = len(self.groups[0]) - len(example)
        last = f"{more} more" if more else example.pop()
        names = f"{', '.join(example)} and {last}{', ...' * (count > 1)}"
        if all(len(group) == 2 for group in self.groups):
            return f"{count} pair{'s' * (count != 1)} of ids ({names})"
        return f"{sum(map(len, self.groups))} ids that seem to be {count} tumor{'s' * (count != 1)} ({names})"


def find_duplicates(nearest: np.ndarray, distances: np.ndarray) -> Duplicates:
    """Pairs closer than CLOSE times the median distance to the nearest.

    The median is that of one row per group of duplicates to another group: where most ids are there twice, the nearest of
    most is their duplicate.

    Parameters
    ----------
    nearest : np.ndarray
        int, shape (N, k): the nearest rows of each row; only pairs in these lists are found.
    distances : np.ndarray
        float64, shape (N, k): their distances, ascending.
    """
    count = len(nearest)
    if not nearest.size:
        return Duplicates(np.empty((0, 2), np.int64), np.arange(count))
    limit = CLOSE * np.median(distances[:, -1])
    groups = _groups(nearest, distances <= limit)
    apart = np.where(groups[nearest] != groups[:, None], distances, np.inf).min(1)
    first = groups == np.arange(count)
    known = apart[first & np.isfinite(apart)]
    if len(known):
        limit = min(limit, CLOSE * np.median(known))
    close = distances <= limit
    groups = _groups(nearest, close)
    one, place = np.nonzero(close)
    other = nearest[one, place]
    pairs = np.unique(np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1), axis=0)
    members: dict[int, list[int]] = {}
    for row in np.unique(pairs).tolist():
        members.setdefault(int(groups[row]), []).append(row)
    return Duplicates(pairs.astype(np.int64).reshape(-1, 2), np.flatnonzero(groups == np.arange(count)),
                      tuple(map(tuple, members.values())))


def _groups(nearest, close):
    """Smallest row that each row is connected with: int64, shape (N,)."""
    groups = np.arange(len(nearest))
    one, place = np.nonzero(close)
    other = nearest[one, place]
    while len(one):
        lower = np.minimum(groups[one], groups[other])
        before = groups.copy()
        np.minimum.at(groups, one, lower)
        np.minimum.at(groups, other, lower)
        groups = groups[groups]
        if np.array_equal(groups, before):
            break
    return groups


def duplicate_text(found: Duplicates, ids, model: str) -> str:
    """One sentence about the duplicates of a model, for an import; "" without any."""
    if not len(found.pairs):
        return ""
    return (f"{model}: {found.named(ids)} closer than 1 % of the median distance to the nearest: is a tumor there under "
            "several ids? They are each other's neighbors, which makes every label seem to be found; the evaluation says what "
            "it is without them.")


def duplicate_rows(ranked: CohortRankings, table, permutations: int, report=lambda fraction, message="": None) -> list[dict]:
    """For every model of an evaluation that has duplicates: how many, an example, and lifts with one id of each.

    Returns
    -------
    list of dict
        ``model``, ``found`` (in words), and ``lifts``: (facet, lift, and with one id of each lift, p and p below) of the tested
        facets.
    """
    from .table import evaluate

    rows = []
    for model in dict.fromkeys(table["model"]):
        if model == CONSENSUS:
            continue
        ranking = ranked.everybody(model)
        if ranking.distances is None or ranking.distances.shape[1] < 1:
            continue
        found = find_duplicates(ranking.nearest[:, :ranking.k], ranking.distances)
        if not len(found.pairs):
            continue
        report(0.0, f"{model} without duplicates")
        mine = table[(table["model"] == model) & (table["metric"] == PRECISION) & (table["role"] == TESTED)]
        cohort = cohort_of_rows(ranked.cohort, model, found.kept)
        alone = {}
        if len(cohort.patients) > ranked.k:
            again = evaluate(cohort, [model], mine["facet"].tolist(), k=ranked.k, metrics=[PRECISION],
                             permutations=permutations, seed=ranked.seed, blocks=ranked.blocks)
            alone = dict(zip(again["facet"], zip(again["lift"], again["p"], again["p_below"])))
        rows.append({"model": model, "found": found.named(ranked.cohort.patient_ids),
                     "lifts": [(facet, lift, *alone.get(facet, (np.nan,) * 3))
                               for facet, lift in zip(mine["facet"], mine["lift"])]})
    return rows


def cohort_of_rows(cohort: Cohort, model: str, rows: np.ndarray) -> Cohort:
    """Some patients of a cohort, with one model."""
    return replace(cohort, patients=cohort.patients.iloc[rows], embeddings={model: cohort.embeddings[model][rows]},
                   facets={key: facet.of_rows(rows) for key, facet in cohort.facets.items()})
