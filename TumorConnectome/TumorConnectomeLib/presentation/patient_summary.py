"""What the interface says about one patient: clinical values in words, neighbors, and who matched them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..cohort.cohort import Cohort, Facet
from ..cohort.facets import STAGES, UNKNOWN
from ..connectome.analysis import ModelAnalysis
from ..connectome.connectome import Connectome
from ..connectome.votes import edge_votes
from ..neighbors.match import Match

_WORDS = {"M": "Male", "F": "Female"}


@dataclass(frozen=True)
class PairRow:
    """One line of a neighbor table.

    Parameters
    ----------
    rank : int
        Place in the neighbor list of the patient whose list it is.
    patient_id : str
        The other patient.
    distance : float
        Cosine distance, 0..2.
    percentile : float
        Percent of the model's patient pairs that are farther apart.
    value : str
        The other patient's category of the chosen facet, "" without a facet.
    same : bool or None
        Whether both patients have the same category; None when that is unknown or there is no facet.
    votes, models : int or None, int
        In how many models the pair is among the k most (or least) similar, and of how many; None when it was not counted.
    same_patient : bool
        Whether both are rows of one patient (in a cohort where every row is a node).
    """

    rank: int
    patient_id: str
    distance: float
    percentile: float
    value: str = ""
    same: bool | None = None
    votes: int | None = None
    models: int = 0
    same_patient: bool = False


def neighbor_rows(connectome: Connectome, node: int, facet: Facet | None = None,
                  analyses: Mapping[str, ModelAnalysis] | None = None, patients: Sequence[str] = ()) -> list[PairRow]:
    """The neighbors of a patient, by rank.

    Parameters
    ----------
    connectome : Connectome
    node : int
        Row of the patient.
    facet : Facet, optional
        Compares the two patients' categories.
    analyses : mapping of str to ModelAnalysis, optional
        All models of the cohort: counts those that list the pair, too.
    patients : sequence of str, optional
        PatientID of each node, where a patient has several (see `Cohort.node_patients`).
    """
    return _rows(connectome, np.flatnonzero(connectome.sources == node), node, connectome.targets, facet, analyses, patients)


def matched_by_rows(connectome: Connectome, node: int, facet: Facet | None = None,
                    analyses: Mapping[str, ModelAnalysis] | None = None, patients: Sequence[str] = ()) -> list[PairRow]:
    """The patients that have this one among their neighbors, by their rank, then distance; see `neighbor_rows`."""
    return _rows(connectome, np.flatnonzero(connectome.targets == node), node, connectome.sources, facet, analyses, patients)


def _rows(connectome, edges, node, others, facet, analyses, patients):
    votes = edge_votes(analyses, connectome, edges).tolist() if analyses else [None] * len(edges)
    rows = [PairRow(int(connectome.ranks[e]), connectome.patient_ids[others[e]], float(connectome.distances[e]),
                    float(connectome.percentiles[e]), *_comparison(facet, node, others[e]), count, len(analyses or ()),
                    bool(patients) and patients[node] == patients[others[e]])
            for e, count in zip(edges, votes)]
    sign = 1 if connectome.match is Match.MOST else -1
    return sorted(rows, key=lambda row: (row.rank, sign * row.distance, row.patient_id))


def _comparison(facet, node, other):
    """The other patient's category, and whether it is the same one."""
    if facet is None:
        return "", None
    values = [facet.categories[facet.codes[row]] for row in (node, other)]
    return values[1], None if UNKNOWN in values else values[0] == values[1]


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


def pair_text(meaning: str, distance: float, percentile: float) -> str:
    """What is said about a pair, in tables, tooltips and the panel: "cosine distance 0.012300, closer than 99.6 % of pairs".

    `meaning` says what the distance is.
    """
    return f"{meaning} {distance_text(distance)}, {percentile_text(percentile)}"


def distance_text(distance: float) -> str:
    """Six decimals: some models have all patients within 0.0074."""
    return f"{distance:.6f}"


def percentile_text(percentile: float) -> str:
    """A percentile as a statement: "closer than 99.6 % of pairs" (never rounded up to 100)."""
    return f"closer than {percent_text(percentile)} of pairs" if percentile == percentile else "no pairs to compare with"


def percent_text(percentile: float) -> str:
    """A percentile as "99.6 %", with as many decimals as tell it from 100 or 0 (at most four); "" for NaN.

    Rounded towards the middle of the scale, so that it never claims too much.
    """
    if percentile != percentile:
        return ""
    rest = min(percentile, 100 - percentile)
    decimals = int(np.clip(np.ceil(-np.log10(rest)), 1, 4)) if rest > 0 else 1
    scaled = round(percentile * 10**decimals, 6)        # takes back what the binary form of 99.6 lacks
    shown = (np.floor(scaled) if percentile >= 50 else np.ceil(scaled)) / 10**decimals
    return f"{shown:.{decimals}f} %"
