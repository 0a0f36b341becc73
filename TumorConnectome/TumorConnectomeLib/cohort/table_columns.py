"""The columns of a patient table as a person filters by them: a title, a kind, and the values that occur."""
from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from .cohort import Cohort
from .column_titles import TITLES, note_of, title_of
from .column_values import as_numbers, as_texts, natural_order
from .facets import STAGES, UNKNOWN
from .icd_o_3 import MORPHOLOGY

#: the index of the patient table, offered like a column
PATIENT_ID = "PatientID"
#: facets are offered as columns of their own where they group what the table has; their keys get this prefix
FACET_PREFIX = "facet:"
#: more different values than this are looked for by a part of their text
MOST_CATEGORIES = 40
_LABELS = {"sex": {"M": "Male", "F": "Female"},
           "stage_code": {str(code): stage for code, stage in enumerate(STAGES)},
           "icd_o_3": {str(code): f"{code} {name}" for code, (name, _group) in MORPHOLOGY.items()}}


class ColumnKind(Enum):
    """What fits a column: a range, a choice of values, or a part of the text."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"


@dataclass(frozen=True, eq=False)
class TableColumn:
    """One column that patients can be filtered by.

    Parameters
    ----------
    key : str
        Column name, ``PatientID``, or ``facet:<key>``.
    title : str
        What the interface shows.
    kind : ColumnKind
    values : np.ndarray
        Shape (N,): float64 with NaN for missing (NUMBER), else str with "" for missing.
    categories : tuple of str
        CATEGORY: the values that occur, in display order, "" (missing) last.
    labels : tuple of str
        What the interface shows for each category.
    note : str
        What the values are and where they come from; "" if that is not known.
    """

    key: str
    title: str
    kind: ColumnKind
    values: np.ndarray
    categories: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    note: str = ""

    @property
    def missing(self) -> np.ndarray:
        """bool, shape (N,): where there is no value."""
        return np.isnan(self.values) if self.kind is ColumnKind.NUMBER else self.values == ""

    @property
    def limits(self) -> tuple[float, float]:
        """NUMBER: smallest and largest value, (0, 0) if there is none."""
        known = self.values[~self.missing]
        return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)

    @property
    def whole(self) -> bool:
        """NUMBER: whether all values are whole numbers."""
        known = self.values[~self.missing]
        return bool((known == np.round(known)).all())

    def label(self, category: str) -> str:
        """What the interface shows for a category, also for one that does not occur here."""
        if category in self.categories:
            return self.labels[self.categories.index(category)]
        return category or UNKNOWN


def table_columns(cohort: Cohort) -> tuple[TableColumn, ...]:
    """What the patients of a cohort can be filtered by: columns, facets that group their values, PatientID.

    Numbers and choices come before texts, columns that are known before others, a facet after its column. Columns without
    any value are left out.
    """
    columns = [_column(str(name), cohort.patients[name]) for name in cohort.patients]
    columns = [column for column in columns if not column.missing.all()]
    numbers = {column.key for column in columns if column.kind is ColumnKind.NUMBER}
    for facet in cohort.facets.values():
        values = np.array([facet.categories[code] for code in facet.codes], dtype=object)
        if facet.key not in numbers and not any(_same_groups(column, values) for column in columns):
            columns.append(_facet_column(facet, values))
    ids = np.array(cohort.patient_ids, dtype=object)
    columns.append(TableColumn(PATIENT_ID, title_of(PATIENT_ID), ColumnKind.TEXT, ids))
    return tuple(_told(column, cohort.column_notes) for column in sorted(columns, key=_order))


def _told(column, notes):
    """The column with what is known about it."""
    title, note = notes.get(column.key, (column.title, note_of(column.key)))
    return replace(column, title=title, note=column.note or note)


def _order(column):
    name, known = column.key.removeprefix(FACET_PREFIX), list(TITLES)
    return column.kind is ColumnKind.TEXT, known.index(name) if name in known else len(known), column.key != name


def _column(name, series):
    title = title_of(name)
    texts = as_texts(series)
    if name not in _LABELS and not name.endswith("UID"):
        numbers = as_numbers(series)
        if numbers is not None and (series.dtype == float or len(np.unique(numbers[~np.isnan(numbers)])) > 2):
            return TableColumn(name, title, ColumnKind.NUMBER, numbers)
    occurring = sorted({text for text in texts if text}, key=natural_order)
    if name.endswith("UID") or len(occurring) > MOST_CATEGORIES:
        return TableColumn(name, title, ColumnKind.TEXT, texts)
    categories = (*occurring, *([""] if (texts == "").any() else []))
    known = _LABELS.get(name, {})
    return TableColumn(name, title, ColumnKind.CATEGORY, texts, categories,
                       tuple(known.get(category, category or UNKNOWN) for category in categories))


def _facet_column(facet, values):
    occurring = tuple(name for name, count in zip(facet.categories, facet.counts) if count)
    categories = tuple("" if name == UNKNOWN else name for name in occurring)
    texts = np.where(values == UNKNOWN, "", values)
    title = f"{facet.title}, group"
    return TableColumn(FACET_PREFIX + facet.key, title, ColumnKind.CATEGORY, texts, categories, occurring, facet.note)


def _same_groups(column, values):
    """Whether a column of categories divides the patients as these values do."""
    if column.kind is not ColumnKind.CATEGORY:
        return False
    return len(set(column.values)) == len(set(values)) == len(set(zip(column.values, values)))

