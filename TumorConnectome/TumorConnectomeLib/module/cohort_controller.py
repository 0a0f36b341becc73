"""The Cohort section of the panel: which cohort is loaded, and what is said about it."""
from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..core.errors import PackageMissing, TumorConnectomeError
from ..core.idc_links import has_nlst
from ..core.published_cohort import published_cohort
from ..imaging.cohort_download import downloaded_bytes, remove_downloads
from .cohort_loading import CohortLoader
from .cohort_text import cohort_text
from .import_controller import ImportController
from .packages import require
from .status_line import StatusLine

_MEGABYTE = 1e6


class CohortController:
    """Connects the Cohort section with the state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state, its `onCohort` takes a loaded cohort.
    resourcePath : callable
        Full path of a file in the module's Resources.

    Attributes
    ----------
    loader : CohortLoader
    imports : ImportController
    wanted : (str, RowRule, str, bool) or None
        Data folder ("" is the demo cohort), rule for rows, import choices, and whether with IDC's clinical tables: of the
        loaded or loading cohort; None before the first, or to load it again.
    """

    def __init__(self, panel, resourcePath):
        self._panel, self._ui, self.wanted = panel, panel.ui, None
        ui = self._ui
        self.loader = CohortLoader(
            panel.runner, StatusLine(ui.cohortStatusLabel, ui.cohortProgressBar, ui.cohortCancelButton), self._onLoaded,
            lambda data, questions: self.imports.ask(data, questions))
        self.imports = ImportController(panel, self.loader, self.load)
        ui.dataFolderPathLineEdit.filters = ui.dataFolderPathLineEdit.Dirs | ui.dataFolderPathLineEdit.Readable
        for button, picture, clicked in ((ui.demoCohortButton, "DemoCohort", self.loadDemo),
                                         (ui.getPublishedButton, "PublishedCohort", self.getPublished),
                                         (ui.ownFilesButton, "OwnCohort", self.openOwn)):
            button.setIcon(qt.QIcon(resourcePath(f"Icons/{picture}.png")))
            button.connect("clicked(bool)", clicked)
        ui.loadCohortButton.connect("clicked(bool)", self.load)
        ui.removeDownloadButton.connect("clicked(bool)", self.removeDownload)
        ui.clinicalButton.connect("clicked(bool)", self.toggleClinical)
        self.showDownload()

    def load(self, checked=False):
        """Load the cohort of the folder in the line edit, again if it is loaded."""
        self.wanted = None
        self._panel.set(dataFolder=self._ui.dataFolderPathLineEdit.currentPath.strip())
        self._panel.onStateModified()

    def loadDemo(self, checked=False):
        """Load the synthetic cohort."""
        self._ui.dataFolderPathLineEdit.currentPath = ""
        self.load()

    def openOwn(self, checked=False):
        """Let the user choose embedding files, and load them."""
        self.imports.choose()

    def getPublished(self, checked=False):
        """Download what is missing of the published cohort, check it, and load it."""
        self.loader.download(self._onDownloaded, self.showDownload)

    def removeDownload(self, checked=False):
        """Remove the downloaded cohort from this computer; what is loaded stays loaded."""
        try:
            remove_downloads()
        except TumorConnectomeError as error:
            self.loader.status.done(str(error), problem=True)
        self.showDownload()

    def toggleClinical(self, checked=False):
        """Join IDC's clinical tables to the patient table, or leave them out again."""
        cohort = self._panel.state.cohort
        if cohort is None:
            return
        wanted = not cohort.clinical
        if wanted:
            try:
                require("duckdb", _("Reading IDC's clinical tables"))
            except PackageMissing as error:
                self.loader.status.failed(error, self.toggleClinical)
                return
        self.wanted = None                              # also to try again what failed before
        self._panel.set(clinicalData=wanted)
        self._panel.onStateModified()

    def showDownload(self):
        """Say how much of the published cohort lies on this computer."""
        size, ui = downloaded_bytes(), self._ui
        ui.downloadLabel.text = _("{name}, {size:.1f} MB on this computer").format(
            name=published_cohort().name, size=size / _MEGABYTE) if size else ""
        for widget in (ui.downloadLabelLabel, ui.downloadLabel, ui.removeDownloadButton):
            widget.setVisible(bool(size))

    def show(self, parameters):
        """Load the state's cohort if it is another one; without pandas only say so, and offer to install it."""
        published = published_cohort()
        here = published.local(parameters.dataFolder)
        if here != parameters.dataFolder:               # the scene comes from another computer
            parameters.dataFolder = self._ui.dataFolderPathLineEdit.currentPath = here
        wanted = here, parameters.rowRule, parameters.importChoices, parameters.clinicalData
        if self.wanted == wanted:
            return
        self.wanted = wanted
        if here == str(published.folder()) and not published.folder().is_dir():
            self.loader.cancel()
            self.loader.status.done(_("The {name} cohort is not on this computer: press \"Get the {name} cohort\".").format(
                name=published.name), problem=True)
            return
        try:
            require("pandas", _("The patient table"))
        except PackageMissing as error:
            self.loader.status.failed(error, self.load)
        else:
            self.loader.load(*wanted)

    def _onDownloaded(self, folder):
        self._ui.dataFolderPathLineEdit.currentPath = folder
        self.load()

    def _onLoaded(self, prepared, note):
        cohort = prepared.cohort
        self._ui.bannerLabel.setVisible(cohort.synthetic)
        self._ui.bannerLabel.text = "<b>{}</b> {}".format(
            _("Synthetic demo cohort."), _("Made-up patients and images; nothing here is clinical data.")) \
            if cohort.synthetic else ""
        self._ui.rowRuleComboBox.enabled = not cohort.synthetic
        self._showClinical(cohort)
        self.loader.status.done(cohort_text(cohort) + (f"\n{note}" if note else ""))
        self.imports.setCohort(cohort)
        self._panel.onCohort(prepared)

    def _showClinical(self, cohort):
        """Say where the clinical columns come from, and offer those of IDC for patients of the NLST."""
        ui, joined = self._ui, bool(cohort.clinical)
        table = cohort.provenance.get("patient_table", "none")
        if joined:
            ui.clinicalLabel.text = _("{n} columns from IDC").format(n=len(cohort.column_notes))
        elif cohort.synthetic:
            ui.clinicalLabel.text = _("Made up")
        else:
            ui.clinicalLabel.text = _("What the files tell") if table == "none" else table
        ui.clinicalLabel.toolTip = cohort.clinical or ui.clinicalLabel.text
        ui.clinicalButton.text = _("Leave out") if joined else _("Add from IDC")
        ui.clinicalButton.enabled = joined or has_nlst(cohort)
