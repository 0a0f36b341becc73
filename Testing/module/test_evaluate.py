"""The Evaluate section, the repairs and the consensus, with real clicks on the demo cohort."""
import json
from html import escape

import numpy as np
import pytest
from gestures import click
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.core.analysis import connectome
from TumorConnectomeLib.core.connectome import Match
from TumorConnectomeLib.core.evaluation.table import evaluate
from TumorConnectomeLib.core.prepared import read_prepared
from TumorConnectomeLib.core.structure.agreement import agreement
from TumorConnectomeLib.core.structure.consensus import CONSENSUS, CONSENSUS_DISTANCE, consensus_lists
from TumorConnectomeLib.core.structure.hubs import hubs
from TumorConnectomeLib.core.structure.repairs import Repair, repaired_lists

PERMUTATIONS = 20


def kinds():
    """What the module's own library calls the results; the module may have been loaded anew."""
    from TumorConnectomeLib.core.result_maps import ResultKind
    return ResultKind


@pytest.fixture
def panel(demo):
    """The panel with the Evaluate section open and few permutations."""
    from TumorConnectomeLib.module.parameters import Scope

    panel = demo.panel
    panel.ui.evaluateCollapsibleButton.collapsed = False
    panel.set(permutations=PERMUTATIONS, repair=Repair.NONE, model="", neighborCount=5, match=Match.MOST,
              evaluation=kinds().RETRIEVAL, evaluatedModels=Scope.ALL, evaluatedFacets=Scope.ALL, confounds=False)
    demo.settle(0.05)
    yield panel
    panel.evaluate.cancel()
    panel.derived.cancel()


def press(widget):
    QtTest.QTest.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton)


def run(demo, **values):
    """Choose an evaluation, press Run, wait; returns the heat map."""
    panel = demo.panel
    panel.set(**values)
    press(panel.ui.evaluateButton)
    assert panel.evaluate.busy, panel.ui.evaluateStatusLabel.text
    demo.wait(lambda: not panel.evaluate.busy)
    demo.settle(0.05)
    return panel.evaluate.heatMap.heatMap


def derived(demo):
    demo.wait(lambda: not demo.panel.derived.busy)
    demo.settle(0.05)
    return demo.panel.state


def nodes(kind):
    import slicer
    return {node.GetName(): node for node in slicer.util.getNodesByClass(kind)}


def column(node, name):
    array = node.GetTable().GetColumnByName(name)
    return [array.GetValue(row) for row in range(array.GetNumberOfValues())]


def click_cell(panel, row, name):
    widget = panel.evaluate.heatMap
    click(widget, *widget.cellCenter(row, name))


# ---- results

def test_retrieval_becomes_a_table_a_plot_a_heat_map_and_sentences(demo, panel):
    heat_map = run(demo)
    cohort = panel.state.cohort
    expected = evaluate(cohort, k=5, permutations=PERMUTATIONS)
    table = nodes("vtkMRMLTableNode")["TumorConnectome: retrieval"]
    for name in expected.columns:
        found, wanted = column(table, name), expected[name].tolist()
        if isinstance(wanted[0], str):
            assert found == wanted
        else:
            np.testing.assert_allclose(found, expected[name].astype(float), rtol=0, atol=0, equal_nan=True)
    assert table.GetTable().GetColumnByName("model").IsA("vtkStringArray")
    assert table.GetTable().GetColumnByName("n").IsA("vtkIntArray")
    assert table.GetTable().GetColumnByName("lift").IsA("vtkDoubleArray")
    rows = expected[expected["metric"] == "P@k"].pivot(index="model", columns="facet", values="lift")
    assert heat_map.row_keys == (*cohort.models, CONSENSUS) and set(heat_map.column_keys) == {*cohort.facets, "random"}
    np.testing.assert_array_equal(heat_map.values, rows.loc[list(heat_map.row_keys), list(heat_map.column_keys)])
    chart = nodes("vtkMRMLPlotChartNode")["TumorConnectome: retrieval (plot)"]
    assert chart.GetNumberOfPlotSeriesNodes() == len(heat_map.column_keys)
    series = chart.GetNthPlotSeriesNode(0)
    assert column(series.GetTableNode(), series.GetYColumnName()) == heat_map.values[:, 0].tolist()
    assert column(series.GetTableNode(), series.GetLabelColumnName()) == list(heat_map.row_keys)
    text = panel.ui.verdictBrowser.toPlainText()
    assert "Negative control" in text and "No evidence".lower() in text.lower()
    assert "20 permutations" in panel.ui.heatMapTitleLabel.text and "SYNTHETIC" in panel.ui.heatMapTitleLabel.text


def test_running_again_replaces_the_tables_and_plots(demo, panel):
    from TumorConnectomeLib.module.parameters import Scope

    run(demo)
    before = {kind: set(nodes(kind)) for kind in ("vtkMRMLTableNode", "vtkMRMLPlotSeriesNode", "vtkMRMLPlotChartNode")}
    heat_map = run(demo, evaluatedModels=Scope.SHOWN, evaluatedFacets=Scope.SHOWN, facet="stage", model="ShapeDescriptor")
    assert heat_map.row_keys == ("ShapeDescriptor",) and heat_map.column_keys == ("stage", "random")
    assert set(nodes("vtkMRMLTableNode")) == before["vtkMRMLTableNode"]
    assert set(nodes("vtkMRMLPlotChartNode")) == before["vtkMRMLPlotChartNode"]
    assert len(nodes("vtkMRMLPlotSeriesNode")) == 2 < len(before["vtkMRMLPlotSeriesNode"])


def test_results_come_back_with_the_scene(demo, panel, tmp_path):
    import slicer

    before, sentences = run(demo), None
    sentences = panel.ui.verdictBrowser.toPlainText()
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle(0.05)
    assert panel.evaluate.heatMap.heatMap is None and "Not evaluated" in panel.ui.heatMapTitleLabel.text
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    demo.wait(lambda: not panel.cohort.loader.busy)
    demo.settle(0.05)
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
    panel.onStateModified()
    assert panel.evaluate.heatMap.heatMap is None and "Not evaluated" in panel.ui.heatMapTitleLabel.text


def test_agreement_of_models(demo, panel):
    heat_map = run(demo, evaluation=kinds().AGREEMENT)
    state = panel.state
    expected = agreement(state.cohort.embeddings, {m: a.neighbors[Match.MOST] for m, a in state.prepared.analyses.items()}, 5)
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
    found = hubs(state.prepared.analyses[model].neighbors, state.cohort.embeddings[model], 5)
    row = heat_map.row_keys.index(model)
    assert heat_map.values[row, heat_map.column_keys.index("far_skewness")] == pytest.approx(found.far.skewness)
    click_cell(panel, model, "far_max")
    assert panel.parameters.match is Match.LEAST and panel.state.connectome.model == model
    assert set(panel.view.group) == {state.cohort.patient_ids[node] for node in found.far.largest(5)}
    assert panel.ui.evaluateCellLabel.text.startswith(model)


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


def test_the_consensus_alone_can_not_be_evaluated(demo, panel):
    from TumorConnectomeLib.module.parameters import Scope

    panel.set(model=CONSENSUS, evaluatedModels=Scope.SHOWN)
    derived(demo)
    press(panel.ui.evaluateButton)
    assert not panel.evaluate.busy and "no embedding" in panel.ui.evaluateStatusLabel.text


def test_probes_ask_for_scikit_learn_before_they_run(demo, panel, monkeypatch):
    import slicer.packaging

    monkeypatch.setattr(slicer.packaging, "pip_check", lambda requirement: requirement.name != "scikit-learn")
    panel.set(evaluation=kinds().PROBES)
    press(panel.ui.evaluateButton)
    assert not panel.evaluate.busy and "needs the Python package scikit-learn" in panel.ui.evaluateStatusLabel.text
    assert panel.ui.evaluateCancelButton.visible and panel.ui.evaluateCancelButton.text == "Install scikit-learn"


# ---- repairs and consensus

@pytest.mark.parametrize("repair", [Repair.CENTERED, Repair.CSLS])
def test_graph_lists_and_texts_follow_the_repair(demo, panel, repair):
    from gestures import click_row

    state, patient = panel.state, panel.state.cohort.patient_ids[4]
    panel.select(patient)
    panel.ui.repairComboBox.setCurrentIndex(list(Repair).index(repair))
    assert panel.state.shown.repair is Repair.NONE, "the graph stays until the other one is there"
    derived(demo)
    wanted = repaired_lists(state.cohort.embeddings[state.connectome.model], 5, repair)[Match.MOST]
    np.testing.assert_array_equal(state.connectome.targets, wanted.indices.ravel())
    np.testing.assert_array_equal(state.connectome.distances, wanted.distances.ravel())
    table = panel.ui.neighborsTable
    assert [table.item(row, 1).text() for row in range(5)] == [state.cohort.patient_ids[n] for n in wanted.indices[4]]
    assert repair.meaning() in table.horizontalHeaderItem(2).toolTip()
    header = panel.view.canvas.header
    assert repair.label().lower() in header.title.lower() and repair.meaning() in header.subtitle
    click_row(table, 1)
    assert escape(repair.meaning()) in panel.ui.patientDetailsLabel.text
    panel.ui.repairComboBox.setCurrentIndex(0)
    assert state.connectome.distance == "cosine distance" and repair.meaning() not in header.subtitle


def test_the_consensus_is_one_more_model(demo, panel):
    state, combo = panel.state, panel.ui.modelComboBox
    assert [combo.itemText(row) for row in range(combo.count)] == [*state.cohort.models, CONSENSUS]
    combo.setFocus()
    QtTest.QTest.keyClick(combo, QtCore.Qt.Key.Key_End)
    derived(demo)
    analyses = read_prepared(panel.cohort.loader.path).analyses
    fused = consensus_lists({model: analysis.neighbors for model, analysis in analyses.items()}, 5)[Match.MOST]
    np.testing.assert_array_equal(state.connectome.targets, fused.indices.ravel())
    assert state.connectome.model == CONSENSUS and CONSENSUS_DISTANCE in panel.view.canvas.header.subtitle
    assert (state.connectome.distances >= 0).all() and not np.signbit(state.connectome.distances).any()
    panel.select(state.cohort.patient_ids[0])
    votes = panel.ui.neighborsTable.item(0, panel.ui.neighborsTable.columnCount - 1).text()
    assert votes.endswith(f"of {len(state.cohort.models)}"), "the consensus has no vote of its own"


def test_what_can_not_be_made_leaves_graph_and_state_as_they_were(demo, panel, monkeypatch):
    from TumorConnectomeLib.module import derived_analyses

    def failing(*arguments):
        from TumorConnectomeLib.core.errors import InputError
        raise InputError("5000 patients are too many for mutual proximity", expected="at most 4000")
        yield

    graph = panel.state.connectome
    monkeypatch.setattr(derived_analyses, "derive_sequence", failing)
    panel.set(repair=Repair.MUTUAL_PROXIMITY)
    derived(demo)
    assert panel.parameters.repair is Repair.NONE and panel.state.connectome is graph
    assert panel.ui.repairComboBox.currentIndex == 0
    assert "too many for mutual proximity" in panel.ui.deriveStatusLabel.text and panel.ui.deriveStatusLabel.visible


def test_the_last_of_several_quick_choices_counts(demo, panel):
    for repair in (Repair.CENTERED, Repair.MUTUAL_PROXIMITY, Repair.CENTERED, Repair.CENTERED_MUTUAL_PROXIMITY):
        panel.set(repair=repair)
    state = derived(demo)
    assert state.shown.repair is Repair.CENTERED_MUTUAL_PROXIMITY is panel.parameters.repair
    model = state.connectome.model
    expected = repaired_lists(state.cohort.embeddings[model], 5, Repair.CENTERED_MUTUAL_PROXIMITY)[Match.MOST]
    np.testing.assert_array_equal(state.connectome.targets, expected.indices.ravel())


def test_a_repair_goes_with_the_scene(demo, panel, tmp_path):
    import slicer

    panel.set(repair=Repair.CENTERED, model=CONSENSUS)
    derived(demo)
    targets = panel.state.connectome.targets
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle(0.05)
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    demo.wait(lambda: not panel.cohort.loader.busy)
    state = derived(demo)
    assert (state.shown.repair, state.shown.model) == (Repair.CENTERED, CONSENSUS)
    np.testing.assert_array_equal(state.connectome.targets, targets)


def test_the_graph_without_repair_is_the_prepared_one(demo, panel):
    prepared = read_prepared(panel.cohort.loader.path)
    model = prepared.cohort.models[0]
    expected = connectome(prepared.cohort, prepared.analyses[model], model, Match.MOST, 5)
    np.testing.assert_array_equal(panel.state.connectome.targets, expected.targets)
    assert panel.state.connectome.distance == expected.distance == "cosine distance"
