"""The figures of a reader study in the scene: a table, plots, and sentences for the panel."""
from __future__ import annotations

import math
from html import escape

from slicer.i18n import tr as _

from ..presentation.study_maps import StudyPlot, study_map
from .result_nodes import find_result, read_result, write_result
from .result_plots import write_plot

#: kind of the table node, and so a part of its name
RESULT = "reader study"


def keep_figures(found: dict, facts: dict) -> None:
    """Put what the worker ``study-analyze`` returned into the scene."""
    write_result(RESULT, found["columns"], found["rows"], {**facts, "notes": found["notes"]})


def figures_in_scene():
    """The table node of the figures, its records and its facts; None, [] and {} when there is none."""
    node = find_result(RESULT)
    records, facts = read_result(node) if node is not None else ([], {})
    return (node, records, facts) if records else (None, [], {})


def plots_of(records) -> list[StudyPlot]:
    """Plots for which there are figures."""
    return [plot for plot in StudyPlot if study_map(plot, records) is not None]


def put_plot(plot: StudyPlot, records, synthetic: bool):
    """Put a plot into the scene, in place of the former one; returns its chart."""
    return write_plot(RESULT, study_map(plot, records), synthetic)


def figures_text(records, facts) -> str:
    """HTML: the main figures in sentences, and what is to be known about missing answers."""
    found = {(record["statistic"], record["reader"]): record for record in records}
    lines = []
    if (one := found.get(("agreement_with_model", "all"))) and not math.isnan(one["value"]):
        lines.append(_("Readers chose {value:.0%} of the model's five ({low:.0%} to {high:.0%}); choosing any five gives "
                       "{chance:.0%} ({p}).").format(**_numbers(one)))
    if (one := found.get(("cohen_kappa_consensus_model", "consensus"))) and not math.isnan(one["value"]):
        lines.append(_("Their consensus agrees with the model at kappa {value:.2f} ({low:.2f} to {high:.2f}; {p}).").format(
            **_numbers(one)))
    if (one := found.get(("fleiss_kappa", "all"))) and not math.isnan(one["value"]):
        lines.append(_("They agree with each other at kappa {value:.2f} ({low:.2f} to {high:.2f}; {p}).").format(
            **_numbers(one)))
    if lines:
        lines.append(_("The 95 % intervals are for other queries and other readers like these, the one-sided p values for "
                       "these readers."))
    if facts.get("synthetic"):
        lines.insert(0, _("SYNTHETIC DATA."))
    lines += [f"\N{WARNING SIGN} {note}" for note in facts.get("notes", []) if isinstance(note, str)]
    return "<br>".join(escape(line, quote=False) for line in lines)


def _numbers(record):
    p = record["p"]
    return {"value": record["value"], "low": record["ci_low"], "high": record["ci_high"], "chance": record["chance"],
            "p": _("p < 0.0001") if p < 1e-4 else _("p = {p:.2g}").format(p=p)}
