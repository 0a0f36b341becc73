"""The patient table: columns of texts and numbers brought to the types that the rest of the project relies on."""
from __future__ import annotations

import csv
import math
import pathlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..base.files import checked_uid, visible_files
from ..cohort.cohort import PATIENT_COLUMNS
from ..cohort.facets import STAGES
from ..cohort.words import (
    KNOWN_WORDS,
    age_of,
    as_text,
    decimal_sign,
    is_code,
    is_missing,
    morphology_of,
    number_of,
)

if TYPE_CHECKING:
    import pandas as pd

_STAGE_CODES = {name: float(code) for code, name in enumerate(STAGES)}


def _stage_of(text):
    word = text.strip().upper().removeprefix("STAGE").strip()
    code = number_of(word)
    return _STAGE_CODES.get(word, code if code in range(len(STAGES)) else math.nan)


#: columns of numbers: name -> (what a text says, what that is)
_NUMERIC = {"age": (age_of, "years from 0 to 120"), "icd_o_3": (morphology_of, "ICD-O-3 morphology codes, 8000 to 9999"),
            "stage_code": (_stage_of, "codes from 0 to 6, or stages from IA to IV")}
#: columns of words that have facets of their own
_WORDS = (*KNOWN_WORDS, "cancer_type")
_UIDS = tuple(name for name in PATIENT_COLUMNS if name.endswith("UID"))
#: a column of numbers may have that share of other words, and has at least so many different numbers; with a larger share it
#: needs more of them, as grades or stages hardly have
_MOST_UNREADABLE, _FEWEST_NUMBERS = 0.2, 3
_LARGEST_UNREADABLE, _MANY_NUMBERS = 0.5, 11
#: a number and its unit: "12.5 mm"
_WITH_UNIT = re.compile(r"(.*\d)\s*(\D\S*|pack[- ]years?)")
_UNITS = frozenset((
    "mm", "cm", "m", "\u00b5m", "\u03bcm", "um", "mm2", "cm2", "mm\u00b2", "cm\u00b2", "mm^2", "cm^2", "mm3", "cm3", "mm\u00b3",
    "cm\u00b3", "mm^3", "cm^3", "ml", "l", "cc", "g", "kg", "mg", "hu", "y", "yr", "yrs", "year", "years", "months", "weeks",
    "day", "days", "h", "hours", "min", "s", "ms", "kv", "kvp", "ma", "mas", "gy", "mgy", "msv", "mmhg", "bpm", "ng/ml",
    "pg/ml", "u/ml", "g/l", "g/dl", "mmol/l", "py", "pack-years", "pack years", "kg/m2", "kg/m\u00b2", "l/min", "suv"))


def normalized(records: Sequence[Mapping], *, source, rows: Sequence[int] | None = None) -> pd.DataFrame:
    """Patient records as a table with known types, sorted by PatientID; see `patient_table` for the types.

    Parameters
    ----------
    records : sequence of mapping
        One per patient, with the key "PatientID"; other keys become columns.
    source : path or str
        Named in errors.
    rows : sequence of int, optional
        Row number of each record in the source, for errors; by default 1, 2, ...

    Raises
    ------
    InputError
        A PatientID is missing or repeated; the text names source and row.
    """
    rows, ids = list(rows or range(1, len(records) + 1)), {}
    for row, record in zip(rows, records):
        patient_id = as_text(record.get("PatientID"))
        if not patient_id or not patient_id.isprintable():
            raise InputError(f"the PatientID is {patient_id[:40]!r}", source=source, row=row,
                             expected="a text that can be printed")
        if patient_id in ids:
            raise InputError(f"PatientID {patient_id!r} stands in row {ids[patient_id]} already", source=source, row=row,
                             expected="one row per patient")
        ids[patient_id] = row
    names = dict.fromkeys(name for record in records for name in record if name != "PatientID")
    columns = {name: np.array([as_text(record.get(name)) for record in records], object) for name in names}
    return patient_table(list(ids), columns)[0]


def patient_table(ids: Sequence[str], columns: Mapping[str, np.ndarray], categories: Collection[str] = ()
                  ) -> tuple[pd.DataFrame, list[str]]:
    """Columns of values as a table with known types, sorted by PatientID.

    Parameters
    ----------
    ids : sequence of str
        N different ids.
    columns : mapping of str to np.ndarray
        Values by column, shape (N,): float64 with NaN for missing, or object with texts.
    categories : collection of str
        Columns that are categories although they hold numbers.

    Returns
    -------
    table : pandas.DataFrame
        Columns are float64 (NaN when missing) or object with str ("" when missing). ``age`` [years], ``icd_o_3`` and
        ``stage_code`` are numbers, UIDs are DICOM UIDs; any other column is numeric when (nearly) all of its values are.
    notes : list of str
        One sentence about each column of which something could not be read.
    """
    import pandas as pd

    made, notes = {}, []
    for name, values in columns.items():
        final, typed, note = _typed(name, values, name in categories, columns)
        made[final] = typed
        if note:
            notes.append(f"Column {name!r}: {note}")
    table = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in made.items()}, index=range(len(ids)))
    table.index = pd.Index(ids, name="PatientID", dtype=object)
    return (table if table.index.is_monotonic_increasing else table.sort_index()), notes


def _typed(name, values, as_categories, taken):
    """Name, values and a sentence about what could not be read, "" if nothing."""
    if name in _UIDS:
        return (name, *_uids(_texts(values)))
    if name in _NUMERIC:
        return _known_numbers(name, values, taken)
    if as_categories or name in _WORDS:
        return name, _texts(values), ""
    return (name, values, "") if values.dtype == float else (name, *_numbers_or_texts(_texts(values)))


def _texts(values):
    """Texts without spaces around them, "" for every word that means missing."""
    texts = list(map(as_text, values.tolist()))
    missing = set(filter(is_missing, set(texts)))
    return np.array(["" if text in missing else text for text in texts], object)


def _uids(texts):
    bad = []

    def checked(text):
        try:
            return checked_uid(text) if text else ""
        except InputError:
            bad.append(text)
            return ""

    values = np.array([checked(text) for text in texts], object)
    return values, f"{_counted(bad, texts)} no DICOM UIDs: they are left out." if bad else ""


def _known_numbers(name, values, taken):
    """Numbers of a known meaning; a column that mostly says something else keeps its values under another name."""
    meaning, expected = _NUMERIC[name]
    texts = _texts(values)
    known = {text: meaning(text) for text in set(texts) if text}
    bad = [text for text in texts if text and math.isnan(known[text])]
    if bad and 2 * len(bad) > sum(map(bool, texts)):
        other = next(f"{name} {word}" for word in ("as written", *range(2, 99)) if f"{name} {word}" not in taken)
        kept, _note = _numbers_or_texts(texts)
        return other, kept, f"{_counted(bad, texts)} no {expected}: the column is kept as it is, as {other!r}."
    numbers = np.array([known.get(text, math.nan) for text in texts], np.float64)
    return name, numbers, f"{_counted(bad, texts)} no {expected}: they are left out." if bad else ""


def _numbers_or_texts(texts):
    """float64 if (nearly) all are numbers, else the texts; and what was left out or assumed."""
    words = {text for text in set(texts.tolist()) if text}
    sign = decimal_sign(words)
    known, unit = {text: number_of(text, sign) for text in words}, ""
    if words and all(map(math.isnan, known.values())):
        known, unit = _without_unit(words, sign)
    different = len({value for value in known.values() if not math.isnan(value)})
    if not different or any(map(is_code, known)):
        return texts, ""
    strange = {text for text, value in known.items() if math.isnan(value)}
    bad = [text for text in texts if text in strange] if strange else []
    cells = sum(map(bool, texts))
    few = len(bad) <= _MOST_UNREADABLE * cells and different >= _FEWEST_NUMBERS
    if bad and not few and not (len(bad) <= _LARGEST_UNREADABLE * cells and different >= _MANY_NUMBERS):
        told = f"{_counted(bad, texts)} no numbers: all are read as words." if different >= _FEWEST_NUMBERS else ""
        return texts, told
    numbers = np.array([known.get(text, math.nan) for text in texts.tolist()], np.float64)
    told = [f"{_counted(bad, texts)} no numbers: they are left out."] if bad else []
    told += [f"the unit {unit!r} is left out."] if unit else []
    told += ["its commas are read as decimal signs."] if sign == "," else []
    return numbers, " ".join(told)


def _without_unit(words, sign):
    """Numbers of texts with one unit behind them all, and the unit; NaN for all and "" where they have several or none."""
    parts = {text: _WITH_UNIT.fullmatch(text) for text in words}
    units = {match[2] for match in parts.values() if match}
    if len(units) == 1 and all(parts.values()) and next(iter(units)).lower() in _UNITS:
        known = {text: number_of(match[1], sign) for text, match in parts.items()}
        if not any(map(math.isnan, known.values())):
            return known, units.pop()
    return dict.fromkeys(words, math.nan), ""


def _counted(bad, texts):
    """How many values, and some of them: the beginning of a sentence."""
    some = [f"'{text[:30]}'" for text, _count in Counter(bad).most_common(3)]
    return f"{len(bad)} of {sum(map(bool, texts))} values ({', '.join(some)}{', ...' if len(set(bad)) > 3 else ''}) are"


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
