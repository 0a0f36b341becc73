"""The connectome: what the view draws for one model, match mode and number of neighbors."""
from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..neighbors.match import COSINE_DISTANCE, Match


@dataclass(frozen=True, eq=False)
class Connectome:
    """A directed graph: every patient points to its k nearest (or farthest) patients.

    Parameters
    ----------
    patient_ids : tuple of str
        N node names.
    positions : np.ndarray
        float64, shape (N, 2): layout coordinates without a unit, y up; centered on 0.
    sources, targets : np.ndarray
        int32, shape (E,): edge i goes from node ``sources[i]`` to ``targets[i]``. Reciprocal edges are both kept.
    ranks : np.ndarray
        int32, shape (E,): 1 for the nearest (or farthest).
    distances : np.ndarray
        float64, shape (E,): cosine distance 1 - cos, 0..2, or what `distance` says.
    percentiles : np.ndarray
        float64, shape (E,): percent of the model's patient pairs that are farther apart than this pair
        (99.6 = closer than 99.6 % of pairs; 50 = a random pair).
    weights : np.ndarray
        float64, shape (E,), 0..1: drawing weight, larger = more extreme pair.
    match : Match
        MOST or LEAST similar.
    model : str
        Name of the embedding model.
    distance : str
        What `distances` are, in words.
    """

    patient_ids: tuple[str, ...]
    positions: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    ranks: np.ndarray
    distances: np.ndarray
    percentiles: np.ndarray
    weights: np.ndarray
    match: Match
    model: str
    distance: str = COSINE_DISTANCE

    @cached_property
    def nodes(self) -> Mapping[str, int]:
        """Node of each patient."""
        return types.MappingProxyType({patient: node for node, patient in enumerate(self.patient_ids)})

    @cached_property
    def out_degree(self) -> np.ndarray:
        """Edges that leave each node: int64, shape (N,)."""
        return np.bincount(self.sources, minlength=len(self.patient_ids))

    @cached_property
    def in_degree(self) -> np.ndarray:
        """Edges that arrive at each node: int64, shape (N,): in how many lists the patient is."""
        return np.bincount(self.targets, minlength=len(self.patient_ids))

    @cached_property
    def degree(self) -> np.ndarray:
        """Out plus in, shape (N,)."""
        return self.out_degree + self.in_degree

    def neighborhood(self, node: int) -> np.ndarray:
        """Nodes one edge away from `node` in either direction, ascending: int64."""
        return np.union1d(self.targets[self.sources == node], self.sources[self.targets == node])


def node_diameters(degree: np.ndarray, smallest: float = 12.0, largest: float = 60.0) -> np.ndarray:
    """Diameter of each node in pixels at zoom 1, growing with the logarithm of its degree: float64, shape (N,).

    ``smallest + (largest - smallest) * ln(degree - min + 1) / ln(range + 1)``, as the published dashboard draws it.
    """
    offset = np.asarray(degree, float) - (np.min(degree) if len(degree) else 0)
    span = np.log1p(offset.max()) if offset.size else 0.0
    return smallest + (largest - smallest) * (np.log1p(offset) / span if span else np.zeros_like(offset))
