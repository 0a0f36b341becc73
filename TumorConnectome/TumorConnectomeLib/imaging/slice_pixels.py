"""The gray values of single CT slices in HU, for measurements in worker processes; the scene has its own reader."""
from __future__ import annotations

import pathlib
import warnings

import numpy as np

from ..base.errors import InputError
from ..base.text import one_line

#: no CT slice has more pixels; a header that says so is damaged
_MOST_PIXELS = 4096 * 4096


def read_hu(path: pathlib.Path) -> np.ndarray:
    """Gray values of one slice.

    Uncompressed and RLE pixels need pydicom only; other compressions what is installed of its decoders, or SimpleITK, which
    Slicer has.

    Returns
    -------
    np.ndarray
        float32, shape (rows, columns), HU.

    Raises
    ------
    InputError
        No pixels, no rescale, or no decoder for them.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path)
            rows, columns = int(dataset.Rows), int(dataset.Columns)
            if rows * columns > _MOST_PIXELS:
                raise InputError(f"{rows} x {columns} pixels", source=path, expected="one CT slice")
            slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
            stored = _decoded(dataset, path)
    except InputError:
        raise
    except Exception as error:                          # pydicom and its decoders raise nearly anything
        reason = one_line(error) or type(error).__name__
        raise InputError(f"the pixels can not be decoded ({reason})", source=path) from error
    if stored.shape != (rows, columns):
        raise InputError(f"the pixels have shape {stored.shape}", source=path, expected=f"({rows}, {columns})")
    return stored * np.float32(slope) + np.float32(intercept)


def _decoded(dataset, path):
    try:
        return dataset.pixel_array.astype(np.float32)
    except (RuntimeError, NotImplementedError):         # pydicom: no decoder installed
        try:
            import SimpleITK
        except ImportError:
            raise InputError(f"no decoder for {dataset.file_meta.TransferSyntaxUID.name}", source=path) from None
        image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
        hu = image.reshape(image.shape[-2:]).astype(np.float32)
        return (hu - np.float32(dataset.RescaleIntercept)) / np.float32(dataset.RescaleSlope)       # GDCM has rescaled
