"""Pointing at the connectome view: clicks, hovering, tooltips, drags, zoom."""
import numpy as np
import pytest
from at_rest import settle
from connectome_samples import coloring, graph, ring
from view_gestures import center_of, dark_palette, drag, has_color, key, move, pixel, pixels, press, rgb_of, turn_wheel

# ---- pointing

def test_click_selects_with_a_gold_ring_and_tells_the_patient(view):
    where = view.nodeCenter("P005")
    assert not has_color(view, where, 30, "#e0a100")
    press(view, where)
    assert view.calls == [("clicked", "P005")] and view.selected == "P005"
    assert has_color(view, where, 30, "#e0a100")
    assert not has_color(view, view.nodeCenter("P010"), 30, "#e0a100")
    assert "Selected: P005" in view.accessibleDescription


def test_the_compared_patient_has_a_ring_of_another_color(view):
    view.setSelected("P001")
    view.setCompared("P004")
    assert view.calls == []                                          # only a person's click calls back
    assert has_color(view, view.nodeCenter("P004"), 30, "#0078d4")
    assert not has_color(view, view.nodeCenter("P001"), 30, "#0078d4")


def test_the_ring_of_a_node_that_lies_under_a_larger_one_is_seen_with_its_node(view):
    sample = ring(12, hub=True)
    sample.positions[5] = sample.positions[0]                        # P000 is the hub, and large
    view.setConnectome(sample, coloring(12))
    view.setSelected("P005")
    assert has_color(view, view.nodeCenter("P005"), 2, coloring(12).light[1], 3)


def test_background_click_and_pan_keep_the_selection_and_double_click_releases_it(view):
    press(view, view.nodeCenter("P005"))
    press(view, center_of(view))
    drag(view, center_of(view), center_of(view) + (30, 10))
    assert view.selected == "P005" and view.calls == [("clicked", "P005")]
    press(view, center_of(view), double=True)
    assert view.selected is None and view.calls[-1] == ("clicked", None)


def test_double_click_on_a_node_is_told_once(view):
    press(view, view.nodeCenter("P007"))
    press(view, view.nodeCenter("P007"), double=True)
    assert [call for call in view.calls if call[0] == "double"] == [("double", "P007")]
    assert view.selected == "P007"


def test_escape_releases_the_selection(view):
    view.setSelected("P005")
    key(view, "Escape")
    assert view.selected is None and view.calls == [("clicked", None)]


def test_hovering_fades_all_but_the_neighborhood(view):
    view.setConnectome(ring(12, k=1), coloring(12))
    before = pixels(view)
    move(view, view.nodeCenter("P005"))
    assert view.calls == []                                          # not before the pointer rests
    settle()
    assert view.calls == [("hovered", "P005")]
    after = pixels(view)
    for node, stays in ((5, True), (4, True), (6, True), (9, False), (0, False)):
        x, y = map(round, view.nodeCenter(f"P{node:03d}"))
        assert (np.abs(after[y, x] - before[y, x]).max() < 3) == stays
    move(view, center_of(view))
    settle()
    assert view.calls[-1] == ("hovered", None)
    assert np.abs(pixels(view) - before).max() < 3


def test_what_is_faded_keeps_about_a_twentieth_of_its_color(view):
    view.setConnectome(ring(12, k=1), coloring(12))
    before = [255 - pixel(view, view.nodeCenter(patient)) for patient in ("P008", "P010")]
    move(view, view.nodeCenter("P005"))
    settle()
    for ink, patient in zip(before, ("P008", "P010")):
        left = (255 - pixel(view, view.nodeCenter(patient))).sum() / ink.sum()
        assert 0.03 < left < 0.1


def test_hovering_begins_only_when_the_pointer_has_rested_for_a_moment(view):
    from PySide6 import QtCore
    began = QtCore.QElapsedTimer()
    began.start()
    view.onHovered = lambda patient_id: view.calls.append(began.elapsed())
    move(view, view.nodeCenter("P005"))
    settle()
    assert len(view.calls) == 1 and view.calls[0] >= 75              # 80 ms, by a coarse clock


def test_leaving_the_view_ends_hovering(view):
    from PySide6 import QtCore
    move(view, view.nodeCenter("P005"))
    settle()
    QtCore.QCoreApplication.sendEvent(view, QtCore.QEvent(QtCore.QEvent.Leave))
    assert view.calls == [("hovered", "P005"), ("hovered", None)]


def test_tooltips_of_nodes_and_edges_appear_when_the_pointer_rests(view):
    from PySide6 import QtWidgets
    move(view, view.nodeCenter("P003"))
    settle()
    text = QtWidgets.QToolTip.text()
    assert "P003" in text and "Unknown" in text and "4 connections: 2 to others, 2 from others" in text
    view.setConnectome(graph([[-1, 0], [1, 0]], [0, 1], [1, 0], [2, 1]), coloring(2))
    move(view, np.mean([view.nodeCenter("P000"), view.nodeCenter("P001")], axis=0))
    settle()
    assert QtWidgets.QToolTip.text() == (
        "P000 \u2192 P001: rank 2, cosine distance 0.012300, closer than 99.6 % of pairs<br>"
        "P001 \u2192 P000: rank 1, cosine distance 0.013300, closer than 90.0 % of pairs")


def test_the_owner_may_supply_the_tooltip_of_nodes(view):
    view.setNodeInfo(lambda patient_id: f"<i>{patient_id}</i>")
    assert view.tooltipAt(*view.nodeCenter("P003")) == "<i>P003</i>"
    assert view.tooltipAt(*center_of(view)) == ""


def tip_label():
    """The window of the tooltip that is shown."""
    from PySide6 import QtWidgets
    return next(widget for widget in QtWidgets.QApplication.topLevelWidgets()
                if widget.metaObject().className() == "QTipLabel" and widget.isVisible())


@pytest.mark.parametrize("place", ["data", "file"])
def test_a_tooltip_may_contain_a_picture(view, tmp_path, place):
    import base64

    from PySide6 import QtGui
    picture = QtGui.QImage(40, 30, QtGui.QImage.Format_RGB32)
    picture.fill(QtGui.QColor("#12c834"))
    path = tmp_path / "slice.png"
    assert picture.save(str(path))
    source = path.as_posix() if place == "file" else \
        "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    view.setNodeInfo(lambda patient_id: f'<b>{patient_id}</b><br><img src="{source}" width="40" height="30">')
    move(view, view.nodeCenter("P003"))
    settle()
    image = pixels(tip_label())
    green = np.abs(image - rgb_of("#12c834")).max(-1) < 8
    assert green.sum() == pytest.approx(1200, abs=60)


@pytest.mark.parametrize("dark", [False, True])
def test_tooltips_are_readable_in_both_themes(view, host, dark):
    from PySide6 import QtGui, QtWidgets
    before, tips = QtGui.QPalette(QtWidgets.QApplication.palette()), QtGui.QPalette(QtWidgets.QToolTip.palette())
    palette = dark_palette() if dark else QtGui.QPalette(before)
    palette.setColor(QtGui.QPalette.ToolTipBase, QtGui.QColor("#303030" if dark else "#ffffdc"))
    palette.setColor(QtGui.QPalette.ToolTipText, QtGui.QColor("#f0f0f0" if dark else "#000000"))
    try:
        QtWidgets.QApplication.setPalette(palette)
        QtWidgets.QToolTip.setPalette(palette)
        move(view, view.nodeCenter("P003"))
        settle()
        light = pixels(tip_label()).mean(-1)
        assert np.ptp(light) > 150
        assert (np.median(light) < 80) == dark
    finally:
        QtWidgets.QToolTip.hideText()
        QtWidgets.QApplication.setPalette(before)
        QtWidgets.QToolTip.setPalette(tips)


def test_ids_are_escaped_in_tooltips(view):
    view.setConnectome(graph([[-1, 0], [1, 0]], [0], [1], [1], prefix="<b>"), coloring(2))
    assert "&lt;b&gt;000" in view.tooltipAt(*view.nodeCenter("<b>000"))


# ---- moving

def test_dragging_a_node_moves_that_node_only(view):
    where, other = view.nodeCenter("P002"), view.nodeCenter("P008")
    drag(view, where, np.add(where, (-40, 25)))
    assert view.nodeCenter("P002") == pytest.approx(np.add(where, (-40, 25)), abs=1.5)
    assert view.nodeCenter("P008") == other
    assert view.selected is None and view.calls == []
    assert has_color(view, view.nodeCenter("P002"), 3, coloring(12).light[2], 3)


def test_dragging_the_background_pans(view):
    before = np.array([view.nodeCenter(f"P{i:03d}") for i in range(12)])
    start = center_of(view)
    drag(view, start, start + (35, -20))
    after = np.array([view.nodeCenter(f"P{i:03d}") for i in range(12)])
    assert after - before == pytest.approx(np.tile([35, -20], (12, 1)), abs=1.5)


def test_the_wheel_zooms_at_the_pointer(view):
    anchor, other = view.nodeCenter("P003"), view.nodeCenter("P009")
    turn_wheel(view, anchor, 3)
    assert view.nodeCenter("P003") == pytest.approx(anchor)
    assert np.hypot(*np.subtract(view.nodeCenter("P009"), anchor)) == pytest.approx(
        1.2 ** 3 * np.hypot(*np.subtract(other, anchor)))
    turn_wheel(view, anchor, 100)
    turn_wheel(view, anchor, -200)
    assert view.canvas.viewport.zoom == pytest.approx(0.15)


def test_keys_zoom_and_home_fits(view):
    before = view.nodeCenter("P009")
    key(view, "Plus")
    assert np.hypot(*np.subtract(view.nodeCenter("P009"), center_of(view))) > 1.2 * np.hypot(
        *np.subtract(before, center_of(view)))
    key(view, "Minus")
    assert view.nodeCenter("P009") == pytest.approx(before)
    drag(view, center_of(view), (10, 10))
    key(view, "Home")
    assert view.nodeCenter("P009") == pytest.approx(before)


def test_resizing_fits_the_graph_into_the_new_size(view):
    view.resize(800, 640)
    view.grab()
    centers = np.array([view.nodeCenter(f"P{i:03d}") for i in range(12)])
    assert (centers > 0).all() and (centers < (800, 640)).all()
    assert np.ptp(centers[:, 1]) > 400
