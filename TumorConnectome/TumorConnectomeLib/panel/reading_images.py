"""Brings the pictures of a reading: slices around the tumor where the CT is (in the scene, too), else a thumbnail."""
from __future__ import annotations

import re

import numpy as np
import qt
from slicer.i18n import tr as _

from ..base.errors import Cancelled, InputError, NotAvailable, TumorConnectomeError
from ..cohort.nlst import NLST_UID_ROOTS
from ..imaging.sources import SeriesRequest
from ..imaging.thumbnail import thumbnail_sequence
from ..imaging.tumor_stack import read_stack, stack_path
from ..scene.patient_nodes import find_patient
from ..scene.tumor_slices import tumor_slices
from ..study.study import Study
from ..synthetic.source import SyntheticSource
from ..widgets.reading_tile import TileImage
from ..work.jobs import PythonJob, Sequence

#: stands for what would tell who it is
_HIDDEN = "\N{HORIZONTAL ELLIPSIS}"
_UID = re.compile(r"\d+(\.\d+){4,}")


class ReadingImages:
    """Fetches what a reading asks for, the most urgent first, and gives up what it does not want any more.

    Parameters
    ----------
    runner : JobRunner
    study : Study
        Its identifiers say which images.
    queue : DownloadQueue
    sources : list of Source
        Where CTs may be.
    cache_folder : path
    thumbnails : bool
        Whether thumbnails may be fetched from IDC.
    deliver : callable
        Called with a PatientID, a TileImage or None, and a text that says why there is none and not who it is.
    """

    def __init__(self, runner, study: Study, queue, sources, cache_folder, thumbnails, deliver):
        self._study, self._queue, self._sources, self._cache = study, queue, sources, cache_folder
        self._thumbnails, self._deliver = thumbnails, deliver
        self._runner, self._tasks = runner, {}

    @property
    def busy(self):
        """Whether pictures are on their way."""
        return bool(self._tasks)

    def ask(self, patients):
        """These are wanted from now on, the most urgent first, and no others."""
        for patient in [patient for patient in self._tasks if patient not in patients]:
            self._tasks.pop(patient).drop()
        for patient in patients:
            if patient not in self._tasks:
                self._tasks[patient] = self._runner.start(
                    self._sequence(patient), lambda fraction, message: None,
                    lambda image, patient=patient: self._conclude(patient, image, ""),
                    lambda error, patient=patient: self._conclude(patient, None, anonymous(str(error), patient)))

    @property
    def inUse(self):
        """SeriesInstanceUIDs and PatientIDs of CTs that are on their way or being looked at: set of str."""
        return {name for patient in self._tasks
                for name in (patient, self._study.images.get(patient, {}).get("CT_SeriesInstanceUID", "")) if name}

    def _conclude(self, patient, image, problem):
        self._tasks.pop(patient, None)
        self._deliver(patient, image, problem)

    def _sequence(self, patient) -> Sequence:
        """Jobs that bring the picture of a patient: TileImage."""
        images = self._study.images.get(patient, {})
        try:
            if not images.get("CT_SeriesInstanceUID"):
                raise NotAvailable(_("the study does not name a CT"))
            return (yield from self._slices(_request(patient, images)))
        except Cancelled:
            raise
        except TumorConnectomeError as error:
            problem = error
        uids = [images.get(name, "") for name in ("StudyInstanceUID", "CT_SeriesInstanceUID", "center_SOPInstanceUID")]
        # UIDs of other studies are nobody else's business: no address is made of them
        if not (self._thumbnails and uids[2] and all(uid.startswith(NLST_UID_ROOTS) for uid in uids[:2])):
            raise problem
        try:
            path = yield from thumbnail_sequence(*uids, self._cache)
        except Cancelled:
            raise
        except TumorConnectomeError as error:
            raise TumorConnectomeError(f"{problem}; {error}") from None
        return thumbnail_image(path)

    def _slices(self, request) -> Sequence:
        """Jobs that cut the tumor out of the CT; none when that was done before."""
        path = stack_path(self._cache, request.ct_uid)
        if path.is_file():
            try:
                stack = read_stack(path)
                if stack.mm_per_pixel is not None:      # a report may have come meanwhile
                    return _tile(stack)
            except InputError:
                pass                                    # it is made anew
        loaded = find_patient(request.patient_id, request.ct_uid)
        if loaded is not None and loaded.lesions:
            return _tile(tumor_slices(loaded))
        try:
            files = yield self._queue.fetch(request, self._sources, listed=False)
        except Cancelled:
            raise
        except TumorConnectomeError:
            loaded = find_patient(request.patient_id, request.ct_uid)
            if loaded is None:
                raise
            return _tile(tumor_slices(loaded))          # without a box: all of it
        report = ["--sr", files.sr_file] if files.sr_file else []
        yield PythonJob(_("Cutting out a tumor"), "tumor-stack", "--ct", files.ct_folder, *report, "--series", request.ct_uid,
                        "--out", path)
        return _tile(read_stack(path))


def _tile(stack):
    return TileImage(stack.hu, stack.mm_per_pixel)


def is_synthetic(study: Study) -> bool:
    """Whether the patients of a study are made up by this module."""
    source = SyntheticSource("")
    try:
        return bool(study.images) and all(source.find(_request(patient, images)) for patient, images in study.images.items())
    except InputError:
        return False


def _request(patient, images):
    """The series of a patient of a study; InputError when it names no CT."""
    return SeriesRequest(patient, *(images.get(name, "") for name in (
        "StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID")))


def thumbnail_image(path) -> TileImage:
    """A picture file as gray values."""
    image = qt.QImage(str(path))
    if image.isNull():
        raise InputError(_("no picture"), source=path, expected=_("a PNG or JPEG file"))
    image = image.convertToFormat(qt.QImage.Format_RGBA8888)
    pixels = np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.width(), 4)
    return TileImage(pixels[None, ..., 0].copy())


def anonymous(text: str, patient: str) -> str:
    """A text without a PatientID and DICOM UIDs: readers shall not know whom they see."""
    return _UID.sub(_HIDDEN, text.replace(patient, _HIDDEN))
