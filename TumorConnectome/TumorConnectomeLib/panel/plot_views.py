"""Names on the axis and the legend beside the bars in Slicer's plot views, which plot nodes can not ask for.

qMRMLPlotView sets titles, ranges, fonts, the grid and the legend's visibility from the chart node, and never touches the ticks
of its vtkAxis and the place of its vtkChartLegend (`updateWidgetFromMRML` in Slicer's qMRMLPlotView.cxx). These are set here
whenever a view shows one of our charts, and set back when it shows another one. A view without this, in a Slicer that does not
have the module, shows the numbers of the places, and which name belongs to which in the axis' title.
"""
from __future__ import annotations

import json
import math

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .result_plots import AXIS_NAMES, AXIS_TITLE, PLOT

#: after Slicer's own observers of the same events (priority 0), which write the axis' title
_LAST = -1.0
#: how far names are turned to have room: they end at their tick, and the first must not leave the view at the left
_TURNS_DEGREES = (0, 35, 60, 90)
#: sizes in a view of 480 px with a legend, in px: the axis, what is left of it, a character, a line
_AXIS_PX, _LEFT_PX, _CHARACTER_PX, _LINE_PX = 280, 45, 6.5, 14


class PlotViews(VTKObservationMixin):
    """Watches the plot views of the layout; let go with `cleanup`."""

    def __init__(self):
        super().__init__()
        self._manager, self._dressed = slicer.app.layoutManager(), set()
        if self._manager is not None:                   # there is none without a main window
            self._manager.connect("layoutChanged(int)", self._onLayout)
            self._onLayout()

    def cleanup(self):
        """Leave the views alone from now on."""
        self.removeObservers()
        if self._manager is not None:
            self._manager.disconnect("layoutChanged(int)", self._onLayout)
            self._manager = None

    def _widgets(self):
        return [self._manager.plotWidget(number) for number in range(self._manager.plotViewCount)]

    def _onLayout(self, layout=0):
        for widget in self._widgets():
            node = widget.mrmlPlotViewNode()
            for event in (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLPlotViewNode.PlotChartNodeChangedEvent):
                if not self.hasObserver(node, event, self._onView):
                    self.addObserver(node, event, self._onView, priority=_LAST)
            self._dress(widget)

    def _onView(self, node, event):
        for widget in self._widgets():
            if widget.mrmlPlotViewNode() is node:
                self._dress(widget)

    def _onChart(self, chart, event):
        for widget in self._widgets():
            if widget.mrmlPlotViewNode().GetPlotChartNode() is chart:
                self._dress(widget)

    def _dress(self, widget):
        """Write names and place the legend in a view that shows one of our charts; undo that in one that shows another."""
        node, view = widget.mrmlPlotViewNode().GetPlotChartNode(), widget.plotView()
        key = widget.mrmlPlotViewNode().GetID()
        if node is not None and node.GetAttribute(PLOT):
            if not self.hasObserver(node, vtk.vtkCommand.ModifiedEvent, self._onChart):
                self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onChart, priority=_LAST)
            _name_places(view.chart(), _names_of(node), node.GetAttribute(AXIS_TITLE) or "")
            _place_legend(view.chart(), True)
            self._dressed.add(key)
        elif key in self._dressed:
            _name_places(view.chart(), [], "")
            _place_legend(view.chart(), False)
            self._dressed.discard(key)
        else:
            return
        view.scene().SetDirty(True)


def _names_of(node):
    """Names along the axis of a chart; none when somebody else wrote something else there."""
    try:
        names = json.loads(node.GetAttribute(AXIS_NAMES) or "[]")
    except ValueError:
        return []
    return list(map(str, names)) if isinstance(names, list) else []


def _name_places(chart, names, title):
    """Write names at 0, 1, 2, ... of the horizontal axis; without names its own numbers again."""
    axis, turn = chart.GetAxis(vtk.vtkAxis.BOTTOM), _turn_of(names)
    properties = axis.GetLabelProperties()
    properties.SetOrientation(turn)
    if turn:
        properties.SetJustificationToRight()
    else:
        properties.SetJustificationToCentered()
    if not names:
        axis.SetCustomTickPositions(None, None)
        return
    places, labels = vtk.vtkDoubleArray(), vtk.vtkStringArray()
    for place, name in enumerate(names):
        places.InsertNextValue(place)
        labels.InsertNextValue(name)
    axis.SetCustomTickPositions(places, labels)
    axis.SetTitle(title)


def _turn_of(names):
    """Degrees by which names along the axis are turned, the fewest with which they have room."""
    step = _AXIS_PX / max(1, len(names))

    def fits(degrees):
        widths = [len(name) * _CHARACTER_PX for name in names]
        if not degrees:
            return max(widths, default=0) < step
        angle = math.radians(degrees)
        return step * math.sin(angle) > _LINE_PX and all(
            width * math.cos(angle) < _LEFT_PX + (place + 0.5) * step for place, width in enumerate(widths))

    return next((degrees for degrees in _TURNS_DEGREES if fits(degrees)), _TURNS_DEGREES[-1])


def _place_legend(chart, beside):
    """The legend to the right of the axes, or inside them at the top right as vtkChart does by itself."""
    legend = chart.GetLegend()
    legend.SetInline(not beside)
    legend.SetHorizontalAlignment(vtk.vtkChartLegend.RIGHT)
    legend.SetVerticalAlignment(vtk.vtkChartLegend.TOP)
