"""The nodule: shape, spicules and attenuation."""
from __future__ import annotations

import numpy as np

from .patients import Tumor
from .texture import SmoothNoise
from .tubes import TubePainter, Tubes
from .voxels import Points, VoxelBox, VoxelGrid, blend, coverage

_GROUND_GLASS = (-620.0, -490.0)
_SOLID = (15.0, 55.0)
#: how many bumps, how high in radii, and the cosine of their edge
_BUMPS = {"smooth": (3, 0.06, 0.0), "lobulated": (12, 0.42, 0.68), "spiculated": (24, 0.3, 0.8)}


class Nodule:
    """One nodule in a lung.

    ``solid`` says that it hides what it grew over. The surface is an ellipsoid with rounded bumps, for the unit vector u:
    ``radius(u) = R (1 + sum_k a_k max((u . d_k - c) / (1 - c), 0)^2)``.

    Parameters
    ----------
    tumor : Tumor
        What it looks like.
    center : tuple of float
        (z, y, x), anatomical mm.
    grid : VoxelGrid
        The CT grid; it knows how many true mm an anatomical mm is.
    rng : np.random.Generator
        Draws the shape.
    """

    def __init__(self, tumor: Tumor, center: tuple[float, float, float], grid: VoxelGrid, rng: np.random.Generator):
        self._tumor, self.center = tumor, center
        self._scale = [np.float32(factor) for factor in grid.scale]
        self._axes = rng.uniform(0.85, 1.12, 3).astype(np.float32)
        self._bumps = self._draw_bumps(rng)
        self._radius = np.float32(1)
        self._radius = np.float32(tumor.diameter / self._mean_extent())
        self.solid = tumor.attenuation == "solid"
        self._texture = SmoothNoise(rng, grid, 5.0)
        self._core_center = (rng.uniform(-0.2, 0.2, 3) * tumor.diameter / 2).astype(np.float32)
        self._core_radius = np.float32(tumor.diameter / 2 * rng.uniform(0.4, 0.65))
        self._ground_glass, self._solid = (np.float32(rng.uniform(*span)) for span in (_GROUND_GLASS, _SOLID))
        spicules = self._draw_spicules(rng, grid.scale)
        self._spicules = TubePainter(spicules, grid, 1.5) if len(spicules) else None
        reach = tumor.diameter / 2 * 1.75 + 8.0
        self.box = grid.box_around(*(np.array(center) + sign * reach / np.array(grid.scale) for sign in (-1, 1)))

    def _draw_bumps(self, rng):
        """Return rows of (direction, cosine of its edge, height in radii)."""
        count, height, edge = _BUMPS[self._tumor.margin]
        directions = rng.standard_normal((count, 3))
        directions /= np.sqrt((directions**2).sum(1, keepdims=True))
        heights = height * rng.uniform(0.6, 1.2, (count, 1))
        return np.hstack([directions, np.full((count, 1), edge), heights]).astype(np.float32)

    def _draw_spicules(self, rng, scale):
        """Return thin cones that start inside the surface and fade out in the lung."""
        radius = self._tumor.diameter / 2
        count = {"spiculated": 12 + int(radius * 3)}.get(self._tumor.margin, 0)
        directions = rng.standard_normal((count, 3))
        directions /= np.sqrt((directions**2).sum(1, keepdims=True))
        lengths = radius + (1.5 + 0.45 * radius) * rng.uniform(0.3, 1.2, (count, 1))
        start, end = (self.center + (directions * part / scale) for part in (0.75 * radius, lengths))
        return Tubes(start.astype(np.float32), end.astype(np.float32), np.full(count, 0.8 + 0.06 * radius, np.float32),
                     np.full(count, 0.25, np.float32))

    def _mean_extent(self):
        """Return the mean size along the axes for a radius of 1, from points on the surface."""
        directions = np.random.Generator(np.random.PCG64(0)).standard_normal((400, 3))
        directions /= np.sqrt((directions**2).sum(1, keepdims=True))
        unit = directions / np.sqrt(((directions / self._axes) ** 2).sum(1, keepdims=True))
        on_ellipsoid = Points(*((unit / self._scale) + self.center).astype(np.float32).T)
        surface = unit * (1 - self.distance(on_ellipsoid))[:, None]
        return float(np.ptp(surface, axis=0).mean())

    def _offsets(self, points):
        return [(value - np.float32(middle)) * scale for value, middle, scale in zip(points, self.center, self._scale)]

    def distance(self, points: Points) -> np.ndarray:
        """Return the signed distance in true mm to the surface without spicules (negative inside): float32."""
        z, y, x = (value / axis for value, axis in zip(self._offsets(points), self._axes))
        r = np.sqrt(z * z + (y * y + x * x))
        inverse = np.float32(1) / np.maximum(r, np.float32(1e-3))
        surface = np.ones_like(r)
        for dz, dy, dx, edge, height in self._bumps:
            rise = np.maximum((z * dz + (y * dy + x * dx)) * inverse - edge, 0) * (1 / (1 - edge))
            surface += rise * rise * height
        return r - surface * self._radius

    def coverage(self, box: VoxelBox, points: Points) -> np.ndarray:
        """Return how much of each voxel of `box` the nodule and its spicules fill: float32, 0..1."""
        width = 2.2 if self._tumor.attenuation == "ground-glass" else 1.5
        filled = coverage(self.distance(points), width)
        if self._spicules:
            np.maximum(filled, self._spicules.coverage(box, points, 1.5), out=filled)
        return filled

    def draw(self, hu: np.ndarray, box: VoxelBox, points: Points) -> None:
        """Draw the nodule into `hu`, which covers `box`; the lung's vessels and surface are drawn over it."""
        part = self.box.intersection(box)
        if part is None:
            return
        inside = part.slices_in(box)
        hu, points = hu[inside], points.part(inside)
        filled = self.coverage(part, points)
        texture = self._texture.sample(part)
        solid = self._solid + texture * np.float32(12)
        if self.solid:
            blend(hu, solid, filled)
            return
        blend(hu, self._ground_glass + texture * np.float32(70), filled)
        if self._tumor.attenuation == "part-solid":
            z, y, x = (value - middle for value, middle in zip(self._offsets(points), self._core_center))
            core = np.sqrt(z * z + (y * y + x * x)) - self._core_radius - texture * np.float32(1.5)
            blend(hu, solid, coverage(core, 2.0) * filled)
