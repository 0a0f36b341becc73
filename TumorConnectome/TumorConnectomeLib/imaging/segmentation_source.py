"""Expert segmentations (NLSTSeg) of NLST studies: where IDC has them, and how they come into the cache."""
from __future__ import annotations

import csv
import functools
import importlib.util
import pathlib

from ..base.errors import InputError, NotAvailable, PackageMissing
from ..base.files import LIBRARY_FOLDER, checked_uid
from ..work.jobs import PythonJob, Sequence
from .idc_series import IdcSeries

#: made by Testing/tools/make_segmentation_manifest.py
SHIPPED_SEGMENTATIONS = LIBRARY_FOLDER / "Resources" / "IDC" / "nlstseg-manifest.csv"
COLUMNS = ("study_uid", "seg_uid", "seg_uuid", "seg_files", "seg_bytes", "bucket")
_QUERY = """
    select SeriesInstanceUID, crdc_series_uuid, aws_bucket, instanceCount, cast(round(series_size_MB * 1e6) as bigint)
    from read_parquet(?)
    where StudyInstanceUID = ? and Modality = 'SEG' and replace(lower(analysis_result_id), '-', '_') = 'nlstseg'
    order by SeriesInstanceUID"""


@functools.lru_cache(maxsize=4)
def listed_segmentations(path: pathlib.Path = SHIPPED_SEGMENTATIONS) -> dict[str, IdcSeries]:
    """The segmentations that need no look-up, by StudyInstanceUID.

    Raises
    ------
    InputError
        The list is missing or malformed; the text names the row (line of the file).
    """
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can not be read ({error})", source=path, expected="the list of segmentations in IDC") from None
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if first == len(lines) or tuple(lines[first].split(",")) != COLUMNS:
        raise InputError("the header is not that of the list", source=path, row=first + 1, expected=",".join(COLUMNS))
    found = {}
    for number, row in enumerate(csv.reader(lines[first + 1:]), first + 2):
        try:
            study, uid, uuid, files, size, bucket = row
            found[checked_uid(study)] = IdcSeries(uid, uuid, bucket, int(files), int(size))
        except InputError as error:
            raise InputError(error.problem, source=path, row=number, expected=error.expected) from None
        except ValueError as error:
            raise InputError(str(error), source=path, row=number, expected=",".join(COLUMNS)) from None
    return found


def segmentation_sequence(study_uid: str, source) -> Sequence:
    """Jobs that bring the segmentation of a study here and read it.

    Parameters
    ----------
    study_uid : str
    source : IdcSource
        Its `fetch_series` brings one series into the cache.

    Returns
    -------
    dict
        See `segmentation_file.read_segmentation_command`.

    Raises
    ------
    NotAvailable
        IDC has none of this study.
    PackageMissing
        It is not in the built-in list, and what looks it up is not installed.
    """
    series = listed_segmentations().get(study_uid)
    if series is None:
        answer = yield PythonJob("Looking for a segmentation in IDC", "locate-segmentation", study_uid)
        if "missing" in answer:
            raise NotAvailable(answer["missing"])
        series = IdcSeries(**answer["series"])
    folder = yield from source.fetch_series(series)
    file = min(pathlib.Path(folder).iterdir())
    return (yield PythonJob("Reading the segmentation", "read-segmentation", file))


def locate_segmentation(study_uid: str) -> IdcSeries:
    """Where IDC has the NLSTSeg segmentation of a study, by the index of idc-index-data; not for the GUI thread.

    Raises
    ------
    NotAvailable, PackageMissing
        See `segmentation_sequence`.
    """
    for package in ("duckdb", "idc_index_data"):
        if not importlib.util.find_spec(package):
            name = package.replace("_", "-")
            raise PackageMissing(f"the study is not in the built-in list of segmentations, and to look it up in IDC the Python "
                                 f"package {name} is needed, which is not installed", name)
    import duckdb
    import idc_index_data
    with duckdb.connect() as connection:
        rows = connection.execute(_QUERY, [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), checked_uid(study_uid)]).fetchall()
    if not rows:
        raise NotAvailable("IDC has no NLSTSeg segmentation of this study")
    return IdcSeries(*rows[0])


def locate_segmentation_command(arguments, report):
    """Worker: ``locate-segmentation STUDY``; returns ``{"series": ...}``, or ``{"missing": reason}``."""
    report(None, "Looking for a segmentation in the IDC index")
    try:
        return {"series": vars(locate_segmentation(arguments[0]))}
    except NotAvailable as error:
        return {"missing": str(error)}
