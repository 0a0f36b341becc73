"""What a node of a cohort is when patients have several rows: the rules, and the patient of each node.

`readers.row_selection` applies the rules to files.
"""
from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .cohort import Cohort

#: column of the patient table that names the patient of a node, where one patient has several nodes
PATIENT_OF_NODE = "patient"


class RowRule(Enum):
    """What becomes of patients with several rows (several boxes, scans or follow-up studies of one patient)."""

    SINGLE = "single"
    FIRST = "first"
    LATEST = "latest"
    ALL = "all"
    MEAN = "mean"

    def label(self) -> str:
        """What the interface shows."""
        return {"single": "Only patients with exactly one row", "first": "First row of each patient",
                "latest": "Latest scan of each patient",
                "all": "All rows, each a node of its own", "mean": "Mean of each patient's rows"}[self.value]

    def meaning(self) -> str:
        """One phrase for provenance and help."""
        return {"single": "patients with exactly one row in every file",
                "first": "the first row of each patient that every file has",
                "latest": "the last row of each patient's latest scan that every file has (without dates the last row)",
                "all": "every row that every file has is a node of its own",
                "mean": "the mean of each patient's unit vectors over the rows that every file has; other values are those of "
                        "the first"}[self.value]


def one_node_per_patient(cohort: Cohort) -> Cohort:
    """The first node of each patient, under the patient's name: rows of one patient are no independent observations.

    A cohort without repeated patients is returned as it is.
    """
    import pandas as pd

    patients = cohort.node_patients
    if patients == cohort.patient_ids:
        return cohort
    unique, first = np.unique(np.array(patients, dtype=object).astype(str), return_index=True)
    table = cohort.patients.iloc[first].drop(columns=PATIENT_OF_NODE)
    table.index = pd.Index(unique.tolist(), name=cohort.patients.index.name, dtype=object)
    facets = {key: facet.of_rows(first) for key, facet in cohort.facets.items()}
    rule = RowRule.FIRST
    return replace(cohort, patients=table, embeddings={model: values[first] for model, values in cohort.embeddings.items()},
                   facets=facets, provenance={**cohort.provenance, "rule": rule.meaning()}, row_rule=rule)
