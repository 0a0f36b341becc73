"""The values of a column of the patient table as numbers or texts, whatever a file stored them as."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def as_texts(column: pd.Series) -> np.ndarray:
    """Values as str, "" for missing ones: object, shape (N,)."""
    return np.array([_as_text(value) for value in column], dtype=object)


def as_numbers(column: pd.Series) -> np.ndarray | None:
    """Values as float64, NaN for missing ones, shape (N,); None if one is not a finite number, or all are missing."""
    try:
        numbers = column.to_numpy(np.float64) if column.dtype == float else np.array(
            [float(value) if value != "" else math.nan for value in column], np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if np.isfinite(numbers).any() and not np.isinf(numbers).any() else None


def natural_order(text: str):
    """Sorting key: numbers by size, before texts."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text.lower()


def _as_text(value):
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return f"{value:g}" if abs(value) < 1e6 else repr(value)
    return str(value)
