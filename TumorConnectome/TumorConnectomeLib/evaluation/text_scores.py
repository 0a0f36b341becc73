"""Whether a number tells the categories of facets apart: AUROC of each category against the rest, with chance and uncertainty.

AUROC: the share of pairs of a patient in the category and one outside in which the first has the larger number, ties one half
(Mann-Whitney). Its interval is that of DeLong, DeLong & Clarke-Pearson ("Comparing the areas under two or more correlated
receiver operating characteristic curves", Biometrics 1988;44:837), by the limits of `intervals.Pull`. p values are two-sided,
by permutation of the category among the patients whose category is known.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.cohort import Cohort, Facet
from .cohort_rankings import facet_seed
from .controls import NEGATIVE_CONTROL, RANDOM, random_facet, role_of
from .intervals import Pull
from .permutation import Labelings, Tally, benjamini_hochberg, grow
from .scores import auroc

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("column", "facet", "category", "n", "positives", "auroc", "ci_low", "ci_high", "chance", "p", "q", "permutations")
#: fewer patients on either side say nothing
FEWEST = 5


def text_scores(cohort: Cohort, column: str, facets: Sequence[str], permutations: int, seed: int = 0) -> pd.DataFrame:
    """AUROC of a column of numbers for every category of some facets.

    Parameters
    ----------
    cohort : Cohort
        Its patient table has the column: float64, NaN for missing.
    column : str
    facets : sequence of str
        Keys; a facet of the column itself is left out. Random groups are added as the negative control.
    permutations : int
        More where p is at its floor, see `permutation.grow`.
    seed : int

    Returns
    -------
    pandas.DataFrame
        COLUMNS, one row for each category with at least FEWEST patients inside and outside (one row for a facet of two
        categories); ``q`` is Benjamini-Hochberg over all rows but those of the control.
    """
    import pandas as pd

    numbers = cohort.patients[column].to_numpy(float)
    asked = {key: cohort.facets[key] for key in facets if key != column}
    rows, tallies, families = [], [], []
    for key, facet in {**asked, RANDOM: random_facet(len(numbers), seed)}.items():
        known = np.flatnonzero(~np.isnan(numbers) & np.isin(facet.codes, _known_codes(facet)))
        for code in _positives(facet, known):
            labels = facet.codes[known] == code
            found = auroc(labels, numbers[known])
            low, high = found + auroc_limits(labels, numbers[known])
            rows.append({"column": column, "facet": key, "category": facet.categories[code], "n": len(known),
                         "positives": int(labels.sum()), "auroc": found, "ci_low": max(0.0, low), "ci_high": min(1.0, high),
                         "chance": 0.5})
            tallies.append(_tally(labels, numbers[known], [*facet_seed(seed, key), 8, int(code)], permutations))
            families.append(np.zeros(1, int) if role_of(key) != NEGATIVE_CONTROL else np.full(1, -1))
    return _tested(pd.DataFrame(rows, columns=list(COLUMNS)), tallies, families)


def auroc_limits(labels: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Distances of the limits of the 95 % interval of an AUROC from it: float64, shape (2,); NaN when nothing varies.

    `labels` is bool, shape (n,), with both kinds; `numbers` float64, shape (n,).
    """
    inside, outside = numbers[labels], numbers[~labels]
    above = np.sign(inside[:, None] - outside[None]) / 2 + 0.5
    pulls = np.zeros(len(labels))
    pulls[labels] = (above.mean(axis=1) - above.mean()) / len(inside)
    pulls[~labels] = (above.mean(axis=0) - above.mean()) / len(outside)
    return Pull(pulls).limits()


def _tally(labels, numbers, seed, permutations):
    """A Tally of |AUROC - 0.5| under permuted labels, by the sum of ranks."""
    ranks = _mid_ranks(numbers)
    inside = int(labels.sum())
    pairs = inside * (len(labels) - inside)
    source = Labelings(labels.astype(np.int8), seed)

    def distance(columns):
        return np.abs((ranks @ columns - inside * (inside + 1) / 2) / pairs - 0.5)

    made = Tally(distance(labels[:, None].astype(float)), lambda number, _which: distance(source.chunk(number))[:, None])
    made.run(permutations)
    return made


def _mid_ranks(numbers):
    """Ranks from 1; equal numbers share their mean: float64, shape (n,)."""
    _values, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _known_codes(facet: Facet):
    return [code for code, name in enumerate(facet.categories) if name in facet.shared]


def _positives(facet, known):
    """Codes of the categories that are asked for: one of two, as the other one says the same the other way round."""
    counts = np.bincount(facet.codes[known], minlength=len(facet.categories))
    codes = [code for code in _known_codes(facet) if FEWEST <= counts[code] <= len(known) - FEWEST]
    return codes[:1] if np.count_nonzero(counts) == 2 else codes


def _tested(table, tallies, families):
    grow(tallies, families)
    table["p"] = [float(tally.p[0]) for tally in tallies]
    table["permutations"] = [int(tally.seen[0]) for tally in tallies]
    table["q"] = np.nan
    tested = np.array([bool(family[0] >= 0) for family in families], bool)
    if tested.any():
        table.loc[tested, "q"] = benjamini_hochberg(table.loc[tested, "p"].to_numpy(float))
    table.loc[~tested, "q"] = table.loc[~tested, "p"]     # the control is a family of its own
    return table
