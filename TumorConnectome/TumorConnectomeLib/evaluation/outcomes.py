"""Labels that are not classes: times to an event, most of them censored, and numbers.

Cut into bins, a patient who was followed for two years counts as one who died after two. So the neighbors' hazard is taken as
a patient's risk, events per time at risk among the k nearest, and compared with what happened to the patient by Harrell's C
("Evaluating the yield of medical tests", JAMA 1982;247:2543): the share of pairs of patients of whom one is known to have
lived longer in which the other one has the larger risk; of an event and a censored patient at the same time the censored one
lived longer. Chance is not quite 0.5, because what happened to a patient is not among the neighbors' outcomes. For numbers, it
is the mean absolute difference between a patient and the k nearest, over that of all pairs. p values come from permutation, of
times and events as pairs.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.cohort import Cohort
from ..cohort.column_kinds import events_of, survival_columns
from ..cohort.column_values import as_numbers
from .cohort_rankings import CohortRankings, facet_seed
from .intervals import Pull, edge_pull
from .permutation import CHUNK, Tally, benjamini_hochberg, grow
from .ranking import Ranking
from .sweep import shortened

if TYPE_CHECKING:
    import pandas as pd

#: `n` patients of known time and event, `events` of them; `c_index` with its 95 % interval (jackknife), `p` one-sided by
#: permutation, `q` Benjamini-Hochberg over all rows; `chance` is the mean C of the permutations
SURVIVAL_COLUMNS = ("model", "time", "event", "k", "n", "events", "c_index", "ci_low", "ci_high", "chance", "p", "q",
                    "permutations")
#: `value`: mean absolute difference to the k nearest, `chance` between all pairs, `ratio` the quotient (below 1: neighbors are
#: alike) with its 95 % interval
NUMBER_COLUMNS = ("model", "column", "k", "n", "value", "chance", "ratio", "ci_low", "ci_high", "p", "q", "permutations")
#: numbers of neighbors whose hazard is looked at, besides the one asked for
SIZES = (10, 20, 50)
#: fewer events say nothing
FEWEST_EVENTS = 5
#: so many patients at most have intervals of C: each is left out once
_JACKKNIFE = 1000


def survival_table(ranked: CohortRankings, models: Sequence[str], permutations: int, *, k: int, pairs=None,
                   report=lambda fraction, message="": None) -> pd.DataFrame:
    """C index of the neighbors' hazard for every model, pair of columns and k.

    Parameters
    ----------
    ranked : CohortRankings
        Its lists are at least as long as the largest k wanted.
    models : sequence of str
    permutations : int
    k : int
        Looked at besides SIZES.
    pairs : sequence of (str, str), optional
        Columns of time and event; those that `column_kinds.survival_columns` finds by default.
    report : callable
    """
    import pandas as pd

    cohort: Cohort = ranked.cohort
    rows, tallies, hazards = [], [], []
    for time, event in survival_columns(cohort.patients) if pairs is None else pairs:
        times, events = as_numbers(cohort.patients[time]), events_of(cohort.patients[event])
        known = np.flatnonzero(~np.isnan(times) & ~np.isnan(events) & (times >= 0))
        if len(known) < 3 or events[known].sum() < FEWEST_EVENTS:
            continue
        drawn = _Orders(len(known), [*facet_seed(ranked.seed, f"{time}/{event}"), 6])
        for number, model in enumerate(models):
            report(number / len(models), f"{model}: {time}")
            whole = ranked.everybody(model)
            for size in sorted({k, *SIZES}):
                if size > whole.k:
                    continue
                found = _Hazards(shortened(whole, size), known, times[known], events[known])
                tally = Tally([found.c_index], lambda place, _which, found=found, drawn=drawn: found.permuted(
                    drawn.chunk(place))[:, None])
                tally.run(permutations)
                low, high = found.limits()
                rows.append({"model": model, "time": time, "event": event, "k": size, "n": len(known),
                             "events": int(events[known].sum()), "c_index": found.c_index, "ci_low": low, "ci_high": high})
                tallies.append(tally)
                hazards.append(found)
    table = _tested(pd.DataFrame(rows, columns=list(SURVIVAL_COLUMNS)), tallies)
    table["chance"] = [float(found.permuted_sum / found.permutations) for found in hazards]
    return table


def number_table(ranked: CohortRankings, models: Sequence[str], facets: Sequence[str], permutations: int,
                 report=lambda fraction, message="": None) -> pd.DataFrame:
    """Mean absolute difference to the nearest for the facets that are bins of numbers."""
    import pandas as pd

    rows, tallies = [], []
    for key in facets:
        facet = ranked.cohort.facets[key]
        if facet.numbers is None:
            continue
        known = np.flatnonzero(~np.isnan(facet.numbers))
        if len(known) < 4 or np.ptp(facet.numbers[known]) == 0:
            continue
        drawn = _Orders(len(known), [*facet_seed(ranked.seed, key), 7])
        for number, model in enumerate(models):
            report(number / len(models), f"{model}: {facet.title}")
            found = _Differences(ranked.everybody(model), known, facet.numbers[known])
            tally = Tally([-found.value], lambda place, _which, found=found, drawn=drawn: -found.permuted(
                drawn.chunk(place))[:, None])
            tally.run(permutations)
            low, high = found.value / found.chance * np.exp(found.pull().limits())
            rows.append({"model": model, "column": key, "k": ranked.everybody(model).k, "n": len(known), "value": found.value,
                         "chance": found.chance, "ratio": found.value / found.chance, "ci_low": low, "ci_high": high})
            tallies.append(tally)
    return _tested(pd.DataFrame(rows, columns=list(NUMBER_COLUMNS)), tallies)


def _tested(table, tallies):
    grow(tallies, [np.zeros(1, int)] * len(tallies))
    table["p"] = [float(tally.p[0]) for tally in tallies]
    table["permutations"] = [int(tally.seen[0]) for tally in tallies]
    table["q"] = benjamini_hochberg(table["p"].to_numpy(float))
    return table


class _Orders:
    """Permutations of patients in chunks, the same ones for all models."""

    def __init__(self, count, seed):
        self._count, self._seed = count, seed

    def chunk(self, number):
        random = np.random.default_rng([*self._seed, number])
        return random.permuted(np.broadcast_to(np.arange(self._count), (CHUNK, self._count)), axis=1)


def _known_edges(ranking: Ranking, known):
    """Sources, targets and shares of the list places whose patients both are known, by their place in `known`."""
    place = np.full(len(ranking.nearest), -1)
    place[known] = np.arange(len(known))
    listed = ranking.listed
    sources, columns = np.nonzero(listed > 0)
    targets = ranking.nearest[sources, columns]
    kept = (place[sources] >= 0) & (place[targets] >= 0)
    return place[sources[kept]], place[targets[kept]], listed[sources[kept], columns[kept]]


class _Hazards:
    """The neighbors' hazard of every patient against what happened to it."""

    def __init__(self, ranking, known, times, events):
        self._sources, self._targets, self._shares = _known_edges(ranking, known)
        self._times, self._events = times, events
        self.permuted_sum, self.permutations = 0.0, 0
        # one is known to have lived longer than the other: the other's event came before, or when it was seen alive
        later = (times[None] > times[:, None]) | ((times[None] == times[:, None]) & (events[None] == 0))
        self._longer = later & (events[:, None] > 0)
        self.c_index = float(self._concordance(self._risks(np.arange(len(times))[None]))[0])

    def _risks(self, orders):
        """Events per time among the neighbors when patient i has the outcome of orders[., i]: float64, (B, n)."""
        count = len(self._times)
        matrix = np.zeros((count, count), np.float32)
        np.add.at(matrix, (self._sources, self._targets), self._shares)
        events, times = self._events[orders] @ matrix.T, self._times[orders] @ matrix.T
        return np.divide(events, times, out=np.zeros(events.shape), where=times > 0)

    def _concordance(self, risks):
        """C of risks (B, n) by outcome."""
        found = np.empty(len(risks))
        for number, risk in enumerate(risks):
            difference = np.sign(risk[:, None] - risk[None])
            found[number] = 0.5 + 0.5 * difference[self._longer].mean() if self._longer.any() else np.nan
        return found

    def permuted(self, orders):
        """C under outcomes that are permuted among the patients."""
        risks, found = self._risks(orders), np.empty(orders.shape)
        np.put_along_axis(found, orders, risks, axis=1)     # the risk of the patient that has each outcome
        concordance = self._concordance(found)
        self.permuted_sum += concordance.sum()
        self.permutations += len(concordance)
        return concordance

    def limits(self):
        """95 % interval of C by leaving out one patient after the other; NaN for many patients."""
        count = len(self._times)
        if count > _JACKKNIFE:
            return np.nan, np.nan
        matrix = np.zeros((count, count))
        np.add.at(matrix, (self._sources, self._targets), self._shares)
        events, times = matrix @ self._events, matrix @ self._times
        pulls = np.empty(count)
        for one in range(count):
            rest = np.arange(count) != one
            time = times - matrix[:, one] * self._times[one]
            risk = np.divide(events - matrix[:, one] * self._events[one], time, out=np.zeros(count), where=time > 0)
            longer = self._longer[np.ix_(rest, rest)]
            difference = np.sign(risk[rest, None] - risk[None, rest])
            pulls[one] = self.c_index - (0.5 + 0.5 * difference[longer].mean() if longer.any() else self.c_index)
        low, high = np.clip(self.c_index + Pull(pulls * (count - 1) / count).limits(), 0.0, 1.0)
        return float(low), float(high)


class _Differences:
    """Absolute differences of a number between patients and their nearest."""

    def __init__(self, ranking, known, numbers):
        self._sources, self._targets, shares = _known_edges(ranking, known)
        self._numbers, self._weights = numbers, shares / shares.sum()
        self._apart = np.abs(numbers[:, None] - numbers).sum(1) / (len(numbers) - 1)
        self.chance = float(self._apart.mean())
        self.value = float(self._weights @ np.abs(numbers[self._sources] - numbers[self._targets]))

    def permuted(self, orders):
        """The mean under permuted numbers: float64, shape (B,)."""
        numbers = self._numbers[orders]
        return np.array([self._weights @ np.abs(row[self._sources] - row[self._targets]) for row in numbers])

    def pull(self):
        """Pull on the logarithm of value / chance."""
        edges = np.abs(self._numbers[self._sources] - self._numbers[self._targets])
        influence = self._weights * (edges / self.value - 1) if self.value > 0 else self._weights * 0
        count = len(self._numbers)
        return edge_pull(self._sources, self._targets, influence, count).plus(-2 * (self._apart / self.chance - 1) / count)
