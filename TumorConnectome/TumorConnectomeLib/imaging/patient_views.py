"""Patients in slice views: layouts with the connectome, tumor in the center, linked, the same scale in mm."""
from __future__ import annotations

import pathlib

import slicer

from .patient_nodes import PatientNodes, tumor_size_mm

#: tag of the connectome in the layout descriptions
CONNECTOME_TAG = "TumorConnectomeView"
#: our numbers among Slicer's layouts: its own are below 100, other extensions choose numbers of their own
CONNECTOME_LAYOUT, ONE_LAYOUT, SIDE_BY_SIDE_LAYOUT = 18301, 18302, 18303
_DESCRIPTIONS = {CONNECTOME_LAYOUT: "ConnectomeOnly.xml", ONE_LAYOUT: "OnePatient.xml", SIDE_BY_SIDE_LAYOUT: "SideBySide.xml"}
#: places of a patient in the layouts
QUERY, MATCH = "Query", "Match"
ORIENTATIONS = ("Axial", "Coronal", "Sagittal")
#: smallest field of view along the shorter side of a view, and its multiple of the tumor's size
_SMALLEST_FIELD_MM, _FIELD_PER_TUMOR = 110.0, 2.5


def register_layouts(folder) -> None:
    """Add the layout descriptions of a folder (``Resources/Layouts``) to the scene's layout node.

    Like everything here it does nothing where Slicer runs without a main window.
    """
    if not slicer.app.layoutManager():
        return
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    for number, name in _DESCRIPTIONS.items():
        text = (pathlib.Path(folder) / name).read_text(encoding="utf-8")
        if node.IsLayoutDescription(number):
            node.SetLayoutDescription(number, text)
        else:
            node.AddLayoutDescription(number, text)


def show_layout(number: int) -> None:
    """Switch the main window to one of our layouts."""
    if slicer.app.layoutManager():
        slicer.app.layoutManager().setLayout(number)


def show_patients(shown: dict[str, PatientNodes]) -> None:
    """Show one patient, or two side by side.

    Every view has its patient's tumor in the center; views of the same orientation have the same scale in mm and are
    linked: going through one tumor moves the other by the same distance from its center.

    Parameters
    ----------
    shown : dict of str to PatientNodes
        QUERY, and MATCH if there is one.
    """
    show_layout(SIDE_BY_SIDE_LAYOUT if MATCH in shown else ONE_LAYOUT)
    if not slicer.app.layoutManager():
        return
    _restrict_lesions(shown)
    widgets = {(place, orientation): _slice_widget(place, orientation) for place in shown for orientation in ORIENTATIONS}
    field_mm = max(_SMALLEST_FIELD_MM, *(_FIELD_PER_TUMOR * tumor_size_mm(patient) for patient in shown.values()))
    for (place, orientation), widget in widgets.items():
        logic, node = widget.sliceLogic(), widget.mrmlSliceNode()
        composite = logic.GetSliceCompositeNode()
        composite.SetLinkedControl(False)               # our own changes are not for the linked views
        composite.SetBackgroundVolumeID(shown[place].volume.GetID())
        node.SetOrientation(orientation)
        peers = [widgets[other, orientation].mrmlSliceNode().GetDimensions() for other in shown]
        shortest = max(1, min(min(d[0], d[1]) for d in peers))
        _center(node, logic, field_mm / shortest)
    for widget in widgets.values():
        composite = widget.sliceLogic().GetSliceCompositeNode()
        composite.SetHotLinkedControl(True)
        composite.SetLinkedControl(True)


def slice_view_ids(place: str) -> list[str]:
    """IDs of the slice nodes of a place, as far as they exist."""
    names = (f"Tumor{place}{orientation}" for orientation in ORIENTATIONS)
    nodes = (slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode") for name in names)
    return [node.GetID() for node in nodes if node]


def _slice_widget(place, orientation):
    return slicer.app.layoutManager().sliceWidget(f"Tumor{place}{orientation}")


def _center(node, logic, mm_per_pixel):
    """Put the origin of the world, the tumor's center, in the middle of a view, at a scale in mm per pixel."""
    columns, rows = node.GetDimensions()[:2]
    depth = logic.GetLowestVolumeSliceSpacing()[2]
    node.SetFieldOfView(columns * mm_per_pixel, rows * mm_per_pixel, max(depth, 1e-3))
    node.JumpSliceByCentering(0.0, 0.0, 0.0)


def _restrict_lesions(shown):
    """Each lesion appears only in the views of its own patient."""
    ours = {node.GetID() for patient in shown.values() for node in patient.lesions}
    for place, patient in shown.items():
        for roi in patient.lesions:
            display = roi.GetDisplayNode()
            display.SetViewNodeIDs(slice_view_ids(place))
            display.SetVisibility(True)
    for roi in slicer.util.getNodesByClass("vtkMRMLMarkupsROINode"):
        if roi.GetAttribute("TumorConnectome.PatientID") and roi.GetID() not in ours and roi.GetDisplayNode():
            roi.GetDisplayNode().SetVisibility(False)
