"""How much an answer depends on the exact point: the neighbors of vectors of points around it."""
from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ..base.errors import InputError
from ..neighbors.exact_cosine import exact_distances, fixed_point, unit_vectors
from ..neighbors.neighbors import smallest_columns
from .query import distances_to


@dataclass(frozen=True)
class Stability:
    """What moving the point changed.

    Parameters
    ----------
    k : int
        Nearest patients that were compared.
    points : int
        Other points that were embedded.
    kept : tuple of int
        For each of them, how many of the k nearest patients of the point itself are among its own, ascending.
    nearest_kept : float
        Share of the points with the same nearest patient, 0..1.
    median_distance : float
        Median cosine distance of their vectors to that of the point itself.
    nearest_distance : float
        Cosine distance of the point's own vector to its nearest patient, for comparison.
    """

    k: int
    points: int
    kept: tuple[int, ...]
    nearest_kept: float
    median_distance: float
    nearest_distance: float

    def to_record(self) -> dict:
        """As json can write it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record) -> Stability:
        """The inverse of `to_record`; ValueError, TypeError or KeyError for anything else."""
        if not record["kept"]:
            raise ValueError("no points")
        counts = {name: int(record[name]) for name in ("k", "points")}
        shares = {name: float(record[name]) for name in ("nearest_kept", "median_distance", "nearest_distance")}
        return cls(kept=tuple(int(number) for number in record["kept"]), **counts, **shares)


def stability(vector: np.ndarray, others: np.ndarray, embedding: np.ndarray, k: int, *, model: str) -> Stability:
    """Compare the nearest patients of a vector with those of vectors around it.

    Parameters
    ----------
    vector : np.ndarray
        Shape (D,): of the point itself.
    others : np.ndarray
        Shape (P, D): of the points around it, at least one.
    embedding : np.ndarray
        Shape (N, D): the cohort.
    k : int
        1..N.
    model : str
        Name, for errors.

    Raises
    ------
    InputError
        No other point, or vectors that do not fit the model.
    """
    if not len(others):
        raise InputError("no point around it lies in the CT", source=model, expected="at least one")
    own = distances_to(vector, embedding, source=model)
    nearest = smallest_columns(own[None], k)[0].tolist()
    around = [smallest_columns(distances_to(other, embedding, source=model)[None], k)[0].tolist() for other in others]
    away = exact_distances(fixed_point(unit_vectors(np.asarray(vector, float)[None])),
                           fixed_point(unit_vectors(np.asarray(others, float))))[0]
    kept = sorted(len(set(nearest) & set(found)) for found in around)
    return Stability(k, len(around), tuple(kept), float(np.mean([found[0] == nearest[0] for found in around])),
                     float(np.median(away)), float(own[nearest[0]]))
