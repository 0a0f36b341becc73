"""An expert segmentation in the scene: under its patient's transform, in its patient's views."""
from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from ..imaging.lesions import lps_to_ras
from ..imaging.segmentation_file import Segment
from .patient_nodes import PATIENT_ATTRIBUTE, ROLE_ATTRIBUTE, PatientNodes
from .volume_readers import remove_with_helpers

SEGMENTATION_ROLE = "segmentation"
_COLORS = ((0.25, 0.85, 0.95), (0.95, 0.45, 0.85), (0.55, 0.95, 0.40), (1.0, 0.60, 0.25))
_FILL, _SURFACE = 0.18, 0.6


def find_segmentation(patient_id: str):
    """The patient's vtkMRMLSegmentationNode in the scene, None if there is none."""
    return next((node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
                 if node.GetAttribute(PATIENT_ATTRIBUTE) == patient_id), None)


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
    if patient.transform is not None:
        node.SetAndObserveTransformNodeID(patient.transform.GetID())
    display = node.GetDisplayNode()
    display.SetAllSegmentsOpacity2DFill(_FILL)
    display.SetOpacity3D(_SURFACE)
    return node


def _image(segment):
    """The mask as vtkOrientedImageData in RAS."""
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(segment.mask.shape[::-1])
    scalars = numpy_to_vtk(segment.mask.astype(np.uint8).ravel(), deep=True)
    image.GetPointData().SetScalars(scalars)
    to_ras = np.array(segment.ijk_to_lps, float)
    to_ras[:3] = lps_to_ras(to_ras[:3].T).T
    matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(matrix, to_ras)
    image.SetImageToWorldMatrix(matrix)
    return image
