"""Smooth random fields and profiles."""
from __future__ import annotations

import numpy as np

from .voxels import VoxelBox, VoxelGrid


class SmoothNoise:
    """A random field without structure below `period` mm, the same wherever it is evaluated.

    Independent normal values on a lattice, blended along each axis with the cubic 3t^2 - 2t^3 (value noise).
    """

    def __init__(self, rng: np.random.Generator, grid: VoxelGrid, period: float):
        self._steps = [spacing / period for spacing in grid.spacing]
        shape = [int(np.ceil(n * step)) + 2 for n, step in zip(grid.shape, self._steps)]
        self._lattice = rng.standard_normal(shape, dtype=np.float32)

    def sample(self, box: VoxelBox) -> np.ndarray:
        """Return the field in a box: float32, mean 0, standard deviation about 0.6."""
        values = self._lattice
        for axis in range(3):
            position = np.arange(box.start[axis], box.stop[axis]) * self._steps[axis]
            cell = np.floor(position).astype(np.intp)
            t = position - cell
            weight = (t * t * (3 - 2 * t)).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
            low = values.take(cell, axis=axis)
            high = values.take(cell + 1, axis=axis)
            high -= low
            high *= weight
            values = np.add(low, high, out=low)
        return values


def smooth_profile(position: np.ndarray, knots, values) -> np.ndarray:
    """Return a smooth curve through (knots, values) at `position`: float32; constant beyond the ends.

    Cubic Hermite with the tangents of the chords between a knot's neighbors (Catmull-Rom).
    """
    knots, values = np.asarray(knots, float), np.asarray(values, float)
    tangents = np.gradient(values, knots)
    position = np.clip(np.asarray(position, float), knots[0], knots[-1])
    i = np.clip(np.searchsorted(knots, position, side="right") - 1, 0, len(knots) - 2)
    length = knots[i + 1] - knots[i]
    t = (position - knots[i]) / length
    h = t * t * (3 - 2 * t)
    return (values[i] * (1 - h) + values[i + 1] * h
            + length * t * (1 - t) * (tangents[i] * (1 - t) - tangents[i + 1] * t)).astype(np.float32)
