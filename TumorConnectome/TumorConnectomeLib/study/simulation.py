"""Simulated readers, for planning a study and for tests: their agreement is put in, and must come out again.

A reader sees a value in every candidate and chooses the five largest. The value is a preference (what the reader follows,
such as the model's choice) times a strength, plus noise. A part of the noise is common to all readers: something else that they
all see. The strength is found from the wanted agreement with what is followed, the common part from the wanted agreement
between readers.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .answers import Answer, ReaderAnswers
from .readings import CANDIDATES, CHOSEN, Readings
from .study import Study

#: largest kappa that a strength is looked for; beyond it readers do nothing but follow
LARGEST_KAPPA = 0.99
_STRONGEST = 6.0
#: queries by which the common part of the noise is found
_CALIBRATION = 20_000
#: values of candidates by which integrals are summed; their ends have no weight
_VALUES = np.linspace(-20.0, 20.0, 2001)


@functools.cache
def _strengths() -> tuple[np.ndarray, np.ndarray]:
    """Strengths, ascending, and the kappa that each gives: the integral over the value of a followed candidate, to 1e-9."""
    strengths = np.linspace(-_STRONGEST, _STRONGEST, 481)
    above = np.array([0.5 * math.erfc(value / math.sqrt(2)) for value in _VALUES])
    reversed_above = np.interp(_VALUES[:, None] - strengths, _VALUES, above, 1.0, 0.0)
    chosen = np.zeros(reversed_above.shape)
    for i in range(CHOSEN):                             # followed others above it, and not followed ones
        of_followed = math.comb(CHOSEN - 1, i) * reversed_above ** i * (1 - reversed_above) ** (CHOSEN - 1 - i)
        for j in range(CHOSEN - i):
            others = CANDIDATES - CHOSEN
            chosen += of_followed * (math.comb(others, j) * above ** j * (1 - above) ** (others - j))[:, None]
    density = np.exp(-(_VALUES[:, None] - strengths) ** 2 / 2) / math.sqrt(2 * math.pi)
    return strengths, 2 * (density * chosen).sum(0) * (_VALUES[1] - _VALUES[0]) - 1


def strength_of_kappa(kappa):
    """With which strength readers follow a choice of five to have this expected kappa with it; noise has variance 1.

    Parameters
    ----------
    kappa : float or np.ndarray
        Between -LARGEST_KAPPA and LARGEST_KAPPA; negative for readers who avoid what they follow.
    """
    strengths, kappas = _strengths()
    return np.interp(kappa, kappas, strengths)


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


def simulated_choices(preference: np.ndarray, strengths: np.ndarray, common: float, random: np.random.Generator,
                      repeats: int = 1) -> np.ndarray:
    """What simulated readers choose.

    Parameters
    ----------
    preference : np.ndarray
        float64, shape (Q, 10): what they follow, 0 or 1.
    strengths : np.ndarray
        float64, shape (R,): one per reader.
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
    values = strengths[:, None, None] * preference
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
    strengths = strength_of_kappa(own)
    model = np.tile(np.arange(CANDIDATES) < CHOSEN, (queries, 1))
    chosen = simulated_choices(model.astype(float), strengths, common, random)[0]
    names = tuple(f"reader-{number}" for number in range(1, readers + 1))
    return Readings.of_choices(names, tuple(f"Q{number}" for number in range(1, queries + 1)), model, chosen)


def simulated_answers(study: Study, preference: np.ndarray, kappas: Mapping[str, float], common: float,
                      seed: int) -> list[ReaderAnswers]:
    """What simulated readers answer in a study, first and second times.

    Parameters
    ----------
    study : Study
    preference : np.ndarray
        What they follow, see `simulated_choices`; candidates in the order of the study.
    kappas : mapping of str to float
        Each reader's expected kappa with what is followed.
    common : float
        See `common_part`.
    seed : int
    """
    strengths = strength_of_kappa(np.array(list(kappas.values()), float))
    chosen = simulated_choices(preference, strengths, common, np.random.default_rng([seed, 8]), repeats=2)
    number = {query.key: place for place, query in enumerate(study.queries)}
    found = []
    for place, reader in enumerate(kappas):
        answers = []
        for one in study.readers[reader]:
            row = number[one.query]
            picked = np.array(study.queries[row].candidates)[chosen[one.time - 1, place, row]]
            answers.append(Answer(one.query, one.time, tuple(picked.tolist())))
        found.append(ReaderAnswers(study.sha256, study.cohort_sha256, reader, tuple(answers), finished=True))
    return found


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
