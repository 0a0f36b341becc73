"""P@k of the queries of each category: a pooled mean hides a rare category, and who carries the excess over chance."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from .intervals import FEW_QUERIES, Interval, Levels, Pull, interval_of, list_pull
from .metrics import PRECISION, class_weights, contributions
from .ranking import Ranking
from .relevance import Relevance

#: `class`: category of the queries, `n` of them. `value`: their mean P@k; `chance`, `best`: its exact level by chance and the
#: largest possible; `lift`, `ci_low`, `ci_high`: value / chance with its 95 % interval; `of_possible`: (value - chance) /
#: (best - chance). `excess_share`: share of all hits beyond chance that these queries have, NaN when there are no more than
#: by chance. `p`: one-sided by permutation, `q` Benjamini-Hochberg over all rows but the controls (each its own family).
COLUMNS = ("model", "facet", "class", "k", "n", "value", "chance", "best", "lift", "ci_low", "ci_high", "of_possible",
           "excess_share", "p", "q", "permutations", "role")

#: of fewer queries there is no interval
_FEWEST_QUERIES = 5
#: nor of a mean in which each category counts the same where more than a third of them have fewer hits by chance (after
#: Cochran's rule for expected counts)
_FEWEST_HITS, _MOST_OF_FEW = 5, 0.34


def class_values(relevance: Relevance, ranking: Ranking) -> np.ndarray:
    """Mean P@k of the queries of each category: float64, shape (C,); NaN for one without a relevant target."""
    weights = class_weights(relevance.counts, relevance.gains, ranking.k)
    values = contributions(relevance.labels, ranking, weights, PRECISION).sum(-1)
    total = np.bincount(relevance.labels, values, len(relevance.counts))
    return np.divide(total, relevance.counts, out=np.full(len(total), np.nan), where=relevance.counts >= 2)


def class_rows(relevance: Relevance, ranking: Ranking, values: np.ndarray) -> Iterator[Mapping]:
    """Figures of each category that has a relevant target, without p and q: its number in `category`."""
    counts, targets = relevance.counts, relevance.targets
    weights = class_weights(counts, relevance.gains, ranking.k)
    shares = contributions(relevance.labels, ranking, weights, PRECISION)
    chance = (counts - 1) / targets
    excess = np.where(counts >= 2, counts * (np.nan_to_num(values) - chance), 0.0)
    for category in np.flatnonzero(counts >= 2):
        level = _level(relevance, category, ranking.k)
        few = counts[category] < _FEWEST_QUERIES
        found = Interval() if few else interval_of(values[category], _pull(relevance, ranking, shares, category), level)
        room = level.best - level.chance
        yield {"category": int(category), "k": ranking.k, "n": int(counts[category]), "value": float(values[category]),
               "chance": level.chance, "best": level.best, "lift": float(values[category] / level.chance),
               "ci_low": found.lift_low, "ci_high": min(found.lift_high, level.best / level.chance),
               "of_possible": float(values[category] - level.chance) / room if room > 0 else np.nan,
               "excess_share": float(excess[category] / excess.sum()) if excess.sum() > 0 else np.nan}


def macro_figures(relevance: Relevance, ranking: Ranking, values: np.ndarray) -> tuple[float, float, Interval]:
    """Mean over categories of their P@k, its chance level, and its intervals: every category counts the same.

    There are no intervals where too many categories have few hits by chance: whether they have one more or none decides.
    """
    asked = np.flatnonzero(relevance.counts >= 2)
    counts, value = relevance.counts[asked], float(np.mean(values[asked]))
    weights = class_weights(relevance.counts, relevance.gains, ranking.k)
    shares = contributions(relevance.labels, ranking, weights, PRECISION)
    found = [_level(relevance, category, ranking.k) for category in asked]
    chance, best = (float(np.mean([getattr(one, name) for one in found])) for name in ("chance", "best"))
    level = Levels(chance, np.mean([one.chance_pull for one in found], axis=0), best,
                   np.mean([one.best_pull for one in found], axis=0))
    if (counts * (counts - 1) * ranking.k < _FEWEST_HITS * relevance.targets).mean() > _MOST_OF_FEW:
        return value, chance, Interval()
    pulls = [_pull(relevance, ranking, shares, category) for category in asked]
    # pairs of different categories are neglected: they make the interval a little wider
    pull = Pull(np.mean([one.patients for one in pulls], axis=0), sum(one.pairs for one in pulls) / len(asked) ** 2)
    return value, chance, interval_of(value, pull, level)


def _pull(relevance, ranking, shares, category):
    """The Pull on P@k of the queries of a category.

    In the place of a target would be one from behind the end of the list, which in a small category is less often one of it;
    and a patient of few pulls by more than by its part of their mean (the jackknife's n / (n - 1)).
    """
    counts, asked = relevance.counts, relevance.labels == category
    usual, factor = None, counts[category] / (counts[category] - 1)
    if ranking.starts is None:
        several = counts[relevance.labels] >= 2
        lift = shares[several].sum() / np.count_nonzero(several) / (counts[relevance.labels[several]] - 1).mean()
        at_end, by_lift = shares[asked, -2:].mean(1).sum(), min(1.0, (counts[category] - 1) * lift) / ranking.k
        usual = (at_end + FEW_QUERIES * by_lift) / (counts[category] + FEW_QUERIES)
    pull = list_pull(ranking, shares, asked, usual=usual)
    return replace(pull, patients=pull.patients * factor, pairs=pull.pairs * factor ** 2)


def _level(relevance, category, k):
    """Chance and best P@k of the queries of a category, with the pulls of leaving a patient out."""
    size, targets = int(relevance.counts[category]), relevance.targets
    chance, best = (size - 1) / targets, min(size - 1, k) / k
    mine, factor = relevance.labels == category, targets / (targets + 1)
    fewer = np.where(mine, size - 2, size - 1) / max(1, targets - 1)
    worse = np.where(mine, max(0, min(size - 2, k)), min(size - 1, k)) / k
    return Levels(chance, (chance - fewer) * factor, best, (best - worse) * factor)
