"""Small things in tables that people have: words, ids, headers, arrays that are no vectors."""
import numpy as np
import pytest
from own_files import ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.words import age_of, is_missing
from TumorConnectomeLib.readers.own_cohort import read_own_cohort


def read(*paths):
    return read_own_cohort(paths, {})


@pytest.mark.parametrize("word", ["[Discrepancy]", "<null>", "#NULL!", "Prefer not to answer", "withheld", "Patient refused",
                                  "No information", "Data not available", "unavailable", "not assessed", "n.d."])
def test_words_of_public_tables_mean_missing(word):
    assert is_missing(word)


def test_an_age_that_only_says_from_when_on_is_that_age():
    assert [age_of(text) for text in ("89 or older", "90 years and over", "75+")] == [89, 90, 75]


def test_ids_that_a_decimal_comma_was_added_to_are_those_of_the_other_file(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3), [100, 101, 102])
    (tmp_path / "b.csv").write_text("PatientID;volume\n100,0;1,5\n101,0;2,5\n102,00;3,5\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.patients["volume"].tolist() == [1.5, 2.5, 3.5]


def test_columns_without_names_make_no_embedding(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3), list("ABC"))
    (tmp_path / "b.csv").write_text("PatientID,,,sex\nA,1,4,F\nB,2,5,M\nC,3,7,F\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.models == ("a",) and cohort.patients["column 3"].tolist() == [4, 5, 7]


def test_line_breaks_in_a_header_are_spaces(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3), list("ABC"), more={"volume\n [ml]": [1, 2, 3]})
    assert list(read(tmp_path / "a.csv").patients) == ["volume [ml]"]


def test_two_levels_of_column_names_are_numbered_columns(tmp_path):
    pd, _arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    columns = pd.MultiIndex.from_product([["CTFM"], range(8)])
    pd.DataFrame(vectors(), index=ids(), columns=columns).to_parquet(tmp_path / "a.parquet")
    assert np.array_equal(read(tmp_path / "a.parquet").embeddings["a"], vectors()[::-1])


def test_a_column_that_hides_the_vectors_is_named(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    hidden = [{"embedding": row.tolist()} for row in vectors()]
    pq.write_table(pa.table({"PatientID": ids(), "out": hidden}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"no file has numbered feature columns .Column 'out' holds struct"):
        read(tmp_path / "a.parquet")


def test_dates_beside_vectors_are_dates_and_other_arrays_are_told(tmp_path):
    dates = np.array(["2020-01-02", "NaT", *["2021-03-04"] * 10], "datetime64[ns]")
    np.savez(tmp_path / "a.npz", ids=np.array(ids()), embeddings=vectors(), date=dates, mask=np.ones((12, 4), bool))
    cohort = read(tmp_path / "a.npz")
    assert [text[:10] for text in cohort.patients["date"][::-1]] == ["2020-01-02", "", *["2021-03-04"] * 10]
    assert "neither a value nor a vector in each row: mask (12, 4)" in cohort.provenance["import_report"]


def test_ids_of_another_count_than_vectors_are_told(tmp_path):
    np.savez(tmp_path / "a.npz", ids=np.array(ids(10)), embeddings=vectors())
    with pytest.raises(InputError, match="'ids' has 10 values for 12 vectors"):
        read(tmp_path / "a.npz")


def test_the_second_of_two_columns_of_one_name_gets_another(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3), list("ABC"))
    (tmp_path / "b.csv").write_text("PatientID,sex, sex,sex again\nA,F,1,x\nB,M,2,y\nC,F,3,z\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert {name: cohort.patients[name].tolist() for name in cohort.patients} == {
        "sex": ["F", "M", "F"], "sex again again": [1, 2, 3], "sex again": ["x", "y", "z"]}
    assert "Column 3 is called 'sex' as another is: it is read as 'sex again again'." in cohort.provenance["import_report"]


def test_text_behind_a_quote_stops_nothing_and_a_quote_without_end_is_named(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3), list("ABC"))
    rows = ['A,"big" nodule,1', 'B,"two\nlines",2', 'C,5" x 3",3']
    (tmp_path / "b.csv").write_text("PatientID,note,size\n" + "\n".join(rows) + "\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.patients["note"].tolist() == ["big nodule", "two\nlines", '5" x 3"']
    assert cohort.patients["size"].tolist() == [1, 2, 3]
    (tmp_path / "b.csv").write_text('PatientID,note,size\nA,x,1\nB,"open,2\nC,y,3\n')
    with pytest.raises(InputError, match=r"b.csv, row 3: not readable as a table .* quotes in pairs"):
        read(tmp_path / "a.csv", tmp_path / "b.csv")


@pytest.mark.parametrize(("columns", "kept"), [
    ({"nodule1": [3, 5, 8], "nodule2": [4, 6, 9]}, ["nodule1", "nodule2"]),
    ({"center_0": [3, 5, 8], "center_1": [4, 6, 9], "center_2": [1, 1, 2]}, ["center_0", "center_1", "center_2"]),
    ({"bbox": ["[1, 2, 3, 4]", "[2, 3, 4, 5]", "[3, 4, 5, 9]"]}, [])])
def test_few_numbers_in_a_table_beside_vectors_are_no_model(tmp_path, columns, kept):
    write_csv(tmp_path / "a.csv", vectors(3, length=64), list("ABC"))
    write_csv(tmp_path / "b.csv", vectors(3, length=0), list("ABC"), more={"sex": list("FMF"), **columns})
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.models == ("a",) and list(cohort.patients) == ["sex", *kept]
    assert "b.csv: not used as models, because they are places or small" in cohort.provenance["import_report"]


@pytest.mark.parametrize(("length", "more"), [(10, {}), (20, {"sex": list("FMF")})])
def test_shorter_vectors_in_a_file_of_their_own_are_a_model(tmp_path, length, more):
    write_csv(tmp_path / "a.csv", vectors(3, length=512), list("ABC"))
    write_csv(tmp_path / "b.csv", vectors(3, length=length, seed=1), list("ABC"), more=more)
    assert read(tmp_path / "a.csv", tmp_path / "b.csv").models == ("a", "b")


def test_rows_of_a_table_that_repeat_or_contradict_another_stop_nothing(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(4), list("ABCD"))
    (tmp_path / "b.csv").write_text("PatientID,sex\nA,F\nB,M\nC,F\nD,M\nB,M\nC,M\n")
    cohort = read(tmp_path / "a.csv", tmp_path / "b.csv")
    assert cohort.patients["sex"].tolist() == ["F", "M", "", "M"]
    report = cohort.provenance["import_report"]
    assert "b.csv\t1 rows that repeat another are left out." in report
    assert "C\tleft out of b.csv: rows 4, 7 say different things of it" in report
