"""A group of patients: lasso, shift-click, rings, edges; and which edges are drawn at all."""
import numpy as np
import pytest
from at_rest import settle
from connectome_samples import coloring, graph, ring
from view_gestures import (
    SHIFT,
    box_around,
    center_of,
    drag_along,
    has_color,
    key,
    lasso,
    legend_entry,
    move,
    pixel,
    pixels,
    press,
)


def around(view, *patient_ids, margin=16):
    """Corners of a box around some nodes."""
    centers = np.array([view.nodeCenter(patient) for patient in patient_ids])
    (left, top), (right, bottom) = centers.min(0) - margin, centers.max(0) + margin
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def test_shift_drag_selects_the_patients_inside_the_lasso(view):
    before = [view.nodeCenter(f"P{i:03d}") for i in range(12)]
    lasso(view, around(view, "P001", "P002"))
    assert view.calls == [("group", ["P001", "P002"])] and view.group == ["P001", "P002"]
    assert [view.nodeCenter(f"P{i:03d}") for i in range(12)] == before            # nothing was dragged or panned
    for patient, member in (("P001", True), ("P002", True), ("P003", False)):
        radius = view.canvas.geometry.radii[view.canvas.state.node_of(patient)]
        image, (x, y) = pixels(view), view.nodeCenter(patient)
        rim = image[round(y), round(x + radius + 2):round(x + radius + 4)].min()
        assert (rim < 60) == member
    assert "Group: 2 patients" in view.accessibleDescription


def test_the_lasso_is_seen_while_it_is_drawn_and_gone_afterwards(view):
    press(view, center_of(view))                                                  # the frame of the focus is there already
    before = pixels(view)
    corners = box_around(center_of(view), 60)
    drag_along(view, corners, SHIFT, release=False)
    changed = np.abs(pixels(view) - before).max(-1) > 100
    x, y = map(round, corners[0])
    assert changed[y - 2:y + 3, x:x + 120].any(0).mean() > 0.3                    # a dashed line at the top
    assert view.calls == []
    from PySide6 import QtCore, QtTest
    QtTest.QTest.mouseRelease(view, QtCore.Qt.LeftButton, SHIFT, QtCore.QPoint(*map(round, corners[-1])))
    assert view.calls == [("group", [])]
    assert np.abs(pixels(view) - before).max() < 3


def test_escape_gives_a_lasso_up_and_then_clears_the_group(view):
    view.setGroup(["P007"])
    assert view.calls == []
    lasso(view, around(view, "P001", "P002"), release=False)
    key(view, "Escape")
    assert view.canvas.lasso == [] and view.group == ["P007"]
    key(view, "Escape")
    assert view.group == [] and view.calls == [("group", [])]


def test_grayed_patients_are_not_caught(view):
    view.setHiddenCategories({"IB"})
    lasso(view, around(view, "P001", "P002"))
    assert view.group == ["P002"]


def test_a_concave_lasso_leaves_out_what_lies_in_its_notch(view):
    outer, middle = np.array([view.nodeCenter(f"P{i:03d}") for i in (2, 3, 4)]), center_of(view)
    far = [tuple(middle + 1.2 * (point - middle)) for point in outer]
    corners = [tuple(middle + 0.6 * (outer[0] - middle) + (12, 0)), far[0], tuple(middle + 0.8 * (outer[1] - middle)), far[2],
               tuple(middle + 0.6 * (outer[2] - middle) - (12, 0))]
    lasso(view, corners)
    assert view.group == ["P002", "P004"]


def test_shift_click_takes_patients_in_and_out(view):
    press(view, view.nodeCenter("P006"), modifier=SHIFT)
    press(view, view.nodeCenter("P002"), modifier=SHIFT)
    press(view, view.nodeCenter("P006"), modifier=SHIFT)
    assert view.calls == [("group", ["P006"]), ("group", ["P002", "P006"]), ("group", ["P002"])]
    assert view.selected is None
    press(view, center_of(view), modifier=SHIFT)                                  # a click beside the nodes changes nothing
    press(view, legend_entry(view, 0), modifier=SHIFT)
    assert view.group == ["P002"]


def test_the_group_stays_through_a_change_of_model_and_drops_patients_who_are_gone(view):
    view.setGroup(["P001", "P011", "nobody"])
    assert view.group == ["P001", "P011"]
    view.setConnectome(ring(12, k=3), coloring(12), animate=True)
    assert view.group == ["P001", "P011"]
    view.setConnectome(ring(9), coloring(9))
    assert view.group == ["P001"]


# ---- which edges are drawn

def ink_between(view, first, second):
    """How much of a line is seen halfway between two nodes."""
    x, y = np.mean([view.nodeCenter(first), view.nodeCenter(second)], axis=0).round().astype(int)
    return (255 - pixels(view)[y - 5:y + 6, x - 5:x + 6]).sum()


@pytest.fixture
def three_pairs(view):
    """P000 - P001, P002 - P003, P004 - P005, each pair on a line of its own."""
    sample = graph([[-1, 1], [1, 1], [-1, 0], [1, 0], [-1, -1], [1, -1]], [0, 2, 4], [1, 3, 5], [1, 1, 1])
    view.setConnectome(sample, coloring(6))
    return view


def test_edges_are_those_of_all_of_the_selection_and_inside_the_group_or_none(three_pairs):
    view, pairs = three_pairs, (("P000", "P001"), ("P002", "P003"), ("P004", "P005"))
    view.setSelected("P000")
    view.setGroup(["P002", "P003", "P004"])
    for mode, seen in (("all", (True, True, True)), ("selection", (True, True, False)), ("none", (False, False, False))):
        view.setEdgeMode(mode)
        assert tuple(ink_between(view, *pair) > 0 for pair in pairs) == seen
    view.setEdgeMode("all")
    view.setSelected(None)
    assert ink_between(view, *pairs[1]) > 1.5 * ink_between(view, *pairs[2]) > 0     # the others stand back
    with pytest.raises(ValueError, match="expected one of"):
        view.setEdgeMode("some")


def test_an_edge_that_is_not_drawn_has_no_tooltip(three_pairs):
    view = three_pairs
    middle = np.mean([view.nodeCenter("P002"), view.nodeCenter("P003")], axis=0)
    assert "P002" in view.tooltipAt(*middle)
    for mode in ("selection", "none"):
        view.setEdgeMode(mode)
        assert view.tooltipAt(*middle) == ""


def test_a_map_without_edges_still_shows_the_neighborhood_under_the_pointer(three_pairs):
    view = three_pairs
    view.setEdgeMode("none")
    colors = {patient: pixel(view, view.nodeCenter(patient)) for patient in ("P001", "P004")}
    move(view, view.nodeCenter("P000"))
    settle()
    assert pixel(view, view.nodeCenter("P001")) == pytest.approx(colors["P001"], abs=3)
    assert np.abs(pixel(view, view.nodeCenter("P004")) - colors["P004"]).max() > 50
    assert ink_between(view, "P000", "P001") == 0


def test_the_legend_explains_lines_only_if_there_are_any(three_pairs):
    view = three_pairs
    tall = view.canvas.legend.rect[3]
    assert has_color(view, np.add(view.canvas.legend.rect[:2], (20, tall - 16)), 14, "#4f6480")
    view.setEdgeMode("none")
    assert view.canvas.legend.rect[3] < tall
