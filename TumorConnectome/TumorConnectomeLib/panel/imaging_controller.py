"""The Images section of the panel: from patients to their CTs in the views: found, fetched, listed, loaded, shown."""
from __future__ import annotations

import pathlib

import slicer
from slicer.i18n import tr as _

from ..base.errors import Cancelled, TumorConnectomeError
from ..base.files import default_cache_folder
from ..base.text import one_line
from ..cohort.cohort import Cohort
from ..imaging.dicom_database_source import DicomDatabaseSource
from ..imaging.folder_source import FolderSource
from ..imaging.idc_manifest import read_manifest
from ..imaging.idc_source import IdcSource
from ..imaging.inspection_store import InspectionStore
from ..imaging.series_cache import CacheSource, SeriesCache
from ..imaging.sources import SeriesFiles, SeriesRequest, Source, series_request
from ..scene.guest import is_guest
from ..scene.image_views import ImageViews
from ..scene.patient_nodes import find_patient, load_patient
from ..scene.scene_source import SceneSource
from ..scene.volume_readers import choose_reader
from ..synthetic.source import SyntheticSource
from ..work.awaitable import Together
from ..work.jobs import PythonJob, Sequence
from ..work.runner import LatestTask
from .dicom_import import DicomImport
from .error_log import report_error


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
        self._sources, self._queue, self._status, self._display, self._listing = sources, queue, status, display, listing
        self._work, self._wanted, self._uids = LatestTask(runner, status), None, set()

    @property
    def shown(self):
        """PatientNodes in the views by place."""
        return self._display.shown

    @property
    def arrangement(self):
        """(ImageViews, whether the connectome stays beside the images) asked for last; None before."""
        return self._wanted and self._wanted[3:]

    @property
    def busy(self):
        """Whether images are being fetched."""
        return self._work.busy

    def bring(self, cohort, patient_ids, image_folder="", views=ImageViews.ONE, connectome=True):
        """Bring patients into an arrangement of views; loads what is not in the scene yet.

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
        if wanted != self._wanted or not self.busy or self._work.ending:
            self._begin(wanted)

    def seriesUnderWay(self):
        """SeriesInstanceUIDs of the CTs that are being fetched or looked at: set of str."""
        return self._uids if self.busy else set()

    def cancel(self):
        """Stop fetching; what arrived stays for the next try."""
        if self._work.cancel():
            self._status.failed(Cancelled(), self._again)

    def forget(self):
        """The scene was closed: nothing is shown any more, and no cohort is kept for it."""
        self._wanted = None
        self._display.forget()

    def _begin(self, wanted):
        cohort, patient_ids, image_folder, *_arrangement = self._wanted = wanted
        try:
            requests = [series_request(cohort, patient_id) for patient_id in patient_ids
                        if patient_id in cohort.rows or not is_guest(patient_id)]
            sources = self._sources.of(cohort, image_folder)
        except TumorConnectomeError as error:
            self._work.cancel()
            self._status.done(str(error), problem=True)
            return
        missing = [request for request in requests if find_patient(request.patient_id, request.ct_uid) is None]
        if not missing:
            self._work.cancel()
            self._load([], None)
            return
        self._uids = {request.ct_uid for request in missing}
        tickets = [self._queue.fetch(request, sources, listed=False) for request in missing]
        self._work.run(loading_sequence(missing, tickets, lambda: choose_reader(cohort.synthetic)),
                       self._onInspected, again=self._again)

    def _again(self):
        if self._wanted is not None:
            self.bring(*self._wanted)

    def _onInspected(self, found):
        inspections, reader = found
        if not self._wanted[0].synthetic:               # made-up series stay out of the user's database
            self._listing.onSeries(inspections)
        self._load(inspections, reader)

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
            self._display.present(patient_ids, views, connectome)
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


def loading_sequence(requests: list[SeriesRequest], tickets: list, chooseReader) -> Sequence:
    """Fetches the files of patients, looks at them, and lists them in Slicer's DICOM database if the reader wants them there.

    Parameters
    ----------
    requests : list of SeriesRequest
    tickets : list of Ticket
        Of the download queue: asked for before anything else is given up, so that what both want goes on.
    chooseReader : callable
        Gives the reader of the files, see `volume_readers`.

    Returns
    -------
    tuple
        What `inspect_sequence` returns, and the reader.
    """
    files = yield Together(tickets)
    inspections, reader = (yield from inspect_sequence(requests, files)), chooseReader()
    try:
        unlisted = reader.unlisted_files(inspections)
        if unlisted:
            yield DicomImport(reader.database, unlisted)
    except Cancelled:
        raise
    except Exception as error:                          # the request goes on: what is not listed is read another way
        report_error(error)
    return inspections, reader


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


class ImageSources:
    """The places where images may be: the scene, the cache, a local folder, Slicer's DICOM database, IDC.

    Parameters
    ----------
    cache_folder : path
        Where downloads are kept.
    """

    def __init__(self, cache_folder: pathlib.Path):
        self.cache_folder = cache_folder

    @property
    def cache_folder(self) -> pathlib.Path:
        """Where downloads are kept; what is under way ends where it began."""
        return self._cache.folder

    @cache_folder.setter
    def cache_folder(self, folder: pathlib.Path):
        self._cache = SeriesCache(folder)
        self._idc = IdcSource(self._cache)

    @property
    def idc(self) -> IdcSource:
        """IDC, with the present cache."""
        return self._idc

    def of(self, cohort: Cohort, image_folder: str) -> list[Source]:
        """Where the images of a cohort may be, in order; `image_folder` is a local folder of DICOM files, "" for none."""
        return [SceneSource(), *self.of_files(cohort.synthetic, image_folder)]

    def of_files(self, synthetic: bool, image_folder: str, remote: bool = True) -> list[Source]:
        """As `of`, without the scene; `remote`: whether IDC is one of them."""
        if synthetic:
            return [SyntheticSource(self.cache_folder / "synthetic")]
        folder, listed = self.cache_folder, read_manifest().ct_files
        local = [FolderSource(image_folder, folder, listed)] if image_folder else []
        # set by Slicer's DICOM module when that is there
        database = DicomDatabaseSource(getattr(slicer, "dicomDatabase", None), folder, listed)
        return [CacheSource(self._cache), *local, database, *([self._idc] if remote else [])]

    def sizeOf(self, request: SeriesRequest, sources: list[Source]) -> tuple[int, int] | None:
        """Files and bytes that would have to be downloaded for a request; None if that is not known."""
        if not any(isinstance(source, IdcSource) for source in sources):
            return None
        if self._cache.entry(request.ct_uid).is_dir() or SceneSource().find(request):
            return 0, 0
        return read_manifest().size(request.ct_uid)
