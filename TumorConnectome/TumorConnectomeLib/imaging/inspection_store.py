"""What was found out about a series, kept in the cache: a second load needs no look at hundreds of headers."""
from __future__ import annotations

import json
import pathlib

from ..base.files import atomic_file, checked_uid
from .series_cache import list_files

#: part of every file: raise it when `imaging.inspection.inspect` finds out more, or something else
VERSION = 2
_KEYS = {"files", "series_uid", "patient_id", "lesions", "findings", "geometry", "placement", "stack"}


class InspectionStore:
    """One JSON file for each series in ``<cache folder>/inspections``.

    An inspection counts only as long as the names, sizes and times of all files are what they were.

    Parameters
    ----------
    folder : path
        The cache folder (base.files.default_cache_folder()).
    """

    def __init__(self, folder):
        self._folder = pathlib.Path(folder) / "inspections"

    def find(self, ct_folder, report, series_uid: str) -> dict | None:
        """What `inspect` returned for these files before, None if there is nothing that counts."""
        try:
            stored = json.loads(self._path(series_uid).read_text(encoding="utf-8"))
            if stored["version"] != VERSION or stored["seen"] != _seen(ct_folder, report) or set(stored["found"]) != _KEYS:
                return None
            names, found = {name for name, *_ in stored["seen"]["ct"]}, stored["found"]
            if found["series_uid"] != series_uid or not set(found["files"]) <= names:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return {**found, "files": [str(pathlib.Path(ct_folder).absolute() / name) for name in found["files"]]}

    def put(self, ct_folder, report, inspection: dict) -> None:
        """Keep an inspection, if all its files lie in `ct_folder` itself; a full disk is no reason to stop."""
        folder = pathlib.Path(ct_folder).absolute()
        files = [pathlib.Path(file) for file in inspection["files"]]
        if any(file.parent != folder for file in files):
            return
        try:
            seen = _seen(folder, report)
            with atomic_file(self._path(inspection["series_uid"]), "w", encoding="utf-8") as stream:
                json.dump({"version": VERSION, "seen": seen,
                           "found": {**inspection, "files": [file.name for file in files]}}, stream)
        except OSError:
            return

    def _path(self, series_uid):
        return self._folder / f"{checked_uid(series_uid)}.json"


def _seen(ct_folder, report):
    """Names, sizes and times of the files: as json gives them back."""
    seen = {"folder": str(pathlib.Path(ct_folder).absolute()), "ct": [list(row) for row in list_files(pathlib.Path(ct_folder))]}
    if report is not None:
        status = pathlib.Path(report).stat()
        seen["report"] = [str(report), status.st_size, status.st_mtime_ns]
    return seen
