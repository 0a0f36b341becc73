"""Same-patient retrieval: does a model recognize a patient's tumor in another CT series of the same patient?

Every row of an embedding file is used, also those of patients that the one-row rule leaves out of the cohort. A query is a
row whose patient has a row in another CT series; its targets are these rows. Rows of the query's own CT series are no
candidates: other slices of the same scan would be found by their scan, not by the tumor.

R@k is the share of queries with a target among the first k candidates (rank-k of the cumulative match characteristic;
Gray, Brennan & Tao, "Evaluating appearance models for recognition, reacquisition, and tracking", PETS 2007); mAP the mean of
average precision over all candidates. Chance levels are exact means over all orders of the candidates. Intervals
resample patients with all of their queries (cluster bootstrap).
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..cohort.nlst import known_studies
from ..cohort.words import as_text
from ..neighbors.neighbors import distance_blocks, unit_vectors
from .intervals import LEVEL, RESAMPLES

if TYPE_CHECKING:
    import pandas as pd

    from ..readers.embedding_pickle import EmbeddingRows

R_AT_1, R_AT_5, MEAN_AVERAGE_PRECISION = METRICS = ("R@1", "R@5", "mAP")
ANY_SERIES, SAME_STUDY, OTHER_STUDY = TARGETS = ("another series", "another series of the study", "another study")
#: `n`: queries; `patients`: of how many patients; `value_low`, `value_high`: 95 % interval of the value
COLUMNS = ("model", "targets", "metric", "n", "patients", "value", "chance", "lift", "value_low", "value_high")
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
    order = np.lexsort((series, patients))              # ties go to the smaller PatientID, as everywhere
    vectors, patients, series, studies = vectors[order], patients[order], series[order], studies[order]
    # as numbers, because texts are compared letter by letter, once for every pair of rows
    unknown = studies == ""
    patients, series, studies = (np.unique(names, return_inverse=True)[1] for names in (patients, series, studies))
    found = {kind: ([], []) for kind in kinds}
    for first, block in distance_blocks(vectors):
        for row, distances in enumerate(block, start=first):
            others = (patients == patients[row]) & (series != series[row])
            if not others.any():
                continue
            for kind in kinds:
                wanted = others
                if kind != ANY_SERIES:
                    wanted = others & ~unknown & ~unknown[row] & ((studies == studies[row]) == (kind == SAME_STUDY))
                if wanted.any():
                    candidates = (patients != patients[row]) | wanted
                    found[kind][0].append(patients[row])
                    found[kind][1].append([*_values(distances, candidates, np.flatnonzero(wanted)),
                                           *_chance(np.count_nonzero(wanted), np.count_nonzero(candidates))])
    return {kind: (np.array(owners, int), np.array(values).reshape(-1, 2 * len(METRICS)))
            for kind, (owners, values) in found.items()}


def _values(distances, candidates, targets):
    """R@1, R@5 and average precision of one query."""
    positions = np.arange(len(distances))
    closer = [np.count_nonzero(candidates & ((distances < distances[t]) | ((distances == distances[t]) & (positions < t))))
              for t in targets]
    ranks = 1 + np.sort(closer)
    return ranks[0] <= 1, ranks[0] <= 5, np.mean(np.arange(1, len(ranks) + 1) / ranks)


def _chance(targets, candidates):
    """Mean of R@1, R@5 and average precision over all orders of the candidates."""
    misses = 1.0
    for rank in range(min(5, candidates)):
        misses *= max(0, candidates - targets - rank) / (candidates - rank)
    harmonic = (1.0 / np.arange(1, candidates + 1)).sum()
    pair = (targets - 1) / max(1, candidates - 1)
    return targets / candidates, 1.0 - misses, (harmonic + pair * (candidates - harmonic)) / candidates


def _summary(found, seed, resamples):
    """Rows of one model and kind of targets."""
    owners, values = found
    patients, owner = np.unique(owners, return_inverse=True)
    means = values.mean(0) if len(values) else np.full(2 * len(METRICS), np.nan)
    low = high = np.full(2 * len(METRICS), np.nan)
    if len(patients):
        sums = np.stack([np.bincount(owner, column, len(patients)) for column in (*values.T, np.ones(len(values)))], axis=1)
        drawn = np.random.default_rng([seed, 3]).integers(len(patients), size=(resamples, len(patients)))
        totals = sums[drawn].sum(1)
        low, high = np.quantile(totals[:, :-1] / totals[:, -1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    for place, metric in enumerate(METRICS):
        value, chance = float(means[place]), float(means[len(METRICS) + place])
        yield {"metric": metric, "n": len(values), "patients": len(patients), "value": value, "chance": chance,
               "lift": value / chance, "value_low": float(low[place]), "value_high": float(high[place])}
