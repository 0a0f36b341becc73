"""How far a tumor moves through a model's space from scan to scan, against how far patients differ.

A scan is the mean of the unit vectors of its rows (boxes, series). Distances between two scans of a patient are averaged
within the patient first, so that nobody counts more for having been scanned more often. They say little by themselves: the
same patient lies, breathes and is reconstructed differently. So they stand beside the mean distance between scans of
different patients, and as the share of pairs of different patients that are closer. The distance per year is that of all
steps from scan to scan over their years (a ratio estimator). Intervals leave out one patient after the other, with all scans,
from both (jackknife; Efron & Stein, "The jackknife estimate of variance", Ann Stat 1981;9:586), on the logarithmic scale.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..cohort.time_points import Scan, scans_of, years_between
from ..neighbors.neighbors import unit_vectors
from .intervals import student_quantile

if TYPE_CHECKING:
    import pandas as pd

#: `interval`: whole years between two scans of a patient, or PER_YEAR. `patients` with such pairs, `pairs` of scans, `distance`
#: (cosine; per year in the last row) with its 95 % interval, `between`: mean distance of scans of different patients, `ratio`:
#: distance / between with its 95 % interval, `closer`: share of pairs of different patients that are closer (empty per year)
COLUMNS = ("model", "interval", "patients", "pairs", "distance", "ci_low", "ci_high", "between", "ratio", "ratio_ci_low",
           "ratio_ci_high", "closer")
#: one row per model and step from a scan to the next: its `distance`, and the share of pairs of different patients that are
#: `closer`
STEP_COLUMNS = ("model", "patient", "from", "to", "date", "years", "distance", "closer")
PER_YEAR = "per year"
#: fewer patients make no row
_FEWEST = 5
#: scans of which all pairs are compared; of more, so many at random
_MOST_SCANS = 4000
#: a spread below this is none: sums are rounded
_NO_SPREAD = 1e-9


def movement(cohort: Cohort, models: Sequence[str], seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables with COLUMNS and STEP_COLUMNS.

    Parameters
    ----------
    cohort : Cohort
        With every row a node (RowRule.ALL); rows whose date is not known are left out.
    models : sequence of str
    seed : int
        Of the patients whose pairs are compared, where there are very many.

    Raises
    ------
    InputError
        Too few patients have scans of several known dates.
    """
    import pandas as pd

    patients = scans_of(cohort)
    several = sum(len(scans) > 1 for scans in patients)
    if several < _FEWEST:
        raise InputError(f"{several} patients have scans of several known dates", source=cohort.name,
                         expected=f"at least {_FEWEST}, by a column such as StudyDate or series of the published cohort")
    rows, steps = [], []
    for model in models:
        found = _Model(cohort, model, patients, seed)
        rows += [{"model": model, **row} for row in found.rows()]
        steps += [{"model": model, **step} for step in found.steps()]
    return pd.DataFrame(rows, columns=list(COLUMNS)), pd.DataFrame(steps, columns=list(STEP_COLUMNS))


class _Model:
    """The scans of all patients in the space of one model."""

    def __init__(self, cohort, model, patients, seed):
        self._patients = patients
        units = unit_vectors(cohort.embeddings[model], source=model)
        self._vectors = {id(scan): _mean_direction(units[scan.nodes]) for scans in patients for scan in scans}
        self._between(seed)

    def _between(self, seed):
        """Mean distance between scans of different patients, without each of them, and the sorted distances."""
        scans = [(number, scan) for number, mine in enumerate(self._patients) for scan in mine]
        if len(scans) > _MOST_SCANS:
            chosen = np.random.default_rng([seed, 8]).choice(len(scans), _MOST_SCANS, replace=False)
            scans = [scans[place] for place in sorted(chosen)]
        owners = np.array([number for number, _scan in scans])
        vectors = np.stack([self._vectors[id(scan)] for _number, scan in scans])
        distances = 1 - vectors @ vectors.T
        other = owners[:, None] != owners
        sums, counts = (np.bincount(owners, part.sum(1), len(self._patients))
                        for part in (np.where(other, distances, 0), other))
        total, pairs = sums.sum() / 2, counts.sum() / 2
        self.between = total / pairs
        self._without = (total - sums) / (pairs - counts)
        self._sorted = np.sort(distances[other & (np.arange(len(owners))[:, None] < np.arange(len(owners)))])

    def _distance(self, one: Scan, other: Scan):
        return float(1 - self._vectors[id(one)] @ self._vectors[id(other)])

    def _closer(self, distance):
        return float(np.searchsorted(self._sorted, distance) / len(self._sorted))

    def rows(self):
        """One row per whole number of years between scans, then that of the distance per year."""
        pairs = [(number, one, other) for number, scans in enumerate(self._patients)
                 for place, one in enumerate(scans) for other in scans[place + 1:]]
        spans = np.array([round(years_between(one, other)) for _number, one, other in pairs])
        for years in np.unique(spans).tolist():
            mine = [pair for pair, span in zip(pairs, spans) if span == years]
            owners, distances = np.array([pair[0] for pair in mine]), np.array([self._distance(*pair[1:]) for pair in mine])
            counts = np.bincount(owners, minlength=len(self._patients))
            if np.count_nonzero(counts) >= _FEWEST:
                means = np.bincount(owners, distances, len(counts)) / np.maximum(1, counts)
                closer = float(np.mean([self._closer(distance) for distance in distances]))
                yield {"interval": "less than half a year" if not years else f"{years} year{'s' * (years != 1)}",
                       "pairs": len(mine), **self._row(means, (counts > 0).astype(float)), "closer": closer}
        moved, years = np.zeros(len(self._patients)), np.zeros(len(self._patients))
        steps = 0
        for number, scans in enumerate(self._patients):
            for one, other in zip(scans, scans[1:]):
                moved[number] += self._distance(one, other)
                years[number] += years_between(one, other)
                steps += 1
        yield {"interval": PER_YEAR, "pairs": steps, **self._row(moved, years), "closer": np.nan}

    def _row(self, sums, weights):
        """Distance as the ratio of two sums over patients, with intervals by leaving out each patient."""
        distance = sums.sum() / weights.sum()
        without = (sums.sum() - sums) / (weights.sum() - weights)
        low, high = _limits(distance, without)
        ratio_low, ratio_high = _limits(distance / self.between, without / self._without)
        return {"patients": int(np.count_nonzero(weights)), "distance": distance, "ci_low": low, "ci_high": high,
                "between": self.between, "ratio": distance / self.between, "ratio_ci_low": ratio_low,
                "ratio_ci_high": ratio_high}

    def steps(self):
        """One row per step from a scan to the next."""
        for scans in self._patients:
            for one, other in zip(scans, scans[1:]):
                distance = self._distance(one, other)
                yield {"patient": one.patient, "from": one.name, "to": other.name, "date": str(other.date),
                       "years": years_between(one, other), "distance": distance, "closer": self._closer(distance)}


def _mean_direction(units):
    mean = units.mean(0)
    length = np.linalg.norm(mean)
    return mean / length if length > 0 else mean


def _limits(value, without):
    """95 % interval on the logarithmic scale from the values without each patient; NaN when nothing varies."""
    if not value > 0 or not (without > 0).all():
        return np.nan, np.nan
    logs = np.log(without)
    changed = np.count_nonzero(np.abs(logs - np.log(value)) > 0)
    error = np.sqrt((len(logs) - 1) / len(logs) * np.square(logs - logs.mean()).sum())
    if not error > _NO_SPREAD:
        return np.nan, np.nan
    reach = student_quantile(max(3, min(changed, len(logs)) - 1)) * error
    return float(value * np.exp(-reach)), float(value * np.exp(reach))
