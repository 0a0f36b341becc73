"""The facets of a cohort: sex, age, race, smoking, cancer type, stage, body side, and any other column that makes one."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .cohort import UNKNOWN, Facet
from .column_facets import column_facets
from .icd_o_3 import GROUP_NOTE, GROUPS, histological_group
from .row_rules import PATIENT_OF_NODE

if TYPE_CHECKING:
    import pandas as pd

#: AJCC 6th edition, in clinical order; the position is NLST's code in `stage_code`
STAGES = ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IV")
_AGE_GROUPS = ("under 55", "55-59", "60-64", "65-69", "70-74", "75 and over")
_AGE_LIMITS = (0.0, 55.0, 60.0, 65.0, 70.0, 75.0, 120.0)
#: columns that have a facet of their own, or are behind one
_COVERED = ("sex", "age", "race", "smoking", "cancer_type", "icd_o_3", "stage_code", "body_side", PATIENT_OF_NODE)
_SEX = {"m": "Male", "male": "Male", "f": "Female", "female": "Female"}
_RACE = {"white": "White", "black": "Black", "black or african-american": "Black", "asian": "Asian"}
_SIDE = {"left": "Left", "l": "Left", "right": "Right", "r": "Right"}
_SMOKING = {"current": "Current", "former": "Former", "never": "Never"}
_OTHER = "Other"


def standard_facets(patients: pd.DataFrame) -> dict[str, Facet]:
    """Facets of a patient table (see `patient_table.normalized`); a facet without its column is left out.

    Returns
    -------
    dict of str to Facet
        Keys in display order, of ``sex``, ``age``, ``race``, ``smoking``, ``cancer_type``, ``stage``, ``body_side``, then
        other columns, see `column_facets.column_facets`.
    """
    made = {}
    if "sex" in patients:
        values = _named(patients["sex"], _SEX)
        made["sex"] = _facet("sex", "Sex", ("Male", "Female", *_present((_OTHER,), values)), values)
    if "age" in patients:
        values = [_age_group(age) for age in patients["age"]]
        groups = (*_present(_AGE_GROUPS[:1], values), *_AGE_GROUPS[1:5], *_present(_AGE_GROUPS[5:], values))
        first = _AGE_GROUPS.index(groups[0])
        made["age"] = _facet("age", "Age (years)", groups, values, ordered=True)
        if patients["age"].notna().any():
            made["age"] = replace(made["age"], numbers=patients["age"].to_numpy(float),
                                  edges=_AGE_LIMITS[first:first + len(groups) + 1])
    if "race" in patients:
        values = _named(patients["race"], _RACE)
        made["race"] = _facet("race", "Race", ("White", "Black", "Asian", _OTHER), values)
    if "smoking" in patients:
        values = _named(patients["smoking"], _SMOKING)
        made["smoking"] = _facet("smoking", "Smoking", ("Current", "Former", *_present(("Never", _OTHER), values)), values)
    if {"icd_o_3", "cancer_type"} & set(patients):
        codes = patients["icd_o_3"] if "icd_o_3" in patients else [float("nan")] * len(patients)
        names = patients["cancer_type"] if "cancer_type" in patients else [""] * len(patients)
        values = [histological_group(code, name) for code, name in zip(codes, names)]
        made["cancer_type"] = _facet("cancer_type", "Cancer type", GROUPS, values,
                                     note=f"Histological group of the ICD-O-3 morphology code. {GROUP_NOTE}")
    if "stage_code" in patients:
        values = [STAGES[int(code)] if code == code else None for code in patients["stage_code"]]
        made["stage"] = _facet("stage", "Stage (AJCC 6th edition)", STAGES, values, ordered=True,
                               note="AJCC 6th edition stage groups in clinical order; stage_code 0 to 6 stands for IA to IV.")
    if "body_side" in patients:
        values = _named(patients["body_side"], _SIDE)
        made["body_side"] = _facet("body_side", "Body side", ("Left", "Right", *_present((_OTHER,), values)), values,
                                   note="The patient's left or right, where the embedding files locate the annotated box: the "
                                        "sign of its LPS x coordinate.")
    return made | column_facets(patients, _COVERED)


def _named(texts, names):
    """Category of each text; what is written but not known is "Other", not unknown."""
    return [names.get(text.lower(), _OTHER) if text else None for text in texts]


def _present(names, values):
    return [name for name in names if name in values]


def _age_group(age):
    if age != age:
        return None
    return _AGE_GROUPS[min(max(int(age - 50) // 5, 0), 5)]


def _facet(key, title, names: Sequence[str], values: Sequence[str | None], *, ordered=False, note=""):
    missing = any(value is None for value in values)
    names = (*names, *((UNKNOWN,) if missing else ()))
    place = {name: code for code, name in enumerate(names)}
    return Facet(key, title, names, [place[value or UNKNOWN] for value in values], ordered, note)
