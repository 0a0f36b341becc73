"""Nested cross-validation of probes: every prediction comes from patients that neither fitting nor tuning has seen."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .classifiers import Probe
from .folds import smallest_class, stratified_group_folds
from .scores import Calibration, RankedScores, calibration

#: outer folds, and the fewest patients of a class that are probed at all
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-fold probabilities of one binary problem.

    Parameters
    ----------
    labels : np.ndarray
        bool, shape (n,).
    probabilities : np.ndarray
        float64, shape (repeats, n).
    folds : np.ndarray
        int64, shape (repeats, n): the outer fold in which the row was predicted.
    chosen : tuple of float
        The setting that the inner folds chose, for each repeat and outer fold.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    folds: np.ndarray
    chosen: tuple[float, ...]

    def auroc(self, weights: np.ndarray) -> np.ndarray:
        """AUROC for B weightings (B, n) of the rows: float64, shape (B,); NaN where a class has no weight.

        Only pairs of the same fold are compared: the fits of different folds have different scales, which would pull
        the value of useless features below one half. Mean over repeats.
        """
        values = []
        for scores, folds in zip(self.probabilities, self.folds):
            right, pairs = np.zeros(len(weights)), np.zeros(len(weights))
            for fold in np.unique(folds):
                rows = np.flatnonzero(folds == fold)
                more = RankedScores(self.labels[rows], scores[rows]).auroc_parts(weights[:, rows])
                right, pairs = right + more[0], pairs + more[1]
            values.append(np.divide(right, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))
        return np.mean(values, axis=0)

    def permuted_auroc(self, orders: np.ndarray) -> np.ndarray:
        """AUROC as in `auroc` when the labels are permuted against the predictions: float64, shape (B,).

        `orders` are permutations of the rows, (B, n).
        """
        labels, values = self.labels[orders], []
        for scores, folds in zip(self.probabilities, self.folds):
            right, pairs = np.zeros(len(orders)), np.zeros(len(orders))
            for fold in np.unique(folds):
                rows = np.flatnonzero(folds == fold)
                _levels, inverse, counts = np.unique(scores[rows], return_inverse=True, return_counts=True)
                ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
                positive = labels[:, rows].sum(1)
                right += labels[:, rows] @ ranks - positive * (positive + 1) / 2
                pairs += positive * (len(rows) - positive)
            values.append(np.divide(right, pairs, out=np.full(len(orders), np.nan), where=pairs > 0))
        return np.mean(values, axis=0)

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """AUPRC for B weightings (B, n) of the rows, all folds together: float64, shape (B,). Mean over repeats."""
        return np.mean([RankedScores(self.labels, scores).average_precision(weights) for scores in self.probabilities], axis=0)

    def calibration(self) -> Calibration:
        """Calibration of all repeats together."""
        return calibration(np.tile(self.labels, len(self.probabilities)), self.probabilities.ravel())


def can_be_probed(labels: np.ndarray, groups: np.ndarray) -> bool:
    """Whether both classes have a patient for every fold; with fewer there is nothing to be learned or measured."""
    return smallest_class(labels, groups) >= FOLDS


def cross_validated(probe: Probe, blocks: Sequence[np.ndarray], labels: np.ndarray, groups: np.ndarray, *, seed: int = 0,
                    repeats: int = 1) -> Predictions:
    """Out-of-fold probabilities with the setting chosen inside each training part.

    Parameters
    ----------
    probe : Probe
        What to fit.
    blocks : sequence of np.ndarray
        Feature arrays, shape (n, width) each.
    labels : np.ndarray
        bool, shape (n,), for which `can_be_probed` is true.
    groups : np.ndarray
        Integers, shape (n,): the patient of each row. A patient is never in the training and the test part at once.
    seed : int
        Of the folds. The same seed gives the same folds for all features and probes, so that they can be compared.
    repeats : int
        Times that everything is done with other folds.
    """
    probabilities, every_fold = np.empty((repeats, len(labels))), np.empty((repeats, len(labels)), np.int64)
    chosen = []
    for repeat in range(repeats):
        folds = every_fold[repeat] = stratified_group_folds(labels, groups, FOLDS, (seed, repeat))
        for fold in range(FOLDS):
            train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            setting = _chosen_setting(probe, blocks, labels, groups, train, (seed, repeat, fold))
            probabilities[repeat, test] = probe.predict(blocks, labels, train, test, [setting])[0]
            chosen.append(setting)
    return Predictions(labels, probabilities, every_fold, tuple(chosen))


def _chosen_setting(probe, blocks, labels, groups, train, seed):
    """The setting with the smallest logarithmic loss in folds of the training rows; the first of equal ones."""
    count = min(FOLDS, smallest_class(labels[train], groups[train]))
    folds = stratified_group_folds(labels[train], groups[train], count, seed)
    loss = np.zeros(len(probe.settings))
    for fold in range(count):
        inner, rest = train[folds != fold], train[folds == fold]
        found = probe.predict(blocks, labels, inner, rest, probe.settings)
        likelihood = np.where(labels[rest], found, 1.0 - found)
        loss -= np.log(np.maximum(likelihood, 1e-15)).sum(axis=1)
    return probe.settings[int(np.argmin(np.round(loss, 9)))]
