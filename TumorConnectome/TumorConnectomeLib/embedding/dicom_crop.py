"""Crops of a CT in DICOM files: only the slices around a point are read, each at the place that its header says."""
from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from ..imaging.ct_series import CTSeries, read_series
from ..imaging.slice_pixels import read_hu
from ..imaging.slice_stack import missing_slices
from ..imaging.stack_planes import AIR_HU, StackPlanes, plan_planes
from ..imaging.stack_voxels import read_slice
from .crop import Crop, plan_crop, refuse_other_than_hu
from .models import EncoderModel

#: slices this close to the planes of the volume are on them [planes]
_ON_PLANE = 1e-3
#: stands for a plane of air in a hole of the series
_AIR = -1


def crop_from_dicom(folder, point_lps_mm, model: EncoderModel, series_uid: str | None = None) -> Crop:
    """Crop a CT series around a point; see `crops_of_series`.

    Parameters
    ----------
    folder : path
        With the DICOM files, itself or in subfolders.
    point_lps_mm : sequence of float
        The tumor's center [mm, LPS].
    model : EncoderModel
    series_uid : str, optional
        Which CT series, when there are several.

    Raises
    ------
    InputError
        No CT series, damaged files, no HU, or a point outside the CT.
    """
    (crop,) = crops_of_series(read_series(folder, series_uid), [point_lps_mm], model)
    if isinstance(crop, InputError):
        raise crop
    return crop


def crops_of_series(series: CTSeries, points_lps_mm, model: EncoderModel) -> list[Crop | InputError]:
    """Crop a CT series around points; every slice is read once.

    The voxels around a point are mixed from the slices above and below it where these really are, so a series with changing
    spacing or lost slices gives what it shows. A hole of several slices is air. The resampled grid is that of the volume in the
    scene (`imaging.stack_planes`), as is all else that the published chain takes from a volume.

    Parameters
    ----------
    series : CTSeries
    points_lps_mm : sequence of sequences of float
        Tumors' centers [mm, LPS].
    model : EncoderModel

    Returns
    -------
    list of Crop or InputError
        One for each point; the error where it lies outside the CT.

    Raises
    ------
    InputError
        A slice that is needed can not be read, or holds no HU.
    """
    usable = np.array([not form.problem for form in series.pixels], bool)
    planes = plan_planes(series.positions_lps, series.axes_lps, series.pixel_spacing_mm, series.rows, series.columns,
                         series.slice_step_mm, usable)
    slices, places = _slices_and_places(series, planes, usable)
    off, plans = places is not None, []
    for point in points_lps_mm:
        try:
            plans.append(plan_crop(planes.size[::-1], planes.ijk_to_lps, point, model, places))
        except InputError as error:
            plans.append(InputError(error.problem, source=series.files[0].parent, expected=error.expected))
    boxes = [None if isinstance(plan, InputError) else
             np.full([part.stop - part.start for part in plan.box], AIR_HU, np.float32) for plan in plans]
    _fill(series, planes, slices, plans, boxes)
    return [plan if box is None else plan.crop(box, _findings(slices, off, plan)) for plan, box in zip(plans, boxes)]


def _findings(slices, off, plan):
    """What is unusual about the slices of a box, one line each."""
    findings = ["The slices are not evenly spaced: they are taken from where their headers say"] if off else []
    if (slices[plan.box[0]] == _AIR).any():
        findings.append("Several slices in a row are missing from the box: the hole is filled with air")
    return findings


def _slices_and_places(series, planes: StackPlanes, usable):
    """Numbers of the slices to mix, ascending, `_AIR` in holes; and their fractional planes, None when they are 0, 1, 2, ..."""
    normal = series.axes_lps[2]
    bottom, step = planes.ijk_to_lps[:3, 3] @ normal, planes.ijk_to_lps[:3, 2] @ normal
    heights = series.positions_lps @ normal
    at = (heights - bottom) / step
    if planes.is_plain and np.abs(at - np.arange(len(at))).max() < _ON_PLANE:
        return np.arange(len(at)), None
    missing, shown = missing_slices(heights), np.flatnonzero(usable)
    slices, places = [], []
    for lower, upper in zip(shown, [*shown[1:], None]):
        slices.append(lower)
        places.append(at[lower])
        if upper is None:
            break
        lost = missing[lower:upper].sum() + (~usable[lower + 1:upper]).sum()
        if lost > 1 and at[upper] - at[lower] > 2:      # one step from either slice there is air
            slices += [_AIR, _AIR]
            places += [at[lower] + 1, at[upper] - 1]
    if not slices:
        raise InputError(f"no slice can be shown ({series.pixels[0].problem})", source=series.files[0].parent)
    return np.array(slices), np.array(places)


def _fill(series, planes, slices, plans, boxes):
    """Read each slice that a plan needs and put its part into the plan's box."""
    wanted = sorted({number for plan, box in zip(plans, boxes) if box is not None
                     for number in range(plan.box[0].start, plan.box[0].stop)})
    lowest, highest = [], []
    for number in wanted:
        if slices[number] == _AIR:
            continue
        hu = _slice_hu(series, int(slices[number]))
        lowest.append(hu.min())
        highest.append(hu.max())
        column, row = planes.shifts[slices[number]]
        if planes.shifts.any():
            whole = np.full(planes.size[1::-1], AIR_HU, hu.dtype)
            whole[row:row + hu.shape[0], column:column + hu.shape[1]] = hu
            hu = whole
        for plan, box in zip(plans, boxes):
            if box is not None and plan.box[0].start <= number < plan.box[0].stop:
                box[number - plan.box[0].start] = hu[plan.box[1:]]
    if lowest:
        refuse_other_than_hu(np.array([min(lowest), max(highest)]), series.files[0].parent)


def _slice_hu(series, index):
    """HU of a slice: shape (rows, columns)."""
    path, form = series.files[index], series.pixels[index]
    if series.scans[index].rescale is None:
        raise InputError("no RescaleSlope and RescaleIntercept", source=path, expected="a CT slice in HU")
    return read_hu(path, form) if form.offset is None else read_slice(path, form, series.rows, series.columns)
