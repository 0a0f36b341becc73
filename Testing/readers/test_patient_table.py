"""Patient tables: types, missing values, and errors that name file, row and column."""
import math

import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.readers.patient_table import as_text, find_patient_table, normalized, patient_record, read_patient_table


@pytest.fixture
def table(tmp_path):
    """Read text (or bytes) as a patient table."""
    def read(text):
        path = tmp_path / "patients.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_patient_table(path)
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
    assert "row 4: PatientID '1' stands in row 2 already; expected one row per patient" in text


@pytest.mark.parametrize(("column", "value", "expected"), [
    ("age", "old", "0 to 120"), ("age", "-1", "0 to 120"), ("age", "121", "0 to 120"), ("age", "inf", "0 to 120"),
    ("stage_code", "7", "a code 0 to 6"), ("stage_code", "IA", "a code 0 to 6"), ("stage_code", "1.5", "a code 0 to 6"),
    ("icd_o_3", "814", "8000 to 9999"), ("icd_o_3", "8140/3", "8000 to 9999"),
    ("SR_SeriesInstanceUID", "../../etc/passwd", "digits and dots"), ("StudyInstanceUID", "1..2", "digits and dots"),
    ("CT_SeriesInstanceUID", "1." + "2" * 64, "digits and dots"), ("center_SOPInstanceUID", "\u0661.\u0662", "digits and dots"),
])
def test_a_wrong_value_names_row_column_and_what_was_expected(problem, column, value, expected):
    text = problem(f"PatientID,{column}\n1,\n2,{value}\n")
    assert "row 3" in text
    assert column in text
    assert expected in text


def test_empty_lines_are_skipped_and_counted(problem):
    assert "row 5" in problem("PatientID,age\n1,50\n\n\n2,old\n")


@pytest.mark.parametrize("line", ["1", "1,50,60"])
def test_a_row_with_another_number_of_values_is_named(problem, line):
    assert f"row 3: {line.count(',') + 1} values; expected 2 as in the header" in problem(f"PatientID,age\n2,51\n{line}\n")


@pytest.mark.parametrize("text", ["", "id,age\n1,2\n", "PatientID,age,age\n1,2,3\n", "patientid\n1\n"])
def test_a_header_without_one_patientid_column_is_refused(problem, text):
    assert "header: the columns are" in problem(text)


@pytest.mark.parametrize("patient", ["", "  ", "\x1b[2J", "1\n2"])
def test_a_patientid_that_is_empty_or_not_printable_is_refused(problem, patient):
    assert "row 3: the PatientID is" in problem(f'PatientID,age\n5,1\n"{patient}",50\n')


def test_text_that_is_not_utf8_is_refused(problem):
    assert "not UTF-8" in problem(b"PatientID,site\n1,K\xf6ln\n")


def test_a_field_beyond_csv_limits_is_refused(problem):
    assert "expected a readable CSV file" in problem("PatientID,site\n1," + "x" * 200_000 + "\n")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nothing.csv"):
        read_patient_table(tmp_path / "nothing.csv")


def test_rows_of_records_are_those_given():
    records = [{"PatientID": 1, "age": 50}, {"PatientID": 2, "age": "old"}]
    with pytest.raises(InputError, match="x.pkl, row 17"):
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
    assert patient_record(row) == {"PatientID": 7, "CT_SeriesInstanceUID": "1.2", "stage_code": 6, "icd_o_3": 8042,
                                   "cancer_type": "Oat cell carcinoma", "body_side": "Left"}


@pytest.mark.parametrize(("x", "side"), [(56.75, "Left"), (-91.5, "Right"), (-3, "Right"), (0.0, ""), (math.nan, ""),
                                         (math.inf, ""), ("56.75", ""), (None, "")])
def test_the_body_side_is_the_sign_of_the_lps_x_coordinate(x, side):
    assert patient_record({"PatientID": 7, "coordX": x}) == {"PatientID": 7, "body_side": side}


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
