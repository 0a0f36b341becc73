"""The part of a CT around a tumor, resampled to cubes: what the image descriptors look at."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .voxels import VoxelBox

VOXEL = 1.25
SIZE = 48


@dataclass(frozen=True, eq=False)
class TumorCrop:
    """A cube of 60 mm around the middle of a tumor's box.

    Parameters
    ----------
    hu : np.ndarray
        float32, shape (48, 48, 48), order (z, y, x), voxels of 1.25 mm; its middle is the box's middle.
    half_size : np.ndarray
        float64, shape (3,): half the box's size (z, y, x) in mm.
    """

    hu: np.ndarray
    half_size: np.ndarray

    def offsets(self) -> list[np.ndarray]:
        """Return the (z, y, x) of each voxel from the middle, mm, as three arrays that broadcast."""
        line = ((np.arange(SIZE) - (SIZE - 1) / 2) * VOXEL).astype(np.float32)
        return [line.reshape([-1 if i == axis else 1 for i in range(3)]) for axis in range(3)]


def crop_area(extent: np.ndarray, spacing: tuple[float, float, float], shape: tuple[int, int, int]) -> VoxelBox:
    """Return the voxels needed for the crop of a box given by `lesion_boxes.extent_in_voxels`, clipped to the CT."""
    half = np.array(SIZE * VOXEL / 2) / spacing + 1
    middle = extent.mean(axis=0)
    start, stop = np.floor(middle - half).astype(int).tolist(), (np.ceil(middle + half).astype(int) + 1).tolist()
    return VoxelBox(tuple(start), tuple(stop)).intersection(VoxelBox((0, 0, 0), tuple(shape)))


def resampled_crop(hu: np.ndarray, area: VoxelBox, extent: np.ndarray, spacing: tuple[float, float, float]) -> TumorCrop:
    """Return the crop, interpolated linearly; beyond the CT its last voxels are repeated.

    Parameters
    ----------
    hu : np.ndarray
        int16, shape ``area.shape``: the CT in `area`.
    area : VoxelBox
        Result of `crop_area`.
    extent : np.ndarray
        shape (2, 3): the tumor's box in voxels.
    spacing : tuple of float
        mm per voxel (z, y, x).
    """
    values = hu.astype(np.float32)
    steps = (np.arange(SIZE) - (SIZE - 1) / 2) * VOXEL
    for axis in range(3):
        position = np.clip(extent.mean(axis=0)[axis] + steps / spacing[axis] - area.start[axis], 0, values.shape[axis] - 1)
        low = np.minimum(position.astype(np.intp), max(values.shape[axis] - 2, 0))
        weight = (position - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        first = values.take(low, axis=axis)
        values = first + (values.take(np.minimum(low + 1, values.shape[axis] - 1), axis=axis) - first) * weight
    return TumorCrop(values, np.ptp(extent, axis=0) / 2 * spacing)
