"""Gliding from one set of points to another."""
import numpy as np


class Tween:
    """Points on their way from `start` to `end`, both of shape (N, 2), with cubic ease in and out.

    Times are seconds of one monotonic clock; they are given by the caller, so that the motion is testable.
    """

    def __init__(self, start: np.ndarray, end: np.ndarray, began: float, duration: float):
        self._start, self._end = np.array(start, float), np.array(end, float)
        self._began, self._duration = began, duration

    def finished(self, now: float) -> bool:
        """Whether the points have arrived."""
        return now >= self._began + self._duration

    def at(self, now: float) -> np.ndarray:
        """The points at a time, shape (N, 2)."""
        share = min(max((now - self._began) / self._duration, 0.0), 1.0) if self._duration > 0 else 1.0
        eased = 4 * share ** 3 if share < 0.5 else 1 - (2 - 2 * share) ** 3 / 2
        return self._start + (self._end - self._start) * eased

    def hold(self, index: int, point: np.ndarray):
        """Keep one point where somebody drags it."""
        self._start[index] = self._end[index] = point
