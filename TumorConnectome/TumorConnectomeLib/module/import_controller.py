"""A user's own files in the Cohort section: chosen or dropped, and the questions that only the user can answer."""
from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..core.errors import InputError
from ..core.jobs import PythonJob
from ..readers.files import KINDS, SEPARATOR, FilePreview
from ..readers.sources import choices_from_text, choices_to_text
from ..widgets.file_drop import FileDrop
from ..widgets.import_dialog import ImportDialog


def preview_sequence(data: str):
    """Jobs that look at a user's files; returns what the worker says (``questions``)."""
    return (yield PythonJob(_("Looking at the files"), "preview", "--data", data))


class ImportController:
    """Connects the import dialog with the state; the answers are a parameter, so that nobody is asked twice.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    loader : CohortLoader
        Runs what has to be read, and shows its progress.
    load : callable
        Called without arguments to load what the line edit names.
    """

    def __init__(self, panel, loader, load):
        self._panel, self._loader, self._load, ui = panel, loader, load, panel.ui
        self.dialog = ImportDialog(slicer.util.mainWindow(), _)
        self.dialog.onAccepted, self.dialog.onRejected = self._onAccepted, self._onRejected
        self._cohort, self._asked = None, ""
        self._drops = [FileDrop(line, self.take)
                       for line in slicer.util.findChildren(ui.dataFolderPathLineEdit, className="QLineEdit")]
        ui.importOptionsButton.connect("clicked(bool)", self.showOptions)
        ui.copyImportReportButton.connect("clicked(bool)", self._onCopyReport)
        self.setCohort(None)

    def cleanup(self):
        """Close the dialog and let go of the widgets."""
        self.dialog.cleanup()
        for drop in self._drops:
            drop.cleanup()

    def setCohort(self, cohort):
        """Offer the report of a loaded cohort, if it is of a user's own files."""
        self._cohort = cohort
        self._panel.ui.copyImportReportButton.setVisible(bool(self._report))

    def choose(self):
        """Let the user choose files, and load them."""
        kinds = " ".join(f"*{kind}" for kind in KINDS)
        paths = qt.QFileDialog.getOpenFileNames(
            self._panel.ui.ownFilesButton, _("Embedding files of one or several models, and maybe a patient table"), "",
            _("Embeddings and tables ({kinds});;All files (*)").format(kinds=kinds))
        if paths:
            self.take(list(paths))

    def take(self, paths):
        """Load these files (or one folder)."""
        self._panel.ui.dataFolderPathLineEdit.currentPath = SEPARATOR.join(paths)
        self._load()

    def showOptions(self, checked=False):
        """Look at the files that the line edit names, and open the dialog whether or not everything is clear."""
        data = self._panel.ui.dataFolderPathLineEdit.currentPath.strip()
        if not data:
            self._loader.status.done(_("Choose your own files first."), problem=True)
            return
        self._loader.run(preview_sequence(data), lambda found: self._onPreviews(data, found["questions"]), self.showOptions)

    def ask(self, data, questions):
        """Open the dialog for files of which it is not clear how they are to be read.

        Parameters
        ----------
        data : str
            What the line edit names.
        questions : list
            `FilePreview.to_json` of each file.
        """
        self._asked = data
        names = ", ".join(question["path"].replace("\\", "/").rpartition("/")[2] for question in questions)
        self._loader.status.done(_("Waiting for your import options of {files}.").format(files=names))
        self.dialog.ask([FilePreview.from_json(question) for question in questions], self._choices())

    def _onPreviews(self, data, questions):
        if questions:
            self.ask(data, questions)
        else:
            self._loader.status.done(_("Published embedding files have no import options."))

    def _choices(self):
        try:
            return choices_from_text(self._panel.parameters.importChoices)
        except InputError:                              # a scene that was changed by hand: asked again
            return {}

    def _onAccepted(self, choices):
        self._panel.ui.dataFolderPathLineEdit.currentPath = self._asked
        self._panel.set(importChoices=choices_to_text({**self._choices(), **choices}), dataFolder=self._asked)
        self._load()

    def _onRejected(self):
        self._loader.status.done(_("Not imported. \"Import options...\" asks again."), problem=True)

    @property
    def _report(self):
        return self._cohort.provenance.get("import_report", "") if self._cohort is not None else ""

    def _onCopyReport(self, checked=False):
        qt.QApplication.clipboard().setText(self._report)
