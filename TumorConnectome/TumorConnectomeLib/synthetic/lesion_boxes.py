"""The boxes a reader would draw around the nodule, slice by slice, and their extent in space."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .phantom import Phantom
from .seeds import random_generator

_FEWEST_VOXELS = 4


@dataclass(frozen=True)
class SliceBox:
    """The box on one slice.

    Parameters
    ----------
    index : int
        Slice, 0 is the lowest.
    left, top, right, bottom : float
        Pixel coordinates (column, row) as in DICOM SCOORD (PS3.3 C.18.6.1.1): (0, 0) is the outer corner of the first pixel.
    """

    index: int
    left: float
    top: float
    right: float
    bottom: float


def annotate(phantom: Phantom) -> tuple[SliceBox, ...]:
    """Return tight boxes around the nodule with 1 or 2 pixels of margin, from the lowest slice up."""
    area, mask = phantom.nodule_mask()
    rng = random_generator(phantom.patient.number, "reader")
    sizes = mask.sum(axis=(1, 2))
    boxes = []
    for k in np.flatnonzero(sizes >= min(_FEWEST_VOXELS, sizes.max())).tolist():
        rows, columns = np.flatnonzero(mask[k].any(1)), np.flatnonzero(mask[k].any(0))
        margin = int(rng.integers(1, 3))
        top, bottom = rows[0] - margin + area.start[1], rows[-1] + 1 + margin + area.start[1]
        left, right = columns[0] - margin + area.start[2], columns[-1] + 1 + margin + area.start[2]
        boxes.append(SliceBox(k + area.start[0], float(max(left, 0)), float(max(top, 0)),
                              float(min(right, phantom.grid.shape[2])), float(min(bottom, phantom.grid.shape[1]))))
    return tuple(boxes)


def extent_in_voxels(boxes: tuple[SliceBox, ...]) -> np.ndarray:
    """Return what all boxes span: float64, shape (2, 3): lowest and highest corner (z, y, x) in voxels, voxel centers whole."""
    low = min(b.index for b in boxes), min(b.top for b in boxes), min(b.left for b in boxes)
    high = max(b.index for b in boxes) + 1, max(b.bottom for b in boxes), max(b.right for b in boxes)
    return np.array([low, high], float) - 0.5


def lesion_box_lps(phantom: Phantom) -> np.ndarray:
    """Return the lesion's box in space: float64, shape (2, 3): lowest and highest corner (x, y, z), LPS mm.

    Half a slice is added at both ends, because a box on one slice has that slice's thickness.
    """
    corners = phantom.grid.origin + extent_in_voxels(annotate(phantom)) * phantom.grid.spacing
    return corners[:, ::-1]
