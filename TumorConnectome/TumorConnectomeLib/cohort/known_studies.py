"""The studies of CT series that the published embedding files name without their study."""
from __future__ import annotations

import csv
import functools
import pathlib
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..base.files import LIBRARY_FOLDER, checked_uid

if TYPE_CHECKING:
    import pandas as pd

#: made by Testing/tools/make_cohort_series.py
SHIPPED_LIST = LIBRARY_FOLDER / "Resources" / "Cohorts" / "nlst-sybil-studies.csv"
COLUMNS = ("CT_SeriesInstanceUID", "StudyInstanceUID")


@functools.lru_cache(maxsize=2)
def known_studies(path: pathlib.Path = SHIPPED_LIST) -> Mapping[str, str]:
    """SeriesInstanceUID of a CT -> StudyInstanceUID, from ``# comment`` lines, then CSV with COLUMNS.

    Raises
    ------
    InputError
        The file is missing or a row is malformed; the text names the row.
    """
    try:
        lines = [line for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can not be read ({error})", source=path, expected="the list of studies") from None
    rows = list(csv.reader(lines))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != 2 for row in rows):
        raise InputError("not a list of studies", source=path, expected=",".join(COLUMNS))
    return types.MappingProxyType(dict([checked_uid(uid, source=path) for uid in row] for row in rows[1:]))


def add_known_studies(patients: pd.DataFrame) -> None:
    """Fill in StudyInstanceUID where the CT series is a known one and no study is given. Changes the table."""
    if "CT_SeriesInstanceUID" not in patients:
        return
    known = patients["CT_SeriesInstanceUID"].map(lambda uid: known_studies().get(uid, ""))
    if not (known != "").any():
        return
    given = patients.get("StudyInstanceUID", "")
    patients["StudyInstanceUID"] = known.where((known != "") & (given == ""), given).astype(object)
