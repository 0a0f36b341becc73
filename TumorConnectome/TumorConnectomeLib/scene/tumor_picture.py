"""Pictures of loaded tumors: planes through the tumor's center, in a window, at a known scale, with the box."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from .image_views import LUNG, CTWindow
from .oblique import NINE_DIRECTIONS, Direction, gray, inside_box, outline, sample
from .patient_nodes import PatientNodes, tumor_size_mm

#: side of a picture when the tumors are small
SMALLEST_FIELD_MM = 60.0
_FIELD_PER_TUMOR = 1.6
#: color of the lesion boxes in the slice views
BOX_COLOR = (255, 217, 51)


@dataclass(frozen=True, eq=False)
class Cut:
    """A square picture of a plane through a tumor, before it is windowed.

    Parameters
    ----------
    direction : Direction
    field_mm : float
        Side of the picture.
    hu : np.ndarray
        float32, shape (P, P), row 0 on top; minus infinity outside of the volume.
    box : np.ndarray
        bool, shape (P, P): the outline of the lesion box.
    """

    direction: Direction
    field_mm: float
    hu: np.ndarray
    box: np.ndarray

    def picture(self, window: CTWindow = LUNG, box: bool = True) -> np.ndarray:
        """The cut in a window: uint8, shape (P, P, 3), RGB."""
        picture = gray(self.hu, window)
        if box:
            picture[self.box] = BOX_COLOR
        return picture


def common_field_mm(patients: Iterable[PatientNodes]) -> float:
    """Side in mm of pictures that show the whole box of every one of some patients at one scale: a multiple of 10."""
    largest = max((tumor_size_mm(patient) for patient in patients), default=0.0)
    return float(np.ceil(max(SMALLEST_FIELD_MM, _FIELD_PER_TUMOR * largest) / 10) * 10)


def tumor_picture(patient: PatientNodes, field_mm: float = SMALLEST_FIELD_MM, pixels: int = 160, *, box: bool = True,
                  window: CTWindow = LUNG) -> np.ndarray:
    """Picture of the axial plane (RAS) through the center of a patient's largest lesion.

    The patient's right is on the left of the picture, anterior is up. The box is drawn as a line of one pixel just outside
    of its cut. See `tumor_cuts`.

    Returns
    -------
    np.ndarray
        uint8, shape (pixels, pixels, 3), RGB, row 0 at the top.
    """
    return tumor_cuts(patient, field_mm, pixels, NINE_DIRECTIONS[:1])[0].picture(window, box)


def tumor_cuts(patient: PatientNodes, field_mm: float, pixels: int,
               directions: Iterable[Direction] = NINE_DIRECTIONS) -> list[Cut]:
    """Planes through the center of a patient's largest lesion.

    The volume may have any orientation: it is sampled trilinearly in RAS. Without a lesion the planes go through the middle
    of the volume.

    Parameters
    ----------
    patient : PatientNodes
    field_mm : float
        Side of the pictures in mm.
    pixels : int
        Side of the pictures in pixels.
    directions : iterable of Direction
        In RAS, in the space of the volume node.
    """
    lesion = patient.lesions[0] if patient.lesions else None
    matrix = vtk.vtkMatrix4x4()
    patient.volume.GetRASToIJKMatrix(matrix)
    voxels, to_ijk = slicer.util.arrayFromVolume(patient.volume), _array(matrix)
    center = center_in_volume(patient.volume, lesion)
    cuts = []
    for direction in directions:
        points = direction.points(center, field_mm, pixels)
        inside = inside_box(_box_to_volume(lesion, patient.volume), lesion.GetSize(), points) if lesion else \
            np.zeros((pixels, pixels), bool)
        cuts.append(Cut(direction, field_mm, sample(voxels, to_ijk, points).astype(np.float32), outline(inside)))
    return cuts


def center_in_volume(volume, lesion) -> np.ndarray:
    """Center of a lesion box (None: of the volume), in the space of the volume node: float64, shape (3,) [mm, RAS]."""
    if lesion is None:
        bounds = [0.0] * 6
        volume.GetRASBounds(bounds)
        world = np.array(bounds).reshape(3, 2).mean(axis=1)
        return (_from_world(volume) @ np.append(world, 1))[:3]
    return _box_to_volume(lesion, volume)[:3, 3]


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
