"""The cohort: patients, embeddings, facets and where they come from."""
from __future__ import annotations

import operator
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import InputError
from .row_rules import PATIENT_OF_NODE, RowRule
from .vector_checks import unusable_rows

if TYPE_CHECKING:
    import pandas as pd

#: the category of patients whose value is missing
UNKNOWN = "Unknown"
#: columns of the patient table that the rest of the project knows (all optional); others are kept as they are
PATIENT_COLUMNS = ("age", "sex", "race", "smoking", "cancer_type", "icd_o_3", "stage_code",
                   "StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID", "center_SOPInstanceUID")


@dataclass(frozen=True, eq=False)
class Facet:
    """One way to group the patients, for colors, legends and evaluation.

    Parameters
    ----------
    key : str
        Short name: ``sex``, ``age``, ``race``, ``smoking``, ``cancer_type``, ``stage`` or a column's name.
    title : str
        What the interface shows ("Stage (AJCC 6th edition)").
    categories : tuple of str
        Category names in display order; "Unknown" is last when there is one.
    codes : np.ndarray
        int16, shape (N,): the patient's index into `categories`.
    ordered : bool
        Whether the categories are ordinal (age group, stage).
    note : str
        Source of the values and what was done to them, one sentence.
    numbers : np.ndarray or None
        float64, shape (N,), NaN when missing: what the categories are bins of; None for any other facet.
    edges : tuple of float
        With `numbers`: the limits of the bins, ascending, one more than categories beside "Unknown".
    logarithmic : bool
        Whether the numbers are told apart by their ratio.
    joined : bool
        Whether the last known category holds the rare values: they have nothing in common, so no model is asked to find them.
    """

    key: str
    title: str
    categories: tuple[str, ...]
    codes: np.ndarray
    ordered: bool = False
    note: str = ""
    numbers: np.ndarray | None = None
    edges: tuple[float, ...] = ()
    logarithmic: bool = False
    joined: bool = False

    def __post_init__(self):
        codes = np.array(self.codes, np.int16)
        if codes.ndim != 1 or (codes.size and not 0 <= codes.min() <= codes.max() < len(self.categories)):
            raise InputError(f"facet {self.key!r} has a code outside its {len(self.categories)} categories")
        codes.flags.writeable = False
        object.__setattr__(self, "codes", codes)
        if self.numbers is not None:
            numbers = np.array(self.numbers, np.float64)
            if numbers.shape != codes.shape or len(self.edges) < 2 or list(self.edges) != sorted(self.edges):
                raise InputError(f"facet {self.key!r} has numbers or limits that do not fit its bins")
            numbers.flags.writeable = False
            object.__setattr__(self, "numbers", numbers)

    def of_rows(self, rows: np.ndarray) -> Facet:
        """The facet of some patients only, or in another order; `rows` are their indices."""
        return replace(self, codes=self.codes[rows], numbers=None if self.numbers is None else self.numbers[rows])

    @property
    def shared(self) -> tuple[str, ...]:
        """Categories whose patients have something in common: neither "Unknown" nor the joined rare values."""
        known = tuple(name for name in self.categories if name != UNKNOWN)
        return known[:-1] if self.joined else known

    @property
    def counts(self) -> np.ndarray:
        """Patients per category: int64, shape (len(categories),)."""
        return np.bincount(self.codes, minlength=len(self.categories))


#: why something can not be done with a cohort that was opened from neighbor lists
NO_VECTORS = "This cohort was opened from neighbor lists: it has no vectors"


class _NoVectors(Mapping):
    """Names of models without their vectors; `_error(model)` says why there are none."""

    def __init__(self, models):
        self._models = tuple(models)

    def __getitem__(self, model):
        if model not in self._models:
            raise KeyError(model)
        raise self._error(model)

    def __contains__(self, model):
        return model in self._models

    def __iter__(self):
        return iter(self._models)

    def __len__(self):
        return len(self._models)


class MissingVectors(_NoVectors):
    """The embeddings of a cohort of which only the neighbors are known: model names, and an InputError for each vector."""

    @staticmethod
    def _error(model):
        return InputError(NO_VECTORS, source=model, expected="the files that the neighbor lists were made from")


class UnreadVectors(_NoVectors):
    """The embeddings of a cohort whose vectors only worker processes read: model names, and an InputError for each vector.

    Parameters
    ----------
    models : iterable of str
    path : path
        The prepared cohort that holds them (see `prepared.read_prepared`).
    """

    def __init__(self, models, path):
        super().__init__(models)
        self._path = path

    def _error(self, model):
        return InputError(f"the vectors of {model} are not loaded in this process", source=self._path,
                          expected="a worker that reads them from there")


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients and their embeddings by one or more models; nothing in it changes.

    Parameters
    ----------
    name : str
        "NLST-Sybil", "Synthetic demo cohort", ...
    patients : pandas.DataFrame
        One row per patient; the index is the PatientID (str, unique, ascending). Columns: see PATIENT_COLUMNS.
    embeddings : mapping of str to np.ndarray
        Model name to float32 or float64 array of shape (N, D), rows in the order of `patients`; finite, no zero vector.
        float64 is kept, any other type becomes float32. An array that owns its memory and that nobody can write is not copied.
        Or MissingVectors, when only their neighbors are known, or UnreadVectors, when only workers need them.
    facets : mapping of str to Facet
        In display order.
    provenance : mapping of str to str, int, float or bool
        Where it comes from, what was left out and why: shown in the interface, and nothing else. No code decides by it.
    synthetic : bool
        Whether the patients are made up.
    row_rule : RowRule
        What a node is where patients have several rows. With RowRule.ALL the column PATIENT_OF_NODE names each node's patient.
    clinical : str
        One sentence about the clinical columns that were joined from elsewhere; "" if none were.
    column_notes : mapping of str to (str, str)
        Title and note of these columns, by name.

    Raises
    ------
    InputError
        A shape, id or value does not fit the above.
    """

    name: str
    patients: pd.DataFrame
    embeddings: Mapping[str, np.ndarray]
    facets: Mapping[str, Facet] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    synthetic: bool = False
    row_rule: RowRule = RowRule.SINGLE
    clinical: str = ""
    column_notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self):
        ids = self.patient_ids
        if not ids:
            raise InputError("the cohort has no patients", source=self.name, expected="at least one")
        if not all(map(operator.lt, ids, ids[1:])):
            raise InputError("PatientIDs are not unique and ascending", source=self.name)
        if not self.embeddings:
            raise InputError("the cohort has no embeddings", source=self.name, expected="at least one model")
        arrays = self.embeddings
        if not isinstance(arrays, _NoVectors):
            arrays = types.MappingProxyType({model: _checked_embedding(model, values, ids)
                                             for model, values in self.embeddings.items()})
        for facet in self.facets.values():
            if len(facet.codes) != len(ids):
                raise InputError(f"facet {facet.key!r} has {len(facet.codes)} values", source=self.name,
                                 expected=f"{len(ids)}, one per patient")
        object.__setattr__(self, "embeddings", arrays)
        object.__setattr__(self, "facets", types.MappingProxyType(dict(self.facets)))
        if self.row_rule is RowRule.ALL and PATIENT_OF_NODE not in self.patients:
            raise InputError("it does not say whose its rows are", source=self.name, expected=f"a column {PATIENT_OF_NODE!r}")
        object.__setattr__(self, "provenance", types.MappingProxyType(dict(self.provenance)))
        object.__setattr__(self, "column_notes", types.MappingProxyType(dict(self.column_notes)))

    @cached_property
    def patient_ids(self) -> tuple[str, ...]:
        """PatientIDs in row order."""
        return tuple(str(i) for i in self.patients.index)

    @cached_property
    def node_patients(self) -> tuple[str, ...]:
        """PatientID of each node, in row order: the node's name unless rows are nodes."""
        return tuple(self.patients[PATIENT_OF_NODE]) if self.row_rule is RowRule.ALL else self.patient_ids

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Row of each PatientID."""
        return types.MappingProxyType({patient: row for row, patient in enumerate(self.patient_ids)})

    @property
    def models(self) -> tuple[str, ...]:
        """Model names, alphabetical without regard to case."""
        return tuple(sorted(self.embeddings, key=str.lower))

    @property
    def has_vectors(self) -> bool:
        """Whether the embeddings themselves are known, here or where workers read them, not only the neighbors by them."""
        return not isinstance(self.embeddings, MissingVectors)

    def row_of(self, patient_id: str) -> int:
        """Row of a patient; InputError names an unknown one."""
        row = self.rows.get(str(patient_id))
        if row is None:
            raise InputError(f"no patient {patient_id!r}", source=self.name,
                             expected=f"one of its {len(self.patients)} PatientIDs")
        return row


def _checked_embedding(model, values, ids):
    given = np.asarray(values)
    dtype = np.float64 if given.dtype == np.float64 else np.float32
    if given.dtype != dtype or given.flags.writeable or given.base is not None:
        with np.errstate(over="ignore"):                # what float32 can not hold is reported as infinite
            given = np.array(given, dtype)
    if given.ndim != 2 or len(given) != len(ids) or not given.shape[1]:
        raise InputError(f"embedding has shape {given.shape}", source=model, expected=f"({len(ids)}, D)")
    bad = unusable_rows(given)
    if len(bad):
        row = int(bad[0])
        name = "a NaN or infinite value" if not np.isfinite(given[row]).all() else "only zeros"
        raise InputError(f"the embedding has {name}", source=model, row=f"patient {ids[row]}",
                         expected="finite, non-zero vectors")
    given.flags.writeable = False
    return given
