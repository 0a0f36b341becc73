"""The patient table: read from CSV, brought to the columns and types the rest of the project relies on."""
from __future__ import annotations

import csv
import math
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..base.files import checked_uid, visible_files
from ..cohort.cohort import PATIENT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

#: numeric columns: name -> (smallest, largest, whole numbers only, what is expected)
_NUMERIC = {"age": (0, 120, False, "years, 0 to 120, or empty"),
            "icd_o_3": (8000, 9999, True, "an ICD-O-3 morphology code, 8000 to 9999, or empty"),
            "stage_code": (0, 6, True, "a code 0 to 6, or empty")}
_MISSING = {"", "unknown", "nan", "none", "na", "n/a", "missing"}
_UIDS = tuple(name for name in PATIENT_COLUMNS if name.endswith("UID"))
#: names used inside the published embedding files -> our columns
_EMBEDDING_COLUMNS = {"SeriesInstanceUID": "CT_SeriesInstanceUID", "SOPInstanceUID": "center_SOPInstanceUID",
                      "labels_de_stag_mapped": "stage_code", "labels_de_type": "icd_o_3",
                      "labels_de_type_mapped": "cancer_type"}


def normalized(records: list[dict], *, source, rows: Sequence[int] | None = None) -> pd.DataFrame:
    """Patient records as a table with known types, sorted by PatientID.

    Parameters
    ----------
    records : list of dict
        One per patient, with the key "PatientID". Other keys become columns; those in PATIENT_COLUMNS are checked:
        ``age``, ``icd_o_3`` and ``stage_code`` become float64 (NaN when missing), UIDs must be DICOM UIDs, all else
        becomes str ("" when missing).
    source : path or str
        Named in errors.
    rows : sequence of int, optional
        Row number of each record in the source, for errors; by default 1, 2, ...

    Raises
    ------
    InputError
        Names source, row and column, and what was expected there.
    """
    import pandas as pd

    columns = list(dict.fromkeys(name for record in records for name in record if name != "PatientID"))
    values, ids = {name: [] for name in columns}, {}
    for row, record in zip(rows or range(1, len(records) + 1), records):
        patient_id = as_text(record.get("PatientID"))
        if not patient_id or not patient_id.isprintable():
            raise InputError(f"the PatientID is {patient_id[:40]!r}", source=source, row=row,
                             expected="a text that can be printed")
        if patient_id in ids:
            raise InputError(f"PatientID {patient_id!r} stands in row {ids[patient_id]} already", source=source, row=row,
                             expected="one row per patient")
        ids[patient_id] = row
        for name in columns:
            values[name].append(_value(name, record.get(name), source, row))
    table = pd.DataFrame({name: pd.Series(values[name], dtype=float if name in _NUMERIC else object) for name in columns})
    table.index = pd.Index(list(ids), name="PatientID", dtype=object)
    return table.sort_index()


def read_patient_table(path) -> pd.DataFrame:
    """Read a CSV with a PatientID column, one row per patient; see `normalized` for types and errors."""
    rows, records = _csv_records(pathlib.Path(path))
    return normalized(records, source=path, rows=rows)


def find_patient_table(folder) -> pathlib.Path | None:
    """The patient table among a folder's CSV files: the one with a PatientID column and one row per patient.

    A file whose name contains "patient" goes first and must be a patient table. Raises InputError when two others fit.
    """
    found = []
    for path in visible_files(folder, "*.csv"):
        if "patient" in path.name.lower():
            return path
        if _has_one_row_per_patient(path):
            found.append(path)
    if len(found) > 1:
        raise InputError(f"both {found[0].name} and {found[1].name} could be the patient table", source=folder,
                         expected="one, or one with 'patient' in its name")
    return found[0] if found else None


def _has_one_row_per_patient(path):
    try:
        with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            if "PatientID" not in header:
                return False
            column = header.index("PatientID")
            ids = [row[column] for row in reader if len(row) > column]
    except (OSError, csv.Error):                        # not ours to read: any folder may hold any CSV file
        return False
    return len(ids) == len(set(ids))


def patient_record(row: dict) -> dict:
    """The 'row' of a published embedding file under our column names.

    Columns that say nothing about the patient are left out: running numbers, the authors' file paths, and coordinates
    that can be a slice off (boxes come from the DICOM SR). Only the tumor's `body_side` is taken from them.
    """
    record = {ours: row[theirs] for theirs, ours in _EMBEDDING_COLUMNS.items() if theirs in row}
    side = {"body_side": _body_side(row["coordX"])} if "coordX" in row else {}
    return {"PatientID": row.get("PatientID"), **record, **side}


def _body_side(x):
    """"Left" or "Right" of the patient by an LPS x coordinate in mm, which grows to the left; "" when it tells neither."""
    if not isinstance(x, (int, float)) or not math.isfinite(x) or x == 0:
        return ""
    return "Left" if x > 0 else "Right"


def _csv_records(path):
    """Row numbers and rows of a CSV file as dicts; empty lines are left out."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text ({error.reason} at byte {error.start})", source=path, expected="a CSV file") from None
    except (OSError, csv.Error) as error:
        raise InputError(getattr(error, "strerror", None) or str(error), source=path, expected="a readable CSV file") from None
    header = rows[0] if rows else []
    if "PatientID" not in header or len(set(header)) != len(header):
        raise InputError(f"the columns are {', '.join(header)[:200] or 'none'}", source=path, row="header",
                         expected="different names, one of them PatientID")
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    for number, row in filled:
        if len(row) != len(header):
            raise InputError(f"{len(row)} values", source=path, row=number, expected=f"{len(header)} as in the header")
    return [number for number, _row in filled], [dict(zip(header, row)) for _number, row in filled]


def as_text(value) -> str:
    """A value of a file as text: "" when missing, whole numbers without ".0", no spaces or NULs around it.

    Patients are compared by this text of their PatientID, so that 100158, "100158 " and 100158.0 are the same one.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).replace("\0", "").strip()


def _value(name, value, source, row):
    text = as_text(value)
    missing = text.lower() in _MISSING
    if name in _NUMERIC:
        smallest, largest, whole, expected = _NUMERIC[name]
        if missing:
            return math.nan
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not smallest <= number <= largest or (whole and number != int(number)):
            raise InputError(f"column {name!r} holds {text[:40]!r}", source=source, row=row, expected=expected)
        return number
    if name in _UIDS and not missing:
        return checked_uid(text, source=f"{source}, row {row}, column {name}")
    return "" if missing else text
