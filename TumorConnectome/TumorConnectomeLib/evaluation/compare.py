"""Model against model: does one find a label more often than another, on the same patients?

Two models look at the same patients, and their lists overlap; so the two lifts are not independent, and two intervals that
overlap do not say that the models are alike. Chance is the same for both: the ratio of their P@k is that of their lifts. The
variance of its logarithm comes from each patient's pull on it, as query and as target in either model, pairs counted once
(dyadic cluster-robust variance, see `intervals`). Holm's correction ("A simple sequentially rejective multiple test procedure",
Scand J Stat 1979;6:65) is over all comparisons of a label: they are few, and one wrong claim among them is one too many.
"""
from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..neighbors.consensus import CONSENSUS, with_consensus
from .cohort_rankings import CohortRankings
from .controls import role_of
from .intervals import edge_pull, two_sided_p
from .metrics import PRECISION, class_weights, contributions
from .table import known_names

if TYPE_CHECKING:
    import pandas as pd

#: `ratio`: P@k of `model` over that of `reference`, on the same `n` queries, with its 95 % interval; `p`: two-sided, that the
#: ratio is 1; `p_holm`: corrected for all comparisons of the facet
COLUMNS = ("facet", "model", "reference", "metric", "k", "n", "value", "reference_value", "ratio", "ci_low", "ci_high", "p",
           "p_holm", "role")


def compare_models(ranked: CohortRankings, facets: Sequence[str], models: Sequence[str] | None = None,
                   reference: str | None = None) -> pd.DataFrame:
    """Ratios of P@k of every model to a reference, or of all pairs of models.

    Parameters
    ----------
    ranked : CohortRankings
    facets : sequence of str
        Of those that the rankings judges.
    models : sequence of str, optional
        All but the consensus by default.
    reference : str, optional
        The model, or the consensus, that the others are compared with.

    Raises
    ------
    InputError
        A model that is not there.
    """
    import pandas as pd

    cohort: Cohort = ranked.cohort
    possible = with_consensus(cohort.models)
    models = known_names("model", cohort.models if models is None else models, possible, cohort.name)
    if reference is not None and reference not in possible:
        raise InputError(f"no model {reference!r}", source=cohort.name, expected=f"of {', '.join(possible)}")
    if reference is None:
        pairs = list(itertools.combinations([model for model in models if model != CONSENSUS], 2))
    else:
        pairs = [(model, reference) for model in models if model != reference]
    rows = []
    for key in facets:
        found = {model: _edges(ranked, model, key) for model in dict.fromkeys(itertools.chain(*pairs))}
        mine = [{"facet": key, "model": one, "reference": other, **_row(found[one], found[other]), "role": role_of(key)}
                for one, other in pairs if found[one] is not None]
        for row, corrected in zip(mine, holm(np.array([row["p"] for row in mine]))):
            rows.append({**row, "p_holm": corrected})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64"})


def against(records: Sequence[Mapping], reference: str) -> list[dict]:
    """Rows of a table of all pairs of models that are about a reference, turned so that it is the reference.

    ``p_holm`` corrects for these comparisons alone: whoever chose the reference before looking makes no others.
    """
    mine = []
    for row in records:
        if row["reference"] == reference:
            mine.append(dict(row))
        elif row["model"] == reference:
            mine.append({**row, "model": row["reference"], "reference": reference, "value": row["reference_value"],
                         "reference_value": row["value"], "ratio": 1 / row["ratio"], "ci_low": 1 / row["ci_high"],
                         "ci_high": 1 / row["ci_low"]})
    for facet in dict.fromkeys(row["facet"] for row in mine):
        rows = [row for row in mine if row["facet"] == facet]
        for row, corrected in zip(rows, holm(np.array([row["p"] for row in rows], float))):
            row["p_holm"] = float(corrected)
    return mine


def holm(p: np.ndarray) -> np.ndarray:
    """p values corrected by Holm's method: float64, shape (T,); NaN where p is."""
    corrected = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return corrected


def _edges(ranked, model, key):
    """Mean P@k and the influence of each list place on its logarithm; None without queries."""
    relevance, ranking = ranked.judged[key], ranked.ranking(model, key)
    if ranking is None:
        return None
    weights = class_weights(relevance.counts, relevance.gains, ranking.k)
    asked = weights.asked[PRECISION][relevance.labels]
    if not asked.any():
        return None
    shares = contributions(relevance.labels, ranking, weights, PRECISION)
    value = float(shares[asked].sum() / asked.sum())
    rest = np.where(asked[:, None], shares - ranking.listed * (value / ranking.k), 0.0)
    sources, places = np.nonzero(rest)
    influence = rest[sources, places] / (asked.sum() * value) if value > 0 else np.zeros(len(sources))
    return value, int(asked.sum()), ranking.k, len(asked), sources, ranking.nearest[sources, places], influence


def _row(one, other):
    value, queries, k, count, *edges = one
    against, _queries, _k, _count, *others = other
    row = {"metric": PRECISION, "k": k, "n": queries, "value": value, "reference_value": against, "p": np.nan}
    if not (value > 0 and against > 0):
        return row
    sources, targets = (np.concatenate(parts) for parts in zip(edges[:2], others[:2]))
    pull = edge_pull(sources, targets, np.concatenate([edges[2], -others[2]]), count)
    low, high = value / against * np.exp(pull.limits())
    return {**row, "ratio": value / against, "ci_low": float(low), "ci_high": float(high),
            "p": two_sided_p(np.log(value / against), pull.error, pull.freedom)}
