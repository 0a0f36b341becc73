"""Which rows of embedding files make the nodes of a cohort when patients have several rows."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .patient_table import as_text

if TYPE_CHECKING:
    from .embedding_pickle import EmbeddingRows

#: column of the patient table that names the patient of a node, where one patient has several nodes
PATIENT_OF_NODE = "patient"


class RowRule(Enum):
    """What becomes of patients with several rows (several boxes, scans or follow-up studies of one patient)."""

    SINGLE = "single"
    FIRST = "first"
    ALL = "all"
    MEAN = "mean"

    def label(self) -> str:
        """What the interface shows."""
        return {"single": "Only patients with exactly one row", "first": "First row of each patient",
                "all": "All rows, each a node of its own", "mean": "Mean of each patient's rows"}[self.value]

    def meaning(self) -> str:
        """One phrase for provenance and help."""
        return {"single": "patients with exactly one row in every file",
                "first": "the first row of each patient that every file has",
                "all": "every row that every file has is a node of its own",
                "mean": "the mean of each patient's unit vectors over the rows that every file has; other values are those of "
                        "the first"}[self.value]


@dataclass(frozen=True)
class RowSelection:
    """The rows behind each node, nodes by ascending name.

    Parameters
    ----------
    names : tuple of str
        Node names: PatientIDs, or ``117502 #2`` for the second of several rows that are nodes of their own.
    patients : tuple of str
        PatientID of each node.
    places : mapping of str to tuple of tuple of int
        Model name to the row indices (from 0) of each node in its file; more than one only for a mean.
    found : int
        Different patients in all files.
    """

    names: tuple[str, ...]
    patients: tuple[str, ...]
    places: Mapping[str, tuple[tuple[int, ...], ...]]
    found: int


def select_rows(files: Mapping[str, EmbeddingRows], rule: RowRule) -> RowSelection:
    """Apply a rule to the rows of all models.

    Rows of different files are the same row when PatientID, CT series and image agree (and how often these three came before).

    Raises
    ------
    InputError
        A row has no PatientID, no patient fits the rule, or a single row has another CT series in another file.
    """
    patients = {model: _patients(rows) for model, rows in files.items()}
    found = set().union(*patients.values())
    chosen = _single(files, patients) if rule is RowRule.SINGLE else _common(files, patients, rule)
    if not chosen:
        what = "has exactly one row" if rule is RowRule.SINGLE else "has the same row"
        raise InputError(f"none of the {len(found)} patients {what} in every file",
                         source=next(iter(files.values())).path.parent)
    names = sorted(chosen)
    return RowSelection(tuple(names), tuple(chosen[name][0] for name in names),
                        {model: tuple(chosen[name][1][model] for name in names) for model in files}, len(found))


def vectors_of(rows: EmbeddingRows, places: Sequence[tuple[int, ...]]) -> np.ndarray:
    """The vector of each node: its row, or the mean of its rows' unit vectors. float32, shape (N, D).

    Only directions count for the cosine distance; without the unit length a long vector would outvote the others.
    """
    if all(len(place) == 1 for place in places):
        return rows.features[[place[0] for place in places]]
    features = rows.features.astype(float)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    units = np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0)
    return np.stack([units[list(place)].mean(axis=0) for place in places]).astype(np.float32)


def patients_of(cohort: Cohort) -> tuple[str, ...]:
    """PatientID of each node, in row order: the node's name unless a patient has several."""
    if PATIENT_OF_NODE in cohort.patients and cohort.provenance.get("row_rule") == RowRule.ALL.value:
        return tuple(cohort.patients[PATIENT_OF_NODE])
    return cohort.patient_ids


def one_node_per_patient(cohort: Cohort) -> Cohort:
    """The first node of each patient, under the patient's name: rows of one patient are no independent observations.

    A cohort without repeated patients is returned as it is.
    """
    import pandas as pd

    patients = patients_of(cohort)
    if patients == cohort.patient_ids:
        return cohort
    unique, first = np.unique(np.array(patients, dtype=object).astype(str), return_index=True)
    table = cohort.patients.iloc[first].drop(columns=PATIENT_OF_NODE)
    table.index = pd.Index(unique.tolist(), name=cohort.patients.index.name, dtype=object)
    facets = {key: facet.of_rows(first) for key, facet in cohort.facets.items()}
    rule = RowRule.FIRST
    return Cohort(cohort.name, table, {model: values[first] for model, values in cohort.embeddings.items()}, facets,
                  {**cohort.provenance, "rule": rule.meaning(), "row_rule": rule.value})


def _patients(rows):
    """PatientID of each row of a file."""
    patients = [as_text(row.get("PatientID")) for row in rows.rows]
    if "" in patients:
        raise InputError("the row has no PatientID", source=rows.path, row=patients.index("") + 1)
    return patients


def _single(files, patients):
    """Node name -> (PatientID, model -> row) of the patients with one row in every file."""
    single = {}
    for model in files:
        where: dict[str, list[int]] = {}
        for index, patient in enumerate(patients[model]):
            where.setdefault(patient, []).append(index)
        single[model] = {patient: tuple(found) for patient, found in where.items() if len(found) == 1}
    kept = sorted(set.intersection(*(set(found) for found in single.values())))
    _check_same_series(files, single, kept)
    return {patient: (patient, {model: single[model][patient] for model in files}) for patient in kept}


def _check_same_series(files, single, kept):
    """A patient's vectors must come from the same CT series in every model, or they can not be compared."""
    first = next(iter(files))
    for model, rows in files.items():
        for patient in kept:
            index, = single[model][patient]
            ours, theirs = (as_text(files[m].rows[single[m][patient][0]].get("SeriesInstanceUID")) for m in (model, first))
            if ours != theirs:
                raise InputError(f"patient {patient} has CT series {ours}", source=rows.path, row=index + 1,
                                 expected=f"{theirs} as in {files[first].path.name}")


def _common(files, patients, rule):
    """Node name -> (PatientID, model -> rows) of the rows that every file has, in the order of the first file."""
    places = {model: _keyed(rows, patients[model]) for model, rows in files.items()}
    first = next(iter(places))
    of_patient: dict[str, list[tuple]] = {}
    for key in places[first]:
        if all(key in found for found in places.values()):
            of_patient.setdefault(key[0], []).append(key)
    chosen = {}
    for patient, keys in of_patient.items():
        digits = len(str(len(keys)))
        if rule is RowRule.ALL and len(keys) > 1:
            nodes = {f"{patient} #{number:0{digits}d}": [key] for number, key in enumerate(keys, start=1)}
        else:
            nodes = {patient: keys if rule is RowRule.MEAN else keys[:1]}
        for name, members in nodes.items():
            if name in chosen:
                raise InputError(f"the PatientID {name!r} can not be told from row {name.rpartition('#')[2]} of another "
                                 "patient", source=files[first].path, expected="another rule for patients with several rows")
            chosen[name] = patient, {model: tuple(found[key] for key in members) for model, found in places.items()}
    return chosen


def _keyed(rows, patients):
    """(PatientID, CT series, image, repetition) -> row index."""
    places: dict[tuple, int] = {}
    repeated: dict[tuple, int] = {}
    for index, (patient, row) in enumerate(zip(patients, rows.rows)):
        key = patient, as_text(row.get("SeriesInstanceUID")), as_text(row.get("SOPInstanceUID"))
        repeated[key] = number = repeated.get(key, 0) + 1
        places[(*key, number)] = index
    return places
