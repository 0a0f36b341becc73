"""One embedding file of the published form as any other file: all of its rows, which may be several of a patient."""
from __future__ import annotations

import math
import pathlib

import numpy as np

from ..cohort.words import as_text
from .embedding_file import EmbeddingFile, checked_ids
from .embedding_pickle import read_embedding_pickle

#: names used inside the published embedding files -> our columns
_COLUMNS = {"SeriesInstanceUID": "CT_SeriesInstanceUID", "SOPInstanceUID": "center_SOPInstanceUID",
            "labels_de_stag_mapped": "stage_code", "labels_de_type": "icd_o_3", "labels_de_type_mapped": "cancer_type"}


def read_published(path, model: str) -> EmbeddingFile:
    """The rows of a ``*_features.pkl`` file; InputError when it is none, or a row has no PatientID."""
    content, path = read_embedding_pickle(path), pathlib.Path(path)
    rows = range(1, len(content.rows) + 1)
    ids = checked_ids([as_text(row.get("PatientID")) for row in content.rows], path, rows, "PatientID",
                      all_of_them=True)
    records = [patient_record(row) for row in content.rows]
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: np.array([as_text(record.get(name)) for record in records], object) for name in names}
    return EmbeddingFile(path, ids, {model: content.features}, columns, rows, "PatientID", several_expected=True)


def patient_record(row: dict) -> dict:
    """The 'row' of a published embedding file under our column names.

    Columns that say nothing about the patient are left out: running numbers, the authors' file paths, and coordinates
    that can be a slice off (boxes come from the DICOM SR). Only the tumor's `body_side` is taken from them.
    """
    record = {ours: row[theirs] for theirs, ours in _COLUMNS.items() if theirs in row}
    return {**record, **({"body_side": _body_side(row["coordX"])} if "coordX" in row else {})}


def _body_side(x):
    """"Left" or "Right" of the patient by an LPS x coordinate in mm, which grows to the left; "" when it tells neither."""
    if not isinstance(x, (int, float)) or not math.isfinite(x) or x == 0:
        return ""
    return "Left" if x > 0 else "Right"
