"""The box of what an encoder will see, drawn in the scene before it runs."""
from __future__ import annotations

import numpy as np
import slicer

from ..imaging.lesions import lps_to_ras
from .patient_nodes import PATIENT_ATTRIBUTE, ROLE_ATTRIBUTE
from .tumor_marks import CROP_ROLE
from .volume_readers import remove_with_helpers

_COLOR = (0.35, 0.85, 1.0)


def find_crop_box():
    """The vtkMRMLMarkupsROINode of the box, None if there is none."""
    return next((node for node in slicer.util.getNodesByClass("vtkMRMLMarkupsROINode")
                 if node.GetAttribute(ROLE_ATTRIBUTE) == CROP_ROLE), None)


def show_crop_box(volume, corners_lps_mm: np.ndarray, name: str):
    """Draw the box in the space of a volume, in place of the one before.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    corners_lps_mm : np.ndarray
        float, shape (8, 3), of a box along the patient's axes, before the volume's parent transforms.
    name : str
        Of the node.

    Returns
    -------
    vtkMRMLMarkupsROINode
        Locked; not saved with the scene. That of a patient is shown in its own views only.
    """
    low, high = corners_lps_mm.min(axis=0), corners_lps_mm.max(axis=0)
    box = find_crop_box()
    if box is None:
        box = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
        box.SetAttribute(ROLE_ATTRIBUTE, CROP_ROLE)
        box.SetSaveWithScene(False)
        box.SetLocked(True)
        _style(box)
    box.SetName(name)
    box.SetAttribute(PATIENT_ATTRIBUTE, volume.GetAttribute(PATIENT_ATTRIBUTE))
    box.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    box.SetCenter(*map(float, lps_to_ras((low + high) / 2)))
    box.SetSize(*map(float, high - low))
    if volume.GetAttribute(PATIENT_ATTRIBUTE) is None:
        display = box.GetDisplayNode()
        display.SetViewNodeIDs(())                      # a patient's are restricted by `patient_views`
        display.SetVisibility(True)
    return box


def remove_crop_box() -> None:
    """Take the box out of the scene."""
    box = find_crop_box()
    if box is not None:
        remove_with_helpers([box])


def _style(box):
    box.CreateDefaultDisplayNodes()
    display = box.GetDisplayNode()
    display.SetSelectedColor(*_COLOR)
    display.SetColor(*_COLOR)
    display.SetFillVisibility(False)
    display.SetHandlesInteractive(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.SetGlyphScale(0.01)
