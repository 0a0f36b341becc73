"""The demo's small encoder with random weights: no file is needed to embed, query and compare synthetic patients."""
from __future__ import annotations

import numpy as np

from ..embedding.crop import Crop, plan_crop
from ..embedding.models import MODELS
from .lesion_boxes import SliceBox, extent_in_voxels
from .phantom import Phantom
from .voxels import VoxelBox

#: name of the model
ENCODER = "SeededRandomFeatures"


def crop_of(phantom: Phantom, boxes: tuple[SliceBox, ...], area: VoxelBox, hu: np.ndarray) -> Crop:
    """The encoder's crop around the middle of a tumor's box: as if it were taken from the patient's whole CT.

    Parameters
    ----------
    phantom : Phantom
    boxes : tuple of SliceBox
    area : VoxelBox
        At least 26 mm around the middle of the boxes, as far as the CT goes.
    hu : np.ndarray
        int16, shape ``area.shape``: the CT in `area`.
    """
    spacing, origin = np.array(phantom.grid.spacing), np.array(phantom.grid.origin)
    point = origin + extent_in_voxels(boxes).mean(axis=0) * spacing
    matrix = np.diag([*spacing[::-1], 1.0])
    matrix[:3, 3] = origin[::-1]
    plan = plan_crop(phantom.grid.shape, matrix, point[::-1], MODELS[ENCODER])
    box = VoxelBox(tuple(part.start for part in plan.box), tuple(part.stop for part in plan.box))
    return plan.crop(hu[box.slices_in(area)])
