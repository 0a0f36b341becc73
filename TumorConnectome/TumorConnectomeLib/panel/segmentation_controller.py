"""Offers the expert segmentations (NLSTSeg) of the shown tumors, and loads them."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..cohort.nlst import in_nlst
from ..imaging.segmentation_file import Segment
from ..imaging.segmentation_source import listed_segmentations, segmentation_sequence
from ..scene.patient_nodes import SERIES_ATTRIBUTE, find_patient
from ..scene.segmentation_nodes import add_segmentation, find_segmentation, lies_in_space_of
from .status_line import StatusLine


class SegmentationController:
    """The button *Expert segmentation* and the line below it.

    Parameters
    ----------
    panel : Panel
    display : ImageDisplay
    """

    def __init__(self, panel, display):
        ui = panel.ui
        self._panel, self._display, self._button, self._task = panel, display, ui.segmentationButton, None
        self._status = StatusLine(ui.segmentationStatusLabel, ui.segmentationProgressBar, ui.segmentationCancelButton)
        self._button.connect("clicked(bool)", self._onButton)

    @property
    def busy(self):
        """Whether segmentations are being fetched."""
        return self._task is not None

    def refresh(self):
        """Say what is offered for the shown patients."""
        if self._task is None:
            studies = self._studies()
            self._button.enabled = bool(studies)
            self._status.done(self._offer(studies))

    def load(self):
        """Fetch and show the segmentations of the shown patients."""
        studies = self._studies()
        if studies and self._task is None:
            self._button.enabled = False
            self._task = self._panel.runner.start(
                _all_segmentations(studies, self._panel.sources.idc), self._status.progress, self._onLoaded, self._onError)
            self._status.watch(self._task)

    def cancel(self):
        """Stop fetching."""
        if self._task is not None:
            self._task.cancel()

    def _studies(self):
        """StudyInstanceUID of each shown patient of the NLST whose segmentation is not in the scene."""
        cohort, found = self._panel.state.cohort, {}
        for patient in [patient.patient_id for patient in self._display.shown.values()]:
            if patient in cohort.rows and in_nlst(cohort, cohort.row_of(patient)) and not find_segmentation(patient):
                found[patient] = cohort.patients.iloc[cohort.row_of(patient)]["StudyInstanceUID"]
        return found

    def _offer(self, studies):
        listed = listed_segmentations() if studies else {}
        known = [patient for patient, study in studies.items() if study in listed]
        others = [patient for patient in studies if patient not in known]
        texts = ((known, _("IDC has the expert segmentation (NLSTSeg) of {patients}.")),
                 (others, _("{patients}: will be looked up in the index of IDC.")))
        return "\n".join(text.format(patients=", ".join(patients)) for patients, text in texts if patients)

    def _onLoaded(self, results):
        self._task, lines = None, []
        for patient_id, found in results.items():
            patient = find_patient(patient_id)
            if isinstance(found, str):
                lines.append(f"{patient_id}: {found}")
            elif patient is not None:                   # not unloaded in the meantime
                lines.append(self._show(patient, found))
        self._display.showBelongings()
        self._button.enabled = bool(self._studies())
        self._status.done("\n".join(lines))

    def _show(self, patient, found):
        if not lies_in_space_of(patient, found):
            text = _("{patient}: the segmentation lies in another frame of reference than the CT.")
            return "\N{WARNING SIGN} " + text.format(patient=patient.patient_id)
        segments = [Segment.from_record(record) for record in found["segments"]]
        add_segmentation(patient, segments)
        sizes = ", ".join(f"{segment.label} {segment.volume_mm3 / 1000:.2f} mL" for segment in segments)
        text = _("{patient}: NLSTSeg, {sizes}").format(patient=patient.patient_id, sizes=sizes)
        if found["series_uid"] != patient.volume.GetAttribute(SERIES_ATTRIBUTE):
            text += " " + _("(drawn on another series of the same scan)")
        return "; ".join([text, *found["findings"]])

    def _onError(self, error):
        self._task = None
        self._button.enabled = bool(self._studies())
        self._status.failed(error, self.load)

    def _onButton(self, checked=False):
        self.load()


def _all_segmentations(studies, source):
    """Jobs for several patients; returns what was read of each, or why there is none."""
    results = {}
    for patient, study in studies.items():
        try:
            results[patient] = yield from segmentation_sequence(study, source)
        except (NotAvailable, InputError) as error:
            results[patient] = str(error)
    if results and all(isinstance(found, str) for found in results.values()):
        raise TumorConnectomeError("; ".join(f"{patient}: {reason}" for patient, reason in results.items()))
    return results
