"""Measures a CT series and the lesions on it: sizes from the geometry, the body side from pixels, the scan from headers."""
from __future__ import annotations

import hashlib
import pathlib

import numpy as np

from ..base.errors import InputError
from ..cohort.measurements import LesionMeasurement, SeriesMeasurement
from .body_side import IMAGE_MARGIN_MM, Midline, midline_of, side_of
from .ct_series import CTSeries
from .lesions import Lesion
from .slice_pixels import read_hu

#: slices whose body mask makes the midline, and how far around the lesion they lie [mm]
_MIDLINE_SLICES, _MIDLINE_REACH_MM = 7, 30.0
#: across slices this much along left-right, a single slice does not show both sides of the body
_SAGITTAL = 0.5


def measure(series: CTSeries, lesions: list[Lesion], files: str = "") -> SeriesMeasurement:
    """Measure a series and its lesions.

    Parameters
    ----------
    series : CTSeries
    lesions : list of Lesion
    files : str
        See `fingerprint`.

    Returns
    -------
    SeriesMeasurement
        Where pixels can not be read, the side is judged by the middle of the image and says so.
    """
    scan = series.scans[len(series.scans) // 2]
    ordered = sorted(lesions, key=lambda lesion: -float(np.prod(lesion.size_mm)))
    return SeriesMeasurement(
        series.series_uid, series.patient_id[:64] if series.patient_id.isprintable() else "", files, len(series.files),
        series.thickness_mm, series.slice_step_mm, series.pixel_spacing_mm, scan.kernel, scan.manufacturer, scan.model,
        scan.tube_voltage_kv, tuple(_measured(series, lesion) for lesion in ordered))


def fingerprint(ct_folder, report=None) -> str:
    """Tells whether files changed: names and sizes in the CT's folder, content of the report."""
    paths = sorted(path for path in pathlib.Path(ct_folder).rglob("*") if path.is_file() and not path.name.startswith("."))
    digest = hashlib.sha256("\0".join(f"{path.name}\0{path.stat().st_size}" for path in paths).encode(
        errors="surrogateescape"))
    if report is not None:
        digest.update(pathlib.Path(report).read_bytes())
    return digest.hexdigest()[:32]


def _measured(series, lesion):
    side = side_of(float(lesion.center_lps[0]), _midline(series, lesion.center_lps))
    return LesionMeasurement(tuple(map(float, lesion.size_mm)), tuple(map(float, lesion.center_lps)), len(lesion.slices),
                             side.side, side.midline_mm, side.note)


def _midline(series, center_lps):
    """The body's midline around a point; that of the image when the pixels do not tell it."""
    normal = series.axes_lps[2]
    heights = series.positions_lps @ normal
    sagittal = abs(normal[0]) > _SAGITTAL
    span = (heights[0], heights[-1]) if sagittal else np.dot(center_lps, normal) + np.array([-1, 1]) * _MIDLINE_REACH_MM
    wanted = np.linspace(*span, _MIDLINE_SLICES * (4 if sagittal else 1))
    shown = np.flatnonzero([not form.problem for form in series.pixels]) if series.pixels else np.arange(len(heights))
    if not shown.size:
        return _image_middle(series, series.pixels[0].problem)
    indices = np.unique(shown[np.abs(heights[shown, None] - wanted).argmin(axis=0)])
    try:
        hu = np.stack([read_hu(series.files[index]) for index in indices])
    except InputError as error:
        return _image_middle(series, error.problem)
    columns, rows = np.arange(series.columns), np.arange(series.rows)
    x = (series.positions_lps[indices, 0][:, None, None]
         + series.axes_lps[0, 0] * series.pixel_spacing_mm[1] * columns[None, None, :]
         + series.axes_lps[1, 0] * series.pixel_spacing_mm[0] * rows[None, :, None])
    return midline_of(hu, x, series.pixel_spacing_mm, sagittal) or _image_middle(series, "no body found on the slices")


def _image_middle(series, reason):
    corners = [series.pixels_to_lps(index, [[0, 0], [series.columns, series.rows]])[:, 0] for index in (0, -1)]
    return Midline(float(np.mean(corners)), IMAGE_MARGIN_MM, f"by the middle of the image: {reason}"[:160])
