"""When a scan was made: dates in a table, or by the CT series where it is one of the published cohort."""
from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence

import numpy as np

from .column_kinds import words_of
from .nlst import known_dates
from .words import as_text

#: words of columns that hold the date of a scan, the best one first
_DATES = (("study", "date"), ("scan", "date"), ("exam", "date"), ("acquisition", "date"), ("series", "date"),
          ("ct", "date"), ("imaging", "date"))
_SERIES = "CT_SeriesInstanceUID"
_FORMS = tuple(map(re.compile, (r"(\d{4})-(\d\d)-(\d\d)", r"(\d{4})(\d\d)(\d\d)(?:\.0)?", r"(\d{4})/(\d\d)/(\d\d)")))


def study_dates(columns: Mapping[str, Sequence], count: int) -> np.ndarray:
    """Date of the scan of each row: datetime64[D], shape (count,), NaT where it is not known.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns by name: arrays, or a pandas.DataFrame. A date is ``2000-01-02``, ``2000/01/02`` or, as in DICOM,
        ``20000102``; where there is none, that of the CT series is taken if it is known.
    count : int
        Rows.
    """
    dates = np.full(count, np.datetime64("NaT"), "datetime64[D]")
    named = {tuple(words_of(str(name))): name for name in columns}
    for name in [named[words] for words in _DATES if words in named]:
        _fill(dates, (_date_of(as_text(value)) for value in columns[name]))
    if _SERIES in columns:
        known = known_dates()
        _fill(dates, (known.get(str(uid), "") for uid in columns[_SERIES]))
    return dates


def _fill(dates, found):
    for row, text in enumerate(found):
        if text and np.isnat(dates[row]):
            dates[row] = text


def _date_of(text):
    """ISO form of a date, "" for any other text; a time behind it is ignored."""
    for form in _FORMS:
        if match := form.fullmatch(re.split(r"[T ]", text.strip())[0]):
            try:
                return datetime.date(*map(int, match.groups())).isoformat()
            except ValueError:                          # such as month 13
                return ""
    return ""
