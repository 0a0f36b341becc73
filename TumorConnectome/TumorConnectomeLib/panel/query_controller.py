"""The section for a new patient's vector: takes it from the clipboard or a file, and shows whom it is most like."""
from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import secrets
from collections import Counter
from html import escape

import numpy as np
import qt
from slicer.i18n import tr as _

from ..base.files import atomic_file, default_cache_folder
from ..base.text import elided
from ..cohort.cohort import Cohort, Facet
from ..connectome.query import QueryResult
from ..layout.layout import LAYOUT_NEIGHBORS
from ..neighbors.match import COSINE_DISTANCE, Match
from ..neighbors.repairs import Repair
from ..presentation.patient_summary import PairRow, pair_text
from ..readers.files import COMPRESSED_TEXT, KINDS
from ..widgets.file_drop import FileDrop
from ..widgets.pair_table import PairTable
from ..widgets.query_mark import QueryMark
from ..work.jobs import PythonJob
from ..work.runner import LatestTask
from .changes import COLUMNS, GRAPH, SCENE
from .status_line import StatusLine

#: percent of the patients that have a closer nearest patient, from which on a query is called unusual
_UNUSUAL = 95.0
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
        self._table = PairTable(ui.queryTable, panel.select, panel.openFromQuery, _)
        self._work = LatestTask(panel.runner, self._status)
        self._file, self._rowCount = "", 0
        self._answer = None, None                       # of which query in which cohort; the result, None until it is there
        self._drop = FileDrop(ui.queryVectorEdit.viewport(), lambda paths: self.openFile(paths[0]))
        ui.queryRowComboBox.completer().setFilterMode(qt.Qt.MatchContains)
        ui.queryRowComboBox.completer().setCompletionMode(qt.QCompleter.PopupCompletion)
        ui.queryFileButton.connect("clicked(bool)", self._onFileButton)
        ui.queryButton.connect("clicked(bool)", self.find)
        ui.queryClearButton.connect("clicked(bool)", self.clear)
        ui.queryVectorEdit.connect("textChanged()", self._onText)
        self._offerRows([])
        self._present(None)
        panel.state.bind(self.presentQuery, "query", "match", "neighborCount", "facet", "numberColors", GRAPH, COLUMNS, SCENE)
        panel.state.bind(self.markSelected, "selectedPatient")

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
        self._answer = (None, None) if self._answer[1] is None else self._answer
        self._work.cancel()

    def neighborIds(self) -> list[str]:
        """PatientIDs of the query's list, by rank; none while it is looked for."""
        parameters, result = self._panel.parameters, self._answer[1]
        if result is None or parameters is None or self._answer[0] != (self._panel.cohort.loader.path, parameters.query):
            return []
        return [one.patient_id for one in result.of(parameters.match)[:parameters.neighborCount]]

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

    def presentQuery(self, parameters):
        """Show the state's query; looks for its neighbors when they are not known (a loaded scene, another cohort)."""
        asked, path = query_of_text(parameters.query) if parameters.query else None, self._panel.cohort.loader.path
        if asked is None or not path:
            self._present(None)
            return
        label, model, vector = asked
        state = self._panel.state
        if model not in state.cohort.models or state.shown.model != model or state.shown.repair is not Repair.NONE:
            self._present(None)
            self._ui.querySummaryLabel.text = _(
                "The query {label} is a vector of the model {model}: it is shown with that model, without repair.").format(
                label=escape(elided(label)), model=escape(elided(model)))
            self._ui.querySummaryLabel.setVisible(True)
        elif self._answer[0] == (path, parameters.query):
            self._present(self._answer[1])
        elif not self.busy:
            self._ask(path, parameters.query)

    def markSelected(self, parameters):
        """Mark the row of the selected patient."""
        self._table.mark(parameters.selectedPatient)

    # Work

    def _ask(self, path, query):
        """Look for the neighbors of a query that the state came with; once, unless the user wants it again."""
        label, model, vector = query_of_text(query)
        self._start(query_sequence(path, model, label=label, text=", ".join(map(repr, vector))),
                    lambda answer: self._onFound(path, model, answer), lambda: self._ask(path, query))
        self._answer = (path, query), None

    def _start(self, sequence, onDone, again, onFailed=lambda: None):
        self.cancel()

        def done(result):
            self._status.done("")
            onDone(result)

        self._work.run(sequence, done, lambda error: onFailed(), again=again)

    def _onRows(self, path, found):
        self._setFile(path, found["rows"])
        name = pathlib.Path(path).name
        if found["count"] > 1:
            self._status.done(_("{file}: choose one of its {n} rows.").format(file=name, n=found["count"]))
            self._ui.queryRowComboBox.setFocus()
        else:
            self._status.done(_("{file} is one vector.").format(file=name))

    def _onFound(self, path, model, answer):
        result = QueryResult.from_json(answer["result"])
        text = query_to_text(result.label, model, answer["vector"])
        self._answer = (path, text), result
        if self._panel.parameters is not None and self._panel.parameters.query == text:
            self.presentQuery(self._panel.parameters)
        else:
            self._panel.set(query=text)

    # Widgets

    def _onFileButton(self, checked=False):
        kinds = " ".join(f"*{kind}" for kind in (".json", *KINDS, *COMPRESSED_TEXT))
        path = qt.QFileDialog.getOpenFileName(
            self._ui.queryFileButton, _("Vector of a new patient"), "",
            _("Vectors ({kinds});;All files (*)").format(kinds=kinds))
        if path:
            self.openFile(path)

    def _onText(self):
        if self._ui.queryVectorEdit.toPlainText() != self._file:        # not the path that `_setFile` writes
            self._forgetFile()

    def _forgetFile(self):
        self._file = ""
        self._offerRows([])

    def _setFile(self, path, rows):
        self._file = path
        self._ui.queryVectorEdit.setPlainText(path)
        self._offerRows(rows)

    def _offerRows(self, rows):
        box, self._rowCount = self._ui.queryRowComboBox, len(rows)
        box.clear()
        box.addItems(rows)
        for widget in (box, self._ui.queryRowComboBoxLabel):
            widget.setVisible(len(rows) > 1)

    def _present(self, result):
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


def query_to_text(label: str, model: str, vector) -> str:
    """A query as JSON for the parameter node: its name, its model and the vector as base64 of little-endian float64."""
    numbers = base64.b64encode(np.asarray(vector, "<f8").tobytes()).decode()
    return json.dumps({"label": label, "model": model, "vector": numbers})


def query_of_text(text: str) -> tuple[str, str, list[float]] | None:
    """The inverse of `query_to_text`; None for a text that is none."""
    try:
        found = json.loads(text)
        vector = np.frombuffer(base64.b64decode(found["vector"], validate=True), "<f8")
        return str(found["label"]), str(found["model"]), vector.tolist()
    except (ValueError, KeyError, TypeError):
        return None


def query_sequence(prepared: str, model: str, *, label="", text="", file="", row=""):
    """Jobs that look for the neighbors of pasted `text`, or of a row of a file; returns what the worker says.

    The text goes through a file, for a command line may be too short for it; the file is removed again.
    """
    arguments = ["--prepared", prepared, "--model", model, "--label", label]
    if file:
        return (yield PythonJob(_("Finding neighbors"), "query", *arguments, "--vector", file, "--row", row))
    path = default_cache_folder() / "queries" / f"{secrets.token_hex(8)}.txt"
    with atomic_file(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    try:
        return (yield PythonJob(_("Finding neighbors"), "query", *arguments, "--text", path))
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def rows_sequence(file: str):
    """Jobs that list the rows of a file."""
    return (yield PythonJob(_("Reading the file"), "query-rows", "--vector", file))


def query_summary(result: QueryResult, count: int, cohort: Cohort, facet: Facet | None) -> str:
    """HTML: the nearest patient, what the `count` nearest are by a facet, how usual the vector is, how true its place is."""
    nearest = result.of(Match.MOST)
    parts = [_("<b>{label}</b> by {model}: most like <b>{patient}</b> ({pair}).").format(
        label=escape(elided(result.label)), model=escape(elided(result.model)), patient=escape(elided(nearest[0].patient_id)),
        pair=escape(pair_text(COSINE_DISTANCE, nearest[0].distance, nearest[0].percentile)))]
    if facet is not None:
        rows = [cohort.row_of(one.patient_id) for one in nearest[:count]]
        names = Counter(facet.categories[facet.codes[row]] for row in rows).most_common()
        parts.append(escape(_("{facet} of the {n} most similar: {names}.").format(
            facet=elided(facet.title), n=len(rows), names=", ".join(f"{elided(name)} {number}" for name, number in names))))
    usual = _("{percent:.0f} % of the patients are closer to their own nearest patient.").format(percent=result.nearer)
    if result.nearer >= _UNUSUAL:
        usual = "\N{WARNING SIGN} " + usual + " " + _("The cohort has hardly anybody like it.")
    parts.append(escape(usual))
    if nearest[LAYOUT_NEIGHBORS - 1:]:
        parts.append(escape(_("In the picture {n} of its {all} most similar patients are around it.").format(
            n=result.kept, all=LAYOUT_NEIGHBORS)))
    return " ".join(parts)
