"""Results in the MRML scene: tables and plots that Slicer's own modules show, save and export."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import slicer
import vtk

from ..core.heat_map import HeatMap
from ..core.reliability import Curve

#: attribute of table, series and chart nodes: which result they belong to
_RESULT, _FACTS, _PLOT = "TumorConnectome.Result", "TumorConnectome.Facts", "TumorConnectome.Plot"
_PREFIX = "TumorConnectome"


def write_result(kind: str, columns: Sequence[str], rows: Sequence[Sequence], facts: Mapping) -> slicer.vtkMRMLTableNode:
    """Put a table into the scene; it takes the place of the former one of this kind.

    Parameters
    ----------
    kind : str
        "retrieval", ...: part of the node's name.
    columns : sequence of str
    rows : sequence of sequence
        Texts, numbers, or None. A column of whole numbers becomes one of int, other numbers float64 (None: NaN).
    facts : mapping
        What else belongs to the result; anything JSON can hold.
    """
    node = find_result(kind) or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{_PREFIX}: {kind}")
    _fill(node, columns, [[row[place] for row in rows] for place in range(len(columns))])
    node.SetAttribute(_RESULT, kind)
    node.SetAttribute(_FACTS, json.dumps(facts))
    return node


def find_result(kind: str) -> slicer.vtkMRMLTableNode | None:
    """The table of a result, the last one if a scene was added to another; None when there is none."""
    return next(iter(reversed(_nodes("vtkMRMLTableNode", _RESULT, kind))), None)


def read_result(node) -> tuple[list[dict], dict]:
    """Rows by column names and facts of a table node; missing numbers are NaN. Facts of other programs are left out."""
    table = node.GetTable()
    columns = [table.GetColumn(place) for place in range(table.GetNumberOfColumns())]
    records = [{column.GetName(): column.GetValue(row) for column in columns} for row in range(table.GetNumberOfRows())]
    try:
        facts = json.loads(node.GetAttribute(_FACTS) or "{}")
    except ValueError:
        facts = {}
    return records, facts if isinstance(facts, dict) else {}


def write_plot(kind: str, heat_map: HeatMap) -> slicer.vtkMRMLPlotChartNode:
    """Put a heat map into the scene as a bar chart: one series per column, with the rows side by side."""
    table, chart = _fresh_plot(kind)
    _fill(table, ["row", *heat_map.column_keys], [list(heat_map.row_keys), *heat_map.values.T.tolist()])
    for key, title in zip(heat_map.column_keys, heat_map.columns):
        series = _add_series(kind, chart, table, title, key)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeBar)
        series.SetLabelColumnName("row")
    chart.SetTitle(heat_map.title)
    chart.SetYAxisTitle(heat_map.title)
    return chart


def write_curves(kind: str, title: str, curves: Sequence[Curve]) -> slicer.vtkMRMLPlotChartNode:
    """Put reliability curves into the scene as a line chart with the diagonal that is perfect calibration."""
    table, chart = _fresh_plot(kind)
    longest = max(2, *(len(curve.points) for curve in curves))
    columns = {"perfect": [0.0, 1.0]}
    for curve in curves:
        columns[f"{curve.name}: predicted"] = [point[0] for point in curve.points]
        columns[f"{curve.name}: observed"] = [point[1] for point in curve.points]
    _fill(table, list(columns), [[*values, *[None] * (longest - len(values))] for values in columns.values()])
    for name, x, y in [("Perfect", "perfect", "perfect"), *((curve.name, f"{curve.name}: predicted", f"{curve.name}: observed")
                                                             for curve in curves)]:
        series = _add_series(kind, chart, table, name, y)
        series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        series.SetXColumnName(x)
        if name == "Perfect":
            series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
            series.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleDash)
            series.SetColor(0.5, 0.5, 0.5)
    chart.SetTitle(title)
    chart.SetXAxisTitle("Predicted probability")
    chart.SetYAxisTitle("Observed share")
    return chart


def _fresh_plot(kind):
    """Table and chart of a plot, those of the scene or new ones, without series."""
    name = f"{_PREFIX}: {kind} (plot)"
    tables, charts = (_nodes(type_name, _PLOT, kind) for type_name in ("vtkMRMLTableNode", "vtkMRMLPlotChartNode"))
    table = tables[-1] if tables else slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    chart = charts[-1] if charts else slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    chart.RemoveAllPlotSeriesNodeIDs()
    for series in _nodes("vtkMRMLPlotSeriesNode", _PLOT, kind):
        slicer.mrmlScene.RemoveNode(series)
    for node in (table, chart):
        node.SetAttribute(_PLOT, kind)
    return table, chart


def _add_series(kind, chart, table, title, y):
    """A series of a column of the table in the chart."""
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", f"{_PREFIX}: {title}")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetYColumnName(y)
    series.SetUniqueColor()
    series.SetAttribute(_PLOT, kind)
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return series


def _nodes(type_name, attribute, value):
    return [node for node in slicer.util.getNodesByClass(type_name) if node.GetAttribute(attribute) == value]


def _fill(node, columns, values):
    """Replace all columns of a table node."""
    modifying = node.StartModify()
    try:
        node.RemoveAllColumns()
        for name, column in zip(columns, values):
            array = _array(column)
            array.SetName(name)
            node.AddColumn(array)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)                            # results are not edited by hand
    finally:
        node.EndModify(modifying)


def _array(values):
    """A typed VTK array of these values."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        array, values = vtk.vtkStringArray(), ["" if value is None else str(value) for value in values]
    elif len(known) == len(values) and all(isinstance(value, int) for value in known):
        array = vtk.vtkIntArray()
    else:
        array, values = vtk.vtkDoubleArray(), [math.nan if value is None else float(value) for value in values]
    for value in values:
        array.InsertNextValue(value)
    return array
