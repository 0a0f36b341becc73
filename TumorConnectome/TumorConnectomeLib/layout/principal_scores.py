"""Leading principal components of an embedding of any length, without a copy of it in memory."""
from __future__ import annotations

import numpy as np

from ..neighbors.exact_cosine import unit_vectors

_BLOCK_ROWS = 4096


def leading_scores(embedding: np.ndarray, components: int, *, source: str = "embedding") -> np.ndarray:
    """Places of patients along the leading principal axes of their unit vectors.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type.
    components : int
        Axes wanted, at most.
    source : str
        Name used in error messages.

    Returns
    -------
    np.ndarray
        float64, shape (N, min(components, D)): scaled so that all D axes together have a sum of squares of 1; the sign of
        an axis makes its largest loading positive.

    Raises
    ------
    InputError
        A vector has no direction.
    """
    count, length = embedding.shape
    mean = sum(vectors.sum(axis=0) for _first, vectors in _blocks(embedding, source)) / count
    products = np.zeros((length, length))
    for _first, vectors in _blocks(embedding, source):
        centered = np.round(vectors - mean, 12)         # equal vectors: zeros, not rounding errors
        products += centered.T @ centered
    values, axes = np.linalg.eigh(products)
    axes = axes[:, ::-1][:, :components]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    scores = np.empty((count, axes.shape[1]))
    for first, vectors in _blocks(embedding, source):
        scores[first:first + len(vectors)] = (vectors - mean) @ axes
    whole = np.sqrt(np.trace(products))
    return scores / whole if whole else np.zeros_like(scores)


def _blocks(embedding, source):
    for first in range(0, len(embedding), _BLOCK_ROWS):
        yield first, unit_vectors(embedding[first:first + _BLOCK_ROWS], source=source, first_row=first)
