"""Dates of scans, from a table or by the CT series."""
import numpy as np
import pandas as pd
import pytest

from TumorConnectomeLib.cohort.nlst import known_dates
from TumorConnectomeLib.cohort.study_dates import study_dates


@pytest.mark.parametrize("name", ["StudyDate", "study_date", "Scan Date", "AcquisitionDate", "SeriesDate"])
@pytest.mark.parametrize("values", [["20000102", "19991231", ""], ["2000-01-02", "1999-12-31", None],
                                    ["2000/01/02", "1999/12/31 08:15", "soon"], [20000102.0, 19991231.0, np.nan],
                                    ["2000-01-02T10:00", "1999-12-31", "2000-13-01"]])
def test_dates_are_read_as_people_and_as_dicom_write_them(name, values):
    found = study_dates(pd.DataFrame({"other": [1, 2, 3], name: values}), 3)
    assert found[:2].tolist() == np.array(["2000-01-02", "1999-12-31"], "datetime64[D]").tolist() and np.isnat(found[2])


def test_a_published_series_tells_its_date_and_the_table_knows_better():
    series, date = next(iter(known_dates().items()))
    columns = {"CT_SeriesInstanceUID": np.array([series, series, "1.2.3"], object)}
    assert study_dates(columns, 3).astype(str).tolist() == [date, date, "NaT"]
    assert study_dates({**columns, "StudyDate": ["2011-01-02", "", ""]}, 3).astype(str).tolist() == ["2011-01-02", date, "NaT"]
    assert np.isnat(study_dates({"birth_date": ["1950-01-01"], "date": ["1999-01-01"]}, 1)).all()
