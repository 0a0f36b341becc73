"""Which patients count as relevant to which: relevance judgments made of a facet.

A target is relevant to a query when it is in the same category (binary relevance). For ordered facets such as stage,
relevance is graded: the gain falls linearly with the ordinal distance, ``1 - |i - j| / (C - 1)`` for C categories, the
linear agreement weights of Cicchetti & Allison, "A new procedure for assessing reliability", Am J EEG Technol 1971;11:101.

Patients whose category is unknown are neither queries nor targets: a missing label does not say "not relevant" (the
condensed lists of Sakai, "Alternatives to Bpref", SIGIR 2007).
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..cohort.cohort import Facet


@dataclass(frozen=True, eq=False)
class Relevance:
    """Relevance judgments among the M patients of known category.

    Parameters
    ----------
    labels : np.ndarray
        int16, shape (M,): category of each of them, 0..C-1.
    gains : np.ndarray
        float64, shape (C, C), 0..1, symmetric, diagonal 1: the gain of a target of one category for a query of another.
    rows : np.ndarray
        int64, shape (M,): their rows in the cohort, ascending; by default 0..M-1.
    """

    labels: np.ndarray
    gains: np.ndarray
    rows: np.ndarray | None = None
    counts: np.ndarray = field(init=False)

    def __post_init__(self):
        labels = np.asarray(self.labels, np.int16)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "gains", np.asarray(self.gains, float))
        object.__setattr__(self, "rows", np.arange(len(labels)) if self.rows is None else np.asarray(self.rows))
        object.__setattr__(self, "counts", np.bincount(labels, minlength=len(self.gains)))

    @property
    def targets(self) -> int:
        """How many targets each query has: M - 1, or 0."""
        return max(0, len(self.labels) - 1)


def relevance_of(facet: Facet) -> Relevance:
    """Judgments by a facet: graded if it is ordered, else binary; unknown and joined rare categories are left out."""
    names = list(facet.shared)
    place = np.array([names.index(name) if name in names else -1 for name in facet.categories], np.int16)
    labels = place[facet.codes]
    known = np.flatnonzero(labels >= 0)
    return Relevance(labels[known], gain_table(len(names), facet.ordered), known)


def gain_table(categories: int, ordered: bool) -> np.ndarray:
    """Gain of every category for every other: float64, shape (C, C)."""
    if not ordered or categories < 2:
        return np.eye(categories)
    steps = np.arange(categories)
    return 1.0 - np.abs(steps[:, None] - steps) / (categories - 1)
