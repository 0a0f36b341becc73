"""The module with a small cohort whose first patient's images come from IDC on loopback."""
import csv

import numpy as np
import pickle_factory
import pytest
from cohort_factory import vector
from idc_on_loopback import SLICES, Fetcher
from PySide6 import QtCore, QtTest

PATIENT = "100158"


@pytest.fixture
def opened(session, study, gate, tmp_path, monkeypatch):
    """The session with a cohort whose first patient is the study's, and IDC on loopback as the source of its images."""
    import slicer

    patients = [PATIENT, *(str(200000 + number) for number in range(11))]
    data = tmp_path / "data"
    data.mkdir()
    series = {patient: study.request.ct_uid if patient == PATIENT else f"1.2.{patient}" for patient in patients}
    rows = [pickle_factory.row(patient, series[patient]) for patient in patients]
    features = np.stack([vector(patient) for patient in patients])
    (data / "CTFM_features.pkl").write_bytes(pickle_factory.published(features, rows))
    with open(data / "patients.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PatientID", "sex", "StudyInstanceUID", "SR_SeriesInstanceUID"])
        writer.writerow([PATIENT, "F", study.request.study_uid, study.request.sr_uid])
        writer.writerows([patient, "M", "", ""] for patient in patients[1:])
    fetcher = Fetcher(study, tmp_path / "cache", gate)
    monkeypatch.setattr(session.panel.sources, "of", lambda cohort, folder: fetcher.sources)
    slicer.mrmlScene.Clear()
    session.load_cohort(data)
    session.fetcher = fetcher
    yield session
    session.panel.imaging.forget()
    slicer.mrmlScene.Clear()


def load(session, patient=PATIENT):
    session.panel.select(patient)
    QtTest.QTest.mouseClick(session.panel.ui.loadButton, QtCore.Qt.MouseButton.LeftButton)


def wait_for_images(session):
    session.wait(lambda: not session.panel.imaging.busy)


def assert_shown(session):
    nodes = session.panel.queryNodes
    assert nodes is not None and nodes.patient_id == PATIENT, session.panel.ui.imageStatusLabel.text
    assert nodes.volume.GetImageData().GetDimensions() == (64, 64, SLICES)
    assert len(nodes.lesions) == 1
