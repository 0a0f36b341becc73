"""Series that are in the scene already: nothing has to be fetched."""
from __future__ import annotations

import slicer.util

from ..base.errors import NotAvailable
from ..imaging.sources import SeriesFiles, SeriesRequest
from ..work.jobs import Sequence
from .patient_nodes import PATIENT_ATTRIBUTE, SERIES_ATTRIBUTE, find_patient


class SceneSource:
    """The scene, with the patients that were loaded before or came with a saved scene."""

    name = "Scene"
    remote = False

    def find(self, request: SeriesRequest) -> bool:
        """Whether the patient's CT is in the scene."""
        return find_patient(request.patient_id, request.ct_uid) is not None

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Return SeriesFiles without a folder; no job runs."""
        if not self.find(request):
            raise NotAvailable(f"the CT of patient {request.patient_id} is not in the scene")
        return SeriesFiles(None, None, self.name)
        yield                                           # a generator, as every source's


def names_in_scene() -> set[str]:
    """SeriesInstanceUIDs and PatientIDs of the CTs in the scene: their files may be needed again to save it."""
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return {name for volume in volumes for name in map(volume.GetAttribute, (SERIES_ATTRIBUTE, PATIENT_ATTRIBUTE)) if name}
