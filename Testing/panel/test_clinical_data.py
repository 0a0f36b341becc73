"""Clinical data of IDC in the panel: added and left out with a button, kept in the scene, and missed without harm."""
import pytest

pytest.importorskip("duckdb")

from clinical_on_loopback import ClinicalOnLoopback
from cohort_factory import write_model
from PySide6 import QtCore, QtTest

PATIENTS = [str(100000 + number) for number in range(24)]
SERIES = "1.2.840.113654.2.55.1"


@pytest.fixture
def clinical(demo, tmp_path, monkeypatch):
    """The session with a cohort of NLST patients, and an IDC of this machine."""
    made = ClinicalOnLoopback(PATIENTS)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    write_model(tmp_path / "nlst", "CTFM", PATIENTS, SeriesInstanceUID=SERIES, name=str(tmp_path))
    made.session, made.panel, made.ui = demo, demo.panel, demo.panel.ui
    demo.load_cohort(tmp_path / "nlst")
    yield made
    made.server.close()
    demo.panel.set(dataFolder="", clinicalData=False)


def press(clinical):
    """Press the button and wait; returns the status line."""
    QtTest.QTest.mouseClick(clinical.ui.clinicalButton, QtCore.Qt.MouseButton.LeftButton)
    clinical.session.wait(lambda: not clinical.panel.cohort.loader.busy)
    clinical.session.settle()
    return clinical.ui.cohortStatusLabel.text


def titles(clinical):
    box = clinical.ui.facetComboBox
    return [box.itemText(row) for row in range(box.count)]


def test_clinical_columns_are_added_explained_and_left_out_again(clinical):
    assert clinical.ui.clinicalLabel.text == "What the files tell" and "Sex" not in titles(clinical)
    press(clinical)
    assert clinical.panel.parameters.clinicalData
    assert clinical.ui.clinicalLabel.text == "9 columns from IDC"
    assert "nlst_prsn and nlst_canc of 2026-09-20: 24 of 24 patients, 9 columns." in clinical.ui.cohortStatusLabel.text
    assert {"Sex", "Smoking", "Lung cancer stage"} <= set(titles(clinical))
    note = clinical.ui.facetComboBox.itemData(titles(clinical).index("Lung cancer stage"), QtCore.Qt.ItemDataRole.ToolTipRole)
    assert note.startswith("Lung cancer stage. Codes: 110 = Stage IA; 400 = Stage IV")
    offered = {action.text: action.toolTip for action in clinical.panel.graphControls._filterBar._menu.actions()}
    assert offered["Smoking"].startswith("Smoking status at T0. Codes: 0 = Former; 1 = Current")
    clinical.panel.select(PATIENTS[0])
    assert "White" in clinical.ui.patientDetailsLabel.text
    assert clinical.ui.clinicalButton.text == "Leave out"
    press(clinical)
    assert "Sex" not in titles(clinical) and not clinical.panel.parameters.clinicalData


def test_without_idc_the_cohort_loads_and_says_so_and_the_next_try_works(clinical):
    clinical.server.behave = lambda path, number: 404
    text = press(clinical)
    assert "24 patients" in text and "No clinical data from IDC: 127.0.0.1" in text and "(HTTP 404)" in text
    assert clinical.panel.state.cohort.models == ("CTFM",)
    clinical.server.behave = None
    assert "No clinical data" not in press(clinical)
    assert "Sex" in titles(clinical)


def test_made_up_patients_are_not_looked_up(demo):
    assert not demo.panel.ui.clinicalButton.enabled
    assert demo.panel.ui.clinicalLabel.text == "Made up"
