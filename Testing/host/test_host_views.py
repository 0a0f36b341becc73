"""Layouts and views: what is described is shown, slices are drawn where the geometry says, linked views follow."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from studies import warm_workers
from view_input import drag, pixels, wheel

LAYOUT_ID = 4711
ROW = """<layout type="horizontal" split="true"><item splitSize="400"><HostChart></HostChart></item>
<item splitSize="800"><layout type="grid">{}</layout></item></layout>"""
CELL = """<item row="{row}" column="{column}"><view class="vtkMRMLSliceNode" singletontag="{tag}">
<property name="orientation" action="default">{orientation}</property>
<property name="viewlabel" action="default">{tag}</property>
<property name="viewcolor" action="default">#F34A33</property>
<property name="viewgroup" action="default">{group}</property></view></item>"""


@pytest.fixture
def volume(scene):
    """80 x 60 x 40 voxels of 2 x 2 x 4 mm around the origin, dark, with a bright block at RAS (20..30, -10..10, -20..20)."""
    import slicer
    array = np.zeros((40, 60, 80), np.int16)
    ras_to_ijk = {"x": lambda r: int(r / 2 + 40), "y": lambda a: int(a / 2 + 30), "z": lambda s: int(s / 4 + 20)}
    array[ras_to_ijk["z"](-20):ras_to_ijk["z"](20), ras_to_ijk["y"](-10):ras_to_ijk["y"](10),
          ras_to_ijk["x"](20):ras_to_ijk["x"](30)] = 1000
    ijk_to_ras = np.array([[2, 0, 0, -80], [0, 2, 0, -60], [0, 0, 4, -80], [0, 0, 0, 1.0]])
    node = slicer.util.addVolumeFromArray(array, ijk_to_ras, "CT")
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(1000, 500)
    slicer.util.setSliceViewerLayers(background=node, fit=True)
    slicer.app.processEvents()
    return node


@pytest.fixture
def custom_layout(window, scene, qt):
    """A chart beside two linked slice views of one group and one of another."""
    import slicer
    manager = slicer.app.layoutManager()
    chart = qt.QLabel("chart")
    factory = slicer.qSlicerSingletonViewFactory()
    factory.setTagName("HostChart")
    factory.setWidget(chart)
    manager.registerViewFactory(factory)
    cells = "".join(CELL.format(row=n // 2, column=n % 2, tag=tag, orientation="Axial", group=group)
                    for n, (tag, group) in enumerate((("One", 21), ("Two", 21), ("Far", 22))))
    node = manager.layoutLogic().GetLayoutNode()
    node.AddLayoutDescription(LAYOUT_ID, ROW.format(cells))
    manager.setLayout(LAYOUT_ID)
    slicer.app.processEvents()
    yield manager, chart
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)


def link(manager, names, hot=True):
    for name in names:
        composite = manager.sliceWidget(name).mrmlSliceCompositeNode()
        composite.SetLinkedControl(True)
        composite.SetHotLinkedControl(hot)


def expected_columns_and_rows(view, low, high):
    """Device pixel ranges of a box given by two RAS corners, in an axial view."""
    import slicer
    ras_to_xy = np.linalg.inv(slicer.util.arrayFromVTKMatrix(view.mrmlSliceNode().GetXYToRAS()))
    corners = np.array([(ras_to_xy @ [*corner, 1])[:2] for corner in (low, high)])
    height = view.renderWindow().GetSize()[1]
    return sorted(corners[:, 0]), sorted(height - corners[:, 1])


def test_layouts_are_switched(scene):
    import slicer
    manager, codes = slicer.app.layoutManager(), slicer.vtkMRMLLayoutNode
    seen = []
    manager.connect("layoutChanged(int)", seen.append)
    manager.setLayout(codes.SlicerLayoutOneUpRedSliceView)
    slicer.app.processEvents()
    assert manager.layout == codes.SlicerLayoutOneUpRedSliceView and seen == [manager.layout]
    assert manager.sliceWidget("Red").visible and not manager.sliceWidget("Green").visible
    manager.setLayout(codes.SlicerLayoutFourUpView)
    slicer.app.processEvents()
    assert all(manager.sliceWidget(name).visible for name in ("Red", "Yellow", "Green")) and manager.threeDWidget(0).visible
    assert manager.sliceWidget("Nowhere") is None and manager.threeDWidget(9) is None
    manager.disconnect("layoutChanged(int)", seen.append)


def test_a_singleton_widget_has_its_place_in_a_layout(custom_layout):
    manager, chart = custom_layout
    assert chart.visible and chart.width > 100         # what two slice views of 318 pixels leave of the window
    assert {"One", "Two", "Far"} <= set(manager.sliceViewNames())
    assert manager.sliceWidget("One").mrmlSliceNode().GetViewGroup() == 21


def test_slices_are_drawn_where_the_geometry_says(volume):
    import slicer
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    view.mrmlSliceNode().SetSliceOffset(0)
    view.forceRender()
    bright_rows, bright_columns = np.nonzero(pixels(view)[..., 0] > 128)
    columns, rows = expected_columns_and_rows(view, (20, -10, 0), (30, 10, 0))
    assert bright_columns.min() == pytest.approx(columns[0], abs=4) and bright_columns.max() == pytest.approx(columns[1], abs=4)
    assert bright_rows.min() == pytest.approx(rows[0], abs=4) and bright_rows.max() == pytest.approx(rows[1], abs=4)


def test_slices_stay_right_after_the_window_changes_its_size(window, volume):
    import slicer
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    node = view.mrmlSliceNode()
    height_mm = node.GetFieldOfView()[1]
    try:
        window.resize(1500, 700)
        slicer.app.processEvents()
        assert tuple(node.GetDimensions()[:2]) == view.renderWindow().GetSize() == (view.width, view.height)
        assert node.GetFieldOfView()[1] == pytest.approx(height_mm)
        spacing = np.array(node.GetFieldOfView()[:2]) / node.GetDimensions()[:2]
        assert spacing[0] == pytest.approx(spacing[1], rel=0.02)
        node.SetSliceOffset(0)
        view.forceRender()
        columns, _ = expected_columns_and_rows(view, (20, -10, 0), (30, 10, 0))
        bright = np.nonzero(pixels(view)[..., 0] > 128)[1]
        assert (bright.min(), bright.max()) == pytest.approx(columns, abs=4)
    finally:
        window.resize(1200, 800)
        slicer.app.processEvents()


def test_layout_switches_keep_the_field_of_view(volume):
    import slicer
    manager, codes = slicer.app.layoutManager(), slicer.vtkMRMLLayoutNode
    node = manager.sliceWidget("Red").mrmlSliceNode()
    height_mm = node.GetFieldOfView()[1]
    for layout in (codes.SlicerLayoutOneUpRedSliceView, codes.SlicerLayoutOneUp3DView, codes.SlicerLayoutFourUpView):
        manager.setLayout(layout)
        slicer.app.processEvents()
        assert node.GetFieldOfView()[1] == pytest.approx(height_mm)
    assert min(node.GetDimensions()[:2]) > 50


def test_the_wheel_moves_through_slices(volume):
    import slicer
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    node = view.mrmlSliceNode()
    node.SetSliceOffset(0)
    wheel(view, 3)
    assert abs(node.GetSliceOffset()) == pytest.approx(3 * 4)


def test_linked_views_of_one_group_follow_the_wheel(custom_layout, volume):
    import slicer
    manager, _ = custom_layout
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    link(manager, ("One", "Two", "Far"))
    nodes = {name: manager.sliceWidget(name).mrmlSliceNode() for name in ("One", "Two", "Far")}
    for node in nodes.values():
        node.SetSliceOffset(0)
    wheel(manager.sliceWidget("One").sliceView(), 3)
    assert abs(nodes["One"].GetSliceOffset()) == pytest.approx(12)
    assert nodes["Two"].GetSliceOffset() == nodes["One"].GetSliceOffset()
    assert nodes["Far"].GetSliceOffset() == 0


def test_linked_views_of_one_group_follow_zooming_and_panning(custom_layout, volume):
    import slicer
    from PySide6 import QtCore
    manager, _ = custom_layout
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    link(manager, ("One", "Two", "Far"))
    one, two, far = (manager.sliceWidget(name).mrmlSliceNode() for name in ("One", "Two", "Far"))
    view, before, before_far = manager.sliceWidget("One").sliceView(), one.GetFieldOfView()[1], far.GetFieldOfView()[1]
    drag(view, (100, 100), (100, 140), QtCore.Qt.RightButton)
    assert one.GetFieldOfView()[1] != pytest.approx(before, rel=0.02)
    spacing_one, spacing_two = (node.GetFieldOfView()[1] / node.GetDimensions()[1] for node in (one, two))
    assert spacing_two == pytest.approx(spacing_one, rel=0.01) and far.GetFieldOfView()[1] == pytest.approx(before_far)
    drag(view, (100, 100), (140, 100), QtCore.Qt.LeftButton, QtCore.Qt.ShiftModifier)
    assert abs(one.GetXYZOrigin()[0]) > 1
    assert two.GetXYZOrigin()[0] == pytest.approx(one.GetXYZOrigin()[0]) and far.GetXYZOrigin()[0] == 0


def test_views_that_are_not_linked_stay(custom_layout, volume):
    manager, _ = custom_layout
    for name in ("One", "Two"):
        manager.sliceWidget(name).mrmlSliceCompositeNode().SetLinkedControl(False)
        manager.sliceWidget(name).mrmlSliceNode().SetSliceOffset(0)
    wheel(manager.sliceWidget("One").sliceView(), 2)
    assert manager.sliceWidget("One").mrmlSliceNode().GetSliceOffset() != 0
    assert manager.sliceWidget("Two").mrmlSliceNode().GetSliceOffset() == 0


def test_the_bar_moves_the_slice_and_links_views(volume):
    import slicer
    controller = slicer.app.layoutManager().sliceWidget("Red").sliceController()
    controller.setSliceOffsetValue(8)
    assert controller.mrmlSliceNode().GetSliceOffset() == pytest.approx(8)
    controller.setSliceLink(True)
    assert all(node.GetLinkedControl() for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"))
    controller.setSliceLink(False)


def test_the_3d_view_shows_its_background_and_turns(scene):
    import slicer
    view = slicer.app.layoutManager().threeDWidget(0).threeDView()
    view.forceRender()
    shown = pixels(view).astype(int)
    node = view.mrmlViewNode()
    expected = [255 * np.array(color) for color in (node.GetBackgroundColor2(), node.GetBackgroundColor())]
    assert shown[3, 3] == pytest.approx(expected[0], abs=8) and shown[-4, 3] == pytest.approx(expected[1], abs=8)
    before = view.cameraNode().GetPosition()
    drag(view, (60, 60), (140, 60))
    assert np.linalg.norm(np.subtract(view.cameraNode().GetPosition(), before)) > 1


def test_views_are_drawn_in_device_pixels(scene):
    """At scale 2, which a process has from its start, a view has twice the pixels, handles and labels twice the size."""
    import slicer
    program = ("from slicerhost import app\n"
               "application = app.start()\n"
               "window = app.MainWindow(); window.resize(900, 700); window.show(); application.processEvents()\n"
               "view = application.layoutManager().sliceWidget('Red').sliceView()\n"
               "view.forceRender()\n"
               "factor = view.mrmlSliceNode().GetScreenScaleFactor()\n"
               "print(view.width, view.renderWindow().GetSize()[0], view.grab().width(), factor)\n")
    paths = os.pathsep.join([str(pathlib.Path(__file__).parents[1]), os.environ["PYTHONPATH"]])
    environment = {**os.environ, **warm_workers.from_server(), "QT_SCALE_FACTOR": "2", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    width, rendered, grabbed, factor = map(float, done.stdout.split())
    assert rendered == grabbed == 2 * width
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    assert view.renderWindow().GetSize()[0] == view.width
    assert factor == pytest.approx(2 * view.mrmlSliceNode().GetScreenScaleFactor())


def test_rendering_can_be_paused(volume):
    import slicer
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    view.mrmlSliceNode().SetSliceOffset(0)
    view.forceRender()
    before = pixels(view).copy()
    with slicer.util.RenderBlocker():
        view.mrmlSliceNode().SetSliceOffset(60)
        view.forceRender()
        assert (pixels(view) == before).all()
    view.forceRender()
    assert (pixels(view) != before).any()
