"""CTs in the scene, and what marks a tumor in one of them: points, ROI boxes, segments."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import vtk

from ..imaging.lesions import lps_to_ras
from .guest import GUEST_ATTRIBUTE
from .patient_nodes import PATIENT_ATTRIBUTE, ROLE_ATTRIBUTE

#: role of the box that shows what an encoder will see
CROP_ROLE = "crop"
#: role of points that were set by `start_marking`
_MARK_ROLE = "mark"
POINT, BOX, SEGMENT = "point", "box", "segment"
#: markups do not say that they are modified when a point of theirs is moved
_MOVED = slicer.vtkMRMLMarkupsNode.PointModifiedEvent, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent
_CLASSES = {"vtkMRMLMarkupsFiducialNode": POINT, "vtkMRMLMarkupsROINode": BOX, "vtkMRMLSegmentationNode": SEGMENT}


@dataclass(frozen=True)
class TumorMark:
    """Something in the scene that says where a tumor is.

    Parameters
    ----------
    node_id : str
    part : str
        Number of the control point, or ID of the segment; "" for a box.
    kind : str
        POINT, BOX or SEGMENT.
    name : str
        What the interface shows.
    """

    node_id: str
    part: str
    kind: str
    name: str

    @property
    def key(self) -> str:
        """What names it in a parameter."""
        return f"{self.node_id}/{self.part}"


def ct_volumes() -> list:
    """Volumes that may be CTs, those in the slice views first: vtkMRMLScalarVolumeNode with more than one slice, no labels."""
    shown = [composite.GetBackgroundVolumeID() for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")]
    volumes = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
               if node.GetClassName() == "vtkMRMLScalarVolumeNode" and node.GetImageData() is not None
               and min(node.GetImageData().GetDimensions()) > 1 and node.GetAttribute(GUEST_ATTRIBUTE) is None]
    return sorted(volumes, key=lambda node: node.GetID() not in shown)


def marks_of(volume) -> list[TumorMark]:
    """What marks a tumor inside a volume, the newest first; what belongs to another patient is left out."""
    patient, found = volume.GetAttribute(PATIENT_ATTRIBUTE), []
    for node, kind in _mark_nodes():
        if node.GetAttribute(PATIENT_ATTRIBUTE) in (None, patient):
            found += [mark for mark in _parts(node, kind) if kind == SEGMENT or contains(volume, mark_lps_mm(mark, volume))]
    return sorted(found, key=lambda mark: -_number(mark.node_id))


def observe_marks(function) -> list[tuple]:
    """Call `function(node, event)` whenever a mark, or what may become one, is moved; returns nodes and their tags."""
    return [(node, node.AddObserver(event, function)) for node, kind in _mark_nodes()
            for event in (vtk.vtkCommand.ModifiedEvent, *(() if kind == SEGMENT else _MOVED))]


def _mark_nodes():
    """Nodes that mark tumors, and their kind."""
    return [(node, kind) for class_name, kind in _CLASSES.items() for node in slicer.util.getNodesByClass(class_name)
            if node.GetAttribute(ROLE_ATTRIBUTE) != CROP_ROLE]


def _parts(node, kind):
    name, node_id = node.GetName(), node.GetID()
    if kind == POINT:
        defined = [place for place in range(node.GetNumberOfControlPoints())
                   if node.GetNthControlPointPositionStatus(place) == slicer.vtkMRMLMarkupsNode.PositionDefined]
        return [TumorMark(node_id, str(place), kind, node.GetNthControlPointLabel(place)) for place in defined]
    if kind == SEGMENT:
        segmentation = node.GetSegmentation()
        return [TumorMark(node_id, segmentation.GetNthSegmentID(place), kind,
                          f"{name}: {segmentation.GetNthSegment(place).GetName()}")
                for place in range(segmentation.GetNumberOfSegments())]
    placed = node.GetNumberOfDefinedControlPoints() > 0
    return [TumorMark(node_id, "", kind, name)] if placed else []


def _number(node_id):
    """Nodes of one class are numbered as they come; loaded ones keep their place by name."""
    digits = "".join(character for character in node_id if character.isdigit())
    return int(digits or 0)


def mark_lps_mm(mark: TumorMark, volume) -> np.ndarray | None:
    """The tumor's center in the space of a volume (before its parent transforms): float64, shape (3,) [mm, LPS]; None if it
    marks nothing any more: the node is gone, or its segment is empty."""
    node, world = slicer.mrmlScene.GetNodeByID(mark.node_id), [0.0, 0.0, 0.0]
    if node is None:
        return None
    if mark.kind == POINT:
        if not int(mark.part) < node.GetNumberOfControlPoints():
            return None
        node.GetNthControlPointPositionWorld(int(mark.part), world)
    elif mark.kind == BOX:
        node.GetCenterWorld(world)
    else:
        center = node.GetSegmentCenterRAS(mark.part) if node.GetSegmentation().GetSegment(mark.part) is not None else None
        if center is None:
            return None
        world = list(center)
    local = [0.0, 0.0, 0.0]
    volume.TransformPointFromWorld(world, local)
    return lps_to_ras(np.array(local))


def box_size_mm(mark: TumorMark, volume) -> np.ndarray | None:
    """Extent of a box along the patient's axes in the space of a volume: float64, shape (3,) [mm]; None for other marks."""
    node = slicer.mrmlScene.GetNodeByID(mark.node_id)
    if mark.kind != BOX or node is None:
        return None
    bounds, corners = [0.0] * 6, []
    node.GetRASBounds(bounds)
    for x, y, z in np.ndindex(2, 2, 2):
        local = [0.0, 0.0, 0.0]
        volume.TransformPointFromWorld([bounds[x], bounds[2 + y], bounds[4 + z]], local)
        corners.append(local)
    return np.ptp(corners, axis=0)


def contains(volume, point_lps_mm) -> bool:
    """Whether a point (LPS mm, before the volume's parent transforms) lies in a volume."""
    if point_lps_mm is None:
        return False
    index = np.linalg.solve(ijk_to_lps_mm(volume), np.append(point_lps_mm, 1.0))[:3]
    return bool((index >= -0.5).all() and (index <= np.array(volume.GetImageData().GetDimensions()) - 0.5).all())


def ijk_to_lps_mm(volume) -> np.ndarray:
    """Center of voxel (i, j, k) of a volume in LPS, before its parent transforms: float64, shape (4, 4) [mm]."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    to_lps = slicer.util.arrayFromVTKMatrix(matrix)
    to_lps[:3] = lps_to_ras(to_lps[:3].T).T
    return to_lps


def show_own_marks(shown: bool) -> None:
    """Show or hide the points of `start_marking`: beside tumors that stand at the origin they would lie somewhere else."""
    for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode"):
        if node.GetAttribute(ROLE_ATTRIBUTE) == _MARK_ROLE and node.GetDisplayNode() is not None:
            node.GetDisplayNode().SetVisibility(shown)


def start_marking(name: str):
    """Let the next click in a slice view set a point; returns its vtkMRMLMarkupsFiducialNode, which has none yet."""
    waiting = [node for node, _kind in _mark_nodes() if node.GetAttribute(ROLE_ATTRIBUTE) == _MARK_ROLE
               and node.GetNumberOfDefinedControlPoints() == 0]
    if waiting:                                         # placing was given up the time before
        node = waiting[0]
    else:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        node.SetAttribute(ROLE_ATTRIBUTE, _MARK_ROLE)
        node.CreateDefaultDisplayNodes()
    logic = slicer.modules.markups.logic()
    logic.SetActiveList(node)
    logic.StartPlaceMode(False)
    return node
