"""Same-patient retrieval: does a model recognize a patient's tumor in another CT series of the same patient?

Every row of an embedding file is used, also those of patients that the one-row rule leaves out of the cohort. A query is a
row whose patient has a row in another CT series; its targets are these rows. Rows of the query's own CT series are no
candidates: other slices of the same scan would be found by their scan, not by the tumor.

R@k is the share of queries with a target among the first k candidates (rank-k of the cumulative match characteristic;
Gray, Brennan & Tao, "Evaluating appearance models for recognition, reacquisition, and tracking", PETS 2007); mAP the mean of
average precision over all candidates; ties count as the mean over their orders. Chance levels are exact means over all
orders of the candidates. Intervals resample patients with all of their queries (cluster bootstrap).
"""
from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.nlst import known_studies
from ..cohort.words import as_text
from ..neighbors.neighbors import distance_blocks, unit_vectors
from .intervals import LEVEL, RESAMPLES
from .ranking import TIE

if TYPE_CHECKING:
    import pandas as pd

    from ..readers.embedding_pickle import EmbeddingRows

R_AT_1, R_AT_5, MEAN_AVERAGE_PRECISION = METRICS = ("R@1", "R@5", "mAP")
ANY_SERIES, SAME_STUDY, OTHER_STUDY = TARGETS = ("another series", "another series of the study", "another study")
#: `n`: queries; `patients`: of how many patients; `ci_low`, `ci_high`: 95 % interval of the value
COLUMNS = ("model", "targets", "metric", "n", "patients", "value", "chance", "lift", "ci_low", "ci_high")
#: distances that are compared at once
_PAIRS = 1 << 22
_STUDY_COLUMNS = ("StudyInstanceUID", "StudyDate")


@dataclass(frozen=True, eq=False)
class SamePatient:
    """Result of `same_patient_retrieval`.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per model, kind of targets and metric; see `COLUMNS`.
    note : str
        What the user should know: why studies could not be told apart; "" if they could.
    """

    table: pd.DataFrame
    note: str


def same_patient_retrieval(files: Mapping[str, EmbeddingRows], *, seed: int = 0, resamples: int = RESAMPLES,
                           report=lambda fraction, message="": None) -> SamePatient:
    """Same-patient retrieval by every model, split by study where the rows name it, or their series is a known one.

    Parameters
    ----------
    files : mapping of str to EmbeddingRows
        Model name to the rows of its file, not necessarily the same ones.
    seed, resamples : int
        Of the bootstrap.
    report : callable
        Called with the fraction done and a text.
    """
    import pandas as pd

    rows, unnamed = [], []
    for number, (model, file) in enumerate(files.items()):
        report(number / len(files), f"Same patients by {model}")
        patients, series, studies = (_texts(file, *names) for names in (["PatientID"], ["SeriesInstanceUID"], _STUDY_COLUMNS))
        studies = np.array([study or known_studies().get(uid, "") for study, uid in zip(studies, series)])
        if not (studies != "").all():
            unnamed.append(model)
        kinds = TARGETS if (studies != "").any() else TARGETS[:1]
        found = _query_values(unit_vectors(file.features, source=file.path), patients, series, studies, kinds)
        for kind in kinds:
            rows += [{"model": model, "targets": kind, **row} for row in _summary(found[kind], seed, resamples)]
    note = ""
    if unnamed:
        note = (f"Not every row of {', '.join(unnamed)} names its study by {' or '.join(_STUDY_COLUMNS)}, or has a series whose"
                " study is known: repeated scans of a day and follow-up scans can not be told apart there.")
    return SamePatient(pd.DataFrame(rows, columns=list(COLUMNS)), note)


def _texts(file, *names):
    """The first column of these that each row has, as texts; "" where it has none."""
    return np.array([next((text for name in names if (text := as_text(row.get(name)))), "") for row in file.rows])


def _query_values(vectors, patients, series, studies, kinds):
    """Per kind of targets: patient of each query, and its values and chance levels of METRICS: (Q, 6)."""
    order = np.lexsort((series, patients))
    vectors, patients, series, studies = vectors[order], patients[order], series[order], studies[order]
    # as numbers, because texts are compared letter by letter, once for every pair of rows
    unknown = studies == ""
    patients, series, studies = (np.unique(names, return_inverse=True)[1] for names in (patients, series, studies))
    sizes = np.bincount(patients)[patients]
    found = {kind: [] for kind in kinds}
    for first, block in distance_blocks(vectors):
        own = np.arange(first, first + len(block))
        relatives = patients[own, None] == patients
        relatives[:, sizes == 1] = False
        queries, targets = np.nonzero(relatives & (series[own, None] != series))
        if not len(queries):
            continue
        other = np.where(patients[own, None] == patients, np.inf, block)
        same = studies[own[queries]] == studies[targets]
        known = ~unknown[own[queries]] & ~unknown[targets]
        for kind in kinds:
            wanted = np.ones(len(queries), bool) if kind == ANY_SERIES else known & (same == (kind == SAME_STUDY))
            if wanted.any():
                names, values = _values(block, other, queries[wanted], targets[wanted], len(patients) - sizes[own])
                found[kind].append((patients[own[names]], values))
    return {kind: (np.concatenate([names for names, _values in parts]), np.concatenate([values for _names, values in parts]))
            if parts else (np.empty(0, int), np.empty((0, 2 * len(METRICS)))) for kind, parts in found.items()}


def _values(block, other, queries, targets, others):
    """Queries of a block that have targets, and their R@1, R@5, average precision and chance levels: (Q, 6).

    `other` are the distances to rows of other patients, infinite elsewhere, `others` how many there are per query. Ties count
    as the mean over their orders.
    """
    distances = block[queries, targets]
    names, place, counts = np.unique(queries, return_inverse=True, return_counts=True)
    parts = np.array_split(np.arange(len(queries)), 1 + queries.size * len(other[0]) // _PAIRS)
    ahead, tied = (np.concatenate([compare(other[queries[some]], distances[some, None]).sum(1) for some in parts])
                   for compare in (lambda all_, mine: all_ < mine - TIE, lambda all_, mine: np.abs(all_ - mine) <= TIE))
    order = np.lexsort((distances, place))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    nearer, equal = np.zeros(len(queries), int), np.zeros(len(queries), int)
    for step in range(1, int(counts.max())):            # targets of the same query, that many places apart
        one, two = order[:-step], order[step:]
        mine = place[one] == place[two]
        one, two = one[mine], two[mine]
        level = distances[two] - distances[one] <= TIE
        np.add.at(nearer, two[~level], 1)
        np.add.at(equal, two[level], 1)
        np.add.at(equal, one[level], 1)
    before, group = ahead + nearer, tied + equal + 1
    inverse = (_harmonic(before + group) - _harmonic(before)) / group
    rest = np.divide(equal, np.maximum(1, group - 1)) * (1 - (before + 1) * inverse)
    precision = np.bincount(place, (nearer + 1) * inverse + rest) / counts
    head = order[starts]                                # the nearest target of each query
    hits = [1 - _missed(depth - ahead[head], equal[head] + 1, group[head]) for depth in (1, 5)]
    chance = np.array([_chance(count, count + rest) for count, rest in zip(counts.tolist(), others[names].tolist())])
    return names, np.column_stack([*hits, precision, chance])


def _missed(slots, targets, group):
    """Probability that none of the targets in a group of ties takes one of its first `slots` places."""
    missed = np.ones(len(slots))
    for step in range(5):
        left = np.maximum(0, group - targets - step) / np.maximum(1, group - step)
        missed *= np.where(step < slots, left, 1.0)
    return missed


def _harmonic(numbers):
    """Sum of 1 / i up to each number."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(np.max(numbers, initial=0)) + 1))])[numbers]


@functools.cache
def _chance(targets, candidates):
    """Mean of R@1, R@5 and average precision over all orders of the candidates."""
    misses = 1.0
    for rank in range(min(5, candidates)):
        misses *= max(0, candidates - targets - rank) / (candidates - rank)
    harmonic = (1.0 / np.arange(1, candidates + 1)).sum()
    pair = (targets - 1) / max(1, candidates - 1)
    return targets / candidates, 1.0 - misses, (harmonic + pair * (candidates - harmonic)) / candidates


@functools.lru_cache(maxsize=4)
def _resampled(count, seed, resamples):
    """How often each of `count` patients is drawn in each bootstrap sample: float64, shape (resamples, count)."""
    drawn = np.random.default_rng([seed, 3]).integers(count, size=(resamples, count))
    drawn += count * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * resamples).reshape(resamples, count).astype(float)


def _summary(found, seed, resamples):
    """Rows of one model and kind of targets."""
    owners, values = found
    patients, owner = np.unique(owners, return_inverse=True)
    means = values.mean(0) if len(values) else np.full(2 * len(METRICS), np.nan)
    low = high = np.full(2 * len(METRICS), np.nan)
    if len(patients):
        sums = np.stack([np.bincount(owner, column, len(patients)) for column in (*values.T, np.ones(len(values)))], axis=1)
        totals = _resampled(len(patients), seed, resamples) @ sums
        low, high = np.quantile(totals[:, :-1] / totals[:, -1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    for place, metric in enumerate(METRICS):
        value, chance = float(means[place]), float(means[len(METRICS) + place])
        yield {"metric": metric, "n": len(values), "patients": len(patients), "value": value, "chance": chance,
               "lift": value / chance, "ci_low": float(low[place]), "ci_high": float(high[place])}
