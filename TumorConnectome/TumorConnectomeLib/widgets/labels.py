"""Greedy placement of labels beside their nodes, so that none covers another one. Pure numpy."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GAP = 3.0


def place_labels(anchors: np.ndarray, radii: np.ndarray, sizes: np.ndarray, bounds: tuple,
                 obstacles: Sequence[tuple] = (), nodes: np.ndarray | None = None) -> list:
    """Rectangle of each label, or None where there is no room.

    Labels are placed in the order given (put the important ones first): right, left, above or below the node, at the
    free place that covers the fewest nodes; a label never overlaps an earlier one or an obstacle and never leaves the bounds.

    Parameters
    ----------
    anchors, radii, sizes : np.ndarray
        Node center (L, 2), node radius (L,) and label width and height (L, 2), in pixels.
    bounds : tuple
        x, y, width, height of the area for labels.
    obstacles : sequence of tuple
        More rectangles (x, y, width, height) to keep clear.
    nodes : np.ndarray, optional
        Shape (N, 2): centers of all nodes, better left uncovered.

    Returns
    -------
    list of (x, y, width, height) or None, one per label
    """
    corners = _candidates(np.asarray(anchors, float), np.asarray(radii, float), np.asarray(sizes, float))
    low, high = np.array(bounds[:2], float), np.array(bounds[:2], float) + bounds[2:]
    cost = _covered(corners, nodes) if nodes is not None else np.zeros(corners.shape[:2])
    cost = np.where((corners[..., :2] >= low).all(-1) & (corners[..., 2:] <= high).all(-1), cost, np.inf)
    taken = np.empty((len(obstacles) + len(corners), 4))
    count = len(obstacles)
    for row, (x, y, width, height) in enumerate(obstacles):
        taken[row] = x, y, x + width, y + height
    placed = []
    for choices, costs in zip(corners, cost):
        costs = np.where(_overlaps(choices, taken[:count]).any(1), np.inf, costs)
        best = int(np.argmin(costs))
        if np.isinf(costs[best]):
            placed.append(None)
            continue
        x, y, right, bottom = choices[best].tolist()
        taken[count] = choices[best]
        count += 1
        placed.append((x, y, right - x, bottom - y))
    return placed


def _candidates(anchors, radii, sizes):
    """Left, top, right and bottom of the label right of, left of, above and below each anchor: shape (L, 4, 4)."""
    (x, y), (width, height), away = anchors.T, sizes.T, radii + _GAP
    places = [(x + away, y - height / 2), (x - away - width, y - height / 2),
              (x - width / 2, y - away - height), (x - width / 2, y + away)]
    corners = np.stack([np.stack(place, axis=-1) for place in places], axis=1)
    return np.concatenate([corners, corners + sizes[:, None]], axis=-1)


def _overlaps(a, b):
    """Whether each of the rectangles a (A, 4) overlaps each of b (B, 4): bool, shape (A, B)."""
    a, b = a[:, None], b[None]
    return ((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:])).all(-1)


def _covered(corners, points):
    """How many points lie in each rectangle (L, 4, 4): int64, shape (L, 4)."""
    (x, y), (left, top, right, bottom) = points.T, np.moveaxis(corners, -1, 0)[..., None]
    return ((x > left) & (x < right) & (y > top) & (y < bottom)).sum(-1)
