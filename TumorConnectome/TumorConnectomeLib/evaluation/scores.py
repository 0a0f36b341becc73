"""How good predicted probabilities are: AUROC, AUPRC, Brier score, calibration, with bootstrap weights.

AUROC: Mann-Whitney form, ties count one half. AUPRC: average precision, the step-wise area without interpolation. Both as in
scikit-learn. Expected calibration error: Guo et al., "On calibration of modern neural networks", ICML 2017.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: equal-width bins of predicted probability
CALIBRATION_BINS = 10
_BLOCK_ELEMENTS = 1 << 20


class RankedScores:
    """Binary labels in the order of their scores, ready to be weighted again and again.

    Parameters
    ----------
    labels : np.ndarray
        bool, shape (n,).
    scores : np.ndarray
        float64, shape (n,): larger for what should be true; equal scores are ties.
    """

    def __init__(self, labels: np.ndarray, scores: np.ndarray):
        self._order = np.argsort(-scores, kind="stable")
        self._labels = labels[self._order]
        ranked = scores[self._order]
        self._starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(ranked)), bool), ranked[1:] != ranked[:-1]]))

    def auroc_parts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight of pairs (true, false) in the right order, and of all such pairs: float64, shape (B,) each.

        `weights` is (B, n), not negative: B ways to count the rows. The quotient of both is the AUROC.
        """
        positive, negative = self._groups(weights)
        below = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1)
        return (positive * (below + negative / 2.0)).sum(axis=1), positive.sum(axis=1) * negative.sum(axis=1)

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """AUPRC for each of B weightings (B, n): float64, shape (B,); NaN where a class has no weight."""
        positive, negative = self._groups(weights)
        found = np.cumsum(positive, axis=1)
        seen = found + np.cumsum(negative, axis=1)
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        defined = positive.any(axis=1) & negative.any(axis=1)
        total = np.where(defined, positive.sum(axis=1), np.nan)
        return (positive * precision).sum(axis=1) / total

    def _groups(self, weights):
        """Weight of the true and of the false rows in each group of equal scores: (B, groups) each."""
        ordered = np.asarray(weights, float)[:, self._order]
        if not len(self._starts):
            return ordered, ordered
        positive = np.add.reduceat(ordered * self._labels, self._starts, axis=1)
        return positive, np.add.reduceat(ordered * ~self._labels, self._starts, axis=1)


def auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve of bool labels (n,) and scores (n,); NaN when there is only one class."""
    right, pairs = RankedScores(labels, scores).auroc_parts(np.ones((1, len(labels))))
    return float(right[0] / pairs[0]) if pairs[0] else float("nan")


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve of bool labels (n,) and scores (n,); NaN when there is only one class."""
    return float(RankedScores(labels, scores).average_precision(np.ones((1, len(labels))))[0])


def bootstrap_weights(groups: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row is drawn when patients are drawn with replacement: blocks of shape (b, n), `count` rows in all.

    Parameters
    ----------
    groups : np.ndarray
        Integers, shape (n,): the patient of each row; all rows of a patient are drawn together.
    count : int
        Bootstrap samples.
    seed : int
        The samples depend on it, `groups` and `count` only.
    """
    names, inverse = np.unique(groups, return_inverse=True)
    patients = len(names)
    random = np.random.default_rng(seed)
    size = max(1, _BLOCK_ELEMENTS // max(1, len(groups)))
    for first in range(0, count if patients else 0, size):
        samples = min(size, count - first)
        drawn = random.integers(patients, size=(samples, patients)) + patients * np.arange(samples)[:, None]
        yield np.bincount(drawn.ravel(), minlength=samples * patients).reshape(samples, patients)[:, inverse]


def interval(samples: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of bootstrap samples, leaving out undefined ones (one class only); NaN when none is left."""
    defined = samples[~np.isnan(samples)]
    return tuple(np.quantile(defined, (0.025, 0.975)).tolist()) if len(defined) else (float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether predicted probabilities come true.

    Parameters
    ----------
    brier : float
        Mean squared difference of probability and outcome: 0 is perfect.
    brier_reference : float
        Brier score of always predicting the share of true rows: worse than this is worse than knowing nothing.
    expected_error : float
        Expected calibration error over the bins, 0..1.
    slope, intercept : float
        Of the logistic regression of the outcome on the logit of the prediction: 1 and 0 are perfect; a slope below 1 says
        that predictions are too extreme. The intercept is that with a slope of 1 (calibration in the large). Cox, "Two
        further applications of a model for binary regression", Biometrika 1958;45:562; NaN where they do not exist.
    counts, predicted, observed : np.ndarray
        Shape (CALIBRATION_BINS,): rows per bin of equal width, their mean probability and share of true rows (NaN if empty).
    """

    brier: float
    brier_reference: float
    expected_error: float
    counts: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    slope: float = float("nan")
    intercept: float = float("nan")


def calibration(labels: np.ndarray, probabilities: np.ndarray) -> Calibration:
    """Calibration of probabilities (n,), 0..1, of bool labels (n,); NaN without rows."""
    bins = np.minimum((probabilities * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    predicted, observed = (np.divide(np.bincount(bins, values, CALIBRATION_BINS), counts,
                                     out=np.full(CALIBRATION_BINS, np.nan), where=counts > 0)
                           for values in (probabilities, labels.astype(float)))
    if not len(labels):
        return Calibration(float("nan"), float("nan"), float("nan"), counts, predicted, observed)
    share = labels.mean()
    error = np.nansum(counts * np.abs(predicted - observed)) / len(labels)
    brier = np.mean((probabilities - labels) ** 2)
    logits = np.log(np.clip(probabilities, 1e-9, 1 - 1e-9) / np.clip(1 - probabilities, 1e-9, 1 - 1e-9))
    intercept = _logistic(labels, np.zeros((len(labels), 0)), logits)[0]
    return Calibration(float(brier), float(share * (1 - share)), float(error), counts, predicted, observed,
                       float(_logistic(labels, logits[:, None])[1]), float(intercept))


def _logistic(labels, features, offset=0.0):
    """Intercept and slopes of a logistic regression by Newton's method; NaN where it does not end (separable, one class)."""
    design = np.column_stack([np.ones(len(labels)), features])
    weights = np.zeros(design.shape[1])
    for _step in range(50):
        expected = 1 / (1 + np.exp(-np.clip(design @ weights + offset, -30, 30)))
        information = design.T @ (design * (expected * (1 - expected))[:, None])
        try:
            change = np.linalg.solve(information, design.T @ (labels - expected))
        except np.linalg.LinAlgError:
            break
        weights = weights + change
        if np.abs(weights).max() > 100:
            break
        if np.abs(change).max() < 1e-10:
            return weights
    return np.full(design.shape[1], np.nan)
