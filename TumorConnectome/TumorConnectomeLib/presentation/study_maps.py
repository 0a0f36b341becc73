"""Figures of a reader study as data for plots: one column of bars with intervals and the chance level each."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum

from .heat_map import Axes, HeatMap

_CONSENSUS, _ALL = "consensus", "all"
_RANKS = range(1, 11)
#: statistics of the plot of kappas, and what their bars are called; {reader} is replaced
_KAPPAS = {"cohen_kappa_with_model": "{reader}, model", "cohen_kappa_consensus_model": "Consensus, model",
           "fleiss_kappa": "Between readers", "intra_reader_kappa": "{reader}, again"}


class StudyPlot(Enum):
    """Which figures of a reader study a plot shows."""

    AGREEMENT = "agreement"
    KAPPA = "kappa"
    RANKS = "ranks"
    MARGINS = "margins"

    def label(self) -> str:
        """What the interface shows."""
        return {"agreement": "Agreement with model", "kappa": "Kappas", "ranks": "Choices by rank",
                "margins": "Hard and easy queries"}[self.value]


def study_map(plot: StudyPlot, records: Sequence[Mapping]) -> HeatMap | None:
    """The figures of a plot as one column.

    Parameters
    ----------
    plot : StudyPlot
    records : sequence of mapping
        Rows of the table of `study.analysis`; NaN where a number is undefined.

    Returns
    -------
    HeatMap or None
        None when the study has no such figures: a table of choices knows neither ranks nor margins.
    """
    rows = _rows(plot, records)
    rows = {name: record for name, record in rows.items() if not math.isnan(record["value"])}
    if not rows:
        return None
    figures, of, chance = {
        StudyPlot.AGREEMENT: ("Share of the model's five", "Reader", 0.5),
        StudyPlot.KAPPA: ("Kappa", "Kappa of", 0.0),
        StudyPlot.RANKS: ("Share of answers that chose it", "Rank by the model", 0.5),
        StudyPlot.MARGINS: ("Share of the model's five", "Margin of the model", 0.5)}[plot]

    def cell(name, _column):
        record = rows[name]
        words = f"{record['statistic']}, {record['reader']}: n = {record['n']} queries"
        return record["value"], math.nan, False, words, (math.nan, math.nan), (record["ci_low"], record["ci_high"])

    return HeatMap.of_cells(plot.label(), list(rows), ("value",), ("Value",), cell,
                            axes=Axes(figures=figures, rows=of, chance=chance))


def _rows(plot, records):
    """Records by what their bars are called."""
    if plot is StudyPlot.AGREEMENT:
        found = {record["reader"]: record for record in records if record["statistic"] == "agreement_with_model"}
        order = sorted(found, key=(_ALL, _CONSENSUS).__contains__)     # single readers first
        return {{_ALL: "All readers", _CONSENSUS: "Consensus"}.get(name, name): found[name] for name in order}
    if plot is StudyPlot.KAPPA:
        return {name.format(reader="All" if record["reader"] == _ALL else record["reader"]): record
                for statistic, name in _KAPPAS.items() for record in records if record["statistic"] == statistic}
    if plot is StudyPlot.MARGINS:
        by_name = {record["statistic"]: record for record in records}
        return {title: by_name[f"agreement_with_model_{name}"] for name, title in (
            ("hard", "Small (hard)"), ("easy", "Large (easy)")) if f"agreement_with_model_{name}" in by_name}
    by_name = {record["statistic"]: record for record in records}
    return {str(rank): by_name[f"chosen_at_rank_{rank}"] for rank in _RANKS if f"chosen_at_rank_{rank}" in by_name}
