"""Heart, great vessels, trachea, main bronchi and esophagus, and the upper abdominal organs."""
from __future__ import annotations

import numpy as np

from .skeleton import Spine
from .tubes import TubePainter, Tubes
from .voxels import Points, VoxelBox, VoxelGrid, blend, coverage, ellipsoid_distance, smooth_union

BLOOD, WALL, AIR, LIVER, SPLEEN, STOMACH = 40.0, 20.0, -995.0, 58.0, 47.0, 25.0
#: where the main bronchi and pulmonary vessels enter the lungs: (z, y, x) by side
HILUM = {"right": (140.0, 17.0, -46.0), "left": (143.0, 20.0, 50.0)}
_FAR = 20.0

# paths of (z, y, x) in mm and the radius at each point
_VESSELS = (
    ([(112, -12, 4), (140, -22, -10), (170, -22, -14), (188, -10, -6), (194, 8, 8), (190, 28, 20), (176, 44, 30)],
     [17, 16.5, 16, 15, 14.5, 14, 13]),                                                 # ascending aorta and arch
    ([(176, 44, 30), (150, 50, 30), (115, 52, 28), (70, 50, 23), (20, 40, 14), (-60, 26, 6)], [13, 12.5, 12, 12, 11.5, 11]),
    ([(116, -42, 22), (140, -30, 22), (152, -12, 24), (150, 12, 40), (143, 20, 52)], [14, 14.5, 13, 11, 8.5]),
    ([(150, -14, 20), (146, 0, -4), (141, 10, -28), (138, 16, -48)], [11, 11, 10.5, 8]),       # right pulmonary artery
    ([(208, -16, -26), (170, -14, -29), (135, -8, -28), (112, -4, -26)], [8, 9, 9.5, 11]),     # superior vena cava
    ([(70, 4, -22), (30, 12, -24), (-60, 14, -24)], [12, 12, 11]),                             # inferior vena cava
    ([(190, -10, -8), (215, -12, -18), (262, -4, -24)], [6.5, 6, 5]),                          # brachiocephalic artery
    ([(194, 2, 6), (262, 2, 20)], [4.5, 4]),                                                   # left carotid
    ([(192, 16, 15), (225, 12, 26), (262, 12, 38)], [5.5, 5.5, 5]),                            # left subclavian
    ([(206, -18, -26), (213, -30, 0), (222, -28, 26), (262, -16, 38)], [6.5, 6, 6, 5.5]),      # left brachiocephalic vein
    ([(208, -18, -26), (262, -14, -36)], [7, 6]),
    ([(112, 12, 20), (120, 16, 52)], [8, 6.5]), ([(108, 12, -18), (118, 16, -50)], [8, 6.5]),  # pulmonary veins
)
_ESOPHAGUS = ([(265, 33, 4), (215, 36, 5), (160, 42, 9), (100, 38, 10), (60, 26, 16), (45, 10, 30)], [6, 6, 6.5, 7, 7.5, 8])
_TRACHEA = ([(290, 10, 0), (240, 13, 0), (200, 18, 1), (168, 24, 2)], [8.5, 8.5, 8.3, 8.5])
_BRONCHI = {"right": ([(168, 24, -1), (150, 24, -26), HILUM["right"]], [7, 6, 5]),
            "left": ([(168, 24, 5), (152, 28, 30), HILUM["left"]], [6.5, 5.5, 4.6])}


class Mediastinum:
    """What lies between the lungs.

    Parameters
    ----------
    grid : VoxelGrid
        The CT grid.
    heart : float
        Size of the heart, 1 is usual.
    """

    def __init__(self, grid: VoxelGrid, heart: float):
        self._heart = np.float32(heart)
        vessels = Tubes.joined(Tubes.along(*path) for path in (*_VESSELS, _ESOPHAGUS))
        airways = Tubes.joined(Tubes.along(*path) for path in (_TRACHEA, *_BRONCHI.values()))
        self._vessels = TubePainter(vessels, grid, _FAR)
        self._airways = TubePainter(airways, grid, _FAR)

    def _heart_distance(self, points):
        # its long axis points down, forward and to the left
        y, x = points.y + np.float32(26), points.x - np.float32(20)
        z = points.z - np.float32(86) + x * np.float32(0.25)
        turned = Points(z, y * np.float32(0.85) + x * np.float32(0.5), x * np.float32(0.85) - y * np.float32(0.5))
        heart = self._heart
        return ellipsoid_distance(turned, (0.0, 0.0, 0.0), (float(52 * heart), float(50 * heart), float(62 * heart)))

    @staticmethod
    def _septum_distance(points):
        """Distance to the fat between the lungs, thin behind the sternum and wider in front of the spine."""
        width = np.float32(7) + np.maximum(points.y + np.float32(10), 0) * np.float32(0.28)
        width = width + np.maximum(points.z - np.float32(170), 0) * np.float32(0.22)
        return np.abs(points.x) - np.minimum(width, np.float32(24))

    def draw(self, hu: np.ndarray, box: VoxelBox, points: Points) -> np.ndarray:
        """Draw heart and vessels into `hu` and return the signed distance in mm to the space they and the spine need."""
        heart = self._heart_distance(points)
        blend(hu, np.float32(BLOOD + 3), coverage(heart, 1.5))
        envelope = self._envelope(points, heart)
        for painter, margin in ((self._vessels, 3.0), (self._airways, 3.0)):
            for inside, distance in painter.near(box, points):
                if painter is self._vessels:
                    blend(hu[inside], np.float32(BLOOD), coverage(distance, 1.5))
                envelope[inside] = smooth_union(envelope[inside], distance - np.float32(margin), 10.0)
        return envelope

    def draw_airways(self, hu: np.ndarray, box: VoxelBox, points: Points) -> None:
        """Draw trachea and main bronchi into `hu`: walls first, so that the lumen stays open at the carina."""
        near = list(self._airways.near(box, points))
        for inside, distance in near:
            blend(hu[inside], np.float32(WALL), coverage(distance - np.float32(1.4), 1.3))
        for inside, distance in near:
            blend(hu[inside], np.float32(AIR), coverage(distance, 1.3))

    def envelope_at(self, points: Points) -> np.ndarray:
        """Return the signed distance of `draw` at scattered points (arrays of one shape)."""
        envelope = self._envelope(points, self._heart_distance(points))
        for painter in (self._vessels, self._airways):
            # what is further away than the envelope reaches and the union is smoothed changes nothing
            for index in painter.tubes.within(points, _FAR + 3.0 + 10.0):
                envelope = smooth_union(envelope, painter.tubes.distance(index, points) - np.float32(3.0), 10.0)
        return envelope

    def _envelope(self, points, heart):
        pad = ellipsoid_distance(points, (58.0, -36.0, 24.0), (34.0, 44.0, 50.0))     # fat on which the heart rests
        envelope = smooth_union(np.minimum(heart - np.float32(3.0), pad), self._septum_distance(points), 14.0)
        envelope = smooth_union(envelope, Spine.body_distance(points) - np.float32(3.5), 8.0)
        return np.minimum(envelope, np.float32(_FAR), out=envelope)


def draw_abdomen(hu: np.ndarray, points: Points, below: np.ndarray, gas_level: float) -> None:
    """Draw liver, spleen and stomach into `hu`.

    Parameters
    ----------
    below : np.ndarray
        Signed distance in mm to the space under the diaphragm and inside the rib cage (negative inside).
    gas_level : float
        y (mm) of the surface of the stomach's contents; gas lies in front of it.
    """
    blend(hu, np.float32(45), coverage(below, 1.5))                            # diaphragm, then what it covers
    blend(hu, np.float32(-98), coverage(below + np.float32(2.2), 1.5))
    liver = ellipsoid_distance(points, (-12.0, -4.0, -48.0), (92.0, 92.0, 94.0))
    spleen = ellipsoid_distance(points, (6.0, 48.0, 84.0), (44.0, 40.0, 32.0))
    stomach = ellipsoid_distance(points, (16.0, -22.0, 58.0), (38.0, 42.0, 46.0))
    inner = below + np.float32(2.6)
    blend(hu, np.float32(STOMACH + 15), coverage(np.maximum(stomach, inner), 1.5))
    contents = np.maximum(stomach + np.float32(4.0), inner)
    blend(hu, np.float32(STOMACH), coverage(contents, 1.5))
    blend(hu, np.float32(AIR + 20), coverage(np.maximum(contents, points.y - np.float32(gas_level)), 1.5))
    blend(hu, np.float32(SPLEEN), coverage(np.maximum(spleen, inner), 1.5))
    blend(hu, np.float32(LIVER), coverage(np.maximum(liver, inner), 1.5))
