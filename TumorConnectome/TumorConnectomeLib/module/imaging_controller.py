"""From a patient to its CT in the slice views: finds, fetches, loads, shows; one request at a time."""
from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..core.cohort import Cohort
from ..core.errors import InputError, TumorConnectomeError
from ..core.files import default_cache_folder
from ..core.jobs import PythonJob
from ..imaging.acquisition import acquire
from ..imaging.folder_source import FolderSource
from ..imaging.idc_source import IdcSource
from ..imaging.patient_nodes import find_patient, load_patient
from ..imaging.patient_views import MATCH, QUERY, show_patients
from ..imaging.series_cache import CacheSource, SeriesCache
from ..imaging.sources import SeriesRequest
from ..synthetic.source import SyntheticSource


def image_sources(cohort: Cohort, image_folder: str) -> list:
    """Where the images of a cohort may be, in the order in which they are asked."""
    if cohort.synthetic:
        return [SyntheticSource(default_cache_folder() / "synthetic")]
    cache = SeriesCache(default_cache_folder())
    local = [FolderSource(image_folder, cache)] if image_folder else []
    return [CacheSource(cache), *local, IdcSource(cache)]


def series_request(cohort: Cohort, patient_id: str) -> SeriesRequest:
    """The series of a patient; InputError if the cohort does not name its CT."""
    record = cohort.patients.iloc[cohort.row_of(patient_id)]
    uids = {name: record.get(name) or "" for name in ("StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID")}
    if not uids["CT_SeriesInstanceUID"] or not uids["StudyInstanceUID"]:
        raise InputError(f"the cohort does not say which CT series belongs to patient {patient_id}", source=cohort.name,
                         expected="StudyInstanceUID and CT_SeriesInstanceUID in the patient table")
    return SeriesRequest(patient_id, *uids.values())


def inspect_sequence(requests: list[SeriesRequest], sources: list):
    """Jobs that bring the files of several patients here and look at them; returns one dict per request.

    Each is what the ``inspect`` worker returns, with ``source`` and ``note`` of the files.
    """
    inspections = []
    for request in requests:
        files = yield from acquire(request, sources)
        report = ["--sr", files.sr_file] if files.sr_file else []
        inspection = yield PythonJob(f"Reading the CT of patient {request.patient_id}", "inspect",
                                     "--ct", files.ct_folder, *report, "--series", request.ct_uid)
        inspections.append({**inspection, "source": files.source, "note": files.note})
    return inspections


class ImagingController:
    """Loads and shows patients on request.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    onShown : callable
        Called with the dict of shown PatientNodes by place (QUERY, MATCH).
    """

    def __init__(self, runner, status, onShown=lambda shown: None):
        self._runner, self._status, self._onShown = runner, status, onShown
        self._task, self._wanted, self._next, self.shown = None, None, None, {}

    @property
    def busy(self):
        """Whether images are being fetched."""
        return self._task is not None

    def show(self, cohort, patient_ids, image_folder=""):
        """Show a patient, or two side by side; loads what is not in the scene yet.

        A request that is still being served gives way to a new one; what it has fetched is kept.

        Parameters
        ----------
        cohort : Cohort
        patient_ids : list of str
            The query, and maybe its match.
        image_folder : str
            Local DICOM folder to look in, "" for none.
        """
        wanted = cohort, tuple(patient_ids), image_folder
        if self._task is None:
            self._begin(wanted)
        elif wanted != self._wanted:
            self._next = wanted                         # starts when the old one has let go of its files
            self._task.cancel()

    def cancel(self):
        """Stop fetching; what arrived stays for the next try."""
        self._next = None
        if self._task is not None:
            self._task.cancel()

    def forget(self):
        """The scene was closed: nothing is shown any more."""
        self.shown = {}

    def _begin(self, wanted):
        cohort, patient_ids, image_folder = self._wanted = wanted
        try:
            requests = [series_request(cohort, patient_id) for patient_id in patient_ids]
            missing = [r for r in requests if find_patient(r.patient_id, r.ct_uid) is None]
            sources = image_sources(cohort, image_folder)
        except TumorConnectomeError as error:
            self._status.done(str(error), problem=True)
            return
        if not missing:
            self._load(patient_ids, [], [])
            return
        self._task = self._runner.start(inspect_sequence(missing, sources), self._status.progress,
                                        lambda inspections: self._ended(lambda: self._load(patient_ids, missing, inspections)),
                                        lambda error: self._ended(lambda: self._status.done(str(error), problem=True)))
        self._status.watch(self._task)

    def _ended(self, conclude):
        """A task is over: conclude it, or go on with the request that replaced it."""
        self._task, following, self._next = None, self._next, None
        if following:
            self._begin(following)
        else:
            conclude()

    def _load(self, patient_ids, requests, inspections):
        with slicer.util.tryWithErrorDisplay(_("The images can not be shown."), waitCursor=True):
            try:
                for request, inspection in zip(requests, inspections):
                    load_patient(request.patient_id, inspection)
            except TumorConnectomeError as error:
                self._status.done(str(error), problem=True)
                return
            self.shown = {place: find_patient(patient_id) for place, patient_id in zip((QUERY, MATCH), patient_ids)}
            show_patients(self.shown)
            qt.QTimer.singleShot(0, self.fitViews)      # the views get their final size in the next event loop turn
            self._status.done(self._summary(inspections))
            self._onShown(self.shown)

    def fitViews(self):
        """Bring every shown tumor to the center of its views again, at one scale."""
        if self.shown:
            show_patients(self.shown)

    def _summary(self, inspections):
        lines = []
        for place, patient in self.shown.items():
            count = len(patient.lesions)
            boxes = _("{n} lesion boxes").format(n=count) if count != 1 else _("1 lesion box")
            lines.append(f"{_('Query') if place == QUERY else _('Match')} {patient.patient_id}: CT, {boxes}")
            lines += [f"  {finding}" for finding in patient.findings]
        for inspection in inspections:
            source = _("{patient} from: {source}").format(patient=inspection["patient_id"], source=inspection["source"])
            lines.append(source + (f" ({inspection['note']})" if inspection["note"] else ""))
        return "\n".join(lines)
