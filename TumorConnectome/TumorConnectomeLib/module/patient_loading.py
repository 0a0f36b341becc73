"""One request for patients on its way: their files are fetched, then looked at."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.errors import Cancelled
from ..core.files import default_cache_folder
from ..core.jobs import PythonJob, Sequence
from ..imaging.inspection_store import InspectionStore
from ..imaging.sources import SeriesFiles, SeriesRequest
from .gathering import Gathering


class PatientLoading:
    """Fetches and inspects some series; stands where a Task stands (`running`, `cancel`).

    Exactly one of `onDone` and `onError` is called, once, from the event loop, unless it is dropped.

    Parameters
    ----------
    queue : DownloadQueue
    runner : JobRunner
        For looking at the files.
    requests : list of SeriesRequest
    sources : list of Source
    onProgress : callable
        Called with the fraction done (0..1 or None) and a text.
    onDone : callable
        Called with what `inspect_sequence` returns.
    onError : callable
        Called with a TumorConnectomeError.
    """

    def __init__(self, queue, runner, requests, sources, onProgress, onDone, onError):
        self._runner, self._requests, self.running = runner, requests, True
        self._onProgress, self._onDone, self._onError = onProgress, onDone, onError
        self._gathering, self._task = Gathering(queue, requests, sources, self._onMoved, self._onFiles, self._onFailed), None

    @property
    def uids(self):
        """SeriesInstanceUIDs of the CTs: set of str."""
        return {request.ct_uid for request in self._requests}

    def cancel(self, reason="Canceled"):
        """Stop; `onError` gets Cancelled(reason)."""
        self._onFailed(Cancelled(reason))

    def drop(self):
        """Stop without calling back: another request takes its place."""
        self.running = False
        self._gathering.drop()
        if self._task is not None:
            self._task.cancel()

    def _onMoved(self, fraction, message):
        if self.running:
            self._onProgress(fraction, message)

    def _onFiles(self, files):
        self._task = self._runner.start(inspect_sequence(self._requests, files), self._onMoved, self._onInspected,
                                        self._onFailed)

    def _onInspected(self, inspections):
        if self.running:
            self.running = False
            self._onDone(inspections)

    def _onFailed(self, error):
        if self.running:
            self.drop()
            self._onError(error)


def inspect_sequence(requests: list[SeriesRequest], files: list[SeriesFiles]) -> Sequence:
    """Jobs that look at the files of several patients; returns one dict per patient that is not in the scene yet.

    Each is what the ``inspect`` worker returns, with ``patient`` as the request names it, ``source`` and ``note`` of the files.
    """
    inspections, store = [], InspectionStore(default_cache_folder())
    for request, found in zip(requests, files):
        if found.ct_folder is None:
            continue
        inspection = store.find(found.ct_folder, found.sr_file, request.ct_uid)
        if inspection is None:
            report = ["--sr", found.sr_file] if found.sr_file else []
            inspection = yield PythonJob(_("Reading the CT of patient {patient}").format(patient=request.patient_id), "inspect",
                                         "--ct", found.ct_folder, *report, "--series", request.ct_uid,
                                         "--measure", default_cache_folder())
            store.put(found.ct_folder, found.sr_file, inspection)
        inspections.append({**inspection, "patient": request.patient_id, "source": found.source, "note": found.note})
    return inspections
