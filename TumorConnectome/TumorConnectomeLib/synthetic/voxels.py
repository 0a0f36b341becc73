"""The CT's voxel grid and boxes of it, on which every structure of the phantom is drawn.

Every drawing function computes a voxel from its own coordinates alone, with operations that are rounded the same in
vectors of any length (no sine, power or matrix product per voxel). So a crop equals the same part of the whole CT, bit for bit.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Points(NamedTuple):
    """Coordinates that broadcast together: float32, anatomical mm: z up, y to the back, x to the patient's left."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray

    def part(self, slices: tuple[slice, slice, slice]) -> Points:
        """Return the points of a part of the box they were made for."""
        return Points(self.z[slices[0]], self.y[:, slices[1], slices[2]], self.x[:, slices[1], slices[2]])


@dataclass(frozen=True)
class VoxelBox:
    """Voxels ``start`` (inclusive) to ``stop`` (exclusive) in (slice, row, column) order."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels per axis."""
        return tuple(b - a for a, b in zip(self.start, self.stop))

    def intersection(self, other: VoxelBox) -> VoxelBox | None:
        """Return the common part, None if there is none."""
        start = tuple(max(a, b) for a, b in zip(self.start, other.start))
        stop = tuple(min(a, b) for a, b in zip(self.stop, other.stop))
        return VoxelBox(start, stop) if all(a < b for a, b in zip(start, stop)) else None

    def grown(self, voxels: tuple[int, int, int]) -> VoxelBox:
        """Return the box with `voxels` more on both ends of each axis."""
        return VoxelBox(tuple(a - n for a, n in zip(self.start, voxels)), tuple(b + n for b, n in zip(self.stop, voxels)))

    def slices_in(self, outer: VoxelBox) -> tuple[slice, slice, slice]:
        """Return the slices that cut this box out of an array that covers `outer`."""
        return tuple(slice(a - o, b - o) for a, b, o in zip(self.start, self.stop, outer.start))


class VoxelGrid:
    """An axial CT grid and the pose and size of the patient in it.

    Parameters
    ----------
    shape : tuple of int
        Slices (from the feet up), rows, columns.
    spacing : tuple of float
        mm between slices, rows, columns.
    origin : tuple of float
        LPS position (z, y, x) of the center of voxel (0, 0, 0), mm.
    body : tuple of float
        LPS position (z, y, x) of the anatomical origin, mm.
    rotation : tuple of float
        Cosine and sine of the patient's rotation about z.
    scale : tuple of float
        True mm per anatomical mm along z, y, x: the patient's build.
    """

    def __init__(self, shape, spacing, origin, body, rotation, scale):
        self.shape, self.spacing, self.origin, self.body, self.scale = shape, spacing, origin, body, scale
        self._cosine, self._sine = rotation
        z, y, x = (o + step * np.arange(n) - b for n, step, o, b in zip(shape, spacing, origin, body))
        self._z = (z / scale[0]).astype(np.float32)[:, None, None]
        y, x = y[:, None], x[None, :]
        self._x = ((self._cosine * x + self._sine * y) / scale[2]).astype(np.float32)[None]
        self._y = ((self._cosine * y - self._sine * x) / scale[1]).astype(np.float32)[None]

    @property
    def whole(self) -> VoxelBox:
        """The box of all voxels."""
        return VoxelBox((0, 0, 0), tuple(self.shape))

    def points(self, box: VoxelBox) -> Points:
        """Return the coordinates of a box's voxel centers."""
        return Points(self._z, self._y, self._x).part(box.slices_in(self.whole))

    def table_points(self, box: VoxelBox) -> tuple[np.ndarray, np.ndarray]:
        """Return (y, x) of a box in true mm, not rotated with the patient: float32, shapes (1, rows, 1) and (1, 1, columns)."""
        y, x = ((self.origin[i] - self.body[i] + self.spacing[i] * np.arange(box.start[i], box.stop[i])) for i in (1, 2))
        return y.astype(np.float32)[None, :, None], x.astype(np.float32)[None, None, :]

    def to_index(self, points: np.ndarray) -> np.ndarray:
        """Return fractional voxel indices of anatomical points: float64, shape (..., 3), order (z, y, x)."""
        z, y, x = np.moveaxis(np.asarray(points, float) * self.scale, -1, 0)
        lps = np.stack([z, self._sine * x + self._cosine * y, self._cosine * x - self._sine * y], axis=-1) + self.body
        return (lps - self.origin) / self.spacing

    def bounds(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the voxels that cover anatomical boxes: int64, shape (..., 2, 3): start and stop, not clipped."""
        center, half = (np.asarray(high, float) + low) / 2, (np.asarray(high, float) - low) / 2
        hz, hy, hx = np.moveaxis(half * self.scale, -1, 0)
        cosine, sine = abs(self._cosine), abs(self._sine)
        half = np.stack([hz, sine * hx + cosine * hy, cosine * hx + sine * hy], axis=-1)
        index, half = self.to_index(center), half / self.spacing
        return np.stack([np.floor(index - half), np.ceil(index + half) + 1], axis=-2).astype(np.int64)

    def box_around(self, low, high) -> VoxelBox | None:
        """Return the box that covers one anatomical box, clipped to the grid; None if it is outside."""
        start, stop = self.bounds(low, high).tolist()
        return VoxelBox(tuple(start), tuple(stop)).intersection(self.whole)


def coverage(distance: np.ndarray, width: float) -> np.ndarray:
    """Return how much of a voxel lies inside a surface: float32, 0..1, from its signed distance in mm (negative inside).

    The linear ramp of `width` mm stands for partial volume and the scanner's point spread.
    """
    ramp = distance * np.float32(-1.0 / width)
    ramp += np.float32(0.5)
    return np.clip(ramp, 0.0, 1.0, out=ramp)


def blend(values: np.ndarray, other: np.ndarray | float, part: np.ndarray) -> None:
    """Replace the fraction `part` of `values` by `other`, in place."""
    values += (other - values) * part


def smooth_union(first: np.ndarray, second: np.ndarray, radius: float) -> np.ndarray:
    """Return the signed distance of two bodies' union with its groove filled at about `radius` mm (polynomial minimum)."""
    step = np.maximum(np.float32(radius) - np.abs(first - second), 0)
    return np.minimum(first, second) - step * step * np.float32(0.25 / radius)


def oval_distance(y, x, front, back, side, squareness) -> tuple[np.ndarray, np.ndarray]:
    """Return (signed radial distance in mm, cosine of the angle from the back) for an oval around the origin.

    The oval reaches `front` towards -y, `back` towards +y and `side` towards both sides; `squareness` 0 is an ellipse, 1 the
    curve u^4 + v^4 = 1.
    """
    v = y / np.where(y < 0, front, back)
    u = x / side
    u2, v2 = u * u, v * v
    round_radius = np.sqrt(u2 + v2)
    radius = round_radius * np.float32(1 - squareness) + np.sqrt(np.sqrt(u2 * u2 + v2 * v2)) * np.float32(squareness)
    radius = np.maximum(radius, np.float32(1e-3))
    distance = np.sqrt(x * x + y * y) * (np.float32(1) - np.float32(1) / radius)
    return distance, v / np.maximum(round_radius, np.float32(1e-3))


def ellipsoid_distance(points: Points, center, axes) -> np.ndarray:
    """Return the approximate signed distance in mm to an ellipsoid whose semi-axes lie along z, y, x."""
    parts = [(value - np.float32(middle)) * np.float32(1 / axis) for value, middle, axis in zip(points, center, axes)]
    radius = np.sqrt(parts[0] * parts[0] + parts[1] * parts[1] + parts[2] * parts[2])
    return (radius - np.float32(1)) * np.float32(min(axes))
