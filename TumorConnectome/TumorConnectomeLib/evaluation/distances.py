"""Distances of a model in blocks of rows, as it gave them or repaired: what every evaluation starts from."""
from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..connectome.analysis import KEPT_NEIGHBORS
from ..neighbors.consensus import CONSENSUS
from ..neighbors.fused_blocks import fused_blocks
from ..neighbors.mutual_proximity import MOST_PATIENTS, mutual_proximity
from ..neighbors.neighbors import distance_blocks, unit_vectors
from ..neighbors.repairs import Repair, centered_vectors, csls_blocks

#: (model name, embedding of shape (N, D)) -> blocks of distances, as `neighbors.neighbors.distance_blocks` yields them
Blocks = Callable[[str, np.ndarray], Iterable[tuple[int, np.ndarray]]]


def cosine_blocks(model: str, embedding: np.ndarray) -> Iterable[tuple[int, np.ndarray]]:
    """Cosine distances of an embedding."""
    return distance_blocks(unit_vectors(embedding, source=model))


def model_blocks(cohort: Cohort, model: str, blocks: Blocks, k: int) -> Iterable[tuple[int, np.ndarray]]:
    """Distances of one model of a cohort, or of the consensus of all of its models.

    The consensus has the k nearest of every patient that the graph shows for k up to `analysis.KEPT_NEIGHBORS`.
    """
    if model != CONSENSUS or CONSENSUS in cohort.models:
        return blocks(model, cohort.embeddings[model])
    depth = min(max(KEPT_NEIGHBORS, k), len(cohort.patients) - 1)
    return fused_blocks([blocks(name, cohort.embeddings[name]) for name in sorted(cohort.models)], depth)


def blocks_of(repair: Repair) -> Blocks:
    """Distances whose order is that of `structure.repairs.repaired_lists` with the same repair, ties included.

    The blocks of mutual proximity raise InputError for more patients than it can do.
    """
    return {Repair.NONE: cosine_blocks,
            Repair.CENTERED: lambda model, embedding: distance_blocks(centered_vectors(embedding, source=model)),
            Repair.CSLS: lambda model, embedding: csls_blocks(unit_vectors(embedding, source=model)),
            Repair.MUTUAL_PROXIMITY: lambda model, embedding: _mutual_proximity_blocks(
                model, unit_vectors(embedding, source=model)),
            Repair.CENTERED_MUTUAL_PROXIMITY: lambda model, embedding: _mutual_proximity_blocks(
                model, centered_vectors(embedding, source=model))}[repair]


def _mutual_proximity_blocks(model, vectors):
    """One block: patients by mutual proximity, those of the same by distance, as whole numbers that order both exactly."""
    count = len(vectors)
    if count > MOST_PATIENTS:                           # before the N x N matrix is made
        raise InputError(f"{count} patients are too many for mutual proximity", source=model,
                         expected=f"at most {MOST_PATIENTS}, or another repair")
    distances = np.concatenate([block for _first, block in distance_blocks(vectors)])
    np.fill_diagonal(distances, 0.0)
    steps = np.stack([np.unique(row, return_inverse=True)[1] for row in distances])
    yield 0, (count - mutual_proximity(distances).astype(float)) * count + steps
