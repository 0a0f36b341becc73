"""All tumors of one CT series: the unit of work of a cohort, on this machine or on a cluster. It shares nothing with others."""
from __future__ import annotations

import functools
import pathlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..imaging.ct_series import CTSeries, read_series
from ..imaging.inspection import read_study
from ..imaging.segmentation_file import Segment, read_segmentation
from .dicom_crop import crops_of_series
from .embed import Encoder


@dataclass(frozen=True)
class SeriesTask:
    """What is to be embedded: one CT series, and one of three ways to know where its tumors are; plain values only.

    Parameters
    ----------
    files : tuple of str
        Of the CT, on a file system that the worker sees.
    series_uid : str
        SeriesInstanceUID of the CT.
    model, weights : str
        Name of the model; weights file, "" for that of the weights store, or for none.
    points : tuple of (str, tuple of float)
        Name and center [mm, LPS] of each tumor.
    report, segmentation : str
        Structured report with boxes, or DICOM segmentation; "" without.
    """

    files: tuple[str, ...]
    series_uid: str
    model: str
    weights: str = ""
    points: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    report: str = ""
    segmentation: str = ""


@dataclass(frozen=True)
class TumorRow:
    """One tumor of a result; plain values only.

    Parameters
    ----------
    patient_id, series_uid, lesion : str
        PatientID and SeriesInstanceUID of the CT; name of the tumor: the number of its box (the largest is 1), the label of its
        segment, or as its point was named.
    point_lps_mm : tuple of float
        Its center.
    cut_mm : float
        The most that the border of the CT cut off on one side.
    vector : tuple of float
        Empty when it could not be embedded.
    problem : str
        Why not, "" if it was.
    note : str
        What is unusual about the crop, and with the first tumor of a series about its slices.
    """

    patient_id: str
    series_uid: str
    lesion: str
    point_lps_mm: tuple[float, float, float]
    cut_mm: float = 0.0
    vector: tuple[float, ...] = ()
    problem: str = ""
    note: str = ""


def embed_series(task: SeriesTask) -> list[TumorRow]:
    """Embed the tumors of one CT series.

    Returns
    -------
    list of TumorRow
        One for each tumor; at least one: what is wrong with the whole series is the problem of its only row.

    Raises
    ------
    InputError
        Only for the model and its weights, which are the same in all tasks.
    """
    encoder = _encoder(task.model, task.weights)
    patient = ""
    try:
        series, tumors = _series_and_tumors(task)
        patient = series.patient_id
        crops = crops_of_series(series, [point for _, point in tumors], encoder.model)
        return [_row(encoder, series, tumor, crop, () if number else series.findings)
                for number, (tumor, crop) in enumerate(zip(tumors, crops))]
    except TumorConnectomeError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.filename}: {error.strerror or error}" if error.filename else str(error)
    except MemoryError:
        problem = "the memory does not suffice"
    return [TumorRow(patient, task.series_uid, "", (float("nan"),) * 3, problem=problem)]


@functools.lru_cache(maxsize=1)
def _encoder(model, weights):
    """Of this process: every task has the same."""
    return Encoder(model, weights or None)


def _series_and_tumors(task) -> tuple[CTSeries, list]:
    """The CT, and name and center of each tumor."""
    if task.report:
        series, lesions, _ = read_study(task.files, task.report, task.series_uid)
        lesions = sorted(lesions, key=lambda lesion: -float(np.prod(lesion.size_mm)))
        tumors = [(str(number), lesion.center_lps) for number, lesion in enumerate(lesions, start=1)]
    elif task.segmentation:
        series, found = read_series(task.files, task.series_uid), read_segmentation(task.segmentation)
        if found["frame_of_reference_uid"] != series.frame_of_reference_uid:
            raise InputError(f"is in the frame of reference {found['frame_of_reference_uid'] or '(none)'}",
                             source=task.segmentation, expected=f"that of the CT, {series.frame_of_reference_uid}")
        tumors = [(segment.label, center_of(segment)) for segment in sorted(found["segments"], key=lambda one: -one.volume_mm3)]
    else:
        series, tumors = read_series(task.files, task.series_uid), list(task.points)
    if not tumors:
        raise NotAvailable(f"{pathlib.Path(task.report or task.segmentation).name} marks no tumor on the CT {task.series_uid}")
    return series, tumors


def center_of(segment: Segment) -> np.ndarray:
    """Middle of the box around a segment, along its own axes, as that of a lesion box: float64, shape (3,) [mm, LPS]."""
    middle = [float(np.flatnonzero(segment.mask.any(axis=others))[[0, -1]].mean())
              for others in ((0, 1), (0, 2), (1, 2))]   # of columns, rows, slices
    return (segment.ijk_to_lps @ [*middle, 1.0])[:3]


def _row(encoder, series, tumor, crop, findings):
    name, point = tumor
    point = tuple(float(value) for value in point)
    place = (series.patient_id, series.series_uid, name, point)
    if isinstance(crop, InputError):
        return TumorRow(*place, problem=str(crop))
    try:
        vector = tuple(float(value) for value in encoder.vector(crop))
        return TumorRow(*place, float(crop.cut_mm.max()), vector, note="; ".join([*findings, *crop.findings]))
    except InputError as error:
        return TumorRow(*place, problem=str(error))
