"""The Evaluate section with real clicks on the demo cohort: results in the scene, patients behind a figure, errors."""
import json
from dataclasses import replace

import numpy as np
import pytest
from evaluation_hands import (
    PERMUTATIONS,
    click_cell,
    column,
    derived,
    embeddings_of,
    kinds,
    nodes,
    press,
    run,
    show,
)
from PySide6 import QtCore, QtTest, QtWidgets

from TumorConnectomeLib.cohort.measurements import evaluable_facets
from TumorConnectomeLib.evaluation.agreement import agreement
from TumorConnectomeLib.evaluation.hubs import hubs
from TumorConnectomeLib.evaluation.table import evaluate
from TumorConnectomeLib.neighbors.consensus import CONSENSUS
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.repairs import Repair

# ---- results

def test_retrieval_becomes_a_table_a_plot_a_heat_map_and_sentences(demo, panel, monkeypatch):
    from TumorConnectomeLib.panel.result_nodes import read_result

    shown, kind = [], type(panel.evaluate.heatMap)
    show_heat_map = kind.setHeatMap
    monkeypatch.setattr(kind, "setHeatMap", lambda widget, one: (shown.append((panel.evaluate.busy, one)),
                                                                 show_heat_map(widget, one)))
    heat_map = run(demo, permutations=PERMUTATIONS + 1)     # whatever was asked before is kept, and shown as a whole
    first = [one for busy, one in shown if busy and one is not None]
    assert len(first) == len(heat_map.row_keys) and first[0].row_keys == heat_map.row_keys[:1]      # model by model
    np.testing.assert_allclose(first[-1].values, heat_map.values, rtol=1e-5)
    assert not first[-1].marks.any()                    # nothing is tested yet
    cohort = panel.state.cohort
    facets = evaluable_facets(cohort)                   # tests before may have measured some patients
    expected = evaluate(replace(cohort, embeddings=embeddings_of(panel)), facets=facets, k=5,
                        permutations=PERMUTATIONS + 1)
    table = nodes("vtkMRMLTableNode")["TumorConnectome: retrieval"]
    records, _facts = read_result(table)
    for name in expected.columns:
        found, wanted = [record[name] for record in records], expected[name].tolist()
        if isinstance(wanted[0], str):
            assert found == wanted
        else:                                           # six digits where some are missing, as Slicer shows and saves them
            np.testing.assert_allclose(found, expected[name].astype(float), rtol=1e-5, atol=0, equal_nan=True)
    assert table.GetTable().GetColumnByName("model").IsA("vtkStringArray")
    assert table.GetTable().GetColumnByName("n").IsA("vtkIntArray")
    assert table.GetTable().GetColumnByName("lift").IsA("vtkDoubleArray")
    rows = expected[expected["metric"] == "P@k"].pivot(index="model", columns="facet", values="lift")
    assert heat_map.row_keys == (*cohort.models, CONSENSUS) and set(heat_map.column_keys) == {*facets, "random"}
    np.testing.assert_allclose(heat_map.values, rows.loc[list(heat_map.row_keys), list(heat_map.column_keys)], rtol=1e-5)
    cells = column(table, "k")
    assert {cell for cell, metric in zip(cells, column(table, "metric")) if metric == "R-precision"} == {""}
    assert not any("nan" in str(cell) for name in expected.columns for cell in column(table, name))
    chart = nodes("vtkMRMLPlotChartNode")["TumorConnectome: retrieval (plot)"]
    assert chart.GetNumberOfPlotSeriesNodes() == len(heat_map.column_keys) + 2      # the intervals, and chance
    series = chart.GetNthPlotSeriesNode(0)
    assert column(series.GetTableNode(), series.GetYColumnName()) == heat_map.values[:, 0].tolist()
    assert column(series.GetTableNode(), series.GetLabelColumnName()) == list(heat_map.row_keys)
    text = panel.ui.verdictBrowser.toPlainText()
    assert "Negative control" in text and "No evidence".lower() in text.lower()
    title = panel.ui.heatMapTitleLabel.text
    assert f"{PERMUTATIONS + 1} permutations" in title and "SYNTHETIC" in title


def test_running_again_replaces_the_tables_and_plots(demo, panel):
    run(demo)
    before = {kind: set(nodes(kind)) for kind in ("vtkMRMLTableNode", "vtkMRMLPlotSeriesNode", "vtkMRMLPlotChartNode")}
    heat_map = run(demo, evaluatedModels='["ShapeDescriptor"]', evaluatedFacets='["stage"]')
    assert heat_map.row_keys == ("ShapeDescriptor",) and heat_map.column_keys == ("stage", "random")
    assert set(nodes("vtkMRMLTableNode")) == before["vtkMRMLTableNode"]
    assert set(nodes("vtkMRMLPlotChartNode")) == before["vtkMRMLPlotChartNode"]
    assert set(nodes("vtkMRMLPlotSeriesNode")) == {"Stage", "Random groups", "95 % CI", "Chance (1)"}
    assert len(before["vtkMRMLPlotSeriesNode"]) > 4


def test_results_come_back_with_the_scene(demo, panel, tmp_path):
    import slicer

    before, sentences = run(demo), None
    sentences = panel.ui.verdictBrowser.toPlainText()
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle()
    assert panel.evaluate.heatMap.heatMap is None and "Not evaluated" in panel.ui.heatMapTitleLabel.text
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    demo.wait(lambda: not panel.cohort.loader.busy)
    demo.settle()
    after = panel.evaluate.heatMap.heatMap
    assert (after.row_keys, after.column_keys) == (before.row_keys, before.column_keys)
    np.testing.assert_allclose(after.values, before.values, rtol=1e-5)
    np.testing.assert_array_equal(after.marks, before.marks)
    assert panel.ui.verdictBrowser.toPlainText() == sentences
    run(demo)
    assert list(nodes("vtkMRMLTableNode")).count("TumorConnectome: retrieval") == 1


def test_a_changed_table_of_a_scene_is_not_shown_and_does_no_harm(demo, panel):
    run(demo)
    table = nodes("vtkMRMLTableNode")["TumorConnectome: retrieval"]
    table.RemoveAllColumns()
    table.SetAttribute("TumorConnectome.Facts", "[not JSON")
    assert panel.evaluate.heatMap.heatMap is None and "Not evaluated" in panel.ui.heatMapTitleLabel.text


def test_agreement_of_models(demo, panel):
    heat_map = run(demo, evaluation=kinds().AGREEMENT)
    state = panel.state
    expected = agreement(embeddings_of(panel), {m: a.neighbors[Match.MOST] for m, a in state.prepared.analyses.items()}, 5)
    np.testing.assert_allclose(heat_map.values, expected.matrices["jaccard"])
    QtTest.QTest.keyClick(panel.ui.evaluateMetricComboBox, QtCore.Qt.Key.Key_Down)
    np.testing.assert_allclose(panel.evaluate.heatMap.heatMap.values, expected.matrices["rbo"])
    one, other = state.cohort.models[:2]
    click_cell(panel, one, other)
    lists = [panel.state.prepared.analyses[model].neighbors[Match.MOST].indices[:, :5] for model in (one, other)]
    common = np.array([len(set(a) & set(b)) for a, b in zip(*(part.tolist() for part in lists))])
    group = json.loads(panel.parameters.group)
    chosen = np.isin(state.cohort.patient_ids, group)
    assert len(group) >= 10 and common[chosen].min() > common[~chosen].max() and panel.parameters.model == one


def test_hubs_and_the_patients_behind_them(demo, panel):
    heat_map = run(demo, evaluation=kinds().HUBS)
    state, model = panel.state, panel.state.cohort.models[1]
    found = hubs(state.prepared.analyses[model].neighbors, embeddings_of(panel)[model], 5)
    row = heat_map.row_keys.index(model)
    assert heat_map.values[row, heat_map.column_keys.index("far_skewness")] == pytest.approx(found.far.skewness)
    click_cell(panel, model, "far_max")
    assert panel.parameters.match is Match.LEAST and panel.state.connectome.model == model
    assert set(panel.view.group) == {state.cohort.patient_ids[node] for node in found.far.largest(5)}
    assert panel.ui.evaluateCellLabel.text.startswith(model)


def test_models_against_a_reference_lists_of_any_length_and_other_patients(demo, panel, tmp_path, monkeypatch):
    run(demo, evaluatedFacets='["stage"]')
    one, other = panel.state.cohort.models[:2]
    heat_map = show(demo, "Model against model")
    assert panel.ui.referenceComboBox.visible and other in heat_map.row_keys and one not in heat_map.row_keys
    panel.ui.referenceComboBox.setFocus()
    QtTest.QTest.keyClick(panel.ui.referenceComboBox, QtCore.Qt.Key.Key_Down)
    turned = panel.evaluate.heatMap.heatMap
    assert panel.parameters.referenceModel == other == panel.ui.referenceComboBox.currentText
    assert turned.values[turned.row_keys.index(one), 0] == pytest.approx(-heat_map.values[heat_map.row_keys.index(other), 0])
    heat_map = show(demo, "Lift of P@k by number of neighbors")
    assert not panel.ui.referenceComboBox.visible and heat_map.column_keys[:4] == ("1", "2", "3", "5")
    click_cell(panel, heat_map.row_keys[1], "5")
    chart = nodes("vtkMRMLPlotChartNode")["TumorConnectome: sweep (plot)"]
    assert chart.GetNumberOfPlotSeriesNodes() == 4 and chart.GetTitle().startswith(json.loads(heat_map.row_keys[1])[0])
    table = chart.GetNthPlotSeriesNode(0).GetTableNode()
    low, chance, high = (np.array(column(table, name)) for name in ("null_low", "chance", "null_high"))
    assert column(table, "k")[:4] == [1, 2, 3, 5] and (low <= chance).all() and (chance <= high).all()
    path, random = tmp_path / f"{one}.csv", np.random.default_rng(1)
    rows = [f"Q{number},{'I' if number % 2 else 'IV'},{','.join(map(str, random.random(3)))}\n" for number in range(40)]
    path.write_text("PatientID,stage,f_0,f_1,f_2\n" + "".join(rows))
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileNames", lambda *arguments: ([str(path)], ""))
    press(panel.ui.replicateButton)                     # the demo leaves nobody out: it asks for files
    assert panel.evaluate.busy, panel.ui.evaluateStatusLabel.text
    demo.wait(lambda: not panel.evaluate.busy)
    demo.settle()
    heat_map = panel.evaluate.heatMap.heatMap
    assert heat_map is not None, panel.ui.evaluateStatusLabel.text
    assert panel.ui.evaluateMetricComboBox.currentText == heat_map.title == "Found again in other patients"
    assert {json.loads(key)[0] for key in heat_map.row_keys} == {one} and heat_map.column_keys[-1] == "heterogeneity_p"


# ---- patients behind a cell

def test_a_click_on_a_cell_shows_its_model_facet_and_best_queries(demo, panel):
    run(demo)
    model = panel.state.cohort.models[2]
    click_cell(panel, model, "stage")
    state, facet = panel.state, panel.state.cohort.facets["stage"]
    assert (state.connectome.model, panel.parameters.facet) == (model, "stage")
    nearest, known = state.prepared.analyses[model].neighbors[Match.MOST].indices, facet.categories.index("Unknown")
    hits = []
    for node, others in enumerate(nearest):
        others = [other for other in others if facet.codes[other] != known][:5]
        hits.append(sum(facet.codes[other] == facet.codes[node] for other in others) if facet.codes[node] != known else 0)
    chosen = np.isin(state.cohort.patient_ids, panel.view.group)
    hits = np.array(hits)
    assert chosen.sum() >= 10 and hits[chosen].min() > hits[~chosen].max()
    assert f"the {chosen.sum()} of 48 patients" in panel.ui.evaluateCellLabel.text


def test_the_negative_control_has_no_patients_to_show(demo, panel):
    run(demo)
    click_cell(panel, panel.state.cohort.models[0], "random")
    assert panel.view.group == [] and "no group" in panel.ui.evaluateCellLabel.text


def test_a_click_on_a_repaired_figure_shows_the_repaired_graph(demo, panel):
    run(demo, repair=Repair.CENTERED)
    derived(demo)
    assert "repaired by mean-centering" in panel.ui.heatMapTitleLabel.text
    panel.set(repair=Repair.NONE)
    derived(demo)
    click_cell(panel, panel.state.cohort.models[1], "sex")
    state = derived(demo)
    assert state.shown.repair is Repair.CENTERED and "mean-centering" in panel.view.canvas.header.title
    assert len(panel.view.group) >= 10 and state.connectome.model == state.cohort.models[1]


# ---- progress, cancel, errors

def test_cancel_ends_an_evaluation_and_leaves_the_former_result(demo, panel):
    before = run(demo)
    panel.set(permutations=100000)
    press(panel.ui.evaluateButton)
    demo.wait(lambda: panel.ui.evaluateProgressBar.visible and panel.ui.evaluateCancelButton.visible)
    press(panel.ui.evaluateCancelButton)
    demo.wait(lambda: not panel.evaluate.busy)
    assert "Canceled" in panel.ui.evaluateStatusLabel.text and not panel.ui.evaluateProgressBar.visible
    np.testing.assert_array_equal(panel.evaluate.heatMap.heatMap.values, before.values)


def test_probes_ask_for_scikit_learn_before_they_run(demo, panel, monkeypatch):
    import slicer.packaging

    monkeypatch.setattr(slicer.packaging, "pip_check", lambda requirement: requirement.name != "scikit-learn")
    panel.set(evaluation=kinds().PROBES)
    press(panel.ui.evaluateButton)
    assert not panel.evaluate.busy and "needs the Python package scikit-learn" in panel.ui.evaluateStatusLabel.text
    assert panel.ui.evaluateCancelButton.visible and panel.ui.evaluateCancelButton.text == "Install scikit-learn"
