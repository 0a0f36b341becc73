"""Vectors of synthetic tumors by the encoder with random weights: those that embedding the same point in the panel gives."""
from __future__ import annotations

import numpy as np

from ..embedding.crop import plan_crop
from ..embedding.embed import Encoder
from .phantom import Phantom
from .voxels import VoxelBox

#: name of the model, see `embedding.models`
SEEDED = "SeededRandomFeatures"


class SeededVectors:
    """Embeds synthetic tumors without making the whole CT."""

    def __init__(self):
        self._encoder = Encoder(SEEDED)

    def of(self, phantom: Phantom, center_lps_mm: np.ndarray, area: VoxelBox, hu: np.ndarray) -> np.ndarray:
        """The vector of the tumor at a point.

        Parameters
        ----------
        phantom : Phantom
        center_lps_mm : np.ndarray
            float, shape (3,): the middle of the lesion's box (x, y, z) [mm, LPS].
        area, hu : VoxelBox, np.ndarray
            A part of the CT that is known already, int16, shape ``area.shape``.

        Returns
        -------
        np.ndarray
            float32, shape (D,).
        """
        plan = plan_crop(phantom.grid.shape, ijk_to_lps_mm(phantom), center_lps_mm, self._encoder.model)
        starts, stops = tuple(part.start for part in plan.box), tuple(part.stop for part in plan.box)
        if all(low <= start and stop <= high for low, start, stop, high in zip(area.start, starts, stops, area.stop)):
            voxels = hu[tuple(slice(start - low, stop - low) for start, stop, low in zip(starts, stops, area.start))]
        else:                                           # next to the border of the CT
            voxels = phantom.hounsfield(VoxelBox(starts, stops))
        return self._encoder.vector(plan.crop(voxels))


def ijk_to_lps_mm(phantom: Phantom) -> np.ndarray:
    """Center of voxel (i, j, k) of a synthetic CT in LPS: float64, shape (4, 4) [mm]; its axes are the patient's."""
    matrix = np.diag([*phantom.protocol.spacing[::-1], 1.0])
    matrix[:3, 3] = phantom.protocol.origin[::-1]
    return matrix
