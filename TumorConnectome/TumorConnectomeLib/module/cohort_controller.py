"""The Cohort section of the panel: which cohort is loaded, and what is said about it."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.errors import PackageMissing
from .cohort_loading import CohortLoader
from .packages import require
from .status_line import StatusLine


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
    wanted : str or None
        Data folder of the loaded or loading cohort ("" is the demo cohort); None before the first, or to load it again.
    """

    def __init__(self, panel, resourcePath):
        self._panel, self._ui, self._resourcePath, self.wanted = panel, panel.ui, resourcePath, None
        ui = self._ui
        self.loader = CohortLoader(
            panel.runner, StatusLine(ui.cohortStatusLabel, ui.cohortProgressBar, ui.cohortCancelButton), self._onLoaded)
        ui.dataFolderPathLineEdit.filters = ui.dataFolderPathLineEdit.Dirs | ui.dataFolderPathLineEdit.Readable
        ui.loadCohortButton.connect("clicked(bool)", self.load)
        ui.demoCohortButton.connect("clicked(bool)", self.loadDemo)

    def load(self, checked=False):
        """Load the cohort of the folder in the line edit, again if it is loaded."""
        self.wanted = None
        self._panel.parameters.dataFolder = self._ui.dataFolderPathLineEdit.currentPath.strip()
        self._panel.onStateModified()

    def loadDemo(self, checked=False):
        """Load the synthetic cohort."""
        self._ui.dataFolderPathLineEdit.currentPath = ""
        self.load()

    def show(self, parameters):
        """Load the state's cohort if it is another one; without pandas only say so, and offer to install it."""
        if self.wanted == parameters.dataFolder:
            return
        self.wanted = parameters.dataFolder
        try:
            require("pandas", _("The patient table"))
        except PackageMissing as error:
            self.loader.status.failed(error, self.load)
        else:
            self.loader.load(self.wanted)

    def _onLoaded(self, prepared, note):
        cohort = prepared.cohort
        self._ui.bannerLabel.setVisible(cohort.synthetic)
        self._ui.bannerLabel.text = "<b>{}</b> {}".format(
            _("Synthetic demo cohort."), _("Made-up patients and images; nothing here is clinical data.")) \
            if cohort.synthetic else ""
        self.loader.status.done(self._text(cohort) + (f"\n{note}" if note else ""))
        self._panel.onCohort(prepared)

    def _text(self, cohort):
        text = _("{name}: {n} patients, {m} models.").format(name=cohort.name, n=len(cohort.patients), m=len(cohort.models))
        left_out = cohort.provenance.get("patients_left_out")
        if left_out:
            text += " " + _("{n} of {all} patients left out: more than one row, or not in every file.").format(
                n=left_out, all=cohort.provenance["patients_in_files"])
        return text
