"""Greedy placement of labels around their nodes, so that none covers another one. Pure numpy."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_GAP = 3.0
#: distances between the rim of the node and a label, in pixels, that are tried one after the other
_FAR_GAPS = (14.0, 30.0, 52.0)
#: directions from the node to the label, the preferred ones first
_DIRECTIONS = np.array([[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]], float)
_STEPS = _DIRECTIONS / np.hypot(*_DIRECTIONS.T)[:, None]
#: the order of directions counts only between places that are equally free, a greater distance a little more
_ORDER_COST, _FAR_COST = 0.01, 0.5


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs that labels had better not cover.

    Parameters
    ----------
    centers, radii, costs : np.ndarray
        Shapes (N, 2), (N,), (N,): pixels, and how bad it is to cover each disc (1 for an ordinary one).
    """

    centers: np.ndarray
    radii: np.ndarray
    costs: np.ndarray

    def near(self, anchor: np.ndarray, reach: np.ndarray) -> Discs:
        """Those of the discs that come nearer to a point (2,) than `reach` (2,) in x and y."""
        near = (np.abs(self.centers - anchor) < reach + self.radii[:, None]).all(1)
        return Discs(self.centers[near], self.radii[near], self.costs[near])

    def cost_under(self, corners: np.ndarray) -> np.ndarray:
        """Summed cost of the discs under each rectangle (C, 4: left, top, right, bottom): float64, (C,)."""
        away = np.maximum(np.maximum(corners[:, None, :2] - self.centers, self.centers - corners[:, None, 2:]), 0)
        return ((away ** 2).sum(-1) < self.radii ** 2) @ self.costs


def place_labels(anchors: np.ndarray, radii: np.ndarray, sizes: np.ndarray, bounds: tuple, obstacles: Sequence[tuple] = (),
                 discs: Discs | None = None, may_be_far: np.ndarray | None = None, limit: float = np.inf) -> list:
    """Rectangle of each label, or None where there is no room.

    Labels are placed in the order given (put the important ones first), in one of eight directions beside the node, at
    the free place that covers the cheapest discs. A label never overlaps an earlier one or an obstacle and never leaves
    the bounds.

    Parameters
    ----------
    anchors, radii, sizes : np.ndarray
        Node center (L, 2), node radius (L,) and label width and height (L, 2), in pixels.
    bounds : tuple
        x, y, width, height of the area for labels.
    obstacles : sequence of tuple
        More rectangles (x, y, width, height) to keep clear.
    discs : Discs, optional
        Discs that are better left uncovered.
    may_be_far : np.ndarray, optional
        bool, shape (L,): labels that may stand up to 52 pixels away if every place beside their node covers a disc.
    limit : float
        A label that may not be far is left out if it would cover discs that cost this much together.

    Returns
    -------
    list of (x, y, width, height) or None, one per label
    """
    free, placed = _Free(bounds, obstacles, len(anchors)), []
    for row, (anchor, radius, size) in enumerate(zip(np.asarray(anchors, float), radii, np.asarray(sizes, float))):
        far = may_be_far is not None and bool(may_be_far[row])
        gaps = (_GAP, *_FAR_GAPS) if far else (_GAP,)
        around = discs.near(anchor, size + radius + gaps[-1]) if discs is not None else None
        best, least = None, np.inf
        for number, gap in enumerate(gaps):
            corners, cost = free.best(_candidates(anchor, radius + gap, size), around)
            if cost + _FAR_COST * number < least:
                best, least = corners, cost + _FAR_COST * number
            if least < 1:
                break
        placed.append(None if best is None or (least >= limit and not far) else free.take(best))
    return placed


def keep_labels(anchors: np.ndarray, offsets: np.ndarray, sizes: np.ndarray, bounds: tuple,
                obstacles: Sequence[tuple] = ()) -> list:
    """As `place_labels`, but each label stays where it was: its left upper corner at anchor + offset, both (L, 2).

    Much quicker, and labels do not jump about while their nodes move.
    """
    free, placed = _Free(bounds, obstacles, len(anchors)), []
    for anchor, offset, size in zip(anchors, offsets, sizes):
        corners, cost = free.best(np.concatenate([anchor + offset, anchor + offset + size])[None], None)
        placed.append(free.take(corners) if np.isfinite(cost) else None)
    return placed


class _Free:
    """What is still free of labels and obstacles."""

    def __init__(self, bounds, obstacles, count):
        self._low, self._high = np.array(bounds[:2], float), np.array(bounds[:2], float) + bounds[2:]
        self._taken, self._count = np.empty((len(obstacles) + count, 4)), len(obstacles)
        for row, (x, y, width, height) in enumerate(obstacles):
            self._taken[row] = x, y, x + width, y + height

    def best(self, corners, discs):
        """The cheapest of the rectangles (C, 4: left, top, right, bottom) and its cost, infinite if none is free."""
        taken = self._taken[:self._count]
        blocked = (corners[:, :2] < self._low).any(1) | (corners[:, 2:] > self._high).any(1)
        blocked |= ((corners[:, None, :2] < taken[:, 2:]) & (taken[:, :2] < corners[:, None, 2:])).all(-1).any(1)
        costs = np.where(blocked, np.inf, _ORDER_COST * np.arange(len(corners)))
        if discs is not None:
            costs += discs.cost_under(corners)
        best = int(np.argmin(costs))
        return corners[best], float(costs[best])

    def take(self, corners):
        """Occupy a rectangle; returns it as x, y, width, height."""
        self._taken[self._count] = corners
        self._count += 1
        left, top, right, bottom = corners.tolist()
        return left, top, right - left, bottom - top


def _candidates(anchor, reach, size):
    """Left, top, right and bottom of the label at `reach` from the anchor in each direction: shape (8, 4)."""
    corners = anchor + _STEPS * reach + (_DIRECTIONS - 1) / 2 * size
    return np.hstack([corners, corners + size])
