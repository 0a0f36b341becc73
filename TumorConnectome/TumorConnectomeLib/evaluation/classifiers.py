"""The two kinds of probe: logistic regression and nearest neighbors, each for a whole grid of settings at once."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..base.optional import optional_package
from ..neighbors.neighbors import unit_vectors

#: inverse strength of the L2 penalty, for features of which each block has a total variance of 1; strongest first
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
#: neighbors asked, smoothest first
NEIGHBORS = (81, 41, 21, 11, 5)
#: pseudo-patients with the training share that shrink the vote of k neighbors, so that it is never 0 or 1
_PRIOR = 2.0
_BLOCK_ELEMENTS = 1 << 22


class Probe(Protocol):
    """A classifier that is fitted for several settings at once.

    `blocks` are feature arrays with one row per row of the data: an embedding, clinical data, or both.
    """

    name: str
    settings: Sequence[float]

    def predict(self, blocks: Sequence[np.ndarray], labels: np.ndarray, train: np.ndarray, test: np.ndarray,
                settings: Sequence[float]) -> np.ndarray:
        """Fit on the rows `train` (bool labels of all rows, both classes present) and predict the rows `test`.

        Nothing is learned from the rows `test`. Returns probabilities, float64, shape (len(settings), len(test)).
        """


class LogisticProbe:
    """L2-penalized logistic regression of standardized features (scikit-learn, installed on demand).

    Each block of features is scaled to a total variance of 1, so that six clinical columns and 512 dimensions have the
    same say. Missing values are replaced by the mean of the training rows.

    Raises
    ------
    PackageMissing
        scikit-learn is not installed.
    """

    name = "logistic"
    settings = PENALTIES

    def __init__(self):
        self._model = optional_package("sklearn.linear_model", "scikit-learn", "Logistic probes").LogisticRegression

    def predict(self, blocks, labels, train, test, settings):
        scaled = [_standardized(block, train) for block in blocks]
        x_train = np.concatenate([block[train] for block in scaled], axis=1)
        x_test = np.concatenate([block[test] for block in scaled], axis=1)
        if x_train.shape[1] > len(train):
            axes = _span(x_train)                       # the penalty does not change under rotation
            x_train, x_test = x_train @ axes.T, x_test @ axes.T
        found = np.empty((len(settings), len(test)))
        for row, strength in enumerate(settings):
            model = self._model(C=strength, solver="lbfgs", tol=1e-6, max_iter=1000).fit(x_train, labels[train])
            found[row] = model.predict_proba(x_test)[:, 1]
        return found


def _standardized(block, train):
    """Columns with mean 0 and variance 1 / width on the training rows; constant columns and missing values become 0."""
    known = np.isfinite(block)
    values = np.where(known, block, 0.0)
    counts = np.maximum(known[train].sum(axis=0), 1)
    mean = values[train].sum(axis=0) / counts
    centered = np.where(known, values - mean, 0.0)
    spread = np.sqrt((centered[train] ** 2).sum(axis=0) / counts)
    varies = spread > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scale = np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0) / np.sqrt(max(1, int(varies.sum())))
    return centered * scale


def _span(rows):
    """Orthonormal axes of the space that (n, width) rows span, where all weights of a penalized fit lie: (<= n, width)."""
    values, left = np.linalg.eigh(rows @ rows.T)        # several times as fast as the singular values of the rows
    kept = values > 1e-12 * values[-1]
    return (left[:, kept] / np.sqrt(values[kept])).T @ rows


class NeighborProbe:
    """Share of true labels among the k nearest training rows by cosine distance, shrunk towards the training share.

    Takes one block, an embedding: cosine distance says nothing about ages and yes/no columns.
    """

    name = "knn"
    settings = NEIGHBORS

    def predict(self, blocks, labels, train, test, settings):
        (block,) = blocks
        vectors = unit_vectors(block)
        most = min(int(max(settings)), len(train))
        answers = labels[train]
        prior = answers.mean()
        found = np.empty((len(settings), len(test)))
        rows = max(1, _BLOCK_ELEMENTS // len(train))
        for first in range(0, len(test), rows):
            some = test[first:first + rows]
            distances = np.round(1.0 - vectors[some] @ vectors[train].T, 12)
            nearest = np.argsort(distances, axis=1, kind="stable")[:, :most]
            true = np.cumsum(answers[nearest], axis=1)
            for row, k in enumerate(settings):
                k = min(int(k), most)
                found[row, first:first + rows] = (true[:, k - 1] + _PRIOR * prior) / (k + _PRIOR)
        return found
