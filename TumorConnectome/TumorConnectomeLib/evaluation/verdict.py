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
from .intervals import COVERAGE
from .metrics import PRECISION
from .report import Section
from .same_patient import ANY_SERIES, OTHER_STUDY, R_AT_1

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
#: fewer queries (or patients) than this give intervals that are not to be relied on
FEW = 30
#: a lift up to this is called small, however certain
SMALL_LIFT = 1.1
LIFT_CAPTION = (f"P@k over what label permutations give (1.00 is chance), with its 95 % CI; * q <= {ALPHA:.2f} after "
                "correction for all tests.")
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
            confounds: pd.DataFrame | None = None, votes: pd.DataFrame | None = None, distance: str = "",
            note: str = "") -> list[Section]:
    """Plain sentences for one page: the controls, what each model is good for and what not, and the limits of all that.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate`; its rows of P@k are put into words.
    titles : mapping of str to str
        Facet key to what the interface calls it; others are called by their key.
    same_patient, confounds, votes : pandas.DataFrame, optional
        Of `same_patient.same_patient_retrieval`, `confounds.confound_table` and `vote_table.vote_table`.
    distance : str
        By which distance neighbors were found, if it is not the model's own: it is then said first.
    note : str
        Of same-patient retrieval.
    """
    precision = table[table["metric"] == PRECISION].to_dict("records")
    tests = int(((table["role"] == TESTED) & table["p"].notna()).sum())
    lines = [f"Neighbors are by {distance}; same-patient retrieval by cosine distance."] if distance else []
    sections = [Section("Can the figures be trusted?", (
        *lines, negative_control_sentence(precision), *positive_control_sentences(precision)))]
    tested = [row for row in precision if row["role"] == TESTED]
    for model in dict.fromkeys(row["model"] for row in tested):
        mine = [row for row in tested if row["model"] == model]
        lines = [facet_sentence(row, titles, tests, confounds) for row in mine if strength(row) is not Strength.NONE]
        nothing = [row for row in mine if strength(row) is Strength.NONE]
        small = [row for row in nothing if row["ci_high"] <= SMALL_LIFT and row["n"] >= FEW]
        lines += [not_good_sentence(small, titles)] if small else []
        if rest := [row for row in nothing if row not in small]:
            lines.append(no_evidence_sentence(rest, titles))
        if same_patient is not None:
            first = {row["targets"]: row for row in same_patient.to_dict("records")
                     if (row["model"], row["metric"]) == (model, R_AT_1)}
            kind = OTHER_STUDY if OTHER_STUDY in first and first[OTHER_STUDY]["n"] else ANY_SERIES
            lines += [same_patient_sentence(first[kind])] if kind in first else []
        sections.append(Section(model, tuple(lines)))
    if votes is not None and (lines := vote_sentences(votes, titles)):
        sections.append(Section("When several models agree", tuple(lines)))
    unlooked = confounds is None and any(strength(row) is Strength.EVIDENCE for row in tested)
    return [*sections, Section("Limits", tuple(limit_sentences(tests, len(tested), unlooked, note)))]


def limit_sentences(tests: int, comparisons: int, unlooked: bool, note: str) -> list[str]:
    """What holds for all figures; `unlooked`: lifts were found, and nobody looked for confounds."""
    lines = ["Whether body side, scanner or another column explains these lifts has not been looked at."] if unlooked else []
    lines += [f"{note.rstrip('.')}."] if note else []
    if tests:
        lines.append(
            f"q is the false discovery rate by Benjamini and Hochberg over {tests} tests (models x facets x metrics, controls "
            f"apart): of all that is reported at q <= {ALPHA:.2f}, not more than one in twenty is expected to be chance. The "
            f"95 % intervals of the {comparisons} lifts put into words are for one comparison each and not corrected for their "
            f"number; {COVERAGE}.")
    return [*lines, "No evidence for a facet does not show that a model can not see it.",
            "More often than chance does not mean useful for a single patient.", "Differences between models were not tested."]


def lift_table(table: pd.DataFrame, titles: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Lifts of P@k as texts: a head, then one row per model."""
    rows = table[table["metric"] == PRECISION].to_dict("records")
    cells = {(row["model"], row["facet"]): row for row in rows}
    roles = {row["facet"]: row["role"] for row in rows}
    heads = [titles.get(key, key).partition(" (")[0] + (f" ({role})" if role != TESTED else "") for key, role in roles.items()]
    lines = [("Model", *heads)]
    for model in dict.fromkeys(row["model"] for row in rows):
        found = [cells[model, key] for key in roles]
        lines.append((model, *("not defined" if strength(row) is Strength.UNTOLD else
                               f"{_lift(row)}{'*' * bool(row['q'] <= ALPHA)} ({_limits(row)})" for row in found)))
    return tuple(lines)


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


def not_good_sentence(rows: list[Mapping], titles: Mapping[str, str]) -> str:
    """One sentence for all P@k rows of a model that show nothing and whose interval leaves no room for more."""
    facets = [f"{_name(row['facet'], titles)} ({_lift(row)}, {_interval(row)})" for row in rows]
    return (f"{rows[0]['model']} is not good for finding the same {_listed(facets, 'or')}: the interval leaves at most "
            f"{SMALL_LIFT:.2f} times as often as chance.")


def vote_sentences(votes: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Shares of the same label among pairs with one vote and with the most votes that enough pairs have."""
    lines, nothing = [], []
    for key, rows in votes[votes["role"] == TESTED].groupby("facet", sort=False):
        enough = rows[rows["pairs"] >= FEW].to_dict("records")
        if len(enough) < 2:
            continue
        one, most = enough[0], enough[-1]
        if not most["q"] <= ALPHA:
            nothing.append(_name(key, titles))
            continue
        parts = ["{:.2f} of {} pairs with {} of {} votes (95 % CI {} to {})".format(
            row["same"], row["pairs"], row["votes"], row["models"], *_outward(row["same_low"], row["same_high"]))
            for row in (one, most)]
        lines.append(f"Same {_name(key, titles)}: {parts[0]}, {parts[1]}; {most['chance']:.2f} by chance (q = {_up(most['q'])} "
                     "for the most votes).")
    if nothing:
        lines.append(f"Pairs with the most votes are not shown to have the same {_listed(nothing, 'or')} more often than "
                     "chance.")
    return lines


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
    another = "study" if row["targets"] == OTHER_STUDY else "CT series"
    if not row["n"]:
        return f"{row['model']}, same patient in another {another}: can not be told, because no patient has two."
    low, high = _outward(row["value_low"], row["value_high"])
    compared = "above chance" if row["value_low"] > row["chance"] else "not clearly above chance"
    few = f" Only {row['patients']} patients: the interval is rough." if row["patients"] < FEW else ""
    return (f"{row['model']}, same patient: in a share of {row['value']:.2f} of {row['n']} queries the nearest case is the "
            f"same patient in another {another} (95 % CI {low} to {high}), {compared} ({row['chance']:.4f}).{few}")


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
    return "no 95 % CI" if np.isnan(row["ci_low"]) else f"95 % CI {_limits(row)}"


def _limits(row):
    if np.isnan(row["ci_low"]):
        return "no 95 % CI"
    return "{} to {}".format(*_outward(row["ci_low"], row["ci_high"]))


def _outward(low, high):
    """Limits as texts, the lower rounded down and the upper rounded up."""
    # 1.1 * 100 is a little more than 110: not a reason to show 1.11
    return f"{np.floor(np.round(low * 100, 6)) / 100:.2f}", f"{np.ceil(np.round(high * 100, 6)) / 100:.2f}"


def _up(q):
    return f"{np.ceil(np.round(q * 1000, 6)) / 1000:.3f}"
