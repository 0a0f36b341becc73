"""The connectome view as a person uses it: real mouse, wheel and key events; pixels, tooltips and callbacks checked."""
import numpy as np
import pytest
from connectome_samples import clusters, coloring, graph, ring

from TumorConnectomeLib.core.connectome import Match
from TumorConnectomeLib.core.errors import InputError


@pytest.fixture
def view(host):
    """A shown view of 12 patients on a circle, with the calls it makes in `view.calls`."""
    from TumorConnectomeLib.widgets.connectome_view import ConnectomeView
    view = ConnectomeView()
    view.calls = []
    view.onClicked = lambda patient_id: view.calls.append(("clicked", patient_id))
    view.onDoubleClicked = lambda patient_id: view.calls.append(("double", patient_id))
    view.onHovered = lambda patient_id: view.calls.append(("hovered", patient_id))
    view.resize(520, 500)
    view.setConnectome(ring(12), coloring(12))
    view.show()
    host.processEvents()
    yield view
    view.cleanup()
    view.deleteLater()


def pixels(view):
    """float array (height, width, 3) of what is on screen, in device-independent pixels."""
    from PySide6 import QtGui
    image = view.grab().toImage().convertToFormat(QtGui.QImage.Format_RGB32)
    array = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return array[:, :image.width(), 2::-1].astype(float)


def has_color(view, point, reach, color, tolerance=40):
    """Whether a pixel of about this color lies within `reach` of a point."""
    rgb = np.array([int(color[i:i + 2], 16) for i in (1, 3, 5)])
    image, (x, y) = pixels(view), point
    rows, columns = np.ogrid[:image.shape[0], :image.shape[1]]
    near = (columns - x) ** 2 + (rows - y) ** 2 <= reach ** 2
    return bool((near & (np.abs(image - rgb).max(-1) < tolerance)).any())


def at(point):
    from PySide6 import QtCore
    return QtCore.QPoint(round(point[0]), round(point[1]))


def press(view, point, double=False):
    from PySide6 import QtCore, QtTest
    call = QtTest.QTest.mouseDClick if double else QtTest.QTest.mouseClick
    call(view, QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, at(point))


def move(view, point, pressed=False):
    from PySide6 import QtCore, QtGui
    qt = QtCore.Qt
    position = QtCore.QPointF(*map(float, point))
    event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, position, view.mapToGlobal(position), qt.NoButton,
                              qt.LeftButton if pressed else qt.NoButton, qt.NoModifier)
    QtCore.QCoreApplication.sendEvent(view, event)


def drag(view, start, end):
    from PySide6 import QtCore, QtTest
    button, none = QtCore.Qt.LeftButton, QtCore.Qt.NoModifier
    QtTest.QTest.mousePress(view, button, none, at(start))
    for share in (0.3, 0.7, 1.0):
        move(view, [a + share * (b - a) for a, b in zip(start, end)], pressed=True)
    QtTest.QTest.mouseRelease(view, button, none, at(end))


def turn_wheel(view, point, steps):
    from PySide6 import QtCore, QtGui
    position = QtCore.QPointF(*map(float, point))
    event = QtGui.QWheelEvent(position, view.mapToGlobal(position), QtCore.QPoint(0, 0), QtCore.QPoint(0, 120 * steps),
                              QtCore.Qt.NoButton, QtCore.Qt.NoModifier,
                              QtCore.Qt.NoScrollPhase, False)
    QtCore.QCoreApplication.sendEvent(view, event)


def key(view, name):
    from PySide6 import QtCore, QtTest
    QtTest.QTest.keyClick(view, getattr(QtCore.Qt, f"Key_{name}"))


def wait(milliseconds):
    from PySide6 import QtTest
    QtTest.QTest.qWait(milliseconds)


def center_of(view):
    return np.mean([view.nodeCenter(f"P{i:03d}") for i in range(12)], axis=0)


# ---- nodes, edges, legend

def test_every_node_is_drawn_in_the_color_of_its_category(view):
    colors = coloring(12).light
    image = pixels(view)
    for node in range(12):
        x, y = map(round, view.nodeCenter(f"P{node:03d}"))
        assert image[y, x] == pytest.approx([int(colors[node % 4][i:i + 2], 16) for i in (1, 3, 5)], abs=2)


def test_recoloring_changes_the_nodes_and_keeps_dragged_ones_in_place(view):
    drag(view, view.nodeCenter("P003"), center_of(view))
    where = view.nodeCenter("P003")
    other = coloring(12, ordered=False)
    view.setColoring(other)
    assert view.nodeCenter("P003") == where
    assert has_color(view, where, 3, other.light[3], 3)
    with pytest.raises(InputError, match="expected a category for each of the 12 patients"):
        view.setColoring(coloring(11))


def test_similar_edges_are_solid_and_dissimilar_ones_dashed_dark_red(view):
    def along_an_edge():
        (x0, y0), (x1, y1) = view.nodeCenter("P000"), view.nodeCenter("P002")
        image = pixels(view)
        share = np.linspace(0.3, 0.7, 60)
        return np.array([image[round(y0 + s * (y1 - y0)), round(x0 + s * (x1 - x0))] for s in share])
    positions = ring(12).positions
    view.setConnectome(graph(positions, [0], [2], [1]), coloring(12))
    solid = along_an_edge()
    assert (solid.mean(1) < 215).all() and (solid[:, 2] > solid[:, 0]).all()
    view.setConnectome(graph(positions, [0], [2], [1], match=Match.LEAST), coloring(12))
    dashed = along_an_edge()
    assert (dashed.mean(1) > 240).any()                              # a gap
    assert (dashed[:, 0] - dashed[:, 2]).max() > 80                  # red


def test_a_stronger_pair_has_a_wider_and_darker_line(view):
    positions = [[-1, 1], [1, 1], [-1, -1], [1, -1]]
    view.setConnectome(graph(positions, [0, 2], [1, 3], [1, 1]), coloring(4))     # weights 1 and 0.05
    image = pixels(view)
    ink = []
    for first, second in (("P000", "P001"), ("P002", "P003")):
        x, y = np.mean([view.nodeCenter(first), view.nodeCenter(second)], axis=0).round().astype(int)
        ink.append((255 - image[y - 6:y + 7, x]).sum())
    assert ink[0] > 2 * ink[1] > 0


def test_the_arrow_head_is_at_the_target(view):
    view.setConnectome(graph([[-1, 0], [1, 0]], [0], [1], [1]), coloring(2))
    (x0, y), (x1, _) = view.nodeCenter("P000"), view.nodeCenter("P001")
    dark = pixels(view)[round(y) - 12:round(y) + 13].mean(-1) < 235
    tall = dark.sum(0)
    middle = tall[round((x0 + x1) / 2)]
    assert tall[round(x1) - 14:round(x1) - 6].max() > middle + 1     # wider just before the target's rim (radius 6)
    assert tall[round(x0) + 8:round(x0) + 14].max() <= middle


def test_the_legend_lists_categories_with_counts_and_covers_no_node(view):
    legend = view._canvas.legend
    for size in ((520, 500), (900, 420), (420, 800)):
        view.resize(*size)
        view.grab()
        left, top, width, height = legend.rect
        assert left >= 0 and top >= 0 and left + width <= size[0] and top + height <= size[1]
        for node in range(12):
            x, y = view.nodeCenter(f"P{node:03d}")
            assert not (left <= x <= left + width and top <= y <= top + height)
        for color in coloring(12).light:
            assert has_color(view, (left + width / 2, top + height / 2), max(width, height), color, 3)


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
    wait(150)
    assert view.calls == [("hovered", "P005")]
    after = pixels(view)
    for node, stays in ((5, True), (4, True), (6, True), (9, False), (0, False)):
        x, y = map(round, view.nodeCenter(f"P{node:03d}"))
        assert (np.abs(after[y, x] - before[y, x]).max() < 3) == stays
    move(view, center_of(view))
    wait(150)
    assert view.calls[-1] == ("hovered", None)
    assert np.abs(pixels(view) - before).max() < 3


def test_leaving_the_view_ends_hovering(view):
    from PySide6 import QtCore
    move(view, view.nodeCenter("P005"))
    wait(150)
    QtCore.QCoreApplication.sendEvent(view, QtCore.QEvent(QtCore.QEvent.Leave))
    assert view.calls == [("hovered", "P005"), ("hovered", None)]


def test_tooltips_of_nodes_and_edges_appear_when_the_pointer_rests(view):
    from PySide6 import QtWidgets
    move(view, view.nodeCenter("P003"))
    wait(500)
    text = QtWidgets.QToolTip.text()
    assert "P003" in text and "Unknown" in text and "4 connections: 2 to others, 2 from others" in text
    view.setConnectome(graph([[-1, 0], [1, 0]], [0, 1], [1, 0], [2, 1]), coloring(2))
    move(view, np.mean([view.nodeCenter("P000"), view.nodeCenter("P001")], axis=0))
    wait(500)
    assert QtWidgets.QToolTip.text() == (
        "P000 \u2192 P001: rank 2, cosine distance 0.0123, closer than 99.6 % of pairs<br>"
        "P001 \u2192 P000: rank 1, cosine distance 0.0133, closer than 90.0 % of pairs")


def test_the_owner_may_supply_the_tooltip_of_nodes(view):
    view.setNodeInfo(lambda patient_id: f"<i>{patient_id}</i>")
    assert view.tooltipAt(*view.nodeCenter("P003")) == "<i>P003</i>"
    assert view.tooltipAt(*center_of(view)) == ""


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
    assert view._canvas.viewport.zoom == pytest.approx(0.15)


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


# ---- labels

def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def test_labels_name_selection_and_neighbors_by_rank_and_never_overlap(view):
    view.setConnectome(clusters(289), coloring(289))
    view.setSelected("P100")
    view.grab()
    placed = view._canvas.placed_labels()
    assert placed[0][0].text == "P100" and placed[0][0].bold
    assert any(label.text.startswith("1 \u00b7 P") for label, _ in placed)
    rects = [rect for _, rect in placed] + [view._canvas.legend.rect]
    assert len(rects) > 8
    assert not any(overlap(a, b) for n, a in enumerate(rects) for b in rects[n + 1:])
    image = pixels(view)
    x, y, width, height = (round(value) for value in placed[0][1])
    assert (image[y:y + height, x:x + width].mean(-1) < 90).sum() > 20       # text is there


def test_hubs_are_labeled_without_a_selection(view):
    view.setConnectome(ring(12, hub=True), coloring(12))
    view.grab()
    assert [label.text for label, _ in view._canvas.placed_labels()] == ["P000"]


def test_nodes_moved_under_the_title_or_the_legend_are_hidden_and_out_of_reach(view):
    view.setTitle("Title", "Subtitle")
    view.grab()
    left, top, width, height = view._canvas.legend.rect
    for place in ((400, 20), (left + width - 3, top + height - 3)):
        view.fit()
        start = view.nodeCenter("P001")
        drag(view, center_of(view), center_of(view) + np.subtract(place, start))
        wait(200)
        assert view.nodeCenter("P001") == pytest.approx(place, abs=2)
        assert not has_color(view, view.nodeCenter("P001"), 2, coloring(12).light[1], 3)
        press(view, view.nodeCenter("P001"))
        assert view.selected is None and view.tooltipAt(*view.nodeCenter("P001")) == ""


# ---- changes of the connectome

def moved_ring(shift):
    sample = ring(12)
    sample.positions[:] = np.roll(sample.positions, shift, axis=0)
    return sample


def test_nodes_glide_to_their_new_places_and_the_selection_stays(view):
    view.setSelected("P002")
    start, target = view.nodeCenter("P002"), view.nodeCenter("P010")
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(start, abs=8)
    wait(250)
    middle = view.nodeCenter("P002")
    assert min(np.hypot(*np.subtract(middle, end)) for end in (start, target)) > 5
    wait(500)
    assert view.nodeCenter("P002") == pytest.approx(target)
    assert view.selected == "P002"
    assert has_color(view, target, 30, "#e0a100")


def test_switching_while_nodes_are_gliding_ends_at_the_last_connectome(view):
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    wait(120)
    where = view.nodeCenter("P002")
    view.setConnectome(moved_ring(8), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(where, abs=8)    # no jump
    wait(120)
    view.setConnectome(ring(9), coloring(9), animate=True)           # other patients: at once
    now = view.nodeCenter("P002")
    wait(600)
    assert view.nodeCenter("P002") == now and view.nodeCenter("P011") is None


def test_the_same_patients_in_another_order_start_where_they_are(view):
    before = {f"P{i:03d}": view.nodeCenter(f"P{i:03d}") for i in range(12)}
    sample = ring(12)
    turned = type(sample)(**{**vars(sample), "patient_ids": sample.patient_ids[::-1]})
    view.setConnectome(turned, coloring(12), animate=True)
    for patient_id, where in before.items():
        assert view.nodeCenter(patient_id) == pytest.approx(where, abs=8)


def test_a_node_dragged_while_gliding_stays_under_the_pointer(view):
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    start = view.nodeCenter("P002")
    drag(view, start, center_of(view))
    dropped = view.nodeCenter("P002")
    wait(600)
    assert view.nodeCenter("P002") == pytest.approx(dropped, abs=1)


def test_zoom_stays_for_the_same_patients_and_is_reset_for_others(view):
    turn_wheel(view, view.nodeCenter("P003"), 3)
    before = view.nodeCenter("P003")
    view.setConnectome(ring(12, k=3), coloring(12))
    assert view.nodeCenter("P003") == pytest.approx(before)
    view.setSelected("P011")
    view.setConnectome(ring(9), coloring(9))
    assert view.selected is None
    assert view._canvas.viewport.zoom == 1
    with pytest.raises(InputError):
        view.setConnectome(ring(9), coloring(8))


def test_an_empty_view_says_so_and_survives_every_event(view):
    view.setEmptyText("Nothing to see")
    empty = graph(np.zeros((0, 2)), [], [], [])
    for connectome, colors in ((None, None), (empty, coloring(0))):
        view.setConnectome(ring(12), coloring(12))
        view.setConnectome(connectome, colors, animate=True)
        image = pixels(view)
        assert (image.min(-1) < 200).sum() > 50                      # the text
        press(view, (100, 100))
        press(view, (100, 100), double=True)
        drag(view, (100, 100), (150, 150))
        turn_wheel(view, (100, 100), 2)
        move(view, (200, 200))
        key(view, "Escape")
        view.setSelected("P001")
        wait(120)
        assert view.selected is None and view.accessibleDescription == "Nothing to see"


@pytest.mark.parametrize("sample", [graph([[3.0, 4.0]], [], [], []), ring(2, k=0), ring(2), ring(3, k=0)])
def test_tiny_graphs_are_drawn_and_can_be_used(view, sample):
    count = len(sample.patient_ids)
    view.setConnectome(sample, coloring(count))
    for _ in range(3):
        turn_wheel(view, view.nodeCenter("P000"), 1)
    view.fit()
    press(view, view.nodeCenter("P000"))
    assert view.selected == "P000"
    assert has_color(view, view.nodeCenter("P000"), 30, "#e0a100")


# ---- texts and themes

def test_title_and_banner_are_drawn_and_leave_room_for_the_graph(view):
    before = pixels(view)[:30].min(-1)
    view.setTitle("CTFM: 5 most similar", "NLST-Sybil, 289 patients", "SYNTHETIC")
    after = pixels(view)[:30].min(-1)
    assert (before[:, :200] < 120).sum() == 0 < (after[:, :200] < 120).sum()
    assert has_color(view, (470, 16), 45, "#ffb000", 3)
    assert min(view.nodeCenter(f"P{i:03d}")[1] for i in range(12)) > 40
    view.setTitle("A very long title " * 20, "subtitle " * 40, "SYNTHETIC")
    assert has_color(view, (470, 16), 45, "#ffb000", 3)              # the banner is not covered


def test_a_dark_palette_turns_the_view_dark_and_keeps_everything_visible(view):
    from PySide6 import QtGui
    palette = QtGui.QPalette(QtGui.QColor("#323232"))
    palette.setColor(QtGui.QPalette.Base, QtGui.QColor("#2b2b2b"))
    palette.setColor(QtGui.QPalette.Text, QtGui.QColor("#eeeeee"))
    view.setSelected("P001")
    view.setPalette(palette)
    image = pixels(view)
    assert np.median(image) == 0x2b
    colors = coloring(12).dark
    x, y = map(round, view.nodeCenter("P002"))
    assert image[y, x] == pytest.approx([int(colors[2][i:i + 2], 16) for i in (1, 3, 5)], abs=2)
    assert has_color(view, view.nodeCenter("P001"), 30, "#ffc61a")
    assert (image.min(-1) > 200).sum() > 100                         # light text


def test_the_view_takes_keyboard_focus_and_names_itself(view):
    from PySide6 import QtCore
    assert view.focusPolicy == QtCore.Qt.StrongFocus
    assert view.accessibleName == "Connectome"
    assert "12 patients, 24 connections by CTFM" in view.accessibleDescription


def test_keyboard_focus_is_seen(view):
    from PySide6 import QtGui, QtTest
    view.activateWindow()
    view.setFocus()
    assert QtTest.QTest.qWaitForWindowActive(view)
    highlight = view.palette.color(QtGui.QPalette.Highlight).name()
    assert has_color(view, (0, 250), 2, highlight, 3)
    view.clearFocus()
    assert not has_color(view, (0, 250), 2, highlight, 3)


# ---- large graphs

def test_a_large_graph_is_shifted_as_a_picture_while_it_moves_and_drawn_anew_at_rest(view):
    view.setConnectome(clusters(3000), coloring(3000))
    view.grab()
    canvas = view._canvas
    drawn = canvas._picture.transform
    drag(view, (8, 8), (48, 2))                                     # from an empty place
    view.grab()
    assert canvas._picture.transform == drawn != canvas.viewport.transform
    wait(300)
    view.grab()
    assert canvas._picture.transform == canvas.viewport.transform
