"""Repairs of hubs and the consensus of the models in the graph, with real keys and clicks on the demo cohort."""
from html import escape

import numpy as np
import pytest
from evaluation_hands import derived, embeddings_of
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.connectome.analysis import connectome
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.neighbors.consensus import CONSENSUS, CONSENSUS_DISTANCE, consensus_lists
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists


@pytest.mark.parametrize("repair", [Repair.CENTERED, Repair.CSLS])
def test_graph_lists_and_texts_follow_the_repair(demo, panel, repair):
    from gestures import click_row

    state, patient = panel.state, panel.state.cohort.patient_ids[4]
    panel.select(patient)
    panel.ui.repairComboBox.setCurrentIndex(list(Repair).index(repair))
    assert panel.state.shown.repair is Repair.NONE, "the graph stays until the other one is there"
    derived(demo)
    wanted = repaired_lists(embeddings_of(panel)[state.connectome.model], 5, repair)[Match.MOST]
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
    from TumorConnectomeLib.panel import derived_analyses

    def failing(*arguments):
        from TumorConnectomeLib.base.errors import InputError
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
    expected = repaired_lists(embeddings_of(panel)[model], 5, Repair.CENTERED_MUTUAL_PROXIMITY)[Match.MOST]
    np.testing.assert_array_equal(state.connectome.targets, expected.indices.ravel())


def test_a_repair_goes_with_the_scene(demo, panel, tmp_path):
    import slicer

    panel.set(repair=Repair.CENTERED, model=CONSENSUS)
    derived(demo)
    targets = panel.state.connectome.targets
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle()
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
