"""The Cohort section of the panel: which cohort is loaded, a user's own files, and what is said about it."""
from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..base.errors import Cancelled, InputError, PackageMissing, TumorConnectomeError
from ..base.files import default_cache_folder
from ..cohort.nlst import has_nlst, published_cohort
from ..cohort.row_rules import RowRule
from ..connectome.prepared import read_prepared
from ..imaging.cohort_download import download_sequence, downloaded_bytes, remove_downloads
from ..readers.files import COMPRESSED_TEXT, KINDS, SEPARATOR, FilePreview
from ..readers.sources import choices_from_text, choices_to_text
from ..widgets.file_drop import FileDrop
from ..widgets.import_dialog import ImportDialog
from ..work.jobs import PythonJob
from ..work.runner import LatestTask
from .cohort_text import cohort_text
from .packages import require
from .status_line import StatusLine

_MEGABYTE = 1e6


class CohortController:
    """Connects the Cohort section with the state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state, its `takeCohort` takes a loaded cohort.
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
        panel.changes.bind(self.loadWanted, "dataFolder", "rowRule", "importChoices", "clinicalData")
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
        self._loadWith(dataFolder=self._ui.dataFolderPathLineEdit.currentPath.strip())

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
        self._loadWith(clinicalData=wanted)             # also to try again what failed before

    def showDownload(self):
        """Say how much of the published cohort lies on this computer."""
        size, ui = downloaded_bytes(), self._ui
        ui.downloadLabel.text = _("{name}, {size:.1f} MB on this computer").format(
            name=published_cohort().name, size=size / _MEGABYTE) if size else ""
        for widget in (ui.downloadLabelLabel, ui.downloadLabel, ui.removeDownloadButton):
            widget.setVisible(bool(size))

    def _loadWith(self, **values):
        """Load the cohort with these parameters, even if it is loaded or has failed."""
        self.wanted = None
        self._panel.set(**values)
        if self.wanted is None and self._panel.parameters is not None:
            self.loadWanted(self._panel.parameters)

    def loadWanted(self, parameters):
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
        self._panel.takeCohort(prepared)

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


class CohortLoader:
    """Downloads or loads one cohort at a time; a new request replaces the one that runs.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    onLoaded : callable
        Called with the PreparedCohort and the worker's note ("" if none).
    onQuestions : callable
        Called with the data folder and previews of files (see `FilePreview.to_json`), when only a person can tell what is in
        these.

    Attributes
    ----------
    path : str
        File of the prepared cohort that was loaded last, for other worker commands; "" before.
    """

    def __init__(self, runner, status, onLoaded, onQuestions):
        self._work, self.status, self._onLoaded, self._onQuestions = LatestTask(runner, status), status, onLoaded, onQuestions
        self.path = ""

    @property
    def busy(self):
        """Whether a cohort is being downloaded or prepared."""
        return self._work.busy

    def load(self, data_folder: str, rule: RowRule = RowRule.SINGLE, choices: str = "", clinical: bool = False):
        """Prepare and load the cohort of a folder or files, maybe with IDC's clinical tables; "": the demo cohort.

        Parameters
        ----------
        data_folder : str
        rule : RowRule
            What becomes of patients with several rows.
        choices : str
            Import choices, see `sources.choices_to_text`.
        clinical : bool
        """
        def done(result):
            if "questions" in result:
                self._onQuestions(data_folder, result["questions"])
                return
            prepared = read_prepared(result["path"], vectors=False)
            self.path = result["path"]
            self._onLoaded(prepared, result["note"])

        sequence = clinical_sequence if clinical and data_folder else prepare_sequence
        self.run(sequence(data_folder, rule, choices), done, lambda: self.load(data_folder, rule, choices, clinical))

    def download(self, onDownloaded, onEnd):
        """Bring the published cohort here.

        Parameters
        ----------
        onDownloaded : callable
            Called with its folder.
        onEnd : callable
            Called without arguments before that, and also when the download failed or was canceled.
        """
        def done(result):
            onEnd()
            onDownloaded(result["folder"])

        self.run(download_sequence(), done, lambda: self.download(onDownloaded, onEnd), onEnd)

    def cancel(self):
        """Stop what runs; what it has fetched is kept."""
        self._work.cancel()

    def run(self, sequence, onDone, again, onFailed=lambda: None):
        """Run jobs instead of what runs now.

        Parameters
        ----------
        sequence : generator
            Of jobs.
        onDone : callable
            Called with their result.
        again, onFailed : callable
            Called without arguments to try once more, and after a failure.
        """
        self._work.run(sequence, onDone, lambda error: onFailed(), again=again)


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
        self._cohort, self._data = None, ""
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
        kinds = " ".join(f"*{kind}" for kind in (*KINDS, *COMPRESSED_TEXT))
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
        self._data = data
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
        self._panel.ui.dataFolderPathLineEdit.currentPath = self._data
        self._panel.set(importChoices=choices_to_text({**self._choices(), **choices}), dataFolder=self._data)
        self._load()

    def _onRejected(self):
        self._loader.status.done(_("Not imported. \"Import options...\" asks again."), problem=True)

    @property
    def _report(self):
        return self._cohort.provenance.get("import_report", "") if self._cohort is not None else ""

    def _onCopyReport(self, checked=False):
        qt.QApplication.clipboard().setText(self._report)


def prepare_sequence(data_folder: str, rule: RowRule = RowRule.SINGLE, choices: str = ""):
    """Jobs that leave a prepared cohort in the cache; returns what the worker says (``path``, ``note``, or ``questions``)."""
    arguments = ["--cache", default_cache_folder(), "--rows", rule.value, *(["--data", data_folder] if data_folder else []),
                 *(["--choices", choices] if choices else [])]
    return (yield PythonJob(_("Preparing the cohort"), "prepare", *arguments))


def clinical_sequence(data_folder: str, rule: RowRule, choices: str = ""):
    """As `prepare_sequence`, with IDC's clinical tables joined; if they can not be had, the note says why."""
    result = yield from prepare_sequence(data_folder, rule, choices)
    if "path" not in result:                            # the files are not understood yet
        return result
    arguments = ["--cache", default_cache_folder(), "--prepared", result["path"]]
    try:
        joined = yield PythonJob(_("Clinical data from IDC"), "clinical", *arguments)
    except Cancelled:
        raise
    except TumorConnectomeError as error:
        note = _("No clinical data from IDC: {error}").format(error=error)
        return {**result, "note": "\n".join(filter(None, (result["note"], f"\N{WARNING SIGN} {note}")))}
    return {**result, "path": joined["path"]}


def preview_sequence(data: str):
    """Jobs that look at a user's files; returns what the worker says (``questions``)."""
    return (yield PythonJob(_("Looking at the files"), "preview", "--data", data))
