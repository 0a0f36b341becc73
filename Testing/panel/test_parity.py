"""What the public dashboard offers, done by mouse and keyboard and checked as a person sees it."""
import csv
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from gestures import click
from PySide6 import QtCore, QtGui, QtTest
from view_input import pixels

LEFT = QtCore.Qt.MouseButton.LeftButton


def choose(combo, index):
    """Choose an entry of a combo box with the keyboard, as `activated` wants a person."""
    combo.setFocus()
    step = QtCore.Qt.Key.Key_Down if index > combo.currentIndex else QtCore.Qt.Key.Key_Up
    for _ in range(abs(index - combo.currentIndex)):
        QtTest.QTest.keyClick(combo, step)


def select(session, number):
    patient = session.panel.state.cohort.patient_ids[number]
    click(session.panel.view, *session.panel.view.nodeCenter(patient))
    return patient


def key(session, name):
    QtTest.QTest.keyClick(session.panel.view, getattr(QtCore.Qt.Key, f"Key_{name}"))


def table_ids(table):
    return [table.item(row, 1).text() for row in range(table.rowCount)]


def test_changing_the_model_keeps_the_patient_and_tells_about_the_model(demo):
    panel = demo.panel
    patient = select(demo, 4)
    choose(panel.ui.modelComboBox, 1)
    assert panel.state.connectome.model == panel.state.cohort.models[1]
    assert panel.view.selected == patient and patient in panel.ui.patientLabel.text
    assert panel.ui.modelComboBox.currentText in panel.graphControls.modelBox.text


def test_switching_the_match_mode_leaves_no_stale_list(demo):
    panel = demo.panel
    select(demo, 4)
    near = table_ids(panel.ui.neighborsTable)
    choose(panel.ui.matchComboBox, 1)
    far = table_ids(panel.ui.neighborsTable)
    graph = panel.state.connectome
    expected = [graph.patient_ids[t] for t in graph.targets[graph.sources == 4]]
    assert far == expected and not set(far) & set(near)
    assert "Least similar" in panel.ui.neighborTabs.tabText(0)


def test_matched_by_lists_have_distances(demo):
    panel = demo.panel
    hub = int(panel.state.connectome.in_degree.argmax())
    select(demo, hub)
    table = panel.ui.matchedByTable
    assert table.rowCount == panel.state.connectome.in_degree[hub] > 5
    assert all(float(table.item(row, 2).text()) > 0 for row in range(table.rowCount))


def test_the_table_says_whether_the_facet_agrees_and_how_many_models(demo):
    panel = demo.panel
    select(demo, 2)
    headers = [panel.ui.neighborsTable.horizontalHeaderItem(c).toolTip() for c in range(panel.ui.neighborsTable.columnCount)]
    assert any("ancer type" in text for text in headers) and any("odels" in text for text in headers)


def test_the_pin_survives_a_background_click_and_goes_with_escape(demo):
    panel, view = demo.panel, demo.panel.view
    patient = select(demo, 6)
    centers = np.array([view.nodeCenter(p) for p in panel.state.cohort.patient_ids])
    corner = next((x, y) for x in range(20, view.width - 20, 15) for y in range(120, view.height - 120, 15)
                  if np.hypot(*(centers - (x, y)).T).min() > 60)
    click(view, *corner)
    assert view.selected == patient
    view.setFocus()
    key(demo, "Escape")
    assert view.selected is None and panel.parameters.selectedPatient == ""
    assert "Click a patient" in panel.ui.patientLabel.text


def test_arrow_keys_walk_the_neighbors_and_c_compares(demo):
    panel = demo.panel
    select(demo, 0)
    panel.view.setFocus()
    key(demo, "Down")
    first = panel.parameters.comparedPatient
    key(demo, "Down")
    assert [first, panel.parameters.comparedPatient] == table_ids(panel.ui.neighborsTable)[:2]
    key(demo, "C")
    demo.wait(lambda: panel.imaging.shown and not panel.imaging.busy)
    assert panel.imaging.shown["Match"].patient_id == panel.parameters.comparedPatient


def test_m_shows_the_next_model_and_slash_goes_to_the_search(demo):
    panel = demo.panel
    demo.activate()
    panel.view.setFocus()
    demo.settle()
    key(demo, "M")
    assert panel.state.connectome.model == panel.state.cohort.models[1] == panel.ui.modelComboBox.currentText
    key(demo, "Slash")
    assert panel.ui.searchLineEdit.hasFocus()


def test_the_help_sheet_shows_the_keys(demo):
    QtTest.QTest.mouseClick(demo.panel.ui.helpButton, LEFT)
    sheet = demo.panel.graphControls.helpSheet
    assert sheet.dialog.visible
    text = sheet.text
    for word in ("Esc", "lasso", "follow-up", "AJCC", "percent"):
        assert word in text, word
    demo.panel.graphControls.cleanup()


def test_the_legend_greys_a_category_and_the_scene_keeps_it(demo):
    panel, view = demo.panel, demo.panel.view
    before = pixels(view)
    view.setFocus()
    key(demo, "L")
    key(demo, "Space")
    hidden = json.loads(panel.parameters.hiddenCategories)
    assert len(hidden) == 1 and hidden[0] in panel.state.facetOf(panel.parameters).categories
    assert (pixels(view) != before).any(axis=2).sum() > 500
    choose(panel.ui.facetComboBox, 0)
    assert panel.parameters.hiddenCategories == "" and not view.hiddenCategories


def test_filters_grey_patients_and_say_how_many_are_left(demo):
    panel = demo.panel
    panel.ui.filtersCollapsibleButton.collapsed = False
    panel.set(filters=json.dumps([{"kind": "range", "column": "age", "low": 60, "high": 65}]))
    mask = panel.state.filterMask(panel.parameters)
    if mask is None:
        pytest.fail(panel.ui.filterLabel.text)
    ages = panel.state.cohort.patients["age"].to_numpy()
    np.testing.assert_array_equal(mask, (ages >= 60) & (ages <= 65))


def test_a_filter_from_a_foreign_scene_is_named_and_not_used(demo):
    panel = demo.panel
    panel.set(filters="not json")
    assert "\N{WARNING SIGN}" in panel.ui.filterLabel.text and panel.state.filterMask(panel.parameters) is None
    panel.set(filters="")
    assert not panel.ui.filterLabel.visible


def test_a_lasso_makes_a_group_with_its_composition(demo, tmp_path):
    panel, view = demo.panel, demo.panel.view
    panel.ui.groupCollapsibleButton.collapsed = False
    bottom = view.height - 130
    corners = [(10, 90), (view.width // 2, 90), (view.width // 2, bottom), (10, bottom), (10, 90)]
    shift = QtCore.Qt.KeyboardModifier.ShiftModifier
    QtTest.QTest.mousePress(view, LEFT, shift, QtCore.QPoint(*corners[0]))
    for start, end in zip(corners, corners[1:]):
        for t in np.linspace(0, 1, 6)[1:]:
            point = QtCore.QPointF(*(np.array(start) * (1 - t) + np.array(end) * t))
            demo.application.sendEvent(view, QtGui.QMouseEvent(QtCore.QEvent.Type.MouseMove, point, point,
                                                              QtCore.Qt.MouseButton.NoButton, LEFT, shift))
    QtTest.QTest.mouseRelease(view, LEFT, shift, QtCore.QPoint(*corners[-1]))
    group = json.loads(panel.parameters.group)
    inside = [p for p in panel.state.cohort.patient_ids if view.nodeCenter(p)[0] < view.width / 2 - 5
              and 95 < view.nodeCenter(p)[1] < bottom - 5]
    assert set(inside) <= set(group) and len(group) < len(panel.state.cohort.patients)
    assert f"{len(group)} of 48 patients" in panel.ui.groupLabel.text and "Fisher" in panel.ui.groupLabel.text
    QtTest.QTest.mouseClick(panel.ui.copyGroupButton, LEFT)
    assert demo.application.clipboard().text().split() == sorted(group)
    panel.ui.exportKindComboBox.setCurrentIndex(panel.ui.exportKindComboBox.findText("Patients of the group (CSV)"))
    panel.exporter.save(str(tmp_path / "group.csv"))
    with open(tmp_path / "group.csv", newline="", encoding="utf-8") as stream:
        assert [row["PatientID"] for row in csv.DictReader(stream)] == sorted(group)
    QtTest.QTest.mouseClick(panel.ui.clearGroupButton, LEFT)
    assert panel.parameters.group == "" and not view.group


def test_the_map_without_edges(demo):
    panel = demo.panel
    before = pixels(panel.view)
    choose(panel.ui.edgesComboBox, 2)
    assert panel.parameters.edges.value == "none"
    assert (pixels(panel.view) != before).any(axis=2).sum() > 200


@pytest.mark.parametrize("kind, start", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("graphml", b"<?xml"),
                                         ("neighbors", b"model,match,PatientID"), ("layout", b"PatientID,x,y")])
def test_exports_write_what_is_shown(demo, tmp_path, kind, start):
    from TumorConnectomeLib.panel.export_controller import KINDS

    panel, path = demo.panel, tmp_path / f"export.{KINDS[kind][1]}"
    select(demo, 1)
    panel.ui.exportKindComboBox.setCurrentIndex(list(KINDS).index(kind))
    panel.exporter.save(str(path))
    assert "Written" in panel.ui.exportStatusLabel.text, panel.ui.exportStatusLabel.text
    assert path.read_bytes().startswith(start)
    if kind == "png":
        assert QtGui.QImage(str(path)).size() == QtCore.QSize(1600, 1200)
    elif kind == "graphml":
        assert len([e for e in ElementTree.parse(path).iter() if e.tag.endswith("}node")]) == 48
    elif kind in ("neighbors", "layout"):
        with open(path, newline="", encoding="utf-8") as stream:
            assert len(list(csv.DictReader(stream))) == {"neighbors": 240, "layout": 48}[kind]


def test_an_export_that_can_not_be_written_is_one_line(demo, tmp_path):
    demo.panel.exporter.save(str(tmp_path))
    assert demo.panel.ui.exportStatusLabel.text.startswith("\N{WARNING SIGN}")


def test_where_an_export_lies_is_told_without_widening_the_panel(demo, tmp_path):
    path, label = tmp_path / ("x" * 100) / "neighbors.csv", demo.panel.ui.exportStatusLabel
    path.parent.mkdir()
    width = demo.panel.ui.exportCollapsibleButton.minimumSizeHint.width()
    demo.panel.exporter.save(str(path))
    assert path.is_file() and label.toolTip == f"Written: {path}" and label.text.startswith("Written: ")
    assert demo.panel.ui.exportCollapsibleButton.minimumSizeHint.width() == width


def test_the_strip_shows_crops_of_loaded_patients_and_a_click_compares(demo):
    panel = demo.panel
    patient = select(demo, 0)
    neighbors = table_ids(panel.ui.neighborsTable)
    assert [tile.info.patient_id for tile in panel.strip.tiles] == [patient, *neighbors]
    tile = panel.strip.tiles[2]
    click(tile, tile.width / 2, tile.height / 2)
    demo.wait(lambda: panel.imaging.shown and not panel.imaging.busy)
    assert [nodes.patient_id for nodes in panel.imaging.shown.values()] == [patient, neighbors[1]]
    query, first, second = panel.strip.tiles[:3]
    assert query.picture and second.picture and not first.picture


def test_sorting_and_copying_the_neighbor_table(demo):
    panel = demo.panel
    select(demo, 8)
    table = panel.ui.neighborsTable
    header = table.horizontalHeader()
    before = table_ids(table)
    x = header.sectionViewportPosition(2) + header.sectionSize(2) // 2
    for _ in range(2):
        click(header.viewport(), x, header.height / 2)
    assert table_ids(table) == before[::-1]
    demo.activate()
    table.setFocus()
    demo.settle()
    QtTest.QTest.keyClick(table, QtCore.Qt.Key.Key_C, QtCore.Qt.KeyboardModifier.ControlModifier)
    lines = demo.application.clipboard().text().splitlines()
    assert len(lines) >= 2 and "PatientID" in lines[0]
    click(header.viewport(), header.sectionViewportPosition(0) + 4, header.height / 2)


def test_everything_of_the_state_survives_a_scene(demo, tmp_path):
    import slicer

    panel = demo.panel
    select(demo, 5)
    choose(panel.ui.edgesComboBox, 1)
    panel.set(group=json.dumps(["SYN-001", "SYN-002"]), hiddenCategories=json.dumps(["Other"]), animated=False)
    assert slicer.util.saveScene(str(tmp_path / "state.mrb"))
    slicer.mrmlScene.Clear()
    assert not panel.view.group and panel.parameters.animated
    slicer.util.loadScene(str(tmp_path / "state.mrb"))
    demo.settle()
    assert panel.view.selected == "SYN-006" and set(panel.view.group) == {"SYN-001", "SYN-002"}
    assert panel.view.hiddenCategories == {"Other"} and panel.parameters.edges.value == "selection"
    assert not panel.ui.animatedCheckBox.checked
