"""Tapered tubes: vessels, airways, spicules, clavicles. Each is drawn only in the voxels around it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .voxels import Points, VoxelBox, VoxelGrid, coverage


@dataclass(frozen=True, eq=False)
class Tubes:
    """Straight tapered tubes in anatomical mm.

    Parameters
    ----------
    starts, ends : np.ndarray
        float32, shape (n, 3): (z, y, x) of the two ends.
    start_radii, end_radii : np.ndarray
        float32, shape (n,), mm.
    """

    starts: np.ndarray
    ends: np.ndarray
    start_radii: np.ndarray
    end_radii: np.ndarray

    @classmethod
    def along(cls, path, radii) -> Tubes:
        """Return the tubes of one path of n + 1 points with a radius at each."""
        path, radii = np.asarray(path, np.float32), np.asarray(radii, np.float32)
        return cls(path[:-1], path[1:], radii[:-1], radii[1:])

    @classmethod
    def joined(cls, parts) -> Tubes:
        """Return all tubes of several."""
        parts = list(parts)
        return cls(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in ("starts", "ends", "start_radii", "end_radii")))

    def widened(self, mm: float) -> Tubes:
        """Return the tubes with larger radii."""
        return Tubes(self.starts, self.ends, self.start_radii + np.float32(mm), self.end_radii + np.float32(mm))

    def __len__(self):
        return len(self.starts)

    def bounds(self, grid: VoxelGrid, margin: float) -> np.ndarray:
        """Return the voxels within `margin` mm of each tube: int64, shape (n, 2, 3)."""
        reach = (np.maximum(self.start_radii, self.end_radii) + np.float32(margin))[:, None]
        return grid.bounds(np.minimum(self.starts, self.ends) - reach, np.maximum(self.starts, self.ends) + reach)

    def within(self, points: Points, mm: float) -> list[int]:
        """Return the tubes whose extent comes within `mm` of the extent of the points."""
        reach = (np.maximum(self.start_radii, self.end_radii) + np.float32(mm + 1e-3))[:, None]
        low, high = np.minimum(self.starts, self.ends) - reach, np.maximum(self.starts, self.ends) + reach
        first, last = ([getattr(values, end)() for values in points] for end in ("min", "max"))
        return np.flatnonzero(((low <= last) & (high >= first)).all(1)).tolist()

    def distance(self, index: int, points: Points) -> np.ndarray:
        """Return the signed distance in mm to one tube (negative inside): float32."""
        origin, end = self.starts[index], self.ends[index]
        z, y, x = points.z - origin[0], points.y - origin[1], points.x - origin[2]
        axis = end - origin
        length2 = np.float32(max(float(axis[0]) ** 2 + float(axis[1]) ** 2 + float(axis[2]) ** 2, 1e-6))
        t = z * (axis[0] / length2) + (y * (axis[1] / length2) + x * (axis[2] / length2))
        np.clip(t, 0, 1, out=t)
        z, y, x = z - t * axis[0], y - t * axis[1], x - t * axis[2]
        distance = x * x
        distance += y * y
        distance += z * z
        np.sqrt(distance, out=distance)
        distance -= self.start_radii[index]
        distance -= t * (self.end_radii[index] - self.start_radii[index])
        return distance


class TubePainter:
    """Tubes with the voxels each one touches, so that a box costs only the tubes near it."""

    def __init__(self, tubes: Tubes, grid: VoxelGrid, margin: float = 1.5):
        self.tubes = tubes
        self._bounds = tubes.bounds(grid, margin)

    def _parts(self, box):
        start = np.maximum(self._bounds[:, 0], box.start)
        stop = np.minimum(self._bounds[:, 1], box.stop)
        for index in np.flatnonzero((start < stop).all(1)).tolist():
            yield index, VoxelBox(tuple(start[index].tolist()), tuple(stop[index].tolist())).slices_in(box)

    def near(self, box: VoxelBox, points: Points) -> Iterator[tuple[tuple[slice, slice, slice], np.ndarray]]:
        """Yield (slices into the box, signed distance in mm there) for every tube that reaches into the box."""
        for index, part in self._parts(box):
            yield part, self.tubes.distance(index, points.part(part))

    def coverage(self, box: VoxelBox, points: Points, width: float) -> np.ndarray:
        """Return how much of each voxel the tubes fill: float32, 0..1.

        The ramp is `width` mm wide; a tube thinner than that never fills a voxel, as in a real scan.
        """
        filled = np.zeros(box.shape, np.float32)
        peaks = np.minimum((self.tubes.start_radii + self.tubes.end_radii) * np.float32(1.3 / width), 1)
        for index, part in self._parts(box):
            ramp = coverage(self.tubes.distance(index, points.part(part)), width)
            ramp *= peaks[index]
            np.maximum(filled[part], ramp, out=filled[part])
        return filled
