"""NLST's clinical tables as IDC publishes them (Parquet), with the meanings of their columns and codes."""
from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..base.errors import InputError
from ..cohort.clinical import ClinicalColumn
from ..cohort.words import as_text

#: tables in the order in which they are used; a column of a later one is taken if the earlier ones do not have it
TABLES = ("nlst_prsn", "nlst_canc")
PATIENT = "dicom_patient_id"
#: IDC's names -> the columns that the rest of the project knows
_KNOWN = {"gender": "sex", "cigsmok": "smoking", "de_type": "icd_o_3", "age": "age", "race": "race"}
_TITLES = {"age": "Age (years)", "sex": "Sex", "race": "Race", "smoking": "Smoking", "icd_o_3": "ICD-O-3 morphology"}
#: of no use to a reader: keys, versions, and which source was used
_LEFT_OUT = {PATIENT, "pid", "source_batch", "dataset_version", "canc_rpt_link", "lc_order", "first_lc", "topog_source",
             "source_best_stage"}
_LONGEST_TEXT = 200
#: as patient tables write it
_SEX = {"Male": "M", "Female": "F"}


@dataclass(frozen=True)
class Meaning:
    """What IDC's dictionary says about a column.

    Parameters
    ----------
    label : str
        Human readable name.
    options : mapping of str to str
        Code to what it stands for.
    """

    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def read_dictionary(path: pathlib.Path) -> dict[tuple[str, str], Meaning]:
    """(table, column) -> Meaning, from IDC's ``clinical_index.parquet``; InputError if it is not that."""
    meanings = {}
    for row in _rows(path, ("short_table_name", "column", "column_label", "values")):
        options = {}
        for option in row["values"] or ():
            code, text = as_text(option.get("option_code")), as_text(option.get("option_description"))
            if code and text:
                options[code] = text
        meanings[row["short_table_name"], row["column"]] = Meaning(as_text(row["column_label"]), options)
    return meanings


def read_columns(paths: Mapping[str, Iterable[pathlib.Path]], meanings: Mapping[tuple[str, str], Meaning],
                 version: str) -> list[ClinicalColumn]:
    """The columns of the tables, codes replaced by what they stand for.

    Parameters
    ----------
    paths : mapping of str to iterable of path
        Table name to its Parquet files.
    meanings : mapping
        Of `read_dictionary`.
    version : str
        IDC's version, for the notes.

    Raises
    ------
    InputError
        A file is no Parquet file or has no patients.
    """
    columns: dict[str, ClinicalColumn] = {}
    for table, files in paths.items():
        records = _first_records([row for path in files for row in _rows(path, (PATIENT,))])
        for name in dict.fromkeys(name for record in records.values() for name in record):
            if name in _LEFT_OUT or _KNOWN.get(name, name) in columns:
                continue
            column = _column(name, {patient: record.get(name) for patient, record in records.items()},
                             meanings.get((table, name), Meaning()), f"IDC {version}, table {table}, column {name}.")
            if column is not None:
                columns[column.name] = column
    return list(columns.values())


def _rows(path, needed):
    """All rows of a Parquet file as dicts; InputError if it is none or lacks a column."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute("select * from read_parquet(?)", [str(path)])
            names = [column[0] for column in found.description]
            rows = found.fetchall()
    except duckdb.Error as error:
        raise InputError(f"not a readable Parquet file ({str(error).splitlines()[0][:200]})", source=path.name) from None
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(f"the column {missing[0]} is missing", source=path.name, expected=", ".join(needed))
    return [dict(zip(names, row)) for row in rows]


def _first_records(rows):
    """PatientID -> record; of several cancers of a patient the first (``lc_order``)."""
    records = {}
    for row in sorted(rows, key=lambda row: as_text(row.get("lc_order")).rjust(4, "0")):
        patient = as_text(row[PATIENT])
        if patient:
            records.setdefault(patient, row)
    return records


def _column(name, raw, meaning, origin):
    """A ClinicalColumn, or None if no patient has a value."""
    ours = _KNOWN.get(name, name)
    texts = {patient: as_text(value) for patient, value in raw.items()}
    # codes such as .M and .N: missing, not applicable
    texts = {patient: text for patient, text in texts.items() if text and not text.startswith(".")}
    if meaning.options and ours != "icd_o_3":
        texts = {patient: meaning.options.get(text, text) for patient, text in texts.items()}
        texts = {patient: _SEX.get(text, text) if ours == "sex" else text for patient, text in texts.items()
                 if not text.lower().startswith("missing")}
    numbers = _numbers(texts) if not meaning.options or ours == "icd_o_3" else None
    values = numbers if numbers is not None else {
        patient: text for patient, text in texts.items() if text.isprintable() and len(text) <= _LONGEST_TEXT}
    if not values or (ours in ("age", "icd_o_3") and numbers is None):
        return None
    codes = "; ".join(f"{code} = {text}" for code, text in meaning.options.items())
    note = ". ".join(part.rstrip(".") for part in (meaning.label, f"Codes: {codes}" if codes else "", origin) if part) + "."
    return ClinicalColumn(ours, _TITLES.get(ours) or meaning.label or name, note, values)


def _numbers(texts):
    """The values as float, or None if one is no number."""
    try:
        return {patient: float(text) for patient, text in texts.items()}
    except ValueError:
        return None
