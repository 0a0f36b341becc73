"""Where the images of a cohort may be, in the order in which the places are asked."""
from __future__ import annotations

import pathlib

import slicer

from ..core.cohort import Cohort
from ..imaging.dicom_database_source import DicomDatabaseSource
from ..imaging.folder_source import FolderSource
from ..imaging.idc_manifest import read_manifest
from ..imaging.idc_source import IdcSource
from ..imaging.scene_source import SceneSource
from ..imaging.series_cache import CacheSource, SeriesCache
from ..imaging.sources import SeriesRequest, Source
from ..synthetic.source import SyntheticSource


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
        if cohort.synthetic:
            return [SceneSource(), SyntheticSource(self.cache_folder / "synthetic")]
        folder, listed = self.cache_folder, read_manifest().ct_files
        local = [FolderSource(image_folder, folder, listed)] if image_folder else []
        # set by Slicer's DICOM module when that is there
        database = DicomDatabaseSource(getattr(slicer, "dicomDatabase", None), folder, listed)
        return [SceneSource(), CacheSource(self._cache), *local, database, self._idc]

    def sizeOf(self, request: SeriesRequest) -> tuple[int, int] | None:
        """Files and bytes that would have to be downloaded for a request; None if that is not known."""
        if self._cache.entry(request.ct_uid).is_dir() or SceneSource().find(request):
            return 0, 0
        return read_manifest().size(request.ct_uid)
