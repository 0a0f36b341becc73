"""Everything about a cohort that is computed once: neighbor lists and layout of every model."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..layout.layout import LAYOUT_NEIGHBORS, layouts
from ..neighbors.match import COSINE_DISTANCE, Match
from ..neighbors.neighbors import NeighborLists, edge_weights, neighbors_and_scale
from .connectome import Connectome

#: neighbors kept per patient and direction, at most
KEPT_NEIGHBORS = 50


@dataclass(frozen=True, eq=False)
class ModelAnalysis:
    """Neighbors and layout by one model.

    Parameters
    ----------
    neighbors : mapping of Match to NeighborLists
        The up to KEPT_NEIGHBORS nearest and farthest patients of each patient.
    positions : np.ndarray
        float64, shape (N, 2): the layout, root mean square radius 1, y up.
    """

    neighbors: Mapping[Match, NeighborLists]
    positions: np.ndarray

    @property
    def largest_k(self) -> int:
        """How many neighbors each list holds."""
        return self.neighbors[Match.MOST].indices.shape[1]


def analyze(cohort: Cohort, report=lambda fraction, message="": None) -> dict[str, ModelAnalysis]:
    """Neighbor lists and layouts of every model of a cohort; `report` gets the fraction done and a text."""
    kept = min(max(KEPT_NEIGHBORS, LAYOUT_NEIGHBORS), len(cohort.patients) - 1)
    lists = {}
    for number, model in enumerate(cohort.models):
        def of_model(fraction, message="", number=number, model=model):
            report(0.5 * (number + fraction) / len(cohort.models), f"Neighbors by {model}")

        of_model(0.0)
        lists[model] = neighbors_and_scale(cohort.embeddings[model], kept, source=model, report=of_model)[0]
    positions = layouts(cohort.embeddings, {model: found[Match.MOST].indices for model, found in lists.items()},
                        lambda fraction, message="": report(0.5 + 0.5 * fraction, message))
    return {model: ModelAnalysis(lists[model], positions[model]) for model in cohort.models}


def connectome(cohort: Cohort, analysis: ModelAnalysis, model: str, match: Match, k: int,
               distance: str = COSINE_DISTANCE) -> Connectome:
    """The graph of the k most or least similar patients by one model; `distance` says what its distances are.

    Raises
    ------
    InputError
        k is not 0..`analysis.largest_k`.
    """
    if not 0 <= k <= analysis.largest_k:
        raise InputError(f"k = {k} neighbors", source=model, expected=f"0 to {analysis.largest_k}")
    lists = analysis.neighbors[match]
    count = len(cohort.patients)
    percentiles = lists.percentiles[:, :k].ravel()
    return Connectome(
        patient_ids=cohort.patient_ids,
        positions=analysis.positions,
        sources=np.repeat(np.arange(count, dtype=np.int32), k),
        targets=lists.indices[:, :k].ravel(),
        ranks=np.tile(np.arange(1, k + 1, dtype=np.int32), count),
        distances=lists.distances[:, :k].ravel(),
        percentiles=percentiles,
        weights=edge_weights(percentiles, match),
        match=match,
        model=model,
        distance=distance,
    )
