"""Which series belong to a patient, and where they may be, in the order in which the places are asked."""
from __future__ import annotations

from ..core.cohort import Cohort
from ..core.errors import InputError
from ..core.files import default_cache_folder
from ..imaging.folder_source import FolderSource
from ..imaging.idc_source import IdcSource
from ..imaging.scene_source import SceneSource
from ..imaging.series_cache import CacheSource, SeriesCache
from ..imaging.sources import SeriesRequest, Source
from ..synthetic.source import SyntheticSource


def image_sources(cohort: Cohort, image_folder: str) -> list[Source]:
    """Where the images of a cohort may be; `image_folder` is a local folder of DICOM files, "" for none."""
    if cohort.synthetic:
        return [SceneSource(), SyntheticSource(default_cache_folder() / "synthetic")]
    cache = SeriesCache(default_cache_folder())
    local = [FolderSource(image_folder, cache.folder)] if image_folder else []
    return [SceneSource(), CacheSource(cache), *local, IdcSource(cache)]


def series_request(cohort: Cohort, patient_id: str) -> SeriesRequest:
    """The series of a patient; InputError if the cohort does not name its CT."""
    record = cohort.patients.iloc[cohort.row_of(patient_id)]
    uids = {name: record.get(name) or "" for name in ("StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID")}
    if not uids["CT_SeriesInstanceUID"] or not uids["StudyInstanceUID"]:
        raise InputError(f"the cohort does not say which CT series belongs to patient {patient_id}", source=cohort.name,
                         expected="StudyInstanceUID and CT_SeriesInstanceUID in the patient table")
    return SeriesRequest(patient_id, *uids.values())
