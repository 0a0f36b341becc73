"""The module's panel: connects its controls with the state, the cohort, the connectome view and the images."""
from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..core.errors import TumorConnectomeError
from ..imaging.patient_nodes import find_patient
from ..imaging.patient_views import CONNECTOME_LAYOUT, CONNECTOME_TAG, MATCH, ONE_LAYOUT, QUERY, SIDE_BY_SIDE_LAYOUT
from ..widgets.connectome_view import ConnectomeView
from ..widgets.job_runner import JobRunner
from ..widgets.pair_table import PairTable
from .chart_place import place_chart
from .cohort_loading import CohortLoader
from .imaging_controller import ImagingController
from .packages import ensure_packages, packages_installed
from .state_controller import StateController
from .status_line import StatusLine


class Panel:
    """Everything between the controls and the state.

    The state is a TumorConnectomeParameterNode: controls write it, and whatever changed it (a control, a click in the
    view, a loaded scene), `onStateModified` shows it.

    Parameters
    ----------
    ui : namespace
        Child widgets of the .ui file.
    resourcePath : callable
        Full path of a file in the module's Resources.
    """

    def __init__(self, ui, resourcePath):
        self.ui, self._resourcePath, self.parameters, self._updating = ui, resourcePath, None, False
        self._cohortLoaded = None                       # data folder of the loaded or loading cohort
        self.runner = JobRunner()
        self.view = ConnectomeView()
        self.view.onClicked = self.select
        self.view.onDoubleClicked = self.load
        place_chart(CONNECTOME_TAG, self.view)
        tables = [PairTable(table, self.mark, self.compareWith, _) for table in (ui.neighborsTable, ui.matchedByTable)]
        self.state = StateController(ui, self.view, *tables)
        self.view.setNodeInfo(self.state.tooltip)
        self.cohortLoader = CohortLoader(
            self.runner, StatusLine(ui.cohortStatusLabel, ui.cohortProgressBar, ui.cohortCancelButton), self._onCohort)
        self.imaging = ImagingController(
            self.runner, StatusLine(ui.imageStatusLabel, ui.imageProgressBar, ui.imageCancelButton))
        self._completions = qt.QStringListModel()
        self._completer = qt.QCompleter()
        self._completer.setModel(self._completions)
        self._completer.setCaseSensitivity(qt.Qt.CaseInsensitive)
        self._completer.setFilterMode(qt.Qt.MatchContains)
        ui.searchLineEdit.setCompleter(self._completer)
        self._connect()

    def _connect(self):
        ui = self.ui
        for lineEdit in (ui.dataFolderPathLineEdit, ui.imageFolderPathLineEdit):
            lineEdit.filters = lineEdit.Dirs | lineEdit.Readable
        ui.loadCohortButton.connect("clicked(bool)", self.loadCohort)
        ui.demoCohortButton.connect("clicked(bool)", self.loadDemoCohort)
        ui.modelComboBox.connect("activated(int)", self._onModel)
        ui.facetComboBox.connect("activated(int)", self._onFacet)
        ui.searchLineEdit.connect("returnPressed()", self._onSearch)
        self._completer.connect("activated(QString)", self._onCompleted)
        ui.loadButton.connect("clicked(bool)", self._onLoadButton)
        ui.compareButton.connect("clicked(bool)", self._onCompareButton)
        ui.goToButton.connect("clicked(bool)", self._onGoTo)
        ui.imageFolderPathLineEdit.connect("currentPathChanged(QString)", self._onImageFolder)

    def cleanup(self):
        """Stop what runs; the widgets are deleted by their owners."""
        self.runner.cleanup()
        self.view.cleanup()

    # State

    def setParameters(self, parameters):
        """Use another parameter node (a new or loaded scene), or None while a scene is closed."""
        self.parameters = parameters
        if parameters is None:
            self.imaging.cancel()
            self.imaging.forget()
            return
        self.ui.dataFolderPathLineEdit.currentPath = parameters.dataFolder
        self.ui.imageFolderPathLineEdit.currentPath = parameters.imageFolder
        self.onStateModified()
        if self.state.cohort is not None and self.state.source == parameters.dataFolder:
            self._restoreImages()

    def onStateModified(self, caller=None, event=None):
        """Show the state; loads its cohort when it is another one."""
        if self.parameters is None or self._updating:
            return
        self._updating = True
        try:
            if self._cohortLoaded != self.parameters.dataFolder:
                self._openCohort()
            self.state.update(self.parameters)
            self._showChoices()
        finally:
            self._updating = False

    def _showChoices(self):
        cohort = self.state.cohort
        if cohort is None:
            return
        models, facets = list(cohort.models), list(cohort.facets)
        if self.parameters.model in models:
            self.ui.modelComboBox.currentIndex = models.index(self.parameters.model)
        if self.parameters.facet in facets:
            self.ui.facetComboBox.currentIndex = facets.index(self.parameters.facet)

    # Cohort

    def loadCohort(self, checked=False):
        """Load the cohort of the folder in the line edit."""
        try:
            ensure_packages(self._resourcePath("requirements.txt"))
        except TumorConnectomeError as error:
            self.ui.cohortStatusLabel.text = str(error)
            return
        self._cohortLoaded = None
        self.parameters.dataFolder = self.ui.dataFolderPathLineEdit.currentPath.strip()
        self.onStateModified()

    def loadDemoCohort(self, checked=False):
        """Load the synthetic cohort."""
        self.ui.dataFolderPathLineEdit.currentPath = ""
        self.loadCohort()

    def _openCohort(self):
        """Load the state's cohort, unless that needs an installation, which only a button may start."""
        self._cohortLoaded = self.parameters.dataFolder
        if packages_installed(self._resourcePath("requirements.txt")):
            self.cohortLoader.load(self._cohortLoaded)
        else:
            self.ui.cohortStatusLabel.text = _(
                "Press \"Load cohort\" or \"Demo cohort\": the Python package pandas will be installed first.")

    def _onCohort(self, prepared, note):
        cohort = prepared.cohort
        self.state.setPrepared(prepared, self._cohortLoaded)
        self._updating = True
        try:
            titles = [facet.title for facet in cohort.facets.values()]
            for combo, texts in ((self.ui.modelComboBox, cohort.models), (self.ui.facetComboBox, titles)):
                combo.clear()
                combo.addItems(list(texts))
            self._completions.setStringList(list(cohort.patient_ids))
            self.ui.neighborCountSpinBox.maximum = max(1, next(iter(prepared.analyses.values())).largest_k)
        finally:
            self._updating = False
        self.cohortLoader.status.done(self._cohortText(cohort) + (f"\n{note}" if note else ""))
        self.onStateModified()
        self._restoreImages()

    def _cohortText(self, cohort):
        text = _("{name}: {n} patients, {m} models.").format(name=cohort.name, n=len(cohort.patients), m=len(cohort.models))
        left_out = cohort.provenance.get("patients_left_out")
        if left_out:
            text += " " + _("{n} of {all} patients left out: more than one row, or not in every file.").format(
                n=left_out, all=cohort.provenance["patients_in_files"])
        return text

    def _restoreImages(self):
        """After a scene was loaded: show the patients whose images came with it."""
        shown = [p for p in (self.parameters.selectedPatient, self.parameters.comparedPatient) if p and find_patient(p)]
        if not self.imaging.shown and shown and shown[0] == self.parameters.selectedPatient:
            self.imaging.show(self.state.cohort, shown)

    # Controls

    def layoutNumber(self):
        """The layout that fits what is shown."""
        return SIDE_BY_SIDE_LAYOUT if MATCH in self.imaging.shown else ONE_LAYOUT if self.imaging.shown else CONNECTOME_LAYOUT

    def _onModel(self, index):
        self.parameters.model = self.state.cohort.models[index]

    def _onFacet(self, index):
        self.parameters.facet = list(self.state.cohort.facets)[index]

    def _onImageFolder(self, path):
        if self.parameters is not None and self.parameters.imageFolder != path:
            self.parameters.imageFolder = path

    def _onSearch(self):
        self._onCompleted(self.ui.searchLineEdit.text)

    def _onCompleted(self, text):
        if self.state.cohort is None or not text.strip():
            return
        known = {patient.lower(): patient for patient in self.state.cohort.patient_ids}
        patient = known.get(text.strip().lower())
        if patient is None:
            self.ui.patientLabel.text = _("No patient {id!r} in this cohort; expected one of its {n} PatientIDs.").format(
                id=text.strip(), n=len(known))
        else:
            self.select(patient)

    def select(self, patientId):
        """Make a patient the query."""
        if self.parameters is not None and self.parameters.selectedPatient != (patientId or ""):
            self._set(selectedPatient=patientId or "", comparedPatient="")

    def mark(self, patientId):
        """Mark a neighbor of the query for comparison."""
        self.parameters.comparedPatient = patientId

    def _set(self, **values):
        """Several parameters in one step, so that the state between them is never shown."""
        node = self.parameters.parameterNode
        modifying = node.StartModify()
        for name, value in values.items():
            setattr(self.parameters, name, value)
        node.EndModify(modifying)

    # Images

    def load(self, patientId):
        """Show one patient's CT."""
        self.select(patientId)
        self._show([patientId])

    def compareWith(self, patientId):
        """Show the query and this patient side by side."""
        self.mark(patientId)
        self._show([self.parameters.selectedPatient, patientId])

    def _onLoadButton(self, checked=False):
        self._show([self.parameters.selectedPatient])

    def _onCompareButton(self, checked=False):
        self._show([self.parameters.selectedPatient, self.parameters.comparedPatient])

    def _onGoTo(self, checked=False):
        self.select(self.parameters.comparedPatient)

    def _show(self, patientIds):
        try:
            if not self.state.cohort.synthetic:
                ensure_packages(self._resourcePath("requirements-images.txt"))
        except TumorConnectomeError as error:
            self.ui.imageStatusLabel.text = str(error)
            return
        self.imaging.show(self.state.cohort, patientIds, self.parameters.imageFolder)

    @property
    def queryNodes(self):
        """PatientNodes of the query in the slice views, or None."""
        return self.imaging.shown.get(QUERY)
