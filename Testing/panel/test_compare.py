"""Tumors compared: arrangements, links, window, neighbors by key, taking turns, unloading; with real keys and buttons."""

import numpy as np
import pytest
from PySide6 import QtCore, QtTest
from view_input import pixels, wheel

from TumorConnectomeLib.scene.image_views import BONE, LUNG, MEDIASTINUM, ImageViews

Qt = QtCore.Qt


@pytest.fixture(scope="module")
def loaded(session):
    """The session with the demo cohort, loaded once for all tests of this file."""
    import slicer

    slicer.util.selectModule("TumorConnectome")         # tests before may have shown another module
    session.activate()
    slicer.mrmlScene.Clear()
    session.load_cohort()
    return session


@pytest.fixture
def pair(loaded):
    """The session with the same two patients side by side, the query first."""
    panel = loaded.panel
    ids = panel.state.cohort.patient_ids
    panel.parameters.connectomeBeside, panel.parameters.views = True, ImageViews.PAIR
    panel.ui.neighborCountSpinBox.setValue(5)
    panel.compare.actions["lungWindow"]()
    loaded.show_images(ids[0], ids[34])
    return loaded


def slice_widget(session, name):
    return session.application.layoutManager().sliceWidget(name)


def press(button):
    QtTest.QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def shown_in(session, name):
    """PatientID of the CT in a slice view, None if it is empty."""
    import slicer

    node = slicer.mrmlScene.GetNodeByID(slice_widget(session, name).mrmlSliceCompositeNode().GetBackgroundVolumeID() or "")
    return node and node.GetAttribute("TumorConnectome.PatientID")


def arranged(session, views):
    """Choose an arrangement with the keyboard and wait until it is shown."""
    combo = session.panel.ui.viewsComboBox
    steps = list(ImageViews).index(views) - combo.currentIndex
    for _ in range(abs(steps)):
        QtTest.QTest.keyClick(combo, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    assert session.panel.parameters.views is views
    session.wait(lambda: session.panel.compare.display.views is views and not session.panel.imaging.busy)
    session.settle()


def on_screen(session, name):
    view = slice_widget(session, name).sliceView()
    view.forceRender()
    return pixels(view)


def test_every_arrangement_shows_its_patients_under_their_names(pair):
    panel, ids = pair.panel, pair.panel.state.cohort.patient_ids
    assert panel.parameters.views is ImageViews.PAIR
    for place, name, patient in (("Query", "Query", ids[0]), ("Match", "Neighbor", ids[34])):
        for orientation in ("Axial", "Coronal", "Sagittal"):
            assert shown_in(pair, f"Tumor{place}{orientation}") == patient
            text = panel.compare.display.labelText(place, orientation).replace("\n", " ")
            window = " W 1500 L \u2212600 HU" if orientation == "Axial" else ""    # the small views have no room for it
            assert text == f"{name} {patient} {orientation.lower()} tumor center{window}"
        widget = slice_widget(pair, f"Tumor{place}Axial")
        assert widget.mrmlSliceNode().GetLayoutLabel() == f"{name} {patient} axial"
    panel.ui.neighborCountSpinBox.setValue(2)
    arranged(pair, ImageViews.SIX)
    neighbors = [panel.ui.neighborsTable.item(row, 1).text() for row in range(2)]
    places = ["Query", *(f"Neighbor{n}" for n in range(1, 6))]
    assert [shown_in(pair, f"Tumor{place}Axial") for place in places] == [ids[0], *neighbors, None, None, None]
    assert "Neighbor 2 " + neighbors[1] in panel.compare.display.labelText("Neighbor2", "Axial")
    arranged(pair, ImageViews.ONE)
    assert list(panel.imaging.shown) == ["Query"] and shown_in(pair, "TumorQueryAxial") == ids[0]


def test_side_by_side_without_a_marked_patient_takes_the_nearest_one_and_marks_it(pair):
    panel, ids = pair.panel, pair.panel.state.cohort.patient_ids
    pair.show_images(ids[0])
    panel.mark("")
    arranged(pair, ImageViews.PAIR)
    nearest = panel.ui.neighborsTable.item(0, 1).text()
    assert panel.parameters.comparedPatient == panel.view.compared == panel.imaging.shown["Match"].patient_id == nearest


def test_the_images_can_have_the_whole_window(pair):
    view = pair.panel.view
    width = slice_widget(pair, "TumorQueryAxial").width
    assert view.isVisible()
    press(pair.panel.ui.connectomeBesideCheckBox)
    pair.wait(lambda: not view.isVisible(), "without the connectome")
    pair.settle()
    assert slice_widget(pair, "TumorQueryAxial").width > 1.2 * width
    assert shown_in(pair, "TumorMatchAxial") == pair.panel.state.cohort.patient_ids[34]
    press(pair.panel.ui.connectomeBesideCheckBox)
    pair.wait(view.isVisible, "with the connectome")


def test_scrolling_is_told_in_mm_from_the_center(pair):
    wheel(slice_widget(pair, "TumorQueryAxial").sliceView(), 3)
    offset = slice_widget(pair, "TumorMatchAxial").sliceLogic().GetSliceOffset()
    side = "superior" if offset > 0 else "inferior"
    for place in ("Query", "Match"):
        assert f"{abs(offset):.1f} mm {side} of center" in pair.panel.compare.display.labelText(place, "Axial")


def test_zooming_one_patient_zooms_the_other(pair):
    """A drag with the right mouse button, which is Slicer's zoom."""
    query, match = (slice_widget(pair, f"Tumor{place}Axial") for place in ("Query", "Match"))
    before = query.mrmlSliceNode().GetFieldOfView()[0]
    view = query.sliceView()
    start = QtCore.QPoint(view.width // 2, view.height // 2)
    QtTest.QTest.mouseMove(view, start)
    QtTest.QTest.mousePress(view, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, start)
    for step in range(1, 9):
        QtTest.QTest.mouseMove(view, start + QtCore.QPoint(0, 8 * step))
    QtTest.QTest.mouseRelease(view, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, start + QtCore.QPoint(0, 64))
    fields = [widget.mrmlSliceNode().GetFieldOfView()[0] for widget in (query, match)]
    assert abs(fields[0] / before - 1) > 0.05 and fields[1] == pytest.approx(fields[0], rel=1e-6)


def test_the_window_is_one_for_both(pair):
    panel = pair.panel
    displays = [nodes.volume.GetDisplayNode() for nodes in panel.imaging.shown.values()]
    for button, window in ((panel.ui.boneButton, BONE), (panel.ui.lungButton, LUNG), (panel.ui.mediastinumButton, MEDIASTINUM)):
        press(button)
        assert {(d.GetWindow(), d.GetLevel()) for d in displays} == {(window.width_hu, window.level_hu)}
        assert panel.ui.windowLabel.text == f"{window.name}: {window}"
    displays[1].SetWindowLevel(900, -300)               # as a drag in the match's view does
    assert (displays[0].GetWindow(), displays[0].GetLevel()) == (900, -300)
    assert panel.ui.windowLabel.text == "W 900 L \u2212300 HU"
    assert "W 900 L \u2212300 HU" in panel.compare.display.labelText("Query", "Axial")


def test_a_new_patient_is_shown_in_the_window_that_was_chosen(pair):
    ids = pair.panel.state.cohort.patient_ids
    pair.panel.compare.unload([ids[0]])
    pair.show_images(ids[34])
    press(pair.panel.ui.mediastinumButton)
    pair.show_images(ids[34], ids[0])
    displays = [nodes.volume.GetDisplayNode() for nodes in pair.panel.imaging.shown.values()]
    assert {(d.GetWindow(), d.GetLevel()) for d in displays} == {(350, 50)}


def test_keys_in_a_slice_view_go_through_the_neighbors_and_swap(pair):
    panel = pair.panel
    panel.ui.neighborCountSpinBox.setValue(2)
    query = panel.parameters.selectedPatient
    neighbors = [panel.ui.neighborsTable.item(row, 1).text() for row in range(2)]
    pair.activate()
    for key, expected in ((Qt.Key.Key_N, (query, neighbors[1])), (Qt.Key.Key_N, (query, neighbors[0])),
                          (Qt.Key.Key_P, (query, neighbors[1])), (Qt.Key.Key_P, (query, neighbors[0])),
                          (Qt.Key.Key_S, (neighbors[0], query))):
        view = slice_widget(pair, "TumorQueryAxial").sliceView()
        view.setFocus()
        QtTest.QTest.keyClick(view, key)
        pair.wait(lambda: not panel.imaging.busy)
        assert tuple(nodes.patient_id for nodes in panel.imaging.shown.values()) == expected
        assert (panel.parameters.selectedPatient, panel.parameters.comparedPatient) == expected


def test_query_and_match_take_turns_in_the_same_views(pair):
    panel, ids = pair.panel, pair.panel.state.cohort.patient_ids
    arranged(pair, ImageViews.FLICKER)
    pictures = [on_screen(pair, "TumorQueryAxial")]
    boxes = [nodes.lesions[0].GetDisplayNode() for nodes in panel.imaging.shown.values()]
    assert [box.GetVisibility() for box in boxes] == [1, 0] and panel.ui.turnButton.enabled
    wheel(slice_widget(pair, "TumorQueryAxial").sliceView(), 2)
    offset = slice_widget(pair, "TumorQueryAxial").sliceLogic().GetSliceOffset()
    press(panel.ui.turnButton)
    pair.settle()
    assert shown_in(pair, "TumorQueryAxial") == ids[34] and [box.GetVisibility() for box in boxes] == [0, 1]
    assert f"Neighbor {ids[34]}" in panel.compare.display.labelText("Query", "Axial")
    assert slice_widget(pair, "TumorQueryAxial").sliceLogic().GetSliceOffset() == pytest.approx(offset)
    pictures.append(on_screen(pair, "TumorQueryAxial"))
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5
    panel.ui.turnSpinBox.value = 0.3
    press(panel.ui.turnCheckBox)
    pair.wait(lambda: shown_in(pair, "TumorQueryAxial") == ids[0], "back at the query")
    pair.wait(lambda: shown_in(pair, "TumorQueryAxial") == ids[34], "at the match again")
    press(panel.ui.turnCheckBox)


def test_the_arrangement_survives_a_saved_scene(pair, tmp_path):
    import slicer

    panel = pair.panel
    arranged(pair, ImageViews.FLICKER)
    press(panel.ui.boneButton)
    shown = {place: nodes.patient_id for place, nodes in panel.imaging.shown.items()}
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    assert not panel.imaging.shown
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    pair.wait(lambda: not panel.cohort.loader.busy and panel.imaging.shown and not panel.imaging.busy)
    assert panel.parameters.views is ImageViews.FLICKER
    assert {place: nodes.patient_id for place, nodes in panel.imaging.shown.items()} == shown
    assert panel.ui.windowLabel.text.startswith("Bone")


def test_unloading_leaves_no_node_and_frees_the_voxels(pair):
    import slicer

    panel, ids = pair.panel, pair.panel.state.cohort.patient_ids
    panel.compare.unload(ids)
    own = ("vtkMRMLScalarVolumeNode", "vtkMRMLScalarVolumeDisplayNode", "vtkMRMLVolumeArchetypeStorageNode",
           "vtkMRMLMarkupsROINode", "vtkMRMLMarkupsROIDisplayNode", "vtkMRMLMarkupsROIJsonStorageNode",
           "vtkMRMLLinearTransformNode")
    count = {name: slicer.mrmlScene.GetNumberOfNodesByClass(name) for name in own}
    pair.show_images(ids[0], ids[34])
    deleted = []
    for nodes in panel.imaging.shown.values():
        image = nodes.volume.GetImageData()
        for thing in (image, image.GetPointData().GetScalars()):    # the memory of the process says less: it has holes
            thing.AddObserver("DeleteEvent", lambda *_: deleted.append(True))
    nodes = image = thing = None
    panel.ui.loadedComboBox.currentIndex = 1
    assert ids[34] in panel.ui.loadedComboBox.currentText
    press(panel.ui.unloadButton)
    pair.settle()
    assert list(panel.imaging.shown) == ["Query"] and panel.parameters.views is ImageViews.ONE
    press(panel.ui.unloadButton)
    pair.settle()
    assert not panel.imaging.shown and len(deleted) == 4
    assert {name: slicer.mrmlScene.GetNumberOfNodesByClass(name) for name in own} == count
    assert not panel.ui.unloadButton.enabled and panel.view.isVisible()


@pytest.mark.parametrize(("place", "left"), [("Match", ["Query"]), ("Query", [])])
def test_a_ct_that_is_deleted_in_another_module_is_let_go_with_all_that_belongs_to_it(pair, place, left):
    import slicer

    nodes = pair.panel.imaging.shown[place]
    slicer.mrmlScene.RemoveNode(nodes.volume)           # as the module Data does
    pair.settle()
    assert list(pair.panel.imaging.shown) == left
    assert not any(slicer.mrmlScene.IsNodePresent(node) for node in nodes.nodes)
    assert pair.panel.parameters.views is (ImageViews.ONE if left else ImageViews.PAIR)
    assert pair.panel.view.isVisible()
    entries = [pair.panel.ui.loadedComboBox.itemText(row) for row in range(pair.panel.ui.loadedComboBox.count)]
    assert not any(entry.startswith(nodes.patient_id) for entry in entries)


def test_unloading_what_is_hidden_keeps_what_is_shown(pair):
    panel, ids = pair.panel, pair.panel.state.cohort.patient_ids
    pair.panel.compare.unload([patient for patient in ids if patient not in (ids[0], ids[34])])
    pair.show_images(ids[0])
    assert panel.ui.loadedComboBox.count == 2 and panel.ui.unloadHiddenButton.enabled
    press(panel.ui.unloadHiddenButton)
    assert panel.ui.loadedComboBox.count == 1 and not panel.ui.unloadHiddenButton.enabled
    assert shown_in(pair, "TumorQueryAxial") == ids[0]


def test_nine_directions_of_both_tumors_are_shown_and_saved(pair, tmp_path):
    from PySide6 import QtGui

    panel = pair.panel
    press(panel.ui.nineButton)
    pair.settle()
    nine = panel.compare.nine
    lung = pixels(nine.sheet)
    assert nine.sheet.visible and (lung > 0).any()
    press(panel.ui.boneButton)
    pair.settle()
    bone = pixels(nine.sheet)
    assert lung.shape == bone.shape and np.abs(lung.astype(int) - bone).mean() > 10
    nine.save(str(tmp_path / "nine.png"))
    image = QtGui.QImage(str(tmp_path / "nine.png"))
    assert (image.width(), image.height()) == tuple(2 * side for side in nine.sheet.sheetSize())
    nine.save(str(tmp_path / "nine.png" / "below.png"))
    assert "below" in nine.statusText and "\N{WARNING SIGN}" in nine.statusText
    nine.cleanup()
