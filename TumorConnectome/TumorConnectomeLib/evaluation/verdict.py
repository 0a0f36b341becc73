"""The verdict on a cohort: what each model is good for, in plain sentences that are never stronger than the figures.

"1.20 times as often as chance" without a reservation needs both q <= .05 and an interval of the lift that lies above 1;
with only one of them the sentence says what is missing. Limits are rounded outwards and q upwards, so that no rounded figure
claims more than the exact one. How large a lift is depends on how much chance leaves: 1.05 is all there is where 95 of 100
patients are alike, so what was reached of what is possible is said beside it, and which categories carry it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from .controls import NEGATIVE_CONTROL, POSITIVE_CONTROL, TESTED
from .intervals import COVERAGE
from .metrics import PRECISION, R_PRECISION
from .permutation import ALPHA
from .report import Section
from .same_patient import ANY_SERIES, OTHER_STUDY, R_AT_1

if TYPE_CHECKING:
    import pandas as pd

#: fewer queries (or patients) than this give intervals that are not to be relied on
FEW = 30
#: a lift up to this, of no more than SMALL_SHARE of what is possible beyond chance, is called small, however certain
SMALL_LIFT, SMALL_SHARE = 1.1, 0.1
LIFT_CAPTION = (f"P@k over its level by chance (1.00 is chance), with its 95 % CI; * q <= {ALPHA:.2f} after correction for all "
                "tests.")
#: when less than this share of the excess remains within strata, they are said to explain most of it
HALF = 0.5
#: a category with so much of the excess, and this many times its share of the queries, is said to carry it
_CARRIES, _MORE_THAN_OWN = 0.6, 1.25
#: categories that are named in one sentence at most
_NAMED = 3
#: strata that are named in one sentence, those that leave least first
_STRATA = 6


class Strength(Enum):
    """How much the rows of one model and facet in the evaluation table say."""

    EVIDENCE = "more often than chance"
    UNSURE = "not chance alone, of unknown size"
    OTHER = "more often than chance by another metric"
    BELOW = "less often than chance"
    HINT = "significant only before correction"
    NONE = "no evidence"
    UNTOLD = "no query has a relevant target"


def strength(row: Mapping, others: Sequence[Mapping] = ()) -> Strength:
    """What the P@k row of a model and facet, and the rows of its other metrics, allow to say."""
    if not row["n"] or not row["chance"] > 0:
        return Strength.UNTOLD
    if row["q"] <= ALPHA:
        return Strength.EVIDENCE if _above(row) else Strength.UNSURE
    if row["q_below"] <= ALPHA and (row["ci_high"] < 1 or np.isnan(row["ci_high"]) and row["lift"] < 1):
        return Strength.BELOW
    if any(one["q"] <= ALPHA and _above(one) for one in others):
        return Strength.OTHER
    return Strength.HINT if min([row["p"], *(one["p"] for one in others if one["n"])]) <= ALPHA else Strength.NONE


def _above(row):
    """Whether the interval of the lift lies above 1; a figure that nothing changes (all lists perfect) has none.

    Nor has R-precision where one category is nearly all patients.
    """
    alone = row["of_possible"] > 1 - 1e-9 or (row["metric"] == R_PRECISION and row["lift"] > 1)
    return row["ci_low"] > 1 or (np.isnan(row["ci_low"]) and alone)


def verdict(table: pd.DataFrame, titles: Mapping[str, str], same_patient: pd.DataFrame | None = None,
            confounds: pd.DataFrame | None = None, votes: pd.DataFrame | None = None, distance: str = "",
            note: str = "", classes: pd.DataFrame | None = None, duplicates: Sequence[Mapping] = (),
            unmeasured: str = "", comparison: pd.DataFrame | None = None, survival: pd.DataFrame | None = None,
            replication: pd.DataFrame | None = None) -> list[Section]:
    """Plain sentences for one page: the controls, what each model is good for and what not, and the limits of all that.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate`.
    titles : mapping of str to str
        Facet key to what the interface calls it; others are called by their key.
    same_patient, confounds, votes, classes : pandas.DataFrame, optional
        Of `same_patient.same_patient_retrieval`, `confounds.confound_table`, `vote_table.vote_table` and
        `table.evaluate_all`.
    distance : str
        By which distance neighbors were found, if it is not the model's own: it is then said first.
    note : str
        Of same-patient retrieval.
    duplicates : sequence of mapping
        Of `duplicates.duplicate_rows`.
    unmeasured : str
        What might explain a lift but is not in the patient table, see `limit_sentences`.
    comparison, survival, replication : pandas.DataFrame, optional
        Of `compare.compare_models`, `outcomes.survival_table` and `replication.replication_table`.
    """
    records = table.to_dict("records")
    precision = [row for row in records if row["metric"] == PRECISION]
    tests = int(((table["role"] == TESTED) & table["p"].notna()).sum())
    lines = [f"Neighbors are by {distance}; same-patient retrieval by cosine distance."] if distance else []
    sections = [Section("Can the figures be trusted?", (
        *lines, *duplicate_sentences(duplicates, titles), negative_control_sentence(precision),
        *positive_control_sentences(precision)))]
    tested = [row for row in precision if row["role"] == TESTED]
    others = {(row["model"], row["facet"]): [one for one in records if one["metric"] != PRECISION and (
        one["model"], one["facet"]) == (row["model"], row["facet"])] for row in tested}
    of_classes: dict[tuple[str, str], list] = {}
    for one in [] if classes is None else classes.to_dict("records"):
        of_classes.setdefault((one["model"], one["facet"]), []).append(one)
    for model in dict.fromkeys(row["model"] for row in tested):
        mine = [row for row in tested if row["model"] == model]
        lines = _model_lines(mine, others, titles, tests, confounds, of_classes, duplicates)
        if same_patient is not None:
            first = {row["targets"]: row for row in same_patient.to_dict("records")
                     if (row["model"], row["metric"]) == (model, R_AT_1)}
            kind = OTHER_STUDY if OTHER_STUDY in first and first[OTHER_STUDY]["n"] else ANY_SERIES
            lines += [same_patient_sentence(first[kind])] if kind in first else []
        sections.append(Section(model, tuple(lines)))
    if votes is not None and (lines := vote_sentences(votes, titles)):
        sections.append(Section("When several models agree", tuple(lines)))
    for title, lines in (("Model against model", comparison_sentences(comparison, titles)),
                         ("Time to event", survival_sentences(survival)),
                         ("In other patients", replication_sentences(replication, titles))):
        sections += [Section(title, tuple(lines))] if lines else []
    unlooked = confounds is None and any(strength(row) is Strength.EVIDENCE for row in tested)
    limits = limit_sentences(tests, len(tested), unlooked, note, unmeasured, comparison is not None)
    return [*sections, Section("Limits", tuple(limits))]


def _model_lines(mine, others, titles, tests, confounds, classes, duplicates):
    """What is said of the labels of one model; `mine` are its rows of P@k, `others` the rest by (model, facet)."""
    found = {row["facet"]: strength(row, others[row["model"], row["facet"]]) for row in mine}
    lines, nothing = [], []
    for row in mine:
        of_classes = classes.get((row["model"], row["facet"]), [])
        if found[row["facet"]] not in (Strength.NONE, Strength.UNTOLD) and (
                text := _of_copies(row, titles, duplicates, found[row["facet"]] is Strength.BELOW)):
            lines.append(text)
        elif found[row["facet"]] is not Strength.NONE:
            lines.append(facet_sentence(row, titles, tests, confounds, others[row["model"], row["facet"]], of_classes))
        elif sentence := class_sentence(row, titles, of_classes):
            lines.append(sentence)
        else:
            nothing.append(row)
    small = [row for row in nothing if row["ci_high"] <= SMALL_LIFT and row["n"] >= FEW
             and row["of_possible_ci_high"] <= 2 * SMALL_SHARE]
    lines += [not_good_sentence(small, titles)] if small else []
    if rest := [row for row in nothing if row not in small]:
        lines.append(no_evidence_sentence(rest, titles))
    return lines


def limit_sentences(tests: int, comparisons: int, unlooked: bool, note: str, unmeasured: str = "",
                    compared: bool = False) -> list[str]:
    """What holds for all figures; `unlooked`: lifts were found, and nobody looked for confounds."""
    lines = ["Whether body side, scanner or another column explains these lifts has not been looked at."] if unlooked else []
    lines += [unmeasured] if unmeasured else []
    lines += [f"{note.rstrip('.')}."] if note else []
    if tests:
        lines.append(
            f"q is the false discovery rate by Benjamini and Hochberg over {tests} tests (models x facets x metrics; each "
            f"control by itself): of all that is reported at q <= {ALPHA:.2f}, not more than one in twenty is expected to be "
            f"chance. The 95 % intervals of the {comparisons} lifts put into words are for one comparison each and not "
            f"corrected for their number; {COVERAGE}.")
    return [*lines, "No evidence for a facet does not show that a model can not see it.",
            "More often than chance does not mean useful for a single patient.",
            *([] if compared else ["Differences between models were not tested."])]


def comparison_sentences(comparison: pd.DataFrame | None, titles: Mapping[str, str]) -> list[str]:
    """Which models differ, per facet, after correction for all comparisons of the facet."""
    if comparison is None or not len(comparison):
        return []
    lines, same = [], []
    for key, rows in comparison[comparison["role"] == TESTED].groupby("facet", sort=False):
        found = [row for row in rows.to_dict("records") if row["p_holm"] <= ALPHA]
        for row in found:
            lines.append(f"Same {_name(key, titles)}: {row['model']} finds it {row['ratio']:.2f} times as often as "
                         f"{row['reference']} ({_interval(row)}; p = {_up(row['p_holm'])} by Holm among {len(rows)} "
                         "comparisons).")
        if not found:
            same.append(_name(key, titles))
    if same:
        lines.append(f"No model is shown to find the same {_listed(same, 'or')} more often than another (on the same patients, "
                     "P@k, corrected by Holm for all comparisons of a label); that they are alike is not shown either.")
    return lines


def survival_sentences(survival: pd.DataFrame | None) -> list[str]:
    """What the neighbors' hazard says about the time to an event."""
    if survival is None or not len(survival):
        return []
    lines, nothing = [], []
    for (model, time), rows in survival.groupby(["model", "time"], sort=False):
        found = [row for row in rows.to_dict("records") if row["q"] <= ALPHA]
        if found:
            row = max(found, key=lambda one: one["c_index"])
            lines.append(f"{model}, {time}: patients whose {row['k']} nearest had more events per time had theirs earlier, C "
                         f"index {row['c_index']:.3f} ({_interval(row)}; {row['chance']:.3f} is chance; q = {_up(row['q'])} "
                         f"among {len(survival)} tests; {row['events']} events of {row['n']} patients).")
        else:
            nothing.append(f"{model} ({time})")
    if nothing:
        lines.append(f"No evidence that neighbors tell the time to the event: {_listed(nothing)}.")
    return lines


def replication_sentences(replication: pd.DataFrame | None, titles: Mapping[str, str]) -> list[str]:
    """Whether what was found is found in other patients."""
    if replication is None:
        return []
    lines = []
    for row in replication[replication["role"] == TESTED].to_dict("records"):
        about = f"{row['model']}, same {_name(row['facet'], titles)}"
        again = {"ci_low": row["again_ci_low"], "ci_high": row["again_ci_high"]}
        figures = f"{row['again_lift']:.2f} times as often as chance ({_interval(again)}; n = {row['again_n']}"
        differ = " The two cohorts differ" if row["heterogeneity_p"] <= ALPHA else " That the two cohorts differ is not shown"
        differ += f" (p = {_up(row['heterogeneity_p'])})." if row["heterogeneity_p"] == row["heterogeneity_p"] else "."
        if row["q"] <= ALPHA and row["again_n"]:
            held = "found again" if row["again_q"] <= ALPHA and row["again_lift"] > 1 else "not shown again"
            lines.append(f"{about}: {_lift(row)} times here, {held} in other patients, {figures}; "
                         f"q = {_up(row['again_q'])}).{differ}")
        elif row["again_p"] <= ALPHA and row["again_n"]:
            lines.append(f"{about}: not found here, {figures}; p = {_up(row['again_p'])}, not corrected) in other "
                         f"patients.{differ}")
    return lines or ["Nothing was found here that could be looked for in other patients, and nothing there."]


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


def facet_sentence(row: Mapping, titles: Mapping[str, str], tests: int, confounds: pd.DataFrame | None = None,
                   others: Sequence[Mapping] = (), classes: Sequence[Mapping] = ()) -> str:
    """What the rows of a model and facet say that is more than no evidence.

    Parameters
    ----------
    row : mapping
        Of P@k.
    titles : mapping of str to str
    tests : int
        Number of tests that q corrects for.
    confounds : pandas.DataFrame, optional
    others, classes : sequence of mapping
        Rows of the other metrics, and of the categories.
    """
    model, about, found = row["model"], _name(row["facet"], titles), strength(row, others)
    if found is Strength.UNTOLD:
        return f"{model}, {about}: can not be told, because the patients have no other one of the same category."
    k = int(row["k"])
    counts = f"{k * row['value']:.2f} of {k} neighbors instead of {k * row['chance']:.2f}"
    few = f" Only {row['n']} patients could be asked: the interval is rough." if row["n"] < FEW else ""
    figures = f"{_lift(row)} times as often as chance ({_interval(row)}; q = {_up(row['q'])}){_possible(row)}: {counts}"
    more = f"{few}{_carried(row, classes)}"
    if found is Strength.EVIDENCE:
        small = ", a small effect" if row["lift"] <= SMALL_LIFT and row["of_possible"] <= SMALL_SHARE else ""
        return f"{model} finds the same {about} {figures}{_macro(row)}{small}.{more}{_within(row, confounds, titles)}"
    if found is Strength.UNSURE:
        return f"{model}, same {about}: hardly chance alone, but how much is unsure, perhaps nothing; {figures}.{more}"
    if found is Strength.BELOW:
        below = f"{_lift(row)} times as often as chance ({_interval(row)}; q = {_up(row['q_below'])}): {counts}"
        return (f"{model} finds the same {about} less often than chance, {below}. Its nearest neighbors are of other "
                f"categories, as where patients of one category are hubs.{few}")
    if found is Strength.OTHER:
        known = [f"{one['metric'].replace('@k', f'@{k}')} {_lift(one)} times ({_interval(one)}; q = {_up(one['q'])})"
                 for one in others if one["q"] <= ALPHA and _above(one)]
        return (f"{model} finds the same {about} more often than chance by {_listed(known)}, not shown for the first {k} "
                f"neighbors ({_lift(row)}, {_interval(row)}; q = {_up(row['q'])}).{more}")
    if not row["p"] <= ALPHA:
        one = min((one for one in others if one["n"]), key=lambda one: one["p"])
        figures = f"{one['metric']} {_lift(one)} times ({_interval(one)}; q = {_up(one['q'])})"
    return (f"{model}, same {about}: a hint, no evidence, as it does not hold among {tests} tests; {figures}.{few}"
            f"{class_sentence(row, titles, classes, short=True)}")


def class_sentence(row: Mapping, titles: Mapping[str, str], classes: Sequence[Mapping], short: bool = False) -> str:
    """Which categories are found although the mean over all queries shows no evidence; "" if none is."""
    found = sorted((one for one in classes if one["q"] <= ALPHA and one["lift"] > 1), key=lambda one: -one["lift"])
    if not found:
        return ""
    named = _listed([_class_text(one) for one in found[:_NAMED]])
    if short:
        return f" Of single categories it is found for {named}."
    return (f"{row['model']}, same {_name(row['facet'], titles)}: no evidence over all queries ({_lift(row)}, {_interval(row)}"
            f"{_power(row)}), but found for {named}.")


def _class_text(one):
    unsure = "" if one["ci_low"] > 1 else "; hardly chance alone, but how much is unsure"
    return f"{one['class']} ({one['lift']:.2f} times, {_interval(one)}; q = {_up(one['q'])}; {one['n']} patients{unsure})"


def _of_copies(row, titles, duplicates, below):
    """What is said instead of a lift that is not there with one id of each duplicate; "" if it is there, too.

    `below`: whether it is less than chance that was found.
    """
    for one in duplicates:
        for facet, _all, alone, p_above, p_below in one["lifts"]:
            p = p_below if below else p_above
            if (one["model"], facet) == (row["model"], row["facet"]) and not p <= ALPHA:
                rest = f"{alone:.2f} times (p = {_up(p)})" if p == p else "too little to be told"
                why = "are counted several times" if below else "find each other"
                return (f"{row['model']}, same {_name(facet, titles)}: {_lift(row)} times as often as chance, but only because "
                        f"ids of the same tumor {why}; with one id of each it is {rest}: no evidence.")
    return ""


def _carried(row, classes):
    """Which category carries the excess, and which rare ones are found best."""
    if not classes:
        return ""
    text = ""
    most = max(classes, key=lambda one: -1 if np.isnan(one["excess_share"]) else one["excess_share"])
    own = most["n"] / row["n"]
    if most["excess_share"] >= max(_CARRIES, _MORE_THAN_OWN * own):
        text = (f" {most['class']} ({100 * own:.0f} % of the queries) carries {100 * min(1.0, most['excess_share']):.0f} % of "
                "the excess over chance.")
    best = sorted((one for one in classes if one["q"] <= ALPHA and one["ci_low"] > row["ci_high"]),
                  key=lambda one: -one["lift"])
    if best:
        text += f" It is found best for {_listed([_class_text(one) for one in best[:_NAMED]])}."
    return text


def _possible(row):
    """What was reached of what is possible beyond chance."""
    return "" if np.isnan(row["of_possible"]) else f", {_percent(row['of_possible'])} of what is possible beyond chance"


def _macro(row):
    macro = row["macro_lift"]
    if np.isnan(macro) or abs(np.log(max(macro, 1e-9) / row["lift"])) < 0.03:
        return ""
    return f" ({macro:.2f} times if every category counts the same)"


def no_evidence_sentence(rows: list[Mapping], titles: Mapping[str, str]) -> str:
    """One sentence for all rows of a model that show nothing, with the lift that would have been found."""
    facets = [f"{_name(row['facet'], titles)} ({_lift(row)}, {_interval(row)}{_power(row)})" for row in rows]
    few = " Some have few patients." if any(row["n"] < FEW for row in rows) else ""
    power = " (With 80 % power: the lift that one test at .05, before correction, would have found.)" if any(
        map(_power, rows)) else ""
    return f"{rows[0]['model']}: no evidence, by lift over chance, that it finds the same {_listed(facets, 'or')}.{few}{power}"


def _power(row):
    lift = np.ceil(row["detectable_lift"] * 100 - 1e-6) / 100
    return "" if np.isnan(lift) else f"; 80 % power from {lift:.2f}"


def not_good_sentence(rows: list[Mapping], titles: Mapping[str, str]) -> str:
    """One sentence for all P@k rows of a model that show nothing and whose interval leaves no room for more."""
    facets = [f"{_name(row['facet'], titles)} ({_lift(row)}, {_interval(row)}{_power(row)})" for row in rows]
    return (f"{rows[0]['model']} is not good for finding the same {_listed(facets, 'or')}: the interval leaves at most "
            f"{SMALL_LIFT:.2f} times as often as chance.")


def duplicate_sentences(duplicates: Sequence[Mapping], titles: Mapping[str, str]) -> list[str]:
    """What ids with almost the same vector do to the figures."""
    lines = []
    for one in duplicates:
        changes = [f"{_name(facet, titles)} {alone:.2f} instead of {lift:.2f}" for facet, lift, alone, *_p in one["lifts"]
                   if not np.isnan(alone)]
        alone = f"With one id of each: {_listed(changes)} times as often as chance." if changes else \
            "With one id of each, too few are left to be evaluated."
        lines.append(f"Warning: {one['model']} has {one['found']} closer than 1 % of the median distance to the nearest: a "
                     "tumor under several ids? They find each other, so lifts, p values and intervals are too "
                     f"good. {alone}")
    return lines


def vote_sentences(votes: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Shares of the same label among pairs with one vote and with the most votes that enough pairs have."""
    lines, nothing = [], []
    for key, rows in votes[votes["role"] == TESTED].groupby("facet", sort=False):
        enough = rows[rows["pairs"] >= FEW].to_dict("records")
        if len(enough) < 2:
            continue
        one, most = enough[0], enough[-1]
        rises = most["trend_p"] <= ALPHA
        if not most["q"] <= ALPHA and not rises:
            nothing.append(_name(key, titles))
            continue
        parts = ["{:.2f} of {} pairs with {} of {} votes (95 % CI {} to {})".format(
            row["same"], row["pairs"], row["votes"], row["models"], *_ends(row))
            for row in (one, most)]
        trend = f" The share rises by {most['trend']:.3f} with every vote (p = {_up(most['trend_p'])} of the trend)." if rises \
            else f" It is not shown to rise with the votes (p = {_up(most['trend_p'])} of the trend)."
        lines.append(f"Same {_name(key, titles)}: {parts[0]}, {parts[1]}; {most['chance']:.2f} by chance (q = {_up(most['q'])} "
                     f"for the most votes).{trend}")
    if nothing:
        lines.append(f"Pairs with the most votes are not shown to have the same {_listed(nothing, 'or')} more often than "
                     "chance, nor is the share shown to rise with the votes.")
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
    low, high = _ends(row)
    compared = "above chance" if row["ci_low"] > row["chance"] else "not clearly above chance"
    few = f" Only {row['patients']} patients: the interval is rough." if row["patients"] < FEW else ""
    return (f"{row['model']}, same patient: in a share of {row['value']:.2f} of {row['n']} queries the nearest case is the "
            f"same patient in another {another} (95 % CI {low} to {high}), {compared} ({row['chance']:.4f}).{few}")


def _within(row, confounds, titles):
    """What remains of the excess of a row within strata of other columns."""
    if confounds is None:
        return ""
    here = confounds[(confounds["model"] == row["model"]) & (confounds["facet"] == row["facet"])
                     & (confounds["metric"] == row["metric"])].to_dict("records")
    tested = sorted((inner for inner in here if inner["exchangeable"]), key=lambda inner: inner["remains"])
    rest = tested[_STRATA:] if len(tested) > _STRATA + 1 else []
    parts = [_remaining(inner, titles) for inner in (tested[:_STRATA] if rest else tested)]
    if rest:
        parts.append(f"of the other {len(rest)} columns at least {_percent(rest[0]['remains'])} each")
    untested = [_strata_name(inner["within"], titles) for inner in here if not inner["exchangeable"]]
    text = f" Of the excess remain within strata of {_listed(parts)}." if parts else ""
    return text + (f" Within {_listed(untested, 'or')} it can not be tested: all patients of a stratum have the same "
                   f"{_name(row['facet'], titles)}." if untested else "")


def _remaining(inner, titles):
    """What remains within the strata of one column."""
    name = _strata_name(inner["within"], titles)
    low, high = inner["remains_ci_low"], inner["remains_ci_high"]
    limits = f"95 % CI {np.floor(low * 100):.0f} to {np.ceil(high * 100):.0f} %" if low == low else "no 95 % CI"
    part = f"{name} {_percent(inner['remains'])} ({limits}; labels of {inner['exchangeable']} patients can change"
    if not inner["within_p"] <= ALPHA:
        return f"{part}; no longer significant)"
    if high <= HALF:
        return f"{part}; which explains most of it)"
    return f"{part}{'; which may explain most of it' if inner['remains'] < HALF else ''})"


def _strata_name(name, titles):
    return " and ".join(_name(part.strip(), titles) for part in name.split("+")) if name not in titles else _name(name, titles)




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


def _ends(row):
    """Limits of a row's interval as texts; a dash where there is none."""
    return ("\N{EN DASH}",) * 2 if np.isnan(row["ci_low"]) else _outward(row["ci_low"], row["ci_high"])


def _percent(share):
    """A share in percent, rounded towards 0: no rounded figure claims more."""
    return f"{np.trunc(np.round(share * 100, 6)):.0f} %"


def _outward(low, high):
    """Limits as texts, the lower rounded down and the upper rounded up."""
    # 1.1 * 100 is a little more than 110: not a reason to show 1.11
    return f"{np.floor(np.round(low * 100, 6)) / 100:.2f}", f"{np.ceil(np.round(high * 100, 6)) / 100:.2f}"


def _up(q):
    return f"{np.ceil(np.round(q * 1000, 6)) / 1000:.3f}"
