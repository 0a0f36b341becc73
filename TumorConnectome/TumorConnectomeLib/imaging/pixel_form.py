"""How a CT slice stores its gray values, read from its header, and how stored values become HU. numpy only."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from .stack_planes import AIR_HU

#: tags that `pixel_form` wants
TAGS = ["SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
        "PixelPaddingValue", "PixelPaddingRangeLimit"]
#: HU beyond this are no tissue, metal or air of a 12-bit scanner: a declared padding value there is padding everywhere
_LOWEST_HU, _HIGHEST_HU = -1024, 3071


@dataclass(frozen=True)
class PixelForm:
    """What is needed to read the pixels of one slice; plain values, as json writes them.

    Parameters
    ----------
    offset : int or None
        Where the pixels begin in the file [bytes]; None when they are compressed, or the whole file is.
    bits_allocated, bits_stored, high_bit : int
    signed, big_endian : bool
    slope, intercept : float
        Rescale to HU; 1 and 0 where the header has none.
    padding : tuple of int, or None
        Lowest and highest stored value of pixels that are outside the field of view (PixelPaddingValue and
        PixelPaddingRangeLimit, PS3.3 C.7.5.1.1.2).
    inverted : bool
        MONOCHROME1: low values are meant to be shown bright. HU are the same.
    problem : str
        Why these pixels can not be shown as gray values of a CT, "" when they can.
    """

    offset: int | None = None
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = True
    big_endian: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    padding: tuple[int, int] | None = None
    inverted: bool = False
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether HU are whole numbers, as slope and intercept are."""
        return float(self.slope).is_integer() and float(self.intercept).is_integer()

    @property
    def pads_above_air(self) -> bool:
        """Whether padding would be shown brighter than air."""
        return self.padding is not None and max(self.slope * value + self.intercept for value in self.padding) > AIR_HU

    def to_record(self) -> list:
        """Something json can write."""
        return list(dataclasses.astuple(self))

    @classmethod
    def from_record(cls, record: list) -> PixelForm:
        """The form written by `to_record`."""
        fields = dict(zip((field.name for field in dataclasses.fields(cls)), record, strict=True))
        return cls(**{**fields, "padding": tuple(fields["padding"]) if fields["padding"] else None})


def pixel_form(dataset, place, rescale, rows: int, columns: int) -> PixelForm:
    """The form of the pixels of one slice, by its header.

    Parameters
    ----------
    dataset : pydicom.Dataset
    place : tuple of int, or None
        Offset and length of the pixels in the file; length None when they are compressed. None for a file without pixels.
    rescale : tuple of float, or None
        Slope and intercept.
    rows, columns : int

    Returns
    -------
    PixelForm
        `problem` says what is wrong with them.
    """
    allocated = _number(dataset, "BitsAllocated", 16)
    stored = _number(dataset, "BitsStored", allocated)
    high = _number(dataset, "HighBit", stored - 1)
    signed = _number(dataset, "PixelRepresentation", 0) == 1
    photometric = str(_value(dataset, "PhotometricInterpretation") or "MONOCHROME2").strip()
    offset, length = place or (None, None)
    slope, intercept = rescale or (1.0, 0.0)
    return PixelForm(offset if length is not None else None, allocated, stored, high, signed,
                     not dataset.original_encoding[1], slope, intercept, _padding(dataset, allocated, signed),
                     photometric == "MONOCHROME1",
                     _problem(dataset, photometric, place, (allocated, stored, high), rows * columns))


def _problem(dataset, photometric, place, bits, pixels):
    samples, (allocated, stored, high) = _number(dataset, "SamplesPerPixel", 1), bits
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        return f"{photometric[:20]} with {samples} sample{'s' * (samples != 1)} a pixel"
    if allocated not in (8, 16, 32) or not 0 < stored <= high + 1 <= allocated:
        return f"{stored} bits up to bit {high} stored in {allocated}"
    if place is None:
        return "no pixels"
    length = place[1]
    if length is not None and length < pixels * allocated // 8:
        return f"{length} bytes of pixels instead of {pixels * allocated // 8}"
    return ""


def _padding(dataset, allocated, signed):
    """Lowest and highest stored padding value, in the representation of the pixels; None without."""
    values = [_stored(_value(dataset, keyword), allocated, signed) for keyword in TAGS[-2:]]
    if values[0] is None:
        return None
    both = [value for value in values if value is not None]
    return min(both), max(both)


def _stored(value, allocated, signed):
    """A padding value as the pixels have it: writers take the wrong sign, and its VR hangs on another tag."""
    if isinstance(value, bytes):
        value = int.from_bytes(value[:2], "little") if value else None
    try:
        value = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    value %= 1 << allocated if 0 < allocated <= 32 else 1 << 16
    return value - (1 << allocated) if signed and value >= 1 << (allocated - 1) else value


def stored_values(form: PixelForm, data, rows: int, columns: int) -> np.ndarray:
    """Stored values of uncompressed pixels, without the bits that are not theirs: integers, shape (rows, columns).

    Parameters
    ----------
    form : PixelForm
    data : bytes-like
        Of the pixels; more than needed is cut off.
    """
    dtype = np.dtype(f"{'>' if form.big_endian else '<'}{'i' if form.signed else 'u'}{form.bits_allocated // 8}")
    values = np.frombuffer(data, dtype, rows * columns).reshape(rows, columns)
    values = values.astype(dtype.newbyteorder("="), copy=False)
    if form.bits_stored == form.bits_allocated:
        return values
    # bits above the stored ones may hold the sign, an old overlay, or padding of all bits
    left, right = form.bits_allocated - 1 - form.high_bit, form.bits_allocated - form.bits_stored
    cleared = values << left >> right
    return np.where(_between(values, form.padding), values, cleared) if form.padding else cleared


def stored_of(form: PixelForm, hu: np.ndarray) -> np.ndarray:
    """Stored values of pixels that a decoder (GDCM) has turned into HU already: int64, shape of `hu`."""
    return np.rint((hu.astype(np.float64) - form.intercept) / form.slope).astype(np.int64)


def to_hu(form: PixelForm, stored: np.ndarray) -> np.ndarray:
    """HU of stored values; padding that would be brighter than air is air.

    Parameters
    ----------
    form : PixelForm
    stored : np.ndarray
        Integers, shape (rows, columns).

    Returns
    -------
    np.ndarray
        Shape of `stored`: int16 where all HU are whole and fit, else int32, else float32.
    """
    pads = _padded(form, stored) if form.padding is not None else None
    if not form.is_whole:
        hu = stored * np.float32(form.slope) + np.float32(form.intercept)
        return hu if pads is None else np.where(pads, np.minimum(hu, np.float32(AIR_HU)), hu)
    slope, intercept = int(form.slope), int(form.intercept)
    counted = stored if pads is None or not pads.any() else stored[~pads]
    ends = [] if not counted.size else [slope * int(value) + intercept for value in (counted.min(), counted.max())]
    if not ends or (min(ends) >= -32768 and max(ends) <= 32767):
        # modulo 2^16 is right for all that fit
        hu = stored.astype(np.int16, casting="unsafe")
        if slope != 1:
            hu = hu * np.int16((slope + 32768) % 65536 - 32768)
        hu = hu + np.int16((intercept + 32768) % 65536 - 32768)
    else:
        hu = np.clip(stored.astype(np.int64) * slope + intercept, -2**31, 2**31 - 1).astype(np.int32)
    if pads is not None and pads.any():
        hu[pads] = np.clip(np.minimum(stored[pads].astype(np.int64) * slope + intercept, AIR_HU), -32768, None)
    return hu


def _padded(form, stored):
    """Which pixels are padding: bool, shape of `stored`.

    A value that tissue has, too, is padding only where it reaches the edge of the image along a row or a column.
    """
    pads = _between(stored, form.padding)
    ends = [form.slope * value + form.intercept for value in form.padding]
    if min(ends) > _HIGHEST_HU or max(ends) < _LOWEST_HU or not pads.any():
        return pads
    reached = np.zeros_like(pads)
    for axis in (0, 1):
        for flip in (slice(None), slice(None, None, -1)):
            view = (flip, slice(None)) if axis == 0 else (slice(None), flip)
            reached[view] |= np.logical_and.accumulate(pads[view], axis=axis)
    return reached


def _between(values, limits):
    return (values >= limits[0]) & (values <= limits[1])


def _value(dataset, keyword):
    try:
        return dataset.get(keyword)
    except Exception:                                   # noqa: BLE001 pydicom decodes values late and raises nearly anything
        return None


def _number(dataset, keyword, default):
    try:
        return int(_value(dataset, keyword))
    except (TypeError, ValueError, OverflowError):
        return int(default)
