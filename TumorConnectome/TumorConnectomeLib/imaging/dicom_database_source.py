"""Series that Slicer's DICOM database lists already, wherever their files lie."""
from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

from ..base.errors import NotAvailable
from ..base.files import atomic_file
from ..work.jobs import PythonJob, Sequence
from .file_header import read_header
from .linked_files import choose_report, folder_of
from .sources import SeriesFiles, SeriesRequest, whole_series

_LISTS = "dicom-database"


class DicomDatabaseSource:
    """Slicer's DICOM database.

    On the GUI thread it is asked for names only, by its indexed columns; the files are read in a child process.

    Parameters
    ----------
    database : ctkDICOMDatabase or None
        ``slicer.dicomDatabase``.
    cache_folder : path
        For folders of links to CT files that lie among others.
    listed : callable
        Number of files a CT series has, by SeriesInstanceUID; 0 when that is not known.
    """

    name = "Slicer's DICOM database"
    remote = False

    def __init__(self, database, cache_folder, listed: Callable[[str], int] = lambda ct_uid: 0):
        self._database, self._cache_folder, self._listed = database, pathlib.Path(cache_folder), listed

    def find(self, request: SeriesRequest) -> bool:
        """Whether the database is open and lists a file of the CT."""
        return bool(self._database is not None and self._database.isOpen and self._database.filesForSeries(request.ct_uid, 1))

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Check the files that the database lists; return a folder with the CT alone, and the report that refers to it.

        Raises
        ------
        NotAvailable
            The database does not list the CT, or its files are gone.
        TumorConnectomeError
            Some of them are.
        """
        if not self.find(request):
            raise NotAvailable(f"it does not list the CT series {request.ct_uid}")
        database = self._database
        study = request.study_uid or database.studyForSeries(request.ct_uid)
        reports = [file for uid in database.seriesForStudy(study)
                   if uid == request.sr_uid or database.fieldForSeries("Modality", uid) == "SR"
                   for file in database.filesForSeries(uid)]
        # a command line has no room for hundreds of paths
        names = self._cache_folder / _LISTS / f"{request.ct_uid}.json"
        with atomic_file(names, "w", encoding="utf-8") as stream:
            json.dump({"ct": list(database.filesForSeries(request.ct_uid)), "reports": reports}, stream)
        answer = yield PythonJob("Reading Slicer's DICOM database", "gather", names, self._cache_folder,
                                 self._listed(request.ct_uid), request.ct_uid, request.sr_uid)
        if "missing" in answer:
            raise NotAvailable(answer["missing"])
        report = pathlib.Path(answer["report"]) if answer["report"] else None
        note = "" if report else f"{self.name} has no report that refers to the CT series {request.ct_uid}"
        return SeriesFiles(pathlib.Path(answer["ct_folder"]), report, self.name, note)


def gather_command(arguments, report):
    """Worker: ``gather LIST CACHE_FOLDER NUMBER_OF_FILES CT_UID [SR_UID]``.

    LIST is a JSON file with the paths ``ct`` and ``reports``; it is removed. Returns ``{"ct_folder": path, "report": path or
    null}``, or ``{"missing": reason}``.
    """
    names, cache_folder = (pathlib.Path(argument) for argument in arguments[:2])
    request = SeriesRequest("", "0", *arguments[3:])    # only to check the UIDs
    listed = json.loads(names.read_text(encoding="utf-8"))
    names.unlink()
    slices = {}
    for number, path in enumerate(listed["ct"]):
        report(number / len(listed["ct"]), f"Reading file {number + 1} of {len(listed['ct'])}")
        header = _header(path)
        if header and header.series_uid == request.ct_uid:
            slices.setdefault(header.sop_uid, pathlib.Path(path))
    if not slices:
        return {"missing": f"none of the {len(listed['ct'])} files of series {request.ct_uid} is where it was"}
    whole_series(len(slices), max(int(arguments[2]), len(listed["ct"])), request.ct_uid)
    reports = [(header, path) for path in listed["reports"]
               if (header := _header(path)) and header.modality == "SR"]
    return {"ct_folder": str(folder_of(sorted(slices.values()), request.ct_uid, cache_folder)),
            "report": choose_report(reports, request, slices)}


def _header(path):
    try:
        return read_header(path)
    except OSError:
        return None                                     # moved, removed, or not readable for this user
