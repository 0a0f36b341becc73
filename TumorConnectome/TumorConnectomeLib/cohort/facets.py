"""The facets of a cohort: sex, age, race, smoking, cancer type, stage, body side, and any other column that makes one."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .cohort import UNKNOWN, Facet
from .column_facets import column_facet, column_facets, why_no_facet
from .icd_o_3 import GROUP_NOTE, GROUPS, histological_group, is_known_name
from .row_rules import PATIENT_OF_NODE
from .words import known_categories

if TYPE_CHECKING:
    import pandas as pd

#: AJCC 6th edition, in clinical order; the position is NLST's code in `stage_code`
STAGES = ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IV")
_AGE_GROUPS = ("under 55", "55-59", "60-64", "65-69", "70-74", "75 and over")
_AGE_LIMITS = (0.0, 55.0, 60.0, 65.0, 70.0, 75.0, 120.0)
#: columns that have a facet of their own, or are behind one
_COVERED = ("sex", "age", "race", "smoking", "cancer_type", "icd_o_3", "stage_code", "body_side", PATIENT_OF_NODE)
#: categories of known words in display order; those after the first so many are listed only if present
_NAMES = {"sex": (("Male", "Female", "Other"), 2), "race": (("White", "Black", "Asian", "Other"), 4),
          "smoking": (("Current", "Former", "Never", "Other"), 2), "body_side": (("Left", "Right", "Other"), 2)}
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
        made["sex"] = _words(patients, "sex", "Sex")
    if "age" in patients:
        values = [_age_group(age) for age in patients["age"]]
        groups = (*_present(_AGE_GROUPS[:1], values), *_AGE_GROUPS[1:5], *_present(_AGE_GROUPS[5:], values))
        first = _AGE_GROUPS.index(groups[0])
        made["age"] = _facet("age", "Age (years)", groups, values, ordered=True)
        if patients["age"].notna().any():
            made["age"] = replace(made["age"], numbers=patients["age"].to_numpy(float),
                                  edges=_AGE_LIMITS[first:first + len(groups) + 1])
    if "race" in patients:
        made["race"] = _words(patients, "race", "Race")
    if "smoking" in patients:
        made["smoking"] = _words(patients, "smoking", "Smoking")
    if {"icd_o_3", "cancer_type"} & set(patients):
        made["cancer_type"] = _histology(patients)
    if "stage_code" in patients:
        values = [STAGES[int(code)] if code == code else None for code in patients["stage_code"]]
        made["stage"] = _facet("stage", "Stage (AJCC 6th edition)", STAGES, values, ordered=True,
                               note="AJCC 6th edition stage groups in clinical order; stage_code 0 to 6 stands for IA to IV.")
    if "body_side" in patients:
        made["body_side"] = _words(patients, "body_side", "Body side",
                                   "The patient's left or right, where the embedding files locate the annotated box: the "
                                   "sign of its LPS x coordinate.")
    made = {key: facet for key, facet in made.items() if facet is not None}
    return made | {key: facet for key, facet in column_facets(patients, _COVERED).items() if key not in made}


def facet_notes(patients: pd.DataFrame, facets: Mapping[str, Facet]) -> list[str]:
    """What the user should know about columns that could not be colored by as they are, one sentence each."""
    notes = []
    for column in _NAMES:
        if column in patients:
            _values, note = known_categories(column, patients[column])
            notes += [f"Column {column!r}: {note}"] if note else []
    for name in map(str, patients):
        if name in facets and facets[name].joined:
            notes.append(f"Column {name!r}: {facets[name].note}")
    return notes + uncolored_notes(patients, facets)


def uncolored_notes(patients: pd.DataFrame, facets: Mapping[str, Facet]) -> list[str]:
    """Why each column that is no facet can not color the patients, one sentence each; UIDs never do."""
    return [f"Column {name!r} {why_no_facet(patients[name])}." for name in map(str, patients)
            if name not in facets and name not in _COVERED and not name.endswith("UID")]


def _words(patients, column, title, note=""):
    """Facet of a column whose words are known; of its own words when most are not."""
    values, told = known_categories(column, patients[column])
    note = " ".join(filter(None, (note, told)))
    if values is None:
        facet = column_facet(column, patients[column], fewest=1)
        return None if facet is None else replace(facet, title=title, note=" ".join(filter(None, (facet.note, told))))
    names, always = _NAMES[column]
    return _facet(column, title, (*names[:always], *_present(names[always:], values)), values, note=note)


def _histology(patients):
    """Histological groups by code or name; the names themselves when they say of most patients nothing that is known."""
    codes = patients["icd_o_3"] if "icd_o_3" in patients else [float("nan")] * len(patients)
    names = patients["cancer_type"] if "cancer_type" in patients else [""] * len(patients)
    values = [histological_group(code, name) for code, name in zip(codes, names)]
    told = [bool(name) or code == code for code, name in zip(codes, names)]
    strange = sum(known and group in (None, _OTHER) and code != code and not is_known_name(name)
                  for known, group, code, name in zip(told, values, codes, names))
    if 2 * strange > sum(told):
        facet = column_facet("cancer_type", patients["cancer_type"], fewest=1)
        return None if facet is None else replace(facet, title="Cancer type", note="Names as they stand in the file.")
    return _facet("cancer_type", "Cancer type", GROUPS, values,
                  note=f"Histological group of the ICD-O-3 morphology code. {GROUP_NOTE}")


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
