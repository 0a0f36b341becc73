"""Loads cohorts through the worker: the heavy part runs in a child process, the GUI reads its cached result."""
from __future__ import annotations

from ..core.files import default_cache_folder
from ..core.jobs import PythonJob
from ..core.prepared import read_prepared


def prepare_sequence(data_folder: str):
    """Jobs that leave a prepared cohort in the cache; returns what the worker says (``path``, ``note``)."""
    arguments = ["--cache", default_cache_folder(), *(["--data", data_folder] if data_folder else [])]
    return (yield PythonJob("Preparing the cohort", "prepare", *arguments))


class CohortLoader:
    """Loads one cohort at a time; a new request replaces the one that runs.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    onLoaded : callable
        Called with the PreparedCohort and the worker's note ("" if none).

    Attributes
    ----------
    path : str
        File of the prepared cohort that was loaded last, for other worker commands; "" before.
    """

    def __init__(self, runner, status, onLoaded):
        self._runner, self.status, self._onLoaded = runner, status, onLoaded
        self._task, self._request, self.path = None, 0, ""

    @property
    def busy(self):
        """Whether a cohort is being prepared."""
        return self._task is not None

    def load(self, data_folder):
        """Prepare and load the cohort of a folder, or the demo cohort for ""."""
        if self._task is not None:
            self._task.cancel()
        self._request = request = self._request + 1     # what an older request still says is not heard

        def done(result):
            if request == self._request:
                self._task = None
                prepared = read_prepared(result["path"])
                self.path = result["path"]
                self._onLoaded(prepared, result["note"])

        def failed(error):
            if request == self._request:
                self._task = None
                self.status.failed(error, lambda: self.load(data_folder))

        def progress(fraction, message):
            if request == self._request:
                self.status.progress(fraction, message)

        self._task = self._runner.start(prepare_sequence(data_folder), progress, done, failed)
        self.status.watch(self._task)
