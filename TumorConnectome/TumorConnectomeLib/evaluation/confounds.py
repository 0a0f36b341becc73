"""Confounds: how much of what was found beyond chance remains inside strata of other columns.

A model that sees the scanner finds the same stage more often than chance if stages went to different scanners. So labels are
also permuted within strata only: that null keeps what the other columns alone explain, and what the value has beyond it is what
remains inside the strata (a conditional permutation test, e.g. Good, "Permutation, Parametric, and Bootstrap Tests of
Hypotheses", 3rd ed. 2005). The level within strata is exact: labels of two patients of different strata are independent, those
of one stratum are drawn from it without replacement.

What remains is told as a share of the excess, (value - within) / (value - chance), because a quotient of lifts says that half
is explained when a category is merely rarer within its strata. Its interval is that of a quotient whose parts are both
uncertain (Fieller, "Some problems in interval estimation", J R Stat Soc B 1954;16:175).
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..neighbors.consensus import with_consensus
from .cohort_rankings import CohortRankings, facet_seed
from .distances import Blocks, cosine_blocks
from .intervals import Pull, levels, list_pull
from .metrics import PRECISION, class_weights, contributions, expected_means
from .permutation import ENOUGH, Labelings, Tally
from .ranking import Ranking
from .relevance import Relevance, relevance_of
from .table import PERMUTATIONS, check_numbers, known_names

if TYPE_CHECKING:
    import pandas as pd

#: `within`: the column that makes the strata, or several with JOINT between them. `strata`: how many. `exchangeable`: patients
#: whose label can change within their stratum; with 0 nothing can be tested, and the figures within are missing.
#: `chance`, `lift`, `p`: as in the evaluation table; `within_...`: with labels permuted within strata. `remains`:
#: (value - within_chance) / (value - chance), missing unless lift > 1 with p <= .05 (a share of nothing means nothing);
#: `remains_ci_low`, `remains_ci_high`: its 95 % interval, missing where it has no end.
COLUMNS = ("model", "facet", "metric", "k", "within", "strata", "exchangeable", "n", "value", "chance", "lift", "p",
           "within_chance", "within_lift", "within_p", "remains", "remains_ci_low", "remains_ci_high")
#: stands between the names of columns that make strata jointly
JOINT = "+"
#: patients of a stratum that a numeric column is cut into, and strata at least
_PER_STRATUM, _FEWEST_STRATA = 10, 4
_ALPHA = 0.05
#: labelings that have to reach, and not to reach, the value within strata of something that was not found anyway
_HARDLY = 20


def confound_table(cohort: Cohort, within: Sequence[str], models: Sequence[str] | None = None,
                   facets: Sequence[str] | None = None, *, k: int = 5, permutations: int = PERMUTATIONS, seed: int = 0,
                   blocks: Blocks = cosine_blocks, ranked: CohortRankings | None = None,
                   report=lambda fraction, message="": None) -> pd.DataFrame:
    """P@k of each facet beside its level inside strata of each other column.

    Parameters
    ----------
    cohort : Cohort
    within : sequence of str
        Facet keys or columns of the patient table, or several of them jointly; see `strata_of`. A facet is not put into
        strata of itself.
    models, facets, k, permutations, seed, blocks, ranked, report
        See `table.evaluate_all`.

    Returns
    -------
    pandas.DataFrame
        One row per model, facet and stratifying column; for the columns see `COLUMNS`.

    Raises
    ------
    InputError
        As `table.evaluate_all`, or a stratifying column that is not there.
    """
    import pandas as pd

    models = known_names("model", models, with_consensus(cohort.models), cohort.name)
    keys = known_names("facet", facets, tuple(cohort.facets), cohort.name)
    check_numbers(cohort, k, permutations, seed)
    strata = {name: strata_of(cohort, name) for name in within}
    ranked = ranked or CohortRankings(cohort, {key: relevance_of(cohort.facets[key]) for key in keys}, k, seed, blocks)
    orders: dict[tuple[str, bytes], Labelings] = {}
    drawn: dict[str, Labelings] = {}
    rows = []
    for number, model in enumerate(models):
        for place, key in enumerate(keys):
            report((number + place / len(keys)) / len(models), f"{model}: {cohort.facets[key].title} within strata")
            relevance = ranked.judged[key]
            if not relevance.targets:
                continue
            others = {name: codes[relevance.rows] for name, codes in strata.items() if key not in parts_of(cohort, name)}
            for name, codes in others.items():
                place = name, relevance.rows.tobytes()
                if place not in orders:                 # of the patients: the same ones for all labels
                    orders[place] = Labelings(np.arange(len(codes), dtype=np.int32), [*facet_seed(seed, name), 0], codes)
                drawn[name] = orders[place]
            for row in _rows(ranked, model, key, others, drawn, permutations):
                rows.append({"model": model, "facet": key, **row})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"k": "Int64"})


def parts_of(cohort: Cohort, name: str) -> tuple[str, ...]:
    """The columns that a name of strata stands for: itself, or the parts between JOINT where no column has that name."""
    if name in cohort.facets or name in cohort.patients or JOINT not in name:
        return (name,)
    return tuple(part.strip() for part in name.split(JOINT) if part.strip())


def strata_of(cohort: Cohort, name: str) -> np.ndarray:
    """Stratum of each patient by a facet, a column of the patient table, or several jointly ("sex+age"): int64, shape (N,).

    Numbers are cut at quantiles into strata of about ten patients (facets of binned numbers, too: within a bin, a number can
    still explain much); texts and categories are strata themselves; the patients whose value is not known are a stratum of
    their own. InputError when there is no such facet or column.
    """
    parts = parts_of(cohort, name)
    codes = [_strata_of_one(cohort, part) for part in parts]
    if len(codes) == 1:
        return codes[0]
    return np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)[1].ravel()


def _strata_of_one(cohort, name):
    facet = cohort.facets.get(name)
    if facet is not None and facet.numbers is None:
        return facet.codes.astype(np.int64)
    if facet is None and name not in cohort.patients:
        raise InputError(f"no column {name!r}", source=cohort.name,
                         expected=f"of {', '.join(dict.fromkeys([*cohort.facets, *map(str, cohort.patients)]))}")
    values = cohort.patients[name].to_numpy() if facet is None else facet.numbers
    numbers = _numbers(values)
    if numbers is None:
        return np.unique(values.astype(str), return_inverse=True)[1]
    known = ~np.isnan(numbers)
    count = max(_FEWEST_STRATA, int(known.sum()) // _PER_STRATUM)
    strata = np.full(len(numbers), count, np.int64)
    if known.any():
        cuts = np.unique(np.quantile(numbers[known], np.arange(1, count) / count))
        strata[known] = np.searchsorted(cuts, numbers[known], side="left")
    return strata


def _numbers(values):
    """float64 values, NaN for missing ones; None if they are not all numbers, or only a few different ones."""
    try:
        numbers = np.array([float(value) if value != "" else np.nan for value in values])
    except (TypeError, ValueError):
        return None
    few = len(np.unique(numbers[~np.isnan(numbers)])) <= _FEWEST_STRATA
    return None if np.isinf(numbers).any() or few else numbers


def _rows(ranked, model, key, strata, drawn, permutations):
    """Rows of one model and facet, without the columns that name them."""
    relevance, ranking = ranked.judged[key], ranked.ranking(model, key)
    weights = class_weights(relevance.counts, relevance.gains, ranking.k)
    asked = weights.asked[PRECISION][relevance.labels]
    if not asked.any():
        return
    hits = contributions(relevance.labels, ranking, weights, PRECISION)
    value = float(hits[asked].sum() / asked.sum())
    chance = expected_means(relevance.counts, relevance.gains, ranking.k)[PRECISION]
    null = ranked.null(model, key)

    labels = relevance.labels.astype(np.int8) if len(relevance.counts) < 128 else relevance.labels

    def p_of(chunk, enough=ENOUGH):
        tally = Tally([value], lambda number, _which: null.means(chunk(number), [PRECISION])[PRECISION][:, None])
        tally.run(permutations, enough=enough)
        return float(tally.p[0])

    p = ranked.p_values.get((model, key))
    p = p_of(ranked.labelings(key).chunk) if p is None else p
    for name, codes in strata.items():
        row = {"metric": PRECISION, "k": ranking.k, "within": name, "strata": len(np.unique(codes)), "n": int(asked.sum()),
               "exchangeable": _exchangeable(relevance.labels, codes), "value": value, "chance": chance,
               "lift": value / chance if chance > 0 else np.nan, "p": p}
        if row["exchangeable"]:
            inside = _Inside(relevance, ranking, codes, asked)
            row |= {"within_chance": inside.level, "within_lift": value / inside.level if inside.level > 0 else np.nan,
                    "within_p": p_of(lambda number, name=name: np.take(labels, drawn[name].chunk(number), mode="clip"),
                                     ENOUGH if p <= _ALPHA else _HARDLY)}
            if row["lift"] > 1 and p <= _ALPHA:
                row["remains"] = (value - inside.level) / (value - chance)
                row["remains_ci_low"], row["remains_ci_high"] = inside.remains(hits, value, chance)
        yield row


class _Inside:
    """Exact P@k under labels permuted within strata, and what remains beyond it."""

    def __init__(self, relevance: Relevance, ranking: Ranking, codes: np.ndarray, asked: np.ndarray):
        self._relevance, self._ranking, self._asked = relevance, ranking, asked
        self._codes = np.unique(codes, return_inverse=True)[1]
        self._sizes = np.bincount(self._codes)
        table = np.zeros((len(self._sizes), len(relevance.counts)))
        np.add.at(table, (self._codes, relevance.labels), 1)
        self._table = table
        self._shares = table / self._sizes[:, None]     # of each category in each stratum
        self._same = self._shares @ self._shares.T      # that two patients of two strata have the same label
        pairs = np.maximum(1, self._sizes * (self._sizes - 1))
        np.fill_diagonal(self._same, (table * (table - 1)).sum(1) / pairs)
        self._expected = self._same[self._codes[:, None], self._codes[ranking.nearest]] * ranking.listed / ranking.k
        self.level = float(self._expected[asked].sum() / asked.sum())

    def remains(self, hits, value, chance):
        """95 % interval of (value - level) / (value - chance); NaN where it has no end."""
        asked = self._asked
        of_chance = levels(self._relevance, self._ranking.k)[PRECISION].chance_pull
        explained = list_pull(self._ranking, self._expected, asked).plus(self._composition() - of_chance)
        whole = list_pull(self._ranking, hits, asked).plus(-of_chance)
        low, high = _fieller(self.level - chance, value - chance, explained, whole)
        return 1 - high, 1 - low

    def _composition(self):
        """Pull of each patient on the level by its label being one of its stratum: float64, shape (M,)."""
        count, labels = len(self._codes), self._relevance.labels
        among = np.zeros(self._same.shape)              # list places between strata
        np.add.at(among, (self._codes[:, None], self._codes[self._ranking.nearest]), self._ranking.listed)
        both = among + among.T
        own = np.diag(among).copy()
        np.fill_diagonal(both, 0.0)
        others = np.maximum(1, self._sizes - 1)
        # without a patient of category c, stratum s has shares (n p - [c]) / (n - 1)
        change = ((both * self._same).sum(1)[:, None] - both @ self._shares) / others[:, None]
        table = self._table
        fewer = (table * (table - 1)).sum(1)[:, None] - 2 * (table - 1)
        pairs = np.maximum(1, (self._sizes - 1) * (self._sizes - 2))[:, None]
        inner = np.where(self._sizes[:, None] > 2, fewer / pairs - np.diag(self._same)[:, None], 0.0) * own[:, None]
        pull = -(change + inner) / self._ranking.k / max(1, self._asked.sum())
        return pull[self._codes, labels] * (count - 1) / count


def _fieller(part, whole, part_pull: Pull, whole_pull: Pull):
    """Limits of part / whole by Fieller's theorem, NaN when they are not finite."""
    one, other = part_pull.error, whole_pull.error
    if not other > 0:
        return np.nan, np.nan
    quantile = whole_pull.quantile
    if one == 0:
        return part / whole, part / whole
    shared = float(np.corrcoef(part_pull.patients, whole_pull.patients)[0, 1]) * one * other
    a = whole ** 2 - (quantile * other) ** 2
    b = part * whole - quantile ** 2 * shared
    c = part ** 2 - (quantile * one) ** 2
    room = b ** 2 - a * c
    if a <= 0 or room < 0:
        return np.nan, np.nan
    return (b - np.sqrt(room)) / a, (b + np.sqrt(room)) / a


def _exchangeable(labels, strata):
    """Patients in strata of more than one label."""
    _names, codes = np.unique(strata, return_inverse=True)
    table = np.zeros((codes.max(initial=-1) + 1, labels.max(initial=0) + 1))
    np.add.at(table, (codes, labels), 1)
    return int(table[(table > 0).sum(1) > 1].sum())
