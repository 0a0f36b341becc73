"""A result of neighbor lists in the module: graph and lists work, what needs vectors is off and says why."""
import numpy as np
import pytest
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.repairs import Repair

pytest.importorskip("pyarrow")


@pytest.fixture
def result(tmp_path):
    """Neighbors of 80 patients by two models."""
    random = np.random.default_rng(3)
    for model in ("CTFM", "Merlin"):
        lines = [f"P{number:02d},{'FM'[number % 2]}," + ",".join(map(str, random.standard_normal(5).round(5)))
                 for number in range(80)]
        (tmp_path / f"{model}.csv").write_text("\n".join(["PatientID,sex," + ",".join(f"pred_{i}" for i in range(5)), *lines]))
    data = [part for model in ("CTFM", "Merlin") for part in ("--data", str(tmp_path / f"{model}.csv"))]
    assert main(["neighbors", *data, "--out-result", str(tmp_path / "result"), "--k", "25"]) == 0
    return tmp_path / "result"


def test_a_result_opens_and_what_needs_vectors_is_off(demo, result):
    panel = demo.panel
    cohort = demo.load_cohort(result)
    assert len(cohort.patients) == 80 and not cohort.has_vectors
    assert "without the vectors" in panel.ui.cohortStatusLabel.text
    panel.set(match=Match.LEAST, neighborCount=7, repair=Repair.NONE, model="Merlin", selectedPatient="P11")
    demo.settle()
    assert panel.view.selected == "P11"
    assert len(panel.state.connectome.targets) == 80 * 7
    assert panel.ui.neighborCountSpinBox.suffix == ""
    panel.set(neighborCount=30)
    assert panel.ui.neighborCountSpinBox.suffix == " (at most 25 here)" and len(panel.state.connectome.targets) == 80 * 25
    ui = panel.ui
    for widget in (ui.repairComboBox, ui.mapComboBox, ui.evaluateButton, ui.queryButton, ui.queryVectorEdit):
        assert not widget.enabled
        assert "without the vectors" in widget.toolTip
    panel.set(model="Consensus")
    demo.wait(lambda: panel.state.shown.model == "Consensus")
    demo.load_cohort()
    assert panel.ui.repairComboBox.enabled and panel.ui.evaluateButton.enabled
    assert "without the vectors" not in panel.ui.repairComboBox.toolTip + panel.ui.cohortStatusLabel.text


def test_a_repair_in_the_saved_state_is_refused_in_one_line(demo, result):
    panel = demo.panel
    demo.load_cohort(result)
    panel.set(repair=Repair.CENTERED)
    demo.wait(lambda: not panel.derived.busy)
    demo.wait(lambda: panel.parameters.repair is Repair.NONE)
    assert panel.state.shown.repair is Repair.NONE


def test_a_changed_result_is_refused_and_the_old_cohort_stays(demo, result):
    (result / "layout-1.parquet").write_bytes(b"PAR1")
    panel = demo.panel
    panel.ui.dataFolderPathLineEdit.currentPath = str(result)
    QtTest.QTest.mouseClick(panel.ui.loadCohortButton, QtCore.Qt.MouseButton.LeftButton)
    demo.wait(lambda: not panel.cohort.loader.busy)
    assert "layout-1.parquet: the file was changed after it was written" in panel.ui.cohortStatusLabel.text
    assert panel.state.cohort.synthetic
    demo.load_cohort()
