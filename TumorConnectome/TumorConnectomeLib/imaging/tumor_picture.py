"""Small pictures of loaded tumors: the axial slice through the tumor's center, in the lung window, at a known scale."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import slicer
import vtk

from ..core.image_views import LUNG, CTWindow
from .patient_nodes import PatientNodes, tumor_size_mm

#: side of a picture when the tumors are small
SMALLEST_FIELD_MM = 60.0
_FIELD_PER_TUMOR = 1.6
#: color of the lesion boxes in the slice views
BOX_COLOR = (255, 217, 51)


def common_field_mm(patients: Iterable[PatientNodes]) -> float:
    """Side in mm of pictures that show the whole box of every one of some patients at one scale: a multiple of 10."""
    largest = max((tumor_size_mm(patient) for patient in patients), default=0.0)
    return float(np.ceil(max(SMALLEST_FIELD_MM, _FIELD_PER_TUMOR * largest) / 10) * 10)


def tumor_picture(patient: PatientNodes, field_mm: float = SMALLEST_FIELD_MM, pixels: int = 160, *, box: bool = True,
                  window: CTWindow = LUNG) -> np.ndarray:
    """Picture of the axial plane (RAS) through the center of a patient's largest lesion.

    The patient's right is on the left of the picture, anterior is up. The volume may have any orientation: it is sampled
    trilinearly in RAS; what lies outside of it is black. Without a lesion the middle of the volume is shown.

    Parameters
    ----------
    patient : PatientNodes
    field_mm : float
        Side of the picture in mm.
    pixels : int
        Side of the picture in pixels.
    box : bool
        Draw the cut through the lesion box, as a line of one pixel just outside of it.
    window : CTWindow

    Returns
    -------
    np.ndarray
        uint8, shape (pixels, pixels, 3), RGB, row 0 at the top.
    """
    lesion = patient.lesions[0] if patient.lesions else None
    center = _center(patient.volume, lesion)
    steps = (np.arange(pixels) - (pixels - 1) / 2) * field_mm / pixels
    points = np.empty((pixels, pixels, 3))              # RAS in mm, in the space of the volume node
    points[..., 0] = center[0] - steps                  # columns run to the patient's left
    points[..., 1] = center[1] - steps[:, None]         # rows run to posterior
    points[..., 2] = center[2]
    gray = (_sampled(patient.volume, points) - (window.level_hu - window.width_hu / 2)) / window.width_hu
    picture = np.repeat((np.clip(gray, 0, 1) * 255).round().astype(np.uint8)[..., None], 3, axis=2)
    if box and lesion is not None:
        picture[_outline(_inside(lesion, patient.volume, points))] = BOX_COLOR
    return picture


def _center(volume, lesion):
    """The point in the middle of the picture, in the space of the volume node."""
    if lesion is None:
        bounds = [0.0] * 6
        volume.GetRASBounds(bounds)
        world = np.array(bounds).reshape(3, 2).mean(axis=1)
        return (_from_world(volume) @ np.append(world, 1))[:3]
    return _box_to_volume(lesion, volume)[:3, 3]


def _sampled(volume, points):
    """Trilinear samples at points (..., 3) in RAS: float64, minus infinity outside."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(matrix)
    ijk = points @ _array(matrix)[:3, :3].T + _array(matrix)[:3, 3]
    voxels = slicer.util.arrayFromVolume(volume)        # indexed k, j, i
    largest = np.array(voxels.shape[::-1]) - 1
    outside = ((ijk < -0.5) | (ijk > largest + 0.5)).any(axis=-1)
    ijk = np.clip(ijk, 0, largest)
    low = np.minimum(np.floor(ijk).astype(np.intp), np.maximum(largest - 1, 0))
    share = ijk - low
    result = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        i, j, k = np.moveaxis(np.minimum(low + corner, largest), -1, 0)
        weight = np.where(np.array(corner, bool), share, 1 - share).prod(axis=-1)
        result += weight * voxels[k, j, i]
    return np.where(outside, -np.inf, result)


def _inside(lesion, volume, points):
    """Which points (..., 3) lie inside a lesion box: bool."""
    to_box = np.linalg.inv(_box_to_volume(lesion, volume))
    local = points @ to_box[:3, :3].T + to_box[:3, 3]
    return (np.abs(local) <= np.array(lesion.GetSize()) / 2).all(axis=-1)


def _outline(inside):
    """The pixels around a region, diagonal ones included."""
    padded = np.pad(inside, 1)
    rows, columns = inside.shape
    near = np.zeros_like(inside)
    for down, right in np.ndindex(3, 3):
        near |= padded[down:down + rows, right:right + columns]
    return near & ~inside


def _box_to_volume(lesion, volume):
    """Matrix (4, 4) from the box's own axes to the space of the volume node, whatever transforms they are under."""
    between = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(
        lesion.GetParentTransformNode(), volume.GetParentTransformNode(), between)
    return _array(between) @ _array(lesion.GetObjectToNodeMatrix())


def _from_world(volume):
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(None, volume.GetParentTransformNode(), matrix)
    return _array(matrix)


def _array(matrix):
    return slicer.util.arrayFromVTKMatrix(matrix)
