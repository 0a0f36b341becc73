"""The published cohort in the window (skipped without the data)."""
import csv

from gestures import click
from PySide6 import QtCore, QtTest


def test_the_published_cohort_is_shown_with_its_published_neighbors(session, real_data):
    cohort = session.load_cohort(real_data)
    panel = session.panel
    assert len(cohort.patients) == 289 and "175 of 464" in panel.ui.cohortStatusLabel.text
    assert not panel.ui.bannerLabel.visible
    panel.parameters.model = "CTFM"
    with open(real_data / "published_matches.csv", newline="", encoding="utf-8") as stream:
        published = {}
        for row in csv.DictReader(stream):
            published.setdefault((row["model"], row["match"], row["PatientID"]), []).append(row["MatchPatientID"])
    for patient in ("100158", "111487", "218970" if "218970" in cohort.patient_ids else cohort.patient_ids[-1]):
        line = panel.ui.searchLineEdit
        line.clear()
        QtTest.QTest.keyClicks(line, patient)
        QtTest.QTest.keyClick(line, QtCore.Qt.Key.Key_Return)
        for index, match in enumerate(("most_similar", "least_similar")):
            panel.ui.matchComboBox.setCurrentIndex(index)
            shown = [panel.ui.neighborsTable.item(row, 1).text() for row in range(5)]
            assert shown == published["CTFM", match, patient]
    panel.ui.matchComboBox.setCurrentIndex(0)
    panel.select("109203")
    assert panel.ui.noticeLabel.visible and "doubtful" in panel.ui.noticeLabel.text
    click(panel.view, *panel.view.nodeCenter("111487"))
    assert not panel.ui.noticeLabel.visible and panel.ui.viewerButton.enabled
    details = panel.ui.patientDetailsLabel.text
    for text in ("59 years", "Male", "ICD-O-3 8070", "IB (AJCC 6th edition)"):
        assert text in details
