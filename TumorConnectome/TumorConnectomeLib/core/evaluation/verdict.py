"""The verdict on a cohort: what each model is good for, in plain sentences that are never stronger than the figures.

"1.20 times as often as chance" without a reservation needs both q <= .05 and an interval of the lift that lies above 1;
with only one of them the sentence says what is missing. Limits are rounded outwards and q upwards, so that no rounded figure
claims more than the exact one. Models are not ranked: differences between them are not tested here.
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .controls import NEGATIVE_CONTROL, POSITIVE_CONTROL, TESTED
from .metrics import PRECISION
from .same_patient import ANY_SERIES, R_AT_1

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
#: fewer queries (or patients) than this give intervals that are not to be relied on
FEW = 30
#: a lift up to this is called small, however certain
SMALL_LIFT = 1.1
#: when less than this share of a lift remains within strata, they are said to explain most of it
HALF = 0.5


class Strength(Enum):
    """How much a row of the evaluation table says."""

    EVIDENCE = "more often than chance"
    UNSURE = "not chance alone, of unknown size"
    HINT = "significant only before correction"
    NONE = "no evidence"
    UNTOLD = "no query has a relevant target"


def strength(row: Mapping) -> Strength:
    """What a row of the evaluation table allows to say."""
    if not row["n"] or not row["null_mean"] > 0:
        return Strength.UNTOLD
    if row["q"] <= ALPHA:
        return Strength.EVIDENCE if row["ci_low"] > 1 else Strength.UNSURE
    return Strength.HINT if row["p"] <= ALPHA else Strength.NONE


def verdict(table: pd.DataFrame, titles: Mapping[str, str], same_patient: pd.DataFrame | None = None,
            confounds: pd.DataFrame | None = None, distance: str = "") -> list[str]:
    """Plain sentences for one page: the controls, each model's facets and same-patient retrieval, and what was not looked at.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate`; its rows of P@k are put into words.
    titles : mapping of str to str
        Facet key to what the interface calls it; others are called by their key.
    same_patient, confounds : pandas.DataFrame, optional
        Of `same_patient.same_patient_retrieval` and `confounds.confound_table`.
    distance : str
        By which distance neighbours were found, if it is not the model's own: it is then said first.
    """
    precision = table[table["metric"] == PRECISION].to_dict("records")
    tests = int((table["role"] == TESTED).sum())
    lines = [f"Neighbors are by {distance}; same-patient retrieval by cosine distance."] if distance else []
    lines += [negative_control_sentence(precision), *positive_control_sentences(precision)]
    tested = [row for row in precision if row["role"] == TESTED]
    for model in dict.fromkeys(row["model"] for row in tested):
        mine = [row for row in tested if row["model"] == model]
        lines += [facet_sentence(row, titles, tests, confounds) for row in mine if strength(row) is not Strength.NONE]
        if nothing := [row for row in mine if strength(row) is Strength.NONE]:
            lines.append(no_evidence_sentence(nothing, titles))
        if same_patient is not None:
            lines += [same_patient_sentence(row) for row in same_patient.to_dict("records")
                      if (row["model"], row["metric"], row["targets"]) == (model, R_AT_1, ANY_SERIES)]
    if confounds is None and any(strength(row) is Strength.EVIDENCE for row in tested):
        lines.append("Whether body side, scanner or another column explains these lifts has not been looked at.")
    return [*lines, "More often than chance does not mean useful for a single patient.",
            "Differences between models were not tested."]


def facet_sentence(row: Mapping, titles: Mapping[str, str], tests: int, confounds: pd.DataFrame | None = None) -> str:
    """What one P@k row says that is more than no evidence; `tests` is the number of tests that q corrects for."""
    model, about, found = row["model"], _name(row["facet"], titles), strength(row)
    if found is Strength.UNTOLD:
        return f"{model}, {about}: can not be told, because the patients have no other one of the same category."
    k = int(row["k"])
    counts = f"{k * row['value']:.2f} of {k} neighbors instead of {k * row['null_mean']:.2f}"
    few = f" Only {row['n']} patients could be asked: the interval is rough." if row["n"] < FEW else ""
    figures = f"{_lift(row)} times as often as chance ({_interval(row)}; q = {_up(row['q'])}): {counts}"
    if found is Strength.EVIDENCE:
        small = ", a small effect" if row["lift"] <= SMALL_LIFT else ""
        return f"{model} finds the same {about} {figures}{small}.{few}{_within(row, confounds, titles)}"
    if found is Strength.UNSURE:
        return f"{model}, same {about}: hardly chance alone, but how much is unsure, perhaps nothing; {figures}.{few}"
    return f"{model}, same {about}: a hint, no evidence, as it does not hold among {tests} tests; {figures}.{few}"


def no_evidence_sentence(rows: list[Mapping], titles: Mapping[str, str]) -> str:
    """One sentence for all P@k rows of a model that show nothing."""
    facets = [f"{_name(row['facet'], titles)} ({_lift(row)}, {_interval(row)})" for row in rows]
    few = " Some have few patients." if any(row["n"] < FEW for row in rows) else ""
    return f"{rows[0]['model']}: no evidence, by lift over chance, that it finds the same {_listed(facets, 'or')}.{few}"


def negative_control_sentence(rows: list[Mapping]) -> str:
    """What the negative control says about these P@k rows."""
    asked = [row for row in rows if row["role"] == NEGATIVE_CONTROL and row["n"]]
    if not asked:
        return "There is no negative control."
    if seen := [row["model"] for row in asked if row["q"] <= ALPHA]:
        return (f"Warning: {_listed(seen)} found the negative control (random groups) after correction. Do not rely on the "
                "other results before this is explained; try another seed.")
    below = sum(row["p"] <= ALPHA for row in asked)
    return (f"Negative control (random groups): found by none of {len(asked)} models after correction; {below} at p <= "
            f"{ALPHA:.2f}, where one in twenty is expected.")


def positive_control_sentences(rows: list[Mapping]) -> list[str]:
    """What the positive control says about these P@k rows."""
    asked = [row for row in rows if row["role"] == POSITIVE_CONTROL and strength(row) is not Strength.UNTOLD]
    if not asked:
        return ["There is no positive control: the body side of the tumors is not known."]
    found = [row for row in asked if strength(row) is Strength.EVIDENCE]
    lines = []
    if found:
        lifts = [f"{row['model']} {_lift(row)} times" for row in found]
        lines.append(f"Positive control (body side): found by {_listed(lifts)} as often as chance.")
    if missed := [row["model"] for row in asked if row not in found]:
        lines.append(f"Positive control (body side): not shown for {_listed(missed)}. There, no evidence for anything else "
                     "says little: the embedding may not describe the tumor, or its rows may be mixed up.")
    return lines


def same_patient_sentence(row: Mapping) -> str:
    """What one R@1 row of same-patient retrieval says."""
    if not row["n"]:
        return f"{row['model']}, same patient: can not be told, because no patient has two CT series."
    low, high = _outward(row["value_low"], row["value_high"])
    compared = "above chance" if row["value_low"] > row["chance"] else "not clearly above chance"
    few = f" Only {row['patients']} patients: the interval is rough." if row["patients"] < FEW else ""
    return (f"{row['model']}, same patient: in a share of {row['value']:.2f} of {row['n']} queries the nearest case is the "
            f"same patient in another CT series (95 % CI {low} to {high}), {compared} ({row['chance']:.4f}).{few}")


def _within(row, confounds, titles):
    """What remains of the lift of a row within strata of other columns."""
    if confounds is None:
        return ""
    here = confounds[(confounds["model"] == row["model"]) & (confounds["facet"] == row["facet"])
                     & (confounds["metric"] == row["metric"])]
    parts = []
    for inner in here.to_dict("records"):
        part = f"{inner['within_lift']:.2f} within {_name(inner['within'], titles)}"
        if not inner["within_p"] <= ALPHA:
            part += " (no longer significant)"
        elif inner["remains"] < HALF:
            part += " (which explains most of it)"
        parts.append(part)
    return f" Strata of other columns leave {_listed(parts)}." if parts else ""


def _name(key, titles):
    """A title within a sentence: "Stage (AJCC 6th edition)" -> "stage"."""
    name = titles.get(key, key).partition(" (")[0]
    return name[:1].lower() + name[1:]


def _listed(names, word="and"):
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]


def _lift(row):
    return f"{row['lift']:.2f}"


def _interval(row):
    if np.isnan(row["ci_low"]):
        return "no 95 % CI"
    return "95 % CI {} to {}".format(*_outward(row["ci_low"], row["ci_high"]))


def _outward(low, high):
    """Limits as texts, the lower rounded down and the upper rounded up."""
    # 1.1 * 100 is a little more than 110: not a reason to show 1.11
    return f"{np.floor(np.round(low * 100, 6)) / 100:.2f}", f"{np.ceil(np.round(high * 100, 6)) / 100:.2f}"


def _up(q):
    return f"{np.ceil(np.round(q * 1000, 6)) / 1000:.3f}"
