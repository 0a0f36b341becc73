"""The voxels of a CT series in HU on the planes of its volume, read from the files. numpy only; no Slicer."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.errors import InputError
from .pixel_form import PixelForm, stored_values, to_hu
from .stack_planes import AIR_HU, StackPlanes


def read_slice(path, form: PixelForm, rows: int, columns: int) -> np.ndarray:
    """HU of one slice whose pixels are not compressed: shape (rows, columns), see `pixel_form.to_hu`.

    Raises
    ------
    InputError
        The file is not there any more, or shorter than it was.
    """
    size = rows * columns * form.bits_allocated // 8
    try:
        with open(path, "rb", buffering=0) as stream:
            stream.seek(form.offset)
            data = stream.read(size)
    except OSError as error:
        raise InputError(f"can not be read ({error.strerror or error})", source=path) from None
    if len(data) < size:
        raise InputError(f"the file is cut off, {size - len(data)} bytes are missing", source=path)
    return to_hu(form, stored_values(form, data, rows, columns))


def build(planes: StackPlanes, slice_hu: Callable[[int], np.ndarray], allocate: Callable[[tuple, np.dtype], np.ndarray],
          whole: bool = True) -> np.ndarray:
    """Fill a volume with the slices of a series.

    Parameters
    ----------
    planes : StackPlanes
    slice_hu : callable
        HU of the slice of an index: shape (rows, columns); int16, int32 or float32.
    allocate : callable
        Makes the array of the volume: called with its shape (K, J, I) and dtype; again, with a larger type, when a slice
        does not fit.
    whole : bool
        Whether all HU are whole numbers.

    Returns
    -------
    np.ndarray
        What `allocate` made: int16 when all HU are whole and fit, else int32, or float32 for fractions.
    """
    for dtype in (np.int16, np.int32) if whole else (np.float32,):
        voxels = allocate(planes.size[::-1], np.dtype(dtype))
        if _fill(voxels, planes, slice_hu):
            break
    return voxels


def _fill(voxels, planes, slice_hu):
    """Fill all planes; False when a slice does not fit into the type."""
    padded, last = bool(planes.shifts.any()), None
    own = planes.plane_of()
    voxels[planes.below < 0] = AIR_HU
    for index in np.flatnonzero(own >= 0):
        hu = slice_hu(int(index))
        if voxels.dtype == np.int16 and hu.dtype != np.int16:
            return False
        target = voxels[own[index]]
        if padded:
            column, row = planes.shifts[index]
            target[:] = AIR_HU
            target[row:row + hu.shape[0], column:column + hu.shape[1]] = hu
        else:
            target[:] = hu
        if last is not None:
            _bridge(voxels, planes, own[last], own[index])
        last = index
    return True


def _bridge(voxels, planes, lower, upper):
    """Fill the planes between two that show neighboring slices: linear, rounded where the voxels are whole numbers."""
    for plane in range(lower + 1, upper):
        if planes.below[plane] < 0:
            continue
        share = np.float32(planes.share[plane])
        mixed = voxels[lower] * (1 - share) + voxels[upper] * share
        voxels[plane] = np.rint(mixed) if np.issubdtype(voxels.dtype, np.integer) else mixed


def narrowed(voxels: np.ndarray) -> np.ndarray:
    """The same values in the smallest type that holds them: int16, int32, or float32 for fractions; never a copy of int16."""
    if voxels.dtype == np.int16 or not voxels.size:
        return voxels
    low, high = voxels.min(), voxels.max()
    if np.issubdtype(voxels.dtype, np.floating) and not (voxels == np.rint(voxels)).all():
        return voxels.astype(np.float32, copy=False)
    for dtype in (np.int16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return voxels.astype(dtype, copy=False)
    return voxels
