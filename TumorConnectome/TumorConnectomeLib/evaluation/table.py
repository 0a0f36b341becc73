"""The evaluation table: every metric for every model and facet, with chance level, lift, interval, p and q values."""
from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort, Facet
from ..neighbors.consensus import with_consensus
from .controls import BODY_SIDE, RANDOM, TESTED, random_facet, role_of
from .distances import Blocks, cosine_blocks, model_blocks
from .intervals import bootstrap_intervals
from .metrics import METRICS, R_PRECISION
from .permutation import benjamini_hochberg, null_means, p_value, query_values
from .ranking import Ranking, rankings, sampled_rows
from .relevance import Relevance, relevance_of

if TYPE_CHECKING:
    import pandas as pd

#: `k`: ranks looked at, missing for R-precision. `n`: queries that `value` is the mean of. `null_mean`: mean over the
#: permutations. `lift`: value / null_mean. `ci_low`, `ci_high`: 95 % patient-bootstrap interval of the lift. `p`: one-sided,
#: by permutation. `q`: Benjamini-Hochberg over all rows that are no controls (and, for the controls, over these: among
#: the others, a positive control would lower every q). All from `value` on are NaN when n = 0.
COLUMNS = ("model", "facet", "metric", "k", "n", "value", "null_mean", "lift", "ci_low", "ci_high", "p", "q")
#: besides COLUMNS. `value_low`, `value_high`: 95 % interval of the value. `unknown`: patients of unknown category.
#: `without_target`: queries left out because no target is relevant. `role`: see `controls`.
MORE_COLUMNS = ("value_low", "value_high", "unknown", "without_target", "role")
PERMUTATIONS = 2000


def evaluate(cohort: Cohort, models: Sequence[str] | None = None, facets: Sequence[str] | None = None, *, k: int = 5,
             metrics: Sequence[str] = METRICS, permutations: int = PERMUTATIONS, seed: int = 0,
             blocks: Blocks = cosine_blocks, report=lambda fraction, message="": None) -> pd.DataFrame:
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
        Label permutations, at least 1; the same ones for all models.
    seed : int
        At least 0. Everything random follows from it and from the facet's key.
    blocks : callable
        Distances of a model; cosine distances by default.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    pandas.DataFrame
        One row per model, facet and metric; for the columns see `COLUMNS` and `MORE_COLUMNS`.

    Raises
    ------
    InputError
        A model, facet or metric that is not there, or k, permutations or seed out of range.
    """
    models = known_names("model", models, with_consensus(cohort.models), cohort.name)
    known_names("metric", metrics, METRICS, cohort.name)
    check_numbers(cohort, k, permutations, seed)
    chosen = with_controls(cohort, facets, seed)
    judged = {key: relevance_of(facet) for key, facet in chosen.items()}
    rows = []
    for number, model in enumerate(models):
        report(number / len(models), f"Distances by {model}")
        found = ranked(model_blocks(cohort, model, blocks, k), judged, k, sampled_rows(len(cohort.patients), seed))
        for place, (key, relevance) in enumerate(judged.items()):
            report((number + (1 + place) / (1 + len(judged))) / len(models), f"{model}: {chosen[key].title}")
            for row in _facet_rows(relevance, found.get(key), metrics, k, permutations, facet_seed(seed, key)):
                rows.append({"model": model, "facet": key, **row, "unknown": len(cohort.patients) - len(relevance.labels),
                             "role": role_of(key)})
    return _with_q(rows)


def _with_q(rows):
    """The table of these rows, with q values within each of the two families of tests."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=[*COLUMNS, *MORE_COLUMNS])
    table["k"] = table["k"].astype("Int64")
    table["q"] = np.nan
    tested = (table["role"] == TESTED).to_numpy()
    for family in (tested, ~tested):
        table.loc[family, "q"] = benjamini_hochberg(table.loc[family, "p"].to_numpy(float))
    return table


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


def facet_seed(seed: int, key: str) -> list[int]:
    """Seed of everything random about one facet, whatever other facets and models are looked at."""
    return [seed, zlib.crc32(key.encode())]


def ranked(blocks, judged: dict[str, Relevance], k: int, sampled: np.ndarray) -> dict[str, Ranking]:
    """Ranking of every facet that has two patients of known category; facets with the same patients share it."""
    groups = {relevance.rows.tobytes(): relevance.rows for relevance in judged.values() if relevance.targets}
    found = dict(zip(groups, rankings(blocks, list(groups.values()), k, sampled)))
    return {key: found[relevance.rows.tobytes()] for key, relevance in judged.items() if relevance.targets}


def patient_values(cohort: Cohort, model: str, facet: str, metric: str, k: int, blocks: Blocks = cosine_blocks) -> np.ndarray:
    """Value of a metric for every patient as query: float64, shape (N,); NaN for those that the table leaves out.

    For R-precision of a large cohort only the random sample that the table uses with seed 0 has values.
    """
    relevance = relevance_of(cohort.facets[facet])
    values = np.full(len(cohort.patients), np.nan)
    sampled = sampled_rows(len(values), 0)
    ranking = ranked(model_blocks(cohort, model, blocks, k), {facet: relevance}, k, sampled).get(facet)
    if ranking:
        rows = relevance.rows[ranking.sampled] if metric == R_PRECISION else relevance.rows
        values[rows] = query_values(relevance, ranking, metric)
    return values


def known_names(what, names, possible, source):
    """`names`, or all that are possible; InputError for any other or none."""
    names = tuple(possible if names is None else names)
    for name in names:
        if name not in possible:
            raise InputError(f"no {what} {name!r}", source=source, expected=f"of {', '.join(possible)}")
    if not names and what != "facet":
        raise InputError(f"no {what}", source=source, expected=f"at least one of {', '.join(possible)}")
    return names


def _facet_rows(relevance, ranking, metrics, k, permutations, seed):
    """Rows of one model and facet, without the columns that name them."""
    values = {metric: query_values(relevance, ranking, metric) if ranking else np.empty(0) for metric in metrics}
    counted = {metric: int(np.count_nonzero(~np.isnan(found))) for metric, found in values.items()}
    means = {metric: float(np.nanmean(found)) if counted[metric] else np.nan for metric, found in values.items()}
    if ranking:
        null = null_means(relevance, ranking, metrics, permutations, [*seed, 0])
        intervals = bootstrap_intervals(relevance, ranking, means, [*seed, 1])
        k = ranking.nearest.shape[1]
    for metric in metrics:
        row = {"metric": metric, "k": np.nan if metric == R_PRECISION else k, "n": counted[metric], "value": means[metric],
               "without_target": len(values[metric]) - counted[metric]}
        if counted[metric]:
            level, interval = float(null[metric].mean()), intervals[metric]
            row |= {"null_mean": level, "lift": means[metric] / level if level > 0 else np.nan, "ci_low": interval.lift_low,
                    "ci_high": interval.lift_high, "p": p_value(means[metric], null[metric]), "value_low": interval.low,
                    "value_high": interval.high}
        yield row
