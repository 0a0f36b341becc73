"""What the connectome view shows: nodes, edges, legend, labels, texts, themes."""
import numpy as np
import pytest
from at_rest import settle
from connectome_samples import clusters, coloring, graph, ring
from view_gestures import center_of, dark_palette, drag, drag_along, has_color, pixels, press, rgb_of

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.neighbors.match import Match

# ---- nodes, edges, legend

def test_every_node_is_drawn_in_the_color_of_its_category(view):
    colors = coloring(12).light
    image = pixels(view)
    for node in range(12):
        x, y = map(round, view.nodeCenter(f"P{node:03d}"))
        assert image[y, x] == pytest.approx(rgb_of(colors[node % 4]), abs=2)


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
    legend = view.canvas.legend
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


# ---- labels

def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def test_labels_name_selection_and_neighbors_by_rank_and_never_overlap(view):
    view.setConnectome(clusters(289), coloring(289))
    view.setSelected("P100")
    view.grab()
    placed = view.canvas.placed_labels()
    assert placed[0][0].text == "P100" and placed[0][0].bold
    assert any(label.text.startswith("1 \u00b7 P") for label, _ in placed)
    rects = [rect for _, rect in placed] + [view.canvas.legend.rect]
    assert len(rects) > 8
    assert not any(overlap(a, b) for n, a in enumerate(rects) for b in rects[n + 1:])
    image = pixels(view)
    x, y, width, height = (round(value) for value in placed[0][1])
    assert (image[y:y + height, x:x + width].mean(-1) < 90).sum() > 20       # text is there


def test_labels_in_focus_cover_no_node_of_the_neighborhood(view):
    view.resize(900, 700)
    view.setConnectome(clusters(289), coloring(289))
    view.setSelected("P100")
    view.grab()
    geometry = view.canvas.geometry
    focus = np.append(geometry.connectome.neighborhood(100), 100)
    centers = geometry.points[focus]
    placed = view.canvas.placed_labels()
    assert len(placed) > 10
    for _, (x, y, width, height) in placed:
        away = np.maximum(np.maximum((x, y) - centers, centers - (x + width, y + height)), 0)
        assert (np.hypot(*away.T) >= geometry.radii[focus]).all()


def test_labels_keep_their_places_beside_the_nodes_while_the_graph_is_dragged(view):
    view.setConnectome(clusters(289), coloring(289))
    view.grab()

    def beside():
        points = view.canvas.geometry.points
        return {label.text: np.subtract(rect[:2], points[label.node]) for label, rect in view.canvas.placed_labels()}
    before = beside()
    drag_along(view, [(8, 60), (18, 64), (30, 70)])
    during = beside()
    assert len(during) > 0.7 * len(before) > 5
    assert all(offset == pytest.approx(before[text]) for text, offset in during.items())


def test_hubs_are_labeled_without_a_selection(view):
    view.setConnectome(ring(12, hub=True), coloring(12))
    view.grab()
    assert [label.text for label, _ in view.canvas.placed_labels()] == ["P000"]


def test_nodes_moved_under_the_title_or_the_legend_are_hidden_and_out_of_reach(view):
    view.setTitle("Title", "Subtitle")
    view.grab()
    left, top, width, height = view.canvas.legend.rect
    for place in ((400, 20), (left + width - 3, top + height - 3)):
        view.fit()
        start = view.nodeCenter("P001")
        drag(view, center_of(view), center_of(view) + np.subtract(place, start))
        settle()
        assert view.nodeCenter("P001") == pytest.approx(place, abs=2)
        assert not has_color(view, view.nodeCenter("P001"), 2, coloring(12).light[1], 3)
        press(view, view.nodeCenter("P001"))
        assert view.selected is None and view.tooltipAt(*view.nodeCenter("P001")) == ""


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
    view.setSelected("P001")
    view.setPalette(dark_palette())
    image = pixels(view)
    assert np.median(image) == 0x2b
    colors = coloring(12).dark
    x, y = map(round, view.nodeCenter("P002"))
    assert image[y, x] == pytest.approx(rgb_of(colors[2]), abs=2)
    assert has_color(view, view.nodeCenter("P001"), 30, "#ffc61a")
    assert (image.min(-1) > 200).sum() > 100                         # light text


def test_the_view_follows_the_applications_palette_by_itself(view, host):
    from PySide6 import QtGui, QtWidgets
    before, painted = QtGui.QPalette(QtWidgets.QApplication.palette()), []
    paint = view.canvas.paint
    view.canvas.paint = lambda painter: (paint(painter), painted.append(view.canvas.theme.dark))
    try:
        QtWidgets.QApplication.setPalette(dark_palette())
        settle()
        assert painted and painted[-1]
    finally:
        QtWidgets.QApplication.setPalette(before)
    settle()
    assert not painted[-1]


def test_a_long_title_takes_two_lines_in_a_narrow_view_and_is_elided_only_after_them(view):
    view.setTitle("CTFM: the five most similar patients of each", "NLST-Sybil, 289 patients, cosine distance", "SYNTHETIC")

    def lines():
        view.grab()
        return [text for text, _ in view.canvas.header._lines]
    view.resize(800, 500)
    assert len(lines()) == 2
    view.resize(300, 500)
    title = lines()[:2]
    assert " ".join(title) == "CTFM: the five most similar patients of each"
    assert min(view.nodeCenter(f"P{i:03d}")[1] for i in range(12)) > 60
    view.setTitle("A very long title " * 20, "")
    title = lines()
    assert len(title) == 2 and title[1].endswith("\u2026") and not title[0].endswith("\u2026")
    view.clearFocus()
    dark = pixels(view).mean(-1) < 140
    assert dark[:45, 100:].any() and not dark[:45, 292:].any()            # nothing is cut at the right border
    view.setTitle("Supercalifragilisticexpialidocious" * 3, "")
    assert lines()[0].endswith("\u2026")


def test_the_view_takes_keyboard_focus(view):
    from PySide6 import QtCore
    assert view.focusPolicy == QtCore.Qt.StrongFocus
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


def test_a_query_is_drawn_once_and_said_in_words(view, host):
    from widget_hands import has_color, pixels

    from TumorConnectomeLib.widgets.query_mark import QueryMark

    query = view.canvas.theme.query
    color = query.red(), query.green(), query.blue()
    assert not has_color(pixels(view), color)
    ids = view.canvas.geometry.connectome.patient_ids
    mark = QueryMark("New", (0.1, 0.2), (ids[3], "not here", ids[5]))
    view.setQuery(mark)
    assert has_color(pixels(view), color)
    assert "Query New:" in view.accessibleDescription
    revision = view.canvas._revision
    view.setQuery(QueryMark("New", (0.1, 0.2), (ids[3], "not here", ids[5])))
    assert view.canvas._revision == revision
    view.setQuery(None)
    assert not has_color(pixels(view), color)


def test_no_label_covers_a_query_or_its_name(view):
    from TumorConnectomeLib.widgets.query_mark import QueryMark, query_boxes

    canvas = view.canvas
    view.setConnectome(graph([[-1, 1], [1, 1], [0, 0], [0.1, 0]], [], [], []), coloring(4))
    view.setQuery(QueryMark("A query with a long name", (0.0, 0.0), ("P002", "P003")))
    boxes = query_boxes(canvas.viewport, canvas.state.query, canvas.font, view.width)
    placed = {label.node: rect for label, rect in canvas.placed_labels()}
    assert {2, 3} <= set(placed)
    for x, y, wide, high in placed.values():
        assert not any(x < left + width and left < x + wide and y < top + height and top < y + high
                       for left, top, width, height in boxes)
    view.setQuery(None)


# ---- paths from scan to scan

def test_paths_lead_from_scan_to_scan_and_that_of_the_selected_patient_is_named(view):
    from TumorConnectomeLib.widgets.path_marks import PathMark

    view.setConnectome(graph([[-1, 1], [1, 1], [-1, -1], [1, -1]], [], [], []), coloring(4))
    bare = pixels(view)
    view.setPaths([PathMark(("T0", "T2"), ("P000", "P001"), ("P003",)), PathMark(("T0", "T1"), ("P002", "gone"))])

    def ink(image):
        """How far an image differs from the bare one in the middle of the upper pair, and at the arrow's head."""
        (x0, y0), (x1, _y1) = view.nodeCenter("P000"), view.nodeCenter("P001")
        changed = np.abs(image.astype(int) - bare.astype(int)).sum(-1)[round(y0) - 6:round(y0) + 7]
        return changed[:, round((x0 + x1) / 2)].sum(), changed[:, round(x1) - 20:round(x1)].sum()

    drawn = ink(pixels(view))
    assert drawn[0] > 0 and drawn[1] > 4 * drawn[0]             # a line with a head at the later scan
    view.setSelected("P003")                                    # another box of the same patient
    assert ink(pixels(view))[0] > 1.5 * drawn[0]
    texts = {label.text for label, _rect in view.canvas.placed_labels()}
    assert {"P000 \u00b7 T0", "P001 \u00b7 T2"} <= texts and not any("T1" in text for text in texts)
    assert "Paths of 2 patients" in view.accessibleDescription
    view.setSelected(None)
    view.setPaths(())
    assert np.array_equal(pixels(view), bare)
