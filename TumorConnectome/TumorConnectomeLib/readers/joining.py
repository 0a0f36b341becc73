"""Joins the rows of several files: one table of the patients, and what did not match."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..base.errors import InputError
from ..cohort.row_rules import PATIENT_OF_NODE, RowRule
from ..cohort.words import as_text, is_missing
from .embedding_file import EmbeddingFile
from .row_selection import RowSelection

_NAMED = 3
#: said of rows
NO_ID = "without an id in"
#: said of patients
_NO_VECTOR, _NO_ROW = "without a vector in", "without a readable row in"
#: lines of the report at most
_REPORT_LIMIT = 100_000


def joined_columns(read: Sequence[EmbeddingFile], selection: RowSelection, rule: RowRule = RowRule.SINGLE
                   ) -> dict[str, np.ndarray]:
    """Columns of the nodes: the first file that says something about a node's property wins.

    Parameters
    ----------
    read : sequence of EmbeddingFile
        The files of the selection, then tables of patients.
    selection : RowSelection
        By the number of the file, as text.
    rule : RowRule
        With RowRule.ALL the patient of each node is a column, too.
    """
    joined: dict[str, np.ndarray] = {}
    for number, one in enumerate(read):
        rows = selection.rows.get(str(number))
        if rows is None:
            places = {patient: row for row, patient in enumerate(one.ids)}
            rows = np.array([places.get(patient, -1) for patient in selection.patients])
        for name, values in one.columns.items():
            if name != "PatientID":
                taken = aligned(values, rows)
                joined[name] = filled(joined[name], taken) if name in joined else taken
    if rule is RowRule.ALL:
        joined[PATIENT_OF_NODE] = np.array(selection.patients, object)
    return joined


def aligned(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values of some rows (N,), missing where a row is -1."""
    if (rows >= 0).all():
        return values[rows]
    missing = np.nan if values.dtype == float else ""
    return np.array([values[row] if row >= 0 else missing for row in rows.tolist()], values.dtype)


def filled(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The values, and where one is missing that of the others: float64, or texts unless both are numbers."""
    if values.dtype == others.dtype == float:
        return np.where(np.isnan(values), others, values)
    ours, theirs = ([as_text(value) for value in column.tolist()] for column in (values, others))
    return np.array([one if not is_missing(one) else other for one, other in zip(ours, theirs)], object)


def overlapping(table: EmbeddingFile, common: set[str], first: EmbeddingFile) -> EmbeddingFile:
    """The table; InputError if it has no patient of the embedding files."""
    if common.isdisjoint(table.ids):
        raise InputError(f"none of its {len(table.ids)} patients is in the embedding files", source=table.path,
                         expected=f"ids such as {first.ids[0]!r}, found {table.ids[0]!r}")
    return table


def unmatched_patients(read: Sequence[EmbeddingFile], common: set[str]) -> list[tuple[str, str, list[str]]]:
    """(file name, what is wrong, ids) of patients that are not in the cohort, or of whom a file says nothing."""
    found = []
    everyone = set().union(*(one.ids for one in read if one.has_vectors))
    for one in read:
        gone = {patient for patient, _why in one.left_out}
        missing = sorted((everyone if one.has_vectors else common) - set(one.ids) - gone)
        alien = sorted(set(one.ids) - everyone)
        nameless = [why for who, why in one.left_out if not who]
        for what, left in ((_NO_VECTOR if one.has_vectors else _NO_ROW, sorted(gone - {""})), (NO_ID, nameless)):
            if left:
                found.append((one.path.name, what, left))
        if missing:
            found.append((one.path.name, "not in" if one.has_vectors else "nothing in", missing))
        if alien:                                       # a table may well hold others, a file of vectors never does
            found.append((one.path.name, "only in", alien))
    return found


def summary_of(unmatched) -> str:
    """One sentence per file: how many patients, and the first few."""
    return " ".join(f"{len(ids)} {'rows' if what == NO_ID else 'patients'} {what} {name} "
                    f"({', '.join(ids[:_NAMED])}{', ...' if len(ids) > _NAMED else ''})." for name, what, ids in unmatched)


def import_report(read: Sequence[EmbeddingFile], count: int, unmatched, notes: Mapping[str, Sequence[str]]) -> str:
    """Everything about an import as text, one fact per line, for the clipboard.

    Parameters
    ----------
    read : sequence of EmbeddingFile
    count : int
        Nodes of the cohort.
    unmatched
        See `unmatched_patients`.
    notes : mapping of str to sequence of str
        Further sentences, by what they are about.
    """
    lines = [f"{count} patients"]
    for one in read:
        lines += [f"{one.path.name}\t{len(one.ids)} rows\t{', '.join(one.columns) or 'no further columns'}",
                  *(f"{one.path.name}\t{note}" for note in one.notes)]
    lines += [f"{about}\t{note}" for about, told in notes.items() for note in told]
    lines += [f"{patient or 'no id'}\tleft out of {one.path.name}: {why}" for one in read for patient, why in one.left_out]
    for name, what, ids in unmatched:
        if what not in (_NO_VECTOR, _NO_ROW, NO_ID):
            lines += [f"{patient}\t{what} {name}" for patient in ids]
    if len(lines) > _REPORT_LIMIT:
        lines = [*lines[:_REPORT_LIMIT], f"... and {len(lines) - _REPORT_LIMIT} more"]
    return "\n".join(lines)
