"""The source of files for synthetic patients: made on this machine when first needed."""
from __future__ import annotations

import pathlib

from ..base.errors import NotAvailable
from ..imaging.sources import SeriesFiles, SeriesRequest
from ..work.jobs import PythonJob, Sequence
from .patients import patient_ids
from .study_ids import StudyIds


class SyntheticSource:
    """Generates the CT and report of synthetic patients; see `imaging.sources.Source`.

    Parameters
    ----------
    folder : path
        Where studies are kept, one folder per patient.
    """

    name = "Synthetic"
    remote = False

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)

    def find(self, request: SeriesRequest) -> bool:
        """Whether the request is for a synthetic patient of this generator's version."""
        if request.patient_id not in patient_ids():
            return False
        ids = StudyIds(request.patient_id)
        return (request.study_uid, request.ct_uid) == (ids.study, ids.ct_series) and request.sr_uid in ("", ids.sr_series)

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Yield the job that makes the study, or finds it whole; return SeriesFiles."""
        if not self.find(request):
            raise NotAvailable(f"{request.patient_id} is not a synthetic patient of this version")
        made = yield PythonJob(f"Generating CT of {request.patient_id}", "synthesize-study", request.patient_id,
                               self._folder / request.patient_id)
        return SeriesFiles(pathlib.Path(made["ct_folder"]), pathlib.Path(made["sr_file"]), self.name)
