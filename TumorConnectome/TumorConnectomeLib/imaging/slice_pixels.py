"""The gray values of single CT slices in HU, for measurements in worker processes; the scene has its own reader."""
from __future__ import annotations

import pathlib
import tempfile
import warnings

import numpy as np

from ..base.errors import InputError
from ..base.text import one_line
from .bounded_stream import is_bare, open_dicom
from .pixel_form import PixelForm, pixel_form, stored_of, stored_values, to_hu
from .scan_facts import scan_facts

#: no CT slice has more pixels; a header that says so is damaged
_MOST_PIXELS = 4096 * 4096


def read_hu(path: pathlib.Path, form: PixelForm | None = None) -> np.ndarray:
    """Gray values of one slice, the same as in the scene.

    Uncompressed and RLE pixels need pydicom only; other compressions what is installed of its decoders, or SimpleITK, which
    Slicer has.

    Parameters
    ----------
    path : Path
    form : PixelForm, optional
        How the pixels are stored, when that was read before.

    Returns
    -------
    np.ndarray
        Shape (rows, columns), HU: int16 where they are whole and fit, else int32 or float32.

    Raises
    ------
    InputError
        No pixels, no rescale, pixels that are no gray values of a CT, or no decoder for them.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_dicom(path) as stream:
                dataset = pydicom.dcmread(stream, force=is_bare(stream))
            rows, columns = int(dataset.Rows), int(dataset.Columns)
            if rows * columns > _MOST_PIXELS:
                raise InputError(f"{rows} x {columns} pixels", source=path, expected="one CT slice")
            rescale = scan_facts(dataset).rescale
            if rescale is None:
                raise InputError("no RescaleSlope and RescaleIntercept", source=path, expected="a CT slice in HU")
            form = form or _form_of(dataset, rescale, rows, columns)
            if form.problem:
                raise InputError(f"the pixels can not be shown: {form.problem}", source=path, expected="gray values of a CT")
            stored = _decoded(dataset, form, path, rows, columns)
    except InputError:
        raise
    except Exception as error:                          # pydicom and its decoders raise nearly anything
        reason = one_line(error) or type(error).__name__
        raise InputError(f"the pixels can not be decoded ({reason})", source=path) from error
    if stored.shape != (rows, columns):
        raise InputError(f"the pixels have shape {stored.shape}", source=path, expected=f"({rows}, {columns})")
    return to_hu(form, stored)


def _form_of(dataset, rescale, rows, columns):
    """Of a data set that was read with its pixels."""
    data = dataset.get("PixelData")
    compressed = dataset.get("PixelData") is not None and dataset["PixelData"].is_undefined_length
    place = None if data is None else (0, None if compressed else len(data))
    return pixel_form(dataset, place, rescale, rows, columns)


def _decoded(dataset, form, path, rows, columns):
    """Stored values: integers, shape (rows, columns)."""
    if not dataset["PixelData"].is_undefined_length:
        return stored_values(form, dataset.PixelData, rows, columns)
    try:
        return dataset.pixel_array
    except (RuntimeError, NotImplementedError):         # pydicom: no decoder installed
        try:
            import SimpleITK
        except ImportError:
            raise InputError(f"no decoder for {dataset.file_meta.TransferSyntaxUID.name}", source=path) from None
        with tempfile.TemporaryDirectory() as folder:
            readable = as_monochrome2(path, pathlib.Path(folder) / "slice.dcm") if form.inverted else path
            image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(readable)))
        return stored_of(form, image.reshape(image.shape[-2:]))


def as_monochrome2(path: pathlib.Path, copy: pathlib.Path) -> pathlib.Path:
    """Write a copy of a MONOCHROME1 slice that says MONOCHROME2, for readers that invert (GDCM, so ITK and Slicer); its path.

    How a picture is meant to be shown does not change HU, but what these readers return are none any more.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_dicom(path) as stream:
            dataset = pydicom.dcmread(stream, force=is_bare(stream))
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.save_as(copy)
    return copy
