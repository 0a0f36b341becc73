"""CSV and TSV of a user's own cohort: every way to write them, exact numbers, and errors that name the cell."""
import numpy as np
import pytest
from own_files import ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.readers.delimited_form import form_of
from TumorConnectomeLib.readers.own_cohort import read_own_cohort


def read(*paths, **choices):
    return read_own_cohort(paths, choices)


def assert_vectors(cohort, embedding, model=None):
    """The cohort has these vectors, patients ascending, bit for bit."""
    assert cohort.patient_ids == tuple(sorted(ids(len(embedding))))
    assert np.array_equal(cohort.embeddings[model or cohort.models[0]], embedding[::-1])


@pytest.mark.parametrize("form", [
    {}, {"prefix": "feature_"}, {"prefix": "emb_", "first": 1}, {"prefix": ""}, {"prefix": "pred."},
    {"delimiter": ";"}, {"delimiter": ";", "decimal": ","}, {"delimiter": "\t", "decimal": ","}, {"delimiter": "|"},
    {"encoding": "utf-8-sig"}, {"encoding": "utf-16"}, {"encoding": "utf-16-le-bom"}, {"id_column": "patient_id"},
    {"id_column": "Case ID"}, {"id_column": "anything"},
])
def test_numbered_columns_are_recognized_however_the_table_is_written(tmp_path, form):
    form = dict(form)
    if form.get("encoding") == "utf-16-le-bom":
        path = write_csv(tmp_path / "fmcib.csv", vectors(dtype=float), **{**form, "encoding": "utf-16-le"})
        path.write_bytes(b"\xff\xfe" + path.read_bytes())
    else:
        path = write_csv(tmp_path / "fmcib.csv", vectors(dtype=float), **form)
    cohort = read(path)
    assert cohort.models == ("fmcib",)
    assert cohort.embeddings["fmcib"].dtype == np.float64
    assert_vectors(cohort, vectors(dtype=float))


def test_every_double_comes_back_bit_for_bit(tmp_path):
    numbers = np.random.default_rng(1).integers(0, 2 ** 63, (40, 8), np.uint64).view(np.float64)
    numbers = np.where(np.isfinite(numbers), numbers, 5e-324)
    assert_vectors(read(write_csv(tmp_path / "a.csv", numbers)), numbers)


def test_columns_are_taken_in_the_order_of_their_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("pred_10,pred_9,id,pred_8\n3,2,x,1\n6,5,y,4\n")
    with pytest.raises(InputError, match=r"'pred_0' is missing"):
        read(path)
    path.write_text("pred_1,pred_2,id,pred_0\n2,3,x,1\n5,6,y,4\n")
    assert read(path).embeddings["a"].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_other_columns_become_the_patient_table_and_uids_are_known_by_several_names(tmp_path):
    more = {"Series Instance UID": [f"1.2.{i}" for i in range(12)], "StudyInstanceUID": ["1.3"] * 12, "Gender": ["F", "M"] * 6,
            "volume, ml": ["1.5", ""] * 6, "note": ['say "yes"\nor no'] * 12}
    patients = read(write_csv(tmp_path / "a.csv", vectors(), more=more)).patients
    assert list(patients) == ["CT_SeriesInstanceUID", "StudyInstanceUID", "sex", "volume, ml", "note"]
    assert patients.loc["011"].tolist() == ["1.2.0", "1.3", "F", 1.5, 'say "yes"\nor no']
    assert np.isnan(patients.loc["010", "volume, ml"])


def test_decimal_commas_of_properties_become_points(tmp_path):
    path = write_csv(tmp_path / "a.csv", vectors(), delimiter=";", decimal=",", more={"volume": ["1,5", "2", ""] * 4})
    assert set(read(path).patients["volume"].dropna()) == {1.5, 2.0}


def test_the_row_numbers_of_pandas_are_no_property(tmp_path):
    table = write_csv(tmp_path / "a.csv", vectors()).read_text().splitlines()
    path = tmp_path / "b.csv"
    path.write_text("\n".join([f",{table[0]}", *(f"{number},{line}" for number, line in enumerate(table[1:]))]))
    assert list(read(path).patients) == []


def test_a_table_in_an_old_encoding_is_read_and_said_to_be(tmp_path):
    path = write_csv(tmp_path / "a.csv", vectors(), encoding="cp1252", more={"clinic": ["Köln"] * 12})
    cohort = read(path)
    assert set(cohort.patients["clinic"]) == {"Köln"}
    assert "Windows-1252" in cohort.provenance["import_report"]


def test_small_numbered_columns_beside_an_embedding_are_properties(tmp_path):
    more = {f"visit_{number}": ["1"] * 12 for number in (1, 2)}
    assert list(read(write_csv(tmp_path / "a.csv", vectors(length=64), more=more)).patients) == ["visit_1", "visit_2"]


GOOD = "PatientID,pred_0,pred_1,sex\nA,1.0,2.0,F\nB,3.0,4.0,M\n"


@pytest.mark.parametrize(("text", "words"), [
    ("", ["a.csv: the file is empty", "expected a table with a header"]),
    ("PatientID\nA\n", ["header", "one column only", "comma, semicolon, tab"]),
    (GOOD.replace("4.0", "four"), ["row 3, column 'pred_1'", "'four' is not a number", "a number with a decimal point"]),
    (GOOD.replace("4.0", "").replace("1.0", "NA"), ["row 2, column 'pred_0'", "missing", "no other row", "finite"]),
    (GOOD.replace("4.0", "4_0"), ["row 3, column 'pred_1'", "'4_0' is not a number"]),
    (GOOD.replace("3.0,4.0", "1.0,2.0"), ["same direction", "vary between patients"]),
    (GOOD.replace("B,", "A,"), ["row 3, column 'PatientID'", "'A' stands in row 2 already", "one row per patient"]),
    (GOOD.replace("A,", " ,").replace("B,", " ,"), ["row 2, column 'PatientID'", "the id is ''"]),
    (GOOD.replace("A,", "A\x07,").replace("B,", "B\x07,"), ["row 2, column 'PatientID'", "printed"]),
    (GOOD + "C,1,2\nD,1,2\n", ["row 4", "3 cells", "4 as in the header"]),
    (GOOD + "C,1,2,3,4\nD,1,2\n", ["row 4", "5 cells", "4 as in the header"]),
    (GOOD.replace("sex", "pred_0"), ["header", "two columns are called 'pred_0' (2 and 4)"]),
    ("A,1.5,2.5\nB,3.5,4.5\n", ["header", "numbers instead of column names"]),
    (GOOD.splitlines()[0] + "\n", ["no rows", "at least one patient"]),
    (GOOD.replace("A,", '"A,'), ["not readable as a table", "quotes in pairs"]),
    (GOOD.replace("pred_1", "pred_2"), ["'pred_1' is missing among the numbered columns", "import options"]),
    ("name,file,pred_0,pred_1\nA,A,1,2\nA,B,1,2\n", ["Several columns could be the patients' ids: name, file"]),
    ("a,b,pred_0,pred_1\nA,X,1,2\nB,Y,1,2\n", ["Several columns could be the patients' ids: a, b"]),
    ("a,pred_0,pred_1\nA,1,2\nA,3,4\n", ["No column looks like the patients' ids"]),
    ("id,a_0,a_1,b_0,b_1\nA,1,2,3,4\nB,5,6,7,8\n", ["several sets of numbered columns: a_ (2), b_ (2)"]),
    ("PatientID,sex\nA,F\nB,M\n", ["no file has numbered feature columns", "pred_0, pred_1"]),
])
def test_one_line_says_where_and_what_was_expected(tmp_path, text, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert "a.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("cell", "why"), [
    ("", "the value is missing (NaN)"), ("NA", "the value is missing (NaN)"), ("not reported", "the value is missing (NaN)"),
    ("-inf", "the value is infinite"), ("1e400", "the value is infinite")])
def test_a_patient_without_a_vector_is_left_out_and_listed(tmp_path, cell, why):
    path = tmp_path / "a.csv"
    path.write_text(GOOD.replace("4.0", cell) + "C,5.0,7.0,M\n")
    cohort = read(path)
    assert cohort.patient_ids == ("A", "C") and list(cohort.patients["sex"]) == ["F", "M"]
    assert f"B\tleft out of a.csv: row 3, column 'pred_1': {why}" in cohort.provenance["import_report"].splitlines()
    assert "1 patients without a vector in a.csv (B)." in cohort.provenance["unmatched"]


def test_a_vector_of_zeros_is_left_out_and_listed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD + "C,0,0.0,M\n")
    cohort = read(path)
    assert cohort.patient_ids == ("A", "B")
    assert "C\tleft out of a.csv: row 4: the vector has only zeros" in cohort.provenance["import_report"].splitlines()


@pytest.mark.parametrize(("column", "values", "kept", "told"), [
    ("SeriesInstanceUID", ["../../x", "1.2"], {"CT_SeriesInstanceUID": ["", "1.2"]},
     "1 of 2 values ('../../x') are no DICOM UIDs"),
    ("age", ["old", "60"], {"age": [None, 60.0]}, "1 of 2 values ('old') are no years from 0 to 120"),
    ("Age", ["24523", "20000"], {"age as written": [24523.0, 20000.0]}, "2 of 2 values ('24523', '20000') are no years"),
])
def test_what_can_not_be_read_is_told_and_ends_no_cohort(tmp_path, column, values, kept, told):
    path = tmp_path / "a.csv"
    path.write_text(GOOD.replace("sex", column).replace(",F", f",{values[0]}").replace(",M", f",{values[1]}"))
    cohort = read(path)
    table = cohort.patients.astype(object).where(cohort.patients.notna(), None)
    assert {name: table[name].tolist() for name in table} == kept
    assert told in cohort.provenance["import_report"]


@pytest.mark.parametrize(("row", "why"), [
    ("C,1,2", "row 4: 3 cells; expected 4 as in the header"), ("C,1,2,3,4", "row 4: 5 cells; expected 4 as in the header"),
    ("C,1,four,F", "row 4, column 'pred_1': 'four' is not a number; expected a number with a decimal point")])
def test_a_row_that_can_not_be_read_is_left_out_and_listed(tmp_path, row, why):
    path = tmp_path / "a.csv"
    path.write_text(f"{GOOD}{row}\nD,5,6,F\n")
    cohort = read(path)
    assert cohort.patient_ids == ("A", "B", "D")
    assert f"C\tleft out of a.csv: {why}" in cohort.provenance["import_report"]
    assert "1 patients without a vector in a.csv (C)." in cohort.provenance["unmatched"]


@pytest.mark.parametrize("row", ["B,M", "B,M,3,4"])
def test_a_row_of_a_table_that_can_not_be_read_is_left_out_and_listed(tmp_path, row):
    (tmp_path / "a.csv").write_text(GOOD.replace("sex", "note") + "C,5,6,x\n")
    (tmp_path / "b.csv").write_text(f"PatientID,sex,age\nA,F,60\n{row}\nC,M,70\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.patients["sex"].tolist() == ["F", "", "M"]
    assert f"B\tleft out of b.csv: row 3: {row.count(',') + 1} cells" in cohort.provenance["import_report"]
    assert "1 patients without a readable row in b.csv (B)." in cohort.provenance["unmatched"]


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('PatientID,pred_0,pred_1,note\n\nA,1,2,"two\nlines"\n\n\nB,1,x,no\n')
    with pytest.raises(InputError, match=r"row 6, column 'pred_1': 'x' is not a number"):
        read(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD.encode() + b"C,\0,1,F\n")
    with pytest.raises(InputError, match="not a text file .a zero byte after 54 bytes."):
        read(path)


def test_a_cell_without_end_does_not_fill_the_memory(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD + 'C,1,2,"' + "x" * (1 << 23) + "\n")
    with pytest.raises(InputError, match="not readable as a table"):
        read(path)


def test_the_form_of_a_file_is_found_from_its_beginning(tmp_path):
    form = form_of(write_csv(tmp_path / "a.tsv", vectors(80), delimiter="\t", decimal=","))
    assert (form.delimiter, form.decimal, form.encoding, len(form.sample), form.header[:2]) == (
        "\t", ",", "utf-8-sig", 60, ("PatientID", "pred_0"))
