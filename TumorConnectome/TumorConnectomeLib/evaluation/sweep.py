"""P@k over k: whether a lift hangs on the number of neighbors that was chosen, with the band that chance alone fills."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .cohort_rankings import CohortRankings
from .controls import role_of
from .detectable import precision_spread
from .intervals import metric_intervals
from .metrics import PRECISION, expected_means
from .permutation import query_values
from .ranking import Ranking

if TYPE_CHECKING:
    import pandas as pd

#: `value`, its `chance` level, `null_low`, `null_high`: 95 % of labelings fall between (exact standard deviation, normal
#: limits, for this k alone); `lift` with its 95 % interval
COLUMNS = ("model", "facet", "k", "n", "value", "chance", "null_low", "null_high", "lift", "ci_low", "ci_high", "role")
#: numbers of neighbors that are looked at, as far as there are so many
SIZES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
_NORMAL = 1.959963984540054


def sweep_table(ranked: CohortRankings, models: Sequence[str], facets: Sequence[str]) -> pd.DataFrame:
    """P@k for every k of SIZES that the rankings's lists are long enough for; see COLUMNS."""
    import pandas as pd

    rows = []
    for model in models:
        for key in facets:
            relevance, ranking = ranked.judged[key], ranked.ranking(model, key)
            if ranking is None or not (relevance.counts >= 2).any():
                continue
            for k in (size for size in SIZES if size <= ranking.k):
                rows.append({"model": model, "facet": key, **_row(relevance, shortened(ranking, k)), "role": role_of(key)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shortened(ranking: Ranking, k: int) -> Ranking:
    """The same ranking with shorter lists."""
    if ranking.starts is not None:
        return replace(ranking, k=k)
    return replace(ranking, k=k, nearest=ranking.nearest[:, :k],
                   distances=None if ranking.distances is None else ranking.distances[:, :k])


def _row(relevance, ranking):
    values = query_values(relevance, ranking, PRECISION)
    value = float(np.nanmean(values))
    chance = expected_means(relevance.counts, relevance.gains, ranking.k)[PRECISION]
    found = metric_intervals(relevance, ranking, {PRECISION: value})[PRECISION]
    spread = _NORMAL * precision_spread(relevance, ranking)
    return {"k": ranking.k, "n": int(np.count_nonzero(~np.isnan(values))), "value": value, "chance": chance,
            "null_low": max(0.0, chance - spread), "null_high": min(1.0, chance + spread),
            "lift": value / chance if chance > 0 else np.nan, "ci_low": found.lift_low, "ci_high": found.lift_high}
