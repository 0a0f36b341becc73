"""Where the patients are drawn: a deterministic neighbor layout.

Student-t forces on the graph of the 15 nearest neighbors: the kernel and update of t-SNE (van der Maaten and Hinton,
2008) with rank-based edge weights. It keeps about twice as many true neighbors side by side as a spring layout. Positions
and velocities are rounded in every step, which makes the result bit-identical between runs and machines. Past
MESH_COUNT patients the repulsion comes from a grid (`particle_mesh`); that result is bit-identical between runs.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..neighbors.exact_cosine import unit_vectors
from .particle_mesh import ParticleMesh
from .principal_scores import leading_scores

#: neighbors that attract each other
LAYOUT_NEIGHBORS = 15
#: more patients than that repel each other by way of a grid
MESH_COUNT = 2000
_ITERATIONS, _MESH_ITERATIONS, _MESH_SETTLING = 80, 250, 100
_EXAGGERATED = 25
_START_SD = 1e-2
_START_COMPONENTS = 16
_BLOCK_ELEMENTS = 1 << 21


def neighbor_graph(nearest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Symmetric attraction of patients, as a sparse matrix in coordinate form.

    Parameters
    ----------
    nearest : np.ndarray
        Integers, shape (N, nn): nearest neighbors, nearest first.

    Returns
    -------
    rows, columns : np.ndarray
        int64, shape (2 N nn,): both directions of every list entry.
    weights : np.ndarray
        float64, shape (2 N nn,): falls linearly with rank; the sum over all is 1.
    """
    count, nn = nearest.shape
    ranks = np.arange(nn, 0, -1.0)
    sources, targets = np.repeat(np.arange(count), nn), nearest.astype(np.int64).ravel()
    weights = np.tile(ranks / max(ranks.sum(), 1.0), count) / (2 * max(count, 1))
    return np.concatenate([sources, targets]), np.concatenate([targets, sources]), np.concatenate([weights, weights])


def principal_axes(vectors: np.ndarray) -> np.ndarray:
    """First two principal components of unit vectors (N, D): float64, shape (N, 2), sign fixed, sd 0.01.

    Duplicate vectors would never separate, so each patient is moved by a tiny fixed step of its own.
    """
    centered = vectors - vectors.mean(axis=0)
    left, values, right = np.linalg.svd(centered, full_matrices=False)
    scores = np.zeros((len(vectors), 2))
    used = min(2, int((values > 1e-12).sum()))
    signs = np.sign(right[np.arange(used), np.abs(right[:used]).argmax(axis=1)])
    scores[:, :used] = left[:, :used] * values[:used] * signs
    angle = np.arange(len(vectors)) * np.pi * (3 - np.sqrt(5))          # golden angle
    step = 1e-3 * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.round(_START_SD * (scores / (scores.std() or 1.0) + step), 12)


def force_layout(graph: tuple[np.ndarray, np.ndarray, np.ndarray], start: np.ndarray, exaggerated: int = _EXAGGERATED,
                 report=lambda fraction: None) -> np.ndarray:
    """Move the points until neighbors attract and all others repel each other.

    Parameters
    ----------
    graph : tuple
        As `neighbor_graph` returns it.
    start : np.ndarray
        float64, shape (N, 2), no two points the same.
    exaggerated : int
        Steps at the beginning with four times the attraction, which let clusters form from a point-like start; 0 to
        stay near `start`.
    report : callable
        Called with the fraction done.

    Returns
    -------
    np.ndarray
        float64, shape (N, 2): centered.
    """
    positions = np.array(start, float)
    count = len(positions)
    velocity, gains = np.zeros_like(positions), np.ones_like(positions)
    rate, iterations, repulsion, attraction = max(count / 12.0, 50.0), _ITERATIONS, _repulsion, _attraction
    if count > MESH_COUNT:                              # many points need more and longer steps to spread
        rate, repulsion, attraction = count / 4.0, ParticleMesh(), _attraction_of_pairs
        iterations = _MESH_ITERATIONS if exaggerated else _MESH_SETTLING
        graph = _pairs(graph, count)
    for iteration in range(iterations):
        report(iteration / iterations)
        early = iteration < exaggerated
        gradient = 4.0 * ((4.0 if early else 1.0) * attraction(graph, positions) - repulsion(positions))
        same = (gradient > 0) == (velocity > 0)
        gains = np.maximum(np.where(same, gains * 0.8, gains + 0.2), 0.01)
        velocity = np.round((0.5 if early else 0.8) * velocity - rate * gains * gradient, 7)
        positions = positions + velocity
        positions = np.round(positions - positions.mean(axis=0), 7)
    return positions


def _attraction(graph, positions):
    rows, columns, weights = graph
    delta = positions[rows] - positions[columns]
    pull = delta * (weights / (1.0 + (delta ** 2).sum(axis=1)))[:, None]
    return np.column_stack([np.bincount(rows, pull[:, axis], len(positions)) for axis in (0, 1)])


def _pairs(graph, count):
    """Every pair of a symmetric graph once, rows ascending: half the work, and in the order of memory."""
    rows, columns, weights = graph
    once = rows < columns
    keys, places = np.unique(rows[once] * count + columns[once], return_inverse=True)
    return keys // count, keys % count, np.bincount(places, weights[once])


def _attraction_of_pairs(pairs, positions):
    rows, columns, weights = pairs
    along_x, along_y = (positions[rows, axis] - positions[columns, axis] for axis in (0, 1))
    pull = weights / (1.0 + along_x ** 2 + along_y ** 2)
    return np.column_stack([np.bincount(rows, pull * along, len(positions)) - np.bincount(columns, pull * along, len(positions))
                            for along in (along_x, along_y)])


def _repulsion(positions):
    """Student-t repulsion of all points, in blocks so that memory stays bounded."""
    count, total = len(positions), 0.0
    force = np.zeros_like(positions)
    rows = max(1, _BLOCK_ELEMENTS // count)
    for first in range(0, count, rows):
        block = positions[first:first + rows]
        kernel = 1.0 / (1.0 + (block[:, None, 0] - positions[:, 0]) ** 2 + (block[:, None, 1] - positions[:, 1]) ** 2)
        kernel[np.arange(len(block)), np.arange(first, first + len(block))] = 0.0
        total += kernel.sum()
        kernel *= kernel
        force[first:first + rows] = block * kernel.sum(axis=1)[:, None] - kernel @ positions
    return force / total if total else force


def unit_radius(positions: np.ndarray) -> np.ndarray:
    """Positions (N, 2) centered and scaled to a root mean square radius of 1 (0 for one point)."""
    centered = positions - positions.mean(axis=0)
    radius = np.sqrt((centered ** 2).sum(axis=1).mean())
    return centered / radius if radius else centered


def aligned(positions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Rotate or reflect `positions` (N, 2) onto `reference` (N, 2), least squares (orthogonal Procrustes); rounded to 1e-7."""
    left, _, right = np.linalg.svd((positions - positions.mean(axis=0)).T @ (reference - reference.mean(axis=0)))
    return np.round(unit_radius(positions) @ (left @ right), 7)


def layouts(embeddings: Mapping[str, np.ndarray], nearest: Mapping[str, np.ndarray],
            report=lambda fraction, message="": None) -> dict[str, np.ndarray]:
    """A layout for every model, all started from one consensus layout and aligned to it.

    So a patient stays near its place when the model is switched. The consensus attracts patients by the sum of the
    models' edge weights.

    Parameters
    ----------
    embeddings : mapping of str to np.ndarray
        Model name to array of shape (N, D).
    nearest : mapping of str to np.ndarray
        Model name to the nearest neighbors, shape (N, >= min(15, N - 1)).
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict of str to np.ndarray
        float64, shape (N, 2), root mean square radius 1; y grows upward.
    """
    models: Sequence[str] = sorted(embeddings)
    graphs = {model: neighbor_graph(nearest[model][:, :LAYOUT_NEIGHBORS]) for model in models}
    large = len(nearest[models[0]]) > MESH_COUNT
    start = (_mesh_start if large else _start)(embeddings, models)
    summed = tuple(np.concatenate([graphs[model][part] for model in models]) for part in range(3))
    parts = len(models) + 1
    consensus = force_layout((summed[0], summed[1], summed[2] / len(models)), start,
                             report=lambda fraction: report(fraction / parts, "Consensus layout"))
    if large and len(models) == 1:                      # more steps would change little and take long
        return {models[0]: np.round(unit_radius(consensus), 7)}
    result = {}
    for number, model in enumerate(models, start=1):
        own = force_layout(graphs[model], consensus, exaggerated=0, report=lambda fraction, number=number, model=model:
                           report((number + fraction) / parts, f"Layout of {model}"))
        result[model] = aligned(own, consensus)
    return result


def _start(embeddings, models):
    """The principal axes of all models together, where every model has the same say."""
    vectors = []
    for model in models:
        centered = unit_vectors(embeddings[model], source=model)
        centered = np.round(centered - centered.mean(axis=0), 12)       # equal vectors: zeros, not rounding errors
        vectors.append(centered / (np.linalg.norm(centered) or 1.0))
    return principal_axes(np.concatenate(vectors, axis=1))


def _mesh_start(embeddings, models):
    """The same of very many patients, from each model's leading components; rounded more, since it is a sum over more."""
    scores = [leading_scores(embeddings[model], _START_COMPONENTS, source=model) for model in models]
    return np.round(principal_axes(np.concatenate(scores, axis=1)), 7)
