"""Body outline, chest wall, rib cage, lungs' limits and diaphragm, in anatomical mm.

z = 0 is the bottom of the posterior recess and z = 240 the lungs' apex; x = 0 the midline, y = 0 its middle.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .texture import smooth_profile
from .voxels import Points, coverage, ellipsoid_distance, oval_distance, smooth_union

APEX = 240.0
# Half-widths in mm by height: what the pleura lines (cage) and the skin (body), towards side, front and back
_CAGE_Z = (-60, 0, 40, 90, 140, 180, 205, 225, 240, 265)
_CAGE_SIDE = (130, 135, 138, 136, 127, 113, 98, 81, 68, 56)
_CAGE_FRONT = (86, 91, 95, 95, 88, 75, 62, 50, 43, 38)
_CAGE_BACK = (82, 88, 92, 92, 89, 83, 75, 66, 59, 52)
_BODY_Z = (-60, 0, 90, 140, 180, 215, 240, 265)
_BODY_SIDE = (158, 162, 164, 165, 168, 172, 168, 155)
_BODY_FRONT = (111, 116, 118, 112, 102, 90, 82, 76)
_BODY_BACK = (112, 114, 115, 114, 112, 108, 104, 98)

FAT, MUSCLE, SKIN = -100.0, 48.0, 15.0


@dataclass(frozen=True)
class Thorax:
    """The trunk of one patient.

    Parameters
    ----------
    fat : float
        Thickness of the subcutaneous fat in mm.
    breasts : float
        Size of the breasts in mm, 0 for none.
    dome : float
        How much higher (mm) the diaphragm stands than usual.
    """

    fat: float
    breasts: float
    dome: float

    def cage(self, points: Points) -> tuple[np.ndarray, np.ndarray]:
        """Return (distance from the pleural surface, positive outside, mm; cosine of the angle from the back)."""
        side, front, back = (smooth_profile(points.z, _CAGE_Z, values) for values in (_CAGE_SIDE, _CAGE_FRONT, _CAGE_BACK))
        return oval_distance(points.y, points.x, front, back, side, 0.45)

    def skin(self, points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (distance outside the skin, mm; the same without the breasts; cosine of the angle from the back)."""
        side, front, back = (smooth_profile(points.z, _BODY_Z, values) for values in (_BODY_SIDE, _BODY_FRONT, _BODY_BACK))
        grown = np.float32(self.fat - 12.0)
        distance, cosine = oval_distance(points.y, points.x, front + grown, back + grown, side + grown, 0.5)
        chest = distance
        if self.breasts:
            lobe = Points(points.z, points.y, np.abs(points.x))
            size = self.breasts
            breast = ellipsoid_distance(lobe, (95.0, -88.0, 72.0), (size + 22, size + 12, size + 18))
            distance = smooth_union(distance, breast, 14.0)
        return distance, chest, cosine

    def diaphragm(self, points: Points) -> np.ndarray:
        """Return the distance above the diaphragm in mm: two domes, the right one higher."""
        right = points.x < 0
        u = (points.x - np.where(right, np.float32(-66), np.float32(62))) * np.float32(1 / 76)
        v = (points.y + np.float32(6)) * np.where(points.y < -6, np.float32(1 / 98), np.float32(1 / 72))
        peak = np.where(right, np.float32(76 + self.dome), np.float32(64 + self.dome))
        height = peak - np.float32(60) * (u * u + v * v)
        return (points.z - height) * np.float32(0.8)

    def apex(self, points: Points) -> np.ndarray:
        """Return the distance outside the two domes that close the lungs at the top, mm."""
        dome = ellipsoid_distance(Points(points.z, points.y, np.abs(points.x)), (150.0, 8.0, 46.0), (APEX - 150.0, 100.0, 82.0))
        return np.where(points.z < 150, np.float32(-50), dome)

    @staticmethod
    def fissure(points: Points) -> np.ndarray:
        """Return the distance in mm from the oblique fissures, which run from high at the back to low in front."""
        x = np.abs(points.x) - np.float32(70)
        surface = points.y - (points.z - np.float32(122)) * np.float32(0.85) + x * x * np.float32(0.004)
        return np.abs(surface - np.where(points.x < 0, np.float32(-4), np.float32(3))) * np.float32(0.76)

    def wall_tissue(self, points: Points, skin: tuple, cage: np.ndarray, marbling: np.ndarray) -> np.ndarray:
        """Return HU of skin, fat and muscle of the chest wall and of the fat inside the cage: float32.

        Parameters
        ----------
        skin : tuple of np.ndarray
            Result of `skin`.
        cage : np.ndarray
            Distance from the pleural surface, result of `cage`.
        marbling : np.ndarray
            Smooth noise: where it changes its sign, fat parts the muscles.
        """
        distance, chest, cosine = skin
        # less fat at the back than in front
        thickness = np.float32(self.fat) * (np.float32(0.85) - np.float32(0.3) * cosine)
        muscle = coverage(chest + thickness, 2.5) * coverage(np.float32(1.5) - cage, 2.0)
        # sheets where the noise changes its sign, away from the ribs
        planes = np.clip(np.float32(1.1) - np.abs(marbling) * np.float32(9), 0, np.float32(0.7))
        muscle *= np.float32(1) - planes * coverage(np.float32(14) - cage, 6.0)
        hu = np.float32(FAT) + np.float32(MUSCLE - FAT) * muscle
        if self.breasts:
            gland = np.clip(marbling * np.float32(2), 0, 1) * coverage(distance - chest + np.float32(7), 6.0)
            hu += gland * coverage(distance + np.float32(9), 6.0) * np.float32(130) * (np.float32(1) - muscle)
        hu += coverage(np.float32(-2.0) - distance, 1.4) * (np.float32(SKIN) - hu)
        return hu


def tabletop(y: np.ndarray, x: np.ndarray, height: float) -> np.ndarray:
    """Return how much of a voxel is the couch's shell: float32, 0..1. Two curved sheets; `height` is y of the upper one."""
    curve = y + x * x * np.float32(1 / 1500)
    upper = np.abs(curve - np.float32(height)) - np.float32(0.8)
    lower = np.abs(curve * np.float32(0.9) - np.float32(height * 0.9 + 22)) - np.float32(0.8)
    shell = np.minimum(upper, lower)
    return coverage(np.maximum(shell, np.abs(x) - np.float32(205)), 1.4)
