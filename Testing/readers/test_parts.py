"""Tables in several files: shards, and folders named after a column's values."""
import numpy as np
import pytest
from own_files import frame, vectors, write_csv

from TumorConnectomeLib import InputError, read_cohort

NAMES = [f"P{number:02d}" for number in range(12)]


def halves(folder, first, second, more=(None, None)):
    """Two CSV files with half of the patients each; returns the folder."""
    for name, part, columns in ((first, slice(6), more[0]), (second, slice(6, 12), more[1])):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_csv(folder / name, vectors()[part], NAMES[part], more=columns)
    return folder


@pytest.mark.parametrize(("first", "second"), [
    ("part-00000.csv", "part-00001.csv"), ("part-00000-1f-c000.csv", "part-00001-1f-c000.csv"), ("0.csv", "1.csv"),
    ("site1.csv", "site2.csv"), ("train.csv", "test.csv"), ("lung_train.tsv", "lung_validation.tsv")])
def test_parts_of_a_table_are_one_model(tmp_path, first, second):
    cohort = read_cohort(halves(tmp_path / "set", first, second))
    assert cohort.models == ("set",) and cohort.patients.index.tolist() == NAMES
    assert np.array_equal(cohort.embeddings["set"], vectors().astype(float))
    assert f"2 parts of one table: {min(first, second)} to {max(first, second)}" in cohort.provenance["import_report"]


def test_one_part_stands_for_all(tmp_path):
    halves(tmp_path / "set", "part-00000.csv", "part-00001.csv")
    (tmp_path / "set" / "notes.csv").write_text("a,b\n1,2\n")
    assert read_cohort(tmp_path / "set" / "part-00001.csv").patients.index.tolist() == NAMES


def test_two_models_of_other_patients_are_no_parts(tmp_path):
    with pytest.raises(InputError, match="no patient in common"):
        read_cohort(halves(tmp_path / "set", "CTFM.csv", "Merlin.csv"))


@pytest.mark.parametrize("name", ["fold", ""])
def test_numbered_models_of_the_same_patients_stay_models(tmp_path, name):
    for number in range(2):
        write_csv(tmp_path / f"{name}{number}.csv", vectors(seed=number))
    assert read_cohort(tmp_path).models == (f"{name}0", f"{name}1")


def test_models_in_each_partition_stay_models(tmp_path):
    halves(tmp_path / "set", "site=A/CTFM.csv", "site=B/CTFM.csv")
    halves(tmp_path / "set", "site=A/Merlin.csv", "site=B/Merlin.csv")
    cohort = read_cohort(tmp_path / "set")
    assert cohort.models == ("CTFM", "Merlin") and cohort.patients["site"].tolist() == ["A"] * 6 + ["B"] * 6


def test_a_patient_in_two_parts_is_named_with_both(tmp_path):
    write_csv(tmp_path / "part-0.csv", vectors(3), ["A", "B", "C"])
    write_csv(tmp_path / "part-1.csv", vectors(3, seed=1), ["D", "B", "E"])
    with pytest.raises(InputError, match=r"row 3 of part-1.csv.*'B' stands in row 3 of part-0.csv"):
        read_cohort(tmp_path)
    assert len(read_cohort(tmp_path, rows="first").patients) == 5


def test_folders_named_after_a_column_are_that_column(tmp_path):
    halves(tmp_path / "set", "site=A%20%C3%A4/part-0.csv", "site=__HIVE_DEFAULT_PARTITION__/part-0.csv")
    cohort = read_cohort(tmp_path / "set")
    assert cohort.models == ("set",) and cohort.patients["site"].tolist() == ["A \u00e4"] * 6 + [""] * 6


def test_folders_of_splits_are_the_column_split(tmp_path):
    cohort = read_cohort(halves(tmp_path / "set", "train/a.csv", "test/b.csv"))
    assert cohort.models == ("set",) and cohort.patients["split"].tolist() == ["train"] * 6 + ["test"] * 6


@pytest.mark.parametrize("folder", ["test", "run=1"])
def test_a_folder_of_models_may_have_any_name(tmp_path, folder):
    (tmp_path / folder).mkdir()
    for number, name in enumerate(("CTFM.csv", "Merlin.csv")):
        write_csv(tmp_path / folder / name, vectors(seed=number))
    for paths in ([tmp_path / folder], [tmp_path / folder / "CTFM.csv", tmp_path / folder / "Merlin.csv"]):
        cohort = read_cohort(*paths)
        assert cohort.models == ("CTFM", "Merlin") and list(cohort.patients) == []


def test_a_folder_of_tests_beside_tables_is_not_looked_into(tmp_path):
    halves(tmp_path / "set", "train.csv", "test/b.csv")
    assert len(read_cohort(tmp_path / "set").patients) == 6


def test_a_table_beside_partitions_is_read_as_well(tmp_path):
    halves(tmp_path / "set", "site=A/part-0.csv", "site=B/part-0.csv")
    (tmp_path / "set" / "clinical.csv").write_text("PatientID,sex\nP00,F\nP11,M\n")
    cohort = read_cohort(tmp_path / "set")
    assert cohort.patients["sex"].tolist() == ["F", *[""] * 10, "M"] and set(cohort.patients["site"]) == {"A", "B"}


def test_a_column_that_a_part_has_not_is_missing_there_and_other_vectors_are_an_error(tmp_path):
    halves(tmp_path / "set", "part-0.csv", "part-1.csv", more=({"age": [60] * 6, "sex": ["F"] * 6}, {"sex": ["M"] * 6}))
    table = read_cohort(tmp_path / "set").patients
    assert table["age"].tolist()[:6] == [60] * 6 and table["age"].isna().sum() == 6 and table["sex"].tolist()[5:7] == ["F", "M"]
    write_csv(tmp_path / "set" / "part-1.csv", vectors(6, length=7), NAMES[6:])
    with pytest.raises(InputError, match="part-1.csv: its vectors have 7 numbers; expected 8 as in part-0.csv"):
        read_cohort(tmp_path / "set")


def test_partitioned_parquet_is_read_with_its_columns(tmp_path):
    pytest.importorskip("pyarrow")
    frame(vectors(), NAMES, site=["A", "B", "C"] * 4, year=[2020, 2021] * 6).to_parquet(
        tmp_path / "set", partition_cols=["site", "year"])
    cohort = read_cohort(tmp_path / "set")
    assert cohort.patients["site"].tolist() == ["A", "B", "C"] * 4 and cohort.patients["year"].tolist() == [2020, 2021] * 6
    assert np.array_equal(cohort.embeddings["set"], vectors())


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_a_workbook_is_asked_for_as_csv(tmp_path, name, in_folder):
    (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(InputError, match=rf"{name}: .* not known; expected .csv: save the sheet as CSV"):
        read_cohort(tmp_path if in_folder else tmp_path / name)


def test_a_workbook_beside_tables_is_told(tmp_path):
    write_csv(tmp_path / "a.csv", vectors())
    (tmp_path / "clinical.xlsx").write_bytes(b"PK\3\4")
    told = read_cohort(tmp_path).provenance
    assert "clinical.xlsx is not read: workbooks have to be saved as CSV." in told["import_report"]
    assert "clinical.xlsx" in told["unmatched"]
