"""A patient in the scene: CT volume, one ROI per lesion, and a transform that puts the tumor at the origin.

The volume and the ROIs keep their true RAS coordinates; a translation above them moves the tumor's center to the
origin of the world. So the views of several patients share one origin, the tumor, and Slicer's own linking of slice
views, its zoom and its crosshair are right for all of them at once.
"""
from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import slicer
import vtk

from ..imaging.lesions import lps_to_ras
from .image_views import LUNG, CTWindow
from .volume_readers import VolumeReader, remove_with_helpers

#: attributes that mark our nodes in the scene
PATIENT_ATTRIBUTE = "TumorConnectome.PatientID"
SERIES_ATTRIBUTE = "TumorConnectome.SeriesInstanceUID"
ROLE_ATTRIBUTE = "TumorConnectome.Role"
FRAME_ATTRIBUTE = "TumorConnectome.FrameOfReferenceUID"
FINDINGS_ATTRIBUTE = "TumorConnectome.Findings"
#: of a lesion's ROI: SOP Instance UIDs of the annotated slices and tracking identifiers, as JSON lists
SLICES_ATTRIBUTE, TRACKING_ATTRIBUTE = "TumorConnectome.SOPInstanceUIDs", "TumorConnectome.TrackingIDs"
_VOLUME, _LESION, _TRANSFORM = "CT", "lesion", "tumor at origin"


@dataclass(frozen=True, eq=False)
class PatientNodes:
    """The nodes of one loaded patient.

    Parameters
    ----------
    patient_id : str
    volume : vtkMRMLScalarVolumeNode
        The CT, in HU.
    lesions : tuple of vtkMRMLMarkupsROINode
        Largest first.
    transform : vtkMRMLLinearTransformNode
        Translation by minus the tumor's center (RAS, mm).
    findings : tuple of str
        What is unusual about the CT or its boxes, one line each.
    """

    patient_id: str
    volume: object
    lesions: tuple = ()
    transform: object = None
    findings: tuple[str, ...] = field(default=())

    @property
    def nodes(self) -> tuple:
        """All nodes, the transform last."""
        return (self.volume, *self.lesions, *([self.transform] if self.transform else []))


def find_patient(patient_id: str, series_uid: str = "") -> PatientNodes | None:
    """The patient's nodes in the scene (loaded before, or restored from a saved scene), None if the CT is not there."""
    found = {_VOLUME: [], _LESION: [], _TRANSFORM: []}
    for node in slicer.util.getNodesByClass("vtkMRMLTransformableNode"):
        if node.GetAttribute(PATIENT_ATTRIBUTE) == patient_id and node.GetAttribute(ROLE_ATTRIBUTE) in found:
            found[node.GetAttribute(ROLE_ATTRIBUTE)].append(node)
    volumes = [v for v in found[_VOLUME] if v.GetImageData() and v.GetAttribute(SERIES_ATTRIBUTE) == (
        series_uid or v.GetAttribute(SERIES_ATTRIBUTE))]
    if not volumes:
        return None
    findings = tuple(filter(None, (volumes[0].GetAttribute(FINDINGS_ATTRIBUTE) or "").split("\n")))
    return PatientNodes(patient_id, volumes[0], tuple(found[_LESION]), next(iter(found[_TRANSFORM]), None), findings)


def load_patient(patient_id: str, inspection: dict, reader: VolumeReader) -> PatientNodes:
    """Read a CT series into the scene and place its lesions.

    Parameters
    ----------
    patient_id : str
    inspection : dict
        What `imaging.inspection.inspect` found.
    reader : VolumeReader

    Raises
    ------
    InputError
        The image reader refused the series. No node stays behind.
    """
    volume, notes = reader.read(inspection)
    volume.SetName(f"{patient_id}: CT")
    findings = (*inspection["findings"], *notes)
    volume.SetAttribute(SERIES_ATTRIBUTE, inspection["series_uid"])
    volume.SetAttribute(FRAME_ATTRIBUTE, inspection["placement"]["frame_of_reference_uid"])
    volume.SetAttribute(FINDINGS_ATTRIBUTE, "\n".join(findings))
    lesions = sorted(inspection["lesions"], key=lambda lesion: -float(np.prod(lesion["size_mm"])))
    center_ras = lps_to_ras(np.array(lesions[0]["center_lps"])) if lesions else _volume_center(volume)
    return add_patient(patient_id, volume, lesions, center_ras, findings)


def add_patient(patient_id: str, volume, lesions: list[dict], center_ras: np.ndarray, findings=()) -> PatientNodes:
    """Make a volume that is in the scene a patient's: with a ROI for each lesion, and the tumor at the origin.

    Parameters
    ----------
    patient_id : str
    volume : vtkMRMLScalarVolumeNode
        Under no transform.
    lesions : list of dict
        As `Lesion.as_record` writes them, the largest first.
    center_ras : np.ndarray
        The tumor: float, shape (3,) [mm].
    findings : sequence of str
    """
    _display(volume)
    rois = tuple(_roi(patient_id, number, lesion) for number, lesion in enumerate(lesions, start=1))
    transform = _centering(patient_id, center_ras)
    for node, role in ((volume, _VOLUME), *((roi, _LESION) for roi in rois), (transform, _TRANSFORM)):
        node.SetAttribute(PATIENT_ATTRIBUTE, patient_id)
        node.SetAttribute(ROLE_ATTRIBUTE, role)
        if node is not transform:
            node.SetAndObserveTransformNodeID(transform.GetID())
    return PatientNodes(patient_id, volume, rois, transform, tuple(findings))


def loaded_patients() -> list[PatientNodes]:
    """All patients whose CT is in the scene, by PatientID."""
    ids = {node.GetAttribute(PATIENT_ATTRIBUTE) for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
    found = (find_patient(patient_id) for patient_id in sorted(ids - {None}))
    return [patient for patient in found if patient is not None]


def voxel_megabytes(patient: PatientNodes) -> float:
    """Memory that the voxels of a patient's CT take, in MB (10^6 bytes)."""
    return patient.volume.GetImageData().GetActualMemorySize() * 1024 / 1e6


def unload_patient(patient: PatientNodes) -> None:
    """Remove everything that belongs to a patient, with its display and storage nodes, and free the memory."""
    remove_with_helpers([node for node in slicer.util.getNodesByClass("vtkMRMLTransformableNode")
                         if node.GetAttribute(PATIENT_ATTRIBUTE) == patient.patient_id])


def show_window(volume, window: CTWindow = LUNG) -> None:
    """Set window width and level of a CT volume."""
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(window.width_hu, window.level_hu)


def tumor_size_mm(patient: PatientNodes) -> float:
    """Largest side of the patient's largest lesion box in mm, 0 without a lesion."""
    return max(patient.lesions[0].GetSize()) if patient.lesions else 0.0


def _display(volume):
    """Show a CT in the lung window from the start: Slicer would look at all voxels first for a window of its own."""
    if volume.GetDisplayNode() is None:
        display = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode")
        if display.GetColorNodeID() is None:
            display.SetDefaultColorMap()
        display.AutoWindowLevelOff()
        volume.SetAndObserveDisplayNodeID(display.GetID())
    show_window(volume)


def _roi(patient_id, number, lesion):
    """A locked ROI box in RAS: the LPS box with x and y negated, for any orientation of the slices."""
    axes = lps_to_ras(np.array(lesion["axes_lps"], float))
    if np.linalg.det(axes) < 0:
        axes[2] = -axes[2]                              # a box is the same either way, a rotation must not mirror
    matrix = np.eye(4)
    matrix[:3, :3] = axes.T
    matrix[:3, 3] = lps_to_ras(np.array(lesion["center_lps"], float))
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", f"{patient_id}: lesion {number}")
    vtk_matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(vtk_matrix, matrix)
    roi.SetAndObserveObjectToNodeMatrix(vtk_matrix)
    roi.SetSize(*[float(side) for side in lesion["size_mm"]])
    roi.SetLocked(True)
    roi.SetAttribute(SLICES_ATTRIBUTE, json.dumps(lesion["slices"]))
    roi.SetAttribute(TRACKING_ATTRIBUTE, json.dumps(lesion["tracking_ids"]))
    roi.CreateDefaultDisplayNodes()
    display = roi.GetDisplayNode()
    display.SetSelectedColor(1.0, 0.85, 0.2)
    display.SetColor(1.0, 0.85, 0.2)
    display.SetFillVisibility(False)
    display.SetHandlesInteractive(False)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.SetGlyphScale(0.01)
    return roi


def _centering(patient_id, center_ras):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", f"{patient_id}: tumor at origin")
    matrix = vtk.vtkMatrix4x4()
    for axis in range(3):
        matrix.SetElement(axis, 3, -float(center_ras[axis]))
    transform.SetMatrixTransformToParent(matrix)
    return transform


def _volume_center(volume):
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return np.array(bounds).reshape(3, 2).mean(axis=1)
