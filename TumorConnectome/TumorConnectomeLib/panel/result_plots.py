"""Plots in the MRML scene that Slicer's own views show: bars with intervals and the chance level, reliability curves.

Only what qMRMLPlotView draws is used. It has no intervals, no reference lines and no names on an axis
(`updatePlotFromPlotSeriesNode` in Slicer's qMRMLPlotView.cxx): intervals and the chance level are series of lines, and names
are kept with the chart for `plot_views.PlotViews`, which writes them on the axis.
"""
from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence

import numpy as np
import slicer
from slicer.i18n import tr as _

from ..evaluation.reliability import Curve
from ..presentation.heat_map import HeatMap
from .result_nodes import PREFIX, fill_table, nodes_with

#: attributes of table, series and chart nodes: which plot they belong to, and of the chart: names at the places 0, 1, 2, ...
#: of its horizontal axis, and the title of that axis once the names stand there
PLOT, AXIS_NAMES, AXIS_TITLE = "TumorConnectome.Plot", "TumorConnectome.AxisNames", "TumorConnectome.AxisTitle"
#: attribute of the table with the lines of a plot
_LINES = "TumorConnectome.PlotLines"
#: names of the table nodes
_BARS_NAME, _LINES_NAME = "plot", "plot lines"
#: share of the room between two places that the bars of a place take: that of vtkChart, which Slicer leaves as it is
_BARS_SHARE = 0.8
#: half the length of the ends of an interval, in widths of a bar or, for curves, in probability
_CAP, _CURVE_CAP = 0.22, 0.008
#: colors of series: Okabe & Ito (2008), then shades of them
_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a7a7a", "#003f63", "#8f6300",
           "#00553e", "#7d3f65")
_INK, _QUIET = "#262626", "#7a7a7a"
_TITLE_SIZE, _AXIS_SIZE, _TEXT_SIZE = 15, 13, 12
#: characters of a title, and of the list of names under the axis, that fit into a line of a view
#: of 500 px; a saved scene has a space for the line's end
_TITLE_LINE, _LIST_LINE = 48, 60
_GAP = (math.nan, math.nan)


def write_plot(kind: str, heat_map: HeatMap, synthetic: bool = False) -> slicer.vtkMRMLPlotChartNode:
    """Put a heat map into the scene as a bar chart: a series per column, the rows side by side, with intervals and chance.

    Parameters
    ----------
    kind : str
        "retrieval", ...: part of the nodes' names.
    heat_map : HeatMap
    synthetic : bool
        Whether the patients are made up; then the title says so.
    """
    axes = heat_map.axes
    places = [place for place, key in enumerate(heat_map.column_keys) if not axes.columns or key in axes.columns]
    values = heat_map.values.copy()
    if heat_map.row_keys == heat_map.column_keys:
        np.fill_diagonal(values, np.nan)                # a model with itself says nothing
    whiskers = _bar_whiskers(values[:, places], heat_map.intervals[:, places])
    keys = [key or heat_map.columns[place] for place, key in enumerate(heat_map.column_keys)]     # a column needs a name
    columns = {"row": list(heat_map.rows), **{keys[place]: values[:, place].tolist() for place in places}}
    lines = {"interval_x": whiskers[0], "interval_y": whiskers[1]}
    if not math.isnan(axes.chance):
        lines |= {"chance_x": [-0.5, len(heat_map.row_keys) - 0.5], "chance_y": [axes.chance] * 2}
    plot = _Plot(kind, f"{heat_map.title} ({_('SYNTHETIC DATA')})" if synthetic else heat_map.title)
    plot.fill(columns, lines)
    for number, place in enumerate(places):
        plot.addBars(heat_map.columns[place], keys[place], _COLORS[number % len(_COLORS)])
    if whiskers[0]:
        plot.addLine(_("95 % CI"), "interval_x", "interval_y", _INK, width=1)
    if not math.isnan(axes.chance):
        plot.addLine(f"{_(axes.chance_name)} ({axes.chance:.3g})", "chance_x", "chance_y", _INK, width=1.5, dashed=True)
    names = list(heat_map.rows)
    listed = ", ".join(f"{number} = {name}" for number, name in enumerate(names))
    plot.setAxes(textwrap.fill(listed, _LIST_LINE), axes.figures or heat_map.title, (-0.5, len(names) - 0.5),
                 _ends([*values[:, places].ravel(), *whiskers[1], axes.chance]))
    return plot.show(names, _(axes.rows))


def write_curves(kind: str, title: str, curves: Sequence[Curve], synthetic: bool = False) -> slicer.vtkMRMLPlotChartNode:
    """Put reliability curves into the scene as a line chart with intervals and the diagonal that is perfect calibration."""
    plot = _Plot(kind, f"{title} ({_('SYNTHETIC DATA')})" if synthetic else title)
    lines = {"perfect": [0.0, 1.0], "interval_x": [], "interval_y": []}
    for curve in curves:
        lines[f"{curve.name}: predicted"] = [point[0] for point in curve.points]
        lines[f"{curve.name}: observed"] = [point[1] for point in curve.points]
        for predicted, _observed, low, high, _patients in curve.points:
            for x, y in _whisker(predicted, low, high, _CURVE_CAP):
                lines["interval_x"].append(x)
                lines["interval_y"].append(y)
    plot.fill({}, lines)
    plot.addLine(_("Perfect calibration"), "perfect", "perfect", _QUIET, width=1.5, dashed=True)
    for number, curve in enumerate(curves):
        plot.addLine(curve.name, f"{curve.name}: predicted", f"{curve.name}: observed", _COLORS[number % len(_COLORS)],
                     width=2, marked=True)
    if curves:
        plot.addLine(_("95 % CI"), "interval_x", "interval_y", _INK, width=1)
    plot.setAxes(_("Predicted probability"), _("Observed share"), (-0.02, 1.02), (-0.02, 1.02))
    return plot.show([], "")


def write_sweep(kind: str, title: str, lines: dict[str, list[float]], synthetic: bool = False) -> slicer.vtkMRMLPlotChartNode:
    """Put P@k over the number of neighbors into the scene as a line chart, between the ends of what chance alone fills.

    Parameters
    ----------
    kind, title, synthetic
        See `write_plot`.
    lines : dict of str to list of float
        Of `contrast_maps.sweep_lines`.
    """
    plot = _Plot(kind, f"{title} ({_('SYNTHETIC DATA')})" if synthetic else title)
    plot.fill({}, lines)
    plot.addLine("P@k", "k", "value", _COLORS[0], width=2, marked=True)
    plot.addLine(_("Chance"), "k", "chance", _INK, width=1.5, dashed=True)
    plot.addLine(_("Chance, 2.5 %"), "k", "null_low", _QUIET, width=1)
    plot.addLine(_("Chance, 97.5 %"), "k", "null_high", _QUIET, width=1)
    values = [value for name, column in lines.items() if name != "k" for value in column]
    room = 0.05 * (max(values) - min(values)) or 0.01
    plot.setAxes(_("Neighbors (k)"), _("P@k: share of the nearest with the same label"), (0, 1.02 * max(lines["k"])),
                 (min(values) - room, max(values) + room))
    return plot.show([], "")


class _Plot:
    """The nodes of a plot, those of the scene or new ones.

    Bars have a table of their own: in that of the lines, gaps are NaN. The chart takes its series at the end, in `show`:
    qMRMLPlotView mixes up a series that changes from line to bar in a chart.
    """

    def __init__(self, kind, title):
        self._kind, self._series = kind, []
        self._chart = self._node("vtkMRMLPlotChartNode", PLOT, "plot")
        self._bars = self._node("vtkMRMLTableNode", PLOT, _BARS_NAME)
        self._lines = self._node("vtkMRMLTableNode", _LINES, _LINES_NAME)
        self._chart.RemoveAllPlotSeriesNodeIDs()
        for series in nodes_with("vtkMRMLPlotSeriesNode", PLOT, kind):
            slicer.mrmlScene.RemoveNode(series)
        self._chart.SetTitle(textwrap.fill(title, _TITLE_LINE))

    def _node(self, type_name, attribute, name):
        found = nodes_with(type_name, attribute, self._kind)
        node = found[-1] if found else slicer.mrmlScene.AddNewNodeByClass(type_name, f"{PREFIX}: {self._kind} ({name})")
        node.SetAttribute(attribute, self._kind)
        return node

    def fill(self, bars, lines):
        """Columns of bars, and those of lines, which are padded with NaN to the longest: nothing is drawn there."""
        longest = max([len(values) for values in lines.values()], default=0)
        fill_table(self._bars, list(bars), list(bars.values()), blank=False)
        fill_table(self._lines, list(lines), [[*values, *[math.nan] * (longest - len(values))] for values in lines.values()],
                   blank=False)

    def addBars(self, title, column, color):
        series = self._add(self._bars, title, column, color, slicer.vtkMRMLPlotSeriesNode.PlotTypeBar)
        series.SetLabelColumnName("row")

    def addLine(self, title, x, y, color, width, dashed=False, marked=False):
        node = slicer.vtkMRMLPlotSeriesNode
        series = self._add(self._lines, title, y, color, node.PlotTypeScatter)
        series.SetXColumnName(x)
        series.SetLineWidth(width)
        series.SetLineStyle(node.LineStyleDash if dashed else node.LineStyleSolid)
        series.SetMarkerStyle(node.MarkerStyleCircle if marked else node.MarkerStyleNone)

    def _add(self, table, title, y, color, plot_type):
        series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", self._freeName(title))
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetYColumnName(y)
        series.SetPlotType(plot_type)
        series.SetColor(*(int(color[place:place + 2], 16) / 255 for place in (1, 3, 5)))
        series.SetAttribute(PLOT, self._kind)
        self._series.append(series)
        return series

    def _freeName(self, title):
        """The title, which is what the legend shows; with the kind of the plot where another series has this name."""
        taken = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")}
        own = f"{title} ({self._kind})"
        return title if title not in taken else own if own not in taken else slicer.mrmlScene.GetUniqueNameByString(own)

    def setAxes(self, x, y, x_ends, y_ends):
        """Titles and ranges of both axes."""
        chart = self._chart
        chart.SetXAxisTitle(x)
        chart.SetYAxisTitle(y)
        chart.SetXAxisRangeAuto(False)
        chart.SetXAxisRange(*x_ends)
        chart.SetYAxisRangeAuto(False)
        chart.SetYAxisRange(*y_ends)
        chart.SetTitleFontSize(_TITLE_SIZE)
        chart.SetAxisTitleFontSize(_AXIS_SIZE)
        chart.SetAxisLabelFontSize(_TEXT_SIZE)
        chart.SetLegendFontSize(_TEXT_SIZE)

    def show(self, names, axis_title):
        """Put the series into the chart, in the order in which they were added; returns the chart."""
        self._chart.SetAttribute(AXIS_NAMES, json.dumps(names))
        self._chart.SetAttribute(AXIS_TITLE, axis_title)
        for series in self._series:
            self._chart.AddAndObservePlotSeriesNodeID(series.GetID())
        return self._chart


def _bar_whiskers(values, intervals):
    """Coordinates of one line that draws the interval of each bar, with gaps (NaN) between them.

    vtkChartXY puts the bars of a place side by side around it, each as wide as the share of the room allows; a vtkPlotLine
    leaves out points that are NaN.
    """
    xs, ys = [], []
    width = _BARS_SHARE / max(1, values.shape[1])
    for (row, column), value in np.ndenumerate(values):
        low, high = intervals[row, column]
        if np.isfinite([value, low, high]).all():
            center = row + (column - (values.shape[1] - 1) / 2) * width
            for x, y in _whisker(center, low, high, _CAP * width):
                xs.append(x)
                ys.append(y)
    return xs, ys


def _whisker(center, low, high, cap):
    """Points of an interval with its ends, in front of a gap."""
    return [(center - cap, low), (center + cap, low), _GAP, (center, low), (center, high), _GAP,
            (center - cap, high), (center + cap, high), _GAP]


def _ends(values):
    """Range of an axis that begins at zero, where bars do, and has some room above the highest and below a negative value."""
    known = [value for value in values if math.isfinite(value)]
    low, high = min([0.0, *known]), max([0.0, *known])
    room = 0.05 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), (high + room if high > 0 else room)
