"""Maps of an embedding: PCA and the neighbor layout, t-SNE and UMAP on demand."""
from __future__ import annotations

from enum import Enum

import numpy as np

from ..base.errors import InputError
from ..base.optional import optional_package
from ..neighbors.neighbors import unit_vectors
from .layout import aligned, unit_radius

#: principal components below this share of the largest are rounding errors
_SMALLEST = 1e-9
_PERPLEXITY = 30.0
_UMAP_NEIGHBORS = 15


class MapKind(Enum):
    """How patients are placed in the plane."""

    NEIGHBORS = "neighbors"
    PCA = "pca"
    TSNE = "tsne"
    UMAP = "umap"

    def label(self) -> str:
        """What the interface shows."""
        return {MapKind.NEIGHBORS: "Neighbor layout", MapKind.PCA: "PCA", MapKind.TSNE: "t-SNE", MapKind.UMAP: "UMAP"}[self]

    def caution(self) -> str:
        """What can be read from positions on such a map, one sentence."""
        if self is MapKind.PCA:
            return "Axes: the first two principal components; near here can be far in the others."
        return "Near means similar; far means little, and the axes mean nothing."


def make_map(kind: MapKind, embedding: np.ndarray, layout: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Positions of the patients on one kind of map, turned to lie as the neighbor layout does.

    Parameters
    ----------
    kind : MapKind
        NEIGHBORS gives the layout itself.
    embedding : np.ndarray
        Shape (N, D).
    layout : np.ndarray
        float64, shape (N, 2): the neighbor layout of the same embedding (`ModelAnalysis.positions`).
    seed : int
        Of t-SNE and UMAP, which are reproducible on one machine with one version of their packages only.

    Returns
    -------
    np.ndarray
        float64, shape (N, 2): root mean square radius 1, y up.

    Raises
    ------
    PackageMissing
        scikit-learn (t-SNE) or umap-learn (UMAP) is not installed.
    InputError
        There are fewer than five patients for t-SNE or UMAP.
    """
    if kind is MapKind.NEIGHBORS:
        return layout
    if kind is MapKind.PCA:
        return aligned(pca_map(embedding)[0], layout)
    vectors = unit_vectors(embedding)
    if len(vectors) < 5:
        raise InputError(f"{kind.label()} of {len(vectors)} patients", expected="at least 5")
    vectors = vectors - vectors.mean(axis=0)            # same distances, and float32 inside can tell them apart
    vectors /= vectors.std() or 1.0
    return aligned((_tsne if kind is MapKind.TSNE else _umap)(vectors, seed), layout)


def pca_map(embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First two principal components of the unit vectors.

    Returns
    -------
    positions : np.ndarray
        float64, shape (N, 2): root mean square radius 1; the largest loading of each axis is positive.
    shares : np.ndarray
        float64, shape (2,): share of the variance on each axis, NaN when there is none.
    """
    vectors = unit_vectors(embedding)
    vectors = vectors - vectors.mean(axis=0)
    values, axes = np.linalg.eigh(vectors.T @ vectors if len(vectors) > vectors.shape[1] else vectors @ vectors.T)
    values, axes = values[::-1][:2], axes[:, ::-1][:, :2]
    total = float((vectors ** 2).sum())
    positions, shares = np.zeros((len(vectors), 2)), np.full(2, 0.0 if total > 1e-20 else np.nan)
    used = int((values > max(_SMALLEST * values[0], 1e-20)).sum()) if total > 1e-20 else 0
    if used:
        if len(vectors) <= vectors.shape[1]:
            axes = vectors.T @ axes[:, :used] / np.sqrt(values[:used])
        axes = axes[:, :used]
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(used)])
        positions[:, :used] = vectors @ axes
        shares[:used] = values[:used] / total
    return np.round(unit_radius(positions), 7), shares


def _tsne(vectors, seed):
    manifold = optional_package("sklearn.manifold", "scikit-learn", "t-SNE maps")
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3.0)
    return unit_radius(manifold.TSNE(perplexity=perplexity, init="pca", learning_rate="auto",
                                     random_state=seed).fit_transform(vectors).astype(float))


def _umap(vectors, seed):
    umap = optional_package("umap", "umap-learn", "UMAP maps")
    neighbors = min(_UMAP_NEIGHBORS, len(vectors) - 1)
    return unit_radius(umap.UMAP(n_neighbors=neighbors, random_state=seed, n_jobs=1,
                                 init="pca").fit_transform(vectors).astype(float))
