"""Cohorts from folders: which patients are kept, what is joined, and what is refused."""
import numpy as np
import pytest
from cohort_factory import published_cohort, vector, write_model

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.readers.cohort_reader import cohort_files, read_cohort


def test_patients_with_one_row_are_kept_and_the_others_counted(tmp_path):
    write_model(tmp_path, "CTFM", [5, 3, 5, 10, 3, 7])
    cohort = read_cohort(tmp_path)
    assert cohort.patient_ids == ("10", "7")
    assert np.array_equal(cohort.embeddings["CTFM"], [vector(10, "CTFM"), vector(7, "CTFM")])
    told = {"patients_in_files": 4, "patients_left_out": 2, "rows": 6}
    assert {key: cohort.provenance[key] for key in told} == told
    assert not cohort.synthetic


def test_patients_are_kept_when_every_model_has_exactly_one_row(tmp_path):
    write_model(tmp_path, "b", [1, 2, 3, 3], series=[1, 2, 3, 4])
    write_model(tmp_path, "A", [4, 3, 2, 9, 1], series=[0, 3, 2, 9, 1])
    cohort = read_cohort(tmp_path)
    assert cohort.patient_ids == ("1", "2")
    assert cohort.models == ("A", "b")
    for model in cohort.models:
        assert np.array_equal(cohort.embeddings[model], [vector(1, model), vector(2, model)])
    assert (cohort.provenance["patients_in_files"], cohort.provenance["patients_left_out"]) == (5, 3)


@pytest.mark.parametrize("patients", [["10", " 5", "7"], [10, 5.0, 7], ["10", 5, "7 "]])
def test_vectors_stay_with_their_patients_however_ids_are_written(tmp_path, patients):
    write_model(tmp_path, "CTFM", patients)
    cohort = read_cohort(tmp_path)
    assert cohort.patient_ids == ("10", "5", "7")
    for written in patients:
        row = cohort.row_of(str(written).strip().removesuffix(".0"))
        assert np.array_equal(cohort.embeddings["CTFM"][row], vector(written, "CTFM"))


def test_a_patient_written_in_two_ways_has_two_rows(tmp_path):
    write_model(tmp_path, "CTFM", [1, "1 ", 2])
    assert read_cohort(tmp_path).patient_ids == ("2",)


def test_patient_zero_is_a_patient(tmp_path):
    write_model(tmp_path, "CTFM", [0, 1])
    assert read_cohort(tmp_path).patient_ids == ("0", "1")


def test_files_may_lie_in_the_folder_embeddings(tmp_path):
    write_model(tmp_path / "study" / "embeddings", "CTFM", [1, 2])
    (tmp_path / "study" / "patients.csv").write_text("PatientID,sex\n1,M\n2,F\n")
    for folder in (tmp_path / "study", tmp_path / "study" / "embeddings"):
        cohort = read_cohort(folder)
        assert (cohort.name, cohort.patient_ids) == ("study", ("1", "2"))
    assert [path.name for path in cohort_files(tmp_path / "study")] == ["CTFM_features.pkl", "patients.csv"]


def test_rows_of_the_files_become_patient_columns_and_facets(tmp_path):
    write_model(tmp_path, "CTFM", [1, 2], labels_de_stag_mapped=6)
    cohort = read_cohort(tmp_path)
    assert list(cohort.patients["icd_o_3"]) == [8250.0, 8250.0]
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == ["1.2.0", "1.2.1"]
    assert cohort.facets["stage"].counts.tolist() == [0, 0, 0, 0, 0, 0, 2]
    assert cohort.provenance["patient_table"] == "none"


def test_a_patient_of_another_series_in_another_model_is_refused(tmp_path):
    write_model(tmp_path, "A", [1, 2, 3], series=[1, 2, 3])
    write_model(tmp_path, "B", [3, 2, 1], series=[3, 9, 1])
    with pytest.raises(InputError, match="B_features.pkl, row 2: patient 2 has CT series 1.2.9; expected 1.2.2 as in A_fe"):
        read_cohort(tmp_path)


def test_a_code_that_means_nothing_ends_no_cohort(tmp_path):
    write_model(tmp_path, "CTFM", [9, 1, 5], labels_de_stag_mapped=7)
    cohort = read_cohort(tmp_path)
    assert cohort.patient_ids == ("1", "5", "9")
    assert "stage" not in cohort.facets and cohort.patients["stage_code as written"].tolist() == [7, 7, 7]


@pytest.mark.parametrize("patient", [None, "", " ", float("nan")])
def test_a_row_without_patientid_is_named(tmp_path, patient):
    write_model(tmp_path, "CTFM", [1, patient])
    with pytest.raises(InputError, match="CTFM_features.pkl, row 2, column 'PatientID': the id is ''"):
        read_cohort(tmp_path)


def test_no_patient_in_all_files_is_told(tmp_path):
    write_model(tmp_path, "A", [1, 2])
    write_model(tmp_path, "B", [3, 4])
    with pytest.raises(InputError, match="none of the 4 patients has exactly one row in every file"):
        read_cohort(tmp_path)


def test_a_zero_vector_names_model_and_patient(tmp_path, monkeypatch):
    monkeypatch.setattr("cohort_factory.vector", lambda patient, model: np.full(6, float(patient)))
    write_model(tmp_path, "CTFM", [1, 0])
    with pytest.raises(InputError, match="CTFM, patient 0: the embedding has only zeros"):
        read_cohort(tmp_path)


def test_the_patient_table_is_joined_by_patientid(tmp_path):
    write_model(tmp_path, "CTFM", [1, 2, 3])
    (tmp_path / "patients.csv").write_text("PatientID,age,sex,stage_code,site\n3,70,F,6,Essen\n1,60,,,\n8,50,M,1,Boston\n")
    cohort = read_cohort(tmp_path)
    patients = cohort.patients
    assert patients["age"].dropna().to_dict() == {"1": 60.0, "3": 70.0}
    assert list(patients["sex"]) == ["", "", "F"]
    assert list(patients["site"]) == ["", "", "Essen"]
    assert list(patients["stage_code"]) == [0.0, 0.0, 6.0]          # its values win, but only where it has one
    assert cohort.provenance["patient_table"] == "patients.csv: 2 of 3 patients"
    assert cohort.provenance["files"] == "CTFM_features.pkl, patients.csv"


def test_uids_of_another_series_than_the_embedded_one_are_not_taken(tmp_path):
    write_model(tmp_path, "CTFM", [1, 2, 3], series=[11, 12, 13])
    (tmp_path / "patients.csv").write_text(
        "PatientID,CT_SeriesInstanceUID,SR_SeriesInstanceUID,center_SOPInstanceUID\n"
        "1,1.2.11,5.1,6.1\n2,1.2.99,5.2,6.2\n3,,5.3,6.3\n")
    cohort = read_cohort(tmp_path)
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == ["1.2.11", "1.2.12", "1.2.13"]
    assert list(cohort.patients["SR_SeriesInstanceUID"]) == ["5.1", "", "5.3"]
    assert list(cohort.patients["center_SOPInstanceUID"]) == ["6.1", "1.2.3.4", "6.3"]
    assert "1 name another CT series than the embedding" in cohort.provenance["patient_table"]


def test_a_table_of_other_patients_is_refused(tmp_path):
    write_model(tmp_path, "CTFM", [1, 2])
    (tmp_path / "patients.csv").write_text("PatientID,sex\n3,F\n4,M\n")
    with pytest.raises(InputError, match="none of its 2 patients is in the embedding files; expected PatientIDs such as 1"):
        read_cohort(tmp_path)


def test_hidden_files_are_passed_over(tmp_path):
    write_model(tmp_path, "CTFM", [1, 2])
    for name in ("._CTFM_features.pkl", "._patients.csv"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    assert read_cohort(tmp_path).models == ("CTFM",)


def test_a_folder_without_embedding_files_is_refused(tmp_path):
    (tmp_path / "patients.csv").write_text("PatientID\n1\n")
    with pytest.raises(InputError, match="no embedding files; expected .*_features.pkl"):
        read_cohort(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=f"{name}: no such folder"):
        read_cohort(tmp_path / name)


def test_progress_is_reported_for_every_file(tmp_path):
    for model in "AB":
        write_model(tmp_path, model, [1, 2])
    reports = []
    read_cohort(tmp_path, lambda fraction, message="": reports.append((fraction, message)))
    assert reports == [(0.0, "Reading A_features.pkl"), (0.5, "Reading B_features.pkl")]


def test_a_changed_file_changes_the_provenance(tmp_path):
    write_model(tmp_path, "A", [1, 2])
    before = read_cohort(tmp_path).provenance["sha256"]
    assert read_cohort(tmp_path).provenance["sha256"] == before
    write_model(tmp_path, "A", [1, 3])
    assert read_cohort(tmp_path).provenance["sha256"] != before


def test_the_published_files_give_the_published_cohort(real_data):
    cohort = published_cohort(real_data)
    published = [line.split(",")[0] for line in (real_data / "published_patients.csv").read_text().splitlines()[1:]]
    assert list(cohort.patient_ids) == sorted(published)
    assert cohort.models == ("CTClipVit", "CTFM", "Merlin", "PASTA", "SUPREME", "VISTA3D")
    assert {model: cohort.embeddings[model].shape for model in cohort.models} == {
        "CTClipVit": (289, 512), "CTFM": (289, 512), "Merlin": (289, 512), "PASTA": (289, 1024), "SUPREME": (289, 512),
        "VISTA3D": (289, 768)}
    told = {"rows": 734, "patients_in_files": 464, "patients_left_out": 175,
            "patient_table": "published_patients.csv: 289 of 289 patients"}
    assert {key: cohort.provenance[key] for key in told} == told
    assert len(cohort.provenance["sha256"]) == 64
    assert not (cohort.patients[["StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID"]] == "").any(axis=None)


def small(**changes):
    import pandas as pd
    parts = {"name": "Test", "patients": pd.DataFrame(index=["1", "2"]), "embeddings": {"A": np.ones((2, 3))}, **changes}
    return Cohort(**parts)


@pytest.mark.parametrize(("values", "text"), [
    (np.ones((3, 3)), "shape"), (np.ones(2), "shape"), (np.ones((2, 0)), "shape"),
    ([[1, 2], [0, 0]], "patient 2: the embedding has only zeros"), ([[np.nan, 1], [1, 1]], "patient 1: .* NaN or infinite"),
    (np.array([[1, 2], [1e300, 2]], np.longdouble), "patient 2: .* NaN or infinite"),
])
def test_a_cohort_refuses_vectors_that_do_not_fit(values, text):
    with pytest.raises(InputError, match=f"A.*{text}"):
        small(embeddings={"A": values})


def test_a_cohort_keeps_double_precision_and_copies_only_what_others_could_change():
    double, single = np.array([[1, 1e-300], [1, 1 + 1e-15]]), np.ones((2, 3), np.float32)
    single.flags.writeable = False
    cohort = small(embeddings={"A": double, "B": single, "C": np.ones((2, 2), np.float16)})
    assert [cohort.embeddings[model].dtype for model in "ABC"] == [np.float64, np.float32, np.float32]
    double[:] = 0
    assert cohort.embeddings["A"][1, 1] == 1 + 1e-15
    assert cohort.embeddings["B"] is single


@pytest.mark.parametrize(("ids", "text"), [([], "no patients"), (["2", "1"], "ascending"), (["1", "1"], "unique")])
def test_a_cohort_refuses_patients_out_of_order(ids, text):
    import pandas as pd
    with pytest.raises(InputError, match=text):
        small(patients=pd.DataFrame(index=ids))


def test_a_cohort_finds_its_patients():
    assert small().row_of("2") == 1
    with pytest.raises(InputError, match="no patient '3'; expected one of its 2 PatientIDs"):
        small().row_of("3")


def test_a_cohort_can_not_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        small().embeddings["A"][0, 0] = 5
    with pytest.raises(TypeError):
        small().embeddings["B"] = np.ones((2, 3))
