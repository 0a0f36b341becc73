"""How alike two embedding spaces are as a whole: rank correlation of their distances and centered kernel alignment."""
from __future__ import annotations

import numpy as np

from ..neighbors.neighbors import distance_blocks, unit_vectors

#: patients of which all pairs are ranked; more are sampled
SPEARMAN_PATIENTS = 2000


def sampled_rows(count: int, seed: int) -> np.ndarray:
    """Rows of at most SPEARMAN_PATIENTS patients, ascending: all, or a random sample that depends on the seed only."""
    if count <= SPEARMAN_PATIENTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, SPEARMAN_PATIENTS, replace=False))


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, equal values share their mean rank: float64, shape (P,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]


def standardized_distance_ranks(embedding: np.ndarray) -> np.ndarray:
    """Ranks of the cosine distances of all pairs, with mean 0 and length 1: float64, shape (N (N - 1) / 2,).

    The dot product of two of these is Spearman's correlation of the two models' distances. All NaN when there are no
    two different distances.
    """
    vectors = unit_vectors(embedding)
    count = len(vectors)
    parts = [block[first + np.arange(len(block))[:, None] < np.arange(count)] for first, block in distance_blocks(vectors)]
    ranks = average_ranks(np.concatenate(parts)) if parts else np.empty(0)
    ranks -= ranks.mean() if len(ranks) else 0.0
    length = np.linalg.norm(ranks)
    return ranks / length if length else np.full_like(ranks, np.nan)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation, -1..1, of two results of `standardized_distance_ranks`; NaN without pairs."""
    return float(np.clip(first @ second, -1.0, 1.0)) if len(first) else float("nan")


def centered_features(embedding: np.ndarray) -> np.ndarray:
    """Unit vectors less their mean: float64, shape (N, D); all 0 when they do not vary beyond rounding."""
    vectors = unit_vectors(embedding)
    vectors = vectors - vectors.mean(axis=0)
    return vectors if np.abs(vectors).max() > 1e-12 else np.zeros_like(vectors)


def dependence(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Hilbert-Schmidt independence criterion of centered features (N, D) and (N, E) with linear kernels, without its factor.

    Returns
    -------
    plain : float
        Sum of the squared dot products of features, as in Kornblith et al.
    debiased : float
        Unbiased form (Song et al., JMLR 13 (2012) 1393-1434, equation 5, in feature space); NaN for N <= 3.
    """
    count = len(x)
    plain = float(((x.T @ y) ** 2).sum())
    if count <= 3:
        return plain, float("nan")
    rows_x, rows_y = (x ** 2).sum(axis=1), (y ** 2).sum(axis=1)
    return plain, (plain - count / (count - 2.0) * float(rows_x @ rows_y)
                   + float(rows_x.sum() * rows_y.sum()) / ((count - 1.0) * (count - 2.0)))


def alignment(cross: float, own_first: float, own_second: float) -> float:
    """Centered kernel alignment from three values of `dependence`, at most 1; NaN when an embedding does not vary."""
    if not (own_first > 0.0 and own_second > 0.0):
        return float("nan")
    return float(np.minimum(1.0, cross / np.sqrt(own_first * own_second)))
