"""Planes through a tumor in nine directions, and volumes sampled on them. Pure numpy."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .image_views import CTWindow


@dataclass(frozen=True)
class Direction:
    """How a plane lies in the patient and on the screen.

    Parameters
    ----------
    name : str
        What the interface calls it.
    right, up : tuple of float
        Unit vectors in RAS that point to the right and to the top of the picture.
    """

    name: str
    right: tuple[float, float, float]
    up: tuple[float, float, float]

    @property
    def edges(self) -> tuple[str, str, str, str]:
        """Patient directions at the left, right, upper and lower edge: "R", "L", "A", "P", "S", "I" or two of them."""
        right, up = np.array(self.right), np.array(self.up)
        return letters(-right), letters(right), letters(up), letters(-up)

    def points(self, center: np.ndarray, field_mm: float, pixels: int) -> np.ndarray:
        """RAS coordinates [mm] of a square picture's pixels, row 0 on top: float64, shape (pixels, pixels, 3)."""
        steps = (np.arange(pixels) - (pixels - 1) / 2) * field_mm / pixels
        across, down = steps[None, :, None] * np.array(self.right), steps[:, None, None] * np.array(self.up)
        return np.asarray(center, float) + across - down


_HALF = float(np.sqrt(0.5))
#: the three orthogonal planes and the six that cut two opposite faces of a cube along their diagonals (Setio et al., IEEE
#: Transactions on Medical Imaging 35(5), 2016, doi 10.1109/TMI.2016.2536809)
NINE_DIRECTIONS = (
    Direction("Axial", (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    Direction("Coronal", (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    Direction("Sagittal", (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    Direction("Diagonal RA to LP", (-_HALF, -_HALF, 0.0), (0.0, 0.0, 1.0)),
    Direction("Diagonal RP to LA", (-_HALF, _HALF, 0.0), (0.0, 0.0, 1.0)),
    Direction("Diagonal AS to PI", (-1.0, 0.0, 0.0), (0.0, _HALF, _HALF)),
    Direction("Diagonal PS to AI", (-1.0, 0.0, 0.0), (0.0, -_HALF, _HALF)),
    Direction("Diagonal RS to LI", (-_HALF, 0.0, -_HALF), (0.0, 1.0, 0.0)),
    Direction("Diagonal RI to LS", (-_HALF, 0.0, _HALF), (0.0, 1.0, 0.0)),
)


def letters(direction_ras, smallest: float = 0.3) -> str:
    """The patient directions of a unit vector in RAS, such as "R" or "RA"; parts below `smallest` are left out."""
    return "".join(pair[0 if part > 0 else 1] for pair, part in zip(("RL", "AP", "SI"), direction_ras) if abs(part) > smallest)


def sample(voxels: np.ndarray, ras_to_ijk: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Trilinear samples of a volume.

    Parameters
    ----------
    voxels : np.ndarray
        Shape (K, J, I); copied if it is not contiguous.
    ras_to_ijk : np.ndarray
        Shape (4, 4).
    points : np.ndarray
        Shape (..., 3), RAS [mm].

    Returns
    -------
    np.ndarray
        float64, shape (...); minus infinity outside of the volume.
    """
    ijk = points @ ras_to_ijk[:3, :3].T + ras_to_ijk[:3, 3]
    flat, outside = voxels.ravel(), np.zeros(points.shape[:-1], bool)
    offsets, shares, stride = [np.zeros(points.shape[:-1], np.intp)], [], 1
    for axis, count in enumerate(voxels.shape[::-1]):
        along = ijk[..., axis]
        outside |= (along < -0.5) | (along > count - 0.5)
        along = np.clip(along, 0, count - 1)
        low = np.minimum(along.astype(np.intp), max(count - 2, 0))
        shares.append(along - low)
        offsets = [offset + low * stride for offset in offsets]
        offsets += [offset + stride * (count > 1) for offset in offsets]
        stride *= count
    corners = [flat.take(offset).astype(float) for offset in offsets]
    while shares:                                       # halve them along K, J and I
        share, half = shares.pop(), len(corners) // 2
        corners = [low + (high - low) * share for low, high in zip(corners[:half], corners[half:])]
    return np.where(outside, -np.inf, corners[0])


def inside_box(box_to_ras: np.ndarray, size_mm: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points (..., 3) lie in a box that is centered in its own axes: bool, shape (...)."""
    to_box = np.linalg.inv(box_to_ras)
    local = points @ to_box[:3, :3].T + to_box[:3, 3]
    return (np.abs(local) <= np.asarray(size_mm) / 2).all(axis=-1)


def outline(inside: np.ndarray) -> np.ndarray:
    """The pixels around a region, diagonal ones included: bool, the same shape (H, W)."""
    padded = np.pad(inside, 1)
    rows, columns = inside.shape
    near = np.zeros_like(inside)
    for down, right in np.ndindex(3, 3):
        near |= padded[down:down + rows, right:right + columns]
    return near & ~inside


def gray(hu: np.ndarray, window: CTWindow) -> np.ndarray:
    """Hounsfield units (H, W) in a window, as RGB: uint8, shape (H, W, 3)."""
    share = (hu - (window.level_hu - window.width_hu / 2)) / window.width_hu
    return np.repeat((np.clip(share, 0, 1) * 255).round().astype(np.uint8)[..., None], 3, axis=2)
