"""The graph in the panel: model, color, search, filters, keys and help, and the connectome view that shows the state."""
from __future__ import annotations

import pathlib
from html import escape

import qt
from slicer.i18n import tr as _

from ..base.errors import InputError
from ..base.text import elided
from ..cohort.facets import uncolored_notes
from ..cohort.filters import filters_from_text, filters_to_text
from ..cohort.model_catalog import model_info
from ..cohort.nlst import data_note
from ..cohort.row_rules import RowRule
from ..cohort.time_points import paths_of
from ..neighbors.consensus import with_consensus
from ..neighbors.match import Match
from ..presentation.coloring import coloring_of, single_coloring
from ..presentation.patient_summary import clinical_values
from ..widgets.filter_bar import FilterBar
from ..widgets.help_sheet import HelpSheet
from ..widgets.keys import BINDINGS, GESTURES
from ..widgets.model_info_box import ModelInfoBox
from ..widgets.path_marks import PathMark
from ..widgets.texts import show_text
from .changes import COLUMNS, GRAPH, TITLE
from .cohort_text import missing_vectors_text, size_text
from .json_list import list_from_text, list_to_text
from .parameters import NumberColors

#: reasons why columns can not color that are shown
_MOST_NOTES = 3
#: widgets that start something for which neighbor lists are not enough
_NEED_VECTORS = ("repairComboBox", "mapComboBox", "evaluateButton", "replicateButton", "replicateFilesButton",
                 "queryVectorEdit", "queryFileButton", "queryButton")


class GraphSection:
    """Draws the state in the connectome view, and connects the controls of the graph with the state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    resourcePath : callable
        Full path of a file in the module's Resources.
    pictureOf : callable
        Path of a patient's thumbnail on this machine by row, or None.
    """

    def __init__(self, panel, resourcePath, pictureOf=lambda node: None):
        self._panel, self._ui, self._view, self._state = panel, panel.ui, panel.view, panel.state
        self._pictureOf, self._models, self._facets, self._lastSource = pictureOf, [], [], None
        self._tips = {name: getattr(panel.ui, name).toolTip for name in _NEED_VECTORS}
        self._filterBar, self.modelBox = FilterBar(_), ModelInfoBox(_)
        self._filterBar.onFiltersChanged = lambda filters: panel.set(filters=filters_to_text(filters))
        self._ui.filterPlace.layout().addWidget(self._filterBar)
        self._ui.modelInfoPlace.layout().addWidget(self.modelBox)
        self.helpSheet = HelpSheet(pathlib.Path(resourcePath("Help/HowToRead.html")).read_text(encoding="utf-8"), {
            "keyboard": [(binding.shown, _(binding.text)) for binding in BINDINGS],
            "mouse": [(gesture, _(text)) for gesture, text in GESTURES]}, panel.ui.helpButton, _)
        self._completions, self._completer = qt.QStringListModel(), qt.QCompleter(self._ui.searchLineEdit)
        self._completer.setModel(self._completions)
        self._completer.setCaseSensitivity(qt.Qt.CaseInsensitive)
        self._completer.setFilterMode(qt.Qt.MatchContains)
        self._ui.searchLineEdit.setCompleter(self._completer)
        self._connect()
        self._bind()

    def _bind(self):
        """Who shows what; choices are offered before one is shown, a graph is drawn before patients are marked in it."""
        bind, view = self._state.bind, self._view
        bind(self.offerChoices, COLUMNS)
        bind(self.drawGraph, GRAPH)
        bind(self.writeTitle, TITLE)
        bind(self.presentModel, "model", "neighborCount", TITLE, COLUMNS)
        bind(self.colorPatients, "facet", "numberColors", COLUMNS)
        bind(self.hideCategories, "hiddenCategories", "facet", "numberColors", COLUMNS)
        bind(self.filterPatients, "filters", COLUMNS)
        bind(self.markSelected, "selectedPatient")
        bind(self.markCompared, "comparedPatient")
        bind(self.ringGroup, "group")
        bind(self.drawPaths, "timePoints", COLUMNS)
        bind(lambda parameters: view.setEdgeMode(parameters.edges.value), "edges")
        bind(lambda parameters: view.setAnimated(parameters.animated), "animated")
        view.setNodeInfo(self.tooltip)

    def _connect(self):
        ui, view, panel = self._ui, self._view, self._panel
        ui.modelComboBox.connect("activated(int)", self._onModel)
        ui.facetComboBox.connect("activated(int)", self._onFacet)
        ui.searchLineEdit.connect("returnPressed()", self._onSearch)
        self._completer.connect("activated(QString)", self._search)
        ui.fitButton.connect("clicked(bool)", self._onFit)
        ui.helpButton.connect("clicked(bool)", self._onHelp)
        view.onClicked, view.onDoubleClicked, view.onCompared = panel.select, panel.load, panel.mark
        view.onGroup = lambda patients: panel.set(group=list_to_text(patients))
        view.onCategoriesChanged = lambda names: panel.set(hiddenCategories=list_to_text(names))
        view.onKeyAction = self._onKeyAction

    def cleanup(self):
        """Close the help window."""
        self.helpSheet.cleanup()

    # Showing the state

    def offerChoices(self, parameters):
        """Offer the models, facets, columns and patients of the cohort, and what its vectors allow."""
        cohort, ui = self._state.cohort, self._ui
        for name, tip in self._tips.items():
            getattr(ui, name).enabled = cohort.has_vectors
            getattr(ui, name).toolTip = tip if cohort.has_vectors else missing_vectors_text()
        self._models, self._facets = list(with_consensus(cohort.models)), list(cohort.facets)
        for combo, texts in ((ui.modelComboBox, self._models), (ui.facetComboBox, [f.title for f in cohort.facets.values()])):
            combo.clear()
            combo.addItems(texts)
        for row, facet in enumerate(cohort.facets.values()):
            ui.facetComboBox.setItemData(row, facet.note, qt.Qt.ToolTipRole)
        self._sayUncolored(uncolored_notes(cohort.patients, cohort.facets))
        self._completions.setStringList(list(cohort.patient_ids))
        self._filterBar.setColumns(self._state.columns)

    def _sayUncolored(self, notes):
        """Say which columns can not color the patients, and why; all of them in the tooltip."""
        label, more = self._ui.facetNoteLabel, len(notes) - _MOST_NOTES
        shown = notes[:_MOST_NOTES] + ([_("... and {n} more columns.").format(n=more)] if more > 0 else [])
        show_text(label, "\n".join(shown))
        label.toolTip = "\n".join(notes)
        label.setVisible(bool(notes))

    def drawGraph(self, parameters):
        """Draw the connectome; the patients of the one before glide to their new places."""
        same, self._lastSource = self._lastSource == self._state.source, self._state.source
        self._view.setConnectome(self._state.connectome, self._coloring(parameters), animate=same)

    def drawPaths(self, parameters):
        """Draw the scans of patients in order of time, where rows are nodes and their dates are known."""
        cohort = self._state.cohort
        paths = paths_of(cohort) if cohort.row_rule is RowRule.ALL else []
        self._ui.timePointsCheckBox.setVisible(bool(paths))
        ids = cohort.patient_ids
        self._view.setPaths([PathMark(
            tuple(scan.name for scan in scans), tuple(ids[scan.nodes[0]] for scan in scans),
            tuple(ids[node] for scan in scans for node in scan.nodes[1:])) for scans in paths] if parameters.timePoints else ())

    def writeTitle(self, parameters):
        """Say what the graph is of, where its patients are placed and how well."""
        state, shown, placed = self._state, self._state.shown, self._state.placed
        graph, cohort = state.connectome, state.cohort
        kind = _("{k} most similar patients of each") if graph.match is Match.MOST else _("{k} least similar patients of each")
        k = min(parameters.neighborCount, shown.analysis.largest_k)
        self._view.setTitle(
            _("{model}: {kind}").format(model=shown.name, kind=kind.format(k=k)),
            _("{cohort}, {size}, {distance}. {map}").format(
                cohort=cohort.name, size=size_text(cohort), distance=shown.distance, map=placed.text()),
            _("SYNTHETIC DATA") if cohort.synthetic else "")
        self._ui.mapQualityLabel.text = " ".join(filter(None, (placed.text(), placed.note)))

    def presentModel(self, parameters):
        """Show the chosen model, what is known about it, and how many neighbors there can be."""
        model, most = self._state.modelOf(parameters), self._state.shown.analysis.largest_k
        self._ui.modelComboBox.currentIndex = self._models.index(model)
        more = parameters.neighborCount > most
        self._ui.neighborCountSpinBox.suffix = _(" (at most {n} here)").format(n=most) if more else ""
        self.modelBox.setModel(model_info(model))

    def colorPatients(self, parameters):
        """Color the patients by the chosen facet."""
        facet = self._state.facetOf(parameters)
        if facet:
            self._ui.facetComboBox.currentIndex = self._facets.index(facet.key)
        self._ui.numberColorsComboBox.setVisible(facet is not None and facet.numbers is not None)
        self._view.setColoring(self._coloring(parameters))

    def hideCategories(self, parameters):
        """Gray the patients of the hidden categories."""
        hidden = set(list_from_text(parameters.hiddenCategories))
        if hidden != self._view.hiddenCategories:
            self._view.setHiddenCategories(hidden)

    def filterPatients(self, parameters):
        """Show the filters, and gray the patients that do not pass."""
        state, ui = self._state, self._ui
        try:
            self._filterBar.setFilters(filters_from_text(parameters.filters))
        except InputError:
            self._filterBar.setFilters([])              # the state says why, below
        mask = state.filterMask(parameters)
        self._view.setFilter(mask)
        total = len(state.cohort.patients)
        self._filterBar.setCount(total if mask is None else int(mask.sum()), total)
        ui.filterLabel.text = f"\N{WARNING SIGN} {state.filterProblem}" if state.filterProblem else ""
        ui.filterLabel.setVisible(bool(state.filterProblem))

    def markSelected(self, parameters):
        """Mark the query in the graph, unless a click there has done it."""
        patient = parameters.selectedPatient or None
        if patient != self._view.selected:
            self._view.setSelected(patient)

    def markCompared(self, parameters):
        """Mark the neighbor in the graph, unless a key pressed there has done it."""
        patient = parameters.comparedPatient or None
        if patient != self._view.compared:
            self._view.setCompared(patient)

    def ringGroup(self, parameters):
        """Mark the lasso's group in the graph, unless the lasso has done it."""
        group = set(list_from_text(parameters.group))
        if group != set(self._view.group):
            self._view.setGroup(group)

    def _coloring(self, parameters):
        facet = self._state.facetOf(parameters)
        return coloring_of(facet, parameters.numberColors is NumberColors.CONTINUOUS) if facet \
            else single_coloring(len(self._state.cohort.patients))

    def tooltip(self, patientId):
        """Tooltip of a patient as HTML."""
        graph, cohort = self._state.connectome, self._state.cohort
        if graph is None or patientId not in graph.nodes:
            return ""
        node = graph.nodes[patientId]
        values = [(_("Connections"), str(int(graph.degree[node]))), *clinical_values(cohort, node)]
        rows = "".join(f"<tr><td>{escape(_(name))}&nbsp;</td><td>{escape(value)}</td></tr>" for name, value in values)
        remarks = [_("synthetic")] if cohort.synthetic else []
        remarks += [_("doubtful CT, see the panel")] if data_note(cohort, node) else []
        remark = "".join(f"<br><i>{escape(text)}</i>" for text in remarks)
        path = self._pictureOf(node)
        picture = f'<img src="{escape(str(path))}" width="160">' if path else ""
        return f"<b>{escape(patientId)}</b>{remark}<table>{rows}</table>{picture}"

    # Events

    def _onModel(self, index):
        self._panel.set(model=self._models[index])

    def _onFacet(self, index):
        self._panel.set(facet=self._facets[index], hiddenCategories="")

    def _onFit(self, checked=False):
        self._view.fit()

    def _onHelp(self, checked=False):
        self.helpSheet.show()

    def _onSearch(self):
        self._search(self._ui.searchLineEdit.text)

    def _search(self, text):
        cohort = self._state.cohort
        if cohort is None or not text.strip():
            return
        known = {patient.lower(): patient for patient in cohort.patient_ids}
        patient = known.get(text.strip().lower())
        if patient is None:
            self._ui.patientLabel.text = _("No patient {id!r} in this cohort; expected one of its {n} PatientIDs.").format(
                id=elided(text.strip()), n=len(known))
            self._ui.patientLabel.toolTip = text.strip()
        else:
            self._panel.select(patient)
            self._view.reveal(patient)

    def _onKeyAction(self, action):
        panel = self._panel
        if action == "help":
            self.helpSheet.show()
        elif self._state.cohort is None:
            return                                      # the other keys are about its patients
        elif action == "load":
            panel.load(panel.parameters.selectedPatient)
        elif action == "compare":
            panel.compareWith(panel.parameters.comparedPatient)
        elif action in panel.compare.actions:
            panel.compare.actions[action]()
        elif action == "nextModel":
            following = (self._models.index(self._state.modelOf(panel.parameters)) + 1) % len(self._models)
            panel.set(model=self._models[following])
        elif action == "search":
            self._ui.searchLineEdit.setFocus()
            self._ui.searchLineEdit.selectAll()
