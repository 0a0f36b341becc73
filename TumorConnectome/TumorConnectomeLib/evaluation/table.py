"""The evaluation table: every metric for every model and facet, with chance level, lift, interval, p and q values."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import UNKNOWN, Cohort, Facet
from ..neighbors.consensus import with_consensus
from . import classes
from .cohort_rankings import CohortRankings
from .controls import BODY_SIDE, RANDOM, TESTED, random_facet, role_of
from .detectable import detectable_lift
from .distances import Blocks, cosine_blocks
from .intervals import Interval, metric_intervals
from .metrics import METRICS, PRECISION, R_PRECISION, best_means, expected_means
from .permutation import CLASSES, Tally, benjamini_hochberg, grow, query_values
from .relevance import relevance_of

if TYPE_CHECKING:
    import pandas as pd

#: `k`: ranks looked at, missing for R-precision. `n`: queries that `value` is the mean of. `chance`: exact mean over all label
#: permutations. `lift`: value / chance. `ci_low`, `ci_high`: 95 % interval of the lift. `p`: one-sided, by permutation.
#: `q`: Benjamini-Hochberg over all rows that are no controls (each control is a family of its own: among the others, a
#: positive control would lower every q). `best`: largest mean that is possible with these categories. `of_possible`: (value -
#: chance) / (best - chance), with its 95 % interval. `macro_lift`: as `lift`, but every category counts the same (P@k
#: only), with its interval. `detectable_lift`: see `detectable` (P@k only). `p_below`, `q_below`: as `p`, `q`, of a value
#: as small. `permutations`: how many p rests on. All from `value` on are NaN when n = 0.
COLUMNS = ("model", "facet", "metric", "k", "n", "value", "chance", "lift", "ci_low", "ci_high", "p", "q", "best",
           "of_possible", "of_possible_ci_low", "of_possible_ci_high", "macro_lift", "macro_lift_ci_low",
           "macro_lift_ci_high", "detectable_lift", "p_below", "q_below", "permutations")
#: besides COLUMNS. `value_ci_low`, `value_ci_high`: 95 % interval of the value. `lift_error`: standard error of log(lift).
#: `unknown`: patients of unknown category.
#: `without_target`: queries left out because no target is relevant. `role`: see `controls`.
MORE_COLUMNS = ("value_ci_low", "value_ci_high", "lift_error", "unknown", "without_target", "role")
PERMUTATIONS = 2000


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Result of `evaluate_all`.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per model, facet and metric; for the columns see `COLUMNS` and `MORE_COLUMNS`.
    classes : pandas.DataFrame
        One row per model, facet and category that has two patients; see `classes.COLUMNS`.
    """

    table: pd.DataFrame
    classes: pd.DataFrame


def evaluate(cohort: Cohort, models: Sequence[str] | None = None, facets: Sequence[str] | None = None,
             **choices) -> pd.DataFrame:
    """The table of `evaluate_all`."""
    return evaluate_all(cohort, models, facets, **choices).table


def evaluate_all(cohort: Cohort, models: Sequence[str] | None = None, facets: Sequence[str] | None = None, *, k: int = 5,
                 metrics: Sequence[str] = METRICS, permutations: int = PERMUTATIONS, seed: int = 0,
                 blocks: Blocks = cosine_blocks, ranked: CohortRankings | None = None,
                 report=lambda fraction, message="": None, partial=lambda table: None) -> Evaluated:
    """How well the neighbors of each model agree with each facet, and how sure that is.

    The negative control (random groups) and, if the cohort has it, the positive one (body side) are always in the table.

    Parameters
    ----------
    cohort : Cohort
    models, facets : sequence of str, optional
        Names and keys; all by default. The consensus of all models counts as one more model.
    k : int
        1..N-1. Where fewer patients have a known category, it is cut to what there is; the column `k` says so.
    metrics : sequence of str
        Of `metrics.METRICS`.
    permutations : int
        Label permutations, at least 1; the same ones for all models. Fewer where that is enough and more where p would
        be at its floor, see `permutation`.
    seed : int
        At least 0. Everything random follows from it and from the facet's key.
    blocks : callable
        Distances of a model; cosine distances by default.
    ranked : CohortRankings, optional
        Of the same arguments, see `cohort_rankings`, when it is used for more.
    report : callable
        Called with the fraction done and a text.
    partial : callable
        Called after every model with the table as far as it is known, without p and q.

    Raises
    ------
    InputError
        A model, facet or metric that is not there, or k, permutations or seed out of range.
    """
    models = known_names("model", models, with_consensus(cohort.models), cohort.name)
    metrics = known_names("metric", metrics, METRICS, cohort.name)
    check_numbers(cohort, k, permutations, seed)
    ranked = ranked or cohort_rankings(cohort, facets, k, seed, blocks)
    chosen = with_controls(cohort, facets, seed)
    cells = []
    for number, model in enumerate(models):
        report(number / len(models), f"Distances by {model}")
        mine = [_Cell(ranked, model, facet, metrics) for facet in chosen.values()]
        cells += mine
        partial(_table(cells, tested=False))
        for place, cell in enumerate(mine):             # now: a large cohort keeps the rankings of one model
            report((number + (1 + place) / (1 + len(mine))) / len(models), f"{model}: {chosen[cell.key].title}")
            cell.test(permutations)
    roles = {TESTED: 0}
    numbers = [2 * roles.setdefault(cell.family, len(roles)) for cell in cells]
    grow([cell.tally for cell in cells], [np.repeat([number, number + 1], [len(metrics), len(cell.names)])
                                          for cell, number in zip(cells, numbers)], report)
    return Evaluated(_table(cells), _class_table(cells))


def cohort_rankings(cohort: Cohort, facets: Sequence[str] | None, k: int, seed: int,
                    blocks: Blocks = cosine_blocks) -> CohortRankings:
    """The rankings that `evaluate_all` needs; InputError for a facet that is not there."""
    judged = {key: relevance_of(facet) for key, facet in with_controls(cohort, facets, seed).items()}
    return CohortRankings(cohort, judged, k, seed, blocks)


class _Cell:
    """One model and facet: its figures, and by `test` how permuted labels do against them."""

    def __init__(self, ranked, model, facet, metrics):
        self._ranked, self.model, self.key, self.metrics = ranked, model, facet.key, metrics
        role = role_of(self.key)
        self.family = role if role == TESTED else self.key
        relevance, ranking = ranked.judged[self.key], ranked.ranking(model, self.key)
        self.names = [name for name in facet.categories if name != UNKNOWN]
        values = {metric: query_values(relevance, ranking, metric) if ranking else np.empty(0) for metric in metrics}
        counted = {metric: int(np.count_nonzero(~np.isnan(found))) for metric, found in values.items()}
        self.means = {metric: float(np.nanmean(found)) if counted[metric] else np.nan for metric, found in values.items()}
        self.counts = {metric: {"n": counted[metric], "without_target": len(values[metric]) - counted[metric],
                                "unknown": len(ranked.cohort.patients) - len(relevance.labels), "role": role}
                       for metric in metrics}
        self.k = ranking.k if ranking else ranked.k
        by_class = classes.class_values(relevance, ranking) if ranking else np.full(len(self.names), np.nan)
        self._figures(relevance, ranking, by_class)

        def draw(number, which):
            columns, of_metrics = ranked.labelings(self.key).chunk(number), which[which < len(metrics)]
            of_classes = which[which >= len(metrics)] - len(metrics)
            found = ranked.null(model, self.key).means(columns, [metrics[place] for place in of_metrics], of_classes)
            parts = [found[metrics[place]][:, None] for place in of_metrics]
            return np.concatenate([*parts, *([found[CLASSES]] if len(of_classes) else [])], axis=1)

        if PRECISION not in metrics:
            by_class = np.full(len(by_class), np.nan)
        self.tally = Tally([*(self.means[metric] for metric in metrics), *by_class], draw)

    def test(self, permutations):
        """Look at labelings until p is known well enough."""
        self.tally.run(permutations)
        if PRECISION in self.metrics:
            self._ranked.p_values[self.model, self.key] = float(self.tally.p[self.metrics.index(PRECISION)])

    def _figures(self, relevance, ranking, by_class):
        """Everything but p and q, while the ranking is at hand."""
        self.figures, self.class_figures = {}, []
        if not any(one["n"] for one in self.counts.values()):
            return
        chance, best = expected_means(relevance.counts, relevance.gains, self.k), best_means(relevance.counts, self.k)
        intervals = metric_intervals(relevance, ranking, self.means)
        for metric in self.metrics:
            if self.counts[metric]["n"]:
                self.figures[metric] = _row(self.means[metric], chance[metric], best[metric], intervals[metric])
        if PRECISION in self.figures:
            value, level, found = classes.macro_figures(relevance, ranking, by_class)
            self.figures[PRECISION] |= {
                "macro_lift": value / level, "macro_lift_ci_low": found.lift_low, "macro_lift_ci_high": found.lift_high,
                "detectable_lift": detectable_lift(
                    relevance, ranking, chance[PRECISION], intervals[PRECISION].lift_error)}
            self.class_figures = list(classes.class_rows(relevance, ranking, by_class))

    def rows(self):
        """Rows of the table, in the order of the metrics."""
        for place, metric in enumerate(self.metrics):
            row = {"model": self.model, "facet": self.key, "metric": metric, "k": np.nan if metric == R_PRECISION else self.k,
                   **self.counts[metric], "value": self.means[metric], "permutations": int(self.tally.seen[place])}
            if self.counts[metric]["n"]:
                row |= {**self.figures[metric], "p": self.tally.p[place], "p_below": self.tally.p_below[place]}
            yield row

    def class_rows(self):
        """Rows of the table of categories."""
        for found in self.class_figures:
            place = found["category"]
            yield {"model": self.model, "facet": self.key, "class": self.names[place], **found,
                   "p": self.tally.p[len(self.metrics) + place],
                   "permutations": int(self.tally.seen[len(self.metrics) + place]),
                   "role": role_of(self.key), "family": self.family}


def _row(value, chance, best, interval: Interval):
    """Figures of one metric."""
    room = best - chance
    return {"chance": chance, "lift": value / chance if chance > 0 else np.nan, "ci_low": interval.lift_low,
            "ci_high": interval.lift_high, "best": best, "of_possible": (value - chance) / room if room > 1e-12 else np.nan,
            "of_possible_ci_low": interval.share_low, "of_possible_ci_high": interval.share_high,
            "value_ci_low": interval.low, "value_ci_high": interval.high, "lift_error": interval.lift_error}


def _table(cells, tested=True):
    """The table of these cells, with p and with q values within each family of tests if they are `tested`."""
    import pandas as pd

    table = pd.DataFrame([row for cell in cells for row in cell.rows()], columns=[*COLUMNS, *MORE_COLUMNS])
    table["k"] = table["k"].astype("Int64")
    table[["q", "q_below"]] = np.nan
    if not tested:
        table[["p", "p_below"]] = np.nan
        return table
    family = np.array([cell.family for cell in cells for _metric in cell.metrics])
    for name in np.unique(family):
        for q, p in (("q", "p"), ("q_below", "p_below")):
            table.loc[family == name, q] = benjamini_hochberg(table.loc[family == name, p].to_numpy(float))
    return table


def _class_table(cells):
    import pandas as pd

    table = pd.DataFrame([row for cell in cells for row in cell.class_rows()], columns=[*classes.COLUMNS, "family"])
    table["k"], table["q"] = table["k"].astype("Int64"), np.nan
    for _name, mine in table.groupby("family"):
        table.loc[mine.index, "q"] = benjamini_hochberg(mine["p"].to_numpy(float))
    return table[list(classes.COLUMNS)]


def with_controls(cohort: Cohort, facets: Sequence[str] | None, seed: int) -> dict[str, Facet]:
    """The facets asked for (all by default), then the controls. Raises InputError for a facet that is not there."""
    keys = known_names("facet", facets, tuple(cohort.facets), cohort.name)
    chosen = {key: cohort.facets[key] for key in keys}
    if BODY_SIDE in cohort.facets:
        chosen.setdefault(BODY_SIDE, cohort.facets[BODY_SIDE])
    return {**chosen, RANDOM: random_facet(len(cohort.patients), seed)}


def check_numbers(cohort: Cohort, k: int, permutations: int, seed: int) -> None:
    """Raise InputError for numbers out of range."""
    largest = len(cohort.patients) - 1
    if not 1 <= k <= largest:
        raise InputError(f"k = {k} neighbors", source=cohort.name,
                         expected=f"1 to {largest} for {largest + 1} patients" if largest else "at least two patients")
    if permutations < 1:
        raise InputError(f"{permutations} permutations", source=cohort.name, expected="at least 1")
    if seed < 0:
        raise InputError(f"the seed is {seed}", source=cohort.name, expected="0 or more")


def known_names(what, names, possible, source):
    """`names`, or all that are possible; InputError for any other or none."""
    names = tuple(possible if names is None else names)
    for name in names:
        if name not in possible:
            raise InputError(f"no {what} {name!r}", source=source, expected=f"of {', '.join(possible)}")
    if not names and what != "facet":
        raise InputError(f"no {what}", source=source, expected=f"at least one of {', '.join(possible)}")
    return names
