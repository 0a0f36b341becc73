"""Fills the strip of pictures: crops of the loaded CTs at one scale, thumbnails from IDC for the others."""
from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..core.errors import Cancelled, TumorConnectomeError
from ..core.files import default_cache_folder
from ..core.idc_links import in_nlst
from ..core.patient_summary import percent_text
from ..imaging.patient_nodes import find_patient
from ..imaging.thumbnail import thumbnail_sequence
from ..imaging.thumbnail_store import ThumbnailStore
from ..imaging.tumor_picture import common_field_mm, tumor_picture
from ..widgets.job_runner import JobRunner
from ..widgets.picture_tile import TileInfo


class PatientPictures:
    """Pictures of the selected patient and its neighbors.

    Parameters
    ----------
    strip : PictureStrip
    """

    def __init__(self, strip):
        self._strip, self._cohort, self._shown = strip, None, []
        self._runner, self._tasks = JobRunner(), {}
        self.thumbnails, self.cacheFolder = True, default_cache_folder()

    def cleanup(self):
        """Stop all downloads."""
        self._runner.cleanup()

    def setCohort(self, cohort):
        """Take another cohort."""
        self._cohort, self._shown = cohort, []
        self._stop([])

    def show(self, patientId, rows, compared):
        """Show a patient and its neighbors (PairRows); `compared` is framed."""
        infos = [TileInfo(patientId, _("Selected"))] if patientId else []
        caption = _("closer than {percent}")
        infos += [TileInfo(row.patient_id, str(row.rank), caption.format(percent=percent_text(row.percentile))) for row in rows]
        if infos != self._shown:
            self._shown = infos
            self._strip.setTiles(infos)
            self.refresh()
        self._strip.mark(compared)

    def refresh(self):
        """Show what there is now: after other patients were chosen, or images were loaded or removed."""
        ids = [info.patient_id for info in self._shown]
        loaded = {patient: nodes for patient in ids if (nodes := find_patient(patient)) is not None}
        field = common_field_mm(loaded.values())
        for patient, nodes in loaded.items():
            self._strip.setPicture(patient, tumor_picture(nodes, field), field)
        note = _("Crops around the tumor, {mm:g} mm wide, in the lung window.")
        self._strip.setNote(note.format(mm=field) if loaded else "")
        waiting = [patient for patient in ids if patient not in loaded]
        self._stop(waiting)
        for patient in waiting:
            self._showThumbnail(patient)

    def pathOf(self, node):
        """Path of a patient's thumbnail if it was fetched before, else None."""
        sop = self._sop(node)
        return ThumbnailStore(self.cacheFolder).find(sop) if sop else None

    def _sop(self, node):
        """SOPInstanceUID of the annotated slice, "" when IDC does not have it."""
        return self._cohort.patients.iloc[node].get("center_SOPInstanceUID") or "" if in_nlst(self._cohort, node) else ""

    def _showThumbnail(self, patient):
        node = self._cohort.row_of(patient)
        sop = self._sop(node)
        if not sop:
            self._strip.setProblem(patient, _("load the CT to see it"))
            return
        path = self.pathOf(node)
        if path:
            self._strip.setPicture(patient, qt.QImage(str(path)))
        elif not self.thumbnails:
            self._strip.setProblem(patient, _("thumbnails are off"))
        elif patient not in self._tasks:
            record = self._cohort.patients.iloc[node]
            study, series = record["StudyInstanceUID"], record["CT_SeriesInstanceUID"]
            sequence = thumbnail_sequence(study, series, sop, self.cacheFolder)
            self._tasks[patient] = self._runner.start(
                sequence, lambda fraction, message: None, lambda path, p=patient: self._arrived(p, path),
                lambda error, p=patient: self._failed(p, error))

    def _arrived(self, patient, path):
        self._tasks.pop(patient, None)
        self._strip.setPicture(patient, qt.QImage(str(path)))

    def _failed(self, patient, error: TumorConnectomeError):
        self._tasks.pop(patient, None)
        if not isinstance(error, Cancelled):
            self._strip.setProblem(patient, str(error))

    def _stop(self, wanted):
        """Cancel downloads for patients that are not shown any more."""
        for patient in [patient for patient in self._tasks if patient not in wanted]:
            self._tasks.pop(patient).cancel()
