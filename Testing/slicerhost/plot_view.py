"""Stand-ins for Slicer's plot view and the widget that holds it: a plot chart node drawn by the real vtkChartXY.

What a node's properties do to the chart follows Libs/MRML/Widgets/qMRMLPlotView.cxx, `updatePlotFromPlotSeriesNode` and
`updateWidgetFromMRML`; what Slicer ignores is ignored here, so that a chart looks as it looks there.
"""
import slicer
import vtk
from PySide6 import QtWidgets

from .controller_bar import ControllerBar
from .render_view import RenderView

_SERIES, _PEN, _AXIS = slicer.vtkMRMLPlotSeriesNode, vtk.vtkPen, vtk.vtkAxis
_LINES = {_SERIES.LineStyleNone: _PEN.NO_PEN, _SERIES.LineStyleSolid: _PEN.SOLID_LINE, _SERIES.LineStyleDash: _PEN.DASH_LINE,
          _SERIES.LineStyleDot: _PEN.DOT_LINE, _SERIES.LineStyleDashDot: _PEN.DASH_DOT_LINE,
          _SERIES.LineStyleDashDotDot: _PEN.DASH_DOT_DOT_LINE}
_MARKERS = {_SERIES.MarkerStyleNone: vtk.vtkPlotPoints.NONE, _SERIES.MarkerStyleCross: vtk.vtkPlotPoints.CROSS,
            _SERIES.MarkerStylePlus: vtk.vtkPlotPoints.PLUS, _SERIES.MarkerStyleSquare: vtk.vtkPlotPoints.SQUARE,
            _SERIES.MarkerStyleCircle: vtk.vtkPlotPoints.CIRCLE, _SERIES.MarkerStyleDiamond: vtk.vtkPlotPoints.DIAMOND}
_BARS = (_SERIES.PlotTypeBar, _SERIES.PlotTypeScatterBar)
_BACKGROUND = (255, 253, 246, 255)
_DPI = 72
#: the bar has what that of a 3D view has: pin, name, button to maximize, button to fit
_NARROWEST = 125


class qMRMLPlotView(RenderView):
    """The picture of one plot view node; without zooming and selecting."""

    def __init__(self, node, parent=None):
        super().__init__(parent)
        self._node, self._chart_node, self._chart_tag, self._plots = node, None, None, {}
        self._chart, self._actor = vtk.vtkChartXY(), vtk.vtkContextActor()
        self._actor.GetScene().SetRenderer(self._renderer)
        self._actor.GetScene().AddItem(self._chart)
        self._renderer.AddActor(self._actor)
        self._renderer.SetBackground(1, 1, 1)
        self._renderer.SetUseFXAA(True)
        self._style = vtk.vtkInteractorStyleUser()
        self._interactor.SetInteractorStyle(self._style)
        self._chart.GetBackgroundBrush().SetColor(*_BACKGROUND)
        for place in (_AXIS.BOTTOM, _AXIS.TOP, _AXIS.LEFT, _AXIS.RIGHT):
            self._chart.GetAxis(place).GetTitleProperties().SetBold(False)
        for event in (node.PlotChartNodeChangedEvent, "ModifiedEvent"):
            node.AddObserver(event, self._on_node)
        node.GetScene().AddObserver(slicer.mrmlScene.EndBatchProcessEvent, self._on_node)
        self._on_node()

    def chart(self):
        return self._chart

    def scene(self):
        return self._actor.GetScene()

    def mrmlPlotViewNode(self):
        return self._node

    def fitToContent(self):
        """Show everything, and write the ranges into the chart node."""
        self._chart.RecalculateBounds()
        if self._chart_node:
            for place, put in ((_AXIS.BOTTOM, self._chart_node.SetXAxisRange), (_AXIS.LEFT, self._chart_node.SetYAxisRange)):
                ends = [0.0, 0.0]
                self._chart.GetAxis(place).GetUnscaledRange(ends)
                put(ends)

    def _on_node(self, *_):
        chart_node = self._node.GetPlotChartNode()
        if chart_node is not self._chart_node:
            if self._chart_node is not None:
                self._chart_node.RemoveObserver(self._chart_tag)
            self._chart_node = chart_node
            self._chart_tag = chart_node and chart_node.AddObserver("ModifiedEvent", lambda *_: self._update())
        self._update()

    def _update(self):
        node, wanted = self._chart_node, {}
        for number in range(node.GetNumberOfPlotSeriesNodes() if node else 0):
            series = node.GetNthPlotSeriesNode(number)
            plot = series and _plot_of(series, self._plots.get(series.GetID()))
            if plot:
                wanted[series.GetID()] = plot
        for name, plot in self._plots.items():
            if wanted.get(name) is not plot:
                self._chart.RemovePlotInstance(plot)
        for name, plot in wanted.items():
            if self._plots.get(name) is not plot:
                self._chart.AddPlot(plot)
        self._plots = wanted
        if node:
            self._update_chart(node)
        self.scheduleRender()

    def _update_chart(self, node):
        chart, font = self._chart, vtk.vtkTextProperty.GetFontFamilyFromString(node.GetFontType() or "Arial")

        def style(properties, size):
            properties.SetFontFamily(font)
            properties.SetFontSize(size)

        chart.SetTitle((node.GetTitle() or "") if node.GetTitleVisibility() else "")
        style(chart.GetTitleProperties(), node.GetTitleFontSize())
        chart.SetShowLegend(node.GetLegendVisibility())
        style(chart.GetLegend().GetLabelProperties(), node.GetLegendFontSize())
        x = node.GetXAxisTitle() if node.GetXAxisTitleVisibility() else "", node.GetXAxisRangeAuto(), node.GetXAxisRange()
        y = node.GetYAxisTitle() if node.GetYAxisTitleVisibility() else "", node.GetYAxisRangeAuto(), node.GetYAxisRange()
        for place, (title, automatic, ends) in {_AXIS.BOTTOM: x, _AXIS.TOP: x, _AXIS.LEFT: y, _AXIS.RIGHT: y}.items():
            axis = chart.GetAxis(place)
            axis.SetTitle(title or "")
            axis.SetBehavior(_AXIS.AUTO if automatic else _AXIS.FIXED)
            if not automatic:
                axis.SetUnscaledRange(*ends)
                axis.Update()
            axis.SetGridVisible(node.GetGridVisibility())
            style(axis.GetTitleProperties(), node.GetAxisTitleFontSize())
            style(axis.GetLabelProperties(), node.GetAxisLabelFontSize())

    def _resize_window(self):
        scale = self.devicePixelRatioF()
        size = max(1, round(self.width() * scale)), max(1, round(self.height() * scale))
        self._window.SetDPI(round(_DPI * scale))
        self._window.SetSize(*size)
        self._interactor.SetSize(*size)
        self.scheduleRender()


class qMRMLPlotViewControllerWidget(ControllerBar):
    """The bar above a plot view: its name."""

    def __init__(self, node, parent=None):
        super().__init__(_NARROWEST, parent)
        self._node = node
        self._row.addStretch(1)
        self._show_node(node)

    def mrmlPlotViewNode(self):
        return self._node


class qMRMLPlotWidget(QtWidgets.QWidget):
    """A plot view under its bar."""

    def __init__(self, node, _app_logic, parent=None):
        super().__init__(parent)
        self.setObjectName("qMRMLPlotWidget" + node.GetLayoutName())
        self._view, self._controller = qMRMLPlotView(node, self), qMRMLPlotViewControllerWidget(node, self)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controller)
        column.addWidget(self._view, 1)

    def plotController(self):
        return self._controller

    def plotView(self):
        return self._view

    def viewWidget(self):
        return self._view

    def mrmlPlotViewNode(self):
        return self._view.mrmlPlotViewNode()


def _plot_of(series, plot):
    """The plot of a series node, `plot` itself if it is of the right class; None if columns are missing or are no numbers."""
    node = series.GetTableNode()
    table = node and node.GetTable()
    needs_x = series.IsXColumnRequired()
    names = [series.GetXColumnName() if needs_x else series.GetYColumnName(), series.GetYColumnName()]
    columns = [table.GetColumnByName(name) if table and name else None for name in names]
    if not all(column and column.GetDataType() not in (vtk.VTK_STRING, vtk.VTK_BIT) for column in columns):
        return None
    cls = vtk.vtkPlotBar if series.GetPlotType() in _BARS else vtk.vtkPlotLine
    plot = plot if isinstance(plot, cls) else cls()
    plot.SetWidth(series.GetLineWidth())
    plot.SetColorF(*series.GetColor())
    plot.SetOpacity(series.GetOpacity())
    plot.GetPen().SetOpacityF(series.GetOpacity())
    plot.GetPen().SetLineType(_PEN.SOLID_LINE if series.GetPlotType() == _SERIES.PlotTypeBar
                              else _LINES[series.GetLineStyle()])
    if cls is vtk.vtkPlotLine:
        plot.SetMarkerSize(series.GetMarkerSize())
        plot.SetMarkerStyle(_MARKERS[series.GetMarkerStyle()])
    labels = table.GetColumnByName(series.GetLabelColumnName()) if series.GetLabelColumnName() else None
    plot.SetIndexedLabels(labels if labels and labels.IsA("vtkStringArray") else None)
    plot.SetUseIndexForXSeries(not needs_x)
    plot.SetInputData(table, *names)
    plot.SetLabel(series.GetName() or names[1])
    return plot
