"""Probes: how much an embedding tells about a facet, compared with clinical data alone.

A probe is a simple classifier on frozen embeddings (Alain and Bengio, "Understanding intermediate layers using linear
classifier probes", 2016). Intervals are patient bootstraps of the out-of-fold predictions: they tell what other patients
would have given with these fits, not what other training sets would have changed.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .classifiers import LogisticProbe, NeighborProbe
from .cross_validation import FOLDS, Predictions, can_be_probed, cross_validated
from .probe_tasks import Task, clinical_features
from .scores import Calibration, bootstrap_weights, interval

PROBES = {probe.name: probe for probe in (LogisticProbe, NeighborProbe)}
EMBEDDING, CLINICAL, BOTH = "embedding", "clinical", "clinical+embedding"
COLUMNS = ("task", "model", "features", "probe", "n", "classes", "auroc", "auroc_low", "auroc_high", "auprc", "auprc_low",
           "auprc_high", "auprc_chance", "brier", "brier_reference", "ece", "gain", "gain_low", "gain_high", "note")


@dataclass(frozen=True, eq=False)
class ProbeScore:
    """What one probe on one set of features reached in one task; means over the problems of a task with several classes.

    Parameters
    ----------
    task, model, features, probe : str
        Task key; model name ("" for clinical data alone); EMBEDDING, CLINICAL or BOTH; ``logistic`` or ``knn``.
    patients : int
        Patients that are asked.
    classes : tuple of str
        Positive classes that are scored: one, or each against the rest.
    auroc, auprc, gain : tuple of float
        Value and ends of its 95 % interval. `gain` is the AUROC less that of clinical data alone (logistic), on the
        same folds and bootstrap samples. NaN where undefined.
    auprc_chance : float
        AUPRC of random scores: the share of positive patients.
    calibrations : tuple of Calibration
        One per class.
    chosen : tuple of float
        Settings chosen inside the folds.
    note : str
        What the user should know: classes left out and why. "" if nothing.
    """

    task: str
    model: str
    features: str
    probe: str
    patients: int
    classes: tuple[str, ...]
    auroc: tuple[float, float, float]
    auprc: tuple[float, float, float]
    auprc_chance: float
    gain: tuple[float, float, float]
    calibrations: tuple[Calibration, ...]
    chosen: tuple[float, ...]
    note: str

    def row(self) -> tuple:
        """Its values in the order of COLUMNS."""
        def mean(name):
            values = [getattr(one, name) for one in self.calibrations]
            return float(np.mean(values)) if values else float("nan")

        return (self.task, self.model, self.features, self.probe, self.patients, "; ".join(self.classes), *self.auroc,
                *self.auprc, self.auprc_chance, mean("brier"), mean("brier_reference"), mean("expected_error"), *self.gain,
                self.note)


@dataclass(frozen=True)
class ProbeOptions:
    """How probes are run: which kinds, seed of folds and bootstraps, repeats of the cross-validation, bootstrap samples."""

    probes: tuple[str, ...] = tuple(PROBES)
    seed: int = 0
    repeats: int = 1
    bootstraps: int = 1000

    def __post_init__(self):
        unknown = [name for name in self.probes if name not in PROBES]
        if unknown or not self.probes:
            raise InputError(f"probe {', '.join(unknown) or 'none'}", expected=f"one of {', '.join(PROBES)}")
        if self.repeats < 1 or self.bootstraps < 1 or self.seed < 0:
            raise InputError(f"{self.repeats} repeats, {self.bootstraps} bootstraps and seed {self.seed}",
                             expected="at least 1, 1 and 0")


def probe_models(cohort: Cohort, tasks: Sequence[Task], models: Sequence[str], options: ProbeOptions | None = None,
                 report=lambda fraction, message="": None) -> list[ProbeScore]:
    """Probe the embeddings of models, clinical data alone, and both together.

    Parameters
    ----------
    cohort : Cohort
        The patients: one row each, so no patient is ever in the training and the test part of a fold.
    tasks : sequence of Task
        See `probe_tasks`. Classes with fewer than FOLDS patients on either side are left out, with a note.
    models : sequence of str
        Names of models in the cohort.
    options : ProbeOptions, optional
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    list of ProbeScore
        Per task: clinical data alone (logistic; none when the cohort has no clinical data), then per model the embedding
        with every kind of probe and, with the logistic one, clinical data and embedding together.

    Raises
    ------
    PackageMissing
        scikit-learn is missing and logistic probes are asked for.
    """
    options = options or ProbeOptions()
    probes = [PROBES[name]() for name in options.probes]
    scores, steps = [], len(tasks) * (len(models) + 1)
    for number, task in enumerate(tasks):
        scored = _TaskScores(cohort, task, options)
        logistic = next((probe for probe in probes if isinstance(probe, LogisticProbe)), None)
        clinical = clinical_features(cohort, without=task.facet)[0]
        if logistic and clinical.shape[1]:
            report(number * (len(models) + 1) / steps, f"{task.title}: clinical data")
            scores.append(scored.score("", CLINICAL, logistic, [clinical]))
        for place, model in enumerate(models, start=1):
            report((number * (len(models) + 1) + place) / steps, f"{task.title}: {model}")
            vectors = cohort.embeddings[model].astype(float)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            scores += [scored.score(model, EMBEDDING, probe, [vectors]) for probe in probes]
            if logistic and clinical.shape[1]:
                scores.append(scored.score(model, BOTH, logistic, [clinical, vectors]))
    return scores


class _TaskScores:
    """Scores one set of features after the other on the same patients, folds and bootstrap samples."""

    def __init__(self, cohort, task, options):
        self._task, self._options = task, options
        self._rows = np.flatnonzero(task.labels >= 0)
        self._groups = self._rows                       # one row per patient
        problems = task.problems()
        self._problems = [(name, labels) for name, labels in problems if can_be_probed(labels, self._groups)]
        left_out = [name for name, _labels in problems if name not in dict(self._problems)]
        self._note = f"fewer than {FOLDS} patients with or without: {', '.join(left_out)}" if left_out else ""
        self._clinical = None

    def score(self, model, features, probe, blocks):
        """Cross-validate and score one set of feature arrays of all patients."""
        blocks = [block[self._rows] for block in blocks]
        options = self._options
        predictions = [cross_validated(probe, blocks, labels, self._groups, seed=options.seed, repeats=options.repeats)
                       for _name, labels in self._problems]
        auroc, auprc = self._samples(predictions)
        gain = auroc - self._clinical if self._clinical is not None else np.full(1, np.nan)
        if features == CLINICAL:
            self._clinical = auroc
        shares = [labels.mean() for _name, labels in self._problems]
        return ProbeScore(self._task.key, model, features, probe.name, len(self._rows),
                          tuple(name for name, _labels in self._problems), _with_interval(auroc), _with_interval(auprc),
                          float(np.mean(shares)) if shares else float("nan"), _with_interval(gain),
                          tuple(one.calibration() for one in predictions),
                          tuple(setting for one in predictions for setting in one.chosen), self._note)

    def _samples(self, predictions: list[Predictions]):
        """AUROC and AUPRC, mean over problems: the value of the patients as they are, then the bootstrap samples."""
        if not predictions:
            return np.full(1, np.nan), np.full(1, np.nan)
        blocks = [np.ones((1, len(self._rows))),
                  *bootstrap_weights(self._groups, self._options.bootstraps, self._options.seed)]
        values = [(np.mean([one.auroc(weights) for one in predictions], axis=0),
                   np.mean([one.average_precision(weights) for one in predictions], axis=0)) for weights in blocks]
        return tuple(np.concatenate(part) for part in zip(*values))


def _with_interval(samples):
    """Value and 95 % interval from an array of the value and its bootstrap samples."""
    return (float(samples[0]), *interval(samples[1:]))
