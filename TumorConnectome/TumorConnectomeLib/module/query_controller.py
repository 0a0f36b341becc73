"""The section for a new patient's vector: takes it from the clipboard or a file, and shows whom it is most like."""
from __future__ import annotations

import pathlib
from html import escape

import qt
from slicer.i18n import tr as _

from ..core.connectome import Match
from ..core.patient_summary import PairRow
from ..core.query import QueryResult
from ..core.structure.repairs import Repair
from ..widgets.file_drop import FileDrop
from ..widgets.pair_table import PairTable
from ..widgets.query_mark import QueryMark
from .latest_task import LatestTask
from .query_jobs import query_of_text, query_sequence, query_to_text, rows_sequence
from .query_text import query_summary
from .status_line import StatusLine

_LONGEST_LABEL = 24


class QueryController:
    """Connects the section with the state; the query itself is a parameter, so that it is saved with the scene.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state; `select` and `load` show a patient.
    """

    def __init__(self, panel):
        self._panel, self._ui = panel, panel.ui
        ui = panel.ui
        self._status = StatusLine(ui.queryStatusLabel, ui.queryProgressBar, ui.queryCancelButton)
        self._table = PairTable(ui.queryTable, panel.select, panel.load, _)
        self._work = LatestTask(panel.runner, self._status)
        self._file, self._rowCount, self._ours = "", 0, False
        self._result, self._resultOf, self._failed = None, None, None
        self._drop = FileDrop(ui.queryVectorEdit.viewport(), lambda paths: self.openFile(paths[0]))
        ui.queryRowComboBox.completer().setFilterMode(qt.Qt.MatchContains)
        ui.queryRowComboBox.completer().setCompletionMode(qt.QCompleter.PopupCompletion)
        ui.queryFileButton.connect("clicked(bool)", self._onFileButton)
        ui.queryButton.connect("clicked(bool)", self.find)
        ui.queryClearButton.connect("clicked(bool)", self.clear)
        ui.queryVectorEdit.connect("textChanged()", self._onText)
        self._showRows([])
        self._showResult(None)

    def cleanup(self):
        """Stop what runs and let go of the widgets."""
        self.cancel()
        self._drop.cleanup()

    @property
    def busy(self):
        """Whether something is being read or looked for."""
        return self._work.busy

    def cancel(self):
        """Stop what runs; nobody is called."""
        if self._work.cancel():
            self._status.done("")

    # What the user does

    def openFile(self, path):
        """Take the vector from a file: one that is a single vector, or one of its rows."""
        self._setFile(path, [])
        self._start(rows_sequence(path), lambda found: self._onRows(path, found), lambda: self.openFile(path), self._forgetFile)

    def find(self, checked=False):
        """Look for the neighbors of the pasted vector or of the chosen row."""
        state, parameters, ui = self._panel.state, self._panel.parameters, self._ui
        if state.cohort is None or parameters is None:
            self._status.done(_("Load a cohort first."), problem=True)
            return
        model = state.modelOf(parameters)
        if model not in state.cohort.models:
            self._status.done(_("{model} has no vectors of its own: choose one of the models.").format(model=model),
                              problem=True)
            return
        path = self._panel.cohort.loader.path
        if self._file:
            row = ui.queryRowComboBox.currentText if self._rowCount > 1 else ""
            sequence = query_sequence(path, model, file=self._file, row=row)
        elif ui.queryVectorEdit.toPlainText().strip():
            sequence = query_sequence(path, model, label=_("Query"), text=ui.queryVectorEdit.toPlainText())
        else:
            self._status.done(_("Paste a vector, or open a file."), problem=True)
            return
        self._start(sequence, lambda answer: self._onFound(path, model, answer), self.find)

    def clear(self, checked=False):
        """Forget the query, the text and the file."""
        self.cancel()
        self._status.done("")
        self._forgetFile()
        self._ui.queryVectorEdit.clear()
        self._panel.set(query="")

    # State

    def show(self, parameters):
        """Show the state's query; looks for its neighbors when they are not known (a loaded scene, another cohort)."""
        asked, path = query_of_text(parameters.query) if parameters.query else None, self._panel.cohort.loader.path
        if asked is None or not path:
            self._showResult(None)
            return
        label, model, vector = asked
        state = self._panel.state
        if model not in state.cohort.models or state.shown.model != model or state.shown.repair is not Repair.NONE:
            self._showResult(None)
            self._ui.querySummaryLabel.text = _(
                "The query {label} is a vector of the model {model}: it is shown with that model, without repair.").format(
                label=escape(label), model=escape(model))
            self._ui.querySummaryLabel.setVisible(True)
        elif self._resultOf == (path, parameters.query):
            self._showResult(self._result)
        elif self._failed != (path, parameters.query) and not self.busy:
            self._failed = path, parameters.query
            sequence = query_sequence(path, model, label=label, text=", ".join(map(repr, vector)))
            self._start(sequence, lambda answer: self._onFound(path, model, answer), lambda: self.show(self._panel.parameters))

    # Work

    def _start(self, sequence, onDone, again, onFailed=lambda: None):
        self.cancel()

        def done(result):
            self._status.done("")
            onDone(result)

        def failed(error):
            onFailed()
            self._status.failed(error, again)

        self._work.run(sequence, done, failed)

    def _onRows(self, path, found):
        self._setFile(path, found["rows"])
        name = pathlib.Path(path).name
        if found["count"] > 1:
            self._status.done(_("{file}: choose one of its {n} rows.").format(file=name, n=found["count"]))
            self._ui.queryRowComboBox.setFocus()
        else:
            self._status.done(_("{file} is one vector.").format(file=name))

    def _onFound(self, path, model, answer):
        self._result = QueryResult.from_json(answer["result"])
        text = query_to_text(self._result.label, model, answer["vector"])
        self._resultOf = path, text
        if self._panel.parameters is not None and self._panel.parameters.query == text:
            self.show(self._panel.parameters)
        else:
            self._panel.set(query=text)

    # Widgets

    def _onFileButton(self, checked=False):
        path = qt.QFileDialog.getOpenFileName(
            self._ui.queryFileButton, _("Vector of a new patient"), "",
            _("Vectors (*.csv *.tsv *.txt *.json *.parquet *.pq *.npy *.npz *.pkl);;All files (*)"))
        if path:
            self.openFile(path)

    def _onText(self):
        if not self._ours:
            self._forgetFile()

    def _forgetFile(self):
        self._file = ""
        self._showRows([])

    def _setFile(self, path, rows):
        self._file, self._ours = path, True
        self._ui.queryVectorEdit.setPlainText(path)
        self._ours = False
        self._showRows(rows)

    def _showRows(self, rows):
        box, self._rowCount = self._ui.queryRowComboBox, len(rows)
        box.clear()
        box.addItems(rows)
        for widget in (box, self._ui.queryRowComboBoxLabel):
            widget.setVisible(len(rows) > 1)

    def _showResult(self, result):
        """Table, summary and mark of a result, or none."""
        panel, ui = self._panel, self._ui
        ui.querySummaryLabel.setVisible(result is not None)
        ui.queryTable.setVisible(result is not None)
        ui.queryClearButton.enabled = bool(panel.parameters is not None and panel.parameters.query) or bool(self._file)
        if result is None:
            self._table.setRows([])
            panel.view.setQuery(None)
            return
        match, count = panel.parameters.match, panel.parameters.neighborCount
        found = result.of(match)[:count]
        self._table.setRows([PairRow(one.rank, one.patient_id, one.distance, one.percentile) for one in found])
        self._table.mark(panel.parameters.selectedPatient)
        label = result.label
        if len(label) > _LONGEST_LABEL:
            label = label[:_LONGEST_LABEL - 1] + "\N{HORIZONTAL ELLIPSIS}"
        panel.view.setQuery(QueryMark(label, result.place, tuple(one.patient_id for one in found), match is Match.LEAST))
        state = panel.state
        ui.querySummaryLabel.text = query_summary(result, count, state.cohort, state.facetOf(panel.parameters))
