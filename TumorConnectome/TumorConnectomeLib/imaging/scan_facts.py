"""How a CT was made, from the header of one slice: scanner, kernel, tube, how its pixels are stored."""
from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.text import one_line

if TYPE_CHECKING:
    import pydicom

#: tags that tell the phases or reconstructions in one series apart, the surest first
PHASE_TAGS = ["TemporalPositionIdentifier", "TriggerTime", "NominalPercentageOfCardiacPhase", "AcquisitionDateTime",
              "AcquisitionTime", "ContentTime", "ConvolutionKernel", "KVP", "ImageType", "SliceThickness"]
#: tags that `scan_facts` wants
TAGS = ["Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "KVP", "RescaleSlope", "RescaleIntercept",
        "AcquisitionNumber", "ImageType", *PHASE_TAGS]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
#: longer texts of a header are cut: nobody names a kernel with more
_LONGEST = 64
#: transfer syntaxes that GDCM decodes, which Slicer and ITK read DICOM with
READABLE_SYNTAXES = frozenset({
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",        # not compressed
    "1.2.840.10008.1.2.5",                                                                              # RLE
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",     # JPEG
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",                                                 # JPEG-LS
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})                                                # JPEG 2000


@dataclass(frozen=True)
class ScanFacts:
    """What one header says about the scan; texts are "" and numbers None where it says nothing usable.

    Parameters
    ----------
    manufacturer, model, kernel : str
        Printable, at most 64 characters; a kernel of several values is joined by "/".
    tube_voltage_kv : float or None
        Peak tube voltage [kV].
    rescale : tuple of float, or None
        Slope and intercept that make HU of stored values; None when the header does not have both.
    acquisition : int or None
        AcquisitionNumber.
    transfer_syntax : str
        UID of how the pixels are stored.
    phase : tuple of str
        Texts of PHASE_TAGS.
    """

    manufacturer: str = ""
    model: str = ""
    kernel: str = ""
    tube_voltage_kv: float | None = None
    rescale: tuple[float, float] | None = None
    acquisition: int | None = None
    transfer_syntax: str = ""
    phase: tuple[str, ...] = ()


def scan_facts(dataset: pydicom.Dataset) -> ScanFacts:
    """Read what a header says about the scan; what is malformed counts as absent, as nothing here decides about geometry."""
    slope, intercept = _number(dataset, "RescaleSlope"), _number(dataset, "RescaleIntercept")
    voltage, acquisition = _number(dataset, "KVP"), _number(dataset, "AcquisitionNumber")
    return ScanFacts(
        _text(dataset, "Manufacturer"), _text(dataset, "ManufacturerModelName"), _text(dataset, "ConvolutionKernel"),
        voltage if voltage is not None and 0 < voltage < 1000 else None,
        (slope, intercept) if slope and intercept is not None else None,
        int(acquisition) if acquisition is not None and abs(acquisition) < 2**31 else None,
        str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID") or ""),
        tuple(_text(dataset, keyword) for keyword in PHASE_TAGS))


def is_localizer(dataset: pydicom.Dataset) -> bool:
    """Whether an image is a localizer (scout) by its ImageType (PS3.3 C.8.2.1.1.1)."""
    return "LOCALIZER" in _text(dataset, "ImageType").upper().split("/")


def lenient_number(text: str) -> float:
    """A number as careless writers put it: "2,5", "2.5mm", "2.5\\2.5"; ValueError without one ("IM 4"), or with several."""
    numbers = set()
    for part in text.split("\\"):
        number = _NUMBER.match(part.strip().replace(",", "."))
        if number is None:
            raise ValueError(f"{part!r} is no number")
        numbers.add(float(number.group()))
    if len(numbers) != 1 or not math.isfinite(min(numbers)):
        raise ValueError(f"{text!r} is no number")
    return numbers.pop()


def raw_text(dataset: pydicom.Dataset, keyword: str) -> str:
    """A value as it is written in the file, "" when it is absent; pydicom converts it, or refuses to."""
    try:
        element = dataset.get_item(keyword)
        value = getattr(element, "value", None)
        if isinstance(value, bytes):
            return value.decode("ascii", "replace").strip(" \0")
        if value is None:
            return ""
        values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
        return "\\".join(str(part) for part in values)
    except Exception:                                   # noqa: BLE001 pydicom decodes values late and raises nearly anything
        return ""


def _text(dataset, keyword):
    value = _value(dataset, keyword)
    values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return one_line("/".join(str(part).strip("\0 ") for part in values if part is not None), _LONGEST)


def _number(dataset, keyword):
    try:
        return lenient_number(raw_text(dataset, keyword))
    except ValueError:
        return None


def _value(dataset, keyword):
    try:
        return dataset.get(keyword)
    except Exception:                                   # noqa: BLE001 pydicom decodes values late and raises nearly anything
        return None
