"""What the interface says about one patient: clinical values in words, neighbours, and who matched them."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cohort import Cohort
from .connectome import Connectome, Match
from .facets import STAGES

_WORDS = {"M": "Male", "F": "Female"}


@dataclass(frozen=True)
class PairRow:
    """One line of a neighbour table.

    Parameters
    ----------
    rank : int
        Place in the neighbour list of the patient whose list it is.
    patient_id : str
        The other patient.
    distance : float
        Cosine distance, 0..2.
    percentile : float
        Percent of the model's patient pairs that are farther apart.
    """

    rank: int
    patient_id: str
    distance: float
    percentile: float


def neighbor_rows(connectome: Connectome, node: int) -> list[PairRow]:
    """The neighbours of a patient, by rank."""
    return _rows(connectome, np.flatnonzero(connectome.sources == node), connectome.targets)


def matched_by_rows(connectome: Connectome, node: int) -> list[PairRow]:
    """The patients that have this one among their neighbours, by their rank, then distance."""
    return _rows(connectome, np.flatnonzero(connectome.targets == node), connectome.sources)


def _rows(connectome, edges, others):
    rows = [PairRow(int(connectome.ranks[e]), connectome.patient_ids[others[e]], float(connectome.distances[e]),
                    float(connectome.percentiles[e])) for e in edges]
    sign = 1 if connectome.match is Match.MOST else -1
    return sorted(rows, key=lambda row: (row.rank, sign * row.distance, row.patient_id))


def clinical_values(cohort: Cohort, node: int) -> list[tuple[str, str]]:
    """Name and value of what is known about a patient, codes spelled out, units given; unknown values say so."""
    record = cohort.patients.iloc[node]
    values = []
    if "age" in record:
        values.append(("Age", f"{record['age']:.0f} years" if record["age"] == record["age"] else "unknown"))
    for name, title in (("sex", "Sex"), ("race", "Race"), ("smoking", "Smoking")):
        if name in record:
            values.append((title, _WORDS.get(record[name], record[name]) or "unknown"))
    if "cancer_type" in record or "icd_o_3" in record:
        code = record.get("icd_o_3", np.nan)
        code_text = f" (ICD-O-3 {code:.0f})" if code == code else ""
        values.append(("Cancer type", (record.get("cancer_type") or "unknown") + code_text))
    if "stage_code" in record:
        code = record["stage_code"]
        values.append(("Stage", f"{STAGES[int(code)]} (AJCC 6th edition)" if code == code else "unknown"))
    return values


def percentile_text(percentile: float) -> str:
    """A percentile as a statement: "closer than 99.6 % of pairs" (never rounded up to 100)."""
    shown = np.floor(percentile * 10) / 10 if percentile >= 50 else np.ceil(percentile * 10) / 10
    return f"closer than {shown:.1f} % of pairs" if percentile == percentile else "no pairs to compare with"
