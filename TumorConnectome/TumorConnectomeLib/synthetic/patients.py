"""The made-up patients: clinical data, tumor and body, drawn from one seed."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .seeds import random_generator

PATIENT_COUNT = 48
#: ICD-O-3 morphology codes and names
_HISTOLOGY = {
    "8140": "Adenocarcinoma, NOS", "8250": "Lepidic adenocarcinoma", "8070": "Squamous cell carcinoma, NOS",
    "8041": "Small cell carcinoma, NOS", "8012": "Large cell carcinoma, NOS", "8240": "Carcinoid tumor, NOS",
    "8046": "Non-small cell carcinoma",
}
#: how often each histology is drawn: (attenuation, diameter at least) -> weights
_HISTOLOGY_WEIGHTS = {
    ("ground-glass", 0): {"8250": 6, "8140": 4},
    ("part-solid", 0): {"8140": 6, "8250": 2, "8070": 1, "8046": 1},
    ("solid", 0): {"8140": 3, "8070": 3, "8240": 2, "8046": 1, "8041": 1},
    ("solid", 18): {"8140": 3, "8070": 3, "8041": 3, "8012": 2, "8046": 1},
}


@dataclass(frozen=True)
class Tumor:
    """What the one nodule of a patient looks like.

    Parameters
    ----------
    side : str
        ``left`` or ``right``, of the patient.
    diameter : float
        Mean diameter in mm without spicules, 6 to 40.
    attenuation : str
        ``solid``, ``part-solid`` or ``ground-glass``.
    margin : str
        ``smooth``, ``lobulated`` or ``spiculated``.
    pleural : bool
        Whether it touches the pleura.
    """

    side: str
    diameter: float
    attenuation: str
    margin: str
    pleural: bool


@dataclass(frozen=True)
class SyntheticPatient:
    """One made-up patient; ``None`` is a value that was not recorded. Stage codes 0..6 are AJCC 6th edition IA..IV."""

    number: int
    age: int
    sex: str
    race: str | None
    smoking: str | None
    icd_o_3: str
    stage_code: int | None
    tumor: Tumor

    @property
    def patient_id(self) -> str:
        """PatientID, SYN-001 and so on."""
        return f"SYN-{self.number:03d}"

    @property
    def cancer_type(self) -> str:
        """Name of the ICD-O-3 morphology code."""
        return _HISTOLOGY[self.icd_o_3]


def _pick(rng, weights):
    names = list(weights)
    edges = np.cumsum([weights[name] for name in names], dtype=float)
    return names[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def _draw_tumor(rng, rank, attenuation):
    # one patient per step of a logarithmic scale: all sizes occur, small ones more often
    diameter = 6.0 * (40.0 / 6.0) ** ((rank + rng.random()) / PATIENT_COUNT)
    margins = {"smooth": 4, "lobulated": 3} if attenuation == "ground-glass" else {"smooth": 3, "lobulated": 3, "spiculated": 4}
    margin = "spiculated" if diameter > 30 and attenuation == "solid" else _pick(rng, margins)
    if attenuation == "ground-glass":                  # smaller ones are not seen at this slice thickness
        diameter = max(diameter, 7.5)
    return Tumor(side=_pick(rng, {"right": 3, "left": 2}), diameter=round(diameter, 1), attenuation=attenuation,
                 margin=margin, pleural=bool(rng.random() < 0.3))


def _draw_stage(rng, diameter):
    """Draw a stage code that grows weakly with size: half of the small tumors are stage IA."""
    score = (diameter - 6.0) / 34.0 * 3.2 + 2.6 * rng.standard_normal() - 0.6
    return int(np.clip(np.rint(score), 0, 6))


def _draw_patient(number, rank, attenuation):
    rng = random_generator(number, "patient")
    tumor = _draw_tumor(rng, rank, attenuation)
    least = 18 if attenuation == "solid" and tumor.diameter >= 18 else 0
    return SyntheticPatient(
        number=number, age=int(np.clip(np.rint(62.5 + 5.2 * rng.standard_normal()), 55, 74)),
        sex=_pick(rng, {"M": 58, "F": 42}),
        race=_pick(rng, {"White": 70, "Black": 14, "Asian": 8, "Other": 4, None: 4}),
        smoking=_pick(rng, {"Current": 55, "Former": 40, None: 5}),
        icd_o_3=_pick(rng, _HISTOLOGY_WEIGHTS[attenuation, least]),
        stage_code=None if rng.random() < 0.06 else _draw_stage(rng, tumor.diameter), tumor=tumor)


@functools.cache
def synthetic_patients() -> tuple[SyntheticPatient, ...]:
    """Return all patients in the order of their PatientIDs."""
    rng = random_generator(0, "cohort")
    ranks = rng.permutation(PATIENT_COUNT)
    kinds = rng.permutation(["solid"] * (PATIENT_COUNT // 2) + ["part-solid", "ground-glass"] * (PATIENT_COUNT // 4))
    return tuple(_draw_patient(i + 1, int(ranks[i]), str(kinds[i])) for i in range(PATIENT_COUNT))


def patient_ids() -> tuple[str, ...]:
    """Return the PatientIDs of the synthetic cohort, ascending."""
    return tuple(patient.patient_id for patient in synthetic_patients())


def find_patient(patient_id: str) -> SyntheticPatient:
    """Return one patient; InputError for an id that is not synthetic."""
    for patient in synthetic_patients():
        if patient.patient_id == patient_id:
            return patient
    raise InputError(f"no synthetic patient {str(patient_id)[:40]!r}", expected=f"SYN-001 to SYN-{PATIENT_COUNT:03d}")
