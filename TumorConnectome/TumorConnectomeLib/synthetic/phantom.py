"""The CT of one synthetic patient as a function of the voxel: any box of it can be computed alone."""
from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import skeleton, thorax
from .lung_tree import bronchi_beside, grow_tree
from .mediastinum import HILUM, Mediastinum, draw_abdomen
from .nodule import Nodule
from .patients import SyntheticPatient
from .protocol import draw_protocol
from .seeds import random_generator
from .texture import SmoothNoise
from .tubes import TubePainter, Tubes
from .voxels import Points, VoxelBox, VoxelGrid, blend, coverage

_LUNG, _VESSEL, _BRONCHUS_WALL, _AIR = -868.0, 38.0, -60.0, -1000.0
_TARGETS = 2**10
_ARTERY_TO_BRONCHUS = np.array([-0.3, 0.65, 0.7], np.float32)      # towards (z, y, |x|)


@dataclass(frozen=True)
class Habitus:
    """Build, pose and lungs of one patient.

    Parameters
    ----------
    scale : tuple of float
        True mm per anatomical mm along z, y, x.
    rotation : float
        Degrees about z.
    shift : tuple of float
        mm off the middle of the scan: (y, x).
    fat, breasts, dome, heart : float
        See `Thorax` and `Mediastinum`.
    emphysema : float
        0 for none to 1 for severe.
    """

    scale: tuple[float, float, float]
    rotation: float
    shift: tuple[float, float]
    fat: float
    breasts: float
    dome: float
    heart: float
    emphysema: float


def draw_habitus(patient: SyntheticPatient) -> Habitus:
    """Draw the build of a patient."""
    rng = random_generator(patient.number, "habitus")
    size = 1.0 if patient.sex == "M" else 0.91
    return Habitus(
        scale=tuple(size * rng.uniform(0.95, 1.04) for _ in range(3)), rotation=rng.uniform(-4.0, 4.0),
        shift=(rng.uniform(-7.0, 7.0), rng.uniform(-8.0, 8.0)), fat=rng.uniform(9.0, 21.0),
        breasts=0.0 if patient.sex == "M" else rng.uniform(14.0, 30.0), dome=rng.uniform(-9.0, 9.0),
        heart=rng.uniform(0.92, 1.08), emphysema=max(0.0, rng.uniform(-0.9, 1.0)))


class Phantom:
    """The CT of one patient.

    Parameters
    ----------
    patient : SyntheticPatient
        Whose.
    """

    def __init__(self, patient: SyntheticPatient):
        habitus = draw_habitus(patient)
        self.patient, self.protocol = patient, draw_protocol(patient.number, habitus.scale, habitus.shift)
        angle = np.deg2rad(habitus.rotation)
        protocol = self.protocol
        self.grid = VoxelGrid(protocol.shape, protocol.spacing, protocol.origin, protocol.body,
                              (float(np.cos(angle)), float(np.sin(angle))), habitus.scale)
        self._emphysema = habitus.emphysema
        self._thorax = thorax.Thorax(habitus.fat, habitus.breasts, habitus.dome)
        self._mediastinum = Mediastinum(self.grid, habitus.heart)
        self._spine, self._shoulders = skeleton.Spine(self.grid), skeleton.ShoulderGirdle(self.grid)
        self._fields = {period: SmoothNoise(random_generator(patient.number, f"field {period}"), self.grid, period)
                        for period in (4.0, 8.0, 26.0)}
        # the couch touches the back
        self._table = (115.0 + habitus.fat - 12.0) * habitus.scale[1] + 1.0
        inside = self._points_in_lungs()
        self._draw_trees(inside)
        self._nodule = Nodule(patient.tumor, self._nodule_center(inside), self.grid, random_generator(patient.number, "nodule"))

    # ---- set-up ----------------------------------------------------------------------------------------------------------

    def _cage_distance_at(self, points):
        """The distance to the lung's surface as if there were no mediastinum."""
        cage, _ = self._thorax.cage(points)
        return functools.reduce(np.maximum, (cage, -self._thorax.diaphragm(points), self._thorax.apex(points)))

    def _lung_distance_at(self, points):
        return np.maximum(self._cage_distance_at(points), -self._mediastinum.envelope_at(points))

    def _points_in_lungs(self):
        """Return random points in the lungs: {side: (float32 (n, 3), distance to the lung's surface (n,))}."""
        rng = random_generator(self.patient.number, "lung points")
        found = {}
        for side, sign in (("right", -1.0), ("left", 1.0)):
            points = (rng.random((4800, 3)) * (265.0, 190.0, 140.0) + (-25.0, -96.0, 0.0)).astype(np.float32)
            points[:, 2] *= np.float32(sign)
            points = points[self._cage_distance_at(Points(*points.T)) < -2]     # the mediastinum takes longer
            distance = self._lung_distance_at(Points(*points.T))
            found[side] = points[distance < -2], distance[distance < -2]
        return found

    def _draw_trees(self, inside):
        rng = random_generator(self.patient.number, "trees")
        vessels, bronchi = [], []
        for side, (points, distance) in inside.items():
            targets = points[distance < -3.5]
            root, sign = np.array(HILUM[side]), -1.0 if side == "right" else 1.0
            arteries = grow_tree(root, targets[:_TARGETS], rng)
            veins = grow_tree(root + (-20, -5, 0), targets[-_TARGETS:], rng)
            vessels += [*arteries, *veins]
            bronchi.append(bronchi_beside(arteries, _ARTERY_TO_BRONCHUS * np.array([1, 1, sign], np.float32)))
        self._vessels = TubePainter(Tubes.joined(vessels), self.grid)
        bronchi = Tubes.joined(bronchi)
        self._walls, self._lumina = (TubePainter(tubes, self.grid) for tubes in (bronchi.widened(0.9), bronchi))

    def _nodule_center(self, inside):
        """Choose where the nodule lies: in the periphery, at the pleura or wholly in the lung."""
        tumor = self.patient.tumor
        points, distance = inside[tumor.side]
        radius = tumor.diameter / 2
        wanted = np.float32(-0.75 * radius if tumor.pleural else -min(1.15 * radius + 3.0, 26.0))
        hilum = np.sqrt(((points - np.array(HILUM[tumor.side], np.float32)) ** 2).sum(1))
        # not cut off by the scan's ends, not in the thin recesses, not in the large vessels
        misfit = np.abs(distance - wanted) + np.maximum(45 + radius * 0.5 - hilum, 0) + np.maximum(45 - points[:, 0], 0)
        best = np.argsort(misfit, kind="stable")[:24]
        return tuple(float(v) for v in points[best[random_generator(self.patient.number, "place").integers(len(best))]])

    # ---- drawing ---------------------------------------------------------------------------------------------------------

    def hounsfield(self, box: VoxelBox) -> np.ndarray:
        """Return the CT in a box of voxels.

        Returns
        -------
        np.ndarray
            int16, shape ``box.shape``, HU, -1024 to 3071; slices from the feet up, rows to the back, columns to the left.
        """
        points = self.grid.points(box)
        cage, cosine = self._thorax.cage(points)
        marbling = self._fields[8.0].sample(box)
        skin = self._thorax.skin(points)
        tissue = self._thorax.wall_tissue(points, skin, cage, self._fields[26.0].sample(box))
        diaphragm = self._thorax.diaphragm(points)
        draw_abdomen(tissue, points, np.maximum(diaphragm, cage), -42.0)
        envelope = self._mediastinum.draw(tissue, box, points)
        self._draw_skeleton(tissue, box, points, cage, cosine)
        lung = np.maximum(np.maximum(cage, -envelope), np.maximum(-diaphragm, self._thorax.apex(points)))
        blend(tissue, self._lung_tissue(box, points, marbling), coverage(lung, 1.6))
        self._mediastinum.draw_airways(tissue, box, points)
        tissue += marbling * np.float32(4)
        hu = np.full(box.shape, _AIR, np.float32)
        blend(hu, np.float32(-220), thorax.tabletop(*self.grid.table_points(box), self._table))
        blend(hu, tissue, coverage(skin[0], 1.3))
        self._add_noise(hu, box, skin[0])
        return np.clip(np.rint(hu, out=hu), -1024, 3071, out=hu).astype(np.int16)

    def nodule_mask(self) -> tuple[VoxelBox, np.ndarray]:
        """Return (box, bool array): the voxels more than half filled by the nodule and the lung it lies in."""
        box = self._nodule.box
        points = self.grid.points(box)
        lung = self._lung_distance_at(points)
        return box, (self._nodule.coverage(box, points) > 0.5) & (lung < 0)

    def _draw_skeleton(self, tissue, box, points, cage, cosine):
        skeleton.draw_ribs(tissue, points, cage, cosine)
        skeleton.draw_sternum(tissue, points, cage)
        self._shoulders.draw(tissue, box, points)
        self._spine.draw(tissue, box, points)

    def _lung_tissue(self, box, points, middle):
        """Return HU of the lung with its nodule, vessels and bronchi, as if it filled the box."""
        coarse, fine = self._fields[26.0].sample(box), self._fields[4.0].sample(box)
        # the blood pools at the back of a patient who lies on it
        hu = np.float32(_LUNG) + points.y * np.float32(0.28)
        hu = hu + coarse * np.float32(10) + middle * np.float32(9) + fine * np.float32(16)
        if self._emphysema > 0.15:
            height = (points.z - np.float32(120)) * np.float32(0.004)
            holes = middle + coarse * np.float32(0.7) + height + np.float32(self._emphysema * 1.5 - 1.9)
            blend(hu, np.float32(-975), np.clip(holes * np.float32(2.5), 0, np.float32(0.9)))
        blend(hu, np.float32(-640), coverage(self._thorax.fissure(points) - np.float32(0.5), 1.4))
        if not self._nodule.solid:                      # vessels show through
            self._nodule.draw(hu, box, points)
        blend(hu, np.float32(_VESSEL), self._vessels.coverage(box, points, 1.4))
        walls, lumina = (painter.coverage(box, points, 1.2) for painter in (self._walls, self._lumina))
        blend(hu, np.float32(_BRONCHUS_WALL), walls)
        blend(hu, np.float32(_AIR), lumina)
        if self._nodule.solid:
            self._nodule.draw(hu, box, points)
        return hu

    def _add_noise(self, hu, box, depth):
        """Add the scanner's noise: more in the middle of the body than in air, correlated as the kernel makes it."""
        # photons are scarce deep in the body
        strength = np.float32(0.55) + np.clip(depth * np.float32(-0.008), np.float32(-0.2), np.float32(0.6))
        # one more on each side for the kernel, wrapping around the image's edge: no voxel depends on the box
        rows, columns = (np.arange(a - 1, b + 1) for a, b in zip(box.start[1:], box.stop[1:]))
        # rows are drawn one after the other: those behind the last one needed are left out
        drawn = int((rows % self.grid.shape[1]).max()) + 1
        for k in range(box.start[0], box.stop[0]):
            rng = random_generator(self.patient.number, "noise", k)
            noise = rng.standard_normal((drawn, self.grid.shape[2]), dtype=np.float32)
            noise = self._filtered(noise.take(rows, axis=0, mode="wrap").take(columns, axis=1, mode="wrap"))
            hu[k - box.start[0]] += noise * (strength[k - box.start[0]] * np.float32(self.protocol.noise))

    def _filtered(self, noise):
        center, beside = map(np.float32, self.protocol.kernel.weights)
        noise = noise[1:-1] * center + (noise[:-2] + noise[2:]) * beside
        return noise[:, 1:-1] * center + (noise[:, :-2] + noise[:, 2:]) * beside


def whole_ct(phantom: Phantom, slices_at_once: int = 4) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (index of the first slice, HU int16 (n, rows, columns)) for the whole CT, from the feet up."""
    count, rows, columns = phantom.grid.shape
    for first in range(0, count, slices_at_once):
        box = VoxelBox((first, 0, 0), (min(first + slices_at_once, count), rows, columns))
        yield first, phantom.hounsfield(box)
