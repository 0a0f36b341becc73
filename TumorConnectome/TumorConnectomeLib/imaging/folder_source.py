"""Series from a folder of DICOM files on this machine, whatever its structure; the folder is never changed."""
from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Callable

from ..base.errors import InputError, NotAvailable
from ..base.files import atomic_file
from ..work.jobs import PythonJob, Sequence
from .file_header import FileHeader, read_header
from .linked_files import choose_report, folder_of
from .sources import SeriesFiles, SeriesRequest, whole_series

_INDEX_FORMAT = 2


class FolderSource:
    """A local folder with DICOM files.

    Parameters
    ----------
    folder : path
        Searched with all its subfolders.
    cache_folder : path
        For the index of the folder, and for folders of links to CT files that lie among others.
    listed : callable
        Number of files a CT series has, by SeriesInstanceUID; 0 when that is not known.
    """

    remote = False

    def __init__(self, folder, cache_folder, listed: Callable[[str], int] = lambda ct_uid: 0):
        self._folder, self._cache_folder, self._listed = pathlib.Path(folder), pathlib.Path(cache_folder), listed
        self.name = f"Folder {self._folder}"

    def find(self, request: SeriesRequest) -> bool:
        """Whether the folder is there: what is in it only `fetch` tells."""
        return self._folder.is_dir()

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Search the folder; return the CT's folder and the report that refers to it.

        If the CT's files share their folder with others, or are spread over several, the folder returned is one of
        links (or copies, where links are not possible) in the cache.

        Raises
        ------
        NotAvailable
            The folder does not have the CT.
        TumorConnectomeError
            It has a part of it.
        """
        answer = yield PythonJob("Searching the folder", "scan", self._folder, self._cache_folder,
                                 self._listed(request.ct_uid), request.ct_uid, request.sr_uid)
        if "missing" in answer:
            raise NotAvailable(answer["missing"])
        report = pathlib.Path(answer["report"]) if answer["report"] else None
        note = "" if report else f"{self._folder} has no report that refers to the CT series {request.ct_uid}"
        return SeriesFiles(pathlib.Path(answer["ct_folder"]), report, self.name, note)


def scan_command(arguments, report):
    """Worker: ``scan FOLDER CACHE_FOLDER NUMBER_OF_FILES CT_UID [SR_UID]``.

    Returns ``{"ct_folder": path, "report": path or null}``, or ``{"missing": reason}``.
    """
    folder, cache_folder = (pathlib.Path(argument) for argument in arguments[:2])
    request = SeriesRequest("", "0", *arguments[3:])    # only to check the UIDs
    answer = find_series(folder, index_folder(folder, cache_folder, report), request, cache_folder, int(arguments[2]))
    return answer if "missing" in answer else {name: path and str(path) for name, path in answer.items()}


def find_series(folder: pathlib.Path, index: dict[str, dict], request: SeriesRequest, cache_folder: pathlib.Path,
                listed: int = 0) -> dict:
    """Where an indexed folder has a CT and its report: ``ct_folder`` and ``report`` (None without), or ``missing``: why not.

    TumorConnectomeError if it has fewer than `listed` files of the CT.
    """
    paths = _slices(index, request.ct_uid)
    if not paths:
        return {"missing": f"no file of series {request.ct_uid} among the {len(index)} files in {folder}"}
    whole_series(len(paths), listed, request.ct_uid)
    found = _find_report(index, request)
    return {"ct_folder": folder_of([folder / path for path in paths], request.ct_uid, cache_folder),
            "report": folder / found if found else None}


def index_folder(folder: pathlib.Path, cache_folder: pathlib.Path, report=lambda fraction, message: None) -> dict[str, dict]:
    """What every file in a folder is; reads only files that are new or changed since the last time.

    Parameters
    ----------
    folder : Path
        Searched with its subfolders; links to folders are not followed.
    cache_folder : Path
        The index is kept there, one file per folder.
    report : callable
        Progress, as worker commands get it.

    Returns
    -------
    dict
        Relative path (``/`` between parts) to ``size``, ``time`` (ns) and, for DICOM files, ``series``, ``sop``,
        ``modality``, ``description``, ``references``, ``regions``, ``spatial`` (see `FileHeader`).
    """
    if not folder.is_dir():
        raise InputError("is a file where a folder is expected" if folder.is_file() else "no such folder", source=folder)
    store = cache_folder / "folders" / f"{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:24]}.json"
    known, index = _stored_index(store), {}
    found = list(_walk(folder, ""))
    for number, (path, size, time) in enumerate(found):
        entry = known.get(path)
        if entry is None or (entry["size"], entry["time"]) != (size, time):
            entry = _describe(folder / path, size, time)
            if number % 20 == 0:
                report(number / len(found), f"Reading file {number + 1} of {len(found)}")
        index[path] = entry
    if index != known:
        with atomic_file(store, "w", encoding="utf-8") as stream:
            json.dump({"format": _INDEX_FORMAT, "folder": str(folder), "files": index}, stream)
    return index


def _stored_index(store):
    try:
        value = json.loads(store.read_text(encoding="utf-8"))
        return value["files"] if value["format"] == _INDEX_FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}                                       # none yet, or damaged: it is made again


def _walk(folder, prefix):
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                status = entry.stat()
                yield prefix + entry.name, status.st_size, status.st_mtime_ns


def _describe(path, size, time):
    entry = {"size": size, "time": time}
    try:
        header = read_header(path)
    except OSError:
        return entry                                    # not readable for this user: as good as not there
    if header:
        entry.update(series=header.series_uid, sop=header.sop_uid, modality=header.modality,
                     description=header.description, references=list(header.references), regions=list(header.regions),
                     spatial=header.spatial)
    return entry


def _slices(index, ct_uid):
    """Relative paths of a series' files; of several copies of an instance the first."""
    instances = {}
    for path, entry in index.items():
        if entry.get("series") == ct_uid:
            instances.setdefault(entry["sop"], path)
    return sorted(instances.values())


def _find_report(index, request):
    """Relative path of the report that belongs to the CT, or None."""
    reports = ((FileHeader(*(entry[name] for name in ("series", "sop", "modality", "description", "references", "regions",
                                                      "spatial"))), path)
               for path, entry in index.items() if entry.get("modality") == "SR")
    return choose_report(reports, request, {entry["sop"] for entry in index.values() if entry.get("series") == request.ct_uid})
