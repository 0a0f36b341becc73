"""Applies the rules for patients with several rows to files, whatever kind they are of."""
from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..base.errors import InputError
from ..cohort.row_rules import RowRule
from ..cohort.study_dates import study_dates
from .embedding_file import EmbeddingFile

#: columns that tell the rows of a patient apart, where every file has them
_KEYS = ("CT_SeriesInstanceUID", "center_SOPInstanceUID")


@dataclass(frozen=True, eq=False)
class RowSelection:
    """The rows behind each node, nodes by ascending name.

    Parameters
    ----------
    names : list of str
        N node names: PatientIDs, or ``117502 #2`` for the second of several rows that are nodes of their own.
    patients : list of str
        PatientID of each node.
    rows : mapping of str to np.ndarray
        Name of a file to int64 (N,): the row of each node in it, from 0; the first one of a mean.
    found : int
        Different patients in all files.
    members : mapping of str to list of (tuple of int)
        For a mean: all rows of each node.
    """

    names: list[str]
    patients: list[str]
    rows: Mapping[str, np.ndarray]
    found: int
    members: Mapping[str, Sequence[tuple[int, ...]]] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """How many rows of a file are behind the nodes."""
        return sum(map(len, next(iter(self.members.values())))) if self.members else len(self.names)


def select_rows(files: Mapping[str, EmbeddingFile], rule: RowRule) -> RowSelection:
    """Apply a rule to the rows of all files.

    Rows of different files are the same row when the patient, and where all files tell it the CT series and the image, agree
    (and how often these came before).

    Raises
    ------
    InputError
        No patient fits the rule, or a patient's single row is of another CT series in another file.
    """
    found = set().union(*(one.ids for one in files.values()))
    (name, first), *others = files.items()
    if not others and len(found) == len(first.ids):     # one row of each patient, whatever the rule
        ordered = all(map(operator.lt, first.ids, first.ids[1:]))
        rows = np.arange(len(first.ids)) if ordered else np.array(sorted(range(len(first.ids)), key=first.ids.__getitem__))
        names = list(first.ids) if ordered else [first.ids[row] for row in rows.tolist()]
        return RowSelection(names, names, {name: rows}, len(found))
    chosen = _single(files) if rule is RowRule.SINGLE else _common(files, rule)
    if not chosen:
        what = "has exactly one row" if rule is RowRule.SINGLE else "has the same row"
        raise InputError(f"none of the {len(found)} patients {what} in every file",
                         source=next(iter(files.values())).path.parent)
    names = sorted(chosen)
    rows = {file: np.array([chosen[name][1][place][0] for name in names]) for place, file in enumerate(files)}
    members = {file: [chosen[name][1][place] for name in names] for place, file in enumerate(files)}
    return RowSelection(names, [chosen[name][0] for name in names], rows, len(found), members if rule is RowRule.MEAN else {})


def vectors_of(vectors: np.ndarray, selection: RowSelection, file: str) -> np.ndarray:
    """The vector of each node: its row, or the mean of its rows' unit vectors. Shape (N, D), the dtype of `vectors` (R, D).

    Only directions count for the cosine distance; without the unit length a long vector would outvote the others. Vectors
    that can be written are put in order where they are, without a second copy.
    """
    members = selection.members.get(file)
    if members is None or all(len(rows) == 1 for rows in members):
        return _taken(vectors, selection.rows[file])
    means = np.empty((len(members), vectors.shape[1]), vectors.dtype)
    for node, rows in enumerate(members):
        own = vectors[list(rows)].astype(np.float64)
        means[node] = (own / np.linalg.norm(own, axis=1, keepdims=True)).mean(axis=0)
    return means


def _taken(vectors, rows):
    """``vectors[rows]``; in place where it is a new order of all rows."""
    count = len(vectors)
    if len(rows) == count and (rows[1:] > rows[:-1]).all():
        return np.ascontiguousarray(vectors)
    owned = vectors.flags.writeable and vectors.flags.c_contiguous
    if len(rows) != count or not owned or np.bincount(rows, minlength=count).max() != 1:
        return np.ascontiguousarray(vectors[rows])
    done = np.zeros(count, bool)
    order = rows.tolist()
    for first in range(count):
        if done[first] or order[first] == first:
            continue
        kept, place = vectors[first].copy(), first
        while order[place] != first:
            vectors[place] = vectors[order[place]]
            done[place] = True
            place = order[place]
        vectors[place] = kept
        done[place] = True
    return vectors


def _single(files):
    """Node name -> (PatientID, row of every file) of the patients with one row in every file."""
    single = []
    for one in files.values():
        if len(set(one.ids)) == len(one.ids):
            single.append({patient: (row,) for row, patient in enumerate(one.ids)})
            continue
        where: dict[str, list[int]] = {}
        for row, patient in enumerate(one.ids):
            where.setdefault(patient, []).append(row)
        single.append({patient: tuple(rows) for patient, rows in where.items() if len(rows) == 1})
    kept = single[0].keys() if len(single) == 1 else set.intersection(*(set(rows) for rows in single))
    _check_same_series(list(files.values()), single, kept)
    return {patient: (patient, [rows[patient] for rows in single]) for patient in kept}


def _check_same_series(files, single, kept):
    """A patient's vectors must come from the same CT series in every file that names it, or they can not be compared."""
    told = [(one, rows, one.columns[_KEYS[0]]) for one, rows in zip(files, single) if _KEYS[0] in one.columns]
    for one, rows, series in told[1:]:
        first, first_rows, first_series = told[0]
        for patient in kept:
            row, = rows[patient]
            ours, theirs = series[row], first_series[first_rows[patient][0]]
            if ours != theirs:
                raise InputError(f"patient {patient} has CT series {ours}", source=one.path, row=one.rows[row],
                                 expected=f"{theirs} as in {first.path.name}")


def _common(files, rule):
    """Node name -> (PatientID, rows of every file) of the rows that every file has, in the order of the first file."""
    keys = [name for name in _KEYS if all(name in one.columns for one in files.values())]
    places = [_keyed(one, keys) for one in files.values()]
    of_patient: dict[str, list[tuple]] = {}
    unsure = _unsure(files.values(), places) if len(files) > 1 and not keys else set()
    for key in places[0]:
        if key[0] not in unsure and all(key in found for found in places):
            of_patient.setdefault(key[0], []).append(key)
    if rule is RowRule.LATEST:
        of_patient = _latest(next(iter(files.values())), places[0], of_patient)
    chosen = {}
    for patient, members in of_patient.items():
        digits = len(str(len(members)))
        if rule is RowRule.ALL and len(members) > 1:
            nodes = {f"{patient} #{number:0{digits}d}": [key] for number, key in enumerate(members, start=1)}
        else:
            nodes = {patient: members if rule is RowRule.MEAN else members[:1]}
        for name, own in nodes.items():
            if name in chosen:
                raise InputError(f"the PatientID {name!r} can not be told from row {name.rpartition('#')[2]} of another "
                                 "patient", source=next(iter(files.values())).path,
                                 expected="another rule for patients with several rows")
            chosen[name] = patient, [tuple(found[key] for key in own) for found in places]
    return chosen


def _unsure(files, places):
    """Patients with several rows of which a file has lost one: only their order says which belong together, and it is gone."""
    lost = {patient for one in files for patient, _why in one.left_out}
    return lost & {key[0] for found in places for key in found if key[-1] > 1}


def _latest(file, places, of_patient):
    """The last of each patient's keys by the date of the scan; those of a date, and without any, in the order of the file."""
    dates = study_dates(file.columns, len(file.ids)).astype(np.int64)       # NaT is the smallest number: before all dates
    return {patient: [max(members, key=lambda key: (dates[places[key]], places[key]))]
            for patient, members in of_patient.items()}


def _keyed(file, keys):
    """(PatientID, the columns that tell rows apart, repetition) -> row."""
    columns = [file.columns[name] for name in keys]
    places: dict[tuple, int] = {}
    repeated: dict[tuple, int] = {}
    for row, patient in enumerate(file.ids):
        key = (patient, *(values[row] for values in columns))
        repeated[key] = number = repeated.get(key, 0) + 1
        places[(*key, number)] = row
    return places
