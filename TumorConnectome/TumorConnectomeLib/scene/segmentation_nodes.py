"""An expert segmentation in the scene: under its patient's transform, in its patient's views."""
from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from ..imaging.lesions import lps_to_ras
from ..imaging.segmentation_file import Segment
from .patient_nodes import FRAME_ATTRIBUTE, PATIENT_ATTRIBUTE, ROLE_ATTRIBUTE, SERIES_ATTRIBUTE, PatientNodes
from .volume_readers import remove_with_helpers

SEGMENTATION_ROLE = "segmentation"
_COLORS = ((0.25, 0.85, 0.95), (0.95, 0.45, 0.85), (0.55, 0.95, 0.40), (1.0, 0.60, 0.25))
_FILL, _SURFACE = 0.18, 0.6
#: part of a segment's volume that its surface in 3-D may lack or have too much
_SHRINKAGE = 0.1
#: corners of a face in its plane, in turn
_SQUARE = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])


def find_segmentation(patient_id: str):
    """The patient's vtkMRMLSegmentationNode in the scene, None if there is none."""
    return next((node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
                 if node.GetAttribute(PATIENT_ATTRIBUTE) == patient_id), None)


def lies_in_space_of(patient: PatientNodes, found: dict) -> bool:
    """Whether what `read_segmentation` found has the frame of reference of a CT, or names none but was drawn on this CT."""
    frame, series = found["frame_of_reference_uid"], found["series_uid"]
    return frame == (patient.volume.GetAttribute(FRAME_ATTRIBUTE) or "") or (
        not frame and series == patient.volume.GetAttribute(SERIES_ATTRIBUTE))


def add_segmentation(patient: PatientNodes, segments: list[Segment]):
    """Put the segments of a patient into the scene, in place of what was there before.

    Returns
    -------
    vtkMRMLSegmentationNode
        Outlined in the slice views, as surfaces in 3D; unloaded with its patient.
    """
    if (old := find_segmentation(patient.patient_id)) is not None:
        remove_with_helpers([old])
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{patient.patient_id}: NLSTSeg")
    node.SetAttribute(PATIENT_ATTRIBUTE, patient.patient_id)
    node.SetAttribute(ROLE_ATTRIBUTE, SEGMENTATION_ROLE)
    node.CreateDefaultDisplayNodes()
    for number, segment in enumerate(segments):
        node.AddSegmentFromBinaryLabelmapRepresentation(_image(segment), segment.label, _COLORS[number % len(_COLORS)])
    node.CreateClosedSurfaceRepresentation()
    for number, segment in enumerate(segments):
        _keep_volume(node.GetSegmentation().GetNthSegment(number), segment)
    if patient.transform is not None:
        node.SetAndObserveTransformNodeID(patient.transform.GetID())
    display = node.GetDisplayNode()
    display.SetAllSegmentsOpacity2DFill(_FILL)
    display.SetOpacity3D(_SURFACE)
    return node


def _keep_volume(shown, segment):
    """Show a segment as its voxels where the smooth surface is not as large: smoothing melts small ones away."""
    name = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    smooth = shown.GetRepresentation(name)
    if smooth is None or not abs(surface_volume_mm3(smooth) / segment.volume_mm3 - 1) <= _SHRINKAGE:
        shown.AddRepresentation(name, _surface_of_voxels(segment))


def surface_volume_mm3(surface) -> float:
    """Volume inside a closed vtkPolyData; 0 when it is empty."""
    if not surface.GetNumberOfPolys():
        return 0.0
    triangles, mass = vtk.vtkTriangleFilter(), vtk.vtkMassProperties()
    triangles.SetInputData(surface)
    mass.SetInputConnection(triangles.GetOutputPort())
    mass.Update()
    return float(mass.GetVolume())


def _surface_of_voxels(segment):
    """The outer faces of the voxels as vtkPolyData in RAS: exactly as large as they are."""
    padded, corners = np.pad(segment.mask, 1), []
    for axis, side in np.ndindex(3, 2):
        neighbor = np.roll(padded, 1 - 2 * side, axis=axis)
        faces = np.argwhere(padded & ~neighbor) - 1     # (slice, row, column) of voxels with a free face there
        square = _SQUARE if side == axis % 2 else _SQUARE[::-1]
        corners.append(faces[:, None] + np.insert(square, axis, side, axis=1) - 0.5)
    points, index = np.unique(np.concatenate(corners).reshape(-1, 3), axis=0, return_inverse=True)
    to_ras = _to_ras(segment)
    surface, shown = vtk.vtkPolyData(), vtk.vtkPoints()
    shown.SetData(numpy_to_vtk(points[:, ::-1] @ to_ras[:3, :3].T + to_ras[:3, 3], deep=True))
    cells = vtk.vtkCellArray()
    quads = np.insert(index.reshape(-1, 4), 0, 4, axis=1).astype(np.int64)
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(quads.ravel(), deep=True))
    surface.SetPoints(shown)
    surface.SetPolys(cells)
    return surface


def _to_ras(segment):
    to_ras = np.array(segment.ijk_to_lps, float)
    to_ras[:3] = lps_to_ras(to_ras[:3].T).T
    return to_ras


def _image(segment):
    """The mask as vtkOrientedImageData in RAS."""
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(segment.mask.shape[::-1])
    scalars = numpy_to_vtk(segment.mask.astype(np.uint8).ravel(), deep=True)
    image.GetPointData().SetScalars(scalars)
    matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(matrix, _to_ras(segment))
    image.SetImageToWorldMatrix(matrix)
    return image
