"""Loads cohorts through the worker: the heavy part runs in a child process, the GUI reads its cached result."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.errors import Cancelled, TumorConnectomeError
from ..core.files import default_cache_folder
from ..core.jobs import PythonJob
from ..core.prepared import read_prepared
from ..core.row_rules import RowRule
from ..imaging.cohort_download import download_sequence
from .latest_task import LatestTask


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
            prepared = read_prepared(result["path"])
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
        def failed(error):
            self.status.failed(error, again)
            onFailed()

        self._work.run(sequence, onDone, failed)
