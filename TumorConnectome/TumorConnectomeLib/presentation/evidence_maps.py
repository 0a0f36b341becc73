"""Heat maps of what stands beside the evaluation against labels: same patients, votes, and lifts inside strata."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from ..evaluation.controls import RANDOM, TESTED
from ..evaluation.verdict import ALPHA
from .contrast_maps import CONTRAST_TITLES, contrast_map
from .heat_map import LIFT_SCALE, Axes, HeatMap, lift_shade, number_text

SAME_PATIENT, VOTES, CONFOUNDS = "same patient", "votes", "confounds"
#: name of a table of the evidence -> what its heat map shows
EVIDENCE_TITLES = {SAME_PATIENT: "Same patient in another CT series", VOTES: "Same label by number of votes",
                   CONFOUNDS: "Lift of P@k inside strata", **CONTRAST_TITLES}


def evidence_map(name: str, records: Sequence[Mapping], titles: Mapping[str, str], reference: str = "") -> HeatMap:
    """The heat map of one of these tables; see `result_maps.heat_map_of`."""
    if name in CONTRAST_TITLES:
        return contrast_map(name, records, titles, reference)
    return {SAME_PATIENT: _same_patient, VOTES: _votes, CONFOUNDS: _confounds}[name](records, titles)


def _short(key, titles):
    return titles.get(key, key).partition(" (")[0]


def _same_patient(records, _titles):
    """Share of queries per model and metric, for each kind of targets; the deepest color is always found."""
    cells = {(record["model"], _key(record["metric"], record["targets"])): record for record in records}
    names = {_key(record["metric"], record["targets"]): f"{record['metric']}, {record['targets']}" for record in records}

    def cell(model, key):
        record, column = cells.get((model, key)), names[key]
        if record is None or not record["n"]:
            return math.nan, math.nan, False, f"{model}, {column}: no patient has such a series"
        lines = [f"{model}: {column} = {number_text(record['value'], 3)}, by chance {number_text(record['chance'], 4)}",
                 f"95 % CI {number_text(record['ci_low'], 3)} to {number_text(record['ci_high'], 3)}",
                 f"{int(record['n'])} queries of {int(record['patients'])} patients"]
        found, low, high = (_above(record[name], record["chance"]) for name in ("value", "ci_low", "ci_high"))
        return record["value"], found, record["ci_low"] > record["chance"], "\n".join(lines), (low, high), (
            record["ci_low"], record["ci_high"])

    return HeatMap.of_cells(
        EVIDENCE_TITLES[SAME_PATIENT], list(dict.fromkeys(record["model"] for record in records)), list(names),
        list(names.values()), cell,
        "Queries are all rows of the files whose patient has another CT series. * The 95 % CI lies above chance.",
        scale=("", "chance", "always found"), axes=Axes("Share of queries"))


def _above(value, chance):
    """How far a share lies between chance and 1."""
    return (value - chance) / (1 - chance) if chance < 1 else 0.0


def _votes(records, titles):
    """Share of pairs of the same category per number of votes and facet."""
    cells = {(_key(record["votes"], record["models"]), record["facet"]): record for record in records}
    names = {_key(record["votes"], record["models"]): f"{int(record['votes'])} of {int(record['models'])} votes"
             for record in records}
    roles = {record["facet"]: record["role"] for record in records}
    controls = [key for key, role in roles.items() if role != TESTED]
    keys = [key for key in roles if key not in controls] + controls

    def cell(key, facet):
        record, votes = cells.get((key, facet)), names[key]
        if record is None or not record["pairs"]:
            return math.nan, math.nan, False, f"{_short(facet, titles)}: no pair has {votes}"
        lines = [f"{_short(facet, titles)}, pairs with {votes}:",
                 f"the same in a share of {number_text(record['same'], 3)}, by chance {number_text(record['chance'], 3)}",
                 f"95 % CI {number_text(record['ci_low'], 3)} to {number_text(record['ci_high'], 3)}",
                 f"p = {number_text(record['p'], 4)}, q = {number_text(record['q'], 4)}",
                 f"{int(record['pairs'])} pairs of {int(record['patients'])} patients"]
        chance = record["chance"] or math.nan
        return (record["same"], lift_shade(record["lift"]), record["q"] <= ALPHA, "\n".join(lines),
                tuple(lift_shade(record[name] / chance) for name in ("ci_low", "ci_high")),
                (record["ci_low"], record["ci_high"]))

    return HeatMap.of_cells(
        EVIDENCE_TITLES[VOTES], list(names), keys, [_short(key, titles) for key in keys], cell,
        "A vote is a model that lists the pair among the nearest. Figures are shares, colors and lines their lift. * q \u2264 "
        f"{ALPHA:g} after correction for all of these tests.", scale=LIFT_SCALE, controls=controls,
        axes=Axes("Share of pairs with the same label", "Votes"), names=list(names.values()))


def _confounds(records, titles):
    """What remains of each lift that is significant by itself: columns are the strata, the first is the lift without any."""
    shown = [record for record in records if record["p"] <= ALPHA and record["lift"] > 1 and record["facet"] != RANDOM]
    cells = {(_key(record["model"], record["facet"]), record["within"]): record for record in shown}
    plain = {_key(record["model"], record["facet"]): record for record in shown}
    names = {key: f"{record['model']}: {_short(record['facet'], titles)}" for key, record in plain.items()}
    columns = list(dict.fromkeys(record["within"] for record in records))

    def cell(key, within):
        record, row = cells.get((key, within)) if within else plain[key], names[key]
        if record is None:
            return math.nan, math.nan, False, f"{row}: no strata of itself"
        name, p = ("within_lift", "within_p") if within else ("lift", "p")
        inside = f" inside strata of {_short(within, titles)}" if within else ""
        lines = [f"{row}: lift{inside} {number_text(record[name], 3)}, p = {number_text(record[p], 4)} (not corrected)"]
        if within:
            lines.append(f"{int(record['strata'])} strata; labels of {int(record['exchangeable'])} patients can change"
                         if record["exchangeable"] else "can not be tested: all patients of a stratum have the same label")
            if not math.isnan(record.get("remains_ci_low", math.nan)):
                low, high = (number_text(100 * record[name], 0) for name in ("remains_ci_low", "remains_ci_high"))
                lines.append(f"{100 * record['remains']:.0f} % of the excess over chance remain, 95 % CI {low} to {high} %")
        return record[name], lift_shade(record[name]), record[p] <= ALPHA, "\n".join(lines)

    return HeatMap.of_cells(
        EVIDENCE_TITLES[CONFOUNDS], list(plain), ["", *columns], ["All patients", *(_short(key, titles) for key in columns)],
        cell, f"Only lifts above 1 with p \u2264 {ALPHA:g} have a row. * p \u2264 {ALPHA:g} inside the strata, too: a "
        "lift remains there.", scale=LIFT_SCALE, axes=Axes("Lift of P@k", "Model: label", chance=1.0),
        names=list(names.values()))


def _key(*parts):
    """The key of a row or column that stands for several things."""
    return json.dumps([int(part) if isinstance(part, float) else part for part in parts])


def model_and_facet(key: str) -> tuple[str, str]:
    """What a row of a heat map is about by its key: a model, and its facet where the row is of one, else ""."""
    try:
        model, facet = json.loads(key)
        return str(model), str(facet)
    except (ValueError, TypeError):
        return key, ""
