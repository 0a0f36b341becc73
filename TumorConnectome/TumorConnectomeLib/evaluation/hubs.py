"""Hubs and anisotropy: patients that stand in very many neighbor lists, and vectors that all point the same way.

k-occurrence and its skewness: Radovanovic, Nanopoulos and Ivanovic, "Hubs in space", JMLR 11 (2010) 2487-2531. Mean cosine as
the measure of anisotropy: Ethayarajh, "How contextual are contextualized word representations?", EMNLP 2019.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..neighbors.match import Match
from ..neighbors.neighbors import NeighborLists, unit_vectors

#: how many of the largest hubs share the slots that `Occurrence.top_share` tells
TOP_HUBS = 5


@dataclass(frozen=True, eq=False)
class Occurrence:
    """How often each patient stands in the lists of the others.

    Parameters
    ----------
    counts : np.ndarray
        int64, shape (N,): the k-occurrence, in how many of the N lists of length k the patient is.
    """

    counts: np.ndarray

    @property
    def skewness(self) -> float:
        """Third standardized moment of the counts (population form); 0 when all are the same. Above 1: hubs."""
        deviation = self.counts - self.counts.mean()
        spread = deviation.std()
        return float((deviation ** 3).mean() / spread ** 3) if spread else 0.0

    @property
    def top_share(self) -> float:
        """Share of all list slots held by the five largest hubs, 0..1; NaN when the lists are empty."""
        slots = self.counts.sum()
        return float(np.sort(self.counts)[-TOP_HUBS:].sum() / slots) if slots else float("nan")

    @property
    def never(self) -> int:
        """Patients in nobody's list (anti-hubs)."""
        return int((self.counts == 0).sum())

    def largest(self, number: int = TOP_HUBS) -> np.ndarray:
        """Rows of the largest hubs, largest first, ties by row: int64, at most `number`."""
        return np.argsort(-self.counts, kind="stable")[:number]


@dataclass(frozen=True, eq=False)
class Hubs:
    """Hubs of one model at one k.

    Parameters
    ----------
    near, far : Occurrence
        In the lists of the k most and of the k least similar patients.
    mean_cosine : float
        Mean cosine of all pairs of patients: 0 for directions all around, near 1 when all vectors point the same way.
        NaN for a single patient.
    """

    near: Occurrence
    far: Occurrence
    mean_cosine: float


def k_occurrence(lists: NeighborLists, k: int) -> Occurrence:
    """In how many lists of the first k neighbors each patient stands.

    Raises
    ------
    InputError
        k is negative or larger than the lists.
    """
    kept = lists.indices.shape[1]
    if not 0 <= k <= kept:
        raise InputError(f"k = {k} neighbors", expected=f"0 to {kept}")
    return Occurrence(np.bincount(lists.indices[:, :k].ravel(), minlength=len(lists.indices)))


def mean_cosine(embedding: np.ndarray) -> float:
    """Mean cosine of all pairs of rows of an (N, D) embedding, in O(N D); NaN for fewer than two rows."""
    vectors = unit_vectors(embedding)
    count = len(vectors)
    if count < 2:
        return float("nan")
    total = vectors.sum(axis=0)
    return float((total @ total - count) / (count * (count - 1)))


def hubs(lists: Mapping[Match, NeighborLists], embedding: np.ndarray, k: int) -> Hubs:
    """Hubs among the k nearest and farthest, and the anisotropy of the embedding.

    Parameters
    ----------
    lists : mapping of Match to NeighborLists
        Both directions with at least k neighbors: the model's own, or repaired ones.
    embedding : np.ndarray
        Shape (N, D): the model's own vectors; `mean_cosine` tells about these whatever the lists are.
    k : int
        Neighbors per list.

    Raises
    ------
    InputError
        k is negative or larger than the lists.
    """
    return Hubs(k_occurrence(lists[Match.MOST], k), k_occurrence(lists[Match.LEAST], k), mean_cosine(embedding))
