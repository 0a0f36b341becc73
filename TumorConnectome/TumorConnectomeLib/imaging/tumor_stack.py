"""Axial slices around a tumor from the files of its CT, as a reader study shows them: one orientation, known millimeters."""
from __future__ import annotations

import argparse
import pathlib
from dataclasses import dataclass

import numpy as np

from ..base.arrays_file import read_arrays, write_arrays
from ..base.errors import InputError
from ..base.files import checked_uid
from .ct_series import CTSeries
from .inspection import read_usable_study
from .slice_pixels import read_hu
from .stack_planes import AIR_HU

#: folder of the cache that keeps them
STACKS = "tumor-stacks"
_KIND = "TumorConnectome slices around a tumor"
#: what is kept around the center: half the width in the slice, and half the height of the stack [mm]
HALF_WIDTH_MM, HALF_HEIGHT_MM = 64.0, 30.0
#: finer pixels and slices than these are skipped: a tile shows 60 mm on some 200 pixels
_FINEST_PIXEL_MM, _FINEST_STEP_MM = 0.45, 0.9
#: without a box: whole slices of at most so many pixels and slices
_WHOLE_PIXELS, _WHOLE_SLICES = 192, 64
#: a fraction of a pixel or slice that is rounding; a slope that is none
_SAME, _PARALLEL = 1e-3, 1e-9
#: directions of the picture in LPS: to its right the patient's left, downward posterior, upward slices toward the head
_RIGHT, _DOWN, _UP = np.eye(3)


@dataclass(frozen=True, eq=False)
class TumorStack:
    """Slices of a CT, patient's right on the left, anterior at the top, ascending to the head.

    Parameters
    ----------
    hu : np.ndarray
        int16, shape (S, H, W); air outside of the CT. The tumor's center is in the middle, to half a pixel.
    mm_per_pixel : float or None
        Size of a pixel; None for whole slices of a CT without a box.
    """

    hu: np.ndarray
    mm_per_pixel: float | None


def tumor_stack(series: CTSeries, lesions) -> TumorStack:
    """Slices around the center of the largest lesion; whole slices when there is none.

    A CT in any orientation is sampled on an axial grid, trilinear between slices that may be irregular or sheared. The grid
    goes through the centers of voxels: where the CT is axial and regular, its own gray values are shown.

    Raises
    ------
    InputError
        The pixels can not be read.
    """
    if lesions:
        center, half = max(lesions, key=lambda lesion: float(np.prod(lesion.size_mm))).center_lps, None
    else:
        center, half = _middle(series)
    sizes = np.array([series.pixel_spacing_mm[1], series.pixel_spacing_mm[0], series.slice_step_mm])
    heights, downs, rights, pixel = grid_of(sizes, series.axes_lps.T, half)
    grid = _Sampler(series, _on_voxel(series, center))
    hu = np.stack([grid.slice(height, downs, rights) for height in heights])
    if lesions:
        shown = np.flatnonzero((hu > AIR_HU).any(axis=(1, 2)))       # beyond the ends of the CT there is nothing to scroll to
        middle = len(heights) // 2
        reach = min(middle, max(abs(shown - middle), default=0))
        hu = hu[middle - reach:middle + reach + 1]
    return TumorStack(np.ascontiguousarray(hu), pixel if lesions else None)


def grid_of(sizes_mm: np.ndarray, axes_lps: np.ndarray, half_mm: np.ndarray | None
            ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The grid of an axial picture: the voxels of the CT along these directions, or whole multiples of fine ones.

    Parameters
    ----------
    sizes_mm : np.ndarray
        Shape (3,): voxels of the CT along its columns, rows and slices.
    axes_lps : np.ndarray
        Shape (3, 3): columns are the directions, of any length.
    half_mm : np.ndarray or None
        Half of what a whole CT covers (up, down, right); None for what is kept around a tumor.

    Returns
    -------
    heights, downs, rights : np.ndarray
        Steps from the center [mm].
    pixel : float
        Size of a pixel [mm].
    """
    along = {name: float(sizes_mm[np.abs(direction @ (axes_lps / np.linalg.norm(axes_lps, axis=0))).argmax()])
             for name, direction in (("right", _RIGHT), ("down", _DOWN), ("up", _UP))}
    pixel, step = min(along["right"], along["down"]), along["up"]
    pixel, step = pixel * max(1, round(_FINEST_PIXEL_MM / pixel)), step * max(1, round(_FINEST_STEP_MM / step))
    half = np.array([HALF_HEIGHT_MM, HALF_WIDTH_MM, HALF_WIDTH_MM]) if half_mm is None else half_mm
    if half_mm is not None:
        pixel = max(pixel, 2 * half[1:].max() / _WHOLE_PIXELS)
        step = max(step, 2 * half[0] / _WHOLE_SLICES)
    counts = np.maximum(np.floor(half / (step, pixel, pixel) + _SAME), 1).astype(int)
    return *(np.arange(-count, count + 1) * size for count, size in zip(counts, (step, pixel, pixel))), pixel


def _middle(series):
    """Center of the CT and half of what it covers (up, down, right), LPS and mm."""
    corners = np.concatenate([series.pixels_to_lps(index, [[0, 0], [series.columns, 0], [0, series.rows],
                                                           [series.columns, series.rows]]) for index in (0, -1)])
    low, high = corners.min(0), corners.max(0)
    half = np.maximum((high - low) / 2, 1.0)
    return (low + high) / 2, half[[2, 1, 0]]


def _on_voxel(series, center):
    """The center of the voxel that holds a point, LPS."""
    heights = series.positions_lps @ series.axes_lps[2]
    index = int(np.abs(heights - center @ series.axes_lps[2]).argmin())
    spacing = np.array(series.pixel_spacing_mm[::-1])
    pixel = np.rint((center - series.positions_lps[index]) @ series.axes_lps[:2].T / spacing)
    return series.positions_lps[index] + pixel * spacing @ series.axes_lps[:2]


class _Sampler:
    """Gray values of a series on axial pictures around a center; each slice is read once."""

    def __init__(self, series: CTSeries, center):
        self._series, self._center, self._slices = series, center, {}
        self._heights = series.positions_lps @ series.axes_lps[2]
        self._edges = float(series.slab_edges_mm.min()), float(series.slab_edges_mm.max())

    def slice(self, height, downs, rights):
        """One axial picture: int16, shape (H, W)."""
        start, shape = self._center + height * _UP, (len(downs), len(rights))
        along = _linear(start @ self._series.axes_lps[2], self._series.axes_lps[2], downs, rights)
        place = np.interp(along, self._heights, np.arange(len(self._heights)))
        lower = np.minimum(place.astype(int), max(len(self._heights) - 2, 0))
        share, values = place - lower, np.zeros(shape, np.float32)
        for index in np.unique(lower):
            at = lower == index
            mixed = self._between(int(index), np.where(at, share, 0.0), start, downs, rights)
            values = np.where(at, mixed, values)
        values[np.broadcast_to((along < self._edges[0]) | (along > self._edges[1]), shape) | np.isnan(values)] = AIR_HU
        return np.clip(np.rint(values), -32768, 32767).astype(np.int16)

    def _between(self, index, share, *picture):
        """Values between two neighboring slices; NaN outside of their pixels."""
        if share.max() < _SAME:
            return self._of_slice(index, *picture)
        if share.min() > 1 - _SAME:
            return self._of_slice(index + 1, *picture)
        return self._of_slice(index, *picture) * (1 - share) + self._of_slice(index + 1, *picture) * share

    def _of_slice(self, index, start, downs, rights):
        """A slice under the points of a picture, bilinear; NaN outside of its pixels."""
        series = self._series
        if index not in self._slices:
            self._slices[index] = read_hu(series.files[index], series.pixels[index] if series.pixels else None)
        hu, offset = self._slices[index], start - series.positions_lps[index]
        column, row = (_linear(offset @ axis / size, axis / size, downs, rights)
                       for axis, size in zip(series.axes_lps, series.pixel_spacing_mm[::-1]))
        inside = (column > -0.5) & (column < series.columns - 0.5) & (row > -0.5) & (row < series.rows - 0.5)
        (left, right, x), (top, below, y) = _neighbors(column, series.columns), _neighbors(row, series.rows)
        values = hu[top, left].astype(np.float32)
        if x.any() or y.any():
            values = (values * (1 - x) + hu[top, right] * x) * (1 - y) + (hu[below, left] * (1 - x) + hu[below, right] * x) * y
        return np.where(inside, values, np.nan)


def _linear(value, direction, downs, rights):
    """A linear function on a picture, shape (H or 1, W or 1): flat along axes on which it does not depend."""
    for steps, axis in ((downs[:, None], _DOWN), (rights[None, :], _RIGHT)):
        slope = direction @ axis
        if abs(slope) > _PARALLEL:
            value = value + slope * steps
    return np.atleast_2d(value)


def _neighbors(places, limit):
    """Pixels before and after fractional places, and the weight of the latter; exact on a pixel."""
    whole = np.rint(places)
    places = np.clip(np.where(np.abs(places - whole) < _SAME, whole, places), 0, limit - 1)
    before = places.astype(int)
    return before, np.minimum(before + 1, limit - 1), places - before


def stack_path(cache, ct_uid: str) -> pathlib.Path:
    """Where the stack of a CT series is kept in a cache folder."""
    return pathlib.Path(cache) / STACKS / f"{checked_uid(ct_uid)}.npz"


def write_stack(path, stack: TumorStack) -> None:
    """Keep a stack in a file, in one step."""
    write_arrays(path, _KIND, {"mm_per_pixel": stack.mm_per_pixel}, {"hu": stack.hu})


def read_stack(path) -> TumorStack:
    """Read a file of `write_stack`; InputError for one that is damaged."""
    header, arrays = read_arrays(path, _KIND)
    hu, size = arrays.get("hu"), header.get("mm_per_pixel")
    if hu is None or hu.dtype != np.int16 or hu.ndim != 3 or not (size is None or isinstance(size, float) and size > 0):
        raise InputError("damaged", source=path, expected=f"a {_KIND} file")
    return TumorStack(hu, size)


def tumor_stack_command(arguments, report):
    """Worker command ``tumor-stack --ct DIR [--sr FILE] --series UID --out FILE``: the stack of one CT.

    Returns
    -------
    dict
        ``path``: the file; ``boxes``: number of lesion boxes.

    Raises
    ------
    InputError
        See `inspection.read_study` and `tumor_stack`; a report that can not be used counts as none.
    """
    parser = argparse.ArgumentParser("tumor-stack")
    for name in ("--ct", "--sr", "--series", "--out"):
        parser.add_argument(name, required=name != "--sr")
    options = parser.parse_args(arguments)
    report(None, "Cutting out the tumor")
    series, lesions, _findings = read_usable_study(options.ct, options.sr, options.series)
    write_stack(options.out, tumor_stack(series, lesions))
    return {"path": str(pathlib.Path(options.out)), "boxes": len(lesions)}
