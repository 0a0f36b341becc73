"""Graying patients: categories switched in the legend by mouse and keyboard, and the filter."""
from dataclasses import replace

import numpy as np
import pytest
from at_rest import settle
from connectome_samples import coloring, graph, ring
from view_gestures import has_color, key, legend_entry, move, pixel, pixels, press, rgb_of, turn_wheel

from TumorConnectomeLib.base.errors import InputError

#: P000, P004 and P008 are "IA", P001, P005, P009 "IB", P002, ... "IV", P003, ... "Unknown"
IA = ("P000", "P004", "P008")


def is_gray(view, patient_id):
    """Whether a node is shown without its color, lighter than the gray of "Unknown"."""
    color = pixel(view, view.nodeCenter(patient_id))
    return np.ptp(color) < 4 and color.mean() > 225


def struck_out(view, category):
    """Whether a line crosses the name of a category in the legend."""
    left, top, width, height = (round(value) for value in view.canvas.legend.entry_box(category))
    dark = pixels(view)[top:top + height, left + 22:left + 32].mean(-1) < 215       # across the first letters
    return bool(dark.all(axis=1).any())


def test_a_click_on_a_legend_entry_grays_its_nodes_and_another_shows_them_again(view):
    assert not any(is_gray(view, patient) for patient in IA)
    press(view, legend_entry(view, 0))
    assert view.calls == [("categories", {"IA"})] and view.hiddenCategories == {"IA"}
    assert all(is_gray(view, patient) for patient in IA)
    assert pixel(view, view.nodeCenter("P001")) == pytest.approx(rgb_of(coloring(12).light[1]), abs=2)
    press(view, legend_entry(view, 0))
    assert view.calls[-1] == ("categories", set()) and not any(is_gray(view, patient) for patient in IA)
    assert view.selected is None                                    # a click on the legend is none on the graph


def test_grayed_nodes_stay_in_place_and_can_still_be_selected(view):
    before = view.nodeCenter("P004")
    view.setHiddenCategories(["IA"])
    assert view.nodeCenter("P004") == before and view.calls == []
    press(view, before)
    assert view.selected == "P004"
    assert has_color(view, before, 30, "#e0a100")


def test_the_legend_shows_a_hidden_category_hollow_and_struck_out_with_its_count(view):
    left, top, width, height = view.canvas.legend.entry_box(0)
    mark, count = (left + 10, top + height / 2), (left + width - 9, top + height / 2)
    assert has_color(view, mark, 3, coloring(12).light[0], 10) and not struck_out(view, 0)
    before = pixels(view)
    press(view, legend_entry(view, 0))
    assert struck_out(view, 0) and not struck_out(view, 1)
    assert not has_color(view, mark, 2, coloring(12).light[0], 10)              # hollow
    assert has_color(view, mark, 6, coloring(12).light[0], 60)                  # its rim has the color
    x, y = round(count[0]), round(count[1])
    assert np.abs(pixels(view)[y - 5:y + 5, x - 3:x + 4] - before[y - 5:y + 5, x - 3:x + 4]).max() < 3


def test_an_entry_tells_by_cursor_and_tooltip_that_it_can_be_clicked(view):
    from PySide6 import QtCore, QtWidgets
    assert view.cursor.shape() == QtCore.Qt.ArrowCursor
    move(view, legend_entry(view, 2))
    assert view.cursor.shape() == QtCore.Qt.PointingHandCursor
    settle()
    assert "<b>IV</b>" in QtWidgets.QToolTip.text() and "gray" in QtWidgets.QToolTip.text()
    view.setHiddenCategories(["IV"])
    assert "again" in view.tooltipAt(*legend_entry(view, 2))


def test_the_keyboard_walks_the_legend_and_switches_categories(view):
    key(view, "L")
    assert view.accessibleDescription.startswith("Legend: IA, shown.")
    left, top, width, height = view.canvas.legend.entry_box(0)
    assert has_color(view, (left, top + height / 2), 3, "#0078d4", 10)          # the frame around the entry
    key(view, "Down")
    key(view, "Space")
    assert view.calls == [("categories", {"IB"})] and is_gray(view, "P001")
    assert view.accessibleDescription.startswith("Legend: IB, grayed.")
    for _ in range(2):
        key(view, "Up")
    key(view, "Return")
    assert view.hiddenCategories == {"IB", "Unknown"}                           # upwards from the first is the last
    key(view, "Escape")
    key(view, "Space")
    assert len(view.calls) == 2 and "Hidden: IB, Unknown" in view.accessibleDescription


def test_hidden_categories_stay_with_the_facet_through_a_change_of_model(view):
    view.setHiddenCategories({"IA"})
    view.setConnectome(ring(12, k=3), coloring(12), animate=True)
    settle()
    assert view.hiddenCategories == {"IA"} and is_gray(view, "P004")
    other = coloring(12)
    view.setColoring(type(other)(**{**vars(other), "title": "Another facet"}))
    assert view.hiddenCategories == set() and not is_gray(view, "P004")


def test_edges_at_grayed_nodes_are_faded(view):
    sample = graph([[-1, 1], [1, 1], [-1, -1], [1, -1]], [0, 2], [1, 3], [1, 1])
    sample.weights[:] = 1.0
    view.setConnectome(sample, coloring(4, ("A", "B"), ordered=False))
    view.setFilter(["P002", "P003"])
    ink = []
    for first, second in (("P000", "P001"), ("P002", "P003")):
        x, y = np.mean([view.nodeCenter(first), view.nodeCenter(second)], axis=0).round().astype(int)
        ink.append((255 - pixels(view)[y - 6:y + 7, x]).sum())
    assert 0 < 3 * ink[0] < ink[1]


@pytest.mark.parametrize("patients", [np.arange(12) >= 6, [f"P{i:03d}" for i in range(6, 12)]])
def test_a_filter_grays_the_other_patients_and_the_legend_counts_both(view, patients):
    whole = view.canvas.legend.rect[2]
    view.setFilter(patients)
    assert [is_gray(view, f"P{i:03d}") for i in range(12)] == [True] * 6 + [False] * 6
    assert view.canvas.state.category_counts() == ["1 of 3", "1 of 3", "2 of 3", "2 of 3"]
    assert view.canvas.legend.rect[2] > whole or view.canvas.legend.rect[2] == pytest.approx(504)      # room for the counts
    assert "6 patients are grayed" in view.accessibleDescription
    view.setFilter(None)
    assert not any(is_gray(view, f"P{i:03d}") for i in range(12))
    assert view.canvas.state.category_counts() == ["3"] * 4


def test_a_filter_stays_with_its_patients_and_ends_with_another_cohort(view):
    view.setFilter(["P001", "P002"])
    sample = ring(12)
    turned = replace(sample, patient_ids=sample.patient_ids[::-1])
    view.setConnectome(turned, coloring(12))
    assert not is_gray(view, "P001") and is_gray(view, "P003")
    view.setConnectome(ring(9), coloring(9))
    assert not is_gray(view, "P005")


def test_a_filter_nobody_passes_grays_everybody_and_one_of_another_length_is_refused(view):
    view.setFilter([])
    assert all(is_gray(view, f"P{i:03d}") for i in range(12))
    with pytest.raises(InputError, match="11 values; expected 12"):
        view.setFilter(np.ones(11, bool))
    view.setConnectome(None, None)
    view.setFilter(["P001"])                            # before the cohort is there: remembered
    view.setConnectome(ring(12), coloring(12))
    assert not is_gray(view, "P001") and is_gray(view, "P002")


def test_grayed_hubs_have_no_label_and_grayed_nodes_lie_below_the_others(view):
    sample = ring(12, hub=True)
    sample.positions[5] = sample.positions[4]
    view.setConnectome(sample, coloring(12))
    assert [label.text for label, _ in view.canvas.placed_labels()] == ["P000"]
    view.setFilter([f"P{i:03d}" for i in range(12) if i not in (0, 5)])
    assert view.canvas.placed_labels() == []
    turn_wheel(view, view.nodeCenter("P004"), 3)
    assert pixel(view, view.nodeCenter("P005")) == pytest.approx(rgb_of(coloring(12).light[0]), abs=2)
