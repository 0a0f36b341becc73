"""Studies of CT series that embedding files name without their study."""
import importlib.util

import pytest
from cohort_factory import published_cohort, write_model

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.nlst import SHIPPED_LIST, known_dates, known_studies
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.readers.cohort_reader import read_cohort


def test_studies_of_known_series_are_filled_in_and_given_ones_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.cohort.nlst.known_studies", lambda: {"1.2.0": "9.0", "1.2.1": "9.1"})
    write_model(tmp_path, "A", [1, 2, 3])
    assert list(read_cohort(tmp_path).patients["StudyInstanceUID"]) == ["9.0", "9.1", ""]
    (tmp_path / "patients.csv").write_text("PatientID,StudyInstanceUID\n2,8.1\n3,8.2\n")
    assert list(read_cohort(tmp_path).patients["StudyInstanceUID"]) == ["9.0", "8.1", "8.2"]


def test_a_cohort_without_known_series_gets_no_column(tmp_path):
    write_model(tmp_path, "A", [1, 2])
    assert "StudyInstanceUID" not in read_cohort(tmp_path).patients


def test_every_row_of_the_published_files_has_its_study(real_data):
    for rule in RowRule:
        assert (published_cohort(real_data, rule=rule).patients["StudyInstanceUID"] != "").all()


def test_the_shipped_list_agrees_with_the_index_of_idc():
    if not all(importlib.util.find_spec(name) for name in ("duckdb", "idc_index_data")):
        pytest.skip("needs duckdb and idc-index-data")
    import duckdb
    import idc_index_data

    known, dates = known_studies(), known_dates()
    found = duckdb.execute("select SeriesInstanceUID, StudyInstanceUID, cast(StudyDate as varchar) from read_parquet(?) where "
                           "SeriesInstanceUID in (select unnest(?))",
                           [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), list(known)]).fetchall()
    assert {uid: (study, date) for uid, study, date in found} == {uid: (known[uid], dates[uid]) for uid in known}
    assert SHIPPED_LIST.stat().st_size < 90_000


_HEAD = "CT_SeriesInstanceUID,StudyInstanceUID,StudyDate\n"


@pytest.mark.parametrize("text", ["", "a,b\n1.2,1.3\n", f"{_HEAD}1.2\n", f"{_HEAD}1.2,../x,1999-01-02\n",
                                  f"{_HEAD}1.2,1.3,soon\n"])
def test_a_damaged_list_is_named(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="list.csv"):
        known_studies(path)
