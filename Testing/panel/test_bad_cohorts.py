"""Bad embedding files, bad folders and a damaged cache: one clear line, the old cohort stays, the next click works."""
import os
import pathlib
import pickle

import pytest
from cohort_factory import write_model
from PySide6 import QtCore, QtTest


def load_folder(session, folder):
    """Type a folder and press the button; returns the status line."""
    panel = session.panel
    panel.ui.dataFolderPathLineEdit.currentPath = str(folder)
    QtTest.QTest.mouseClick(panel.ui.loadCohortButton, QtCore.Qt.MouseButton.LeftButton)
    session.wait(lambda: not panel.cohort.loader.busy)
    return panel.ui.cohortStatusLabel.text


class _RunsCode:
    def __reduce__(self):
        return os.system, ("touch executed",)


def _code(folder):
    (folder / "Evil_features.pkl").write_bytes(pickle.dumps({"all": [_RunsCode()]}))


def _truncated(folder):
    path = write_model(folder, "CTFM", ["1", "2", "3"])
    path.write_bytes(path.read_bytes()[:-40])


def _other_keys(folder):
    (folder / "Other_features.pkl").write_bytes(pickle.dumps({"train": []}))


def _nothing(folder):
    (folder / "notes.txt").write_text("no embeddings here")


@pytest.mark.parametrize("make, words", [(_code, ("Evil_features.pkl", "system", "refused")),
                                         (_truncated, ("CTFM_features.pkl", "expected")),
                                         (_other_keys, ("Other_features.pkl", "expected")),
                                         (_nothing, ("no embedding files", "expected"))])
def test_a_bad_folder_is_named_and_the_old_cohort_stays(demo, tmp_path, monkeypatch, make, words):
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    patient = demo.panel.state.cohort.patient_ids[0]
    text = load_folder(demo, tmp_path)
    assert all(word in text for word in words) and "\n" not in text, text
    assert not pathlib.Path("executed").exists()
    assert demo.panel.state.cohort.synthetic
    demo.panel.select(patient)
    assert demo.panel.view.selected == patient
    assert "48 patients" in load_folder(demo, "")


def test_a_cached_cohort_damaged_by_hand_is_made_anew(demo, tmp_path):
    data = tmp_path / "data"
    write_model(data, "CTFM", [f"P{number}" for number in range(30)])
    cache = pathlib.Path(os.environ["TUMORCONNECTOME_CACHE"]) / "cohorts"
    before = set(cache.iterdir())
    load_folder(demo, data)
    made, = set(cache.iterdir()) - before
    content = bytearray(made.read_bytes())
    content[len(content) // 2] ^= 0xFF
    made.write_bytes(content)
    text = load_folder(demo, data)
    assert "30 patients" in text and "made anew" in text and "damaged" in text
    assert "made anew" not in load_folder(demo, data)


def test_cancel_while_a_cohort_is_prepared_keeps_the_old_one(demo, tmp_path, monkeypatch):
    from TumorConnectomeLib.work.jobs import PythonJob

    monkeypatch.setattr(PythonJob, "command", lambda self: ["sleep", "60"])
    panel = demo.panel
    panel.ui.dataFolderPathLineEdit.currentPath = str(tmp_path)
    QtTest.QTest.mouseClick(panel.ui.loadCohortButton, QtCore.Qt.MouseButton.LeftButton)
    demo.settle()
    assert panel.ui.cohortProgressBar.visible
    QtTest.QTest.mouseClick(panel.ui.cohortCancelButton, QtCore.Qt.MouseButton.LeftButton)
    demo.wait(lambda: not panel.cohort.loader.busy)
    assert "Canceled" in panel.ui.cohortStatusLabel.text and not panel.ui.cohortProgressBar.visible
    assert panel.state.cohort.synthetic


def test_a_cohort_of_one_patient_is_shown_without_neighbors(demo, tmp_path):
    write_model(tmp_path / "one", "CTFM", ["P1"])
    assert "1 patients" in load_folder(demo, tmp_path / "one")
    demo.panel.select("P1")
    assert demo.panel.ui.neighborsTable.rowCount == 0 and demo.panel.view.selected == "P1"


def test_a_cohort_without_clinical_table_still_has_its_facets(demo, tmp_path):
    write_model(tmp_path / "few", "CTFM", [f"P{number}" for number in range(8)])
    load_folder(demo, tmp_path / "few")
    titles = [demo.panel.ui.facetComboBox.itemText(index) for index in range(demo.panel.ui.facetComboBox.count)]
    assert titles == ["Cancer type", "Stage (AJCC 6th edition)", "Body side"]


def test_a_cohort_that_arrives_after_its_scene_was_closed_waits_for_the_next_one(demo):
    import slicer

    widget = slicer.modules.TumorConnectomeWidget
    demo.panel.cohort.load()
    widget.setParameterNode(None)                       # as when another module is open while a scene is closed
    demo.wait(lambda: not demo.panel.cohort.loader.busy)
    widget.initializeParameterNode()
    demo.settle()
    assert demo.panel.state.cohort.synthetic and demo.panel.view.selected is None
