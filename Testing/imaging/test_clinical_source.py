"""Clinical tables from a loopback IDC: what they mean, how they join, every fault, and the cache."""
import pathlib

import pytest

pytest.importorskip("duckdb")

import numpy as np
from clinical_on_loopback import PREFIX, VERSION, ClinicalOnLoopback, parquet, persons
from cohort_factory import write_model

from TumorConnectomeLib.base.errors import InputError, JobFailed, NotAvailable
from TumorConnectomeLib.cohort.clinical import ClinicalColumn, with_clinical
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.cohort.table_columns import ColumnKind, table_columns
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.imaging.clinical_source import clinical_command
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
from TumorConnectomeLib.readers.cohort_reader import read_cohort
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

PATIENTS = [str(100000 + number) for number in range(30)]


class Clinical(ClinicalOnLoopback):
    """The server, and a prepared cohort of some of its patients."""

    def __init__(self, folder):
        super().__init__(PATIENTS)
        write_model(folder / "data", "CTFM", [*PATIENTS[:20], "999"])
        self.cache = folder / "cache"
        self.prepare(folder / "data")

    def prepare(self, folder):
        """Make this the cohort that clinical columns are joined to."""
        arguments = ["--cache", str(self.cache), "--data", str(folder)]
        self.prepared = prepare(arguments, lambda part, message="": None)["path"]

    def join(self, report=lambda part, message="": None):
        """The cohort with clinical columns."""
        arguments = ["--cache", str(self.cache), "--prepared", self.prepared, "--silence", "0.3"]
        return read_prepared(clinical_command(arguments, report)["path"]).cohort


@pytest.fixture
def clinical(tmp_path, monkeypatch):
    made = Clinical(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    yield made
    made.server.close()


def test_codes_become_words_and_columns_get_their_meaning(clinical):
    cohort = clinical.join()
    first, second, third = (cohort.patients.loc[patient] for patient in PATIENTS[:3])
    assert (first["age"], first["sex"], first["race"], first["smoking"]) == (61.0, "M", "White", "Former")
    assert (second["age"], second["sex"], second["smoking"]) == (62.0, "F", "Current")
    assert second["race"] == "Black or African-American"
    assert (first["de_stag"], second["de_stag"], third["de_stag"]) == ("Stage IA", "Stage IV", "")          # .N
    assert cohort.patients.loc[PATIENTS[3], "race"] == ""                                                  # missing
    assert np.isnan(first["lesionsize"]) and second["lesionsize"] == 11.0     # of nlst_prsn, not the 99 of nlst_canc
    assert (first["lc_topog"], second["lc_topog"]) == ("Upper lobe", "Lower lobe")                         # the first cancer
    assert not {"pid", "source_batch", "dataset_version", "lc_order", "dicom_patient_id"} & set(cohort.patients)
    title, note = cohort.column_notes["scr_res0"]
    assert title == "Result of screen at T0"
    meaning = "Result of screen at T0. Codes: 1 = Negative; 4 = Positive"
    assert note == f"{meaning}. IDC {VERSION}, table nlst_prsn, column scr_res0."


def test_where_the_columns_come_from_is_told(clinical):
    assert clinical.join().clinical == (
        f"Clinical data: IDC {VERSION}, tables nlst_prsn and nlst_canc of 2026-09-20: 20 of 21 patients, 9 columns.")


def test_facets_and_filters_are_made_of_the_new_columns_with_their_notes(clinical):
    cohort = clinical.join()
    assert {"sex", "age", "race", "smoking", "de_stag", "lesionsize", "lc_topog"} <= set(cohort.facets)
    assert cohort.facets["sex"].categories == ("Male", "Female", "Unknown")
    assert cohort.facets["race"].categories[:3] == ("White", "Black", "Asian")
    assert cohort.facets["de_stag"].title == "Lung cancer stage" and "110 = Stage IA" in cohort.facets["de_stag"].note
    columns = {column.key: column for column in table_columns(cohort)}
    assert columns["lesionsize"].kind is ColumnKind.NUMBER and columns["lesionsize"].title == "Size of lesion (mm)"
    assert columns["smoking"].note.startswith("Smoking status at T0. Codes: 0 = Former; 1 = Current. IDC v")
    assert cohort.facets["stage"].codes.tolist() == read_prepared(clinical.prepared).cohort.facets["stage"].codes.tolist()


def test_the_second_time_nothing_is_asked_and_the_vectors_are_the_same(clinical):
    cohort = clinical.join()
    asked = len(clinical.server.requests)
    again = clinical.join()
    assert len(clinical.server.requests) == asked
    assert again.patients.equals(cohort.patients)
    before = read_prepared(clinical.prepared).cohort
    assert before.patient_ids == cohort.patient_ids and np.array_equal(before.embeddings["CTFM"], cohort.embeddings["CTFM"])
    assert not before.clinical


def test_another_cohort_uses_the_tables_that_are_here(clinical, tmp_path):
    clinical.join()
    write_model(tmp_path / "other", "CTFM", PATIENTS[5:12])
    clinical.prepare(tmp_path / "other")
    clinical.server.requests.clear()
    assert len(clinical.join().patients) == 7
    assert {path for path, _headers in clinical.server.requests} == {"idc-open-metadata"}      # only what the bucket lists now


@pytest.mark.parametrize(("where", "fate", "error"), [
    ("nlst_prsn/", 403, "refuses access"), ("nlst_canc/", 404, "does not have the file"), ("clinical_index", 503, "overloaded"),
    ("idc-open-metadata", ("wrong", b"<html/>"), "it is no list of a bucket"), ("nlst_prsn/", ("cut", 300), "broke"),
    ("idc-open-metadata", ("wrong", b"<"), "it is no XML"), ("nlst_prsn/", ("stall", 300), "stopped sending"),
    ("clinical_index", ("wrong", b"PAR1 no"), "not a readable Parquet file"), ("nlst_canc/", ("wrong", b"x"), "instead of")])
def test_a_fault_is_told_and_the_next_try_completes(clinical, monkeypatch, where, fate, error):
    monkeypatch.setattr("TumorConnectomeLib.imaging.http_file.time.sleep", lambda seconds: None)
    clinical.server.behave = lambda path, number: fate if where in path else None
    with pytest.raises(TransferFailed, match=error):
        clinical.join()
    assert list(pathlib.Path(clinical.prepared).parent.glob("*clinical*")) == []
    clinical.server.behave = None
    assert clinical.join().patients.loc[PATIENTS[0], "sex"] == "M"


def test_a_changed_byte_is_found_by_the_md5_of_the_bucket(clinical):
    key = f"{PREFIX}/nlst_prsn/000000000001.parquet"
    content = bytearray(clinical.tables[key])
    content[len(content) // 2] ^= 1
    clinical.server.files[key] = bytes(content)
    with pytest.raises(TransferFailed, match="its MD5 is not the one that the bucket lists"):
        clinical.join()


def test_offline_is_one_line(clinical, monkeypatch):
    monkeypatch.setenv("TUMORCONNECTOME_S3_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TransferFailed, match="127.0.0.1:9 can not be reached; check the network connection"):
        clinical.join()


def test_a_version_without_the_tables_is_told(clinical):
    clinical.tables = {}
    with pytest.raises(NotAvailable, match=f"IDC {VERSION} has no clinical table nlst_prsn"):
        clinical.join()


def test_a_table_without_patients_column_is_named(clinical):
    key = f"{PREFIX}/nlst_prsn/000000000000.parquet"
    clinical.tables[key] = clinical.server.files[key] = parquet(persons(PATIENTS).drop(columns="dicom_patient_id"))
    with pytest.raises(InputError, match="the column dicom_patient_id is missing"):
        clinical.join()


def test_a_cohort_of_other_patients_is_told(clinical, tmp_path):
    write_model(tmp_path / "other", "CTFM", ["X1", "X2", "X3"])
    clinical.prepare(tmp_path / "other")
    with pytest.raises(InputError, match="other: none of its patients has clinical data there"):
        clinical.join()


def test_it_runs_as_a_worker(clinical, monkeypatch):
    def sequence():
        return (yield PythonJob("Clinical", "clinical", "--cache", clinical.cache, "--prepared", clinical.prepared))

    reports = []
    result = run_blocking(sequence(), reports.append)
    assert "sex" in read_prepared(result["path"]).cohort.facets
    assert any(report.message.startswith("Clinical table nlst_prsn") for report in reports)
    pathlib.Path(result["path"]).unlink()
    monkeypatch.setenv("TUMORCONNECTOME_S3_ENDPOINT", "file:///")
    with pytest.raises(JobFailed, match="expected an http or https address"):
        run_blocking(sequence())


def test_values_of_the_cohort_stay_and_gaps_are_filled(tmp_path):
    write_model(tmp_path, "A", [1, 2, 3])
    (tmp_path / "patients.csv").write_text("PatientID,sex,age\n1,F,70\n2,,\n")
    cohort = read_cohort(tmp_path)
    columns = [ClinicalColumn("sex", "Sex", "note", {"1": "M", "2": "M"}),
               ClinicalColumn("age", "Age", "", {"2": 55.0, "3": 60.0})]
    joined = with_clinical(cohort, columns, "Test")
    assert joined.patients["sex"].tolist() == ["F", "M", ""]
    assert joined.patients["age"].tolist() == [70.0, 55.0, 60.0]
    assert cohort.patients["sex"].tolist() == ["F", "", ""]


def test_every_row_of_a_patient_gets_its_values(tmp_path):
    write_model(tmp_path, "A", [1, 1, 2])
    cohort = read_cohort(tmp_path, rule=RowRule.ALL)
    joined = with_clinical(cohort, [ClinicalColumn("sex", "Sex", "", {"1": "F"})], "Test")
    assert joined.patients["sex"].to_dict() == {"1 #1": "F", "1 #2": "F", "2": ""}
    assert joined.clinical == "Test: 1 of 2 patients, 1 columns."
