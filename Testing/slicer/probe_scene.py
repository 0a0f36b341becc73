"""Probes of scene, nodes, logics, files, arrays and packages."""
import pathlib

import numpy as np
import slicer
import slicer.packaging
import slicer.util
import vtk
from probe_tools import added, folder, layout_manager, refused

_NOBODY = "NoSuchThing"
_ONE_IMAGE = b"NRRD0004\ntype: short\ndimension: 2\nsizes: 4 3\nspacings: 1 1\nendian: little\nencoding: raw\n\n" + bytes(24)


def _volume(cleaning):
    """A volume of 4 x 3 x 2 voxels, with its display node; both go in the end."""
    volume, image = added(cleaning, "vtkMRMLScalarVolumeNode"), vtk.vtkImageData()
    image.SetDimensions(4, 3, 2)
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    volume.SetAndObserveImageData(image)
    volume.CreateDefaultDisplayNodes()
    cleaning.callback(_remove_display, volume)
    return volume


def _remove_display(node):
    for display in [node.GetNthDisplayNode(place) for place in range(node.GetNumberOfDisplayNodes())]:
        slicer.mrmlScene.RemoveNode(display)


def _names_are_taken(cleaning):
    two = [added(cleaning, "vtkMRMLTextNode", "Twin") for _ in range(2)]
    return two[0].GetName() == two[1].GetName() == "Twin", slicer.mrmlScene.AddNewNodeByClass("vtkMRML" + _NOBODY)


def _first_by_class(cleaning):
    added(cleaning, "vtkMRMLLabelMapVolumeNode")
    scene = slicer.mrmlScene
    return scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode") is not None, scene.GetFirstNodeByClass("vtkMRML" + _NOBODY)


def _all_by_class(cleaning):
    node = added(cleaning, "vtkMRMLLabelMapVolumeNode")
    return node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"), slicer.util.getNodesByClass("vtkMRML" + _NOBODY)


def _by_id(cleaning):
    node, scene = added(cleaning, "vtkMRMLTextNode"), slicer.mrmlScene
    none_is_refused = isinstance(refused(scene.GetNodeByID, None), TypeError)
    return scene.GetNodeByID(node.GetID()) is node and none_is_refused, scene.GetNodeByID(_NOBODY)


def _singleton(cleaning):
    scene, node = slicer.vtkMRMLScene(), slicer.vtkMRMLViewNode()      # in the application's, a view would be made for it
    node.SetName("ProbeView")
    node.SetSingletonTag("ProbeTag")
    scene.AddNode(node)
    return scene.GetSingletonNode("ProbeTag", "vtkMRMLAbstractViewNode") is node, \
        scene.GetSingletonNode("ProbeView", "vtkMRMLViewNode")


def _present(cleaning):
    node, alone = added(cleaning, "vtkMRMLTextNode"), slicer.vtkMRMLTextNode()
    return slicer.mrmlScene.IsNodePresent(node) > 0, slicer.mrmlScene.IsNodePresent(alone)


def _removed(cleaning):
    volume = _volume(cleaning)
    display, node_id = volume.GetDisplayNode(), volume.GetID()
    cleaning.callback(slicer.mrmlScene.RemoveNode, display)
    slicer.mrmlScene.RemoveNode(volume)
    return slicer.mrmlScene.GetNodeByID(node_id) is None and slicer.mrmlScene.IsNodePresent(display) > 0


def _cleared(cleaning):
    """Tried on a scene of its own: the user's stays."""
    scene, node = slicer.vtkMRMLScene(), slicer.vtkMRMLTextNode()
    node.SetSingletonTag("ProbeTag")
    scene.AddNode(node)
    scene.AddNewNodeByClass("vtkMRMLTextNode")
    scene.Clear()
    return scene.GetNumberOfNodes() == 1


def _attribute(cleaning):
    node = added(cleaning, "vtkMRMLTextNode")
    node.SetAttribute("Probe", "value")
    right = node.GetAttribute("Probe") == "value"
    node.SetAttribute("Probe", None)
    return right and node.GetAttribute("Probe") is None, node.GetAttribute(_NOBODY)


def _transform(cleaning):
    volume, transform = _volume(cleaning), added(cleaning, "vtkMRMLLinearTransformNode")
    volume.SetAndObserveTransformNodeID(transform.GetID())
    right = volume.GetParentTransformNode() is transform
    volume.SetAndObserveTransformNodeID(_NOBODY)
    return right, volume.GetParentTransformNode()


def _display(cleaning):
    """The window stays as it was set where the automatic one is off, and is that of the voxels where it is on."""
    volume, windows = _volume(cleaning), []
    _remove_display(volume)
    for automatic in (False, True):
        display = added(cleaning, "vtkMRMLScalarVolumeDisplayNode")
        display.SetAutoWindowLevel(automatic)
        display.SetWindowLevel(1500, -600)
        volume.SetAndObserveDisplayNodeID(display.GetID())
        windows.append((volume.GetDisplayNode() is display, display.GetWindow() == 1500))
    volume.SetAndObserveDisplayNodeID(_NOBODY)
    return windows == [(True, True), (True, False)], volume.GetDisplayNode()


def _layer(name):
    def probe(cleaning):
        volume, composite = _volume(cleaning), added(cleaning, "vtkMRMLSliceCompositeNode")
        put, get = getattr(composite, f"Set{name}VolumeID"), getattr(composite, f"Get{name}VolumeID")
        put(volume.GetID())
        right = get() == volume.GetID()
        put(None)
        right = right and get() is None
        put(_NOBODY)
        return right, get()

    return probe


def _slice_node(cleaning):
    """A slice node with Slicer's presets outside of any view: no widget is made for it."""
    node = slicer.vtkMRMLSliceNode()
    for shown in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        for name in map(shown.GetSliceOrientationPresetName, map(shown.GetSliceOrientationPreset, ("Axial", "Coronal"))):
            node.AddSliceOrientationPreset(name, shown.GetSliceOrientationPreset(name))
        break
    return node


def _view_group(cleaning):
    saved, loaded = slicer.vtkMRMLScene(), slicer.vtkMRMLScene()
    view = saved.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetViewGroup(57)
    path = str(pathlib.Path(folder(cleaning)) / "views.mrml")
    for scene in (saved, loaded):
        scene.SetURL(path)
    saved.Commit()
    loaded.Connect()
    return view.GetViewGroup() == 57 and loaded.GetFirstNodeByClass("vtkMRMLSliceNode").GetViewGroup() == 1


def _orientation(cleaning):
    node = _slice_node(cleaning)
    right = node.SetOrientation("Coronal") and node.GetOrientation() == "Coronal"
    return right, node.SetOrientation(_NOBODY)


def _three_d_id(cleaning):
    node = _slice_node(cleaning)
    node.AddThreeDViewID(_NOBODY)
    return node.IsThreeDViewIDPresent(_NOBODY)


def _view_ids(cleaning):
    display = slicer.vtkMRMLScalarVolumeDisplayNode()
    everywhere = display.IsDisplayableInView(_NOBODY)
    display.SetViewNodeIDs(["A"])
    return everywhere and display.IsDisplayableInView("A") and not display.IsDisplayableInView("B")


def _display_place(cleaning):
    volume = _volume(cleaning)
    return volume.GetNthDisplayNode(0) is volume.GetDisplayNode(), volume.GetNthDisplayNode(9)


def _storage_place(cleaning):
    volume, storage = _volume(cleaning), added(cleaning, "vtkMRMLVolumeArchetypeStorageNode")
    volume.SetAndObserveStorageNodeID(storage.GetID())
    return volume.GetNthStorageNode(0) is storage, volume.GetNthStorageNode(9)


def _file_name(cleaning):
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(_NOBODY)
    return storage.GetFileName() == _NOBODY, refused(storage.SetFileName, None)


def _control_point(cleaning):
    """RAS before transforms; a place that is not there is said in the error log."""
    points, transform = added(cleaning, "vtkMRMLMarkupsFiducialNode"), added(cleaning, "vtkMRMLLinearTransformNode")
    cleaning.callback(_remove_display, points)
    points.AddControlPoint(1.0, 2.0, 3.0)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 10.0)
    transform.SetMatrixTransformToParent(matrix)
    points.SetAndObserveTransformNodeID(transform.GetID())
    right = tuple(points.GetNthControlPointPosition(0)) == (1.0, 2.0, 3.0)
    warned = vtk.vtkObject.GetGlobalWarningDisplay()
    cleaning.callback(vtk.vtkObject.SetGlobalWarningDisplay, warned)
    vtk.vtkObject.GlobalWarningDisplayOff()
    return right, points.GetNthControlPointPosition(9)


def _unique_name(cleaning):
    scene = slicer.vtkMRMLScene()
    return len({scene.GetUniqueNameByString("Probe") for _ in range(2)}) == 2


def _address(name):
    def probe(cleaning):
        scene = slicer.vtkMRMLScene()
        before = scene.GetURL()
        getattr(scene, f"Set{name}")("/no/such/place")
        return getattr(scene, f"Get{name}")() == "/no/such/place", before

    return probe


def _hierarchy_item(cleaning):
    """The hierarchy, and the item of a new folder in it."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "Probe")
    cleaning.callback(_forget_item, hierarchy, item)
    return hierarchy, item


def _forget_item(hierarchy, item):
    if item in _all_items(hierarchy):
        hierarchy.RemoveItem(item, False, False)


def _all_items(hierarchy):
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    return {items.GetId(place) for place in range(items.GetNumberOfIds())}


def _by_data_node(cleaning):
    hierarchy, _item = _hierarchy_item(cleaning)
    volume = _volume(cleaning)
    own = hierarchy.GetItemByDataNode(volume) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), volume)
    cleaning.callback(_forget_item, hierarchy, own)
    return hierarchy.GetItemDataNode(own) is volume, hierarchy.GetItemByDataNode(slicer.vtkMRMLTextNode())


def _item_parent(cleaning):
    hierarchy, item = _hierarchy_item(cleaning)
    return hierarchy.GetItemParent(item) == hierarchy.GetSceneItemID(), \
        hierarchy.GetItemParent(hierarchy.GetSceneItemID())


def _remove_item(cleaning):
    hierarchy, item = _hierarchy_item(cleaning)
    warned = vtk.vtkObject.GetGlobalWarningDisplay()
    cleaning.callback(vtk.vtkObject.SetGlobalWarningDisplay, warned)
    right = hierarchy.RemoveItem(item) and item not in _all_items(hierarchy)
    vtk.vtkObject.GlobalWarningDisplayOff()             # an item that is not there is said in the error log
    return right, hierarchy.RemoveItem(item)


def _segment(cleaning):
    segmentation, image = added(cleaning, "vtkMRMLSegmentationNode"), slicer.vtkOrientedImageData()
    image.SetDimensions(3, 3, 3)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    segment_id = segmentation.AddSegmentFromBinaryLabelmapRepresentation(image, "Probe", (1.0, 0.0, 0.0))
    return segmentation.GetSegmentation().GetSegment(segment_id).GetName() == "Probe"


def _nth_segment(cleaning):
    segments = slicer.vtkSegmentation()
    for name in ("First", "Second"):
        segments.AddEmptySegment(name, name)
    return segments.GetNthSegment(1).GetName() == "Second", segments.GetNthSegment(2)


def _selected(what, class_name):
    def probe(cleaning):
        node, selection = added(cleaning, class_name), slicer.app.applicationLogic().GetSelectionNode()
        put, get = getattr(selection, f"SetActive{what}ID"), getattr(selection, f"GetActive{what}ID")
        cleaning.callback(put, get())
        put(node.GetID())
        return get() == node.GetID()

    return probe


def _plot_series(cleaning):
    chart, series = added(cleaning, "vtkMRMLPlotChartNode"), added(cleaning, "vtkMRMLPlotSeriesNode")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    right = chart.GetNthPlotSeriesNode(0) is series
    chart.RemoveAllPlotSeriesNodeIDs()
    chart.AddAndObservePlotSeriesNodeID(_NOBODY)
    return right, chart.GetNthPlotSeriesNode(0)


def _plot_table(cleaning):
    series, table = added(cleaning, "vtkMRMLPlotSeriesNode"), added(cleaning, "vtkMRMLTableNode")
    series.SetAndObserveTableNodeID(table.GetID())
    right = series.GetTableNode() is table
    series.SetAndObserveTableNodeID(_NOBODY)
    return right, series.GetTableNode()


def _column(axis):
    def probe(cleaning):
        series = added(cleaning, "vtkMRMLPlotSeriesNode")
        getattr(series, f"Set{axis}ColumnName")(_NOBODY)
        return getattr(series, f"Get{axis}ColumnName")() == _NOBODY

    return probe


def _scalar_volume(cleaning):
    """Two files of one image each are one volume of two slices; nothing is logged."""
    logged, window, files = [], vtk.vtkOutputWindow.GetInstance(), vtk.vtkStringArray()
    for tag in [window.AddObserver(event, lambda *_: logged.append(1)) for event in ("ErrorEvent", "WarningEvent")]:
        cleaning.callback(window.RemoveObserver, tag)
    place = pathlib.Path(folder(cleaning))
    for name in ("b.nrrd", "a.nrrd"):
        (place / name).write_bytes(_ONE_IMAGE)
        files.InsertNextValue(str(place / name))
    logic = slicer.modules.volumes.logic()
    volume = logic.AddArchetypeScalarVolume(str(place / "b.nrrd"), "Probe", 0, files)
    for node in (volume, volume.GetStorageNode(), volume.GetDisplayNode()):
        cleaning.callback(slicer.mrmlScene.RemoveNode, node)
    right = not logged and volume.GetImageData().GetDimensions()[2] == 2
    warned = vtk.vtkObject.GetGlobalWarningDisplay()
    cleaning.callback(vtk.vtkObject.SetGlobalWarningDisplay, warned)
    vtk.vtkObject.GlobalWarningDisplayOff()
    missing = vtk.vtkStringArray()
    missing.InsertNextValue(str(place / "missing.nrrd"))
    return right, logic.AddArchetypeScalarVolume(str(place / "missing.nrrd"), "Probe", 0, missing)


def _camera(cleaning):
    layout_manager()
    logic, node = slicer.modules.cameras.logic(), slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLViewNode")
    camera = logic.GetViewActiveCameraNode(node)
    return camera is not None and camera.GetLayoutName() == node.GetLayoutName(), \
        logic.GetViewActiveCameraNode(slicer.vtkMRMLViewNode())


def _module(name):
    return lambda cleaning: (hasattr(slicer.modules, name), refused(getattr, slicer.modules, name.upper() + _NOBODY))


def _saved_scene(cleaning):
    """A .mrml file names the scene's nodes only; the scene's own address and folder are as before."""
    _keep_address(cleaning)
    path = pathlib.Path(folder(cleaning)) / "probe.mrml"
    return bool(slicer.util.saveScene(str(path))) and path.stat().st_size > 0, \
        slicer.util.saveScene(str(path.parent / _NOBODY / "probe.mrml"))


def _load_scene(cleaning):
    """A file that is not there, to be added to the scene: in its place it would take the user's scene away first."""
    _keep_address(cleaning)
    path = pathlib.Path(folder(cleaning)) / "missing.mrml"
    return callable(slicer.util.loadScene), refused(slicer.util.loadScene, str(path), {"clear": False})


def _keep_address(cleaning):
    scene = slicer.mrmlScene
    cleaning.callback(scene.SetRootDirectory, scene.GetRootDirectory() or "")
    cleaning.callback(scene.SetURL, scene.GetURL() or "")


def _matrix(cleaning):
    matrix, wanted = vtk.vtkMatrix4x4(), np.arange(16.0).reshape(4, 4)
    slicer.util.updateVTKMatrixFromArray(matrix, wanted)
    found = slicer.util.arrayFromVTKMatrix(matrix)
    found[0, 0] = 99
    return matrix.GetElement(0, 0) == 0 and matrix.GetElement(1, 2) == 6, \
        refused(slicer.util.updateVTKMatrixFromArray, matrix, np.zeros((2, 2)))


def _array(cleaning):
    volume = _volume(cleaning)
    array = slicer.util.arrayFromVolume(volume)
    array[1, 2, 3] = 7
    return array.shape == (2, 3, 4) and volume.GetImageData().GetScalarComponentAsDouble(3, 2, 1, 0) == 7


def _requirements(cleaning):
    path = pathlib.Path(folder(cleaning)) / "requirements.txt"
    path.write_text("# a comment\nnumpy>=1\n", encoding="utf-8")
    found = slicer.packaging.load_requirements(str(path))
    return [one.name for one in found] == ["numpy"], refused(slicer.packaging.load_requirements, str(path) + ".missing")


PROBES = {
    "mrmlScene.AddNewNodeByClass": _names_are_taken, "mrmlScene.GetFirstNodeByClass": _first_by_class,
    "mrmlScene.GetNodeByID": _by_id, "mrmlScene.GetSingletonNode": _singleton, "mrmlScene.IsNodePresent": _present,
    "mrmlScene.GetUniqueNameByString": _unique_name,
    "mrmlScene.GetURL": _address("URL"), "mrmlScene.SetURL": lambda cleaning: _address("URL")(cleaning)[0],
    "mrmlScene.GetRootDirectory": lambda cleaning: _address("RootDirectory")(cleaning)[0],
    "mrmlScene.SetRootDirectory": lambda cleaning: _address("RootDirectory")(cleaning)[0],
    "vtkMRMLStorageNode.SetFileName": _file_name, "vtkMRMLMarkupsNode.GetNthControlPointPosition": _control_point,
    "mrmlScene.RemoveNode": _removed, "mrmlScene.Clear": _cleared, "vtkMRMLNode.GetAttribute": _attribute,
    "vtkMRMLNode.SetAttribute": lambda cleaning: _attribute(cleaning)[0],
    "vtkMRMLNode.SetName": lambda cleaning: len({added(cleaning, "vtkMRMLTextNode", "Twin").GetName() for _ in "ab"}) == 1,
    "vtkMRMLTransformableNode.SetAndObserveTransformNodeID": _transform,
    "vtkMRMLDisplayableNode.SetAndObserveDisplayNodeID": _display,
    "vtkMRMLSliceCompositeNode.SetBackgroundVolumeID": _layer("Background"),
    "vtkMRMLSliceCompositeNode.SetForegroundVolumeID": _layer("Foreground"),
    "vtkMRMLSliceCompositeNode.SetLabelVolumeID": _layer("Label"),
    "vtkMRMLAbstractViewNode.SetViewGroup": _view_group,
    "vtkMRMLSliceNode.SetOrientation": _orientation, "vtkMRMLSliceNode.AddThreeDViewID": _three_d_id,
    "vtkMRMLDisplayNode.SetViewNodeIDs": _view_ids, "vtkMRMLDisplayableNode.GetNthDisplayNode": _display_place,
    "vtkMRMLStorableNode.GetNthStorageNode": _storage_place,
    "vtkMRMLSubjectHierarchyNode.GetItemByDataNode": _by_data_node,
    "vtkMRMLSubjectHierarchyNode.GetItemParent": _item_parent, "vtkMRMLSubjectHierarchyNode.RemoveItem": _remove_item,
    "vtkMRMLSegmentationNode.AddSegmentFromBinaryLabelmapRepresentation": _segment,
    "vtkSegmentation.GetNthSegment": _nth_segment,
    "vtkMRMLSelectionNode.SetActivePlotChartID": _selected("PlotChart", "vtkMRMLPlotChartNode"),
    "vtkMRMLSelectionNode.SetActiveTableID": _selected("Table", "vtkMRMLTableNode"),
    "vtkMRMLPlotChartNode.AddAndObservePlotSeriesNodeID": _plot_series,
    "vtkMRMLPlotSeriesNode.SetAndObserveTableNodeID": _plot_table,
    "vtkMRMLPlotSeriesNode.SetXColumnName": _column("X"), "vtkMRMLPlotSeriesNode.SetYColumnName": _column("Y"),
    "vtkMRMLPlotSeriesNode.SetLabelColumnName": _column("Label"),
    "slicer.modules.volumes": _module("volumes"), "slicer.modules.cameras": _module("cameras"),
    "slicer.modules.TumorConnectomeWidget": _module("TumorConnectomeWidget"),
    "slicer.modules.logic": lambda cleaning: slicer.modules.volumes.logic().IsA("vtkSlicerVolumesLogic"),
    "vtkSlicerVolumesLogic.AddArchetypeScalarVolume": _scalar_volume,
    "vtkSlicerCamerasModuleLogic.GetViewActiveCameraNode": _camera,
    "slicer.util.getNodesByClass": _all_by_class,
    "slicer.util.loadScene": _load_scene,
    "slicer.util.saveScene": _saved_scene, "slicer.util.arrayFromVolume": _array,
    "slicer.util.arrayFromVTKMatrix": lambda cleaning: _matrix(cleaning)[0],
    "slicer.util.updateVTKMatrixFromArray": _matrix,
    "slicer.packaging.canonicalize_name": lambda cleaning: slicer.packaging.canonicalize_name("A_b.C") == "a-b-c",
    "slicer.packaging.load_requirements": _requirements,
    "slicer.packaging.pip_check": lambda cleaning: (
        slicer.packaging.pip_check("numpy>=1"), slicer.packaging.pip_check("no-such-package-of-the-probe>=1")),
    "slicer.packaging.pip_ensure": lambda cleaning: slicer.packaging.pip_ensure(["numpy>=1"], requester="Probe") is None,
}
