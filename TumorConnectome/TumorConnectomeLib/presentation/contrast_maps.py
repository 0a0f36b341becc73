"""Heat maps that set two things against each other: models, two cohorts, and numbers of neighbors."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from ..evaluation.compare import against
from ..evaluation.controls import RANDOM, TESTED
from ..evaluation.verdict import ALPHA
from .heat_map import LIFT_SCALE, Axes, HeatMap, lift_shade, number_text

COMPARISON, REPLICATION, SWEEP = "comparison", "replication", "sweep"
#: name of a table of the evidence -> what its heat map shows
CONTRAST_TITLES = {COMPARISON: "Model against model", REPLICATION: "Found again in other patients",
                   SWEEP: "Lift of P@k by number of neighbors"}
#: columns of the table of the replication -> title
_COHORTS = {"lift": "This cohort", "again_lift": "Other patients", "joint_lift": "Both",
            "heterogeneity_p": "p, that they differ"}


def contrast_map(name: str, records: Sequence[Mapping], titles: Mapping[str, str], reference: str = "") -> HeatMap:
    """The heat map of one of these tables; see `result_maps.heat_map_of`. `reference` is a model of the comparison."""
    if name == COMPARISON:
        return _comparison(records, titles, reference)
    return {REPLICATION: _replication, SWEEP: _sweep}[name](records, titles)


def references(records: Sequence[Mapping]) -> list[str]:
    """The models of a comparison that others were compared with, in the order of the table."""
    names = dict.fromkeys(record[name] for name in ("model", "reference") for record in records)
    return [name for name in names if against(records, name)]


def _short(key, titles):
    return titles.get(key, key).partition(" (")[0]


def _comparison(records, titles, reference):
    """Logarithms of the ratios of P@k to a reference model, by default the first one."""
    possible = references(records)
    reference = reference if reference in possible else next(iter(possible), "")
    cells = {(record["model"], record["facet"]): record for record in against(records, reference)}
    facets = list(dict.fromkeys(record["facet"] for record in records if record["role"] == TESTED))

    def cell(model, facet):
        record, about = cells.get((model, facet)), _short(facet, titles)
        if record is None or math.isnan(record["ratio"]):
            return math.nan, math.nan, False, f"{model} and {reference}, {about}: not defined"
        ends = tuple(map(lift_shade, (record["ci_low"], record["ci_high"])))
        lines = [f"{about}: {model} {number_text(record['ratio'], 3)} times {reference}",
                 f"95 % CI {number_text(record['ci_low'], 3)} to {number_text(record['ci_high'], 3)}",
                 (f"P@k {number_text(record['value'], 3)} and {number_text(record['reference_value'], 3)} on the same "
                  f"{int(record['n'])} patients"),
                 f"p = {number_text(record['p'], 4)}, by Holm {number_text(record['p_holm'], 4)}"]
        ratio = lift_shade(record["ratio"])
        return ratio, ratio, record["p_holm"] <= ALPHA, "\n".join(lines), ends, ends

    return HeatMap.of_cells(
        f"P@k against that of {reference}, log2 of the ratio", list(dict.fromkeys(model for model, _facet in cells)), facets,
        [_short(key, titles) for key in facets], cell,
        "0 is the same, 1 twice as often. The line in a cell is the 95 % CI. "
        f"* p \u2264 {ALPHA:g} by Holm for all comparisons of a label with this reference.",
        scale=("half as often", reference, "twice as often"),
        axes=Axes("log2 of the ratio of P@k", chance=0.0, chance_name=reference))


def _replication(records, titles):
    """Lifts in both cohorts and together, of what was found in one of them, or else of everything."""
    told = [record for record in records if record["facet"] != RANDOM and not math.isnan(record["again_lift"])]
    found = [record for record in told if record["q"] <= ALPHA or record["again_p"] <= ALPHA]
    rows = {json.dumps([record["model"], record["facet"]]): record for record in found or told}
    names = [f"{record['model']}: {_short(record['facet'], titles)}" for record in rows.values()]

    def cell(key, column):
        record = rows[key]
        title = f"{record['model']}, {_short(record['facet'], titles)}"
        if column == "heterogeneity_p":
            p = record["heterogeneity_p"]
            return p, 0.0, p <= ALPHA, f"{title}: p = {number_text(p, 4)} that the lifts of both cohorts are the same"
        prefix = {"lift": "", "again_lift": "again_", "joint_lift": "joint_lift_"}[column]
        ends = record[f"{prefix}ci_low"], record[f"{prefix}ci_high"]
        lines = [f"{title}: lift {number_text(record[column], 3)} ({_COHORTS[column].lower()})",
                 f"95 % CI {number_text(ends[0], 3)} to {number_text(ends[1], 3)}"]
        if column == "joint_lift":
            return record[column], lift_shade(record[column]), ends[0] > 1, "\n".join(lines), tuple(
                map(lift_shade, ends)), ends
        q = record[f"{prefix}q"]
        lines += [f"p = {number_text(record[f'{prefix}p'], 4)}" + ("" if math.isnan(q) else f", q = {number_text(q, 4)}"),
                  (f"{int(record[f'{prefix}n'])} patients; {number_text(record[f'{prefix}value'])}, by chance "
                   f"{number_text(record[f'{prefix}chance'])}")]
        sure = (record[f"{prefix}p"] if math.isnan(q) else q) <= ALPHA
        return record[column], lift_shade(record[column]), sure, "\n".join(lines), tuple(map(lift_shade, ends)), ends

    what = "what was found in one of the cohorts" if found else "all labels, for nothing was found in either cohort"
    return HeatMap.of_cells(
        CONTRAST_TITLES[REPLICATION], list(rows), list(_COHORTS), list(_COHORTS.values()), cell,
        f"Lift of P@k, for {what}. No patient is in both. * q (or p, where nothing was found in this cohort) \u2264 {ALPHA:g}; "
        f"both: the 95 % CI lies above chance; last column: p \u2264 {ALPHA:g}, they differ.", [2, 2, 2, 3], scale=LIFT_SCALE,
        axes=Axes("Lift of P@k", "Model: label", chance=1.0, columns=("lift", "again_lift", "joint_lift")), names=names)


def _sweep(records, titles):
    """Lift of every model and label by the number of neighbors."""
    cells = {(json.dumps([record["model"], record["facet"]]), str(int(record["k"]))): record for record in records}
    rows = {key: f"{record['model']}: {_short(record['facet'], titles)}" for (key, _k), record in cells.items()}
    sizes = sorted({int(record["k"]) for record in records})

    def cell(key, k):
        record = cells.get((key, k))
        if record is None:
            return math.nan, math.nan, False, f"{rows[key]}: not so many patients"
        ends = record["ci_low"], record["ci_high"]
        lines = [(f"{rows[key]}, {k} neighbors: lift {number_text(record['lift'], 3)}, 95 % CI {number_text(ends[0], 3)} to "
                  f"{number_text(ends[1], 3)}"),
                 (f"P@k {number_text(record['value'], 3)}; 95 % of permuted labels lie between "
                  f"{number_text(record['null_low'], 3)} and {number_text(record['null_high'], 3)}")]
        return record["lift"], lift_shade(record["lift"]), record["value"] > record["null_high"], "\n".join(lines), tuple(
            map(lift_shade, ends)), ends

    return HeatMap.of_cells(
        CONTRAST_TITLES[SWEEP], list(rows), [str(size) for size in sizes], [f"k = {size}" for size in sizes], cell,
        "* Above the band that 95 % of permuted labels fill, for this number of neighbors alone. A click draws the curve.",
        scale=LIFT_SCALE, axes=Axes("Lift of P@k", "Model: label", chance=1.0), names=list(rows.values()))


def sweep_lines(records: Sequence[Mapping], model: str, facet: str) -> dict[str, list[float]]:
    """Columns of a plot of P@k over k of one model and label: ``k``, ``value``, ``chance``, ``null_low``, ``null_high``."""
    mine = sorted((record for record in records if (record["model"], record["facet"]) == (model, facet)),
                  key=lambda record: record["k"])
    return {name: [float(record[name]) for record in mine] for name in ("k", "value", "chance", "null_low", "null_high")}
