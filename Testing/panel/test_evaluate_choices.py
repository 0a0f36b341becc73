"""What the Evaluate section is asked, and where its results go: lists to tick, k, views of Slicer, the report."""
import json
import pathlib
from dataclasses import replace

import numpy as np
import pytest
from evaluation_hands import click_cell, column, derived, embeddings_of, kinds, nodes, press, run, show, shown_views, tick

from TumorConnectomeLib.evaluation.confounds import confound_table
from TumorConnectomeLib.evaluation.table import evaluate
from TumorConnectomeLib.evaluation.vote_table import vote_table
from TumorConnectomeLib.neighbors.consensus import CONSENSUS
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.panel.json_list import choice_from_text, choice_to_text


def test_ticked_models_labels_and_k_are_what_is_evaluated(demo, panel):
    choices, cohort = panel.evaluate.choices, panel.state.cohort
    assert choices.models.choices == choices.models.ticked == (*cohort.models, CONSENSUS)
    assert choices.facets.choices == choices.facets.ticked == tuple(cohort.facets)
    for key in (*cohort.models[1:], CONSENSUS):
        tick(choices.models, key)
    for key in tuple(cohort.facets)[:-2]:
        tick(choices.facets, key)
    assert json.loads(panel.parameters.evaluatedModels) == [cohort.models[0]]
    left = list(cohort.facets)[-2:]
    heat_map = run(demo, evaluatedCount=3)
    assert heat_map.row_keys == (cohort.models[0],)
    assert [key for key in heat_map.column_keys if key not in heat_map.controls] == [key for key in left if key != "body_side"]
    expected = evaluate(replace(cohort, embeddings=embeddings_of(panel)), [cohort.models[0]], left, k=3,
                        permutations=panel.parameters.permutations)
    wanted = expected[expected["metric"] == "P@k"].set_index("facet")["lift"]
    np.testing.assert_allclose(heat_map.values[0], wanted.loc[list(heat_map.column_keys)], rtol=1e-5)     # six digits
    assert "k = 3" in panel.ui.heatMapTitleLabel.text
    tick(choices.models, CONSENSUS)
    assert choices.models.ticked == (cohort.models[0], CONSENSUS)


@pytest.mark.parametrize(("values", "text"), [
    ({"evaluatedModels": "[]"}, "too few models are ticked; expected at least one"),
    ({"evaluatedFacets": "[]"}, "no label is ticked"),
    ({"evaluation": "AGREEMENT", "evaluatedModels": json.dumps(["ShapeDescriptor", CONSENSUS])}, "at least two models"),
    ({"evaluation": "HUBS", "evaluatedModels": json.dumps([CONSENSUS])}, "not the consensus")])
def test_too_little_to_evaluate_is_said(demo, panel, values, text):
    if "evaluation" in values:
        values = {**values, "evaluation": kinds()[values["evaluation"]]}
    panel.set(**values)
    press(panel.ui.evaluateButton)
    assert not panel.evaluate.busy and text in panel.ui.evaluateStatusLabel.text


def test_scenes_of_earlier_versions_evaluate_everything(demo, panel):
    node = panel.parameters.parameterNode
    node.SetParameter("evaluatedModels", "SHOWN")
    node.SetParameter("evaluatedFacets", "ALL")
    demo.settle()
    assert panel.evaluate.choices.models.ticked == (*panel.state.cohort.models, CONSENSUS)
    assert panel.evaluate.choices.facets.ticked == tuple(panel.state.cohort.facets)


def test_choices_go_with_the_scene(demo, panel, tmp_path):
    import slicer

    panel.set(evaluatedModels='["ShapeDescriptor"]', evaluatedFacets='["sex", "stage"]', evaluatedCount=7)
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    demo.wait(lambda: not panel.cohort.loader.busy)
    demo.settle()
    assert panel.evaluate.choices.models.ticked == ("ShapeDescriptor",)
    assert panel.evaluate.choices.facets.ticked == ("sex", "stage") and panel.ui.evaluatedCountSpinBox.value == 7


def test_choices_as_text():
    possible = ("a", "b", "c, d")
    assert choice_to_text(("a", "b", "c, d"), possible) == "" and choice_from_text("", possible) == possible
    for chosen in (("b",), ("a", "c, d"), ()):
        assert choice_from_text(choice_to_text(chosen, possible), possible) == chosen
    assert choice_from_text('["x"]', possible) == possible, "those of another cohort"
    for text in ("ALL", "{}", '"a"', "[", "3"):
        assert choice_from_text(text, possible) == possible


# ---- the consensus, votes and strata

def test_a_click_on_the_consensus_shows_its_graph_and_group(demo, panel):
    run(demo)
    click_cell(panel, CONSENSUS, "stage")
    state = derived(demo)
    assert state.shown.model == CONSENSUS == state.connectome.model and panel.parameters.facet == "stage"
    nearest, facet = state.shown.analysis.neighbors[Match.MOST].indices[:, :5], state.cohort.facets["stage"]
    chosen = np.isin(state.cohort.patient_ids, panel.view.group)
    hits = (facet.codes[nearest] == facet.codes[:, None]).sum(axis=1)
    assert len(panel.view.group) >= 10 and hits[chosen].mean() > hits[~chosen].mean()


def test_votes_and_strata_have_heat_maps_and_tables(demo, panel):
    run(demo, confounds=True)
    cohort = replace(panel.state.cohort, embeddings=embeddings_of(panel))
    permutations = panel.parameters.permutations
    found, wanted = show(demo, "Same label by number of votes"), vote_table(cohort, permutations=permutations)
    for votes, row in zip((1, 2), found.values):
        one = wanted[wanted["votes"] == votes].set_index("facet")["same"]
        np.testing.assert_allclose(row, one.loc[list(found.column_keys)], rtol=1e-5, atol=0, equal_nan=True)
    click_cell(panel, found.row_keys[0], "sex")
    assert "There is no group of patients behind" in panel.ui.evaluateCellLabel.text
    # all labels but those that tests before have measured on a few patients
    labels = tuple(key for key in cohort.facets if key in found.column_keys)
    assert set(labels) >= {"sex", "age", "race", "smoking", "cancer_type", "stage"}
    found = show(demo, "Lift of P@k inside strata")
    wanted = confound_table(cohort, labels, facets=labels, permutations=permutations)
    wanted = wanted[(wanted["p"] <= 0.05) & (wanted["lift"] > 1)]
    assert len(found.row_keys) == len(wanted[["model", "facet"]].drop_duplicates())
    if found.row_keys:
        record = wanted.iloc[0]
        assert found.values[0, found.column_keys.index(record["within"])] == pytest.approx(record["within_lift"], rel=1e-5)
        click_cell(panel, found.row_keys[0], record["within"])
        derived(demo)
        assert (panel.state.connectome.model, panel.parameters.facet) == (record["model"], record["facet"])
    names = nodes("vtkMRMLTableNode")
    assert {"TumorConnectome: votes", "TumorConnectome: confounds", "TumorConnectome: retrieval"} <= set(names)


# ---- views and report

def test_the_button_shows_plot_and_table_in_the_views_and_goes_back(demo, panel):
    import slicer

    run(demo)
    show(demo, "Lift of nDCG@k")
    before = slicer.app.layoutManager().layout
    press(panel.ui.showResultsButton)
    layout = slicer.app.layoutManager().layout
    chart = nodes("vtkMRMLPlotChartNode")["TumorConnectome: retrieval (plot)"]
    assert layout != before and chart.GetTitle() == "Lift of nDCG@k over chance (SYNTHETIC DATA)"
    plot, table = shown_views()
    assert plot.GetPlotChartNodeID() == chart.GetID()
    assert table.GetTableNodeID() == nodes("vtkMRMLTableNode")["TumorConnectome: retrieval"].GetID()
    press(panel.ui.showResultsButton)
    assert slicer.app.layoutManager().layout == before


def test_the_report_is_shown_copied_and_saved(demo, panel, tmp_path, host):
    from PySide6 import QtWidgets

    assert not panel.ui.copyReportButton.isVisible()
    run(demo)
    text = panel.ui.verdictBrowser.toPlainText()
    assert "Which model, for what?" in text and "SYNTHETIC" in panel.ui.heatMapTitleLabel.text and "made-up patients" in text
    press(panel.ui.copyReportButton)
    copied = QtWidgets.QApplication.clipboard().text()
    assert copied.startswith("Which model, for what?") and "clipboard" in panel.ui.evaluateStatusLabel.text
    for name in ("report.html", "report.txt"):
        panel.evaluate.reportBox.save(str(tmp_path / name))
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == copied
    assert pathlib.Path(tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    panel.evaluate.reportBox.save(str(tmp_path / "report.txt" / "in a file.html"))
    assert "\N{WARNING SIGN}" in panel.ui.evaluateStatusLabel.text
    panel.set(evaluation=kinds().HUBS)
    assert not panel.ui.verdictBrowser.isVisible() and not panel.ui.saveReportButton.isVisible()


def test_probes_have_reliability_curves_in_the_panel_and_in_the_scene(demo, panel):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    run(demo, evaluation=kinds().PROBES, evaluatedModels='["ShapeDescriptor"]', evaluatedFacets='["sex"]')
    plot = panel.evaluate.reliability.plot
    assert not plot.isVisible()
    found = show(demo, "Calibration error and reliability curves")
    assert plot.isVisible() and [curve.name for curve in plot.curves] == [
        "ShapeDescriptor", "Clinical data alone", "ShapeDescriptor + clinical data"]
    click_cell(panel, found.row_keys[0], "sex")
    assert [curve.name for curve in plot.curves] == ["Clinical data alone"]
    press(panel.ui.showResultsButton)
    chart = nodes("vtkMRMLPlotChartNode")["TumorConnectome: reliability (plot)"]
    assert chart.GetNumberOfPlotSeriesNodes() == 3 and chart.GetTitle().startswith("Calibration: Sex")
    series = chart.GetNthPlotSeriesNode(1)
    values = column(series.GetTableNode(), series.GetYColumnName())[:len(plot.curves[0].points)]
    assert values == [point[1] for point in plot.curves[0].points]
    view, _ = shown_views()
    assert view.GetPlotChartNodeID() == chart.GetID() and "TumorConnectome: reliability" in nodes("vtkMRMLTableNode")
    press(panel.ui.showResultsButton)
