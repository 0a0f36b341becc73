"""Results of evaluations as heat maps: which figure goes into which cell, what its color and its mark mean."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum

from ..evaluation.agreement import MEASURES
from ..evaluation.controls import NEGATIVE_CONTROL, POSITIVE_CONTROL
from ..evaluation.metrics import METRICS
from ..evaluation.verdict import ALPHA
from .evidence_maps import EVIDENCE_TITLES, evidence_map
from .heat_map import LIFT_SCALE, Axes, HeatMap, lift_shade, number_text

#: columns of the table of hubs that are shown: title, and the value that has the deepest color (None: the largest)
_HUB_COLUMNS = {"near_max": ("Largest hub, nearest", None), "near_skewness": ("Skewness, nearest", None),
                "near_top5_share": ("Top-5 share, nearest", 1.0), "near_never": ("In no list, nearest", None),
                "far_max": ("Largest hub, farthest", None), "far_skewness": ("Skewness, farthest", None),
                "far_top5_share": ("Top-5 share, farthest", 1.0), "far_never": ("In no list, farthest", None),
                "mean_cosine": ("Mean cosine", 1.0)}
_PROBE_METRICS = {"auroc": "AUROC", "auprc": "AUPRC", "gain": "Gain over clinical data (AUROC)",
                  "ece": "Calibration error and reliability curves"}
#: name of the table with the bins of the reliability curves
RELIABILITY = "reliability"
#: the calibration error that has the deepest color
_FAR_OFF = 0.25


class ResultKind(Enum):
    """What can be evaluated."""

    RETRIEVAL = "retrieval"
    HUBS = "hubs"
    AGREEMENT = "agreement"
    PROBES = "probes"

    def label(self) -> str:
        """What the interface shows."""
        return {"retrieval": "Retrieval against labels", "hubs": "Hubs and anisotropy", "agreement": "Agreement of models",
                "probes": "Probes (classifiers)"}[self.value]

    def metrics(self) -> dict[str, str]:
        """Keys and titles of what a heat map of these results can show."""
        return {ResultKind.RETRIEVAL: {metric: f"Lift of {metric}" for metric in METRICS} | EVIDENCE_TITLES,
                ResultKind.HUBS: {"hubs": "All figures"}, ResultKind.AGREEMENT: MEASURES,
                ResultKind.PROBES: _PROBE_METRICS}[self]

    def table(self, metric: str) -> str:
        """Name of the table that holds a metric: that of the kind, or one of its own."""
        return metric if metric in EVIDENCE_TITLES else self.value


def heat_map_of(kind: ResultKind, records: Sequence[Mapping], metric: str, titles: Mapping[str, str],
                reference: str = "") -> HeatMap:
    """The heat map of a metric.

    Parameters
    ----------
    kind : ResultKind
    records : sequence of mapping
        Rows of the result table, by the column names of its command; NaN for undefined numbers.
    metric : str
        Key of `kind.metrics()`.
    titles : mapping of str to str
        Facet key to what the interface calls it; others are called by their key.
    reference : str
        The model that others are compared with, where models are compared; "" for the first one.
    """
    if metric in EVIDENCE_TITLES:
        return evidence_map(metric, records, titles, reference)
    return {ResultKind.RETRIEVAL: _retrieval, ResultKind.HUBS: _hubs, ResultKind.AGREEMENT: _agreement,
            ResultKind.PROBES: _probes}[kind](records, metric, titles)


def _retrieval(records, metric, titles):
    """Lift per model and facet; twice as often as chance, or half as often, has the deepest color."""
    chosen = [record for record in records if record["metric"] == metric]
    roles = {record["facet"]: record["role"] for record in chosen}
    cells = {(record["model"], record["facet"]): record for record in chosen}
    controls = [key for key, role in roles.items() if role in (NEGATIVE_CONTROL, POSITIVE_CONTROL)]
    keys = [key for key in roles if key not in controls] + controls
    names = {key: titles.get(key, key).partition(" (")[0] for key in keys}
    return HeatMap.of_cells(
        f"Lift of {metric} over chance", _unique(record["model"] for record in chosen), keys, list(names.values()),
        lambda model, facet: _retrieval_cell(cells.get((model, facet)), metric, names[facet], roles[facet]),
        f"The line in a cell is the 95 % CI, its tick is chance. * q \u2264 {ALPHA:g} after correction for all tests.",
        scale=LIFT_SCALE, controls=controls, axes=Axes(f"Lift of {metric}", chance=1.0))


def _retrieval_cell(record, metric, name, role):
    if record is None:
        return math.nan, math.nan, False, ""
    lift, known = record["lift"], bool(record["n"])
    chance = number_text(record["chance"])
    lines = [f"{record['model']}, {name}" + (f" ({role})" if role in (NEGATIVE_CONTROL, POSITIVE_CONTROL) else ""),
             f"{metric} = {number_text(record['value'])}, by chance {chance}: lift {number_text(lift)}",
             f"95 % CI of the lift {number_text(record['ci_low'])} to {number_text(record['ci_high'])}",
             f"{number_text(100 * record.get('of_possible', math.nan), 0)} % of what is possible beyond chance",
             f"p = {number_text(record['p'], 4)}, q = {number_text(record['q'], 4)}, n = {int(record['n'])} patients"]
    interval = record["ci_low"], record["ci_high"]
    return lift, lift_shade(lift), known and record["q"] <= ALPHA, "\n".join(lines), tuple(map(lift_shade, interval)), interval


def _hubs(records, metric, titles):
    """All figures of the table, each column with its own scale."""
    by_model = {record["model"]: record for record in records}
    largest = {}
    for name, (_title, full) in _HUB_COLUMNS.items():
        values = [record[name] for record in records if not math.isnan(record[name])]
        largest[name] = full or max([abs(value) for value in values], default=0.0) or 1.0

    def cell(model, name):
        record, end = by_model[model], name.partition("_")[0]
        lines = [f"{model}: {_HUB_COLUMNS[name][0]} = {record[name]:.4g}"]
        if name.endswith("_max"):
            lines.append(f"Patient {record[f'{end}_max_PatientID']} is in {int(record[name])} of {int(record['n'])} lists of "
                         f"{int(record['k'])}")
        return record[name], record[name] / largest[name], False, "\n".join(lines)

    return HeatMap.of_cells("Hubs and anisotropy", list(by_model), list(_HUB_COLUMNS),
                            [title for title, _full in _HUB_COLUMNS.values()], cell,
                            "Every column has its own scale.",
                            [0 if name.endswith(("_max", "_never")) else 2 for name in _HUB_COLUMNS],
                            scale=("", "none", "the most of the column"),
                            axes=Axes("Skewness of how often a patient is listed", columns=("near_skewness", "far_skewness")))


def _agreement(records, metric, titles):
    """Models by models; chance has no color, full agreement the deepest."""
    pairs = {}
    for record in records:
        pairs[record["model_a"], record["model_b"]] = pairs[record["model_b"], record["model_a"]] = record
    models = _unique(name for record in records for name in (record["model_a"], record["model_b"]))
    chance = records[0].get(f"{metric}_chance", 0.0) if records else 0.0

    def cell(one, other):
        if one == other:
            return 1.0, 1.0, False, f"{one} with itself"
        record = pairs.get((one, other))
        if record is None:
            return math.nan, math.nan, False, ""
        text = f"{one} and {other}: {MEASURES[metric]} = {number_text(record[metric], 3)}, n = {int(record['n'])} patients"
        if chance:
            text += f"\nby chance {number_text(chance, 3)}"
        return record[metric], (record[metric] - chance) / (1 - chance), False, text

    note = f"Chance ({number_text(chance, 3)}) has no color, 1 the deepest." if metric != "cka" else "No single chance level."
    return HeatMap.of_cells(MEASURES[metric], models, models, models, cell, note,
                            scale=("", "chance" if metric != "cka" else "0", "the same"),
                            axes=Axes(MEASURES[metric], chance=chance if metric != "cka" else math.nan))


def _probes(records, metric, titles):
    """The better of the probes on the embedding alone per model and task would be a choice after the fact: the logistic one."""
    def label(record):
        return record["model"] or "Clinical data alone"

    chosen = [record for record in records if record["probe"] == "logistic" and record["features"] in ("clinical", "embedding")]
    cells = {(label(record), record["task"]): record for record in chosen}

    def cell(model, task):
        record = cells.get((model, task))
        if record is None or math.isnan(record[metric]):
            return math.nan, math.nan, False, f"{model}, {task}: " + (record["note"] or "undefined" if record else "not run")
        if metric == "ece":
            return _calibration_cell(record, model, task)
        chance = {"auroc": 0.5, "auprc": record["auprc_chance"], "gain": 0.0}[metric]
        low, high = record[f"{metric}_ci_low"], record[f"{metric}_ci_high"]
        span = 0.5 if metric == "gain" else 1 - chance
        q = record.get("q", math.nan) if metric != "gain" else record.get("gain_p", math.nan)
        lines = [f"{model}, {task}: {_PROBE_METRICS[metric]} = {number_text(record[metric], 3)}",
                 f"95 % CI {number_text(low, 3)} to {number_text(high, 3)}; none: {number_text(chance, 3)}",
                 f"n = {int(record['n'])} patients; Brier score {number_text(record['brier'], 3)}"]
        if not math.isnan(q):
            lines.append(f"{'p of the gain' if metric == 'gain' else 'q of the AUROC'} = {number_text(q, 4)}")
        sure = low > chance and not q > ALPHA
        return (record[metric], (record[metric] - chance) / (span or 1), sure, "\n".join(lines),
                tuple((end - chance) / (span or 1) for end in (low, high)), (low, high))

    tasks = _unique(record["task"] for record in chosen)
    note = ("The line in a cell is the 95 % CI, its tick is chance. * It lies above chance, and q of the AUROC (or p of the "
            f"gain) \u2264 {ALPHA:g}.")
    scale = {"gain": ("worse", "clinical data", "0.5 better"), "ece": ("", "perfect", f"{_FAR_OFF:g} off or more")}
    return HeatMap.of_cells(
        f"{_PROBE_METRICS[metric]}, logistic probe on the embedding", _unique(map(label, chosen)), tasks,
        [titles.get(task, task).partition(" (")[0] for task in tasks], cell,
        "Expected calibration error: mean distance of predicted probability and observed share." if metric == "ece" else note,
        scale=scale.get(metric, ("worse", "chance", "perfect")),
        axes={"auroc": Axes("AUROC", chance=0.5), "gain": Axes("Gain in AUROC", chance=0.0, chance_name="No gain"),
              "ece": Axes("Expected calibration error")}.get(metric, Axes(_PROBE_METRICS[metric])))


def _calibration_cell(record, model, task):
    lines = [f"{model}, {task}: expected calibration error {number_text(record['ece'], 3)}",
             f"Brier score {number_text(record['brier'], 3)}; {number_text(record['brier_reference'], 3)} for knowing nothing",
             f"n = {int(record['n'])} patients"]
    return record["ece"], record["ece"] / _FAR_OFF, False, "\n".join(lines)


def _unique(names):
    return list(dict.fromkeys(names))
