"""Replication: is what was found in one cohort found in another one, of other patients?

Whatever was seen in many tests may be chance; the same figure in patients who were not looked at is not. The two cohorts share
no patient, so their lifts are independent: they differ when the difference of their logarithms is large against its standard
error (Cochran's test of heterogeneity, Biometrics 1954;10:101, for two), and together they give a lift weighted by precision.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .controls import TESTED, role_of
from .distances import Blocks, cosine_blocks
from .intervals import two_sided_p
from .metrics import PRECISION
from .permutation import benjamini_hochberg
from .table import PERMUTATIONS, evaluate

if TYPE_CHECKING:
    import pandas as pd

#: `n`, `value`, `chance`, `lift`, `ci_low`, `ci_high`, `p`, `q` in the first cohort; `again_...` in the second, `again_q` only
#: corrected for what had q <= .05 in the first. `heterogeneity_p`: two-sided, that both lifts are the same. `joint_lift` with
#: its interval: both cohorts together, weighted by precision.
COLUMNS = ("model", "facet", "metric", "k", "n", "value", "chance", "lift", "ci_low", "ci_high", "p", "q", "again_n",
           "again_value", "again_chance", "again_lift", "again_ci_low", "again_ci_high", "again_p", "again_q",
           "heterogeneity_p", "joint_lift", "joint_lift_ci_low", "joint_lift_ci_high", "role")
#: instead of files: the patients that the rule of one row leaves out
LEFT_OUT = "left-out"
_NORMAL, _ALPHA = 1.959963984540054, 0.05
#: normal distribution: two cohorts of hundreds of patients
_MANY = 1e6


def disjoint(first: Cohort, second: Cohort) -> Cohort:
    """The patients of a second cohort that are not in the first, and the models that both have.

    InputError when there is no other patient or no common model.
    """
    rows = np.flatnonzero(~np.isin(np.array(second.patient_ids), np.array(first.patient_ids)))
    models = [model for model in second.models if model in first.models]
    if len(rows) < 3:
        raise InputError(f"only {len(rows)} patients that are not in {first.name}", source=second.name,
                         expected="another cohort for the replication")
    if not models:
        raise InputError(f"no model of {first.name}", source=second.name, expected=f"one of {', '.join(first.models)}")
    return replace(second, patients=second.patients.iloc[rows], embeddings={
        model: second.embeddings[model][rows] for model in models},
        facets={key: facet.of_rows(rows) for key, facet in second.facets.items()})


def replication_table(first: pd.DataFrame, second: Cohort, facets: Sequence[str], *, k: int = 5,
                      permutations: int = PERMUTATIONS, seed: int = 0, blocks: Blocks = cosine_blocks,
                      report=lambda fraction, message="": None) -> pd.DataFrame:
    """P@k of two cohorts side by side.

    Parameters
    ----------
    first : pandas.DataFrame
        Table of `table.evaluate` of the first cohort.
    second : Cohort
        See `disjoint`.
    facets : sequence of str
        Those of the first cohort; what the second does not have is left out.
    k, permutations, seed, blocks, report
        See `table.evaluate_all`.
    """
    import pandas as pd

    common = [key for key in facets if key in second.facets]
    again = evaluate(second, None, common, k=min(k, len(second.patients) - 1), metrics=[PRECISION], permutations=permutations,
                     seed=seed, blocks=blocks, report=report)
    found = {(row["model"], row["facet"]): row for row in again.to_dict("records")}
    rows = []
    for row in first[first["metric"] == PRECISION].to_dict("records"):
        other = found.get((row["model"], row["facet"]))
        if other is not None:
            rows.append({**row, **{f"again_{name}": other[name] for name in (
                "n", "value", "chance", "lift", "ci_low", "ci_high", "p")}, **_together(row, other),
                "role": role_of(row["facet"])})
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64"})
    table["again_q"] = np.nan
    asked = (table["role"] == TESTED) & (table["q"] <= _ALPHA)
    table.loc[asked, "again_q"] = benjamini_hochberg(table.loc[asked, "again_p"].to_numpy(float))
    return table


def _together(one, other):
    errors = np.array([one["lift_error"], other["lift_error"]], float)
    lifts = np.array([one["lift"], other["lift"]], float)
    if not ((errors > 0) & (lifts > 0)).all():
        return {"heterogeneity_p": np.nan}
    logs, weights = np.log(lifts), errors ** -2
    mean, error = (logs @ weights) / weights.sum(), weights.sum() ** -0.5
    low, high = np.exp(mean + np.array([-1, 1]) * _NORMAL * error)
    return {"heterogeneity_p": two_sided_p(logs[0] - logs[1], float(np.sqrt(np.square(errors).sum())), _MANY),
            "joint_lift": float(np.exp(mean)), "joint_lift_ci_low": float(low), "joint_lift_ci_high": float(high)}
