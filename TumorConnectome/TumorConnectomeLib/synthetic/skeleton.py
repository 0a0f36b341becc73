"""Ribs, costal cartilage, sternum, spine, scapulae and clavicles, each with a cortical shell."""
from __future__ import annotations

import numpy as np

from .tubes import TubePainter, Tubes
from .voxels import Points, VoxelBox, VoxelGrid, blend, coverage

CORTEX, MARROW, CARTILAGE, CORD = 620.0, 190.0, 95.0, 32.0
_RIB_PITCH, _FIRST_RIB, _RIBS = 24.5, 250.0, 12
#: where the bone of each rib ends, 0 at the spine to 1 at the midline in front
_BONE_END = np.array([.80, .82, .84, .85, .86, .86, .84, .80, .74, .68, .50, .38], np.float32)
_CARTILAGE_END = np.array([.97, .97, .97, .97, .97, .97, .965, .93, .88, .80, .52, .40], np.float32)
_VERTEBRA_PITCH = 24.0


def spine_y(z):
    """Return y (mm) of the vertebral bodies' center: the curve of the thoracic spine."""
    t = (z - np.float32(115)) * np.float32(1 / 125)
    return np.float32(65) - np.float32(20) * t * t


def _bone(hu, distance, shell, marrow=MARROW, cortex=CORTEX):
    """Draw a bone: a cortical shell of `shell` mm around marrow."""
    blend(hu, np.float32(cortex), coverage(distance, 1.3))
    blend(hu, np.float32(marrow), coverage(distance + np.float32(shell), 1.3))


def draw_ribs(hu: np.ndarray, points: Points, cage: np.ndarray, cosine: np.ndarray) -> None:
    """Draw twelve pairs of ribs that slope down and forward, and their cartilage, into `hu`.

    All ribs are one sheet outside the pleura, cut into bands by a height that falls along the way from the spine.
    """
    along = (np.float32(1) - cosine) * np.float32(0.5)
    drop = np.float32(112) - np.float32(0.3) * np.maximum(points.z - np.float32(110), 0)
    # down to the costochondral junction, then the cartilage climbs to the sternum
    fall = drop * (along * np.float32(1.12) - np.maximum(along - np.float32(0.8), 0) * np.float32(2.4))
    order = (np.float32(_FIRST_RIB) - points.z - fall) * np.float32(1 / _RIB_PITCH)
    nearest = np.rint(order)
    index = np.clip(nearest, 0, _RIBS - 1).astype(np.intp)
    height = (order - nearest) * np.float32(_RIB_PITCH * 0.93 / 6.3)
    depth = (cage - np.float32(6.2)) * np.float32(1 / 3.9)
    distance = (np.sqrt(height * height + depth * depth) - np.float32(1)) * np.float32(4.6)
    distance += np.where(nearest == index, np.float32(0), np.float32(50))
    distance = np.maximum(distance, np.float32(24) - np.abs(points.x))
    length = np.float32(250)
    bone = np.maximum(distance, (along - _BONE_END.take(index)) * length)
    cartilage = np.maximum(distance, (along - _CARTILAGE_END.take(index)) * length)
    blend(hu, np.float32(CARTILAGE), coverage(cartilage, 1.5))
    _bone(hu, bone, 1.7)


def draw_sternum(hu: np.ndarray, points: Points, cage: np.ndarray) -> None:
    """Draw manubrium and body of the sternum into `hu`."""
    width = np.float32(15) + np.maximum(points.z - np.float32(160), 0) * np.float32(0.35)
    u = points.x / width
    v = (cage - np.float32(7.5)) * np.float32(1 / 5.5)
    u, v = u * u, v * v
    distance = (np.sqrt(np.sqrt(u * u + v * v)) - np.float32(1)) * np.float32(5.5)
    distance = np.maximum(distance, np.maximum(points.z - np.float32(204), np.float32(62) - points.z))
    distance = np.where(points.y < 0, distance, np.float32(50))
    _bone(hu, distance, 1.6, marrow=120.0, cortex=480.0)


class Spine:
    """Vertebrae from below the diaphragm to the neck: bodies, discs, canal and processes."""

    def __init__(self, grid: VoxelGrid):
        self._box = grid.box_around((-100, 20, -48), (300, 140, 48))

    @staticmethod
    def body_distance(points: Points) -> np.ndarray:
        """Return the signed distance in mm to the column of vertebral bodies."""
        y = (points.y - spine_y(points.z)) * np.float32(1.12)
        return np.sqrt(points.x * points.x + y * y) - np.float32(17)

    def draw(self, hu: np.ndarray, box: VoxelBox, points: Points) -> None:
        """Draw the spine into `hu`, which covers `box`."""
        part = self._box.intersection(box)
        if part is None:
            return
        inside = part.slices_in(box)
        points, hu = points.part(inside), hu[inside]
        phase = (points.z - np.float32(7)) * np.float32(1 / _VERTEBRA_PITCH)
        phase = (phase - np.rint(phase)) * np.float32(_VERTEBRA_PITCH)          # mm from the middle of the vertebra
        y = points.y - spine_y(points.z)
        self._draw_processes(hu, points, y, phase)
        waist = np.float32(1.5) - phase * phase * np.float32(0.014)
        side = self.body_distance(points) + np.maximum(waist, 0)
        disc = np.abs(phase) - np.float32(9.2)
        blend(hu, np.float32(88), coverage(side, 1.5))
        _bone(hu, np.maximum(side, disc), 1.4, marrow=165.0, cortex=400.0)

    @staticmethod
    def _draw_processes(hu, points, y, phase):
        canal = np.sqrt(points.x * points.x + (y - np.float32(25)) * (y - np.float32(25)))
        arch = np.maximum(canal - np.float32(13.5), np.abs(phase) - np.float32(9.5))
        slope = phase + (y - np.float32(30)) * np.float32(0.55)                 # spinous processes point down
        spinous = np.maximum(np.abs(points.x) - np.float32(3.4), np.maximum(np.abs(slope) - np.float32(7), np.abs(y - 40) - 10))
        lateral = np.abs(points.x) - np.float32(24)
        rise = np.abs(y - np.float32(22) - np.abs(points.x) * np.float32(0.25)) - np.float32(4.2)
        transverse = np.maximum(np.maximum(np.abs(lateral) - np.float32(13), rise), np.abs(phase - 3) - np.float32(5))
        for part in (transverse, spinous, arch):
            _bone(hu, part, 1.6, marrow=220.0, cortex=520.0)
        blend(hu, np.float32(CORD), coverage(canal - np.float32(8.6), 1.3))


class ShoulderGirdle:
    """Scapulae and clavicles."""

    def __init__(self, grid: VoxelGrid):
        sides = (-1.0, 1.0)
        self._boxes = [(side, grid.box_around((110, 20, min(50 * side, 150 * side)), (255, 112, max(50 * side, 150 * side))))
                       for side in sides]
        path = np.array([(203, -66, 20), (214, -64, 60), (226, -42, 105), (236, -22, 135)], np.float32)
        self._clavicles = TubePainter(Tubes.joined(
            Tubes.along(path * np.array([1, 1, side], np.float32), [7.5, 6.0, 6.0, 7.0]) for side in sides), grid)

    def draw(self, hu: np.ndarray, box: VoxelBox, points: Points) -> None:
        """Draw both into `hu`, which covers `box`."""
        for side, extent in self._boxes:
            if part := extent and extent.intersection(box):
                inside = part.slices_in(box)
                self._draw_scapula(hu[inside], points.part(inside), np.float32(side))
        for inside, distance in self._clavicles.near(box, points):
            _bone(hu[inside], distance, 1.8)

    @staticmethod
    def _draw_scapula(hu, points, side):
        x, y, z = points.x * side - np.float32(104), points.y - np.float32(76), points.z - np.float32(185)
        across = x * np.float32(0.6) + y * np.float32(0.8)
        along = y * np.float32(0.6) - x * np.float32(0.8)
        across += along * along * np.float32(0.004)
        z *= np.float32(1 / 58)
        reach = along * np.float32(1 / 42)
        thick = np.float32(2.2) + np.maximum(-along, 0) * np.float32(0.12)      # thicker towards the glenoid
        radius = np.sqrt(reach * reach + z * z)
        plate = np.maximum(np.abs(across) - thick, (radius - np.float32(1)) * np.float32(42))
        ridge = np.abs(z * 58 - 18 + along * np.float32(0.3)) - 3
        spine = np.maximum(ridge, np.maximum(np.abs(across - 5) - 7, np.abs(along) - 30))
        _bone(hu, np.minimum(plate, spine), 1.5)
