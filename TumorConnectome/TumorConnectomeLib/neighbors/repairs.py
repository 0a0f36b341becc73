"""Repairs of hubness that the user can switch on: neighbor lists in a space with fewer hubs.

Mean-centring: Suzuki et al., "Centering similarity measures to reduce hubs", EMNLP 2013. Mutual proximity: Schnitzer et al.
2012 (see `mutual_proximity`), alone or of the centered vectors: one repairs the far, the other the near lists (Feldbauer
and Flexer, "Centering versus scaling for hubness reduction", ICANN 2016). CSLS: Conneau et al., "Word translation without
parallel data", ICLR 2018.
"""
from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np

from ..base.errors import InputError
from .match import Match
from .mutual_proximity import MOST_PATIENTS, mutual_proximity_lists
from .neighbors import NeighborLists, distance_blocks, lists_of_blocks, neighbor_lists, unit_vectors

#: neighbors that tell how dense a patient's surroundings are, as in the paper
CSLS_NEIGHBORS = 10
#: a centered unit vector shorter than this lies on the mean: its direction would be rounding error
_SHORTEST = 1e-12


class Repair(Enum):
    """What is done about hubs before neighbors are looked for."""

    NONE = "none"
    CENTERED = "centered"
    MUTUAL_PROXIMITY = "mutual-proximity"
    CENTERED_MUTUAL_PROXIMITY = "centered-mutual-proximity"
    CSLS = "csls"

    def label(self) -> str:
        """What the interface shows."""
        return {Repair.NONE: "None", Repair.CENTERED: "Mean-centering", Repair.MUTUAL_PROXIMITY: "Mutual proximity",
                Repair.CENTERED_MUTUAL_PROXIMITY: "Mean-centering + mutual proximity", Repair.CSLS: "CSLS"}[self]

    def meaning(self) -> str:
        """What the distance is under this repair, one phrase for tooltips and table heads."""
        return {Repair.NONE: "cosine distance",
                Repair.CENTERED: "cosine distance after subtraction of the mean direction",
                Repair.MUTUAL_PROXIMITY: "1 - mutual proximity",
                Repair.CENTERED_MUTUAL_PROXIMITY: "1 - mutual proximity of the centered vectors",
                Repair.CSLS: f"twice the cosine distance less both patients' mean distance to their {CSLS_NEIGHBORS} nearest",
                }[self]


def centered_vectors(embedding: np.ndarray, *, source: str = "embedding") -> np.ndarray:
    """Unit vectors less their mean, scaled to length 1 again: float64, shape (N, D).

    A patient exactly on the mean (a single one, or all the same) has no direction left and becomes a zero vector: at
    distance 1 from everybody.
    """
    vectors = unit_vectors(embedding, source=source)
    vectors = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > _SHORTEST)


def repaired_lists(embedding: np.ndarray, k: int, repair: Repair, *,
                   source: str = "embedding") -> dict[Match, NeighborLists]:
    """The k nearest and the k farthest patients of every patient in the repaired space.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type; finite, no zero vector. With mutual proximity N <= 4,000.
    k : int
        0..N-1 neighbors per patient and direction.
    repair : Repair
        NONE gives the same as `neighbors.neighbor_lists`.
    source : str
        Name used in error messages.

    Returns
    -------
    dict of Match to NeighborLists
        Distances are those of the repaired space (see `Repair.meaning`: CSLS can be negative), percentiles the percent of
        pairs that are farther apart in it. Ties go to the smaller row.

    Raises
    ------
    InputError
        k is out of range, a vector has no direction, or there are too many patients for mutual proximity.
    """
    if repair is Repair.NONE:
        return neighbor_lists(embedding, k, source=source)
    count = len(embedding)
    if not 0 <= k <= max(0, count - 1):
        raise InputError(f"k = {k} neighbors", source=source, expected=f"0 to {max(0, count - 1)} for {count} patients")
    if repair is Repair.CSLS:
        return lists_of_blocks(csls_blocks(unit_vectors(embedding, source=source)), count, k)
    centered = repair in (Repair.CENTERED, Repair.CENTERED_MUTUAL_PROXIMITY)
    vectors = (centered_vectors if centered else unit_vectors)(embedding, source=source)
    if repair is Repair.CENTERED:
        return lists_of_blocks(distance_blocks(vectors), count, k)
    if count > MOST_PATIENTS:                           # before the N x N matrix is made
        raise InputError(f"{count} patients are too many for mutual proximity", source=source,
                         expected=f"at most {MOST_PATIENTS}, or another repair")
    distances = np.empty((count, count))
    for first, block in distance_blocks(vectors):
        distances[first:first + len(block)] = block
    np.fill_diagonal(distances, 0.0)
    return mutual_proximity_lists(distances, k)


def csls_blocks(vectors: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of rows of ``r(x) + r(y) - 2 cos(x, y)``, the negative of CSLS, of unit vectors (N, D).

    r is the mean cosine to the up to CSLS_NEIGHBORS nearest. Yields ``(first, distances)`` as `neighbors.distance_blocks`.
    """
    count = len(vectors)
    near = min(CSLS_NEIGHBORS, count - 1)
    surroundings = np.zeros(count)                      # 1 - r
    if near:
        surroundings = lists_of_blocks(distance_blocks(vectors), count, near)[Match.MOST].distances.mean(axis=1)
    for first, block in distance_blocks(vectors):
        own = surroundings[first:first + len(block)]
        yield first, np.round(2.0 * block - own[:, None] - surroundings, 12)
