"""Gliding from one place and size of the nodes to another. Pure numpy."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Pose:
    """Where the nodes are and how large.

    Parameters
    ----------
    positions : np.ndarray
        float64, shape (N, 2): layout coordinates.
    diameters : np.ndarray
        float64, shape (N,): see `GraphGeometry.diameters`.
    home : np.ndarray
        float64, shape (2, 2): the viewport's home box.
    """

    positions: np.ndarray
    diameters: np.ndarray
    home: np.ndarray


class Tween:
    """A pose on its way from `start` to `end`, with cubic ease in and out.

    Times are seconds of one monotonic clock; they are given by the caller, so that the motion is testable.
    """

    def __init__(self, start: Pose, end: Pose, began: float, duration: float):
        self._start, self._end = (Pose(pose.positions.copy(), pose.diameters, pose.home) for pose in (start, end))
        self._began, self._duration = began, duration

    def finished(self, now: float) -> bool:
        """Whether the nodes have arrived."""
        return now >= self._began + self._duration

    def at(self, now: float) -> Pose:
        """The pose at a time."""
        share = min(max((now - self._began) / self._duration, 0.0), 1.0) if self._duration > 0 else 1.0
        eased = 4 * share ** 3 if share < 0.5 else 1 - (2 - 2 * share) ** 3 / 2
        return Pose(*(first + (last - first) * eased
                      for first, last in zip(vars(self._start).values(), vars(self._end).values())))

    def hold(self, node: int, position: np.ndarray):
        """Keep one node where somebody drags it."""
        self._start.positions[node] = self._end.positions[node] = position
