"""A tumor of the user's own CT beside those of the cohort: a second node over the same voxels, with the tumor at the origin.

The user's volume, its transforms and markups stay as they are; unloading the guest removes only what was made here.
"""
from __future__ import annotations

import numpy as np
import slicer
import vtk

from ..imaging.lesions import lps_to_ras
from .patient_nodes import (
    PATIENT_ATTRIBUTE,
    SERIES_ATTRIBUTE,
    PatientNodes,
    add_patient,
    find_patient,
    unload_patient,
)

#: ID of the user's volume, on the guest's
GUEST_ATTRIBUTE = "TumorConnectome.GuestOf"


def is_guest(patient_id: str) -> bool:
    """Whether the scene has a guest of this name."""
    patient = find_patient(patient_id)
    return patient is not None and patient.volume.GetAttribute(GUEST_ATTRIBUTE) is not None


def guest_of(volume):
    """The guest's volume over the voxels of a volume of the user's own, None if there is none."""
    return next((node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
                 if node.GetAttribute(GUEST_ATTRIBUTE) == volume.GetID()), None)


def receive(volume, name: str, center_lps_mm: np.ndarray, size_mm=None) -> PatientNodes:
    """Show a tumor of a volume as a patient of this name, in place of a guest of that name.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
        Its voxels are shared, not copied.
    name : str
        Of nobody in the cohort.
    center_lps_mm : np.ndarray
        float, shape (3,): the tumor, before the volume's parent transforms.
    size_mm : sequence of float, optional
        Of the tumor's box along the patient's axes; without it none is drawn.
    """
    if is_guest(name):
        unload_patient(find_patient(name))
    copy = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"{name}: CT")
    copy.SetAndObserveImageData(volume.GetImageData())
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    copy.SetIJKToRASMatrix(matrix)
    copy.SetAttribute(GUEST_ATTRIBUTE, volume.GetID())
    copy.SetAttribute(SERIES_ATTRIBUTE, volume.GetID())
    lesions = [] if size_mm is None else [{"center_lps": list(center_lps_mm), "size_mm": list(size_mm),
                                           "axes_lps": np.eye(3).tolist(), "slices": [], "tracking_ids": []}]
    return add_patient(name, copy, lesions, lps_to_ras(np.asarray(center_lps_mm, float)))


def patient_of(volume) -> str:
    """PatientID of the patient whose CT a volume is; "" for a volume of the user's own."""
    return volume.GetAttribute(PATIENT_ATTRIBUTE) or ""
