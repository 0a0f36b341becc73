"""Warnings about patients of the published cohort, and links to their images."""
import csv

import cohort_factory
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.cohort.nlst import (
    DOUBTFUL_SERIES,
    data_note,
    doubtful_patients,
    in_nlst,
    patient_viewer_url,
    viewer_url,
)

DOUBTFUL = ("109203", "112285", "118658", "127890", "200683", "205283", "214812", "214975")
LSS, ACRIN = "1.2.840.113654.2.55.", "1.3.6.1.4.1.14519.5.2.1.7009.9004."


def cohort_of(ct_uids, synthetic=False, studies=None, **columns):
    made = cohort_factory.cohort(len(ct_uids), StudyInstanceUID=studies or [LSS + "1"] * len(ct_uids),
                                 CT_SeriesInstanceUID=ct_uids, **columns)
    return Cohort(made.name, made.patients, made.embeddings, made.facets, synthetic=synthetic)


def test_the_doubtful_series_are_those_of_the_shipped_list():
    manifest = LIBRARY_FOLDER / "Resources" / "IDC" / "nlst-sybil-manifest.csv"
    lines = [line for line in manifest.read_text().splitlines() if not line.startswith("#")]
    listed = {row["patient_id"]: row["ct_uid"] for row in csv.DictReader(lines)}
    assert tuple(sorted(DOUBTFUL_SERIES.values())) == DOUBTFUL
    assert {patient: uid for uid, patient in DOUBTFUL_SERIES.items()}.items() <= listed.items()


def test_the_published_cohort_has_eight_doubtful_patients(real_data):
    cohort = cohort_factory.published_cohort(real_data)
    assert doubtful_patients(cohort) == DOUBTFUL
    note = data_note(cohort, cohort.row_of("214975"))
    assert "doubtful" in note and "upside down" in note


def test_every_published_patient_has_a_viewer_link(real_data):
    cohort = cohort_factory.published_cohort(real_data)
    assert all(in_nlst(cohort, node) for node in range(len(cohort.patients)))
    record = cohort.patients.loc["100158"]
    assert patient_viewer_url(cohort, cohort.row_of("100158")) == (
        "https://viewer.imaging.datacommons.cancer.gov/v3/viewer/?StudyInstanceUIDs=" + record["StudyInstanceUID"]
        + "&initialSeriesInstanceUID=" + record["SR_SeriesInstanceUID"])


def test_the_ct_series_decides_and_not_the_patient_id():
    doubtful = next(uid for uid in DOUBTFUL_SERIES if uid.startswith(ACRIN))
    cohort = cohort_of([doubtful, LSS + "77", "", ACRIN + "5"])
    assert doubtful_patients(cohort) == ("P000",)


def test_made_up_patients_have_neither_notes_nor_links():
    cohort = cohort_of(list(DOUBTFUL_SERIES)[:2], synthetic=True)
    assert doubtful_patients(cohort) == () and patient_viewer_url(cohort, 0) == ""


@pytest.mark.parametrize("study, ct", [("1.2.3", LSS + "1"), (LSS + "1", "1.2.3"), ("", ""), (LSS[:-1] + "6.1", LSS + "1")])
def test_uids_of_other_studies_are_not_sent_anywhere(study, ct):
    assert patient_viewer_url(cohort_of([ct], studies=[study]), 0) == ""


def test_a_cohort_without_uids_has_neither_notes_nor_links():
    cohort = cohort_factory.cohort(2)
    assert data_note(cohort, 0) == patient_viewer_url(cohort, 0) == ""


def test_without_a_report_the_link_leads_to_the_study():
    assert patient_viewer_url(cohort_of([LSS + "2"]), 0).endswith(f"?StudyInstanceUIDs={LSS}1")
    with pytest.raises(InputError, match="not a DICOM UID"):
        viewer_url("1.2&evil=1")
