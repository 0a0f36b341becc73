"""The heat map with real clicks and keys: what it draws, marks, says and calls back."""
import math

import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtTest, QtWidgets
from widget_hands import click, dark_palette, has_color, key, pixels

from TumorConnectomeLib.presentation.heat_map import HeatMap, number_text

VALUES = {("A", "sex"): (2.0, 1.0, True), ("A", "stage"): (0.5, -1.0, False), ("B", "sex"): (1.0, 0.0, False),
          ("B", "stage"): (math.nan, math.nan, False)}
#: 80 % of the widget's colors over white
ORANGE, BLUE = (235, 129, 52), (86, 152, 198)


def heat_map():
    return HeatMap.of_cells("Lift", ["A", "B"], ["sex", "stage"], ["Sex", "Stage"],
                            lambda row, column: (*VALUES[row, column], f"{row}, {column}\nn = 5 < 6"), "1 is chance.")


@pytest.fixture
def widget(host):
    """A shown heat map of two by two cells; clicked cells are in `widget.cells`."""
    from TumorConnectomeLib.widgets.heat_map import HeatMapWidget

    widget = HeatMapWidget()
    widget.cells = []
    widget.onCell = lambda row, column: widget.cells.append((row, column))
    widget.setHeatMap(heat_map())
    widget.resize(300, 200)
    widget.show()
    widget.activateWindow()
    host.processEvents()
    yield widget
    widget.close()
    widget.deleteLater()


def cell_pixels(widget, row, column, size=34):
    """The picture inside a cell."""
    x, y = map(round, widget.cellCenter(row, column))
    return pixels(widget)[y - 9:y + 9, x - size // 2:x + size // 2]


def test_blue_is_below_and_orange_above_and_the_neutral_value_has_no_color(widget):
    assert has_color(cell_pixels(widget, "A", "sex"), ORANGE) and has_color(cell_pixels(widget, "A", "stage"), BLUE)
    for column in ("sex", "stage"):
        colors = cell_pixels(widget, "B", column).astype(int)
        assert np.ptp(colors, axis=2).max() < 10, "gray figures on the background"


def test_every_figure_is_printed_and_the_mark_is_not_a_color(widget):
    assert [widget.heatMap.text(row, column) for row in (0, 1) for column in (0, 1)] == ["2.00*", "0.50", "1.00", "\u2013"]
    for row, column in VALUES:
        inside = cell_pixels(widget, row, column).astype(int)
        assert np.abs(inside - inside[0, 0]).max() > 150, "text that stands out"


def test_figures_stand_out_on_a_dark_background_too(widget):
    widget.setPalette(dark_palette())
    background = pixels(widget)
    assert has_color(background, (43, 43, 43))
    for row, column in VALUES:
        inside = cell_pixels(widget, row, column).astype(int)
        assert np.abs(inside - inside[0, 0]).max() > 90


def test_a_click_names_the_cell_and_beside_the_cells_nothing_happens(widget):
    click(widget, widget.cellCenter("B", "stage"))
    click(widget, (3, 3))
    click(widget, (widget.width - 2, widget.height - 2))
    assert widget.cells == [("B", "stage")]


def test_a_press_that_ends_in_another_cell_is_no_click(widget):
    left, none = QtCore.Qt.LeftButton, QtCore.Qt.NoModifier
    start, end = (QtCore.QPoint(*map(round, widget.cellCenter("A", name))) for name in ("sex", "stage"))
    QtTest.QTest.mousePress(widget, left, none, start)
    QtTest.QTest.mouseRelease(widget, left, none, end)
    assert widget.cells == []


def test_arrow_keys_move_to_every_cell_and_stop_at_the_edges(widget):
    widget.setFocus()
    for name in ("Left", "Return", "Down", "Space", "Right", "Right", "Return", "Up", "Return"):
        key(widget, name)
    assert widget.cells == [("A", "sex"), ("B", "sex"), ("B", "stage"), ("A", "stage")]
    assert widget.accessibleDescription == "A, stage; n = 5 < 6" and "Lift" in widget.accessibleName


def test_the_current_cell_is_framed_while_the_widget_has_the_focus(widget, host):
    widget.clearFocus()
    without = pixels(widget)
    widget.setFocus()
    key(widget, "Right")
    host.processEvents()
    rows, columns = np.nonzero((pixels(widget) != without).any(axis=2))
    x, y = widget.cellCenter("A", "stage")
    assert widget.hasFocus() and rows.min() < y < rows.max() and columns.min() < x < columns.max()
    assert columns.min() > widget.cellCenter("A", "sex")[0] and rows.max() < widget.cellCenter("B", "sex")[1]


def test_the_tooltip_tells_everything_about_the_cell_under_the_pointer_and_escapes_it(widget):
    point, none = QtCore.QPointF(*widget.cellCenter("A", "sex")), QtCore.Qt.MouseButton.NoButton
    QtWidgets.QApplication.sendEvent(widget, QtGui.QMouseEvent(
        QtCore.QEvent.Type.MouseMove, point, point, none, none, QtCore.Qt.KeyboardModifier.NoModifier))
    assert widget.toolTip == "A, sex<br>n = 5 &lt; 6"


def test_controls_are_set_apart_and_named(widget):
    before = widget.cellCenter("A", "stage")
    widget.setHeatMap(HeatMap.of_cells("Lift", ["A"], ["sex", "stage"], ["Sex", "Stage"],
                                       lambda row, column: (1.0, 0.0, False, ""), controls=["stage"]))
    assert widget.cellCenter("A", "stage")[0] > before[0] + 5
    gap = (widget.cellCenter("A", "sex")[0] + widget.cellCenter("A", "stage")[0]) / 2
    click(widget, (gap, widget.cellCenter("A", "sex")[1]))
    assert widget.cells == [], "nothing lies between results and controls"
    click(widget, widget.cellCenter("A", "stage"))
    assert widget.cells == [("A", "stage")]


def test_eight_labels_fit_into_the_panel_of_a_laptop_and_their_figures_into_the_cells(widget, host):
    labels = [f"Label {number}" for number in range(8)]
    widget.setHeatMap(HeatMap.of_cells("Lift", ["Consensus"], labels, labels, lambda row, column: (1.23, 0.0, True, ""), "",
                                       controls=labels[-2:]))
    widget.resize(352, widget.height)
    host.processEvents()
    assert widget.minimumWidth <= 352
    picture = pixels(widget)
    (first, y), (second, _y) = (widget.cellCenter("Consensus", label) for label in labels[:2])
    border = int(round((first + second) / 2))
    band = picture[int(y) - 8:int(y) + 4, border - 1:border + 1, :3].astype(int)
    assert (band.min(axis=-1) > 120).all(), "ink between two cells: a figure is wider than its cell"


def test_an_interval_is_a_line_with_a_tick_at_the_neutral_value(widget):
    widget.setHeatMap(HeatMap.of_cells("Lift", ["A"], ["wide", "none"], ["wide", "none"], lambda row, column: (
        1.0, 0.0, False, "", (-1.0, 1.0) if column == "wide" else (math.nan, math.nan))))

    def dark(column):
        x, y = map(round, widget.cellCenter("A", column))
        line = pixels(widget)[y + 8:y + 11, x - 14:x + 14].astype(int).sum(axis=2)
        return int((line < 200).any(axis=0).sum())

    assert dark("wide") > 24 and dark("none") == 0


def test_the_legend_shows_both_ends_of_the_colors(widget):
    assert not has_color(pixels(widget)[130:], ORANGE)
    widget.setHeatMap(HeatMap.of_cells("Lift", ["A"], ["sex"], ["Sex"], lambda row, column: (1.0, 0.0, False, ""),
                                       scale=("less", "chance", "more")))
    below = pixels(widget)[round(widget.cellCenter("A", "sex")[1]) + 16:]
    assert has_color(below, ORANGE) and has_color(below, BLUE)


def test_nothing_is_shown_without_figures(widget):
    widget.setHeatMap(None)
    assert not widget.isVisible() and "nothing" in widget.accessibleName
    widget.setHeatMap(HeatMap.of_cells("Empty", [], [], [], None))
    assert not widget.isVisible()
    widget.setHeatMap(heat_map())
    assert widget.isVisible()


@pytest.mark.parametrize("value, text", [(1.005, "1.00"), (-0.5, "-0.50"), (289.0, "289"), (math.nan, "\u2013")])
def test_figures_are_short(value, text):
    assert number_text(value) == text
