"""Probes: how much an embedding tells about a facet, compared with clinical data alone.

A probe is a simple classifier on frozen embeddings (Alain and Bengio, "Understanding intermediate layers using linear
classifier probes", 2016).

A bootstrap of the out-of-fold predictions tells what other patients would have given with these fits, not what other training
sets would have changed: folds share most of their training patients, and so their errors. Such intervals cover .82 to .90
instead of .95. Their standard error is therefore multiplied by what Nadeau and Bengio found for that ("Inference for the
generalization error", Machine Learning 2003;52:239; Bates, Hastie and Tibshirani, "Cross-validation: what does it estimate and
how well does it do it?", JASA 2024;119:1434): the variance of a mean over J test folds is S^2 (1 / J + n_test / n_train), not
S^2 / folds. p values come from permuting the labels against the out-of-fold predictions, compared within folds only.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .classifiers import LogisticProbe, NeighborProbe
from .cross_validation import FOLDS, Predictions, can_be_probed, cross_validated
from .intervals import two_sided_p
from .permutation import benjamini_hochberg
from .probe_tasks import Task, clinical_features
from .scores import Calibration, bootstrap_weights

PROBES = {probe.name: probe for probe in (LogisticProbe, NeighborProbe)}
_NORMAL, _MANY = 1.959963984540054, 1e6
EMBEDDING, CLINICAL, BOTH = "embedding", "clinical", "clinical+embedding"
COLUMNS = ("task", "model", "features", "probe", "n", "classes", "auroc", "auroc_ci_low", "auroc_ci_high", "auprc",
           "auprc_ci_low", "auprc_ci_high", "auprc_chance", "brier", "brier_reference", "ece", "gain", "gain_ci_low",
           "gain_ci_high", "note", "p", "q", "gain_p", "calibration_slope", "calibration_intercept")
#: label permutations for p
PERMUTATIONS = 2000


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
    p, q : float
        One-sided p value that the AUROC is no better than 0.5, by permutation of the labels; q Benjamini-Hochberg over all
        tasks and models with the same kind of probe and features, see `with_q`.
    gain_p : float
        Two-sided p value that the gain is 0.
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
    p: float = float("nan")
    q: float = float("nan")
    gain_p: float = float("nan")

    def row(self) -> tuple:
        """Its values in the order of COLUMNS."""
        def mean(name):
            values = [getattr(one, name) for one in self.calibrations]
            return float(np.mean(values)) if values else float("nan")

        return (self.task, self.model, self.features, self.probe, self.patients, "; ".join(self.classes), *self.auroc,
                *self.auprc, self.auprc_chance, mean("brier"), mean("brier_reference"), mean("expected_error"), *self.gain,
                self.note, self.p, self.q, self.gain_p, mean("slope"), mean("intercept"))


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
    return with_q(scores)


def with_q(scores: Sequence[ProbeScore]) -> list[ProbeScore]:
    """The scores with q: p corrected over all tasks and models, for each kind of probe and features by itself."""
    families: dict[tuple[str, str], list[int]] = {}
    for place, score in enumerate(scores):
        families.setdefault((score.features, score.probe), []).append(place)
    made = list(scores)
    for places in families.values():
        for place, q in zip(places, benjamini_hochberg(np.array([scores[place].p for place in places]))):
            made[place] = replace(scores[place], q=float(q))
    return made


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
        auroc, auprc, gain = (self._with_interval(values, *ends) for values, ends in (
            (auroc, (0.0, 1.0)), (auprc, (0.0, 1.0)), (gain, (-1.0, 1.0))))
        return ProbeScore(self._task.key, model, features, probe.name, len(self._rows),
                          tuple(name for name, _labels in self._problems), auroc[:3], auprc[:3],
                          float(np.mean(shares)) if shares else float("nan"), gain[:3],
                          tuple(one.calibration() for one in predictions),
                          tuple(setting for one in predictions for setting in one.chosen), self._note,
                          self._p(predictions, auroc[0]), gain_p=two_sided_p(gain[0], gain[3], _MANY))

    def _p(self, predictions, auroc):
        """One-sided p of the mean AUROC over problems: the patients are permuted, in all problems alike."""
        if not predictions:
            return float("nan")
        orders = np.random.default_rng([self._options.seed, 8]).permuted(
            np.broadcast_to(np.arange(len(self._rows)), (PERMUTATIONS, len(self._rows))), axis=1)
        null = np.mean([one.permuted_auroc(orders) for one in predictions], axis=0)
        return float((1 + np.count_nonzero(null >= auroc - 1e-9)) / (1 + len(null)))

    def _with_interval(self, samples, lowest, highest):
        """Value, ends of its 95 % interval and standard error, from an array of the value and its bootstrap samples."""
        known = samples[1:][~np.isnan(samples[1:])]
        if np.isnan(samples[0]) or len(known) < 2:
            return float(samples[0]), float("nan"), float("nan"), float("nan")
        error = float(known.std(ddof=1)) * math.sqrt(1 / self._options.repeats + FOLDS / (FOLDS - 1))
        if not error > 0:
            return float(samples[0]), float("nan"), float("nan"), float("nan")
        low, high = np.clip(samples[0] + np.array([-1, 1]) * _NORMAL * error, lowest, highest)
        return float(samples[0]), float(low), float(high), error

    def _samples(self, predictions: list[Predictions]):
        """AUROC and AUPRC, mean over problems: the value of the patients as they are, then the bootstrap samples."""
        if not predictions:
            return np.full(1, np.nan), np.full(1, np.nan)
        blocks = [np.ones((1, len(self._rows))),
                  *bootstrap_weights(self._groups, self._options.bootstraps, self._options.seed)]
        values = [(np.mean([one.auroc(weights) for one in predictions], axis=0),
                   np.mean([one.average_precision(weights) for one in predictions], axis=0)) for weights in blocks]
        return tuple(np.concatenate(part) for part in zip(*values))
