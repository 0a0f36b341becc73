"""The map that places the patients, with real keys on the demo cohort: positions, quality, packages, cancel, scene."""
import numpy as np
import pytest
from evaluation_hands import derived, embeddings_of, press
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.layout.map_quality import map_quality
from TumorConnectomeLib.layout.maps import MapKind, make_map
from TumorConnectomeLib.neighbors.consensus import CONSENSUS
from TumorConnectomeLib.neighbors.repairs import Repair


def kinds():
    """The enumeration of the module's own library; the module may have been loaded anew."""
    from TumorConnectomeLib.layout.maps import MapKind
    return MapKind


@pytest.fixture
def shown(demo):
    """The panel with the neighbor layout of the second model, measured."""
    panel = demo.panel
    panel.set(map=kinds().NEIGHBORS, repair=Repair.NONE, model=panel.state.cohort.models[1])
    made(demo)
    yield panel
    panel.maps.cancel()
    panel.set(map=kinds().NEIGHBORS)


def made(demo):
    demo.wait(lambda: not demo.panel.maps.busy)
    demo.settle()
    return demo.panel.state


def choose(panel, place):
    """Choose an entry of the list of maps with the keyboard."""
    combo = panel.ui.mapComboBox
    combo.setFocus()
    QtTest.QTest.keyClick(combo, QtCore.Qt.Key.Key_Home)
    for _step in range(place):
        QtTest.QTest.keyClick(combo, QtCore.Qt.Key.Key_Down)


def figures(quality):
    return (f"trustworthiness {quality.trustworthiness:.2f}, continuity {quality.continuity:.2f}, neighbor recall "
            f"{quality.recall:.2f} ({quality.k} nearest)")


def test_the_neighbor_layout_has_its_quality_beside_it(demo, shown):
    state = shown.state
    embedding, layout = embeddings_of(shown)[state.shown.model], state.shown.analysis.positions
    wanted = "Neighbor layout: " + figures(map_quality(embedding, layout, 15))
    assert shown.ui.mapQualityLabel.text == wanted and wanted in shown.view.canvas.header.subtitle
    np.testing.assert_array_equal(state.connectome.positions, layout)


def test_another_map_moves_the_patients_and_nothing_else(demo, shown):
    state, patient = shown.state, shown.state.cohort.patient_ids[3]
    shown.select(patient)
    before, layout = state.connectome, state.shown.analysis.positions
    choose(shown, 1)
    made(demo)
    embedding = embeddings_of(shown)[state.shown.model]
    wanted = make_map(MapKind.PCA, embedding, layout)
    np.testing.assert_allclose(state.connectome.positions, wanted, atol=1e-9)
    assert "PCA: " + figures(map_quality(embedding, wanted, 15)) in shown.view.canvas.header.subtitle
    np.testing.assert_array_equal(state.connectome.targets, before.targets)
    assert shown.view.selected == patient
    choose(shown, 0)
    np.testing.assert_array_equal(state.connectome.positions, layout)


def test_tsne_is_made_by_a_worker_and_follows_the_model(demo, shown):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    choose(shown, 2)
    first = made(demo).connectome.positions
    assert shown.state.placed.kind is kinds().TSNE and "t-SNE: trustworthiness" in shown.ui.mapQualityLabel.text
    shown.set(model=shown.state.cohort.models[0])
    other = made(demo).connectome
    assert shown.state.placed.kind is kinds().TSNE and np.abs(other.positions - first).max() > 0.01


def test_the_consensus_has_the_neighbor_layout_only_and_says_so(demo, shown):
    shown.set(map=kinds().PCA, model=CONSENSUS)
    derived(demo)
    state = made(demo)
    assert state.placed.kind is kinds().NEIGHBORS and "no embedding" in shown.ui.mapQualityLabel.text
    np.testing.assert_array_equal(state.connectome.positions, state.shown.analysis.positions)
    assert "trustworthiness" in shown.ui.mapQualityLabel.text


def test_quality_is_of_the_repaired_neighbors(demo, shown):
    before = shown.ui.mapQualityLabel.text
    shown.set(map=kinds().PCA)
    plain = made(demo).placed.quality
    shown.set(repair=Repair.MUTUAL_PROXIMITY)
    derived(demo)
    made(demo)
    assert shown.state.placed.quality != plain and shown.ui.mapQualityLabel.text != before


def test_a_missing_package_is_offered_and_the_map_comes_after_it(demo, shown, monkeypatch):
    from TumorConnectomeLib.panel import map_positions, status_line

    made_before, missing = map_positions.map_sequence, []

    def failing(*arguments):
        from TumorConnectomeLib.base.errors import PackageMissing
        missing.append(arguments)
        raise PackageMissing("UMAP maps need the Python package umap-learn", "umap-learn")
        yield

    monkeypatch.setattr(map_positions, "map_sequence", failing)
    choose(shown, 3)
    state = made(demo)
    assert state.placed.kind is kinds().NEIGHBORS and "umap-learn" in shown.ui.mapStatusLabel.text
    shown.select(state.cohort.patient_ids[0])
    made(demo)
    assert len(missing) == 1, "it is not asked for again and again"
    monkeypatch.setattr(map_positions, "map_sequence", lambda path, count, repair, model, kind: made_before(
        path, count, repair, model, kinds().PCA))
    installed = []
    monkeypatch.setattr(status_line, "install", installed.append)
    assert shown.ui.mapCancelButton.text == "Install umap-learn"
    press(shown.ui.mapCancelButton)
    made(demo)
    assert installed == ["umap-learn"] and shown.state.placed.kind is kinds().UMAP


def test_a_map_goes_with_the_scene(demo, shown, tmp_path):
    import slicer

    shown.set(map=kinds().PCA)
    positions = made(demo).connectome.positions
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    demo.settle()
    assert demo.panel.state.placed.kind is kinds().NEIGHBORS
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    demo.wait(lambda: not demo.panel.cohort.loader.busy)
    state = made(demo)
    assert state.placed.kind is kinds().PCA
    np.testing.assert_array_equal(state.connectome.positions, positions)
