"""The shipped list of the published cohort's series in IDC: their files are found without the 77 MB index."""
from __future__ import annotations

import csv
import functools
import pathlib
import types
from collections.abc import Mapping
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import LIBRARY_FOLDER, checked_uid
from .idc_series import IdcSeries, IdcStudy
from .sources import SeriesRequest

#: made by Testing/tools/make_idc_manifest.py
SHIPPED_MANIFEST = LIBRARY_FOLDER / "Resources" / "IDC" / "nlst-sybil-manifest.csv"
COLUMNS = ("patient_id", "study_uid", "ct_uid", "ct_uuid", "ct_files", "ct_bytes",
           "sr_uid", "sr_uuid", "sr_files", "sr_bytes", "bucket")


@dataclass(frozen=True)
class IdcManifest:
    """Series in IDC, by the SeriesInstanceUID of the CT.

    Parameters
    ----------
    rows : mapping of str to (SeriesRequest, IdcStudy)
        SeriesInstanceUID of the CT to the patient's UIDs and the places of the files.
    provenance : mapping of str to str
        ``idc_version``, ``index``, ``ct_doi``, ``sr_doi``, ``license``: as the file's header states them.
    """

    rows: Mapping[str, tuple[SeriesRequest, IdcStudy]]
    provenance: Mapping[str, str]

    def find(self, request: SeriesRequest) -> IdcStudy | None:
        """The study of a request, None if it is not in the list (or another report is asked for)."""
        known, study = self.rows.get(request.ct_uid, (None, None))
        return study if known and request.sr_uid in ("", known.sr_uid) else None

    def size(self, ct_uid: str) -> tuple[int, int] | None:
        """Files and bytes of a CT with its report; None if it is not in the list."""
        if ct_uid not in self.rows:
            return None
        _, study = self.rows[ct_uid]
        return tuple(sum(getattr(series, name) for series in (study.ct, *study.reports)) for name in ("files", "bytes"))

    def ct_files(self, ct_uid: str) -> int:
        """Number of files of a CT; 0 if it is not in the list."""
        return self.rows[ct_uid][1].ct.files if ct_uid in self.rows else 0


@functools.lru_cache(maxsize=4)
def read_manifest(path: pathlib.Path = SHIPPED_MANIFEST) -> IdcManifest:
    """Read a manifest: ``# name: value`` lines, then CSV with COLUMNS.

    Raises
    ------
    InputError
        It is missing, or a row is malformed; the text names the row (line of the file).
    """
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can not be read ({error})", source=path, expected="the list of series in IDC") from None
    comments = [line.lstrip("# ").partition(": ") for line in lines if line.startswith("#")]
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if first == len(lines) or tuple(lines[first].split(",")) != COLUMNS:
        raise InputError("the header is not that of a manifest", source=path, row=first + 1, expected=",".join(COLUMNS))
    rows = {}
    for number, values in enumerate(csv.reader(lines[first + 1:]), first + 2):
        request, study = _parse_row(values, path, number)
        if request.ct_uid in rows:
            raise InputError(f"CT series {request.ct_uid} is listed twice", source=path, row=number)
        rows[request.ct_uid] = request, study
    provenance = {name: value for name, colon, value in comments if colon}
    return IdcManifest(types.MappingProxyType(rows), types.MappingProxyType(provenance))


def _parse_row(values, path, number):
    if len(values) != len(COLUMNS):
        raise InputError(f"{len(values)} values", source=path, row=number, expected=f"{len(COLUMNS)}: {','.join(COLUMNS)}")
    row = dict(zip(COLUMNS, values))
    try:
        request = SeriesRequest(row["patient_id"], row["study_uid"], row["ct_uid"], checked_uid(row["sr_uid"]))
        ct, report = (IdcSeries(row[f"{kind}_uid"], row[f"{kind}_uuid"], row["bucket"],
                                int(row[f"{kind}_files"]), int(row[f"{kind}_bytes"])) for kind in ("ct", "sr"))
    except InputError as error:
        raise InputError(error.problem, source=path, row=number, expected=error.expected) from None
    except ValueError as error:                         # int()
        raise InputError(str(error), source=path, row=number, expected="whole numbers of files and bytes") from None
    return request, IdcStudy(ct, (report,))
