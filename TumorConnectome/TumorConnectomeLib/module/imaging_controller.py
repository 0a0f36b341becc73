"""From a patient to its CT in the slice views: finds, fetches, loads, shows; one request at a time."""
from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from ..core.errors import TumorConnectomeError
from ..core.image_views import ImageViews
from ..core.text import one_line
from ..imaging.patient_nodes import find_patient, load_patient
from ..imaging.sources import series_request
from ..imaging.volume_readers import choose_reader
from .dicom_import import DicomImport
from .error_log import report_error
from .patient_loading import PatientLoading


class ImagingController:
    """Loads and shows patients on request.

    Parameters
    ----------
    runner : JobRunner
        For looking at the files.
    sources : ImageSources
        Where the files may be.
    queue : DownloadQueue
        Brings them here.
    status : StatusLine
    display : ImageDisplay
        Shows what was loaded.
    listing : DatabaseListing
        Told what is loaded, for the time when Slicer's DICOM database is opened.
    """

    def __init__(self, runner, sources, queue, status, display, listing):
        self._runner, self._sources, self._queue, self._status, self._display = runner, sources, queue, status, display
        self._listing = listing
        self._task, self._wanted = None, None

    @property
    def shown(self):
        """PatientNodes in the views by place."""
        return self._display.shown

    @property
    def busy(self):
        """Whether images are being fetched."""
        return self._task is not None

    def show(self, cohort, patient_ids, image_folder="", views=ImageViews.ONE, connectome=True):
        """Show patients in an arrangement of views; loads what is not in the scene yet.

        A request that is still being served gives way to a new one at once: what both want goes on, the rest is stopped and
        what has arrived is kept.

        Parameters
        ----------
        cohort : Cohort
        patient_ids : list of str
            The query first, then one for each other place of `views`; some of them may be missing at the end.
        image_folder : str
            Local DICOM folder to look in, "" for none.
        views : ImageViews
        connectome : bool
            Whether the connectome stays beside the images.
        """
        wanted = cohort, tuple(patient_ids), image_folder, views, connectome
        if self._task is None or wanted != self._wanted:
            replaced, self._task = self._task, None
            self._begin(wanted)
            if replaced is not None:
                replaced.drop()

    def seriesUnderWay(self):
        """SeriesInstanceUIDs of the CTs that are being fetched or looked at: set of str."""
        return self._task.uids if self._task is not None else set()

    def cancel(self):
        """Stop fetching; what arrived stays for the next try."""
        if self._task is not None:
            self._task.cancel()

    def forget(self):
        """The scene was closed: nothing is shown any more."""
        self._display.forget()

    def _begin(self, wanted):
        cohort, patient_ids, image_folder, *_arrangement = self._wanted = wanted
        try:
            requests = [series_request(cohort, patient_id) for patient_id in patient_ids]
            sources = self._sources.of(cohort, image_folder)
        except TumorConnectomeError as error:
            self._status.done(str(error), problem=True)
            return
        missing = [request for request in requests if find_patient(request.patient_id, request.ct_uid) is None]
        if not missing:
            self._load([], None)
            return
        self._task = PatientLoading(self._queue, self._runner, missing, sources, self._status.progress,
                                    self._onInspected, self._onError)
        self._status.watch(self._task)

    def _onInspected(self, inspections):
        reader = choose_reader(self._wanted[0].synthetic)
        try:
            files = reader.unlisted_files(inspections)
            if files:
                self._task = DicomImport(reader.database, files, {inspection["series_uid"] for inspection in inspections},
                                         self._status.progress, lambda: self._onReady(inspections, reader), self._onError)
                self._status.watch(self._task)
                return
        except Exception as error:                      # the request goes on: what is not listed is read another way
            report_error(error)
        self._onReady(inspections, reader)

    def _onReady(self, inspections, reader):
        self._task = None
        if not self._wanted[0].synthetic:               # made-up series stay out of the user's database
            self._listing.onSeries(inspections)
        self._load(inspections, reader)

    def _onError(self, error):
        self._task = None
        self._status.failed(error, lambda: self.show(*self._wanted))

    def _load(self, inspections, reader):
        try:
            with slicer.util.tryWithErrorDisplay(show=False, waitCursor=True):
                for inspection in inspections:
                    load_patient(inspection["patient"], inspection, reader)
                self._showLoaded()
        except TumorConnectomeError as error:
            self._status.done(str(error), problem=True)
        except Exception as error:                      # no dialog: the request is over, and the next click works
            reason = one_line(error) or type(error).__name__
            self._status.done(_("The images can not be shown ({reason}). Slicer's error log says more.").format(reason=reason),
                              problem=True)
            report_error(error)
        else:
            self._status.done(self._summary(inspections))

    def _showLoaded(self):
        """Show what the present request wants; what was shown before stays if that fails."""
        _cohort, patient_ids, _folder, views, connectome = self._wanted
        before = self._display.state
        try:
            self._display.show(patient_ids, views, connectome)
        except Exception:
            self._display.restore(before)
            raise

    def _summary(self, inspections):
        lines = []
        for place, patient in self.shown.items():
            count = len(patient.lesions)
            boxes = _("{n} lesion boxes").format(n=count) if count != 1 else _("1 lesion box")
            lines.append(f"{self._display.title(place)}: CT, {boxes}")
            lines += [f"  {finding}" for finding in patient.findings]
        for inspection in inspections:
            source = _("{patient} from: {source}").format(patient=inspection["patient"], source=inspection["source"])
            lines.append(source + (f" ({inspection['note']})" if inspection["note"] else ""))
        return "\n".join(lines)
