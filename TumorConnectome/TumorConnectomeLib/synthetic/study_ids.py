"""UIDs and series numbers of a synthetic study."""
from __future__ import annotations

from dataclasses import dataclass

from .seeds import uid

CT_SERIES_NUMBER = 2
#: as in the NLST-Sybil reports
SR_SERIES_NUMBER = CT_SERIES_NUMBER + 100


@dataclass(frozen=True)
class StudyIds:
    """UIDs of one patient's study; they follow from the PatientID and the generator's version."""

    patient_id: str

    @property
    def study(self) -> str:
        """StudyInstanceUID of both series."""
        return uid(self.patient_id, "study")

    @property
    def ct_series(self) -> str:
        """SeriesInstanceUID of the CT."""
        return uid(self.patient_id, "ct")

    @property
    def sr_series(self) -> str:
        """SeriesInstanceUID of the structured report."""
        return uid(self.patient_id, "sr")

    @property
    def sr_instance(self) -> str:
        """SOPInstanceUID of the structured report."""
        return uid(self.patient_id, "sr", "instance")

    @property
    def frame_of_reference(self) -> str:
        """FrameOfReferenceUID of the CT."""
        return uid(self.patient_id, "frame of reference")

    def ct_slice(self, index: int) -> str:
        """Return the SOPInstanceUID of a slice, 0 is the lowest."""
        return uid(self.patient_id, "ct", index)

    def tracking(self, number: int) -> str:
        """Return the tracking UID of a box, counted from 1."""
        return uid(self.patient_id, "box", number)
