"""Confounds: how much of a lift remains inside strata of another column, such as body side, sex or slice thickness.

A model that sees the scanner finds the same stage more often than chance if stages went to different scanners. So labels are
also permuted within strata only: that null keeps what the other column alone explains, and the lift over it is what
remains inside the strata (a conditional permutation test, e.g. Good, "Permutation, Parametric, and Bootstrap Tests of
Hypotheses", 3rd ed. 2005).
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..neighbors.consensus import with_consensus
from .distances import Blocks, cosine_blocks, model_blocks
from .metrics import PRECISION, R_PRECISION
from .permutation import null_means, p_value, query_values
from .ranking import sampled_rows
from .relevance import relevance_of
from .table import PERMUTATIONS, check_numbers, facet_seed, known_names, ranked

if TYPE_CHECKING:
    import pandas as pd

#: `within`: the column that makes the strata. `strata`: how many. `exchangeable`: patients whose label can change within
#: their stratum. `null_mean`, `lift`, `p`: as in the evaluation table; `within_...`: with labels permuted within strata.
#: `remains`: (within_lift - 1) / (lift - 1), NaN unless lift > 1 with p <= .05: a share of nothing means nothing.
COLUMNS = ("model", "facet", "metric", "k", "within", "strata", "exchangeable", "n", "value", "null_mean", "lift", "p",
           "within_null_mean", "within_lift", "within_p", "remains")
#: a numeric column is cut at its quartiles
BINS = 4
_ALPHA = 0.05


def confound_table(cohort: Cohort, within: Sequence[str], models: Sequence[str] | None = None,
                   facets: Sequence[str] | None = None, *, k: int = 5, metrics: Sequence[str] = (PRECISION,),
                   permutations: int = PERMUTATIONS, seed: int = 0, blocks: Blocks = cosine_blocks,
                   report=lambda fraction, message="": None) -> pd.DataFrame:
    """Lifts of each facet beside those inside strata of each other column.

    Parameters
    ----------
    cohort : Cohort
    within : sequence of str
        Facet keys or columns of the patient table; see `strata_of`. A facet is not put into strata of itself.
    models, facets, k, metrics, permutations, seed, blocks, report
        See `table.evaluate`.

    Returns
    -------
    pandas.DataFrame
        One row per model, facet, metric and stratifying column; for the columns see `COLUMNS`.

    Raises
    ------
    InputError
        As `table.evaluate`, or a stratifying column that is not there.
    """
    import pandas as pd

    models = known_names("model", models, with_consensus(cohort.models), cohort.name)
    keys = known_names("facet", facets, tuple(cohort.facets), cohort.name)
    check_numbers(cohort, k, permutations, seed)
    strata = {name: strata_of(cohort, name) for name in within}
    judged = {key: relevance_of(cohort.facets[key]) for key in keys}
    rows = []
    for number, model in enumerate(models):
        report(number / len(models), f"Distances by {model}")
        found = ranked(model_blocks(cohort, model, blocks, k), judged, k, sampled_rows(len(cohort.patients), seed))
        for key, ranking in found.items():
            report((number + 0.5) / len(models), f"{model}: {cohort.facets[key].title} within strata")
            others = {name: codes[judged[key].rows] for name, codes in strata.items() if name != key}
            for row in _rows(judged[key], ranking, metrics, others, permutations, [*facet_seed(seed, key), 0]):
                rows.append({"model": model, "facet": key, **row})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64"})


def strata_of(cohort: Cohort, name: str) -> np.ndarray:
    """Stratum of each patient by a facet or a column of the patient table: int64, shape (N,).

    Numbers are cut into four at their quartiles, texts and categories are strata themselves; the patients whose value is
    not known are a stratum of their own. InputError when there is no such facet or column.
    """
    if name in cohort.facets:
        return cohort.facets[name].codes.astype(np.int64)
    if name not in cohort.patients:
        raise InputError(f"no column {name!r}", source=cohort.name,
                         expected=f"of {', '.join(dict.fromkeys([*cohort.facets, *map(str, cohort.patients)]))}")
    values = cohort.patients[name].to_numpy()
    numbers = _numbers(values)
    if numbers is None:
        return np.unique(values.astype(str), return_inverse=True)[1]
    known = ~np.isnan(numbers)
    strata = np.full(len(numbers), BINS, np.int64)
    if known.any():
        cuts = np.quantile(numbers[known], np.arange(1, BINS) / BINS)
        strata[known] = np.searchsorted(cuts, numbers[known], side="left")
    return strata


def _numbers(values):
    """float64 values, NaN for missing ones; None if they are not all numbers."""
    try:
        numbers = np.array([float(value) if value != "" else np.nan for value in values])
    except (TypeError, ValueError):
        return None
    return None if np.isinf(numbers).any() or len(np.unique(numbers[~np.isnan(numbers)])) <= BINS else numbers


def _rows(relevance, ranking, metrics, strata, permutations, seed):
    """Rows of one model and facet, without the columns that name them."""
    values = {metric: query_values(relevance, ranking, metric) for metric in metrics}
    free = null_means(relevance, ranking, metrics, permutations, seed)
    for name, codes in strata.items():
        bound = null_means(relevance, ranking, metrics, permutations, seed, codes)
        exchangeable = _exchangeable(relevance.labels, codes)
        for metric in metrics:
            known = values[metric][~np.isnan(values[metric])]
            row = {"metric": metric, "k": np.nan if metric == R_PRECISION else ranking.nearest.shape[1], "within": name,
                   "strata": len(np.unique(codes)), "exchangeable": exchangeable, "n": len(known)}
            if len(known):
                value, level, inner = float(known.mean()), float(free[metric].mean()), float(bound[metric].mean())
                lift, within_lift = (value / null if null > 0 else np.nan for null in (level, inner))
                p = p_value(value, free[metric])
                row |= {"value": value, "null_mean": level, "lift": lift, "p": p, "within_null_mean": inner,
                        "within_lift": within_lift, "within_p": p_value(value, bound[metric]),
                        "remains": (within_lift - 1) / (lift - 1) if lift > 1 and p <= _ALPHA else np.nan}
            yield row


def _exchangeable(labels, strata):
    """Patients in strata of more than one label."""
    return int(sum((strata == s).sum() for s in np.unique(strata) if len(np.unique(labels[strata == s])) > 1))
