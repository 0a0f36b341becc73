"""The six standard facets of a cohort: sex, age, race, smoking, cancer type and stage."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .cohort import Facet
from .icd_o_3 import GROUPS, histological_group

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "Unknown"
#: AJCC 6th edition, in clinical order; the position is NLST's code in `stage_code`
STAGES = ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IV")
_AGE_GROUPS = ("under 55", "55-59", "60-64", "65-69", "70-74", "75 and over")
_SEX = {"m": "Male", "male": "Male", "f": "Female", "female": "Female"}
_RACE = {"white": "White", "black": "Black", "black or african-american": "Black", "asian": "Asian"}
_SMOKING = {"current": "Current", "former": "Former"}


def standard_facets(patients: pd.DataFrame) -> dict[str, Facet]:
    """Facets of a patient table (see `patient_table.normalized`); a facet without its column is left out.

    Returns
    -------
    dict of str to Facet
        Keys in display order, of ``sex``, ``age``, ``race``, ``smoking``, ``cancer_type``, ``stage``.
    """
    made = {}
    if "sex" in patients:
        values = [_SEX.get(v.lower()) for v in patients["sex"]]
        made["sex"] = _facet("sex", "Sex", ("Male", "Female"), values)
    if "age" in patients:
        values = [_age_group(age) for age in patients["age"]]
        groups = [group for group in _AGE_GROUPS if group in values or group in _AGE_GROUPS[1:5]]
        made["age"] = _facet("age", "Age (years)", groups, values, ordered=True)
    if "race" in patients:
        values = [_RACE.get(v.lower(), "Other") if v else None for v in patients["race"]]
        made["race"] = _facet("race", "Race", ("White", "Black", "Asian", "Other"), values)
    if "smoking" in patients:
        values = [_SMOKING.get(v.lower()) for v in patients["smoking"]]
        made["smoking"] = _facet("smoking", "Smoking", ("Current", "Former"), values)
    if {"icd_o_3", "cancer_type"} & set(patients):
        codes = patients["icd_o_3"] if "icd_o_3" in patients else [float("nan")] * len(patients)
        names = patients["cancer_type"] if "cancer_type" in patients else [""] * len(patients)
        values = [histological_group(code, name) for code, name in zip(codes, names)]
        made["cancer_type"] = _facet("cancer_type", "Cancer type", GROUPS, values,
                                     note="Histological group of the ICD-O-3 morphology code.")
    if "stage_code" in patients:
        values = [STAGES[int(code)] if code == code else None for code in patients["stage_code"]]
        made["stage"] = _facet("stage", "Stage (AJCC 6th edition)", STAGES, values, ordered=True,
                               note="NLST's de_stag in the AJCC 6th edition; the embedding files hold it as codes 0 to 6.")
    return made


def _age_group(age):
    if age != age:
        return None
    return _AGE_GROUPS[min(max(int(age - 50) // 5, 0), 5)]


def _facet(key, title, names: Sequence[str], values: Sequence[str | None], *, ordered=False, note=""):
    missing = any(value is None for value in values)
    names = (*names, *((UNKNOWN,) if missing else ()))
    place = {name: code for code, name in enumerate(names)}
    return Facet(key, title, names, [place[value or UNKNOWN] for value in values], ordered, note)
