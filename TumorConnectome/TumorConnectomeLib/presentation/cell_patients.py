"""The patients behind a figure of an evaluation, found from the neighbor lists that the graph shows."""
from __future__ import annotations

import numpy as np

from ..cohort.cohort import Facet
from ..cohort.facets import UNKNOWN
from ..neighbors.neighbors import NeighborLists

#: so many patients are shown at least, ties included
SHOWN = 10


def best_queries(nearest: NeighborLists, facet: Facet, k: int) -> tuple[np.ndarray, int]:
    """The patients among whose k nearest the most have the same category: the best SHOWN, and all that are as good.

    Patients of unknown category neither ask nor count as neighbors, as in the evaluation; lists that hold fewer than k
    others of known category are taken as they are.

    Returns
    -------
    rows : np.ndarray
        int64, ascending; empty when nobody has a neighbor of its category.
    least : int
        How many neighbors of their category these patients have at least, 1..k; 0 when there is nobody.
    """
    known = np.array([name != UNKNOWN for name in facet.categories], bool)[facet.codes]
    counted = known[nearest.indices]
    counted &= np.cumsum(counted, axis=1) <= k
    same = (facet.codes[nearest.indices] == facet.codes[:, None]) & counted
    return _best(np.where(known, same.sum(axis=1), 0))


def common_queries(one: NeighborLists, other: NeighborLists, k: int) -> tuple[np.ndarray, int]:
    """The patients about whose k nearest two models agree most: rows, and how many neighbors are the same at least."""
    hits = (one.indices[:, :k, None] == other.indices[:, None, :k]).any(axis=2).sum(axis=1)
    return _best(hits)


def _best(hits):
    """Rows of the SHOWN largest numbers and of all that are as large as the smallest of these; without zeros."""
    least = int(np.sort(hits)[::-1][min(SHOWN, len(hits)) - 1]) if len(hits) else 0
    rows = np.flatnonzero(hits >= max(least, 1))
    return rows, int(hits[rows].min(initial=hits.max(initial=0)))


def largest_hubs(lists: NeighborLists, k: int, number: int) -> tuple[np.ndarray, int]:
    """The patients in the most lists of length k: rows, largest first, ties by row; and the count of the largest."""
    counts = np.bincount(lists.indices[:, :k].ravel(), minlength=len(lists.indices))
    rows = np.argsort(-counts, kind="stable")[:number]
    return rows, int(counts.max(initial=0))
