"""Patient tables: types, missing values, and errors that name file, row and column."""
import math

import numpy as np
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.words import as_text, known_category
from TumorConnectomeLib.readers.delimited import read_patients
from TumorConnectomeLib.readers.patient_table import find_patient_table, normalized, patient_table
from TumorConnectomeLib.readers.published_file import patient_record


@pytest.fixture
def table(tmp_path):
    """Read text (or bytes) as a patient table."""
    def read(text):
        path = tmp_path / "patients.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        side = read_patients(path)
        return patient_table(side.ids, side.columns)[0]
    return read


@pytest.fixture
def problem(table, tmp_path):
    """The text of the error that reading a bad table gives; it names the file."""
    def read(text):
        with pytest.raises(InputError) as caught:
            table(text)
        assert str(caught.value).startswith(str(tmp_path / "patients.csv"))
        return str(caught.value)
    return read


def test_known_columns_get_their_types_and_rows_are_sorted_by_patient(table):
    found = table("PatientID,age,sex,stage_code,icd_o_3,CT_SeriesInstanceUID,site\n"
                  "20,64.5,F,6,8140,1.2.3,Boston\n3,55,M,0,8070,1.2.4,\n100,,,,,,Essen\n")
    assert list(found.index) == ["100", "20", "3"]
    assert found.index.name == "PatientID"
    assert found.dtypes.to_dict() == {"age": float, "sex": object, "stage_code": float, "icd_o_3": float,
                                      "CT_SeriesInstanceUID": object, "site": object}
    assert found.loc["20"].to_dict() == {"age": 64.5, "sex": "F", "stage_code": 6.0, "icd_o_3": 8140.0,
                                         "CT_SeriesInstanceUID": "1.2.3", "site": "Boston"}


@pytest.mark.parametrize("missing", ["", " ", "Unknown", "nan", "NaN", "None", "NA", "n/a", "missing"])
def test_missing_values_are_nan_or_empty_text(table, missing):
    found = table(f"PatientID,age,stage_code,race,StudyInstanceUID\n1,{missing},{missing},{missing},{missing}\n")
    assert found[["age", "stage_code"]].isna().all(axis=None)
    assert (found.loc["1", "race"], found.loc["1", "StudyInstanceUID"]) == ("", "")


def test_a_byte_order_mark_windows_line_ends_and_quotes_are_understood(table):
    found = table("\ufeffPatientID,site\r\n1,\"Essen, \u00dcber\"\r\n".encode())
    assert found.loc["1", "site"] == "Essen, \u00dcber"


def test_a_table_of_patient_ids_alone_is_read(table):
    found = table("PatientID\n7\n5\n")
    assert list(found.index) == ["5", "7"]
    assert found.shape == (2, 0)


def test_a_patient_twice_names_both_rows(problem):
    text = problem("PatientID,age\n1,50\n2,51\n 1 ,52\n")
    assert "row 4, column 'PatientID': id '1' stands in row 2 already; expected one row per patient" in text


@pytest.mark.parametrize(("column", "value", "expected"), [
    ("age", "old", "years from 0 to 120"), ("age", "-1", "years"), ("age", "121", "years"), ("age", "inf", "years"),
    ("stage_code", "7", "codes from 0 to 6"), ("stage_code", "V", "codes"), ("stage_code", "1.5", "codes"),
    ("icd_o_3", "814", "8000 to 9999"), ("icd_o_3", "C34.1", "8000 to 9999"),
    ("SR_SeriesInstanceUID", "../../etc/passwd", "no DICOM UIDs"), ("StudyInstanceUID", "1..2", "no DICOM UIDs"),
    ("CT_SeriesInstanceUID", "1." + "2" * 64, "no DICOM UIDs"), ("center_SOPInstanceUID", "\u0661.\u0662", "no DICOM UIDs"),
])
def test_a_value_that_means_nothing_is_missing_and_told(column, value, expected):
    good = {"age": "60", "stage_code": "3", "icd_o_3": "8140"}.get(column, "1.2.3")
    table, notes = patient_table(["1", "2", "3"], {column: np.array([good, value, good], object)})
    assert table[column].isin(["", np.nan]).tolist() == [False, True, False]
    assert len(notes) == 1 and f"Column {column!r}: 1 of 3 values ({value[:30]!r}) are" in notes[0] and expected in notes[0]


@pytest.mark.parametrize(("column", "values", "numbers"), [
    ("age", ["064Y", "006M", "57 years", ">89", "90+"], [64, 0.5, 57, 89, 90]),
    ("icd_o_3", ["8140/3", "8070", "M-8041/3", "82503", "8012.0"], [8140, 8070, 8041, 8250, 8012]),
    ("stage_code", ["0", "IB", "Stage IIIA", "stage iv", "2.0"], [0, 1, 4, 6, 2]),
    ("volume", ["1.5", "1,250", "1e3", "-2", "[Not Available]"], [1.5, 1250, 1000, -2, math.nan]),
])
def test_numbers_are_read_as_people_write_them(column, values, numbers):
    table, notes = patient_table(list("abcde"), {column: np.array(values, object)})
    np.testing.assert_array_equal(table[column], np.array(numbers, float))
    assert notes == []


def test_a_few_unreadable_cells_do_not_make_texts_of_numbers_and_are_counted():
    values = [*map(str, range(18)), "big", ">9"]
    table, notes = patient_table([f"{number:02d}" for number in range(20)], {"size": np.array(values, object)})
    assert table["size"].dtype == float and table["size"].isna().sum() == 2
    assert notes == ["Column 'size': 2 of 20 values ('big', '>9') are no numbers: they are left out."]


@pytest.mark.parametrize(("values", "numbers", "words"), [
    ([*map(str, range(16)), *["see note"] * 8], 16, "8 of 24 values ('see note') are no numbers: they are left out."),
    (["1", "2", "3", "x"] * 6, 0, "6 of 24 values ('x') are no numbers: all are read as words."),
    ([f"{number}%" for number in range(12)], 12, ""), ([f"{number},5" for number in range(12)], 12, "decimal signs"),
    ([f"{number} mm" for number in range(12)], 12, "the unit 'mm' is left out."),
    ([f"{number} May" for number in range(12)], 0, ""), (["512 512"] * 12, 0, "")])
def test_a_column_is_never_made_words_or_numbers_in_silence(values, numbers, words):
    table, notes = patient_table([f"{number:02d}" for number in range(len(values))], {"size": np.array(values, object)})
    assert (table["size"].notna().sum() if table["size"].dtype == float else 0) == numbers
    assert words in " ".join(notes) and len(notes) == bool(words)


@pytest.mark.parametrize(("word", "category"), [
    ("Current every day smoker", "Current"), ("Ex-smoker (>10y)", "Former"), ("lifelong nonsmoker", "Never"),
    ("Current Reformed Smoker, Duration Not Specified", "Former"), ("Smoker, current status unknown", None),
    ("passive smoker", None), ("stopped 1990", "Former"), ("light smoker", "Current"), ("yes", None)])
def test_phrases_about_smoking(word, category):
    assert known_category("smoking", word) == category


@pytest.mark.parametrize("values", [["007", "012", "100"], ["T1", "T2", "3"], ["12345678901234567", "2", "3"],
                                    ["1_0", "2_0", "3_0"]])
def test_codes_stay_texts(values):
    table, notes = patient_table(list("abc"), {"code": np.array(values, object)})
    assert table["code"].tolist() == values and notes == []


def test_numbers_that_are_meant_as_categories_stay_texts():
    columns = {"digit": np.array([0.0, 1.0, math.nan]), "size": np.array([0.0, 1.0, 2.0])}
    table, _notes = patient_table(list("abc"), columns, ["digit"])
    assert table["digit"].tolist() == ["0", "1", ""] and table["size"].dtype == float


@pytest.mark.parametrize("line", ["1", "1,50,60"])
def test_a_row_with_another_number_of_values_is_named(problem, line):
    assert f"row 3: {line.count(',') + 1} cells; expected 2 as in the header" in problem(f"PatientID,age\n2,51\n{line}\n")


@pytest.mark.parametrize(("text", "words"), [
    ("", "the file is empty"), ("id,age\n1,2\n", "header: the columns are id, age"),
    ("patientid\n1\n", "header: the columns are"),
    ("PatientID,age,age\n1,2,3\n", "two columns are called 'age'")])
def test_a_header_without_one_patientid_column_is_refused(problem, text, words):
    assert words in problem(text)


@pytest.mark.parametrize("patient", ["", "  ", "\x1b[2J", "1\n2"])
def test_a_row_whose_patientid_is_empty_or_not_printable_is_left_out_and_named(tmp_path, problem, patient):
    (tmp_path / "p.csv").write_text(f'PatientID,age\n5,1\n"{patient}",50\n')
    found = read_patients(tmp_path / "p.csv")
    (nobody, why), = found.left_out
    assert found.ids == ["5"] and nobody == "" and why.startswith("row 3, column 'PatientID': the id is")
    assert "row 2, column 'PatientID': the id is" in problem(f'PatientID,age\n"{patient}",1\n"{patient}",50\n6,1\n')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nothing.csv"):
        read_patients(tmp_path / "nothing.csv")


def test_rows_of_records_are_those_given():
    records = [{"PatientID": 1, "age": 50}, {"PatientID": "1", "age": 60}]
    with pytest.raises(InputError, match="x.pkl, row 17: PatientID '1' stands in row 4 already"):
        normalized(records, source="x.pkl", rows=[4, 17])
    with pytest.raises(InputError, match="x.pkl, row 2"):
        normalized(records, source="x.pkl")


def test_columns_of_only_some_records_are_missing_elsewhere():
    found = normalized([{"PatientID": 2, "age": 50}, {"PatientID": 1, "sex": "F"}], source="x")
    assert math.isnan(found.loc["1", "age"])
    assert found.loc["2", "sex"] == ""


@pytest.mark.parametrize(("value", "text"), [(100158, "100158"), (100158.0, "100158"), (" 100158 ", "100158"), (0, "0"),
                                             (None, ""), (math.nan, ""), (0.5, "0.5"), (math.inf, "inf"), ("a\0", "a")])
def test_values_as_text(value, text):
    assert as_text(value) == text


def test_a_published_row_keeps_what_says_something_about_the_patient():
    row = {"Unnamed: 0": 3, "PatientID": 7, "SeriesInstanceUID": "1.2", "image_path": "/somebody/else", "coordX": 1.0,
           "labels_de_stag_mapped": 6, "labels_de_type": 8042, "labels_de_type_mapped": "Oat cell carcinoma"}
    assert patient_record(row) == {"CT_SeriesInstanceUID": "1.2", "stage_code": 6, "icd_o_3": 8042,
                                   "cancer_type": "Oat cell carcinoma", "body_side": "Left"}


@pytest.mark.parametrize(("x", "side"), [(56.75, "Left"), (-91.5, "Right"), (-3, "Right"), (0.0, ""), (math.nan, ""),
                                         (math.inf, ""), ("56.75", ""), (None, "")])
def test_the_body_side_is_the_sign_of_the_lps_x_coordinate(x, side):
    assert patient_record({"PatientID": 7, "coordX": x}) == {"body_side": side}


def choose(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return find_patient_table(folder)


def test_without_a_csv_file_there_is_no_table(tmp_path):
    assert choose(tmp_path) is None


def test_the_file_named_patients_is_chosen(tmp_path):
    assert choose(tmp_path, aaa="PatientID\n1\n", published_patients="PatientID\n1\n").name == "published_patients.csv"


def test_files_with_several_rows_per_patient_or_without_patientid_are_no_table(tmp_path):
    assert choose(tmp_path, matches="PatientID,rank\n1,1\n1,2\n", other="id\n1\n", huge="x" * 200_000) is None
    assert choose(tmp_path, clinic="PatientID,age\n1,50\n2,60\n").name == "clinic.csv"


def test_two_possible_tables_are_both_named(tmp_path):
    with pytest.raises(InputError, match="both clinic.csv and labels.csv could be the patient table"):
        choose(tmp_path, clinic="PatientID\n1\n", labels="PatientID\n1\n")
