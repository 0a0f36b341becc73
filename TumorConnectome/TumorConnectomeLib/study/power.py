"""How often a study of a given size would find what is there: power by simulated readers."""
from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from .chance import exact_test, fleiss_null, fleiss_p, subset_hits
from .intervals import share_interval
from .kappa import cohen_kappa, fleiss_kappa
from .readings import ALL, CANDIDATES, CHOSEN, CONSENSUS, Readings, majority
from .simulation import LARGEST_KAPPA, common_part, simulated_readings

#: columns of the table of a plan
COLUMNS = ("statistic", "reader", "queries", "readers", "kappa", "between", "spread", "studies", "mean", "power", "ci_low",
           "ci_high")
#: simulated studies
STUDIES = 500
#: one-sided level of the tests
ALPHA = 0.05
#: most queries that are tried for a power
MOST_QUERIES = 200


@dataclass(frozen=True)
class Plan:
    """The size of a study and what its readers are like.

    Parameters
    ----------
    queries, readers : int
    kappa : float
        Expected kappa of a reader with the model, on average.
    between : float or None
        Expected kappa of two readers; None: readers have nothing in common but the model.
    spread : float
        Standard deviation of the readers' own expected kappas.
    """

    queries: int
    readers: int
    kappa: float
    between: float | None = None
    spread: float = 0.0

    def __post_init__(self):
        for name, value, low, high in (("queries", self.queries, 1, 10_000), ("readers", self.readers, 1, 100),
                                       ("kappa", self.kappa, -LARGEST_KAPPA, LARGEST_KAPPA), ("spread", self.spread, 0, 1)):
            if not low <= value <= high:
                raise InputError(f"{name} {value}", expected=f"{low} to {high}")


@dataclass(frozen=True)
class Power:
    """How often simulated studies find that a figure is above chance.

    Parameters
    ----------
    statistic, reader : str
        As in the table of `analysis`.
    mean : float
        Mean of the figure over the studies.
    power : float
        Share of the studies with p <= 0.05; `ci_low` and `ci_high` are what the number of studies leaves open, 95 %.
    """

    statistic: str
    reader: str
    mean: float
    power: float
    ci_low: float
    ci_high: float


def power_of(plan: Plan, studies: int = STUDIES, seed: int = 0, report=lambda fraction, message="": None) -> list[Power]:
    """Power of the tests of agreement with the model, of the consensus with it, and between readers.

    Raises
    ------
    InputError
        Readers can not have these kappas, or there are no studies.
    """
    if not 1 <= studies <= 100_000:
        raise InputError(f"{studies} simulated studies", expected="1 to 100000")
    common, random = common_part(plan.kappa, plan.between), np.random.default_rng([seed, 7])
    null = fleiss_null(np.full(plan.queries, plan.readers), seed)
    found = []
    for number in range(studies):
        if not number % 20:
            report(number / studies, "Simulating studies")
        found.append(_tests(simulated_readings(plan.queries, plan.readers, plan.kappa, random, common=common,
                                               spread=plan.spread), null))
    names = [("agreement_with_model", ALL), ("cohen_kappa_consensus_model", CONSENSUS), ("fleiss_kappa", ALL)]
    results = np.array(found)                           # (studies, statistics, 2): figure and p value
    powers = []
    for name, figures in zip(names, results.transpose(1, 0, 2)):
        if not np.isnan(figures).any():                 # one reader has no kappa between readers
            hits = int((figures[:, 1] <= ALPHA).sum())
            powers.append(Power(*name, float(figures[:, 0].mean()), hits / studies, *share_interval(hits, studies)))
    return powers


def fewest_queries(plan: Plan, power: float, studies: int = STUDIES, seed: int = 0) -> dict[str, tuple[int, Power] | None]:
    """The smallest numbers of queries with which studies like `plan` reach a power, by statistic.

    Found by doubling and halving: power grows with the queries, but for what the number of simulated studies leaves open.

    Returns
    -------
    dict
        Number of queries and the Power there; None for a statistic that does not reach it with MOST_QUERIES.
    """
    if not 0 < power < 1:
        raise InputError(f"power {power}", expected="more than 0 and less than 1")

    @functools.cache
    def at(queries):
        return {one.statistic: one for one in power_of(replace(plan, queries=queries), studies, seed)}

    found = {}
    for statistic in at(1):
        high = 1
        while high < MOST_QUERIES and at(high)[statistic].power < power:
            high = min(2 * high, MOST_QUERIES)
        if at(high)[statistic].power < power:
            found[statistic] = None
            continue
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if at(middle)[statistic].power < power else (low, middle)
        found[statistic] = high, at(high)[statistic]
    return found


def _tests(readings: Readings, null):
    """Figure and p value of each statistic, of a study without missing answers."""
    votes, voters, model = readings.votes, readings.voters, readings.model
    hits = int(votes[model].sum())
    agreed = majority(votes, voters)
    return [(hits / (CHOSEN * voters.sum()), exact_test(subset_hits(votes), hits)[1]),
            (cohen_kappa(agreed, model), exact_test(subset_hits(agreed), int((agreed & model).sum()))[1]),
            (fleiss_kappa(votes, np.repeat(voters[:, None], CANDIDATES, axis=1)),
             fleiss_p(votes, voters, null) if len(readings.readers) > 1 else float("nan"))]
