"""Which tumors a folder of CTs has: by structured reports with boxes, by segmentations, or by a table of points."""
from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import InputError
from ..imaging.file_header import FileHeader
from ..imaging.folder_source import index_folder
from ..imaging.linked_files import choose_report
from ..imaging.segmentation_file import segmented_series
from ..imaging.sources import SeriesRequest
from ..readers.delimited_form import form_of, records_of
from ..readers.recognition import ids_of_texts
from .series_embedding import SeriesTask

_COORDINATES = ("coordx", "coordy", "coordz")
_SERIES_NAMES = ("ctseriesinstanceuid", "seriesinstanceuid", "ctseriesuid", "seriesuid")
_EXPECTED = "columns PatientID or SeriesInstanceUID, and coordX, coordY, coordZ (LPS mm)"
#: no CT is further away from its origin [mm]
_LARGEST_MM = 1e5


@dataclass(frozen=True)
class Places:
    """The folder of CTs, the folder for indices of folders, and one of the three that say where the tumors are."""

    images: pathlib.Path
    cache: pathlib.Path
    boxes: pathlib.Path | None = None
    segments: pathlib.Path | None = None
    points: pathlib.Path | None = None


def list_tasks(places: Places, model: str, weights: str, report: Callable[[float, str], None]
               ) -> tuple[list[SeriesTask], list[str]]:
    """The CT series of a folder whose tumors are known.

    Returns
    -------
    tasks : list of SeriesTask
        Ascending by SeriesInstanceUID.
    problems : list of str
        Reports, segmentations and points that belong to no CT in the folder, one line each.

    Raises
    ------
    InputError
        A folder or file is not there, the folder has no CT, or the table lacks a column or has a malformed row.
    """
    index = index_folder(places.images, places.cache, lambda fraction, message: report(fraction / 2, message))
    series = _ct_series(index, places.images)
    if not series:
        raise InputError(f"no CT among {len(index)} files", source=places.images, expected="a folder with CTs as DICOM files")

    def more(fraction, message):
        report(0.5 + fraction / 2, message)

    if places.boxes is not None:
        found, problems = _by_reports(series, places, more)
    elif places.segments is not None:
        found, problems = _by_segmentations(series, places, more)
    else:
        found, problems = _by_points(series, places.points)
    tasks = [SeriesTask(tuple(map(str, series[uid].values())), uid, model, weights, **marks) for uid, marks in found]
    return sorted(tasks, key=lambda task: task.series_uid), problems


def _ct_series(index, folder):
    """SeriesInstanceUID of each CT -> SOPInstanceUID -> file."""
    series = {}
    for name, entry in sorted(index.items()):
        if entry.get("modality") == "CT":
            series.setdefault(entry["series"], {}).setdefault(entry["sop"], folder / name)
    return series


def _by_reports(series, places, report):
    index = index_folder(places.boxes, places.cache, report)
    reports = [(FileHeader(*(entry[name] for name in ("series", "sop", "modality", "description", "references", "regions",
                                                      "spatial"))), name)
               for name, entry in sorted(index.items()) if entry.get("modality") == "SR"]
    if not reports:
        raise InputError(f"no structured report among {len(index)} files", source=places.boxes, expected="DICOM SR with boxes")
    found, used = [], set()
    for uid, slices in series.items():
        name = choose_report(reports, SeriesRequest("", "", uid), slices)
        if name is not None:
            found.append((uid, {"report": str(places.boxes / name)}))
            used.add(name)
    return found, [f"{places.boxes / name}: none of the CTs here is the one that it is about" for header, name in reports
                   if name not in used and (header.regions or header.spatial) and not set(header.references) & set(series)]


def _by_segmentations(series, places, report):
    index = index_folder(places.segments, places.cache, report)
    names = [name for name, entry in sorted(index.items()) if entry.get("modality") == "SEG"]
    if not names:
        raise InputError(f"no segmentation among {len(index)} files", source=places.segments, expected="DICOM SEG files")
    found, problems = [], []
    for name in names:
        path = places.segments / name
        try:
            uid = segmented_series(path)
        except InputError as error:
            problems.append(str(error))
            continue
        if uid in series:
            found.append((uid, {"segmentation": str(path)}))
        else:
            problems.append(f"{path}: the CT series {uid or '(not named)'} that it is about is not here")
    return found, problems


def _by_points(series, path):
    points, patients, problems = {}, None, []
    for row, patient, uid, name, point in read_points(path, problems):
        if not uid:
            patients = _patients(series) if patients is None else patients
            theirs = patients.get(patient, ())
            if len(theirs) > 1:
                problems.append(f"{path}, row {row}: patient {patient} has {len(theirs)} CTs here; expected SeriesInstanceUID")
                continue
            uid = theirs[0] if theirs else ""
        if uid not in series:
            problems.append(f"{path}, row {row}: no CT of {f'series {uid}' if uid else f'patient {patient}'} here")
            continue
        points.setdefault(uid, []).append((name, point))
    return [(uid, {"points": tuple(theirs)}) for uid, theirs in points.items()], problems


def _patients(series):
    """PatientID -> SeriesInstanceUIDs."""
    import pydicom

    found = {}
    for uid, slices in series.items():
        dataset = pydicom.dcmread(next(iter(slices.values())), stop_before_pixels=True, specific_tags=["PatientID"], force=True)
        found.setdefault(str(dataset.get("PatientID") or ""), []).append(uid)
    return found


def read_points(path, problems: list[str] | None = None) -> list[tuple[int, str, str, str, tuple[float, float, float]]]:
    """Read a table of tumors' centers.

    Parameters
    ----------
    path : path
        Any delimited text: PatientID or SeriesInstanceUID (or CT_SeriesInstanceUID), coordX, coordY, coordZ [mm, LPS], maybe
        lesion; names in any case, with or without spaces and signs between their parts.
    problems : list of str, optional
        Gets a line for each row without a name or finite coordinates, which is left out.

    Returns
    -------
    list of tuple
        Row number, PatientID, SeriesInstanceUID ("" where the table has none), name of the tumor, center.

    Raises
    ------
    InputError
        A column is missing, or half of the rows or more are no centers; file and row are named.
    """
    form = form_of(path)
    columns = {re.sub(r"[^a-z0-9]", "", name.lower()): number for number, name in enumerate(form.header)}
    series = next((columns[name] for name in _SERIES_NAMES if name in columns), None)
    patient = columns.get("patientid")
    if any(name not in columns for name in _COORDINATES) or series is None and patient is None:
        raise InputError(f"found the columns {', '.join(form.header)[:200]}", source=path, expected=_EXPECTED)
    records = list(records_of(path, form))[not form.headless:]
    centers = [_point(cells, [columns[name] for name in _COORDINATES], form.decimal) for _row, cells in records]
    named = [center is not None and bool(_cell(cells, series) or _cell(cells, patient))
             for (_row, cells), center in zip(records, centers)]
    wrong = [InputError(f"{', '.join(cells)[:120]!r}", source=path, row=row, expected=_EXPECTED)
             for (row, cells), good in zip(records, named) if not good]
    good = [(row, cells, center) for (row, cells), center, name in zip(records, centers, named) if name]
    patients, _told = ids_of_texts([_cell(cells, patient) for _row, cells, _center in good], "PatientID")
    rows, counted = [], {}
    for (row, cells, center), name in zip(good, patients):
        uid = _cell(cells, series)
        counted[uid or name] = counted.get(uid or name, 0) + 1
        rows.append((row, name, uid, _cell(cells, columns.get("lesion")) or str(counted[uid or name]), center))
    if not records:
        raise InputError("it has no rows", source=path, expected=_EXPECTED)
    if 2 * len(wrong) >= len(records):
        raise wrong[0]
    if problems is not None:
        problems += map(str, wrong)
    return rows


def _cell(cells, number):
    return cells[number].strip() if number is not None and number < len(cells) else ""


def _point(cells, numbers, decimal):
    """Finite coordinates in some cells, None where there are none."""
    try:
        point = tuple(float(_cell(cells, number).replace(decimal, ".")) for number in numbers)
    except ValueError:
        return None
    return point if all(abs(value) < _LARGEST_MM for value in point) else None
