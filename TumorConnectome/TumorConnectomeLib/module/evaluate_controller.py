"""The Evaluate section of the panel: runs evaluations, keeps their results in the scene, shows them as a heat map."""
from __future__ import annotations

from html import escape

import qt
from slicer.i18n import tr as _

from ..core.errors import TumorConnectomeError
from ..core.evaluation.controls import RANDOM
from ..core.evaluation.report import Report
from ..core.result_maps import RELIABILITY, ResultKind, heat_map_of
from ..core.row_rules import patients_of
from ..core.structure.consensus import CONSENSUS
from ..core.structure.probe_tasks import STANDARD_TITLES
from ..core.structure.repairs import Repair
from ..widgets.heat_map import HeatMapWidget
from .cell_group import choice_of_cell, model_of_row
from .evaluate_choices import EvaluateChoices
from .evaluation_jobs import evaluation_sequence
from .latest_task import LatestTask
from .packages import require
from .plot_views import PlotViews
from .reliability_display import ReliabilityDisplay
from .report_box import ReportBox
from .result_nodes import find_result, read_result, write_result
from .result_plots import write_plot
from .result_views import results_are_shown, show_results


class EvaluateController:
    """Connects the Evaluate section with the state, the worker and the scene.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    status : StatusLine
    """

    def __init__(self, panel, status):
        self._panel, self._ui, self._status = panel, panel.ui, status
        self._work = LatestTask(panel.runner, status)
        self._shownKey, self._records, self._facts = None, [], {}
        self._metrics, self._kind, self._pending = {}, None, None
        self._plotViews = PlotViews()
        self.choices, self.reportBox = EvaluateChoices(panel), ReportBox(panel.ui, status)
        self.reliability = ReliabilityDisplay(panel.ui.curvePlace)
        self.heatMap = HeatMapWidget(_)
        self.heatMap.onCell = self._onCell
        self._area = qt.QScrollArea()
        self._area.setFrameShape(qt.QFrame.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self._area.setWidget(self.heatMap)
        ui = self._ui
        ui.heatMapPlace.layout().addWidget(self._area)
        ui.evaluateButton.connect("clicked(bool)", self.run)
        ui.evaluateMetricComboBox.connect("activated(int)", self._onMetric)
        ui.showResultsButton.connect("clicked(bool)", self._onShowResults)

    @property
    def busy(self):
        """Whether an evaluation runs."""
        return self._work.busy

    def cancel(self):
        """Stop what runs, without a word."""
        if self._work.cancel():
            self._status.done("")

    def cleanup(self):
        """Let go of the callbacks."""
        self.heatMap.onCell = lambda row, column: None
        self.choices.cleanup()
        self._plotViews.cleanup()

    # Running

    def run(self, checked=False):
        """Run the evaluation that the state asks for; one that runs is canceled."""
        self.cancel()
        panel, parameters = self._panel, self._panel.parameters
        if panel.state.cohort is None or parameters is None:
            self._status.done(_("Load a cohort first."), problem=True)
            return
        kind, cohort = parameters.evaluation, panel.state.cohort
        try:
            if kind is ResultKind.PROBES:
                require("scikit-learn", _("The evaluation by probes"))
            sequence = evaluation_sequence(parameters, panel.state, panel.cohort.loader.path)
        except TumorConnectomeError as error:
            self._status.failed(error, self.run)
            return
        facts = {"cohort": cohort.name, "synthetic": cohort.synthetic, "patients": len(set(patients_of(cohort)))}
        if kind is not ResultKind.PROBES:
            facts |= {"repair": parameters.repair.value, "k": min(parameters.evaluatedCount, len(cohort.patients) - 1)}
        if kind is ResultKind.RETRIEVAL:
            facts["permutations"] = parameters.permutations
        self._work.run(sequence, lambda result: self._keep(kind, result, facts),
                       lambda error: self._status.failed(error, self.run))

    def _keep(self, kind, result, facts):
        """Put a result into the scene and show it."""
        for name, (columns, rows) in result.tables.items():
            more = {"report": result.report.to_plain()} if result.report and name == kind.value else {}
            write_result(name, columns, rows, {**facts, **more})
        records, _facts = read_result(find_result(kind.value))
        heat_map = heat_map_of(kind, records, next(iter(kind.metrics())), self._titles())
        write_plot(kind.value, heat_map, facts["synthetic"])
        if kind is ResultKind.PROBES and heat_map.column_keys:
            self._showCurves(heat_map.row_keys[-1], heat_map.column_keys[0])
            self.reliability.writePlot()
        self._status.done(_("The figures are in the scene as tables and a plot, \"TumorConnectome: {name}\".").format(
            name=kind.value))
        self._panel.set(evaluation=kind)
        self._panel.onStateModified()

    # Showing

    def show(self, parameters):
        """Show the result of the chosen kind that is in the scene."""
        kind = parameters.evaluation
        self.choices.show(parameters)
        if kind is not self._kind:
            self._kind, metrics = kind, kind.metrics()
            combo = self._ui.evaluateMetricComboBox
            combo.clear()
            combo.addItems([_(title) for title in metrics.values()])
            combo.currentIndex = list(metrics).index(self._metrics.get(kind, next(iter(metrics))))
            self._ui.evaluateCellLabel.text = ""
        node, main = find_result(kind.table(self._metric())), find_result(kind.value)
        key = kind, self._metric(), *(one and (one.GetID(), one.GetMTime()) for one in (node, main)), self._panel.state.cohort
        if key != self._shownKey:
            self._shownKey = key
            self._records, self._facts = read_result(node) if node is not None else ([], {})
            self._showResult(kind, read_result(main)[1] if main is not None else {})
        if parameters.repair is not self._repair():     # the user changed his mind, or it can not be made
            self._pending = None

    def showPending(self):
        """Show the patients of a cell that was clicked before the repaired graph was there. It changes the state."""
        if self._pending is not None and self._shownIs(self._pending[0]):
            cell, self._pending = self._pending, None
            self._onCell(*cell)

    def _shownIs(self, row):
        """Whether the graph shows the repair of the figures and, if a row is of the consensus, that."""
        shown = self._panel.state.shown
        return (self._kind is ResultKind.PROBES or shown.repair is self._repair()) and (
            model_of_row(row, self._panel.state.cohort) != CONSENSUS or shown.model == CONSENSUS)

    def _heatMap(self):
        """The heat map of what is chosen; None without figures."""
        try:
            return heat_map_of(self._kind, self._records, self._metric(), self._titles()) if self._records else None
        except (KeyError, TypeError, ValueError):       # the table of the scene was changed by somebody else
            return None

    def _showResult(self, kind, facts):
        ui, heat_map = self._ui, self._heatMap()
        self.heatMap.setHeatMap(heat_map)
        bar = self._area.horizontalScrollBar().sizeHint.height()
        self._area.setFixedHeight(self.heatMap.minimumHeight + bar + 2 if heat_map else 0)
        self._area.setVisible(heat_map is not None)
        ui.heatMapTitleLabel.text = f"<b>{escape(heat_map.title)}</b><br>{escape(self._circumstances())}" if heat_map \
            else escape(_("Not evaluated yet."))
        ui.heatMapNoteLabel.text = "{} {}".format(heat_map.note, _("Click a cell to see its patients.")) if heat_map else ""
        ui.heatMapNoteLabel.setVisible(heat_map is not None)
        ui.showResultsButton.setVisible(heat_map is not None)
        if heat_map is not None and self._isReliability():
            self._showCurves(heat_map.row_keys[-1], heat_map.column_keys[0])
        else:
            self.reliability.hide()
        try:
            self.reportBox.show(Report.from_plain(facts["report"]) if heat_map is not None else None)
        except (KeyError, TypeError, ValueError):       # none of this kind, or changed by somebody else
            self.reportBox.show(None)

    def _isReliability(self):
        return self._kind is ResultKind.PROBES and self._metric() == "ece"

    def _showCurves(self, row, column):
        """Show the reliability curves of a cell of the heat map of probes."""
        model = row if row in self._panel.state.cohort.models else ""
        self.reliability.show(column, model, self._titles().get(column, column).partition(" (")[0])

    def _circumstances(self):
        """On what the shown figures rest."""
        facts = self._facts
        parts = [str(facts.get("cohort", _("unknown cohort")))]
        if facts.get("synthetic"):
            parts.append(_("SYNTHETIC DATA"))
        if "k" in facts:
            parts.append(_("k = {k}").format(k=facts["k"]))
        if self._repair() is not Repair.NONE:
            parts.append(_("repaired by {repair}").format(repair=self._repair().label().lower()))
        if "permutations" in facts:
            parts.append(_("{n} permutations").format(n=facts["permutations"]))
        return ", ".join(parts)

    def _repair(self):
        """The repair that the shown figures were made with."""
        return next((repair for repair in Repair if repair.value == self._facts.get("repair")), Repair.NONE)

    def _titles(self):
        return {RANDOM: _("Random groups"), **STANDARD_TITLES,
                **{key: one.title for key, one in self._panel.state.cohort.facets.items()}}

    def _metric(self):
        metrics = list(self._kind.metrics())
        return metrics[max(0, self._ui.evaluateMetricComboBox.currentIndex)]

    # Events

    def _onShowResults(self, checked=False):
        if results_are_shown():
            self._panel.compare.display.showLayout()
        else:
            chart = self.reliability.writePlot() or write_plot(
                self._kind.value, self._heatMap(), bool(self._facts.get("synthetic")))
            show_results(chart, find_result(RELIABILITY if self.reliability.plot.curves else self._kind.table(self._metric())))

    def _onMetric(self, index):
        self._metrics[self._kind] = self._metric()
        self.show(self._panel.parameters)

    def _onCell(self, row, column):
        """Show the patients behind a cell in the graph, after the repair if the figure is of a repaired space."""
        state = self._panel.state
        if self._facts.get("cohort") != state.cohort.name or self._facts.get("patients") != len(state.cohort.patients):
            self._ui.evaluateCellLabel.text = _("These figures are of another cohort: {name}.").format(
                name=self._facts.get("cohort"))
            return
        if self._isReliability():
            self._showCurves(row, column)
        if not self._shownIs(row):
            self._pending = row, column
            model = {"model": CONSENSUS} if model_of_row(row, state.cohort) == CONSENSUS else {}
            self._panel.set(repair=self._repair() if self._kind is not ResultKind.PROBES else state.shown.repair, **model)
            return
        values, text = choice_of_cell(self._kind, row, column, state, self._facts)
        self._ui.evaluateCellLabel.text = text
        self._panel.set(**values)
