"""Plots and tables in Slicer's own views, drawn by the real vtkChartXY: names, intervals, chance, legend, empty cells."""
import math

import numpy as np
import pytest
from evaluation_hands import column, nodes
from view_input import pixels

from TumorConnectomeLib.evaluation.reliability import Curve
from TumorConnectomeLib.presentation.heat_map import Axes, HeatMap

MODELS, FACETS = ("CT-FM", "MedImageInsight", "Consensus"), ("sex", "stage")
LIFTS = np.array([[1.2, 0.8], [1.5, math.nan], [1.1, 2.0]])
CURVES = (Curve("CT-FM", ((0.2, 0.1, 0.05, 0.3, 20.0), (0.8, 0.9, 0.7, 0.95, 30.0))),
          Curve("Clinical data alone", ((0.5, 0.4, 0.2, 0.6, 50.0),)))


def lifts(models=MODELS, **axes):
    """A heat map of lifts with intervals from 0.1 below to 0.3 above."""
    def cell(model, facet):
        value = LIFTS[models.index(model), FACETS.index(facet)]
        return value, 0.0, False, "", (0.0, 0.0), (value - 0.1, value + 0.3)

    return HeatMap.of_cells("Lift of P@k over chance", models, FACETS, ("Sex", "Stage"), cell,
                            axes=Axes(**{"figures": "Lift of P@k", "chance": 1.0, **axes}))


@pytest.fixture
def plots(session):
    """Writes plots; from an empty scene, in the layout with a plot and a table view."""
    import slicer

    from TumorConnectomeLib.panel import result_plots
    from TumorConnectomeLib.scene.view_layouts import CONNECTOME_LAYOUT, RESULTS_LAYOUT, show_layout

    slicer.mrmlScene.Clear()
    show_layout(RESULTS_LAYOUT)
    session.settle()
    yield result_plots
    show_layout(CONNECTOME_LAYOUT)


def shown(session, chart):
    """The plot view that shows a chart, drawn."""
    import slicer

    widget = slicer.app.layoutManager().plotWidget(0)
    widget.mrmlPlotViewNode().SetPlotChartNodeID(chart.GetID())
    session.settle()
    view = widget.plotView()
    view.forceRender()
    return view


def ticks(view):
    import vtk

    labels = view.chart().GetAxis(vtk.vtkAxis.BOTTOM).GetTickLabels()
    return [labels.GetValue(number) for number in range(labels.GetNumberOfValues())]


def plots_of(view):
    return [view.chart().GetPlot(number) for number in range(view.chart().GetNumberOfPlots())]


# ---- bars

def test_the_axis_names_the_models_and_nothing_is_left_empty(session, plots):
    import vtk

    view = shown(session, plots.write_plot("retrieval", lifts()))
    axis = view.chart().GetAxis(vtk.vtkAxis.BOTTOM)
    assert ticks(view) == list(MODELS) and axis.GetTitle() == "Model"
    assert (axis.GetMinimum(), axis.GetMaximum()) == (-0.5, 2.5)
    left = view.chart().GetAxis(vtk.vtkAxis.LEFT)
    assert left.GetTitle() == "Lift of P@k" and left.GetMinimum() == 0 and left.GetMaximum() > 2.3


def test_the_legend_lies_beside_the_axes_and_uses_plain_names(session, plots):
    view = shown(session, plots.write_plot("retrieval", lifts()))
    chart = view.chart()
    assert [plot.GetLabel() for plot in plots_of(view)] == ["Sex", "Stage", "95 % CI", "Chance (1)"]
    legend, axes_end = chart.GetLegend(), chart.GetPoint2()[0]
    assert not legend.GetInline() and chart.GetShowLegend()
    picture = pixels(view)
    width, scale = view.renderWindow().GetSize()[0], picture.shape[1] / view.renderWindow().GetSize()[0]
    assert width - axes_end > 60                        # there is room for it, and the bars end before
    blue = np.array([0, 114, 178])
    columns = np.nonzero((np.abs(picture.astype(int) - blue) < 12).all(axis=2))[1] / scale
    assert columns.min() < axes_end < columns.max()     # bars in the axes, the key beside them


def test_intervals_are_whiskers_on_their_bars_and_chance_is_a_line(session, plots):
    import vtk

    view = shown(session, plots.write_plot("retrieval", lifts()))
    (chart,) = nodes("vtkMRMLPlotChartNode").values()
    interval, chance = chart.GetNthPlotSeriesNode(2), chart.GetNthPlotSeriesNode(3)
    x, y = (np.array(column(interval.GetTableNode(), name)) for name in (interval.GetXColumnName(), interval.GetYColumnName()))
    stems = [(x[place], y[place], y[place + 1]) for place in range(len(x) - 1) if x[place] == x[place + 1]]
    known = [(row, place) for row in range(3) for place in range(2) if not math.isnan(LIFTS[row, place])]
    assert stems == [pytest.approx((row + (place - 0.5) * 0.4, LIFTS[row, place] - 0.1, LIFTS[row, place] + 0.3))
                     for row, place in known]
    bars = plots_of(view)[:2]
    assert [bar.GetOffset() for bar in bars] == pytest.approx([0.2, -0.2]) and bars[0].GetWidth() == pytest.approx(0.4)
    assert column(chance.GetTableNode(), chance.GetYColumnName())[:2] == [1.0, 1.0]
    assert chance.GetLineStyle() == chance.LineStyleDash
    chart, picture = view.chart(), pixels(view)
    bottom, top = chart.GetPoint1()[1], chart.GetPoint2()[1]
    axis = chart.GetAxis(vtk.vtkAxis.LEFT)
    row = picture.shape[0] - 1 - round(bottom + (top - bottom) * (1 - axis.GetMinimum()) / (
        axis.GetMaximum() - axis.GetMinimum()))
    first, last = round(chart.GetPoint1()[0]), round(chart.GetPoint2()[0])
    dark = (picture[row - 2:row + 3, first:last].max(axis=2) < 110).any(axis=0)
    assert dark.mean() > 0.4                            # a dashed line from side to side


def test_bars_of_unknown_figures_are_left_out(session, plots):
    plots.write_plot("retrieval", lifts())
    table = nodes("vtkMRMLTableNode")["TumorConnectome: retrieval (plot)"]
    assert column(table, "row") == list(MODELS) and math.isnan(column(table, "stage")[1])
    agreement = HeatMap.of_cells("Jaccard", MODELS, MODELS, MODELS, lambda one, other: (
        1.0 if one == other else 0.3, 0, False, ""))
    plots.write_plot("agreement", agreement)
    table = nodes("vtkMRMLTableNode")["TumorConnectome: agreement (plot)"]
    assert [math.isnan(value) for value in column(table, "CT-FM")] == [True, False, False]


def test_only_figures_of_one_scale_stand_on_an_axis(session, plots):
    chart = plots.write_plot("hubs", lifts(columns=("stage",), chance=math.nan))
    assert [chart.GetNthPlotSeriesNode(number).GetName() for number in range(chart.GetNumberOfPlotSeriesNodes())] == [
        "Stage", "95 % CI"]


def test_series_of_two_plots_have_different_names_and_made_up_patients_are_named(session, plots):
    import slicer

    plots.write_plot("retrieval", lifts())
    chart = plots.write_plot("votes", lifts(), synthetic=True)
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")]
    assert len(set(names)) == len(names) and "Sex (votes)" in names and not any("TumorConnectome" in name for name in names)
    assert "SYNTHETIC DATA" in chart.GetTitle()


@pytest.mark.parametrize(("names", "turned"), [
    (["A", "B"], 0), (list(MODELS), 35), (["A model with a very long name"] * 8, 90)])
def test_names_are_turned_when_they_have_no_room(session, plots, names, turned):
    import vtk

    heat_map = HeatMap.of_cells("Lift", [f"{name}{number}" for number, name in enumerate(names)], ["sex"], ["Sex"],
                                lambda row, key: (1.0, 0, False, ""))
    view = shown(session, plots.write_plot("retrieval", heat_map))
    assert view.chart().GetAxis(vtk.vtkAxis.BOTTOM).GetLabelProperties().GetOrientation() == turned
    picture, bottom = pixels(view), view.chart().GetPoint1()[1]
    ink = picture[picture.shape[0] - int(bottom) + 8:, :3].min(axis=2) < 128 if turned else np.zeros(1, bool)
    assert not ink.any()                                # no name is cut off at the left edge


# ---- views

def test_names_follow_the_chart_and_leave_with_it(session, plots):
    import slicer
    import vtk

    view = shown(session, plots.write_plot("retrieval", lifts()))
    plots.write_plot("retrieval", lifts(MODELS[:2], rows="Votes"))
    session.settle()
    axis = view.chart().GetAxis(vtk.vtkAxis.BOTTOM)
    assert ticks(view) == list(MODELS[:2]) and axis.GetTitle() == "Votes"
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "of another module")
    other.SetXAxisTitle("Time")
    shown(session, other)
    assert not set(ticks(view)) & set(MODELS) and axis.GetTitle() == "Time"
    assert view.chart().GetLegend().GetInline() and axis.GetLabelProperties().GetOrientation() == 0


def test_without_the_module_the_axis_tells_which_number_is_which_model(session, plots):
    chart = plots.write_plot("retrieval", lifts())
    assert chart.GetXAxisTitle().split() == [
        "0", "=", "CT-FM,", "1", "=", "MedImageInsight,", "2", "=", "Consensus"]


def test_names_come_back_with_the_scene(session, plots, tmp_path):
    import slicer

    plots.write_plot("retrieval", lifts())
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    session.settle()
    view = shown(session, nodes("vtkMRMLPlotChartNode")["TumorConnectome: retrieval (plot)"])
    assert ticks(view) == list(MODELS)
    assert [plot.GetLabel() for plot in plots_of(view)] == ["Sex", "Stage", "95 % CI", "Chance (1)"]


# ---- curves

def test_reliability_curves_have_intervals_the_diagonal_and_the_whole_square(session, plots):
    import vtk

    view = shown(session, plots.write_curves("reliability", "Calibration: Sex", CURVES))
    assert [plot.GetLabel() for plot in plots_of(view)] == [
        "Perfect calibration", "CT-FM", "Clinical data alone", "95 % CI"]
    for place in (vtk.vtkAxis.BOTTOM, vtk.vtkAxis.LEFT):
        axis = view.chart().GetAxis(place)
        assert (axis.GetMinimum(), axis.GetMaximum()) == pytest.approx((-0.02, 1.02))
    interval = nodes("vtkMRMLPlotSeriesNode")["95 % CI"]
    x, y = (np.array(column(interval.GetTableNode(), name)) for name in (interval.GetXColumnName(), interval.GetYColumnName()))
    stems = [(x[place], y[place], y[place + 1]) for place in range(len(x) - 1) if x[place] == x[place + 1]]
    assert stems == [(0.2, 0.05, 0.3), (0.8, 0.7, 0.95), (0.5, 0.2, 0.6)]
    assert not view.chart().GetLegend().GetInline()
