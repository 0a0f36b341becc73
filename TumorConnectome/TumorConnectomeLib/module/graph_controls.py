"""The controls of the graph: model, color, search, filters, legend, keys, help."""
from __future__ import annotations

import pathlib

import qt
from slicer.i18n import tr as _

from ..core.errors import InputError
from ..core.filters import filters_from_text, filters_to_text
from ..core.model_catalog import model_info
from ..core.structure.consensus import with_consensus
from ..widgets.filter_bar import FilterBar
from ..widgets.help_sheet import HelpSheet
from ..widgets.keys import BINDINGS, GESTURES
from ..widgets.model_info_box import ModelInfoBox
from .json_list import list_to_text
from .vector_needs import VectorNeeds


class GraphControls:
    """Connects the controls of the graph with the panel's state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    resourcePath : callable
        Full path of a file in the module's Resources.
    """

    def __init__(self, panel, resourcePath):
        self._panel, self._ui, self._view = panel, panel.ui, panel.view
        self._models, self._facets, self._vectorNeeds = [], [], VectorNeeds(panel.ui)
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

    def setPrepared(self, prepared):
        """Offer the models, facets, columns and patients of another cohort."""
        cohort, ui = prepared.cohort, self._ui
        self._vectorNeeds.show(cohort)
        self._models, self._facets = list(with_consensus(cohort.models)), list(cohort.facets)
        for combo, texts in ((ui.modelComboBox, self._models), (ui.facetComboBox, [f.title for f in cohort.facets.values()])):
            combo.clear()
            combo.addItems(texts)
        for row, facet in enumerate(cohort.facets.values()):
            ui.facetComboBox.setItemData(row, facet.note, qt.Qt.ToolTipRole)
        self._completions.setStringList(list(cohort.patient_ids))
        self._filterBar.setColumns(self._panel.state.columns)

    def show(self, parameters):
        """Show the state in the controls."""
        state, ui = self._panel.state, self._ui
        model, facet = state.modelOf(parameters), state.facetOf(parameters)
        ui.modelComboBox.currentIndex = self._models.index(model)
        if facet:
            ui.facetComboBox.currentIndex = self._facets.index(facet.key)
        most = state.shown.analysis.largest_k
        ui.neighborCountSpinBox.suffix = _(" (at most {n} here)").format(n=most) if parameters.neighborCount > most else ""
        ui.numberColorsComboBox.setVisible(facet is not None and facet.numbers is not None)
        self.modelBox.setModel(model_info(model))
        placed = state.placed
        ui.mapQualityLabel.text = " ".join(filter(None, (placed.text(), placed.note)))
        try:
            self._filterBar.setFilters(filters_from_text(parameters.filters))
        except InputError:
            self._filterBar.setFilters([])              # the state says why, below
        mask = state.filterMask(parameters)
        total = len(state.cohort.patients)
        self._filterBar.setCount(total if mask is None else int(mask.sum()), total)
        ui.filterLabel.text = f"\N{WARNING SIGN} {state.filterProblem}" if state.filterProblem else ""
        ui.filterLabel.setVisible(bool(state.filterProblem))

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
        cohort = self._panel.state.cohort
        if cohort is None or not text.strip():
            return
        known = {patient.lower(): patient for patient in cohort.patient_ids}
        patient = known.get(text.strip().lower())
        if patient is None:
            self._ui.patientLabel.text = _("No patient {id!r} in this cohort; expected one of its {n} PatientIDs.").format(
                id=text.strip(), n=len(known))
        else:
            self._panel.select(patient)
            self._view.reveal(patient)

    def _onKeyAction(self, action):
        panel = self._panel
        if action == "help":
            self.helpSheet.show()
        elif panel.state.cohort is None:
            return                                      # the other keys are about its patients
        elif action == "load":
            panel.load(panel.parameters.selectedPatient)
        elif action == "compare":
            panel.compareWith(panel.parameters.comparedPatient)
        elif action in panel.compare.actions:
            panel.compare.actions[action]()
        elif action == "nextModel":
            following = (self._models.index(panel.state.modelOf(panel.parameters)) + 1) % len(self._models)
            panel.set(model=self._models[following])
        elif action == "search":
            self._ui.searchLineEdit.setFocus()
            self._ui.searchLineEdit.selectAll()
