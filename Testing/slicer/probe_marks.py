"""Probes of markups, segments and what tells of new nodes."""
import slicer
import vtk
from probe_tools import added, layout_manager


def _remove_display(node):
    for display in [node.GetNthDisplayNode(place) for place in range(node.GetNumberOfDisplayNodes())]:
        slicer.mrmlScene.RemoveNode(display)


def _points(cleaning):
    """One point at (1, 2, 3) under a transform that moves it by 10 mm; errors of Slicer's log are not shown."""
    points, transform = added(cleaning, "vtkMRMLMarkupsFiducialNode"), added(cleaning, "vtkMRMLLinearTransformNode")
    cleaning.callback(_remove_display, points)
    points.AddControlPoint(1.0, 2.0, 3.0, "Here")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 10.0)
    transform.SetMatrixTransformToParent(matrix)
    points.SetAndObserveTransformNodeID(transform.GetID())
    cleaning.callback(vtk.vtkObject.SetGlobalWarningDisplay, vtk.vtkObject.GetGlobalWarningDisplay())
    vtk.vtkObject.GlobalWarningDisplayOff()
    return points


def _world(cleaning):
    points, world = _points(cleaning), [0.0, 0.0, 0.0]
    points.GetNthControlPointPositionWorld(0, world)
    return world == [11.0, 2.0, 3.0], points.GetNthControlPointPositionWorld(9, world)


def _status(cleaning):
    points = _points(cleaning)
    right = points.GetNthControlPointPositionStatus(0) == slicer.vtkMRMLMarkupsNode.PositionDefined
    return right, points.GetNthControlPointPositionStatus(9)


def _label(cleaning):
    points = _points(cleaning)
    return points.GetNthControlPointLabel(0) == "Here", points.GetNthControlPointLabel(9)


def _segment_id(cleaning):
    segments = slicer.vtkSegmentation()
    segments.AddEmptySegment("first", "The first one")
    return segments.GetNthSegmentID(0) == "first", segments.GetNthSegmentID(1)


def _segment_center(cleaning):
    """A segment of 3 x 3 x 3 voxels around (4, 4, 4), under a transform that moves it by 10 mm."""
    node, transform = added(cleaning, "vtkMRMLSegmentationNode"), added(cleaning, "vtkMRMLLinearTransformNode")
    cleaning.callback(_remove_display, node)
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(9, 9, 9)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(0)
    for x, y, z in ((x, y, z) for x in (3, 4, 5) for y in (3, 4, 5) for z in (3, 4, 5)):
        image.SetScalarComponentFromDouble(x, y, z, 0, 1)
    segment = node.AddSegmentFromBinaryLabelmapRepresentation(image, "Probe", (1.0, 0.0, 0.0))
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 10.0)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    cleaning.callback(vtk.vtkObject.SetGlobalWarningDisplay, vtk.vtkObject.GetGlobalWarningDisplay())
    vtk.vtkObject.GlobalWarningDisplayOff()
    center = node.GetSegmentCenterRAS(segment)
    return max(abs(a - b) for a, b in zip(center, (14.0, 4.0, 4.0))) < 1.0, node.GetSegmentCenterRAS("NoSuchThing")


def _observed(cleaning):
    """Told of a new node, and of none after the observer was removed; another tag is passed over."""
    scene, told = slicer.mrmlScene, []
    tag = scene.AddObserver(scene.NodeAddedEvent, lambda caller, event: told.append(event))
    added(cleaning, "vtkMRMLTextNode")
    scene.RemoveObserver(tag)
    scene.RemoveObserver(10 ** 6)
    added(cleaning, "vtkMRMLTextNode")
    return told == ["NodeAddedEvent"] or len(told) == 1


def _place_mode(cleaning):
    """The node becomes the active one, and the next click places a point; the mode before comes back."""
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    mode, name, active = (interaction.GetCurrentInteractionMode(), selection.GetActivePlaceNodeClassName(),
                          selection.GetActivePlaceNodeID())
    cleaning.callback(interaction.SetCurrentInteractionMode, mode)
    cleaning.callback(selection.SetReferenceActivePlaceNodeID, active)
    cleaning.callback(selection.SetReferenceActivePlaceNodeClassName, name)
    node = added(cleaning, "vtkMRMLMarkupsFiducialNode")
    cleaning.callback(_remove_display, node)
    logic = slicer.modules.markups.logic()
    logic.SetActiveList(node)
    logic.StartPlaceMode(False)
    return interaction.GetCurrentInteractionMode() == interaction.Place and selection.GetActivePlaceNodeID() == node.GetID()


def _visible(cleaning):
    manager = layout_manager()
    return all(manager.sliceWidget(name).isVisible() in (True, False) for name in manager.sliceViewNames())


PROBES = {
    "vtkMRMLMarkupsNode.GetNthControlPointPositionWorld": _world,
    "vtkMRMLMarkupsNode.GetNthControlPointPositionStatus": _status,
    "vtkMRMLMarkupsNode.GetNthControlPointLabel": _label, "vtkSegmentation.GetNthSegmentID": _segment_id,
    "vtkMRMLSegmentationNode.GetSegmentCenterRAS": _segment_center, "mrmlScene.AddObserver": _observed,
    "mrmlScene.RemoveObserver": _observed, "vtkSlicerMarkupsLogic.SetActiveList": _place_mode,
    "vtkSlicerMarkupsLogic.StartPlaceMode": _place_mode, "sliceWidget.isVisible": _visible,
    "slicer.modules.markups": lambda cleaning: (slicer.modules.markups.logic() is not None, _missing_module()),
}


def _missing_module():
    try:
        return slicer.modules.nosuchthing
    except AttributeError as error:
        return error
