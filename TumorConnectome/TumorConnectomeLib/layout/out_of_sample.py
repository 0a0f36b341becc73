"""Where a new patient belongs in a finished layout: the layout's own objective, minimized for the new point alone.

The objective is that of `layout` (t-SNE: van der Maaten and Hinton, 2008) with all patients fixed: who is among the 15
nearest of the other attracts the new point, everybody repels it. Finished layouts have a radius of 1, whatever size their
forces wanted; that size is found again first, as the scale at which the fixed layout has the smallest objective.
"""
from __future__ import annotations

import numpy as np

from .layout import LAYOUT_NEIGHBORS, neighbor_graph

#: pairs from which the scale of a layout is found, and bins of their distances
_SCALE_POINTS, _SCALE_BINS = 2000, 2000
_SCALES = np.geomspace(1e-2, 1e4, 301)
#: nearest patients at whose places the search begins, beside their weighted mean
_STARTS = 5
_STEPS, _HALVINGS = 300, 30
_ROUNDED = 7


def attraction_to(distances: np.ndarray, nearest_distances: np.ndarray) -> np.ndarray:
    """How much each patient attracts a new one: float64, shape (N,); the weights of `neighbor_graph` for its pairs, both ways.

    Parameters
    ----------
    distances : np.ndarray
        float64, shape (N,): from the new patient to each.
    nearest_distances : np.ndarray
        float64, shape (N, nn), nn up to 15: of each patient to its nearest, ascending.
    """
    count, width = nearest_distances.shape
    nn = min(LAYOUT_NEIGHBORS, count)
    pull, total = np.zeros(count), max(nn * (nn + 1) / 2, 1)
    order = np.argsort(distances, kind="stable")[:nn]
    pull[order] = np.arange(nn, 0, -1.0)
    rank = (nearest_distances <= distances[:, None]).sum(axis=1)        # places before the new one in each patient's own list
    pull += np.where(rank < min(width, nn), nn - rank, 0)
    return pull / total / (count + 1)


def natural_scale(positions: np.ndarray, nearest: np.ndarray) -> tuple[float, float]:
    """The size that the layout's forces want, and the sum of all Student-t kernels at that size.

    Parameters
    ----------
    positions : np.ndarray
        float64, shape (N, 2).
    nearest : np.ndarray
        Integers, shape (N, nn): nearest patients, nearest first.

    Returns
    -------
    scale : float
        `positions` times this are at the equilibrium.
    total : float
        Sum of 1 / (1 + d^2) over all ordered pairs of different patients there.
    """
    count = len(positions)
    rows, columns, weights = neighbor_graph(nearest[:, :LAYOUT_NEIGHBORS])
    near = ((positions[rows] - positions[columns]) ** 2).sum(axis=1)
    step = max(1, -(-count // _SCALE_POINTS))
    some = positions[::step]
    squares = np.maximum(((some[:, None] - some) ** 2).sum(axis=2)[~np.eye(len(some), dtype=bool)], 1e-12)
    counts, edges = np.histogram(np.log(squares), _SCALE_BINS) if len(squares) else (np.zeros(1), np.zeros(2))
    middle = np.exp((edges[1:] + edges[:-1]) / 2)
    share = count * (count - 1) / max(len(squares), 1)

    def total(scale):
        return share * (counts / (1 + scale ** 2 * middle)).sum()

    costs = [(weights * np.log1p(scale ** 2 * near)).sum() + np.log(max(total(scale), 1e-300)) for scale in _SCALES]
    best = float(_SCALES[int(np.argmin(costs))])
    return best, float(total(best))


def place_of(distances: np.ndarray, positions: np.ndarray, nearest: np.ndarray, nearest_distances: np.ndarray) -> np.ndarray:
    """The place of a new patient among fixed ones: float64, shape (2,); the same for the same input on every machine.

    Parameters
    ----------
    distances : np.ndarray
        float64, shape (N,): from the new patient to each.
    positions : np.ndarray
        float64, shape (N, 2): the layout.
    nearest, nearest_distances : np.ndarray
        Shape (N, nn): nearest patients of each, nearest first, and how far they are.
    """
    if len(positions) < 2:
        return np.round(np.mean(positions, axis=0), _ROUNDED)
    width = min(LAYOUT_NEIGHBORS, nearest.shape[1])
    pull = attraction_to(distances, nearest_distances[:, :width])
    scale, total = natural_scale(positions, nearest)
    fixed, near = positions * scale, np.flatnonzero(pull)
    own = pull[near]

    def cost(point):
        kernel = 1 / (1 + ((fixed - point) ** 2).sum(axis=1))
        return 2 * (own * -np.log(kernel[near])).sum() + np.log(total + 2 * kernel.sum())

    def slope(point):
        delta = point - fixed
        kernel = 1 / (1 + (delta ** 2).sum(axis=1))
        attract = (own * kernel[near]) @ delta[near]
        repel = (kernel ** 2) @ delta / (total + 2 * kernel.sum())
        return 4 * (attract - repel)

    starts = [own @ fixed[near] / own.sum(), *fixed[np.argsort(distances, kind="stable")[:_STARTS]]]
    found = [_descend(cost, slope, start, 1 / (4 * own.sum())) for start in starts]
    best = min(found, key=lambda one: (round(one[0], 10), *np.round(one[1], 6)))
    return np.round(best[1] / scale, _ROUNDED)


def _descend(cost, slope, point, step):
    """Gradient descent with halved steps: (cost, point) of the local minimum."""
    value = cost(point)
    for _ in range(_STEPS):
        direction = slope(point)
        length = step * 4
        for _ in range(_HALVINGS):
            trial = point - length * direction
            changed = cost(trial)
            if changed < value - 1e-4 * length * (direction @ direction):
                break
            length /= 2
        else:
            break
        moved = np.abs(trial - point).max()
        point, value = trial, changed
        if moved < 1e-6:
            break
    return value, point
