"""Scans of a patient in order of time: the nodes of each study where all rows are nodes and dates are known."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cohort import Cohort
from .study_dates import study_dates

#: shifted dates of the screening rounds of the National Lung Screening Trial
_ROUNDS = {"1999-01-02": "T0", "2000-01-02": "T1", "2001-01-02": "T2"}
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Scan:
    """The nodes of a patient and a date.

    Parameters
    ----------
    patient : str
    date : np.datetime64
    name : str
        "T0", "T1", ...: the screening round of the trial if all dates of the cohort are such, else the number of the scan.
    nodes : np.ndarray
        int64, in the order of the cohort: several where a scan has several boxes or series.
    """

    patient: str
    date: np.datetime64
    name: str
    nodes: np.ndarray


def scans_of(cohort: Cohort) -> list[tuple[Scan, ...]]:
    """The scans of each patient with a known date, the earliest first; patients in the order of the cohort."""
    dates = study_dates(cohort.patients, len(cohort.patients))
    found: dict[str, dict[np.datetime64, list[int]]] = {}
    for node, (patient, date) in enumerate(zip(cohort.node_patients, dates)):
        if not np.isnat(date):
            found.setdefault(patient, {}).setdefault(date, []).append(node)
    rounds = all(str(date) in _ROUNDS for mine in found.values() for date in mine)
    return [tuple(Scan(patient, date, _ROUNDS[str(date)] if rounds else f"T{number}", np.array(mine[date], np.int64))
                  for number, date in enumerate(sorted(mine))) for patient, mine in found.items()]


def paths_of(cohort: Cohort) -> list[tuple[Scan, ...]]:
    """The scans of each patient with at least two dates."""
    return [scans for scans in scans_of(cohort) if len(scans) > 1]


def years_between(one: Scan, other: Scan) -> float:
    """Years from one scan to a later one."""
    return float((other.date - one.date).astype(int)) / _DAYS_PER_YEAR
