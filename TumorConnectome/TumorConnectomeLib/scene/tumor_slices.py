"""Axial slices around a tumor from the voxels of a CT in the scene, as `imaging.tumor_stack` makes them from its files."""
from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ..imaging.lesions import lps_to_ras
from ..imaging.stack_planes import AIR_HU
from ..imaging.tumor_stack import TumorStack, grid_of
from .patient_nodes import PatientNodes
from .tumor_picture import center_in_volume


def tumor_slices(patient: PatientNodes) -> TumorStack:
    """Slices around the center of a loaded patient's largest lesion; whole slices when there is none.

    The grid goes through the centers of voxels: where the CT is axial, its own gray values are shown, else they are sampled
    trilinearly.
    """
    matrix = vtk.vtkMatrix4x4()
    patient.volume.GetIJKToRASMatrix(matrix)
    to_ras = slicer.util.arrayFromVTKMatrix(matrix)
    to_lps = np.vstack([lps_to_ras(to_ras[:3].T).T, to_ras[3]])
    lesion = patient.lesions[0] if patient.lesions else None
    image = patient.volume.GetImageData()
    ends = np.abs(to_lps[:3, :3]) @ (np.array(image.GetDimensions()) - (0, 0, 1)) / 2
    heights, downs, rights, pixel = grid_of(np.linalg.norm(to_lps[:3, :3], axis=0), to_lps[:3, :3],
                                            None if lesion else np.maximum(ends[::-1], 1.0))
    center = lps_to_ras(center_in_volume(patient.volume, lesion))
    ijk = np.rint(np.linalg.solve(to_lps, np.append(center, 1))[:3])       # on a voxel
    start = (to_lps @ np.append(ijk, 1))[:3] + [rights[0], downs[0], heights[0]]
    hu = _resliced(image, to_lps, start, (rights, downs, heights))
    if lesion:                                          # beyond the ends of the CT there is nothing to scroll to
        shown = np.flatnonzero((hu > AIR_HU).any(axis=(1, 2)))
        middle = len(heights) // 2
        reach = min(middle, max(abs(shown - middle), default=0))
        hu = hu[middle - reach:middle + reach + 1]
    return TumorStack(np.ascontiguousarray(hu), pixel if lesion else None)


def _resliced(image, to_lps, start, axes):
    """Values of a volume on an axial grid that begins at `start` (LPS): int16, shape (S, H, W)."""
    steps = [float(axis[1] - axis[0]) for axis in axes]
    place = np.eye(4)
    place[:3, :3], place[:3, 3] = np.diag(steps), start
    matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(matrix, np.linalg.solve(to_lps, place))
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix)
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(image)
    reslice.SetResliceTransform(transform)
    reslice.SetInterpolationModeToLinear()
    reslice.SetBackgroundLevel(AIR_HU)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputOrigin(0, 0, 0)
    reslice.SetOutputExtent(*(end for axis in axes for end in (0, len(axis) - 1)))
    reslice.Update()
    values = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars()).reshape([len(axis) for axis in axes[::-1]])
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)
