"""Parquet, npz and npy of a user's own cohort: types kept, NaN named, hostile files refused before they fill the memory."""
import io
import zipfile

import numpy as np
import pytest
from own_files import frame, ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.readers.own_cohort import read_own_cohort


def read(*paths):
    return read_own_cohort(paths)


def assert_vectors(cohort, embedding, model=None):
    """The cohort has these vectors and their type, patients ascending."""
    found = cohort.embeddings[model or cohort.models[0]]
    assert cohort.patient_ids == tuple(sorted(ids(len(embedding))))
    assert found.dtype == embedding.dtype
    assert np.array_equal(found, embedding[::-1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parquet_keeps_the_type_and_every_column(tmp_path, dtype):
    frame(vectors(70, 40, dtype=dtype), volume=np.arange(70) / 4, sex=["F", None] * 35).to_parquet(
        tmp_path / "fmcib.parquet", row_group_size=16)
    cohort = read(tmp_path / "fmcib.parquet")
    assert_vectors(cohort, vectors(70, 40, dtype=dtype), "fmcib")
    assert cohort.patients.loc["000"].tolist() == [17.25, ""]


def test_parquet_with_the_ids_as_index(tmp_path):
    frame(vectors()).set_index("PatientID").to_parquet(tmp_path / "a.parquet")
    assert_vectors(read(tmp_path / "a.parquet"), vectors())


@pytest.mark.parametrize("fixed", [False, True])
def test_parquet_with_one_list_in_each_row(tmp_path, fixed):
    import pyarrow
    from pyarrow import parquet

    kind = pyarrow.list_(pyarrow.float32(), 8 if fixed else -1)
    parquet.write_table(pyarrow.table({"id": ids(), "CTFM": pyarrow.array(vectors().tolist(), kind)}), tmp_path / "a.parquet")
    assert_vectors(read(tmp_path / "a.parquet"), vectors(), "CTFM")


def test_whole_numbers_are_vectors_too(tmp_path):
    frame(np.arange(96).reshape(12, 8)).to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").embeddings["a"].dtype == np.float64


def _frame_with(row, column, value):
    table = frame(vectors())
    table[column] = table[column].astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(("make", "words"), [
    (lambda path: _frame_with(slice(None), "pred_3", None).astype({"pred_3": float}).to_parquet(path),
     ["row 1, column 'pred_3'", "missing (NaN)", "no other row has a vector", "finite numbers"]),
    (lambda path: frame(vectors(), ["A", "B", "A", *"CDEFGHIJK"]).to_parquet(path),
     ["row 3, column 'PatientID'", "row 1 already"]),
    (lambda path: _frame_with(slice(None), "pred_3", "text").to_parquet(path),
     ["column 'pred_3'", "'text' is not a number"]),
    (lambda path: frame(vectors()).drop(columns="pred_3").to_parquet(path), ["'pred_3' is missing"]),
    (lambda path: frame(vectors())[:0].to_parquet(path), ["no rows"]),
    (lambda path: path.write_bytes(b"PAR1 and nothing else"), ["not readable as Parquet"]),
])
def test_parquet_errors_name_row_and_column(tmp_path, make, words):
    make(tmp_path / "a.parquet")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.parquet")
    for word in ("a.parquet", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize(("make", "why"), [
    (lambda path: _frame_with(4, "pred_3", None).to_parquet(path), "row 5, column 'pred_3': the value is missing (NaN)"),
    (lambda path: frame(np.where(np.arange(96).reshape(12, 8) == 35, np.inf, vectors())).to_parquet(path),
     "row 5, column 'pred_3': the value is infinite"),
    (lambda path: frame(np.where(np.arange(12)[:, None] == 4, 0, vectors())).to_parquet(path),
     "row 5: the vector has only zeros"),
    (lambda path: _lists(path, [*vectors(4).tolist(), None, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]], ids()),
     "row 5, column 'CTFM[0]': the value is missing (NaN)"),
    (lambda path: _lists(path, [*vectors(4).tolist(), [1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]], ids()),
     "row 5, column 'CTFM[1]': the value is missing (NaN)"),
])
def test_a_patient_without_a_vector_is_left_out_and_listed(tmp_path, make, why):
    make(tmp_path / "a.parquet")
    cohort = read(tmp_path / "a.parquet")
    assert "007" not in cohort.patient_ids and "008" in cohort.patient_ids
    assert f"007\tleft out of a.parquet: {why}" in cohort.provenance["import_report"].splitlines()


def _lists(path, values, patients="ABCDEF"):
    import pyarrow
    from pyarrow import parquet

    kind = pyarrow.list_(pyarrow.float32())
    parquet.write_table(pyarrow.table({"id": list(patients)[:len(values)], "CTFM": pyarrow.array(values, kind)}), path)


def test_npz_with_ids_holds_several_models_and_properties(tmp_path):
    double = vectors(seed=1, dtype=float)
    np.savez(tmp_path / "a.npz", PatientID=np.array(ids()), CTFM=vectors(), Merlin=double, volume=np.arange(12))
    cohort = read(tmp_path / "a.npz")
    assert cohort.models == ("CTFM", "Merlin")
    assert_vectors(cohort, vectors(), "CTFM")
    assert_vectors(cohort, double, "Merlin")
    assert cohort.patients["volume"].tolist() == list(reversed(range(12)))


def test_npz_with_one_nameless_array_is_called_as_its_file(tmp_path):
    np.savez_compressed(tmp_path / "fmcib_features.npz", ids=np.array(ids()), features=vectors(dtype=">f4"))
    assert_vectors(read(tmp_path / "fmcib_features.npz"), vectors(), "fmcib")


@pytest.mark.parametrize("table", ["fmcib.csv", "fmcib_ids.csv", "whatever.tsv"])
def test_npy_takes_its_ids_from_the_table_beside_it(tmp_path, table):
    np.save(tmp_path / "fmcib.npy", np.asfortranarray(vectors(dtype=float)))
    lines = [f"{patient}\t{'FM'[row % 2]}" for row, patient in enumerate(ids())]
    (tmp_path / table).write_text("\n".join(["PatientID\tsex", *lines]))
    cohort = read(tmp_path / "fmcib.npy")
    assert_vectors(cohort, vectors(dtype=float), "fmcib")
    assert cohort.patients.loc["011", "sex"] == "F"
    assert read(tmp_path).patient_ids == cohort.patient_ids, "the table is no file of its own when the folder is read"


def _npy(shape, dtype="<f4", data=b""):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + data


def _bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, \
            archive.open("X.npy", "w", force_zip64=True) as stream:
        stream.write(_npy((1 << 10, 1 << 17)))
        for _ in range(1 << 9):
            stream.write(bytes(1 << 20))


@pytest.mark.parametrize(("name", "make", "words"), [
    ("a.npy", lambda path: path.write_bytes(_npy((1 << 40, 1 << 20))),
     ["claims the shape (1099511627776, 1048576)", "complete file"]),
    ("a.npy", lambda path: path.write_bytes(_npy((4, 4), data=bytes(60))), ["does not fit its"]),
    ("a.npy", lambda path: path.write_bytes(b"no array"), ["not readable", "numpy.save"]),
    ("a.npy", lambda path: np.save(path, np.array([{"a": 1}], object), allow_pickle=True), ["Python objects", "without"]),
    ("a.npy", lambda path: np.save(path, np.ones(5)), ["no array has one vector per row", "(5,)"]),
    ("a.npy", lambda path: np.save(path, vectors()), ["whose vectors these are", "a.csv"]),
    ("a.npz", _bomb, ["refused", "claim to hold 536,", "compresses little"]),
    ("a.npz", lambda path: path.write_bytes(b"PK but no archive"), ["not readable", "numpy.savez"]),
    ("a.npz", lambda path: np.savez(path, X=vectors(), ids=np.array([{"a": 1}] * 12, object)), ["'ids' holds Python objects"]),
    ("a.npz", lambda path: np.savez(path, X=vectors(), ids=np.array([print] * 12, object)), ["'ids' holds Python objects"]),
    ("a.npz", lambda path: np.savez(path, X=vectors(), ids=np.array(["A"] * 12)), ["row 2, column 'ids'", "row 1 already"]),
    ("a.npz", lambda path: np.savez(path, X=np.where(np.eye(12) > 0, np.nan, 1), ids=np.array(ids())),
     ["row 1, column 'X[0]'", "missing (NaN)"]),
    ("a.npz", lambda path: np.savez(path, X=np.ones((12, 4)), ids=np.array(ids())), ["same direction"]),
])
def test_damaged_and_hostile_numpy_files_are_refused(tmp_path, name, make, words):
    make(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    for word in (name, *words):
        assert word in str(caught.value)


def test_a_table_of_another_length_is_named(tmp_path):
    np.save(tmp_path / "a.npy", vectors())
    (tmp_path / "a.csv").write_text("id,sex\nA,F\nB,M\n")
    with pytest.raises(InputError, match=r"a\.csv: it has 2 rows; expected 12, one for each vector of a\.npy"):
        read(tmp_path / "a.npy")


def test_a_member_that_names_another_folder_is_only_a_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, array in (("../../X.npy", vectors()), ("ids.npy", np.array(ids()))):
            stream = io.BytesIO()
            np.save(stream, array)
            archive.writestr(name, stream.getvalue())
    read(tmp_path / "a.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert not (tmp_path.parent / "X.npy").exists()


def test_a_file_with_another_ending_is_refused_by_it(tmp_path):
    with pytest.raises(InputError, match=r"\.xlsx.* not known; expected \.csv"):
        read(write_csv(tmp_path / "a.xlsx", vectors()))


@pytest.mark.parametrize("order", [1, -1])
def test_a_cell_that_is_no_number_leaves_its_patient_out(tmp_path, order):
    table = frame(vectors())[::order].astype({"pred_3": str})
    table.loc[table["PatientID"] == "004", "pred_3"] = "text"
    table.to_parquet(tmp_path / "a.parquet")
    cohort = read(tmp_path / "a.parquet")
    assert "004" not in cohort.patient_ids and len(cohort.patient_ids) == 11
    assert "004\tleft out of a.parquet: row " in cohort.provenance["import_report"]
    assert "column 'pred_3': 'text' is not a number" in cohort.provenance["import_report"]
