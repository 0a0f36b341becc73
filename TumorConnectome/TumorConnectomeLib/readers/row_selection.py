"""Applies the rules for patients with several rows to a user's own files."""
from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .embedding_file import EmbeddingFile
from .row_rules import RowRule, RowSelection, select_rows, vectors_of

#: column of a user's file -> name by which `select_rows` tells the rows of a patient apart
_KEYS = {"CT_SeriesInstanceUID": "SeriesInstanceUID", "center_SOPInstanceUID": "SOPInstanceUID"}


@dataclass(frozen=True, eq=False)
class _Rows:
    """What the rules look at (see `embedding_pickle.EmbeddingRows`)."""

    path: pathlib.Path
    features: np.ndarray | None
    rows: Sequence[dict]


def selected_rows(files: Sequence[EmbeddingFile], rule: RowRule) -> RowSelection:
    """Apply a rule to the rows of several files; the selection's models are the numbers of the files, as text."""
    return select_rows({str(number): _Rows(one.path, None, _keys(one)) for number, one in enumerate(files)}, rule)


def selected_vectors(file: EmbeddingFile, model: str, places: Sequence[tuple[int, ...]]) -> np.ndarray:
    """The vector of each node by one model of a file: its row, or the mean of its rows' unit vectors."""
    return vectors_of(_Rows(file.path, file.models[model], ()), places)


def _keys(file):
    columns = {name: file.columns[ours] for ours, name in _KEYS.items() if ours in file.columns}
    return tuple({"PatientID": patient, **{name: values[row] for name, values in columns.items()}}
                 for row, patient in enumerate(file.ids))
