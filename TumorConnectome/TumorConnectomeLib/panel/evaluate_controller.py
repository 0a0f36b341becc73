"""The Evaluate section of the panel: what is evaluated, runs it, keeps the figures in the scene, and shows them."""
from __future__ import annotations

import math
import pathlib
from html import escape

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from ..base.errors import TumorConnectomeError
from ..base.files import atomic_file
from ..cohort.row_rules import RowRule
from ..evaluation.controls import RANDOM
from ..evaluation.hubs import TOP_HUBS
from ..evaluation.metrics import METRICS
from ..evaluation.probe_tasks import STANDARD_TITLES
from ..evaluation.reliability import curves_of
from ..evaluation.replication import LEFT_OUT
from ..evaluation.report import Report, report_body, report_html, report_text
from ..neighbors.consensus import CONSENSUS, with_consensus
from ..neighbors.match import Match
from ..neighbors.repairs import Repair
from ..presentation.cell_patients import best_queries, common_queries, largest_hubs
from ..presentation.contrast_maps import COMPARISON, REPLICATION, SWEEP, references, sweep_lines
from ..presentation.evidence_maps import model_and_facet
from ..presentation.result_maps import RELIABILITY, ResultKind, heat_map_of
from ..scene.view_layouts import RESULTS_LAYOUT, show_layout
from ..widgets.check_list import CheckList
from ..widgets.heat_map import HeatMapWidget
from ..widgets.reliability_plot import ReliabilityPlot
from ..work.runner import LatestTask
from .changes import COLUMNS, GRAPH, RESULTS, SCENE
from .evaluation_jobs import evaluation_sequence
from .json_list import choice_from_text, choice_to_text, list_to_text
from .packages import require
from .plot_views import PlotViews
from .result_nodes import find_result, read_result, write_result
from .result_plots import write_curves, write_plot, write_sweep


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
        self._records, self._facts, self._observed = [], {}, []
        self._metrics, self._kind, self._pending, self._sweepRow = {}, None, None, ""
        self._partial = False
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
        ui.referenceComboBox.connect("activated(int)", self._onReference)
        ui.replicateButton.connect("clicked(bool)", self._onReplicate)
        ui.replicateFilesButton.connect("clicked(bool)", self._onReplicateFiles)
        ui.showResultsButton.connect("clicked(bool)", self._onShowResults)
        bind = panel.state.bind
        bind(self.choices.offer, "evaluation", "evaluatedModels", "evaluatedFacets", COLUMNS)
        bind(self.presentKind, "evaluation")
        bind(self.presentResult, "evaluation", COLUMNS, RESULTS, SCENE)
        bind(self.forgetCell, "repair")
        bind(self.showCell, GRAPH)

    @property
    def busy(self):
        """Whether an evaluation runs."""
        return self._work.busy

    def cancel(self):
        """Stop what runs, without a word."""
        self._work.cancel()

    def forget(self):
        """The scene is being closed: stop what runs, and let go of its tables."""
        self.cancel()
        self._observe()

    def cleanup(self):
        """Let go of the callbacks."""
        self.heatMap.onCell = lambda row, column: None
        self.choices.cleanup()
        self._observe()
        self._plotViews.cleanup()

    # Running

    def run(self, checked=False, replicate=""):
        """Run the evaluation that the state asks for; one that runs is canceled.

        With `replicate` (see `evaluation_sequence`) it is that against labels, in a second cohort, too.
        """
        self.cancel()
        panel, parameters = self._panel, self._panel.parameters
        if panel.state.cohort is None or parameters is None:
            self._status.done(_("Load a cohort first."), problem=True)
            return
        kind, cohort = parameters.evaluation, panel.state.cohort

        def again():
            self.run(replicate=replicate)

        try:
            if kind is ResultKind.PROBES:
                require("scikit-learn", _("The evaluation by probes"))
            sequence = self._shown(evaluation_sequence(
                parameters, panel.state, panel.cohort.loader.path, replicate, self._presentPartial))
        except TumorConnectomeError as error:
            self._status.failed(error, again)
            return
        facts = {"cohort": cohort.name, "synthetic": cohort.synthetic, "patients": len(set(cohort.node_patients))}
        if kind is not ResultKind.PROBES:
            facts |= {"repair": parameters.repair.value, "k": min(parameters.evaluatedCount, len(cohort.patients) - 1)}
        if kind is ResultKind.RETRIEVAL:
            facts["permutations"] = parameters.permutations
        self._work.run(sequence, lambda result: self._keep(kind, result, facts, REPLICATION if replicate else ""), again=again)

    def _shown(self, sequence):
        """The sequence; when it ends without a result, what was there before is shown again."""
        found = None
        try:
            found = yield from sequence
            return found
        finally:
            if found is None and self._partial and self._panel.parameters is not None:
                self._partial = False
                self.presentResult(self._panel.parameters)

    def _presentPartial(self, found):
        """Show the figures that are known so far, if these are what the user looks at."""
        metric = self._metric() if self._kind is ResultKind.RETRIEVAL else ""
        if metric not in METRICS:
            return
        self._partial = True
        records = [{name: math.nan if value is None else value for name, value in zip(found["columns"], row)}
                   for row in found["rows"]]
        self._presentHeatMap(heat_map_of(self._kind, records, metric, self._titles()))
        self._ui.heatMapTitleLabel.text = "<b>{}</b><br>{}".format(
            escape(_("Lift of {metric} over chance").format(metric=metric)), escape(_("First figures; p and q follow.")))

    def _keep(self, kind, result, facts, metric=""):
        """Put a result into the scene and show it, with a figure of it first that was asked for."""
        self._partial = False
        self._observe()                                 # what we write ourselves is shown at the end
        for name, (columns, rows) in result.tables.items():
            more = {"report": result.report.to_plain()} if result.report and name == kind.value else {}
            write_result(name, columns, rows, {**facts, **more})
        records, _facts = read_result(find_result(kind.value))
        heat_map = heat_map_of(kind, records, next(iter(kind.metrics())), self._titles())
        write_plot(kind.value, heat_map, facts["synthetic"])
        if kind is ResultKind.PROBES and heat_map.column_keys:
            self._drawCurves(heat_map.row_keys[-1], heat_map.column_keys[0])
            self.reliability.writePlot()
        self._status.done(_("The figures are in the scene as tables and a plot, \"TumorConnectome: {name}\".").format(
            name=kind.value))
        if metric:
            self._metrics[kind] = metric
        self._panel.set(evaluation=kind)
        self.presentKind(self._panel.parameters)
        self._panel.changes.tell(RESULTS)

    # Showing

    def presentKind(self, parameters):
        """Offer the figures of the chosen kind of evaluation."""
        self._kind, metrics, combo = parameters.evaluation, parameters.evaluation.metrics(), self._ui.evaluateMetricComboBox
        combo.clear()
        combo.addItems([_(title) for title in metrics.values()])
        combo.currentIndex = list(metrics).index(self._metrics.get(self._kind, next(iter(metrics))))
        self._ui.evaluateCellLabel.text = ""
        for button in (self._ui.replicateButton, self._ui.replicateFilesButton):
            button.setVisible(self._kind is ResultKind.RETRIEVAL)

    def presentResult(self, parameters):
        """Show the result of the chosen kind that is in the scene."""
        node, main = find_result(self._kind.table(self._metric())), find_result(self._kind.value)
        self._observe(*{one.GetID(): one for one in (node, main) if one is not None}.values())
        self._records, self._facts = read_result(node) if node is not None else ([], {})
        self._presentReferences(parameters)
        self._presentTable(read_result(main)[1] if main is not None else {})

    def _presentReferences(self, parameters):
        """Offer the models that others were compared with, where models are compared."""
        ui, names = self._ui, references(self._records) if self._metric() == COMPARISON else []
        ui.referenceComboBox.clear()
        ui.referenceComboBox.addItems(names)
        if parameters.referenceModel in names:
            ui.referenceComboBox.currentIndex = names.index(parameters.referenceModel)
        for widget in (ui.referenceComboBox, ui.referenceComboBoxLabel):
            widget.setVisible(bool(names))

    def _observe(self, *nodes):
        """Look again when somebody changes one of these nodes, and no others."""
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = [(node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onTable)) for node in nodes]

    def _onTable(self, caller, event):
        self._panel.changes.tell(RESULTS)

    def forgetCell(self, parameters):
        """The user wants another repair than that of the clicked cell, or it can not be made."""
        if parameters.repair is not self._repair():
            self._pending = None

    def showCell(self, parameters):
        """Show the patients of a cell that was clicked before the repaired graph was there."""
        if self._pending is not None and self._shownIs(self._pending[0]):
            cell, self._pending = self._pending, None
            self._onCell(*cell)

    def _shownIs(self, row):
        """Whether the graph shows the repair of the figures and, if a row is of the consensus, that."""
        shown = self._panel.state.shown
        return (self._kind is ResultKind.PROBES or shown.repair is self._repair()) and (
            model_and_facet(row)[0] != CONSENSUS or shown.model == CONSENSUS)

    def _heatMap(self):
        """The heat map of what is chosen; None without figures."""
        return heat_map_of(self._kind, self._records, self._metric(), self._titles(),
                           self._ui.referenceComboBox.currentText) if self._records else None

    def _presentHeatMap(self, heat_map):
        self.heatMap.setHeatMap(heat_map)
        bar = self._area.horizontalScrollBar().sizeHint.height()
        self._area.setFixedHeight(self.heatMap.minimumHeight + bar + 2 if heat_map else 0)
        self._area.setVisible(heat_map is not None)

    def _presentTable(self, facts):
        ui, heat_map = self._ui, self._heatMap()
        self._presentHeatMap(heat_map)
        ui.heatMapTitleLabel.text = f"<b>{escape(heat_map.title)}</b><br>{escape(self._circumstances())}" if heat_map \
            else escape(_("Not evaluated yet."))
        ui.heatMapNoteLabel.text = "{} {}".format(heat_map.note, _("Click a cell to see its patients.")) if heat_map else ""
        ui.heatMapNoteLabel.setVisible(heat_map is not None)
        ui.showResultsButton.setVisible(heat_map is not None)
        if heat_map is not None and self._isReliability():
            self._drawCurves(heat_map.row_keys[-1], heat_map.column_keys[0])
        else:
            self.reliability.hide()
        try:
            self.reportBox.present(Report.from_plain(facts["report"]) if heat_map is not None else None)
        except (KeyError, TypeError, ValueError):       # none of this kind, or changed by somebody else
            self.reportBox.present(None)

    def _isReliability(self):
        return self._kind is ResultKind.PROBES and self._metric() == "ece"

    def _drawCurves(self, row, column):
        """Show the reliability curves of a cell of the heat map of probes."""
        model = row if row in self._panel.state.cohort.models else ""
        self.reliability.draw(column, model, self._titles().get(column, column).partition(" (")[0])

    def _sweepChart(self):
        """Put the curve of the clicked model and label (or the first) into the scene, with the band that chance fills."""
        rows = self._heatMap().row_keys
        row = self._sweepRow if self._sweepRow in rows else rows[0]
        model, facet = model_and_facet(row)
        title = _("{model}: same {label} by number of neighbors").format(
            model=model, label=self._titles().get(facet, facet).partition(" (")[0].lower())
        return write_sweep(SWEEP, title, sweep_lines(self._records, model, facet), bool(self._facts.get("synthetic")))

    def _circumstances(self):
        """On what the shown figures rest."""
        facts = self._facts
        parts = [str(facts.get("cohort", _("unknown cohort")))]
        if facts.get("synthetic"):
            parts.append(_("SYNTHETIC DATA"))
        if "k" in facts:
            parts.append(_("k = {k}").format(k=facts["k"]))
        if self._repair() is not Repair.NONE:
            parts.append(_("repaired by {repair}").format(repair=_(self._repair().label()).lower()))
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
            chart = self._sweepChart() if self._metric() == SWEEP else self.reliability.writePlot() or write_plot(
                self._kind.value, self._heatMap(), bool(self._facts.get("synthetic")))
            show_results(chart, find_result(RELIABILITY if self.reliability.plot.curves else self._kind.table(self._metric())))

    def _onMetric(self, index):
        self._metrics[self._kind] = self._metric()
        self.presentResult(self._panel.parameters)

    def _onReference(self, index):
        self._panel.set(referenceModel=self._ui.referenceComboBox.currentText)
        self.presentResult(self._panel.parameters)

    def _onReplicate(self, checked=False):
        """Look for the same in the patients that the rule of one row leaves out; without such a rule ask for files."""
        parameters = self._panel.parameters
        if parameters is not None and parameters.dataFolder and parameters.rowRule is RowRule.SINGLE:
            self.run(replicate=LEFT_OUT)
        else:
            self._onReplicateFiles()

    def _onReplicateFiles(self, checked=False):
        paths = qt.QFileDialog.getOpenFileNames(self._ui.replicateFilesButton, _("Files of the second cohort"))
        if paths:
            self.run(replicate=";".join(paths))

    def _onCell(self, row, column):
        """Show the patients behind a cell in the graph, after the repair if the figure is of a repaired space."""
        state = self._panel.state
        if self._partial:                               # of figures that are not complete yet
            return
        if self._facts.get("cohort") != state.cohort.name or self._facts.get("patients") != len(state.cohort.patients):
            self._ui.evaluateCellLabel.text = _("These figures are of another cohort: {name}.").format(
                name=self._facts.get("cohort"))
            return
        if self._isReliability():
            self._drawCurves(row, column)
        if self._metric() == SWEEP:
            self._sweepRow = row
            self._sweepChart()
        if not self._shownIs(row):
            self._pending = row, column
            model = {"model": CONSENSUS} if model_and_facet(row)[0] == CONSENSUS else {}
            self._panel.set(repair=self._repair() if self._kind is not ResultKind.PROBES else state.shown.repair, **model)
            return
        values, text = choice_of_cell(self._kind, row, column, state, self._facts)
        self._ui.evaluateCellLabel.text = text
        self._panel.set(**values)


class EvaluateChoices:
    """Connects the two lists of the Evaluate section with the state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    """

    def __init__(self, panel):
        self._panel = panel
        self.models = CheckList(_("Models to evaluate"), _(
            "Models that are evaluated; the consensus is the rank fusion of all models."))
        self.facets = CheckList(_("Labels to evaluate"), _(
            "What the models are asked for. The controls (random groups, body side) are always added. Probes ask the standard "
            "questions (cancer type, late stage, sex) when all are ticked."))
        panel.ui.evaluatedModelsPlace.layout().addWidget(self.models.widget)
        panel.ui.evaluatedFacetsPlace.layout().addWidget(self.facets.widget)
        self.models.onChanged = lambda keys: panel.set(
            evaluatedModels=choice_to_text(keys, with_consensus(panel.state.cohort.models)))
        self.facets.onChanged = lambda keys: panel.set(evaluatedFacets=choice_to_text(keys, panel.state.cohort.facets))

    def cleanup(self):
        """Let go of the callbacks."""
        self.models.onChanged = self.facets.onChanged = lambda keys: None

    def offer(self, parameters):
        """Show the state; only what the chosen evaluation depends on can be changed."""
        cohort, ui, kind = self._panel.state.cohort, self._panel.ui, parameters.evaluation
        models, facets = with_consensus(cohort.models), cohort.facets
        self.models.show(models, models, choice_from_text(parameters.evaluatedModels, models))
        self.facets.show(list(facets), [facet.title for facet in facets.values()],
                         choice_from_text(parameters.evaluatedFacets, facets))
        retrieval = kind is ResultKind.RETRIEVAL
        self.facets.widget.enabled = retrieval or kind is ResultKind.PROBES
        ui.evaluatedCountSpinBox.enabled = kind is not ResultKind.PROBES
        ui.permutationsSpinBox.enabled = ui.confoundsCheckBox.enabled = retrieval


class ReportBox:
    """Shows a Report and writes it.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    status : StatusLine
        Says what became of it.
    """

    def __init__(self, ui, status):
        self._ui, self._status, self.report = ui, status, None
        ui.copyReportButton.connect("clicked(bool)", self.copy)
        ui.saveReportButton.connect("clicked(bool)", self._onSave)

    def present(self, report: Report | None):
        """Show a report, or none."""
        self.report = report
        self._ui.verdictBrowser.setHtml(report_body(report, table=False) if report else "")
        for widget in (self._ui.verdictBrowser, self._ui.copyReportButton, self._ui.saveReportButton):
            widget.setVisible(report is not None)

    def copy(self, checked=False):
        """Put the report into the clipboard as text."""
        qt.QApplication.clipboard().setText(report_text(self.report))
        self._status.done(_("The report is in the clipboard."))

    def save(self, path):
        """Write the report: a web page, or text if the path ends in .txt."""
        text = report_text(self.report) if str(path).lower().endswith(".txt") else report_html(self.report)
        try:
            with atomic_file(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            self._status.done(f"{path}: {error.strerror or error}", problem=True)
        else:
            self._status.done(_("Written: {path}").format(path=pathlib.Path(path)))

    def _onSave(self, checked=False):
        path = qt.QFileDialog.getSaveFileName(self._ui.saveReportButton, _("Save the report"), "which-model-for-what.html",
                                              "*.html *.txt")
        if path:
            self.save(path)


class ReliabilityDisplay:
    """Shows the curves of one model and task.

    Parameters
    ----------
    place : QWidget
        With a layout that takes the plot.
    """

    def __init__(self, place):
        self.plot = ReliabilityPlot(_)
        self._title, self._synthetic = "", False
        place.layout().addWidget(self.plot)

    def hide(self):
        """Show nothing."""
        self.plot.setCurves("", ())

    def draw(self, task: str, model: str, name: str):
        """Show the curves of a task, which people know by `name`, and a model ("": clinical data alone)."""
        node = find_result(RELIABILITY)
        records, facts = read_result(node) if node is not None else ([], {})
        positive, curves = curves_of(records, task, model) if records else ("", ())
        self._title = name if positive.lower() in ("", name.lower()) else f"{name}: {positive}"
        self._synthetic = bool(facts.get("synthetic"))
        self.plot.setCurves(self._title, curves)

    def writePlot(self):
        """Put the shown curves into the scene; returns the chart, None when nothing is shown."""
        return write_curves(RELIABILITY, _("Calibration: {title}").format(title=self._title), self.plot.curves,
                            self._synthetic) if self.plot.curves else None


def choice_of_cell(kind: ResultKind, row: str, column: str, state, facts) -> tuple[dict, str]:
    """Values of the state's parameters, and a text that says which patients these are.

    Parameters
    ----------
    kind : ResultKind
    row, column : str
        Keys of the cell.
    state : Session
        It shows the repair with which the figure was made.
    facts : mapping
        Of the result (see `result_nodes.write_result`).
    """
    cohort, analyses = state.cohort, {state.shown.model: state.shown.analysis, **state.prepared.analyses}
    row, label = model_and_facet(row)
    if kind is ResultKind.RETRIEVAL and row not in with_consensus(cohort.models):
        return {}, _("There is no group of patients behind this row.")
    if row not in analyses:
        return {}, _("{model} is no model of this cohort.").format(model=row)
    column = label or column                            # the row of a model and a facet: the lift inside strata
    k = min(int(facts.get("k", 5)), analyses[row].largest_k)
    values = {"model": row, "hiddenCategories": ""}
    if kind is ResultKind.HUBS:
        match = Match.LEAST if column.startswith("far") else Match.MOST
        rows, most = largest_hubs(analyses[row].neighbors[match], k, TOP_HUBS)
        ids = [cohort.patient_ids[node] for node in rows]
        text = _("{model}: the group is the {n} largest hubs among the {k} {end} patients: {ids}. The largest is in {most} "
                 "lists.").format(model=row, n=len(ids), k=k, ids=", ".join(ids), most=most,
                                  end=_("most similar") if match is Match.MOST else _("least similar"))
        return {**values, "match": match, "neighborCount": max(1, k), "group": list_to_text(ids)}, text
    values |= {"match": Match.MOST, "neighborCount": max(1, k)}
    nearest = analyses[row].neighbors[Match.MOST]
    if kind is ResultKind.AGREEMENT:
        if column not in analyses:
            return {}, _("{model} is no model of this cohort.").format(model=column)
        rows, least = common_queries(nearest, analyses[column].neighbors[Match.MOST], k)
        text = _("{model}: the group is the {n} patients about whose {k} nearest {other} agrees most (at least {least} of {k} "
                 "are the same).").format(model=row, n=len(rows), k=k, other=column, least=least)
        return {**values, "group": list_to_text(cohort.patient_ids[node] for node in rows)}, text
    facet = cohort.facets.get(column)
    if facet is None:
        return {**values, "group": ""}, _("{model}: {name} is not a facet of the patients; there is no group to show.").format(
            model=row, name=column)
    values["facet"] = facet.key
    rows, least = best_queries(nearest, facet, k)
    text = _("{model}: the group is the {n} of {all} patients with the most of the same {facet} among their {k} nearest "
             "(at least {least}): the best cases, not typical ones.").format(
        model=row, n=len(rows), all=len(cohort.patients), facet=facet.title.partition(" (")[0].lower(), k=k, least=least)
    return {**values, "group": list_to_text(cohort.patient_ids[node] for node in rows)}, text


def show_results(chart, table) -> None:
    """Show a plot chart node and a table node in the layout that has a view for each.

    As Slicer's own modules do, it makes them the active ones of the application: every plot and table view shows them.
    """
    show_layout(RESULTS_LAYOUT)
    logic = slicer.app.applicationLogic()
    selection = logic.GetSelectionNode()
    selection.SetActivePlotChartID(chart.GetID())
    selection.SetActiveTableID(table.GetID())
    logic.PropagatePlotChartSelection()
    logic.PropagateTableSelection()


def results_are_shown() -> bool:
    """Whether the layout with plot and table is the current one."""
    manager = slicer.app.layoutManager()
    return bool(manager) and manager.layout == RESULTS_LAYOUT
