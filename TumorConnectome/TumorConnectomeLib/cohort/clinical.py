"""Clinical columns from elsewhere: how they join a cohort, and what is kept about each."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from .cohort import Cohort
from .facets import standard_facets


@dataclass(frozen=True)
class ClinicalColumn:
    """One column, of any number of patients.

    Parameters
    ----------
    name : str
        Its name in the patient table: one of cohort.PATIENT_COLUMNS, or its own.
    title, note : str
        What the interface shows; what the values are and where they come from.
    values : mapping of str to str or float
        PatientID to a text or number. Patients that are missing have no value. All are of one kind.
    """

    name: str
    title: str
    note: str
    values: Mapping[str, str | float]

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return any(isinstance(value, float) for value in self.values.values())


def with_clinical(cohort: Cohort, columns: Sequence[ClinicalColumn], source: str) -> Cohort:
    """The cohort with clinical columns in its patient table, and facets of them.

    A value that the cohort has already stays; gaps are filled. Columns without any value for these patients are left out.

    Parameters
    ----------
    cohort : Cohort
    columns : sequence of ClinicalColumn
    source : str
        One sentence about where they come from, for the provenance; how many patients were found is added.

    Raises
    ------
    InputError
        None of the patients has a value.
    """
    patients, nodes, notes = cohort.patients.copy(), cohort.node_patients, {}
    found = np.zeros(len(nodes), bool)
    for column in columns:
        known = np.array([patient in column.values for patient in nodes])
        if not known.any():
            continue
        found |= known
        notes[column.name] = column.title, column.note
        missing = math.nan if column.numeric else ""
        values = [column.values.get(patient, missing) for patient in nodes]
        made = np.array(values, np.float64 if column.numeric else object)
        if column.name in patients:
            ours = patients[column.name]
            if (ours.dtype == float) != column.numeric:
                continue                                # not the same thing under one name: the cohort's own stays
            made = ours.where(ours.notna() if ours.dtype == float else ours != "", made)
        patients[column.name] = made
    if not found.any():
        raise InputError("none of its patients has clinical data there", source=cohort.name, expected="patients of the NLST")
    count = len({patient for patient, one in zip(nodes, found) if one})
    facets = {key: replace(facet, title=notes[key][0], note=notes[key][1]) if key in notes and key not in cohort.facets
              and not facet.note else facet for key, facet in standard_facets(patients).items()}
    return replace(
        cohort, patients=patients, column_notes={**cohort.column_notes, **notes},
        facets={**facets, **{key: facet for key, facet in cohort.facets.items() if key not in facets}},
        clinical=f"{source}: {count} of {len(set(nodes))} patients, {len(notes)} columns.")
