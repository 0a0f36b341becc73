"""Patients in slice and 3D views: tumor in the center, linked, the same scale in mm, each with its own lesions only."""
from __future__ import annotations

import math

import slicer

from .image_views import QUERY, ImageViews
from .patient_nodes import PATIENT_ATTRIBUTE, PatientNodes, tumor_size_mm
from .view_layouts import VIEW_GROUP, layout_number, show_layout

#: smallest field of view along the shorter side of a view, and its multiple of the tumor's size
_SMALLEST_FIELD_MM, _FIELD_PER_TUMOR = 110.0, 2.5
#: a narrower view has no room for a scale bar and its label
_RULER_PIXELS = 180
#: direction from the tumor to the camera in RAS (from the right, the front and above), and the angle it sees
_CAMERA_DIRECTION, _CAMERA_DEGREES = (0.50, 0.74, 0.45), 30.0
#: what the shorter side of a 3D view shows, as a multiple of the field of the slice views: the planes stand at an angle
_FIELDS_IN_3D = 1.15


def show_patients(shown: dict[str, PatientNodes], views: ImageViews = ImageViews.ONE, connectome: bool = True,
                  front: str = QUERY, bars: bool = False) -> None:
    """Show patients in the views of an arrangement.

    Every view has its patient's tumor in the center; views of the same orientation have the same scale in mm and are
    linked by Slicer itself: going through one tumor moves the others by the same distance from their centers.

    Parameters
    ----------
    shown : dict of str to PatientNodes
        By place, QUERY among them.
    views : ImageViews
    connectome : bool
        Leave room for the connectome.
    front : str
        With ImageViews.FLICKER: the place of the patient whose turn it is.
    bars : bool
        Show Slicer's bars above the axial views (see `show_layout`).
    """
    show_layout(layout_number(views, connectome), bars)
    if not slicer.app.layoutManager():
        return
    framed = _framed(shown, views, front)
    _restrict(framed, views)
    _empty([place for place in views.framed_places if place not in framed], views)
    widgets = {(place, orientation): slice_widget(place, orientation) for place in framed for orientation in views.orientations}
    field_mm = field_of_view_mm(shown)
    for (place, orientation), widget in widgets.items():
        logic, node = widget.sliceLogic(), widget.mrmlSliceNode()
        logic.GetSliceCompositeNode().SetLinkedControl(False)           # our own changes are not for the linked views
        _set_volume(logic.GetSliceCompositeNode(), framed[place])
        node.SetViewGroup(VIEW_GROUP)                   # Slicer saves that there was one, and reads that as group 1
        node.SetOrientation(orientation)
        fits = node.GetDimensions()[0] >= _RULER_PIXELS
        node.SetRulerType(getattr(slicer.vtkMRMLAbstractViewNode, "RulerTypeThin" if fits else "RulerTypeNone"))
        node.SetRulerColor(slicer.vtkMRMLAbstractViewNode.RulerColorYellow)
        peers = [widgets[other, orientation].mrmlSliceNode().GetDimensions() for other in framed]
        shortest = max(1, min(min(d[0], d[1]) for d in peers))
        _center(node, logic, field_mm / shortest)
        _show_in_3d(node, place, views)
    for place in framed if views.in_3d else ():
        _look_at_tumor(place, field_mm)
    for widget in widgets.values():
        composite = widget.sliceLogic().GetSliceCompositeNode()
        composite.SetHotLinkedControl(True)
        composite.SetLinkedControl(True)


def show_volume(volume, connectome: bool = True, bars: bool = False) -> None:
    """Show a volume that belongs to no patient in the views of one, where it lies: nothing is centered, linked or in 3D.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    connectome, bars
        See `show_patients`.
    """
    show_layout(layout_number(ImageViews.ONE, connectome), bars)
    if not slicer.app.layoutManager():
        return
    _restrict({}, ImageViews.ONE)
    for orientation in ImageViews.ONE.orientations:
        widget = slice_widget(QUERY, orientation)
        logic, node = widget.sliceLogic(), widget.mrmlSliceNode()
        composite = logic.GetSliceCompositeNode()
        composite.SetLinkedControl(False)
        composite.SetBackgroundVolumeID(volume.GetID())
        composite.SetForegroundVolumeID(None)
        composite.SetLabelVolumeID(None)
        node.SetOrientation(orientation)
        node.SetLayoutLabel(volume.GetName())
        node.RemoveAllThreeDViewIDs()
        node.SetSliceVisible(False)
    fit_volume()


def fit_volume() -> None:
    """Let the views of one patient show all of what `show_volume` has brought there."""
    for orientation in ImageViews.ONE.orientations:
        slice_widget(QUERY, orientation).sliceLogic().FitSliceToBackground()


def is_in_view(volume) -> bool:
    """Whether a slice view of the present layout shows a volume."""
    manager = slicer.app.layoutManager()
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode") if manager else ():
        widget = manager.sliceWidget(node.GetName())
        if widget is not None and widget.isVisible() and \
                widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID():
            return True
    return False


def take_turns(shown: dict[str, PatientNodes], front: str) -> None:
    """ImageViews.FLICKER: show the query or the neighbor, without moving the views."""
    if not slicer.app.layoutManager():
        return
    framed = _framed(shown, ImageViews.FLICKER, front)
    _restrict(framed, ImageViews.FLICKER)
    for orientation in ImageViews.FLICKER.orientations:
        composite = slice_widget(QUERY, orientation).sliceLogic().GetSliceCompositeNode()
        linked = composite.GetLinkedControl()
        composite.SetLinkedControl(False)
        _set_volume(composite, framed[QUERY])
        composite.SetLinkedControl(linked)


def show_belongings(shown: dict[str, PatientNodes], views: ImageViews, front: str = QUERY) -> None:
    """Show lesions and segmentations in the views of their own patients, also new ones, without moving the views."""
    if slicer.app.layoutManager():
        _restrict(_framed(shown, views, front), views)


def release_images() -> None:
    """Let the slice views forget the voxels of volumes that are gone: Slicer's layers keep the last image they sliced."""
    if not slicer.app.layoutManager():
        return
    for logic in slicer.app.layoutManager().mrmlSliceLogics():
        for layer in filter(None, (logic.GetBackgroundLayer(), logic.GetForegroundLayer(), logic.GetLabelLayer())):
            if layer.GetVolumeNode() is None:
                layer.GetReslice().RemoveAllInputConnections(0)
                layer.GetResliceUVW().RemoveAllInputConnections(0)


def field_of_view_mm(shown: dict[str, PatientNodes]) -> float:
    """What the shorter side of a view shows: enough for the largest tumor and its surroundings."""
    return max(_SMALLEST_FIELD_MM, *(_FIELD_PER_TUMOR * tumor_size_mm(patient) for patient in shown.values()))


def slice_widget(place: str, orientation: str):
    """The qMRMLSliceWidget of a place, None before its layout was shown."""
    node = _slice_node(place, orientation)              # layout managers know views by the names of their nodes
    return slicer.app.layoutManager().sliceWidget(node.GetName()) if node is not None else None


def view_ids(place: str, views: ImageViews) -> list[str]:
    """IDs of the slice and 3D view nodes of a place."""
    nodes = [_slice_node(place, orientation) for orientation in views.orientations]
    nodes += [_view_node(place)] if views.in_3d else []
    return [node.GetID() for node in nodes if node]


def _framed(shown, views, front):
    """The patient that each framed place shows now."""
    if views is ImageViews.FLICKER:
        return {QUERY: shown.get(front, shown[QUERY])}
    return {place: shown[place] for place in views.framed_places if place in shown}


def _empty(places, views):
    """Views whose place nobody takes show nothing."""
    for widget in [slice_widget(place, orientation) for place in places for orientation in views.orientations]:
        widget.mrmlSliceNode().SetSliceVisible(False)
        widget.mrmlSliceNode().SetLayoutLabel("\N{EN DASH}")
        widget.sliceLogic().GetSliceCompositeNode().SetLinkedControl(False)
        widget.sliceLogic().GetSliceCompositeNode().SetBackgroundVolumeID(None)


def _set_volume(composite, patient):
    composite.SetBackgroundVolumeID(patient.volume.GetID())
    composite.SetForegroundVolumeID(None)
    composite.SetLabelVolumeID(None)


def _slice_node(place, orientation):
    return slicer.mrmlScene.GetSingletonNode(f"Tumor{place}{orientation}", "vtkMRMLSliceNode")


def _view_node(place):
    return slicer.mrmlScene.GetSingletonNode(f"Tumor{place}3D", "vtkMRMLViewNode")


def _center(node, logic, mm_per_pixel):
    """Put the origin of the world, the tumor's center, in the middle of a view, at a scale in mm per pixel."""
    columns, rows = node.GetDimensions()[:2]
    depth = logic.GetLowestVolumeSliceSpacing()[2]
    node.SetFieldOfView(columns * mm_per_pixel, rows * mm_per_pixel, max(depth, 1e-3))
    node.JumpSliceByCentering(0.0, 0.0, 0.0)


def _show_in_3d(node, place, views):
    """A slice appears as a plane in its own patient's 3D view, and in no other."""
    node.RemoveAllThreeDViewIDs()
    if views.in_3d:
        node.AddThreeDViewID(_view_node(place).GetID())
    node.SetSliceVisible(views.in_3d)


def _look_at_tumor(place, field_mm):
    """Aim the camera of a 3D view at the origin of the world, so that it sees the fields of the slice views."""
    node = _view_node(place)
    node.SetViewGroup(VIEW_GROUP)
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    node.SetBackgroundColor(0.0, 0.0, 0.0)
    node.SetBackgroundColor2(0.13, 0.15, 0.18)
    node.SetOrientationMarkerType(slicer.vtkMRMLAbstractViewNode.OrientationMarkerTypeAxes)
    node.SetLinkedControl(True)
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(node)
    if camera is None:
        return
    width, height = slicer.app.layoutManager().threeDWidget(node.GetName()).threeDView().renderWindow().GetSize()
    seen_mm = _FIELDS_IN_3D * field_mm * max(1.0, height / max(width, 1))         # the angle is that of the height
    distance = seen_mm / 2 / math.tan(math.radians(_CAMERA_DEGREES) / 2)
    camera.SetViewAngle(_CAMERA_DEGREES)
    camera.SetFocalPoint(0.0, 0.0, 0.0)
    camera.SetPosition(*(distance * part for part in _CAMERA_DIRECTION))
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.ResetClippingRange()


def _restrict(framed, views):
    """What belongs to a patient appears only in the views of that patient; what belongs to nobody shown, nowhere."""
    place_of = {patient.patient_id: place for place, patient in framed.items()}
    for node in slicer.util.getNodesByClass("vtkMRMLDisplayableNode"):
        patient_id = node.GetAttribute(PATIENT_ATTRIBUTE)
        display = node.GetDisplayNode()
        if not patient_id or display is None or node.IsA("vtkMRMLVolumeNode"):
            continue                                    # volumes are shown by the views themselves
        place = place_of.get(patient_id)
        if place is not None:
            display.SetViewNodeIDs(view_ids(place, views))
        display.SetVisibility(place is not None)
