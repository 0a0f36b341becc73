"""Filters by the columns of the patient table, and their text form in the module's state."""
from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .table_columns import ColumnKind, TableColumn

_SOURCE = "filters"


@dataclass(frozen=True)
class RangeFilter:
    """Patients whose number lies in ``[low, high]``, limits included.

    Parameters
    ----------
    column : str
        Key of a TableColumn.
    low, high : float
        In the column's unit; infinite for no limit.
    missing : bool
        Whether patients without a value are kept.
    """

    column: str
    low: float = -math.inf
    high: float = math.inf
    missing: bool = False

    kind = ColumnKind.NUMBER

    def mask(self, column: TableColumn) -> np.ndarray:
        """bool, shape (N,): the patients that are kept."""
        return (column.values >= self.low) & (column.values <= self.high) | (column.missing & self.missing)


@dataclass(frozen=True)
class CategoryFilter:
    """Patients whose value is one of some; "" stands for a missing value.

    Parameters
    ----------
    column : str
        Key of a TableColumn.
    values : tuple of str
        Values as the table has them; none keeps nobody.
    """

    column: str
    values: tuple[str, ...] = ()

    kind = ColumnKind.CATEGORY

    def mask(self, column: TableColumn) -> np.ndarray:
        """bool, shape (N,): the patients that are kept."""
        return np.isin(column.values.astype(str), self.values) if self.values else np.zeros(len(column.values), bool)


@dataclass(frozen=True)
class TextFilter:
    """Patients whose text has a part, without regard to case; an empty part keeps everybody.

    Parameters
    ----------
    column : str
        Key of a TableColumn.
    text : str
    """

    column: str
    text: str = ""

    kind = ColumnKind.TEXT

    def mask(self, column: TableColumn) -> np.ndarray:
        """bool, shape (N,): the patients that are kept."""
        part = self.text.strip().lower()
        return np.array([part in str(value).lower() for value in column.values], bool)


Filter = RangeFilter | CategoryFilter | TextFilter
_KINDS = {"range": RangeFilter, "category": CategoryFilter, "text": TextFilter}


def neutral_filter(column: TableColumn) -> Filter:
    """The filter of the kind that fits a column and keeps everybody: where a person starts."""
    if column.kind is ColumnKind.NUMBER:
        return RangeFilter(column.key, *column.limits, missing=bool(column.missing.any()))
    return CategoryFilter(column.key, column.categories) if column.kind is ColumnKind.CATEGORY else TextFilter(column.key)


def filter_mask(columns: Sequence[TableColumn], filters: Iterable[Filter]) -> np.ndarray:
    """Patients that pass all filters: bool, shape (N,).

    Raises
    ------
    InputError
        A filter is for a column that the table does not have, or that is of another kind.
    """
    known = {column.key: column for column in columns}
    mask = np.ones(len(columns[0].values), bool)
    for one in filters:
        mask &= one.mask(_column_of(one, known))
    return mask


def usable_filters(columns: Sequence[TableColumn], filters: Iterable[Filter]) -> tuple[list[Filter], list[Filter]]:
    """Filters divided into those that fit the columns and those of another cohort."""
    usable, others = [], []
    known = {column.key: column for column in columns}
    for one in filters:
        (usable if one.column in known and known[one.column].kind is one.kind else others).append(one)
    return usable, others


def filters_to_text(filters: Iterable[Filter]) -> str:
    """Filters as JSON, "" for none."""
    entries = [_to_json(one) for one in filters]
    return json.dumps(entries, allow_nan=False, separators=(",", ":")) if entries else ""


def filters_from_text(text: str) -> list[Filter]:
    """Filters of a text by `filters_to_text`; InputError when it is not one."""
    if not text.strip():
        return []
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON ({error})", source=_SOURCE, expected="a list of filters") from None
    if not isinstance(entries, list):
        raise InputError(f"{text[:40]!r}", source=_SOURCE, expected="a list of filters")
    return [_from_json(entry, number) for number, entry in enumerate(entries, start=1)]


def _column_of(one, known):
    column = known.get(one.column)
    if column is None:
        raise InputError(f"no column {one.column!r}", source=_SOURCE, expected=f"one of {', '.join(known)}")
    if column.kind is not one.kind:
        raise InputError(f"column {one.column!r} is a {column.kind.value}", source=_SOURCE, expected=f"a {one.kind.value}")
    return column


def _to_json(one):
    entry = {"kind": next(name for name, kind in _KINDS.items() if isinstance(one, kind)), "column": one.column}
    if isinstance(one, RangeFilter):
        limits = {name: value for name, value in (("low", one.low), ("high", one.high)) if math.isfinite(value)}
        return {**entry, **limits, "missing": one.missing}
    return {**entry, "values": list(one.values)} if isinstance(one, CategoryFilter) else {**entry, "text": one.text}


def _from_json(entry, number):
    kind = _KINDS.get(entry.get("kind")) if isinstance(entry, Mapping) and isinstance(entry.get("kind"), str) else None
    if kind is None or not isinstance(entry.get("column"), str):
        raise InputError(f"{str(entry)[:60]!r}", source=_SOURCE, row=number,
                         expected=f"a column and one of {', '.join(_KINDS)}")
    if kind is RangeFilter:
        low, high, missing = entry.get("low", -math.inf), entry.get("high", math.inf), entry.get("missing", False)
        fits = all(isinstance(limit, (int, float)) and limit == limit for limit in (low, high))
        return _checked(fits, number, "numbers as limits", RangeFilter, entry["column"], low, high, bool(missing))
    if kind is CategoryFilter:
        values = entry.get("values")
        fits = isinstance(values, list) and all(isinstance(value, str) for value in values)
        return _checked(fits, number, "a list of texts as values", CategoryFilter, entry["column"], tuple(values or ()))
    return _checked(isinstance(entry.get("text"), str), number, "a text", TextFilter, entry["column"], entry.get("text"))


def _checked(fits, number, expected, kind, *arguments):
    if not fits:
        raise InputError("a value is of the wrong kind", source=_SOURCE, row=number, expected=expected)
    return kind(*arguments)
