"""Simulated readers, for planning a study and for tests: their agreement is put in, and must come out again.

A reader sees a value in every candidate and chooses the five largest. The value is a preference (what the reader follows,
such as the model's choice) times a strength, plus noise. A part of the noise is common to all readers: something else that they
all see. The strength is found from the wanted agreement with what is followed, the common part from the wanted agreement
between readers.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..core.cohort import Cohort
from ..core.errors import InputError
from .readings import CANDIDATES, CHOSEN, Readings
from .study import Study

#: largest kappa that a strength is looked for; beyond it readers do nothing but follow
LARGEST_KAPPA = 0.99
_STRONGEST = 12.0
#: queries by which the common part of the noise is found
_CALIBRATION = 20_000
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


def kappa_of_strength(strength: float) -> float:
    """Expected kappa with a choice of five that a reader follows with this strength, noise of variance 1.

    A followed candidate at value x is chosen when at most four of the nine others are above; the integral over x is exact to
    1e-10.
    """
    x = 10.0 * _NODES + strength / 2
    density = np.exp(-(x - strength) ** 2 / 2) / math.sqrt(2 * math.pi)
    above = [0.5 * np.array([math.erfc((value - shift) / math.sqrt(2)) for value in x]) for shift in (strength, 0.0)]
    followed, other = ([math.comb(count, k) * share ** k * (1 - share) ** (count - k) for k in range(count + 1)]
                       for count, share in zip((CHOSEN - 1, CANDIDATES - CHOSEN), above))
    chosen = sum(followed[i] * other[j] for i in range(CHOSEN) for j in range(CHOSEN - i))
    return 2 * float(10.0 * _WEIGHTS @ (density * chosen)) - 1


def strength_of_kappa(kappa: float) -> float:
    """The inverse of `kappa_of_strength`, by bisection; negative for readers who avoid what the model chooses."""
    if not -LARGEST_KAPPA <= kappa <= LARGEST_KAPPA:
        raise InputError(f"kappa {kappa}", expected=f"-{LARGEST_KAPPA} to {LARGEST_KAPPA}")
    low, high = -_STRONGEST, _STRONGEST
    for _step in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if kappa_of_strength(middle) < kappa else (low, middle)
    return (low + high) / 2


def common_part(kappa: float, between: float | None) -> float:
    """Share of the noise's variance that readers have in common, so that two of them agree with kappa `between`.

    Parameters
    ----------
    kappa : float
        Expected kappa of each reader with what is followed.
    between : float or None
        Expected kappa of two readers; None for no common part.

    Raises
    ------
    InputError
        Readers who follow the same so well can not agree so little, or `between` is too large.
    """
    if between is None:
        return 0.0
    strength, random = strength_of_kappa(kappa), np.random.default_rng(17)
    followed = np.arange(CANDIDATES) < CHOSEN
    shared, own = (random.standard_normal((*times, _CALIBRATION, CANDIDATES)) for times in ((), (2,)))

    def agreement(part):
        one, other = (_five_largest(strength * followed + math.sqrt(part) * shared + math.sqrt(1 - part) * noise)
                      for noise in own)
        return 2 * (one & other).sum(-1).mean() / CHOSEN - 1

    least = agreement(0.0)
    if not least - 0.01 <= between <= LARGEST_KAPPA:
        raise InputError(f"kappa {between} between readers",
                         expected=f"{max(least, 0):.2f}, which following the same with kappa {kappa} gives, to {LARGEST_KAPPA}")
    low, high = 0.0, 1.0
    for _step in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if agreement(middle) < between else (low, middle)
    return (low + high) / 2


def simulated_choices(preference: np.ndarray, strengths: Sequence[float], common: float, random: np.random.Generator,
                      repeats: int = 1) -> np.ndarray:
    """What simulated readers choose.

    Parameters
    ----------
    preference : np.ndarray
        float64, shape (Q, 10): what they follow, 0 or 1.
    strengths : sequence of float
        One per reader.
    common : float
        Share of the noise's variance that all readers, and both times of one reader, have in common.
    random : np.random.Generator
    repeats : int
        How many times they read the queries.

    Returns
    -------
    np.ndarray
        bool, shape (repeats, R, Q, 10), five chosen.
    """
    shared = random.standard_normal(preference.shape)
    noise = random.standard_normal((repeats, len(strengths), *preference.shape))
    values = np.asarray(strengths, float)[:, None, None] * preference
    return _five_largest(values + math.sqrt(common) * shared + math.sqrt(1 - common) * noise)


def _five_largest(values):
    limit = np.partition(values, CANDIDATES - CHOSEN, axis=-1)[..., CANDIDATES - CHOSEN]
    return values >= limit[..., None]


def simulated_readings(queries: int, readers: int, kappa: float, random: np.random.Generator, *, common: float = 0.0,
                       spread: float = 0.0) -> Readings:
    """A study of simulated readers who follow the model.

    Parameters
    ----------
    queries, readers : int
    kappa : float
        Expected kappa with the model, of readers on average.
    random : np.random.Generator
    common : float
        See `common_part`.
    spread : float
        Standard deviation of the readers' own expected kappas.
    """
    own = np.clip(kappa + spread * random.standard_normal(readers), -LARGEST_KAPPA, LARGEST_KAPPA)
    strengths = [strength_of_kappa(value) for value in own] if spread else [strength_of_kappa(kappa)] * readers
    model = np.tile(np.arange(CANDIDATES) < CHOSEN, (queries, 1))
    chosen = simulated_choices(model.astype(float), strengths, common, random)[0]
    names = tuple(f"reader-{number}" for number in range(1, readers + 1))
    return Readings.of_choices(names, tuple(f"Q{number}" for number in range(1, queries + 1)), model, chosen)


def model_preference(study: Study) -> np.ndarray:
    """The model's choice in a study: float64, shape (Q, 10), candidates in the order of the study."""
    return np.array([[place <= CHOSEN for place in key.places] for key in study.keys], float)


def facet_preference(study: Study, cohort: Cohort, facet: str) -> np.ndarray:
    """Whether a candidate is of the query's category of a facet: float64, shape (Q, 10).

    Raises
    ------
    InputError
        The cohort has no such facet, or not the patients of the study.
    """
    if facet not in cohort.facets:
        raise InputError(f"no facet {facet!r}", source=cohort.name, expected=f"one of {', '.join(cohort.facets) or 'none'}")
    row = {patient: number for number, patient in enumerate(cohort.patient_ids)}
    codes = cohort.facets[facet].codes
    try:
        return np.array([[codes[row[one]] == codes[row[query.patient]] for one in query.candidates]
                         for query in study.queries], float)
    except KeyError as error:
        raise InputError(f"no patient {error.args[0]!r}", source=cohort.name, expected="the cohort of the study") from None
