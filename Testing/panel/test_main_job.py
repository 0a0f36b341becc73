"""The main job with real mouse buttons and keys: cohort, click, CT with the tumor's box, a match beside it.

The tests load the same few patients, whose CTs are generated once.
"""
import numpy as np
import pytest
import vtk
from gestures import click, click_row
from PySide6 import QtCore, QtTest
from view_input import pixels, wheel

from TumorConnectomeLib.presentation.patient_summary import percent_text

YELLOW = np.array([255, 217, 51])


def click_node(session, patient, double=False):
    view = session.panel.view
    click(view, *view.nodeCenter(patient))
    if double:
        click(view, *view.nodeCenter(patient), double=True)


def slice_widget(session, name):
    return session.application.layoutManager().sliceWidget(name)


def box_on_screen(session, name, roi):
    """Where a slice view must show an ROI: (left, right, top, bottom) in pixels of the view, from MRML geometry alone."""
    import slicer

    view = slice_widget(session, name).sliceView()
    to_screen = np.linalg.inv(slicer.util.arrayFromVTKMatrix(view.mrmlSliceNode().GetXYToRAS()))
    to_world = vtk.vtkMatrix4x4()
    roi.GetParentTransformNode().GetMatrixTransformToWorld(to_world)
    matrix = to_screen @ slicer.util.arrayFromVTKMatrix(to_world) @ slicer.util.arrayFromVTKMatrix(roi.GetObjectToNodeMatrix())
    half = np.array(roi.GetSize()) / 2
    corners = np.array([(matrix @ np.append(half * [x, y, z], 1))[:2] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    height = view.mrmlSliceNode().GetDimensions()[1]
    return corners[:, 0].min(), corners[:, 0].max(), height - corners[:, 1].max(), height - corners[:, 1].min()


def outline(view):
    """Rows and columns of the pixels that have the box's color."""
    return np.nonzero(np.abs(pixels(view).astype(int) - YELLOW).max(axis=2) < 18)


def assert_box_is_where_geometry_says(session, name, roi):
    view = slice_widget(session, name).sliceView()
    view.forceRender()
    rows, columns = outline(view)
    assert len(rows) > 50, f"no box outline in {name}"
    left, right, top, bottom = box_on_screen(session, name, roi)
    assert (columns.min(), columns.max()) == pytest.approx((left, right), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((top, bottom), abs=3)


def test_double_click_on_a_patient_ends_with_its_ct_and_box(demo):
    patient = demo.panel.state.cohort.patient_ids[0]
    click_node(demo, patient, double=True)
    demo.wait(lambda: demo.panel.imaging.shown and not demo.panel.imaging.busy)
    demo.settle()
    nodes = demo.panel.queryNodes
    assert nodes.patient_id == patient == demo.panel.parameters.selectedPatient
    for orientation in ("Axial", "Coronal", "Sagittal"):
        name = f"TumorQuery{orientation}"
        view = slice_widget(demo, name).sliceView()
        view.forceRender()
        picture = pixels(view).astype(int)
        gray = picture[np.ptp(picture, axis=2) < 8]
        assert np.std(gray) > 20, f"no CT in {name}"
        assert_box_is_where_geometry_says(demo, name, nodes.lesions[0])


def test_the_picture_inside_the_box_is_the_tumor(demo):
    """The pixels in the middle of the axial view are the CT's voxels around the lesion's center, in the lung window."""
    import slicer

    patient = demo.panel.state.cohort.patient_ids[0]
    demo.show_images(patient)
    nodes = demo.panel.queryNodes
    view = slice_widget(demo, "TumorQueryAxial").sliceView()
    nodes.lesions[0].GetDisplayNode().SetVisibility(False)
    view.forceRender()
    picture = pixels(view)
    nodes.lesions[0].GetDisplayNode().SetVisibility(True)
    ijk = vtk.vtkMatrix4x4()
    nodes.volume.GetRASToIJKMatrix(ijk)
    center = slicer.util.arrayFromVTKMatrix(ijk) @ np.append(nodes.lesions[0].GetCenter(), 1)
    i, j, k = np.round(center[:3]).astype(int)
    hu = float(slicer.util.arrayFromVolume(nodes.volume)[k, j - 1:j + 2, i - 1:i + 2].mean())
    height, width = picture.shape[:2]
    shown = picture[height // 2 - 2:height // 2 + 3, width // 2 - 2:width // 2 + 3].mean()
    assert shown == pytest.approx(np.clip((hu + 600 + 750) / 1500, 0, 1) * 255, abs=30)


def test_compare_puts_the_neighbor_beside_it_at_the_same_scale(demo):
    panel = demo.panel
    click_node(demo, panel.state.cohort.patient_ids[0])
    first, neighbor = panel.parameters.selectedPatient, panel.ui.neighborsTable.item(0, 1).text()
    click_row(panel.ui.neighborsTable, 0)
    assert panel.parameters.selectedPatient == neighbor and panel.ui.compareButton.enabled
    QtTest.QTest.mouseClick(panel.ui.compareButton, QtCore.Qt.MouseButton.LeftButton)
    demo.wait(lambda: not panel.imaging.busy)
    demo.settle()
    shown = panel.imaging.shown
    assert (shown["Query"].patient_id, shown["Match"].patient_id) == (neighbor, first)
    scales = {}
    for place, nodes in shown.items():
        for orientation in ("Axial", "Coronal", "Sagittal"):
            name = f"Tumor{place}{orientation}"
            node = slice_widget(demo, name).mrmlSliceNode()
            scales.setdefault(orientation, []).append(node.GetFieldOfView()[0] / node.GetDimensions()[0])
            assert_box_is_where_geometry_says(demo, name, nodes.lesions[0])
            center = node.GetXYToRAS().MultiplyPoint([d / 2 for d in node.GetDimensions()[:2]] + [0, 1])[:3]
            assert center == pytest.approx((0, 0, 0), abs=1.0)
    for pair in scales.values():
        assert pair[0] == pytest.approx(pair[1], rel=1e-3)


def test_each_box_appears_only_beside_its_own_patient(demo):
    ids = demo.panel.state.cohort.patient_ids
    demo.show_images(ids[0], ids[34])
    for place, nodes in demo.panel.imaging.shown.items():
        views = set(nodes.lesions[0].GetDisplayNode().GetViewNodeIDs())
        assert views and all(f"Tumor{place}" in view for view in views)


def assert_the_wheel_scrolls_both_patients_together(demo):
    ids = demo.panel.state.cohort.patient_ids
    demo.show_images(ids[0], ids[34])
    query, match = (slice_widget(demo, f"Tumor{place}Axial") for place in ("Query", "Match"))
    before = query.sliceLogic().GetSliceOffset(), match.sliceLogic().GetSliceOffset()
    wheel(query.sliceView(), 4)
    after = query.sliceLogic().GetSliceOffset(), match.sliceLogic().GetSliceOffset()
    assert before == pytest.approx((0, 0), abs=1e-3)
    assert abs(after[0]) > 1 and after[1] == pytest.approx(after[0], abs=1e-3)


def test_the_wheel_scrolls_both_patients_together(demo):
    assert_the_wheel_scrolls_both_patients_together(demo)


def test_the_wheel_scrolls_both_patients_together_after_a_scene_that_was_saved_with_one_of_them(demo, tmp_path):
    """Slicer saves that a view has a group, not which; views of that scene are in group 1 and new ones in their layout's."""
    import slicer

    from TumorConnectomeLib.scene.view_layouts import VIEW_GROUP

    saved, view = slicer.vtkMRMLScene(), slicer.vtkMRMLSliceNode()
    for give in (view.SetName, view.SetLayoutName, view.SetSingletonTag):
        give("TumorQueryAxial")
    view.SetViewGroup(VIEW_GROUP)
    saved.AddNode(view)
    saved.SetURL(str(tmp_path / "one.mrml"))
    saved.Commit()
    slicer.util.loadScene(str(tmp_path / "one.mrml"))
    assert slicer.mrmlScene.GetSingletonNode("TumorQueryAxial", "vtkMRMLSliceNode").GetViewGroup() == 1
    demo.load_cohort()
    assert_the_wheel_scrolls_both_patients_together(demo)


def test_double_click_on_a_neighbor_row_compares_it(demo):
    panel = demo.panel
    click_node(demo, panel.state.cohort.patient_ids[0])
    wanted = panel.ui.neighborsTable.item(0, 1).text()
    click_row(panel.ui.neighborsTable, 0, double=True)
    demo.wait(lambda: panel.imaging.shown and not panel.imaging.busy)
    assert [nodes.patient_id for nodes in panel.imaging.shown.values()] == [panel.state.cohort.patient_ids[0], wanted]


def test_a_click_on_a_row_moves_the_pin_and_go_to_leads_back(demo):
    panel = demo.panel
    click_node(demo, panel.state.cohort.patient_ids[0])
    neighbor = panel.ui.neighborsTable.item(0, 1).text()
    click_row(panel.ui.neighborsTable, 0)
    assert panel.view.selected == panel.parameters.selectedPatient == neighbor and neighbor in panel.ui.patientLabel.text
    assert panel.view.compared == panel.state.cohort.patient_ids[0]
    QtTest.QTest.mouseClick(panel.ui.goToButton, QtCore.Qt.MouseButton.LeftButton)
    assert panel.view.selected == panel.parameters.selectedPatient == panel.state.cohort.patient_ids[0]
    assert panel.parameters.comparedPatient == ""


def test_search_selects_a_patient_and_names_an_unknown_one(demo):
    panel = demo.panel
    line = panel.ui.searchLineEdit
    wanted = panel.state.cohort.patient_ids[9]
    line.clear()
    QtTest.QTest.keyClicks(line, wanted.lower())
    QtTest.QTest.keyClick(line, QtCore.Qt.Key.Key_Return)
    assert panel.view.selected == wanted and wanted in panel.ui.patientLabel.text
    line.clear()
    QtTest.QTest.keyClicks(line, "nobody")
    QtTest.QTest.keyClick(line, QtCore.Qt.Key.Key_Return)
    assert "nobody" in panel.ui.patientLabel.text and panel.view.selected == wanted


def test_controls_change_the_graph_and_keep_the_selection(demo):
    panel = demo.panel
    patient = panel.state.cohort.patient_ids[11]
    click_node(demo, patient)
    QtTest.QTest.keyClick(panel.ui.modelComboBox, QtCore.Qt.Key.Key_Down)
    panel.ui.matchComboBox.setCurrentIndex(1)
    panel.ui.neighborCountSpinBox.setValue(3)
    graph = panel.state.connectome
    assert (graph.model, graph.match.value, len(graph.sources)) == (panel.state.cohort.models[1], "least", 3 * 48)
    assert panel.view.selected == patient and panel.ui.neighborsTable.rowCount == 3
    rows = [[panel.ui.neighborsTable.item(row, column).text() for column in range(4)] for row in range(3)]
    edges = np.flatnonzero(graph.sources == graph.patient_ids.index(patient))
    for row, edge in zip(rows, edges):
        assert row == [str(graph.ranks[edge]), graph.patient_ids[graph.targets[edge]], f"{graph.distances[edge]:.6f}",
                       percent_text(graph.percentiles[edge])]


def test_everything_says_synthetic(demo):
    panel = demo.panel
    click_node(demo, panel.state.cohort.patient_ids[0])
    assert panel.ui.bannerLabel.visible and "Synthetic" in panel.ui.bannerLabel.text
    assert "synthetic" in panel.ui.patientLabel.text.lower()
    assert "synthetic" in panel.view.tooltipAt(*panel.view.nodeCenter(panel.state.cohort.patient_ids[0])).lower()


def test_loading_a_patient_twice_adds_no_second_copy(demo):
    import slicer

    patient = demo.panel.state.cohort.patient_ids[0]
    demo.show_images(patient)
    count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    demo.show_images(patient)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == count == 1
